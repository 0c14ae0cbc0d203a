"""From a seed to a history: play a story in a world of its own, and say how it ended.

`play` never raises for what a story does. `run`, for tests, raises one exception with the seed and the tail of the
timeline attached.
"""

import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trio

from cluster.checks import BadStep, Undecided, Violation, Watcher
from cluster.member import BadApplication
from cluster.raft.timing import Timing
from cluster.sim.clock import Clock
from cluster.sim.disk import DiskModel
from cluster.sim.errors import Fenced, NeedlessAwait, NoRoom, NotAwaited, NothingStarted
from cluster.sim.forgotten_awaits import heeding_forgotten_awaits, left_behind, needless
from cluster.sim.history import FirstBreak, History
from cluster.sim.network import Wire
from cluster.sim.timeline import explain
from cluster.sim.trio_scheduler import settle_scheduler
from cluster.sim.user_code import place_in, remember_story
from cluster.sim.world import GaveUp, Misuse, OutOfBudget, World
from cluster.time_units import SECOND
from cluster.trace import BecameLeader, Ended
from cluster.value import value

Story = Callable[[World], Awaitable[None]]

HELD, BROKEN, INCONCLUSIVE, MISTAKE, BUG, STOPPED = "held", "broken", "inconclusive", "mistake", "bug", "stopped"


@value
class RunSetting:
    """What a run was played in, beside its steps."""

    application: type
    """The class of the applications on its nodes."""
    timing: Timing
    disk: DiskModel
    wire: Wire
    """How links were at the start."""
    watched: tuple[type, ...]
    """The classes of the watchers that its story brought."""


@value
class Outcome:
    """How a run ended, and everything that it left."""

    seed: int
    verdict: str
    """One of six words.

    `held`; `broken`: a promise or an assertion; `inconclusive`: a budget ran out or a mark was never seen;
    `mistake`: the story's own error; `bug`: the simulator's error; `stopped`: from outside.
    """
    failure: BaseException | None
    """The exception that ended the run; None if there was none."""
    digest: str
    history: History
    messages: int
    virtual_seconds: float
    wall_seconds: float
    elections: int
    promises: tuple[tuple[str, str], ...]
    """Every promise that was watched: name and sentence."""
    watchers: tuple[Watcher, ...]
    """The watchers themselves, some of which count what they saw."""
    unseen: tuple[str, ...]
    """The marks of `World.sometimes` that were never seen."""
    names: tuple[str, ...]
    """The names of the nodes, in the order of the start."""
    setting: RunSetting
    never_struck: tuple[str, ...] = ()
    """The faults that waited for an event in vain, and those that met nothing, each with the reason."""
    warnings: tuple[str, ...] = ()
    """What whoever played should know of the application's surroundings."""
    broken: tuple[FirstBreak, ...] = ()
    """Of a run that went on when a promise was broken (`keep_going`): each broken promise, in order."""
    besides: tuple[BaseException, ...] = ()
    """What else went wrong at the same time, in other tasks of the story."""


def play(
    story: Story,
    seed: int = 1,
    *,
    follow: Callable[[World], None] | None = None,
    stop_asked: Callable[[], bool] | None = None,
    shuffle: int = 0,
    **options: Any,
) -> Outcome:
    """Play a story once and return how it ended.

    `follow(world)` is called before the story starts, for a caller that wants to listen. `stop_asked()` is called every
    few hundred entries of the agenda; True ends the run. `shuffle` seeds trio's scheduler, which must not change the
    history. `options` go to `World`; with `keep_going` the run goes on when a promise is broken.
    """
    clock = Clock()
    began = time.perf_counter()
    box: list[World] = []
    remember_story(story)
    with few_collections(), heeding_forgotten_awaits() as forgotten:
        trio.run(_main, story, seed, clock, follow, stop_asked, shuffle, options, box, clock=clock)
    world = box[0]
    failure = world.failure
    said = forgotten or left_behind(failure)
    if said and not isinstance(failure, KeyboardInterrupt | Fenced | NotAwaited):
        failure = NotAwaited(said[0])
    elif failure is not None and (needlessly := needless(failure)):
        failure = NeedlessAwait(needlessly)
    if failure is None:
        failure = _nothing_started(world, story)
    if failure is None:
        try:
            world.finish()
        except (AssertionError, Undecided) as ended:
            failure = ended
        except Exception as error:  # a watcher's own bug must not look like a promise that held
            failure = OwnBug(error)
    failure = _first_broken(failure, world.history)
    unseen = tuple(sorted(name for name, seen in world.marks.items() if not seen))
    history = world.history
    return Outcome(
        seed=seed,
        verdict=_verdict(failure, unseen),
        failure=failure.__cause__ if isinstance(failure, OwnBug) else failure,
        digest=history.digest(),
        history=history,
        messages=world.network.messages if world.slots else 0,
        virtual_seconds=world.clock.now / SECOND,
        wall_seconds=time.perf_counter() - began,
        elections=len(history.of(BecameLeader)),
        promises=tuple(dict.fromkeys((watcher.promise, watcher.says) for watcher in world.watchers)),
        watchers=tuple(world.watchers),
        unseen=unseen,
        names=world.names,
        setting=setting_of(world),
        never_struck=world.never_struck(),
        warnings=world.warnings(),
        broken=tuple(history.broken),
        besides=world.besides,
    )


def setting_of(world: World) -> RunSetting:
    """The setting of a world."""
    watched = tuple(map(type, world.asked_to_watch))
    return RunSetting(world.application_class, world.timing, world.disk_model, world.wire, watched)


def _first_broken(failure: BaseException | None, history: History) -> BaseException | None:
    """What to call the failure of a run that went on after a promise was broken: the first one, whatever ended the run."""
    if not history.broken or isinstance(failure, KeyboardInterrupt):
        return failure
    first = history.broken[0].failure
    if isinstance(failure, AssertionError) and all(failure is not each.failure for each in history.broken):
        history.note_break(failure)
    elif failure is not None and failure is not first:
        ended = failure.__cause__ if isinstance(failure, OwnBug) else failure
        first.add_note(f"the run went on, and ended with {type(ended).__name__}: {ended}")
    return first


def _nothing_started(world: World, story: Story) -> NothingStarted | None:
    """What to say of a story that held because nothing could break."""
    if world.slots:
        return None
    code = getattr(story, "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}: " if code is not None else ""
    return NothingStarted(f'{place}the story starts no node, so that nothing was watched: `world.start("ABC")`')


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for garbage cycles rarely.

    A history is a million small objects without cycles, and searching them again and again takes a third of a run. What is
    new is searched once, when there are so many more objects than before, so that what an application leaves takes little room.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class OwnBug(Exception):
    """Wraps an error of the simulator, to tell it from the story's own."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.__cause__ = error


def _verdict(failure: BaseException | None, unseen: tuple[str, ...]) -> str:
    match failure:
        case None:
            return INCONCLUSIVE if unseen else HELD
        case AssertionError():
            return BROKEN
        case OutOfBudget() | Undecided():
            return INCONCLUSIVE
        case KeyboardInterrupt():
            return STOPPED
        case OwnBug():
            return BUG
        case _:
            return MISTAKE


async def _main(
    story: Story,
    seed: int,
    clock: Clock,
    follow: Callable[[World], None] | None,
    stop_asked: Callable[[], bool] | None,
    shuffle: int,
    options: dict[str, Any],
    box: list[World],
) -> None:
    settle_scheduler(shuffle)
    world = World(seed, clock=clock, **options)
    box.append(world)
    if stop_asked is not None:
        world.stop_asked = stop_asked
    if follow is not None:
        follow(world)
    async with world.life():
        with world.scope:
            try:
                await story(world)
                world.history.add("", Ended(), 0)
            except trio.Cancelled:
                raise
            except BaseException as error:  # kept, and classified by the caller
                if world.failure is None:
                    world.failure, *besides = _in_order(error)
                    world.besides = tuple(besides)
                    return
    failure = world.failure
    expected = (Violation, GaveUp, OutOfBudget, KeyboardInterrupt, Misuse, BadApplication, BadStep, NoRoom)
    if failure is not None and not isinstance(failure, expected) and not place_in(failure):
        world.failure = OwnBug(failure)


def _in_order(failure: BaseException) -> list[BaseException]:
    """The exceptions in a group, which a nursery of the story may have made, the one that matters first."""
    every = list(_leaves(failure))
    inner = [error for error in every if not isinstance(error, trio.Cancelled)] or every
    return sorted(inner, key=lambda error: not isinstance(error, AssertionError))


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    """The exceptions in nested groups, in order."""
    if isinstance(failure, BaseExceptionGroup):
        for each in failure.exceptions:
            yield from _leaves(each)
    else:
        yield failure


def run(story: Story, seed: int = 1, **options: Any) -> Outcome:
    """Play a story and raise what broke it: one exception, with the seed and the last lines of the timeline as notes."""
    outcome = play(story, seed, **options)
    try:
        raise_failure(outcome)
    except BaseException as failure:
        vars(failure)["ran"] = RaisedRun(story, seed, options, outcome)
        raise
    return outcome


@value
class RaisedRun:
    """What `run` played when it raised, as the attribute `ran` of the exception: enough to play it again."""

    story: Story
    seed: int
    options: dict[str, Any]
    outcome: Outcome


def raise_failure(outcome: Outcome) -> None:
    """Raise what broke a run, if anything did: with the seed and the last lines of the timeline as notes."""
    failure = outcome.failure
    if failure is None and outcome.unseen:
        failure = GaveUp(f"never seen: {', '.join(outcome.unseen)}")
    if failure is not None:
        explain(failure, outcome.seed, outcome.history, outcome.names)
        raise failure


__all__ = [
    "BROKEN",
    "BUG",
    "HELD",
    "INCONCLUSIVE",
    "MISTAKE",
    "STOPPED",
    "Outcome",
    "Violation",
    "play",
    "raise_failure",
    "run",
]
