"""The promise about indexes: one that is not stale agrees with the documents, on every node alike (rule 18.1)."""

from typing import ClassVar

from backup.notes import IndexCaughtUp, IndexDefined
from cluster.checks import Sees, Watcher, on
from cluster.trace import Happened


class IndexesTrue(Watcher):
    promise: ClassVar[str] = "fresh indexes are right"
    says: ClassVar[str] = (
        "an index that is not stale has a row for each document of its collection, and copies with the same documents "
        "have the same rows"
    )

    def __init__(self) -> None:
        self._last: dict[tuple[int, str], dict[str, IndexCaughtUp]] = {}
        """By database id and index: the last note of each node."""

    def sees(self) -> Sees:
        return [on(IndexCaughtUp, self._caught_up), on(IndexDefined, self._defined)]

    def _defined(self, event: Happened[IndexDefined]) -> None:
        for database, name in list(self._last):
            if name == event.note.name.lower():
                del self._last[database, name]  # the results of another definition are not comparable

    def _caught_up(self, event: Happened[IndexCaughtUp]) -> None:
        note = event.note
        if note.rows != note.documents:
            raise self.broken(
                f"{event.node} calls index {note.name} up to date at change {note.etag}, with {note.rows} rows "
                f"for {note.documents} documents"
            )
        told = self._last.setdefault((note.database, note.name.lower()), {})
        for node, other in told.items():
            if other.contents == note.contents and other.fingerprint != note.fingerprint:
                raise self.broken(
                    f"{event.node} and {node} hold the same documents, and index {note.name} says other things of them"
                )
        told[event.node] = note
