"""What happens to one node's copy of a database. Never here: documents that travel inside a message."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL
from cluster.trace import Note
from cluster.value import value

MANY = 1_000
"""Changes that make a catching up worth telling."""


@value
class CopyOpened(Note):
    """A node has a copy of a database: a new one, or what its disk holds after a restart."""

    weight: ClassVar[int] = DETAIL

    database: int
    """Its id."""
    copy: str
    """The copy's own id: a copy that was wiped and filled again has another."""
    etag: int

    def text(self) -> str:
        return f"opens its copy of database {self.database} at etag {self.etag}"


@value
class CopyClosed(Note):
    """A node gives its copy up: the database is gone, or the node has left its group."""

    database: int
    """Its id."""
    copy: str
    """As in `CopyOpened`."""
    etag: int
    """Of the copy, at the end."""
    told: int
    """The etag up to which another node of the group has all of it; -1 where the database is gone."""
    hard: bool
    """The files go, too."""

    def text(self) -> str:
        why = "which is gone" if self.told < 0 else "whose group it has left"
        return f"gives up its copy of database {self.database}, {why}" + ("" if self.hard else ": the files are put by")


@value
class CopyHolds(Note):
    """What a copy holds has changed, and is durable."""

    weight: ClassVar[int] = DETAIL

    database: int
    """Its id."""
    etag: int
    fingerprint: str
    """`Store.fingerprint`: two copies with one fingerprint hold the same documents."""

    def text(self) -> str:
        return f"holds database {self.database} up to its change {self.etag}"


@value
class TombstonesCleaned(Note):
    """A copy forgets deletions that every other copy, every replication and every backup has (rule 18.5)."""

    database: str
    copy: str
    """As in `CopyOpened`."""
    count: int
    up_to: int
    """Etag of the copy."""
    left: int
    """Tombstones that somebody still needs."""

    def text(self) -> str:
        noun = "deletion" if self.count == 1 else "deletions"
        left = f"; {self.left:,} are still needed" if self.left else ""
        return f"forgets {self.count:,} {noun} in {self.database}, which nobody needs any more{left}"


@value
class DocumentsWritten(Note):
    database: str
    copy: str
    """As in `CopyOpened`."""
    count: int
    """Documents put, changed or deleted by one request."""
    etag: int
    """Of this node's copy, afterwards."""

    def text(self) -> str:
        noun = "document" if self.count == 1 else "documents"
        return f"writes {self.count:,} {noun} in {self.database}"


@value
class CopyLost(Note):
    """What a node's disk holds of a database is no good: it starts with an empty copy, which its peers fill."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: int
    """Its id."""
    why: str

    def text(self) -> str:
        return f"loses its copy of database {self.database}: {self.why}"


@value
class RestoreAbandoned(Note):
    """A restore ended with the life of its node, or failed: what it had made so far goes (rule 17.8)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    why: str

    def text(self) -> str:
        return f"takes back database {self.database}, which was not restored to the end: {self.why}"


@value
class TaskNotRestored(Note):
    """A task in the record of a backup is not in the database that was made from it, or does not run there."""

    weight: ClassVar[int] = HEADLINE

    database: str
    name: str
    why: str

    def text(self) -> str:
        return f"leaves out {self.name!r}, a task of {self.database}: {self.why}"


@value
class DatabaseRestored(Note):
    weight: ClassVar[int] = HEADLINE

    database: str
    folder: str
    files: int
    documents: int
    """That it holds now."""
    fingerprint: str

    def text(self) -> str:
        noun, what = "file" if self.files == 1 else "files", "document" if self.documents == 1 else "documents"
        return f"has restored {self.database} from {self.files} {noun}: {self.documents:,} {what}"


@value
class IndexCaughtUp(Note):
    """An index holds every change of its copy: who asks it now is not told that it is stale."""

    database: int
    """Its id."""
    name: str
    etag: int
    rows: int
    """Documents in the index."""
    documents: int
    """Documents in its collection."""
    fingerprint: str
    """Of its rows."""
    contents: str
    """`Store.fingerprint` of the copy."""
    taken: int
    """Changes of the copy that it took in since it last said so."""

    @property
    def weight(self) -> int:
        """That it was built is news, that it follows is detail."""
        return NORMAL if self.taken >= MANY else DETAIL

    def text(self) -> str:
        noun = "document" if self.rows == 1 else "documents"
        return f"has built index {self.name} of database {self.database} up to its change {self.etag}: {self.rows:,} {noun}"
