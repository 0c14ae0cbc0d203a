"""`unkindness export`: the run and the window, and which module writes which form.

Never here: what a form looks like, and where the text goes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cluster.time_units import SECOND, clock_text
from cluster.trace import Happened
from cluster.value import value
from scenarios.drawing.command import draw_played
from scenarios.export.excerpt import Excerpt
from scenarios.export.mermaid import mermaid
from scenarios.export.perfetto import perfetto
from scenarios.export.pytest_file import pytest_file
from scenarios.export.script import script
from scenarios.export.shiviz import shiviz
from scenarios.inspect.moment import true_time
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.kept_run import ReplayError, trace_lines
from scenarios.kept_story import text_of

NUMBER = re.compile(r"[0-9]{1,15}")
"""The number of an event, as an end of a window."""


@value
class Form:
    """A form in which a run can be exported."""

    write: Callable[[Excerpt], Iterable[str]]
    """The lines of the text."""
    windowed: bool = True
    """Whether a part of a run can be exported."""


def export(
    run: str, form: str, window: str = "", *, bug: str | None = None, rules: str | None = None, version: str = ""
) -> Iterable[str]:
    """The lines of the run that RUN names, in a form of `FORMS`. Raises ReplayError, StoryError, Diverged."""
    if form not in FORMS:
        raise ReplayError(f"--as {form}: there is no such form, choose one of {', '.join(FORMS)}")
    if window and not FORMS[form].windowed:
        raise ReplayError(f"--window {window}: a run is exported whole as {form}, so leave it away")
    found = played(run, bug, rules)
    if found.seq is not None:
        raise ReplayError(f"{run!r} names an event: leave the number away, and give --window")
    return FORMS[form].write(Excerpt(found, *_window(found, window), bool(window), version))


def _window(found: PlayedRun, window: str) -> tuple[int, int]:
    """The numbers of the first and the last event of a window; the whole run if none is named."""
    events = found.outcome.history.events
    if not window:
        return 1, len(events)
    parts = window.split("..") if ".." in window else window.split(":")
    if len(parts) != 2:
        raise ReplayError(
            f"--window {window}: give two numbers of events, 400:460, or two times, 90min:95min or 02:29:00..02:31:00"
        )
    first, last = _first(events, parts[0].strip()), _last(events, parts[1].strip())
    if not 1 <= first <= last <= len(events):
        times = f"from {clock_text(events[0].t)} to {clock_text(events[-1].t)}"
        raise ReplayError(
            f"--window {window} holds no event: the run has events 1 to {len(events)}, {times}; let B be after A"
        )
    return first, last


def _first(events: Sequence[Happened[Any]], part: str) -> int:
    """The number that is named, or that of the first event from the named time on; the first of all if none is named."""
    if not part or NUMBER.fullmatch(part):
        return int(part or 1)
    t = true_time(part)
    return min((event.seq for event in events if event.t >= t), default=len(events) + 1)


def _last(events: Sequence[Happened[Any]], part: str) -> int:
    """The number that is named, or that of the last event up to the named time; the last of all if none is named."""
    if not part or NUMBER.fullmatch(part):
        return int(part or len(events))
    t = true_time(part)
    return max((event.seq for event in events if event.t <= t), default=0)


def _ndjson(excerpt: Excerpt) -> Iterable[str]:
    window = (excerpt.first, excerpt.last) if excerpt.is_part else None
    outcome = excerpt.run.outcome
    run = excerpt.run
    return trace_lines(run.request, outcome, text_of(run.loaded, outcome), outcome.verdict, window)


def _svg(excerpt: Excerpt) -> Iterable[str]:
    ends = [f"{excerpt.events[place].t / SECOND:.6f}s" for place in (0, -1)] if excerpt.is_part else ["", ""]
    command = f"unkindness draw {excerpt.title}" + (f" --from {ends[0]} --to {ends[1]}" if excerpt.is_part else "")
    return draw_played(excerpt.run, *ends, command=command).splitlines()


FORMS: dict[str, Form] = {
    "ndjson": Form(_ndjson),
    "mermaid": Form(mermaid),
    "perfetto": Form(perfetto),
    "shiviz": Form(shiviz),
    "svg": Form(_svg),
    "pytest": Form(pytest_file, windowed=False),
    "script": Form(script, windowed=False),
}
