"""Promises of a user's own about time: *always*, *eventually* and *leads to*, by true time or by a node's own clock.

Each is a watcher. What it asks of the world is asked once after every instant that has an event, as `World.until` does, so that
a lateness is told at the first event after it, or at the end. Never here: what is promised.
"""

from collections import deque
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import attrs

from cluster.checks import Sees, Undecided, Watcher, on
from cluster.sim.errors import Misuse
from cluster.time_units import SECOND, clock_text
from cluster.trace import Happened, Note
from cluster.value import value

if TYPE_CHECKING:
    from cluster.sim.universe import Universe

Condition = type[Note] | Callable[[], Any]
"""A kind of event, or what is asked of the world and is so once it is truthy."""
OWN = "its own"
"""In the place of a node whose clock counts: the node at which the cause happened."""


class Temporal(Watcher):
    """A promise about time in one world."""

    def __init__(self, world: "Universe", promise: str, says: str) -> None:
        vars(self).update(promise=promise, says=says)  # each has a name of its own
        self.world = world
        self._asked_at = -1
        self._is_over = False
        """Whether it is decided: kept, or broken in a run that goes on."""

    def follow(self) -> None:
        """Look at the world after every instant with an event, from now on."""
        self.world.history.followers.append(self._look_soon)

    def _look_soon(self, event: Happened) -> None:
        clock = self.world.clock
        if self._asked_at != clock.now and not self._is_over:
            self._asked_at = clock.now
            self.world.look(self._look, event)

    def _look(self, event: Happened) -> None:
        self._asked_at = -1
        if self._is_over:
            return
        history = self.world.history
        with history.noting_breaks() if history.keeps_going else nullcontext():
            self.look(event)

    def sees(self) -> Sees:
        return []

    def look(self, event: Happened) -> None:
        """Judge the world as it is after an instant; `event` was its first."""

    def break_it(self, text: str) -> None:
        """Raise that it is broken."""
        self._is_over = True
        raise self.broken(text)

    def reading(self, node: str) -> int:
        """µs of true time, or of the monotonic clock of a node if one is named."""
        now = self.world.clock.now
        return self.world.slots[node].clocks.monotonic(now) if node else now


class Always(Temporal):
    """Something is so at the end of every instant with an event."""

    def __init__(self, world: "Universe", promise: str, true: Callable[[], Any]) -> None:
        super().__init__(world, promise, f"always: {promise}")
        self._true = true

    def look(self, event: Happened) -> None:
        """Ask, and tell the last event before it was not so."""
        if not self._true():
            now = self.world.history.events[-1]
            where = f"{now.node} " if now.node else ""
            self.break_it(f"not so at {clock_text(now.t)}, after event {now.seq}: {where}{now.note.text()}")


class Eventually(Temporal):
    """Something is so at some time, within a duration if one is given."""

    def __init__(self, world: "Universe", promise: str, true: Condition, within: int | None, clock_of: str) -> None:
        limit = "before the story ends" if within is None else f"within {_span(within, clock_of)}"
        super().__init__(world, promise, f"eventually: {promise}, {limit}")
        self._true, self._within, self._clock_of, self._limit = true, within, clock_of, limit
        self._began, self._began_at = self.reading(clock_of), world.clock.now

    def sees(self) -> Sees:
        return [on(self._true, self._came)] if isinstance(self._true, type) else []

    def _came(self, _: Happened) -> None:
        if not self._is_over:
            self._judge(is_so=True)

    def look(self, event: Happened) -> None:
        """Ask, if that is what was promised, and see whether time is over."""
        self._judge(self._is_so())

    def _is_so(self) -> bool:
        """Whether what is asked of the world is so now; False of an event, which is seen as it comes."""
        return not isinstance(self._true, type) and bool(self._true())

    def _judge(self, is_so: bool) -> None:
        took = self.reading(self._clock_of) - self._began
        if self._within is not None and took > self._within:
            began = clock_text(self._began_at)
            self.break_it(f"not so {self._limit} from {began} on: now it is {clock_text(self.world.clock.now)}")
        self._is_over = is_so

    def finish(self) -> None:
        if self._is_over:
            return
        is_so = self._is_so()
        self._judge(is_so)
        if is_so:
            return
        if self._within is not None:
            now = clock_text(self.world.clock.now)
            raise Undecided(
                f"{self.promise}: the story ended at {now}, and there was time left: let it go on for longer"
            )
        self.break_it("it never was, and the story is over")


class LeadsTo(Temporal):
    """Whenever the one thing happens, the other follows within a duration."""

    def __init__(
        self,
        world: "Universe",
        promise: str,
        cause: Condition,
        effect: Condition,
        within: int,
        alike: tuple[str, ...],
        clock_of: str,
    ) -> None:
        super().__init__(world, promise, f"always, within {_span(within, clock_of)}: {promise}")
        self._cause, self._effect, self._within, self._alike, self._clock_of = cause, effect, within, alike, clock_of
        self._open: dict[str, deque[Begun]] = {}
        """By the node whose clock counts, in order."""
        self._count = 0
        self._ended: dict[Hashable, int] = {}
        """By what has to be alike: the number of the last cause that is followed by its effect."""
        self._was = False
        for condition in (cause, effect) if alike else ():
            if not isinstance(condition, type):
                raise Misuse(
                    f"leads_to: only events have fields that can be alike ({', '.join(alike)}): name two kinds"
                )
            known = [field.name for field in attrs.fields(condition)]
            unknown = [name for name in alike if name not in (*known, "node")]
            if unknown:
                raise Misuse(
                    f"leads_to: {condition.__name__} has no field {unknown[0]!r}: its fields are {', '.join(known) or 'none'}"
                )
        if clock_of == OWN and not isinstance(cause, type):
            raise Misuse("leads_to: what is asked of the world happens at no node: name the node whose clock counts")

    def sees(self) -> Sees:
        conditions = ((self._effect, self._followed), (self._cause, self._began))
        return [on(kind, see) for kind, see in conditions if isinstance(kind, type)]

    def _key(self, event: Happened) -> Hashable:
        return tuple(event.node if name == "node" else getattr(event.note, name) for name in self._alike)

    def _began(self, event: Happened) -> None:
        if not self._is_over:
            said = f"{event.node} {event.note.text()}" if event.node else event.note.text()
            self._add(
                event.node if self._clock_of == OWN else self._clock_of, self._key(event), f"{said} (event {event.seq})"
            )

    def _add(self, node: str, key: Hashable, said: str) -> None:
        self._count += 1
        begun = Begun(self._count, self.reading(node), key, self.world.clock.now, said)
        self._open.setdefault(node, deque()).append(begun)

    def _followed(self, event: Happened) -> None:
        if not self._is_over:
            self._judge()
            self._ended[self._key(event)] = self._count

    def look(self, event: Happened) -> None:
        """Ask for what is no event, and see whether time is over."""
        self._judge()
        is_followed = not isinstance(self._effect, type) and bool(self._effect())
        if is_followed:
            self._ended[()] = self._count
        if not isinstance(self._cause, type):
            is_so = bool(self._cause())
            if is_so and not self._was and not is_followed:
                self._add(self._clock_of, (), "it was so")
            self._was = is_so

    def _judge(self) -> None:
        for node, waiting in self._open.items():
            while waiting and waiting[0].number <= self._ended.get(waiting[0].key, 0):
                waiting.popleft()
            if waiting and self.reading(node) - waiting[0].reading > self._within:
                clock = f"by the clock of {node}" if node else "of true time"
                self.break_it(
                    f"{clock_text(waiting[0].at)} {waiting[0].said}, and what has to follow did not within "
                    f"{self._within / SECOND:g} s {clock}: now it is {clock_text(self.world.clock.now)}"
                )

    def finish(self) -> None:
        if not self._is_over:
            self._judge()


@value
class Begun:
    """A cause, and what is known of it."""

    number: int
    reading: int
    """Of the clock that counts, in µs."""
    key: Hashable
    """What has to be alike."""
    at: int
    """True µs."""
    said: str


def _span(within: int, clock_of: str) -> str:
    clock = "" if not clock_of else " by its own clock" if clock_of == OWN else f" by the clock of {clock_of}"
    return f"{within / SECOND:g} s{clock}"
