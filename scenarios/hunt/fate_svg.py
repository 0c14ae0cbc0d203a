"""The fate of a run as a picture: the share that breaks, over the time from which luck was another."""

from collections.abc import Iterator

from cluster.time_units import clock_text
from scenarios.drawing.shapes import label, place
from scenarios.drawing.style import look
from scenarios.drawing.svg import WIDTH, card
from scenarios.hunt.fate import Fate

HEIGHT = 340
LEFT, RIGHT, TOP, BOTTOM = 64, WIDTH - 40, 76, 270
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
CLOSE = 150
"""The least distance between two times under the axis."""


def fate_svg(found: Fate) -> str:
    """The whole file; same fate, same bytes."""
    certain = found.inevitable_from()
    says = "never certain before it broke" if certain is None else f"inevitable from {clock_text(certain)} on"
    head = [f"When was it decided? {found.cause.promise}", says]
    return card(found.request.command(), head, f"{found.cause.promise}: {says}", HEIGHT, _parts(found))


def _parts(found: Fate) -> Iterator[str]:
    first = found.chances[0].at
    width = max(1, found.broke_at - first)

    def across(at: int) -> float:
        return LEFT + (RIGHT - LEFT) * (at - first) / width

    def down(share: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * share

    for share in SHARES:
        yield f'<path{look("guide")} d="M{LEFT} {place(down(share))}H{RIGHT}"/>'
        yield label(LEFT - 8, down(share) + 4, f"{share:.0%}", "small", "end")
    certain = found.inevitable_from()
    if certain is not None:
        yield f'<path{look("breach")} d="M{place(across(certain))} {TOP}V{BOTTOM}"/>'
    points = "L".join(f"{place(across(each.at))} {place(down(each.share))}" for each in found.chances)
    yield f'<path{look("question")} d="M{points}"/>'
    for each in found.chances:
        said = f"from {clock_text(each.at)}: {each.broke} of {each.tries} break"
        where = f'cx="{place(across(each.at))}" cy="{place(down(each.share))}" r="3.5"'
        yield f"<g><title>{said}</title><circle{look('sign candidate')} {where}/></g>"
    free = -1e9
    for each in found.chances:
        if across(each.at) - free >= CLOSE:
            free = across(each.at)
            yield label(free, BOTTOM + 18, clock_text(each.at), "time", "start" if free < LEFT + 1 else "middle")
    yield label(
        LEFT,
        BOTTOM + 38,
        f"of {found.chances[0].tries} runs each, the share that still broke when luck was another from then on",
        "small",
    )
