"""The promises about documents: acknowledged writes survive, and copies that can communicate converge (rules 19.1 to 19.3)."""

from itertools import combinations
from typing import ClassVar

from backup.checks.model import Model
from backup.notes import CopyClosed, CopyHolds, CopyOpened, DatabaseCreated, DatabaseRemoved, DocumentsWritten
from cluster.checks import Sees, Watcher, on
from cluster.time_units import MINUTE
from cluster.trace import Ended, Happened

CALM = 5 * MINUTE
"""µs without a disturbance or a change after which copies must agree: several times the longest retry of replication."""


class DocumentsKept(Watcher):
    promise: ClassVar[str] = "documents kept"
    says: ClassVar[str] = (
        "a copy that comes back from the disk holds every document its node has answered for (19.1), and one that is "
        "given up has told the group of them (5.15)"
    )

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str], int] = {}
        """By node and copy: the etag up to which it has acknowledged writes."""

    def sees(self) -> Sees:
        return [on(DocumentsWritten, self._written), on(CopyOpened, self._opened), on(CopyClosed, self._closed)]

    def _written(self, event: Happened[DocumentsWritten]) -> None:
        note = event.note
        key = (event.node, note.copy)
        self._answered[key] = max(note.etag, self._answered.get(key, 0))

    def _opened(self, event: Happened[CopyOpened]) -> None:
        note = event.note
        answered = self._answered.get((event.node, note.copy), 0)
        if note.etag < answered:
            raise self.broken(f"{event.node} answered for change {answered} and comes back with {note.etag}")

    def _closed(self, event: Happened[CopyClosed]) -> None:
        note = event.note
        answered = self._answered.get((event.node, note.copy), 0)
        if 0 <= note.told < answered:
            raise self.broken(
                f"{event.node} answered for change {answered} and gives its copy of database {note.database} up "
                f"while the group has it up to {note.told}"
            )


class CopyContents:
    """The contents of every copy, as its node last noted them."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._held: dict[int, dict[str, str]] = {}
        """By database id and node: the fingerprint of its copy."""
        self.changed_at = 0

    def sees(self) -> Sees:
        """The events that a watcher with these contents must see."""
        return [on(CopyHolds, self._holds), on(CopyClosed, self._closed)]

    def _holds(self, event: Happened[CopyHolds]) -> None:
        self._held.setdefault(event.note.database, {})[event.node] = event.note.fingerprint
        self.changed_at = event.t

    def _closed(self, event: Happened[CopyClosed]) -> None:
        self._held.get(event.note.database, {}).pop(event.node, None)

    def prints(self, name: str, database_id: int) -> dict[str, str]:
        """The fingerprints of a database's copies, by node, as far as a node of the group can act and has one."""
        held = self._held.get(database_id, {})
        nodes = self._model.group(name).nodes
        return {node: held[node] for node in nodes if self._model.can_act(node) and node in held}


class CopiesAgree(Watcher):
    promise: ClassVar[str] = "copies agree"
    says: ClassVar[str] = (
        "after minutes of calm, copies of a database on nodes that hear each other hold the same documents (19.2, 19.3)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._names: dict[int, str] = {}
        self._contents = CopyContents(model)

    def sees(self) -> Sees:
        ours: Sees = [on(DatabaseCreated, self._created), on(DatabaseRemoved, self._deleted), on(Ended, self._ended)]
        return [*ours, *self._contents.sees()]

    def _created(self, event: Happened[DatabaseCreated]) -> None:
        self._names[event.note.index] = event.note.database

    def _deleted(self, event: Happened[DatabaseRemoved]) -> None:
        gone, index = event.note.database, event.note.index
        self._names = {known: name for known, name in self._names.items() if name != gone or known >= index}

    def _ended(self, event: Happened) -> None:
        if event.t - max(self._contents.changed_at, self._model.disturbed_at) < CALM:
            return
        for database_id, name in self._names.items():
            held = self._contents.prints(name, database_id)
            differ = {
                node
                for one, other in combinations(held, 2)
                if held[one] != held[other] and self._model.links.hear(one, other)
                for node in (one, other)
            }
            if differ:
                listed = ", ".join(node for node in held if node in differ)
                raise self.broken(f"the copies of {name} on {listed} differ after minutes of calm")
