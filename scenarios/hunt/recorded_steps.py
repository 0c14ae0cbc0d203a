"""A script: the recorded steps of a run, each with its instant, played again without the story that took them.

The story only begins it, up to the start of its nodes; from there on the steps are the whole story, so that any of them can be
left out. Never here: which ones are.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import attrs
import trio

from cluster import steps
from cluster.sim.history import History
from cluster.sim.run import Story
from cluster.sim.world import Misuse, World
from cluster.time_units import SECOND
from cluster.trace import Stepped
from cluster.value import value


@value
class TimedStep:
    """One step and its true time in µs."""

    at: int
    step: Any
    """A step of `cluster.steps`, or `OtherLuck`."""


@value
class OtherLuck:
    """In the place of a step: from here on what is left to luck comes out as with another seed."""

    seed: int


@value
class RecordedSteps:
    """What happens to a world once its nodes have started, and how long it goes on."""

    nodes: tuple[str, ...]
    """The nodes that start."""
    moments: tuple[TimedStep, ...]
    """In the order of time."""
    until: int
    """The true time in µs at which the script ends."""

    def without(self, dropped: Iterable[int]) -> "RecordedSteps":
        """The script without the moments in these places."""
        gone = frozenset(dropped)
        return attrs.evolve(self, moments=tuple(each for place, each in enumerate(self.moments) if place not in gone))


class NoScript(ValueError):
    """A run has no script: it started no node."""


def script_of(history: History, seq: int, until: int) -> RecordedSteps:
    """The steps of a run's story up to an event, to be played until `until` µs. NoScript if no node was started."""
    struck = struck_by_events(history)
    taken = [event for event in history.of(Stepped) if event.seq not in struck and event.seq <= seq]
    started = taken[0].note.step if taken else None
    if not isinstance(started, steps.Start):
        raise NoScript("no node was started")
    rest = taken[1:]
    return RecordedSteps(started.nodes, tuple(TimedStep(each.t, each.note.step) for each in rest), until)


def struck_by_events(history: History) -> frozenset[int]:
    """The events of the steps that a `When` took: its fault, at the event that it had waited for."""
    waiting: list[list[Any]] = []
    """Each `When` that waits, and how many of its events have come."""
    due: list[tuple[int, Any]] = []
    """The event that each fault has to follow, and the fault."""
    begun: dict[int, Any] = {}
    """By the event of its step: each `When` that waits for an effect, which is no event."""
    struck = set()
    for event in history.events:
        note = event.note
        if isinstance(note, Stepped):
            if (event.cause, note.step) in due:
                due.remove((event.cause, note.step))
                struck.add(event.seq)
            elif event.cause in begun and type(note.step) is type(begun[event.cause].fault):
                struck.add(event.seq)
                del begun[event.cause]
            elif isinstance(note.step, steps.When) and note.step.kind in steps.EFFECTS:
                begun[event.seq] = note.step
            elif isinstance(note.step, steps.When):
                waiting.append([note.step, 0])
            elif isinstance(note.step, steps.Mend):
                waiting.clear()
        for each in waiting if event.node else ():
            when = each[0]
            if type(note).__name__ == when.kind and when.node in ("", event.node):
                each[1] += 1
                if each[1] == when.count:
                    due.append((event.seq, _at(when.fault, event.node)))
        waiting = [each for each in waiting if each[1] < each[0].count]
    return frozenset(struck)


def _at(fault: Any, node: str) -> Any:
    """The fault at the node of its event, if it names none itself."""
    return attrs.evolve(fault, node=node) if getattr(fault, "node", None) == "" else fault


class _Begun(BaseException):
    """The nodes have started: the story is left here."""

    def __init__(self, script: RecordedSteps) -> None:
        """`script`: whose this is. A script may begin as another one does."""
        super().__init__()
        self.script = script


def scripted(begins: Story, script: RecordedSteps) -> Story:
    """The script as a story: `begins` is played up to the start of its nodes, and the steps of the script from there on."""

    async def story(world: World) -> None:
        with _leaving_at_the_start(world, script):
            await begins(world)
        await take_steps(world, script)

    return story


async def take_steps(world: World, script: RecordedSteps) -> None:
    """Take each step at its time, in a world that has begun; return at the end of the script."""
    for moment in script.moments:
        if moment.at > world.clock.now:
            await trio.sleep((moment.at - world.clock.now) / SECOND)
        with suppress(Misuse):  # of what was left out, a step may be impossible: a crash of who is down
            _take(world, moment.step)
    if script.until > world.clock.now:
        await trio.sleep((script.until - world.clock.now) / SECOND)


def _take(world: World, step: Any) -> None:
    """Take one step; the start of more nodes founds their cluster."""
    match step:
        case OtherLuck(seed):
            world.change_luck(seed)
        case steps.Start(nodes):
            world.found(nodes)
        case _:
            world.do(step)


@contextmanager
def _leaving_at_the_start(world: World, script: RecordedSteps) -> Iterator[None]:
    """Let `world.start` start the nodes of the script instead of those that it is given, and then end the story that called it."""
    start: Any = world.start

    def start_and_leave(_: Iterable[str], *application: Any) -> None:
        start(script.nodes, *application)
        raise _Begun(script)

    vars(world)["start"] = start_and_leave
    try:
        yield
    except _Begun as begun:
        if begun.script is not script:
            raise
    except BaseExceptionGroup as group:  # the story had opened a nursery
        if group.split(lambda error: isinstance(error, _Begun) and error.script is script)[1] is not None:
            raise
    finally:
        vars(world).pop("start", None)
