"""The shapes of a diagram, each as a line of SVG: an arrow, a sign, a log's cells. They know coordinates and no time."""

from math import hypot
from xml.sax.saxutils import escape

from scenarios.drawing.style import look, tip

CELL = 14.0


def place(number: float) -> str:
    """A coordinate as a short text."""
    return f"{number:.1f}".removesuffix(".0")


def words_of(words: str) -> str:
    """A text escaped for XML; each character that cannot be printed becomes U+FFFD."""
    return escape("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words))


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    """A line of text of a class."""
    return _text(f' class="{kind}"' if kind else "", x, y, words, anchor)


def label(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    """A line of text in the look of its kind."""
    return _text(look(kind), x, y, words, anchor)


def _text(shown: str, x: float, y: float, words: str, anchor: str) -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text{shown} x="{place(x)}" y="{place(y)}"{where}>{words_of(words)}</text>'


def arrow(kind: str, said: str, x1: float, y1: float, x2: float, y2: float, lost: bool) -> str:
    """An arrow from one life line to another; that of a lost message ends in a cross on the way."""
    meant = "trial?" if kind == "trial" else kind  # a life and a sign have that name too
    length = hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    x1, y1, x2, y2 = x1 + ux * 5, y1 + uy * 5, x2 - ux * 5, y2 - uy * 5
    if lost:
        x2, y2 = x2 - ux * 14, y2 - uy * 14
        cross = f"M{place(x2 - 4)} {place(y2 - 4)}l8 8M{place(x2 + 4)} {place(y2 - 4)}l-8 8"
        end = f'<path{look("lost")} d="{cross}"/>'
    else:
        bx, by = x2 - ux * 8, y2 - uy * 8
        corners = f"{place(bx - uy * 3)} {place(by + ux * 3)}L{place(bx + uy * 3)} {place(by - ux * 3)}"
        end = f'<path{tip(meant)} d="M{place(x2)} {place(y2)}L{corners}Z"/>'
    line = f'<path{look(meant)} d="M{place(x1)} {place(y1)}L{place(x2)} {place(y2)}"/>'
    return f"<g>{f'<title>{words_of(said)}</title>' if said else ''}{line}{end}</g>"


def sign(kind: str, x: float, y: float) -> str:
    """The sign of a role or an event on a life line. Roles carry the letter that the timeline has for them."""
    p, q = place(x), place(y)
    match kind:
        case "leader":
            shape = f'<path{look("sign leader")} d="M{p} {place(y - 9)}l8.5 6 -3.2 10h-10.6l-3.2 -10Z"/>'
            return shape + label(x, y + 4, "L", "letter on")
        case "candidate" | "trial":
            shape = f'<path{look(f"sign {kind}")} d="M{p} {place(y - 8.5)}l8.5 8.5 -8.5 8.5 -8.5 -8.5Z"/>'
            return shape + label(x, y + 3, "c", "letter")
        case "follower":
            return f'<circle{look("sign")} cx="{p}" cy="{q}" r="6.5"/>' + label(x, y + 3.5, "f", "letter")
        case "crash" | "failed":
            return f'<path{look(f"sign {kind}")} d="M{place(x - 6)} {place(y - 6)}l12 12m0 -12l-12 12"/>'
        case "stop":
            return f'<path{look("sign stop")} d="M{p} {place(y + 7)}l7 -12h-14Z"/>'
        case "restart":
            return f'<path{look("sign restart")} d="M{p} {place(y - 7)}l7 12h-14Z"/>'
        case "snapshot":
            return f'<rect{look("sign snapshot")} x="{place(x - 6)}" y="{place(y - 6)}" width="12" height="12" rx="2"/>'
        case "skipped":
            return f'<circle{look("run")} cx="{place(x)}" cy="{q}" r="3"/>'
        case _:  # a report: an envelope, filled once it was received
            sent = look("sign report" if kind == "reported" else "sign waits")
            left, top = place(x - 7), place(y - 5)
            return f'<path{sent} d="M{left} {top}h14v10h-14Zl7 5 7 -5"/>'


def cells(x: float, y: float, first: int, terms: tuple[int, ...], commit: int, room: float) -> str:
    """A log from entry `first` on: one cell for each entry with its term, dashed until it is committed; only the last ones
    if not all fit."""
    left = max(0, len(terms) - int(room // CELL))
    if left or first > 1:  # the sign for the cells left out takes room itself
        width = 6.0 + 5.5 * len(f"…{first + len(terms)}")
        left = max(0, len(terms) - int((room - width) // CELL))
    gone = first + left - 1
    parts = []
    if gone:
        left_out = f"…{gone}"
        width = 6.0 + 5.5 * len(left_out)
        parts.append(
            f'<rect{look("gone")} x="{place(x)}" y="{place(y - 6)}" width="{place(width)}" height="12" rx="2"/>'
        )
        parts.append(label(x + width / 2, y + 3.2, left_out, "term"))
        x += width
    for number, term in enumerate(terms[left:]):
        kind = f"entry {term % 5} sure" if first + left + number <= commit else "entry"
        at = place(x + number * CELL)
        parts.append(
            f'<rect{look(kind)} x="{at}" y="{place(y - 6)}" width="14" height="12"/>'
            f"{label(x + number * CELL + 7, y + 3.2, str(term), 'term')}"
        )
    return f"<g>{''.join(parts)}</g>"
