"""The LAN benchmark as an SVG: the distribution of our election times as lines, the published ones as dots.

The picture carries its own background and follows the reader's light or dark scheme. No figure is computed in here.
"""

from collections.abc import Callable, Sequence
from math import log10

from scenarios.bench.elections import ElectionRow
from scenarios.drawing.shapes import place, text

WIDTH, HEIGHT = 860, 420
TOP, BOTTOM = 74, 332
STEPS = 200
STYLE = """
  svg { font: 12px system-ui, sans-serif }
  .card { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #d8dee4 } .axis { stroke: #57606a }
  text { fill: #1f2328 } .quiet { fill: #57606a } .title { font-size: 15px; font-weight: 600 }
  .ours { fill: none; stroke-width: 1.8 } .theirs { stroke: none; opacity: .75 }
  .c0 { stroke: #0969da; fill: #0969da } .c1 { stroke: #bc4c00; fill: #bc4c00 } .c2 { stroke: #1a7f37; fill: #1a7f37 }
  .c3 { stroke: #8250df; fill: #8250df } .c4 { stroke: #bf3989; fill: #bf3989 } .ours { fill: none !important }
  .theirs { stroke: none !important }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d } .grid { stroke: #262c36 } .axis { stroke: #9198a1 }
    text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .c0 { stroke: #58a6ff; fill: #58a6ff } .c1 { stroke: #f0883e; fill: #f0883e } .c2 { stroke: #3fb950; fill: #3fb950 }
    .c3 { stroke: #bc8cff; fill: #bc8cff } .c4 { stroke: #ff7bc4; fill: #ff7bc4 }
  }
"""
SOURCES = (
    "lines: this core, {trials:,} elections each · dots: LogCabin on five machines, 1,000 each · "
    "election timeouts in ms beside each colour"
)
PANELS: tuple[tuple[str, tuple[str, ...], bool, int, tuple[int, ...]], ...] = (
    (
        "How long: the whole range shrinks",
        ("12-24", "25-50", "50-100", "100-200", "150-300"),
        False,
        0,
        (0, 100, 200, 300, 400),
    ),
    (
        "How random: only the range's width changes",
        ("150-151", "150-155", "150-175", "150-200", "150-300"),
        True,
        80,
        (100, 200, 500, 1_000, 2_000, 5_000, 10_000),
    ),
)
"""The two halves of the figure: title, lines, whether the axis is logarithmic, its beginning and its marks in ms."""


def down(share: float) -> float:
    """The vertical coordinate of a share of all trials."""
    return BOTTOM - share * (BOTTOM - TOP)


def across(left: float, width: float, logarithmic: bool, low: int, high: int) -> Callable[[float], float]:
    """The horizontal coordinate of a number of ms in a panel."""

    def at(duration: float) -> float:
        if logarithmic:
            share = (log10(max(duration, 1)) - log10(low)) / (log10(high) - log10(low))
        else:
            share = (duration - low) / (high - low)
        return left + width * min(max(share, 0.0), 1.0)

    return at


def drawn(rows: Sequence[ElectionRow]) -> str:
    """The SVG of the LAN's rows, which must include all its lines."""
    found = {row.line.name: row for row in rows}
    trials = len(rows[0].ours.durations)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        "<title>Time to elect a leader: unkindness beside the Raft paper's benchmark</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>',
        text(20, 28, "Time from a leader's death to the next: the Raft paper's figure 16, run again", "title"),
        text(20, HEIGHT - 16, SOURCES.format(trials=trials), "quiet"),
        f'<text class="quiet" transform="translate(16 {(TOP + BOTTOM) // 2}) rotate(-90)" text-anchor="middle">'
        "share of all elections</text>",
    ]
    for number, (title, names, logarithmic, low, marks) in enumerate(PANELS):
        parts += panel(68 + number * 409, 352, title, [found[name] for name in names], logarithmic, low, marks)
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel(
    left: float,
    width: float,
    title: str,
    rows: Sequence[ElectionRow],
    logarithmic: bool,
    low: int,
    marks: Sequence[int],
) -> list[str]:
    """One half of the figure: axes, curves, and the key of colours."""
    at = across(left, width, logarithmic, low, marks[-1])
    parts = [text(left, TOP - 18, title)]
    for percent in (0, 25, 50, 75, 100):
        y = place(down(percent / 100))
        parts.append(f'<path class="grid" d="M{place(left)} {y}H{place(left + width)}"/>')
        parts.append(text(left - 6, float(y) + 4, f"{percent} %", "quiet", "end"))
    for mark in marks:
        x = place(at(mark))
        parts.append(f'<path class="grid" d="M{x} {TOP}V{BOTTOM}"/>')
        parts.append(text(at(mark), BOTTOM + 18, f"{mark:,}", "quiet", "middle"))
    parts.append(f'<path class="axis" fill="none" d="M{place(left)} {TOP}V{BOTTOM}H{place(left + width)}"/>')
    scale = "ms, logarithmic" if logarithmic else "ms"
    parts.append(text(left + width / 2, BOTTOM + 38, f"time to elect a leader, {scale}", "quiet", "middle"))
    for colour, row in enumerate(rows):
        parts += curves(at, row, colour, marks[-1])
    for colour, row in enumerate(rows):
        beside, line = left + width - 86, BOTTOM - 92 + colour * 18
        parts.append(f'<path class="ours c{colour}" d="M{place(beside)} {line - 4}h18"/>')
        parts.append(text(beside + 24, line, row.line.name.replace("-", "–")))
    return parts


def curves(at: Callable[[float], float], row: ElectionRow, colour: int, end: float) -> list[str]:
    """The measured curve as a line, the published one as dots. What lies beyond the axis is left out."""
    points = [(row.ours.quantile((k + 0.5) / STEPS), (k + 0.5) / STEPS) for k in range(STEPS)]
    line = "L".join([f"{place(at(duration))} {place(down(share))}" for duration, share in points if duration <= end])
    dots = [
        f'<circle cx="{place(at(duration))}" cy="{place(down(share))}" r="2"/>'
        for duration, share in row.line.published.points[::4]
        if duration <= end
    ]
    return [f'<path class="ours c{colour}" d="M{line}"/>', f'<g class="theirs c{colour}">{"".join(dots)}</g>']
