"""What the report of a failed test says of its run: what led to the failure, and its steps as a story and as a script.

Never here: when it is asked for, and where it is shown (pytest_plugin.py).
"""

from typing import TYPE_CHECKING

from cluster.sim.run import RaisedRun, play, setting_of
from cluster.sim.timeline import render
from scenarios.gallery import DEFAULT_RULES, StoryError
from scenarios.hunt.cause import cause_of_a_test as cause_of
from scenarios.hunt.failed_test import failed_test
from scenarios.hunt.recorded_steps import NoScript, RecordedSteps, script_of, scripted
from scenarios.inspect.causality import chain, event_text, parents, shortened
from scenarios.script.writing import Head, script_lines

if TYPE_CHECKING:
    from cluster.sim.history import History
    from cluster.sim.run import RunSetting
    from cluster.sim.world import World

LONGEST_CHAIN = 9
"""How many events of a chain of causes are shown."""
MOST = 40
"""How many steps a script has at most that could not be made smaller: the last ones."""


def sections(error: BaseException, ran: RaisedRun | None, world: "World | None") -> list[tuple[str, str]]:
    """The sections of a report, each with its heading."""
    history = ran.outcome.history if ran is not None else world.history if world is not None else None
    if history is None or not len(history):
        return []
    found = [("unkindness: what led to it", "\n".join(_led_to(history)))]
    story, seed, options = (ran.story, ran.seed, ran.options) if ran is not None else (None, 0, {})
    try:
        if world is not None and ran is None:
            factory, nodes, timing, disk = world.factory, world.names, world.timing, world.disk_model

            async def begins(other: "World") -> None:
                other.tune(timing=timing, disk=disk)
                other.start(nodes, factory)

            seed, story = world.seed, scripted(begins, _steps(history))
        assert story is not None
        small = failed_test(story, seed, lambda other: play(other, seed, **options))
    except (StoryError, NoScript) as why:
        setting = ran.outcome.setting if ran is not None else setting_of(world) if world is not None else None
        return found + (_whole(history, setting, seed, error, str(why)) if setting is not None else [])
    if small.story:
        found.append((f"unkindness: as a story, {small.before} -> {len(small.steps.moments)} steps", small.story))
    again = play(scripted(story, small.steps), seed, **options)
    lines = script_lines(
        Head(small.text, seed, DEFAULT_RULES, small.setting), small.steps, render(again.history, again.names)
    )
    if lines is not None:
        found.append(("unkindness: as a script, for `unkindness run FILE.txt`", "\n".join(lines)))
    return found


def _whole(
    history: "History", setting: "RunSetting", seed: int, error: BaseException, why: str
) -> list[tuple[str, str]]:
    """The last steps as they were, of a failure that does not hang on them alone."""
    try:
        steps = _steps(history)
    except NoScript:
        return []
    last = RecordedSteps(steps.nodes, steps.moments[-MOST:], steps.until)
    left = len(steps.moments) - len(last.moments)
    lesson = " ".join(f"{type(error).__name__}: {error}".split())
    lines = script_lines(Head(lesson, seed, DEFAULT_RULES, setting), last)
    more = f"\n# {left} earlier steps are left out" if left else ""
    reason = why.partition(": ")[2] or why
    return [("unkindness: its steps", "\n".join([*(lines or ()), f"# {reason}{more}"]))] if lines else []


def _steps(history: "History") -> RecordedSteps:
    return script_of(history, len(history), history.clock.now + 1)


def _led_to(history: "History") -> list[str]:
    led = chain(history.events, parents(history.events), len(history))
    return [event_text(history.events[each - 1]) for each in shortened(history.events, led, LONGEST_CHAIN)]


__all__ = ["cause_of", "sections"]
