"""The promises of states: an index has one on every node, a snapshot holds it, and never sets a node back."""

from typing import NoReturn

from cluster.checks import Sees, Watcher, on
from cluster.checks.logs import Logs, OnLogs
from cluster.trace import (
    Committed,
    Compacted,
    Happened,
    Recovered,
    RecoveredSnapshot,
    Restored,
    SnapshotInstalled,
    SnapshotTaken,
    StateAltered,
    StateSampled,
)


class StateOrder(OnLogs):
    promise = "state order"
    says = "on every node compacted <= snapshot <= applied <= committed <= last, and no snapshot takes a node back (§7)"

    def __init__(self, logs: Logs) -> None:
        super().__init__(logs)
        self.snapshot: dict[str, int] = {}
        self.commit: dict[str, int] = {}
        self._found: dict[str, int] = {}

    def sees(self) -> Sees:
        return [
            on(RecoveredSnapshot, self.found),
            on(Recovered, self.recovered),
            on(Committed, self.committed),
            on(SnapshotTaken, self.taken),
            on(Compacted, self.compacted),
            on(SnapshotInstalled, self.installed),
        ]

    def found(self, event: Happened[RecoveredSnapshot]) -> None:
        note = event.note
        self._found[event.node] = note.index
        if note.base > note.index:
            raise self.broken(
                f"{event.node} reads a log that begins after entry {note.base} and a snapshot up to {note.index} only"
            )

    def recovered(self, event: Happened[Recovered]) -> None:
        note, node = event.note, event.node
        self.snapshot[node] = snapshot = self._found.pop(node, 0)
        self.commit[node] = note.commit
        if not snapshot <= note.commit <= note.index:
            raise self.broken(
                f"{node} reads a snapshot up to {snapshot}, a commit up to {note.commit} and a log up to {note.index}"
            )

    def committed(self, event: Happened[Committed]) -> None:
        note, node = event.note, event.node
        before = self.commit.get(node, 0)
        if note.index < before:
            raise self.broken(f"{node} commits up to {note.index} after it committed up to {before}")
        self.commit[node] = note.index

    def taken(self, event: Happened[SnapshotTaken]) -> None:
        note, node = event.note, event.node
        before, commit = self.snapshot.get(node, 0), self.commit.get(node, 0)
        if not before < note.index <= commit:
            raise self.broken(
                f"{node} takes a snapshot up to entry {note.index}; its last goes up to {before}, and {commit} is committed"
            )
        self.snapshot[node] = note.index

    def compacted(self, event: Happened[Compacted]) -> None:
        note, node = event.note, event.node
        snapshot = self.snapshot.get(node, 0)
        if note.base > snapshot:
            raise self.broken(f"{node} forgets its log up to {note.base}, and its snapshot goes up to {snapshot} only")

    def installed(self, event: Happened[SnapshotInstalled]) -> None:
        note, node = event.note, event.node
        commit = self.commit.get(node, 0)
        if note.index <= commit:
            raise self.broken(f"{node} installs a snapshot up to {note.index} and has committed up to {commit} already")
        self.snapshot[node] = self.commit[node] = note.index


class EqualSnapshots(OnLogs):
    promise = "equal snapshots"
    says = "a snapshot is of its last entry's term, and holds the state that its index has on every node (§7)"

    def __init__(self, logs: Logs) -> None:
        super().__init__(logs)
        self.states: dict[int, tuple[str, int]] = {}
        """By index: the node that had that state first, and its digest."""

    def sees(self) -> Sees:
        return [on(SnapshotTaken, self.taken), on(SnapshotInstalled, self.installed), on(Restored, self.restored)]

    def taken(self, event: Happened[SnapshotTaken]) -> None:
        note = event.note
        self._term(event.node, "takes", note.index, note.term)
        self._state(event.node, "takes a snapshot", note.index, note.digest)

    def installed(self, event: Happened[SnapshotInstalled]) -> None:
        note = event.note
        self._term(event.node, "installs", note.index, note.term)

    def restored(self, event: Happened[Restored]) -> None:
        note = event.note
        self._state(event.node, "restores a snapshot", note.index, note.digest)

    def _term(self, node: str, does: str, index: int, term: int) -> None:
        agreed = self.logs.agreed(index)
        if agreed is not None and agreed[0] != term:
            raise self.broken(
                f"{node} {does} a snapshot up to entry {index} of term {term}, which is of term {agreed[0]}"
            )

    def _state(self, node: str, does: str, index: int, digest: int) -> None:
        first, known = self.states.setdefault(index, (node, digest))
        if known != digest:
            raise self.broken(f"{node} {does} up to entry {index} and has another state there than {first}")


class EqualStates(Watcher):
    promise = "equal states"
    says = "an index has the same state and the same answers on every node, and no later entry changes them (§5.4.3)"

    def __init__(self) -> None:
        self._states: dict[int, tuple[str, int]] = {}
        """By index: the node whose state was sampled there first, and its digest."""
        self._answers: dict[tuple[int, int], tuple[str, int]] = {}
        """By first and last index: the node whose answers were sampled first, and their digest."""

    def sees(self) -> Sees:
        return [on(StateSampled, self.sampled), on(StateAltered, self.altered)]

    def sampled(self, event: Happened[StateSampled]) -> None:
        note, node = event.note, event.node
        first, state = self._states.setdefault(note.index, (node, note.state))
        if state != note.state:
            self._apart(node, first, "has another state", note.index)
        first, answers = self._answers.setdefault((note.since, note.index), (node, note.answers))
        if answers != note.answers:
            self._apart(node, first, "has given other answers", note.index)

    def _apart(self, node: str, first: str, what: str, index: int) -> NoReturn:
        than = f"than {first}" if first != node else "than before its restart"
        raise self.broken(f"{node} {what} up to entry {index} {than}: apply may go by the state and the command alone")

    def altered(self, event: Happened[StateAltered]) -> None:
        note = event.note
        raise self.broken(
            f"{event.node} has applied {note.command}, entry {note.index}, and the state before it is not what it was: "
            "apply changes the state in place, where it should return a new one"
        )
