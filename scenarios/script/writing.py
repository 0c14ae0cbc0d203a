"""A run as a script: its recorded steps at their times, one a line, and below each the lines of the timeline up to the next.

    # The lesson, and whatever else is to be said.
    seed 12
    uses scenarios.register Put, Register
    start ABC Register
      time          A B C
      00:00:00.000  f f f  A, B and C start
    at 0.31 ask C Put(name="x", content=1)
    at 0.5 crash A
      00:00:00.500  ! . .  crash A
    at 2 end

Never here: how such a text is read (reading.py), and how values are written as Python (hunt/story_text.py).
"""

import textwrap
from collections.abc import Iterable
from typing import Any

import attrs

from backup.node.service import Backups
from cluster import steps
from cluster.sim.empty_application import Nothing
from cluster.sim.run import RunSetting
from cluster.value import value
from scenarios.gallery import DEFAULT_RULES
from scenarios.hunt.recorded_steps import RecordedSteps
from scenarios.hunt.story_text import VERBS, WIDTH, Source, in_seconds, tuned

INDENT = "  "


@value
class Head:
    """What stands above the steps."""

    lesson: str
    seed: int
    rules: str
    setting: RunSetting
    file: str = ""
    """The file of the story, if its classes stand there."""


def script_lines(head: Head, script: RecordedSteps, timeline: Iterable[str] = ()) -> list[str] | None:
    """The lines of a script; None if a step holds a key or a password, which no text may show."""
    source = Source()
    said = [f"at {in_seconds(each.at)} {command(each.step, source)}" for each in script.moments]
    tunes = [f"tune {name} {source.of(each)}" for name, each in tuned(head.setting)]
    start = f"start {_nodes(script.nodes)}{_application(head.setting.application, source)}"
    if source.hides:
        return None
    times = [0, *(each.at for each in script.moments), script.until]
    below = _below(list(timeline), times)
    lines = [f"# {each}".rstrip() for text in head.lesson.splitlines() for each in textwrap.wrap(text, WIDTH) or [""]]
    lines += [f"seed {head.seed}", *([f"rules {head.rules}"] if head.rules != DEFAULT_RULES else [])]
    lines += [f"uses {module} {', '.join(sorted(names))}" for module, names in sorted(source.imports.items())]
    lines += [f"uses {head.file} {', '.join(sorted(source.own))}"] if source.own else []
    lines += tunes
    for each, output in zip([start, *said, f"at {in_seconds(script.until)} end"], below, strict=True):
        lines += [each, *(f"{INDENT}{line}" for line in output)]
    return lines


def command(step: Any, source: Source) -> str:
    """One step as a command."""
    match step:
        case steps.Start(nodes):
            return f"found {_nodes(nodes)}"
        case steps.Split(groups):
            return " ".join(["split", *map(_nodes, groups)])
        case steps.Ask(node, request):
            return f"ask {node} {source.of(request)}"
        case steps.Join(node, watcher):
            return f"join {node}{' watcher' if watcher else ''}"
        case steps.Rewire(between=()):
            given = [(field.name, getattr(step, field.name)) for field in attrs.fields(steps.Rewire)]
            return " ".join(["rewire", *(f"{name}={_plain(each)}" for name, each in given if each not in (None, ()))])
    words = [getattr(step, name) for name in step.__match_args__]
    if type(step) in VERBS and all(isinstance(each, str) and each and " " not in each for each in words):
        return " ".join([VERBS[type(step)], *words])
    return f"do {source.of(step)}"


def _plain(given: Any) -> str:
    """A value of a field as a word: durations in seconds."""
    return in_seconds(given) if isinstance(given, int) and type(given) not in (bool, int) else f"{given!r}"


def _nodes(names: tuple[str, ...]) -> str:
    return "".join(names) if all(len(name) == 1 for name in names) else ",".join(names)


def _application(kind: type, source: Source) -> str:
    if issubclass(kind, Backups):
        return " backups"
    return "" if kind is Nothing else f" {source.named(kind)}"


def _below(timeline: list[str], times: list[int]) -> list[list[str]]:
    """The lines of the timeline that come below each command: those up to the time of the next."""
    below: list[list[str]] = [[] for _ in times]
    place = 0
    for line in timeline:
        at = _instant(line)
        while at is not None and place + 1 < len(times) - 1 and at >= times[place + 1] // 1_000:
            place += 1
        below[place].append(line)
    return below


def _instant(line: str) -> int | None:
    """The time of a line in whole milliseconds; None for one without."""
    head, _, rest = line.strip().partition(" ")
    days = 0
    if head.endswith("d") and head[:-1].isdigit():
        days, head = int(head[:-1]), rest.strip().partition(" ")[0]
    parts = head.replace(".", ":").split(":")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):
        return None
    hours, minutes, seconds, thousandths = map(int, parts)
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000 + thousandths
