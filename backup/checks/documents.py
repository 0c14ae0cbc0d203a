"""The promise about documents: what a node says it has written is in its copy, whatever crashes (rule 19.1)."""

from typing import ClassVar

from backup.checks.model import Sees
from backup.notes import CopyOpened, DocumentsWritten
from cluster.checks import Watcher
from cluster.trace import Happened


class DocumentsKept(Watcher):
    promise: ClassVar[str] = "documents kept"
    says: ClassVar[str] = "a copy that comes back from the disk holds every document its node has answered for (19.1)"

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str], int] = {}
        """By node and copy: the etag up to which it has answered."""

    def sees(self) -> Sees:
        return {DocumentsWritten: self._written, CopyOpened: self._opened}

    def _written(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, DocumentsWritten)
        key = (event.node, note.copy)
        self._answered[key] = max(note.etag, self._answered.get(key, 0))

    def _opened(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, CopyOpened)
        answered = self._answered.get((event.node, note.copy), 0)
        if note.etag < answered:
            raise self.broken(f"{event.node} answered for change {answered} and comes back with {note.etag}")
