"""The model of all logs that the promises of consensus share, made of what the trace says was written and recovered.

A log may lose its beginning to a snapshot. What every node has lost is dropped here too, so the model is as large as
the longest log and not as the history.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import ClassVar

from cluster.checks import Sees, Watcher, on
from cluster.trace import (
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Compacted,
    Crashed,
    Happened,
    Recovered,
    RecoveredSnapshot,
    SnapshotInstalled,
    Wrote,
)

Content = tuple[int, int]
"""An entry as the trace shows it: term and digest."""


class Held:
    """The contents of one log by index, from `base + 1` on."""

    __slots__ = ("base", "base_term", "contents", "last")

    def __init__(self, base: int = 0, base_term: int = 0) -> None:
        self.base = base
        self.base_term = base_term
        self.contents: list[Content] = []
        self.last = base
        """Index of the last content, `base` if there is none. It is kept because it is needed at every event."""

    def at(self, index: int) -> Content:
        """The content at `index`, which must lie in `base + 1`..`last`."""
        return self.contents[index - self.base - 1]

    def add(self, content: Content) -> None:
        """Add the content after the last one."""
        self.contents.append(content)
        self.last += 1

    def cut(self, after: int) -> None:
        """Drop everything after `after`, which must not lie before `base`."""
        if after < self.last:
            del self.contents[after - self.base :]
            self.last = after

    def forget(self, base: int) -> None:
        """Drop everything up to `base`, unless that was done."""
        if base > self.base:
            self.base_term = self.at(base)[0] if base <= self.last else self.base_term
            del self.contents[: base - self.base]
            self.base, self.last = base, max(self.last, base)


class Logs(Watcher):
    """The model of all logs, and the promise of *log matching*, which lets each entry be checked once."""

    promise = "log matching"
    says = "two logs that hold an entry of the same index and term agree on everything up to it (§5.3)"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.held: dict[str, Held] = defaultdict(Held, {name: Held() for name in names})
        """Each node's log, also of nodes that joined later; for a node that is down, its log before."""
        self.commit: dict[str, int] = defaultdict(int)
        self.term: dict[str, int] = defaultdict(int)
        """Each node's term. `TrueMatch`, the only watcher of messages, updates it too."""
        self.leads: dict[str, int] = defaultdict(int)
        """The term that a node leads, 0 if it does not lead."""
        self.committed = Held()
        """The contents that were committed, by the node that committed each first."""
        self.committed_in: list[int] = []
        """The term in which each of `committed` was committed."""
        self._known: dict[tuple[int, int], tuple[int, int]] = {}
        """By index and term of an entry: the term of the entry before it, and its digest."""
        self._found: dict[str, tuple[int, int]] = {}
        self._forgotten = 0

    def sees(self) -> Sees:
        return [
            on(Wrote, self.wrote),
            on(RecoveredSnapshot, self.recovered_snapshot),
            on(Recovered, self.recovered),
            on(Compacted, self.compacted),
            on(SnapshotInstalled, self.installed),
            on(BecameLeader, self.became_leader),
            on(BecameFollower, self.became_other),
            on(BecameCandidate, self.became_other),
            on(Crashed, self.became_other),
        ]

    def holds(self, node: str, index: int, content: Content) -> bool:
        """Whether the node's log holds this entry, or its snapshot covers it. What a snapshot covers was committed."""
        held = self.held[node]
        if held.base < index <= held.last:
            return held.at(index) == content
        return 0 < index <= held.base and self.agreed(index) in (None, content)

    def last(self, node: str) -> tuple[int, int]:
        """Term and index of the last entry of a node's log: the greater, the more up to date (§5.4.1)."""
        held = self.held[node]
        return held.contents[-1][0] if held.contents else held.base_term, held.last

    def agreed(self, index: int) -> Content | None:
        """The content committed at `index`; None if nothing was, or if it is dropped."""
        committed = self.committed
        return committed.at(index) if committed.base < index <= committed.last else None

    def wrote(self, event: Happened[Wrote]) -> None:
        note = event.note
        held = self.held[event.node]
        if note.after > held.last:
            raise self.broken(f"{event.node} writes after entry {note.after} and holds only {held.last} entries")
        if note.after < held.base:
            raise self.broken(f"{event.node} writes after entry {note.after}, and its snapshot stands for {held.base}")
        if note.after < held.last:
            held.cut(note.after)
        self._extend(event.node, held, note.terms, note.digests, "writes")

    def recovered_snapshot(self, event: Happened[RecoveredSnapshot]) -> None:
        note = event.note
        self._found[event.node] = note.base, note.base_term

    def recovered(self, event: Happened[Recovered]) -> None:
        note = event.note
        held = self.held[event.node] = Held(*self._found.pop(event.node, (0, 0)))
        self._extend(event.node, held, note.terms, note.digests, "reads")
        self.commit[event.node] = note.commit
        self.term[event.node] = note.term

    def compacted(self, event: Happened[Compacted]) -> None:
        note = event.note
        self.held[event.node].forget(note.base)
        self._forget()

    def installed(self, event: Happened[SnapshotInstalled]) -> None:
        note = event.note
        self.held[event.node] = Held(note.index, note.term)
        self.commit[event.node] = note.index
        self._forget()

    def _forget(self) -> None:
        """Drop what no node has in its log any more."""
        lowest = min(held.base for held in self.held.values())
        if lowest > self._forgotten:
            for index in range(self._forgotten + 1, lowest + 1):
                agreed = self.agreed(index)
                if agreed is not None:
                    self._known.pop((index, agreed[0]), None)
            self._forgotten = lowest
            del self.committed_in[: lowest - self.committed.base]
            self.committed.forget(lowest)

    def _extend(self, node: str, held: Held, terms: Iterable[int], digests: Iterable[int], does: str) -> None:
        contents, known = held.contents, self._known
        previous = contents[-1][0] if contents else held.base_term
        for content in zip(terms, digests, strict=True):
            held.last = index = held.last + 1
            term, digest = content
            value = (previous, digest)
            if known.setdefault((index, term), value) != value:
                raise self.broken(f"{node} {does} another entry {index} of term {term} than was written before")
            contents.append(content)
            previous = term

    def became_leader(self, event: Happened[BecameLeader]) -> None:
        note = event.note
        self.leads[event.node] = self.term[event.node] = note.term

    def became_other(self, event: Happened[BecameFollower | BecameCandidate | Crashed]) -> None:
        note = event.note
        self.leads[event.node] = 0
        if isinstance(note, BecameFollower) or (isinstance(note, BecameCandidate) and not note.trial):
            self.term[event.node] = note.term


class OnLogs(Watcher):
    """A watcher that reads the model of the logs. Each event reaches the model first."""

    promise: ClassVar[str]
    says: ClassVar[str]

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
