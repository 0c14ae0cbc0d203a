"""What the report of a failed test says of its run: what led to the failure, and its steps as a story and as a script.

Never here: when it is asked for, and where it is shown (pytest_plugin.py).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster.sim.run import Outcome, RaisedRun, Story, play, setting_of
from cluster.sim.timeline import render
from scenarios.gallery import DEFAULT_RULES, LoadedStory, StoryError
from scenarios.hunt.broken_run import broken_story
from scenarios.hunt.cause import cause_of_a_test as cause_of
from scenarios.hunt.recorded_steps import NoScript, RecordedSteps, script_of, scripted
from scenarios.hunt.shrink import Shrunk, shrink_run
from scenarios.inspect.causality import chain, event_text, parents, shortened
from scenarios.inspect.result import RunRequest
from scenarios.script.writing import Head, script_lines

if TYPE_CHECKING:
    from cluster.sim.history import History
    from cluster.sim.run import RunSetting
    from cluster.sim.world import World

LONGEST_CHAIN = 9
"""How many events of a chain of causes are shown."""
EVENTS = 400_000
"""How many events the smaller runs of a failure may have in all: some two CPU seconds."""
PLAYS = 300
"""How many of them there are at most."""
MOST = 40
"""How many steps a script has at most that could not be made smaller: the last ones."""


def sections(error: BaseException, failed: "RaisedRun | World") -> list[tuple[str, str]]:
    """The sections of a report, each with its heading. `failed`: what `run` played, or the world of the test."""
    history = failed.outcome.history if isinstance(failed, RaisedRun) else failed.history
    if not len(history):
        return []
    found = [("unkindness: what led to it", "\n".join(_led_to(history)))]
    options = failed.options if isinstance(failed, RaisedRun) else {}
    try:
        story = failed.story if isinstance(failed, RaisedRun) else _story_of(failed)
        small, setting = _made_small(story, failed.seed, lambda other: play(other, failed.seed, **options))
    except (StoryError, NoScript) as why:
        as_it_was = failed.outcome.setting if isinstance(failed, RaisedRun) else setting_of(failed)
        return found + _whole(history, as_it_was, failed.seed, error, str(why))
    if small.story:
        heading = f"unkindness: as a story, {len(small.before.moments)} -> {len(small.after.moments)} steps"
        found.append((heading, small.story))
    again = play(scripted(story, small.after), failed.seed, **options)
    head = Head(small.text, failed.seed, DEFAULT_RULES, setting)
    lines = script_lines(head, small.after, render(again.history, again.names))
    if lines is not None:
        found.append(("unkindness: as a script, for `unkindness run FILE.txt`", "\n".join(lines)))
    return found


def _story_of(world: "World") -> Story:
    """The steps of a world as a story. NoScript if no node was started."""
    factory, nodes, timing, disk = world.factory, world.names, world.timing, world.disk_model

    async def begins(other: "World") -> None:
        other.tune(timing=timing, disk=disk)
        other.start(nodes, factory)

    return scripted(begins, _steps(world.history))


def _made_small(story: Story, seed: int, play_it: Callable[[Story], Outcome]) -> tuple[Shrunk, "RunSetting"]:
    """What is left of the failure, and its setting. StoryError if its steps do not break it again."""
    request = RunRequest("test", seed, DEFAULT_RULES, own_rules=DEFAULT_RULES)
    broken = broken_story(LoadedStory("test", story, "", seed, DEFAULT_RULES, (), ""), request, play_it)
    return shrink_run(broken, PLAYS, EVENTS), broken.setting


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
