"""The legend below a diagram: a sample of each kind of sign that occurs in it, with its name."""

from collections.abc import Iterator

from scenarios.drawing.messages import KINDS
from scenarios.drawing.picture import Picture
from scenarios.drawing.shapes import CELL, arrow, cells, label, place, sign
from scenarios.drawing.style import look

LIVES = {"follower": "follows", "trial": "asks", "candidate": "stands", "leader": "leads", "down": "is down"}
SIGNS = {
    "crash": "crash",
    "stop": "stop",
    "restart": "restart",
    "failed": "fails",
    "snapshot": "the log gives way to a snapshot",
    "skipped": "nothing new to back up",
    "queued": "a report waits",
    "reported": "a late report arrives",
}
LEFT, RIGHT, LINE = 20.0, 884.0, 19.0


def legend(picture: Picture, y: float) -> tuple[list[str], float]:
    """The legend as lines of SVG from `y` down, and the vertical coordinate of its end."""
    x, parts = LEFT, list[str]()
    for drawn, words in samples(picture):
        width = 44 + 5.6 * len(words)
        if x + width > RIGHT:
            x, y = LEFT, y + LINE
        parts.append(f'<g transform="translate({place(x)} {place(y)})">{drawn}{label(28, 4, words, "small")}</g>')
        x += width
    return parts, y + LINE


def samples(picture: Picture) -> Iterator[tuple[str, str]]:
    """Each sample as a drawing (0 to 24 horizontally, centred on 0 vertically) and its name."""
    roles = {life.role for life in picture.lives}
    for role, words in LIVES.items():
        if role in roles:
            yield _life(role), words
    kinds = {each.kind for each in picture.arrows}
    for kind, words in KINDS.items():
        if kind in kinds:
            yield arrow(kind, "", -4, 0, 29, 0, False), words
    if any(each.lost for each in picture.arrows):
        yield arrow("accepted", "", -4, 0, 40, 0, True), "lost"
    if picture.rows:
        yield cells(4, 0, 1, (1,), 1, CELL), "an entry of term 1, committed"
        yield cells(4, 0, 1, (1,), 0, CELL), "not yet"
    signs = {mark.kind for mark in picture.marks}
    for kind, words in SIGNS.items():
        if kind in signs:
            yield sign(kind, 12, 0), words
    if picture.runs:
        yield f'<rect{look("run")} x="6" y="-5" width="12" height="9"/>', "a backup"
    if picture.beliefs and any(run.kind == "full" for run in picture.runs):
        yield f'<rect{look("run")} x="3" y="-2" width="18" height="4"/>', "a full one"
    if picture.turns:
        yield f'<path{look("turn")} d="M14 -7h-4v14h4"/>', "is responsible for the task"
    if picture.beliefs:
        yield f'<path{look("belief")} d="M14 -7h-4v14h4"/>', "holds itself responsible"
    for number in sorted({side.number % 3 for side in picture.sides}):
        yield f'<rect{look(f"side {number}")} x="2" y="-7" width="20" height="14"/>', f"side {number + 1} of a cut"


def _life(role: str) -> str:
    if role in ("follower", "down"):
        return f'<path{look(role)} d="M0 0H24"/>'
    return f'<rect{look(role)} x="0" y="-3.5" width="24" height="7"/>'
