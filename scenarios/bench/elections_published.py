"""The published figures of three experiments with elections. Numbers and their sources only; nothing here is ours.

Milliseconds throughout. LAN and Refloated are read from the tables beside, which say whose data they are; the WAN
curves are read from the vector figures of the dissertation.
"""

from functools import cache
from importlib.resources import files

from cluster.value import value


@value
class Published:
    """One line of a figure."""

    mean: float
    median: float
    messages: float | None
    """The mean number of messages until there was a leader; None where they were not counted."""
    points: tuple[tuple[float, float], ...]
    """Points of the distribution, sorted: a time in ms, and the share of trials that took at most that long."""


@cache
def table(name: str) -> dict[str, Published]:
    """The lines of the table `lan` or `refloated`, by name."""
    text = files("scenarios.bench").joinpath("published", f"{name}.csv").read_text(encoding="utf-8")
    lines: dict[str, Published] = {}
    for row in [row for row in text.splitlines() if not row.startswith("#")]:
        line, mean, median, messages, *quantiles = row.split(",")
        points = tuple([(float(each), (k + 0.5) / len(quantiles)) for k, each in enumerate(quantiles)])
        lines[line] = Published(float(mean), float(median), float(messages) if messages else None, points)
    return lines


def curve(mean: float, median: float, *points: tuple[float, float]) -> Published:
    """A line of which a figure gives some points only."""
    return Published(mean, median, None, points)


WAN = {
    "same logs, 0 down": curve(
        429.9, 410, (400, 0.406), (450, 0.768), (500, 0.921), (600, 0.971), (800, 0.986), (1000, 0.9991)
    ),
    "same logs, 1 down": curve(
        468.6, 423, (400, 0.306), (450, 0.652), (500, 0.823), (600, 0.908), (800, 0.944), (1000, 0.990)
    ),
    "same logs, 2 down": curve(
        631.5,
        469,
        *((380, 0.055), (400, 0.187), (450, 0.430), (500, 0.580), (600, 0.680), (800, 0.752)),
        *((1000, 0.888), (1200, 0.919), (1500, 0.967), (2000, 0.9915), (3000, 0.9993)),
    ),
    "logs differ, 0 down": curve(492.5, 471, (471, 0.5), (941, 0.99), (1151, 0.999)),
    "logs differ, 1 down": curve(550.5, 502, (502, 0.5), (1311, 0.99), (1681, 0.999)),
    "logs differ, 2 down": curve(714.6, 599, (599, 0.5), (2011, 0.99), (2849, 0.999)),
}
"""Dissertation, figures 9.9 (same logs) and 9.10 (logs differ): 10,000 elections a line."""
