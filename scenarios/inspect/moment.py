"""One moment of a run: the run is played again up to a true time, and its nodes are asked there.

Reading changes nothing, so that the events up to the moment are those that were kept; they are compared. Never here:
what is read, and how it is shown.
"""

from collections.abc import Callable, Collection
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from backup.content.manifest import stamp
from cluster.sim.clock import STEP
from cluster.sim.run import STOPPED
from cluster.time_units import clock_text
from cluster.trace import Ended, Happened
from cluster.value import value
from cluster.written_times import instant_of_text
from scenarios.inspect.played_run import Diverged
from scenarios.kept_run import (
    Kept,
    ReplayError,
    event_lines,
    find_whole,
    first_difference,
    perform,
    recorded_lines,
    story_of,
)

if TYPE_CHECKING:
    from cluster.sim.world import World

T = TypeVar("T")


@value
class RunMoment(Generic[T]):
    """The result of reading a run at a moment."""

    t: int
    """True time in µs."""
    read: T
    events: tuple[Happened, ...]
    """All events up to the moment, and for `beyond` µs after it."""
    rules: str


def true_time(text: str) -> int:
    """A time of a run in true µs, given as time since its start (as in a timeline) or by the calendar. Raises ReplayError."""
    try:
        instant = instant_of_text(text)
    except ValueError as error:
        raise ReplayError(str(error)) from None
    if instant < 0:
        raise ReplayError(f"{text!r} is before the run, which starts at 2024-01-01 00:00 in UTC: give a later time")
    return instant


def json_fields(found: Any, instants: Collection[str]) -> dict[str, Any]:
    """The findings as one JSON object; the fields named in `instants` hold wall µs and become texts in UTC."""

    def serialized(_: object, field: "attrs.Attribute[Any] | None", what: Any) -> Any:
        return stamp(what) if field is not None and field.name in instants and isinstance(what, int) else what

    return attrs.asdict(found, value_serializer=serialized)


def visit(
    run: str,
    at: int | None,
    read: "Callable[[World], T]",
    beyond: int = 0,
    *,
    bug: str | None = None,
    rules: str | None = None,
) -> RunMoment[T]:
    """Play a run again up to true time `at` (µs; None: its end) and read it there, after all events of that µs.

    The events go on for `beyond` µs. Raises ReplayError if there is no such run or it has no such time, and Diverged.
    """
    named = find_whole(run, bug, rules)
    request = named.request if isinstance(named, Kept) else named
    visitor = Visitor(at, read, beyond)
    outcome = perform(story_of(request), request, follow=visitor.follow, stop_asked=lambda: visitor.is_done)
    end = outcome.history.clock.now
    if outcome.verdict == STOPPED and not visitor.is_done:  # by Ctrl-C
        raise KeyboardInterrupt
    if visitor.error is not None:
        raise visitor.error
    if not visitor.found and at is None:  # a promise broke: the last moment to be read is the µs before
        return visit(run, max(0, end - 2), read, beyond, bug=bug, rules=rules)
    if not visitor.found:
        raise ReplayError(f"the run ended at {clock_text(end)}, before {clock_text(at or 0)}: give an earlier time")
    if isinstance(named, Kept) and named.trace is not None:
        _compare(run, named.trace, outcome.history, visitor.count)
    t, found = visitor.found[0]
    until = t + beyond
    return RunMoment(t, found, tuple(event for event in outcome.history.events if event.t <= until), request.rules)


def _compare(run: str, trace: Path, history: Any, count: int) -> None:
    """Raise Diverged unless the events up to the moment are those that were kept."""
    difference = first_difference(islice(recorded_lines(trace), count), islice(event_lines(history), count))
    if difference is not None:
        raise Diverged(
            f"{run} played again differs in event {difference.seq}, so that it cannot be looked into: "
            f"`unkindness replay {run}` shows where"
        )


class Visitor:
    """Waits in a world for a time, reads there, and ends the run."""

    def __init__(self, at: int | None, read: "Callable[[World], Any]", beyond: int) -> None:
        self._at, self._read, self._beyond = at, read, beyond
        self.found: list[tuple[int, Any]] = []
        self.error: ReplayError | None = None
        self.count = 0
        """The number of events up to the moment."""
        self.is_done = False
        self._world: World

    def follow(self, world: "World") -> None:
        """The argument `follow` of `play`."""
        self._world = world
        if self._at is None:
            world.history.followers.append(self._ended)
            return
        # first on the agenda of the µs after: everything of the µs before is done, and nothing is under way
        world.clock.at(self._at + 1, STEP, 0, 0, self._arrive, self._at)
        world.clock.at(self._at + self._beyond + 2, STEP, 0, 0, self._leave, None)

    def _ended(self, event: Happened) -> None:
        if isinstance(event.note, Ended):
            self._arrive(event.t)

    def _arrive(self, t: int) -> None:
        self.count = len(self._world.history.events)
        try:
            self.found.append((t, self._read(self._world)))
        except ReplayError as error:
            self.error, self.is_done = error, True

    def _leave(self, _: None) -> None:
        self.is_done = True
