"""A run for ShiViz, which draws vector clocks: an event of a node and its clock, in two lines each.

The first line is the regular expression that ShiViz reads the rest with; the second, empty, says that there is one execution.
Each node counts its own events from 1, and knows of those of others what the parents of its events knew (causality.py). The
story is a host of its own. Two runs are compared by the text of their events, which holds no time and no number.
"""

import json
import re
from collections.abc import Iterable

from cluster.time_units import clock_text
from scenarios.export.excerpt import Excerpt
from scenarios.inspect.causality import parents

PATTERN = r"^(?<event>.*)\n(?<host>\S+) (?<seq>\d+) (?<time>\S+) (?<clock>{.*})"
"""No parentheses but of named groups: ShiViz rewrites others by a replacement that breaks them. `^`: words may look like a clock."""
STORY = "story"
_LINES = re.compile(r"[\n\r\u2028\u2029]")
"""The ends of lines in JavaScript, which `.` does not match."""


def shiviz(excerpt: Excerpt) -> Iterable[str]:
    """The lines of the file."""
    parent = parents(excerpt.run.outcome.history.events[: excerpt.last])
    clocks: dict[int, dict[str, int]] = {}
    last: dict[str, dict[str, int]] = {}
    yield PATTERN
    yield ""
    for event in excerpt.events:
        host = event.node or STORY
        clock = dict(last.get(host, {}))
        for name, count in clocks.get(parent[event.seq], {}).items():
            clock[name] = max(count, clock.get(name, 0))
        clock[host] = clock.get(host, 0) + 1
        clocks[event.seq] = last[host] = clock
        yield _LINES.sub(" ", excerpt.text(event.note))
        time = clock_text(event.t).replace(" ", "_")
        yield f"{host} {event.seq} {time} {json.dumps(dict(sorted(clock.items())), separators=(',', ':'))}"
