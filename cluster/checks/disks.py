"""The promises of terms and disks: a term never falls, and a disk that nobody damaged can be read."""

from cluster.checks import Sees, Watcher, on
from cluster.steps import Damage, FailRead, FailSync, FullDisk
from cluster.trace import (
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Delivered,
    Failed,
    Happened,
    Recovered,
    RecoveredSnapshot,
    Started,
    Stepped,
    Wrote,
)


class NeverBack(Watcher):
    promise = "never back"
    says = (
        "the term of a node never falls while it lives, and is never older than its last entry, nor on its disk than "
        "the last entry there (§5.1)"
    )

    def __init__(self) -> None:
        self.terms: dict[str, int] = {}
        """By node: its term as last told."""
        self._snapshot: dict[str, int] = {}
        """By node that is starting: the term of the entry before its log, or of its snapshot."""

    def sees(self) -> Sees:
        return [
            on(Delivered, self.see),
            on(BecameLeader, self.see),
            on(BecameFollower, self.see),
            on(BecameCandidate, self.stood),
            on(Wrote, self.wrote),
            on(RecoveredSnapshot, self.recovered_snapshot),
            on(Recovered, self.recovered),
        ]

    def see(self, event: Happened[Delivered | BecameLeader | BecameFollower | BecameCandidate]) -> None:
        node, term, terms = event.node, event.note.term, self.terms
        before = terms.get(node, 0)
        if term == before:  # as nearly always
            return
        if term < before:
            raise self.broken(f"{node} goes back from term {before} to {term}")
        terms[node] = term

    def stood(self, event: Happened[BecameCandidate]) -> None:
        if not event.note.trial:
            self.see(event)

    def wrote(self, event: Happened[Wrote]) -> None:
        terms, node = event.note.terms, event.node
        if terms and terms[-1] > self.terms.get(node, terms[-1]):
            raise self.broken(f"{node} is in term {self.terms[node]} and writes an entry of term {terms[-1]}")

    def recovered_snapshot(self, event: Happened[RecoveredSnapshot]) -> None:
        self._snapshot[event.node] = event.note.term

    def recovered(self, event: Happened[Recovered]) -> None:
        """A new life: what was not durable of the term may be gone, and with it the entries of that term."""
        note, node = event.note, event.node
        last = note.terms[-1] if note.terms else 0
        last = max(last, self._snapshot.pop(node, 0))
        if last > note.term:
            raise self.broken(f"{node} reads term {note.term} from its disk, and a log that ends in term {last}")
        self.terms[node] = note.term


class SoundDisks(Watcher):
    promise = "sound disks"
    says = "a disk that nobody damaged is read at the next start; a torn end of it is dropped"

    def __init__(self) -> None:
        self._starting: set[str] = set()
        self._excused: set[str] = set()
        """Nodes whose disk was damaged, or refuses writes, by a step of the story."""

    def sees(self) -> Sees:
        return [
            on(Stepped, self.stepped),
            on(Started, self.started),
            on(Recovered, self.recovered),
            on(Failed, self.failed),
        ]

    def stepped(self, event: Happened[Stepped]) -> None:
        step = event.note.step
        if isinstance(step, Damage | FullDisk | FailRead | FailSync):
            self._excused.add(step.node)

    def started(self, event: Happened[Started]) -> None:
        self._starting.add(event.node)

    def recovered(self, event: Happened[Recovered]) -> None:
        self._starting.discard(event.node)

    def failed(self, event: Happened[Failed]) -> None:
        node = event.node
        if node in self._starting and node not in self._excused:
            raise self.broken(f"{node} cannot read its disk, and nobody damaged that: {event.note.error}")
