"""Notes about one node's copy of a database: its documents, indexes and restores."""

from enum import Enum
from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL
from cluster.trace import Note
from cluster.value import value

MANY = 1_000
"""From how many changes on `IndexCaughtUp` is more than a detail."""


@value
class CopyOpened(Note):
    """A node has opened its copy of a database: a new one, or the one on its disk after a restart."""

    weight: ClassVar[int] = DETAIL

    database: int
    """Id of the database."""
    copy: str
    """Database id of the copy; a copy that was wiped and filled again has a new one."""
    etag: int
    """Etag of the copy."""

    def text(self) -> str:
        return f"opens its copy of database {self.database} at etag {self.etag}"


@value
class CopyClosed(Note):
    """A node gives up its copy: the database was deleted, or the node has left its group."""

    database: int
    """Id of the database."""
    copy: str
    """Database id of the copy, as in `CopyOpened`."""
    etag: int
    """Last etag of the copy."""
    told: int
    """The etag up to which another node of the group has all changes of the copy; -1 if the database was deleted."""
    hard: bool
    """Whether the files are deleted, too."""

    def text(self) -> str:
        why = "which is gone" if self.told < 0 else "whose group it has left"
        return f"gives up its copy of database {self.database}, {why}" + ("" if self.hard else ": the files are put by")


@value
class CopyHolds(Note):
    """The contents of a copy have changed, and the change is durable."""

    weight: ClassVar[int] = DETAIL

    database: int
    """Id of the database."""
    etag: int
    """Etag of the copy."""
    fingerprint: str
    """`Store.fingerprint`: two copies with the same fingerprint hold the same documents."""

    def text(self) -> str:
        return f"holds database {self.database} up to its change {self.etag}"


class NeededBy(Enum):
    """Who may need a deletion, so that it is not forgotten yet (rules 18.5, 18.6); the value is a sentence without a full stop."""

    COPY = "node {node} does not have them yet"
    FAREWELL = "node {node} left the group, and may come back with what was deleted"
    DISABLED = "task {task} is disabled"
    CHAIN = "task {task} has not backed them up on this node yet"
    FIRST_RUN = "task {task} has not run on this node yet"
    NEVER_FULL = "task {task} never runs in full"
    FIRST_FULL = "task {task} has not run in full yet"
    NEXT_FULL = "the next full backup of task {task} on {node} is still to come"
    REPLICATION = "external replication {task} has not sent them yet"
    REPLICATION_DISABLED = "external replication {task} is disabled"
    REPLICATION_ELSEWHERE = "external replication {task} may come to this node"
    SOURCE = "another database replicates to this one, and may send what was deleted once more"

    def why(self, node: str, task: int) -> str:
        """The sentence about that node and that task."""
        return self.value.format(node=node, task=task)


@value
class DeletionsKept(Note):
    """A node keeps deletions of a copy, or the leader those of compare-exchange values, as somebody may need one.

    It tells the first reason that it finds, and tells again when another one takes its place, or when none is left that
    it could keep because what was deleted was written again.
    """

    weight: ClassVar[int] = DETAIL

    database: str
    values: bool
    """Whether they are deletions of compare-exchange values, which are kept for all nodes alike."""
    needed_by: str
    """The reason, by its name in `NeededBy`; empty: no deletion is left."""
    of_node: str
    """The node that the reason is about; empty if there is none."""
    task: int
    """The task that the reason is about; 0 if there is none."""

    def text(self) -> str:
        what = "deletions of values" if self.values else "deletions"
        if not self.needed_by:
            return f"keeps no {what} in {self.database} any more"
        return f"keeps {what} in {self.database}, as {NeededBy[self.needed_by].why(self.of_node, self.task)}"


@value
class TombstonesCleaned(Note):
    """A copy has removed tombstones that every other copy, every replication and every backup has (rule 18.5)."""

    database: str
    copy: str
    """Database id of the copy, as in `CopyOpened`."""
    count: int
    """How many tombstones were removed."""
    up_to: int
    """Etag of the copy up to which tombstones were removed."""
    left: int
    """How many tombstones are still needed."""

    def text(self) -> str:
        noun = "deletion" if self.count == 1 else "deletions"
        left = f"; {self.left:,} are still needed" if self.left else ""
        return f"forgets {self.count:,} {noun} in {self.database}, which nobody needs any more{left}"


@value
class DocumentsWritten(Note):
    """A node has carried out a client's request that writes documents."""

    database: str
    copy: str
    """Database id of the copy, as in `CopyOpened`."""
    count: int
    """How many documents one request put, changed or deleted."""
    etag: int
    """Etag of this node's copy afterwards."""

    def text(self) -> str:
        noun = "document" if self.count == 1 else "documents"
        return f"writes {self.count:,} {noun} in {self.database}"


@value
class CopyLost(Note):
    """The copy on a node's disk is damaged: the node starts with an empty copy, which other members fill."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: int
    """Id of the database."""
    why: str

    def text(self) -> str:
        return f"loses its copy of database {self.database}: {self.why}"


@value
class RestoreAbandoned(Note):
    """A restore failed, or its node went down: the unfinished database is removed (rule 17.8)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    why: str

    def text(self) -> str:
        return f"takes back database {self.database}, which was not restored to the end: {self.why}"


@value
class TaskNotRestored(Note):
    """A task in the record of a backup was left out of the restored database, or does not run there."""

    weight: ClassVar[int] = HEADLINE

    database: str
    name: str
    why: str

    def text(self) -> str:
        return f"leaves out {self.name!r}, a task of {self.database}: {self.why}"


@value
class DatabaseRestored(Note):
    """A restore has filled a new database on this node."""

    weight: ClassVar[int] = HEADLINE

    database: str
    folder: str
    files: int
    """How many files were restored."""
    documents: int
    """How many documents the database holds now."""
    fingerprint: str
    """`Store.fingerprint` of the new copy."""

    def text(self) -> str:
        noun, what = "file" if self.files == 1 else "files", "document" if self.documents == 1 else "documents"
        return f"has restored {self.database} from {self.files} {noun}: {self.documents:,} {what}"


@value
class IndexCaughtUp(Note):
    """An index holds every change of its copy: a query at this moment is not stale."""

    database: int
    """Id of the database."""
    name: str
    etag: int
    """Etag of the copy up to which changes are indexed."""
    rows: int
    """How many documents are in the index."""
    documents: int
    """How many documents are in its collection."""
    fingerprint: str
    """Fingerprint of the rows."""
    contents: str
    """`Store.fingerprint` of the copy."""
    taken: int
    """How many changes of the copy were indexed since the last such note."""

    @property
    def weight(self) -> int:
        """NORMAL for an index that had much to catch up, DETAIL for one that follows."""
        return NORMAL if self.taken >= MANY else DETAIL

    def text(self) -> str:
        noun = "document" if self.rows == 1 else "documents"
        return f"has built index {self.name} of database {self.database} up to its change {self.etag}: {self.rows:,} {noun}"
