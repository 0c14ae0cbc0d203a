"""The history of a run: every event in order, its listeners, and its digest."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

import attrs
import msgpack

from cluster.checks import Violation, Watcher
from cluster.sim.clock import Clock
from cluster.sim.errors import NoRoom
from cluster.sim.events import Events
from cluster.trace import Happened, Note
from cluster.value import value

N = TypeVar("N", bound=Note)

BLOCK = 1024
"""How many events are hashed together; two runs are compared block by block."""


@value
class Stretch:
    """A stretch of quiet time that was skipped. It is no event of the history, and no part of its digest."""

    after: int
    """`seq` of the last event before it."""
    start: int
    until: int


def _if_concerned(concerns: Callable[[Happened], bool], see: Callable[[Happened], None], event: Happened) -> None:
    if concerns(event):
        see(event)


@value
class FirstBreak:
    """A promise that was broken in a run that went on, or the story's own assertion that ended it."""

    failure: AssertionError
    seq: int
    """The event in which it broke."""
    t: int
    """True µs of that event."""


def packer(kind: type[Note]) -> Callable[[Note], Any]:
    """A function that reads the fields of a kind of note for the digest."""
    names = kind.digested or [field.name for field in attrs.fields(kind)]
    if not names:
        return lambda note: ()
    return attrgetter(*names)


class Packers(dict[type[Note], tuple[str, Callable[[Note], Any]]]):
    """Name and reader of each kind of note, made when the first note of the kind comes."""

    def __missing__(self, kind: type[Note]) -> tuple[str, Callable[[Note], Any]]:
        self[kind] = made = (kind.__name__, packer(kind))
        return made


class History:
    """The events of a run. `add` appends one; `events` holds all, `of` selects a kind."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.events = Events()
        self.stretches: list[Stretch] = []
        self.cause = 0
        """`seq` of the event that caused what happens now; 0 if no event did."""
        self.listeners: dict[type[Note], list[Callable[[Happened], None]]] = defaultdict(list)
        self.followers: list[Callable[[Happened], None]] = []
        """Called with every event, after the watchers of its kind: the live timeline, and what waits for an event."""
        self.heeding: list[Callable[[str, str], None]] = []
        """Called with node and effect when something begins that is not durable yet. It is no event."""
        self.on_failure: Callable[[BaseException], None] = lambda failure: None
        """Called first with a broken promise, or with NoRoom, so that no code on the way can take it for an error of its own."""
        self.keeps_going = False
        """Whether the run goes on when a promise is broken. To be set before there are watchers."""
        self.broken: list[FirstBreak] = []
        """If the run goes on: the first break of each promise, in order."""
        self._broken_names: set[str] = set()
        self.blocks: list[str] = []
        """A digest of each `BLOCK` events with all before: the first that differs shows where two runs first differ."""
        self._recent = self.events.recent
        self._hash = hashlib.blake2b(digest_size=16)
        self._hashed = 0
        self._packers = Packers()

    def __len__(self) -> int:
        return len(self.events)

    def of(self, kind: type[N], node: str = "") -> list[Happened[N]]:
        """The events of a kind, at that node if one is given, in order."""
        found: list[Any] = [each for each in self.events.between(0, kind=kind) if node in ("", each.node)]
        return found

    def watch(self, watcher: Watcher) -> None:
        """Let a watcher see every event of the kinds it names, and of the kinds made of them."""
        for kind, see in watcher.sees():
            self._listen(kind, self._going_on(see))

    def _listen(self, kind: type[Note], see: Callable[[Happened], None]) -> None:
        for each in (kind, *kind.__subclasses__()):
            self.listeners[each].append(see)

    def _going_on(self, see: Callable[[Happened], None]) -> Callable[[Happened], None]:
        if not self.keeps_going:
            return see

        def heed(event: Happened) -> None:
            with self.noting_breaks():
                see(event)

        return heed

    @contextmanager
    def noting_breaks(self) -> Iterator[None]:
        """Note a promise that breaks in the block, and go on.

        A watcher that has seen a promise break may be confused by what follows: its errors do not count from then on.
        """
        try:
            yield
        except Violation as violation:
            if violation.promise not in self._broken_names:
                self._broken_names.add(violation.promise)
                self.note_break(violation)
        except Exception:
            if not self.broken:
                raise

    def note_break(self, failure: AssertionError) -> None:
        """Note that this broke at the last event."""
        self.broken.append(FirstBreak(failure, len(self.events), self.clock.now))

    def watch_within(self, watchers: Iterable[Watcher], concerns: Callable[[Happened], bool]) -> None:
        """Let watchers see only the events of which `concerns` is true."""
        for watcher in watchers:
            for kind, see in watcher.sees():
                self._listen(kind, partial(_if_concerned, concerns, self._going_on(see)))

    def narrow(self, concerns: Callable[[Happened], bool]) -> None:
        """Show those who watch by now only the events of which `concerns` is true."""
        for kind, listening in self.listeners.items():
            self.listeners[kind] = [partial(_if_concerned, concerns, see) for see in listening]

    def add(self, node: str, note: Note, cause: int | None = None) -> int:
        """Append an event now and tell the watchers; return its `seq`."""
        clock, recent = self.clock, self._recent
        clock.stirred = now = clock.now
        seq = recent[-1].seq + 1 if recent else 1
        event = Happened(seq, now, node, self.cause if cause is None else cause, note)
        recent.append(event)
        try:
            if not seq % BLOCK:
                self._digest_block()
                self.events.make_room()
            for see in self.listeners[note.__class__]:
                see(event)
        except (Violation, NoRoom) as failure:
            self.on_failure(failure)
            raise
        if self.followers:
            for follow in self.followers:
                follow(event)
        return seq

    def heed(self, node: str, effect: str) -> None:
        """Tell what waits for it that an effect begins."""
        for each in self.heeding:
            each(node, effect)

    def _digest_block(self) -> None:
        packers = self._packers
        rows = [
            (event.t, event.node, event.cause, (read := packers[(note := event.note).__class__])[0], read[1](note))
            for event in self.events[self._hashed :]
        ]
        self._hash.update(msgpack.packb(rows, use_bin_type=True, unicode_errors="surrogatepass"))
        self._hashed = len(self.events)
        self.blocks.append(self._hash.hexdigest())

    def digest(self) -> str:
        """128 bits over every event so far, as 32 hexadecimal digits. Paths, wall time and sizes are no part of it."""
        if self._hashed < len(self.events):
            self._digest_block()
        return self._hash.hexdigest()
