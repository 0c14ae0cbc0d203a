"""What can happen to backups, one class a kind: what a timeline shows, a watcher reads and a digest covers.

Those that every node says when it applies an entry are `Agreed`. No note holds a path of the real file system, a size
after compression, or a time of the real machine. Instants are wall µs of the node that says it, durations µs.
"""

from typing import ClassVar

from cluster.instant import HOUR, MINUTE, SECOND, as_datetime
from cluster.trace import Agreed, Note
from cluster.value import value

DETAIL, NORMAL, HEADLINE = range(3)


def time_text(instant: int) -> str:
    """A wall instant as a sentence shows it: `2024-01-01 02:00:00`, in UTC."""
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")


def duration_text(duration: int) -> str:
    """A duration in its largest unit: `1.2 s`, `45 min`, `3.5 h`."""
    for unit, name in ((HOUR, "h"), (MINUTE, "min")):
        if duration >= unit:
            return f"{duration / unit:.3g} {name}"
    return f"{duration / SECOND:.3g} s"


def _kind(full: bool) -> str:
    return "full" if full else "incremental"


# ---- what all members agree on ----


@value
class DatabaseCreated(Agreed):
    database: str
    members: tuple[str, ...]

    def text(self) -> str:
        return f"records: database {self.database} exists, on {', '.join(self.members)}"


@value
class DatabaseDeleted(Agreed):
    database: str

    def text(self) -> str:
        return f"records: database {self.database} is gone"


@value
class TaskDefined(Agreed):
    """What a task is from this entry on, with all that says when it is due and who may run it."""

    database: str
    task: int
    name: str
    full: str
    """Cron texts; empty for none."""
    incremental: str
    mentor: str
    """Empty for none."""
    pinned: bool
    disabled: bool
    """By hand, or because it has no usable destination."""
    created_at: int
    paths: tuple[str, ...]
    """Of its local folders, as the task names them."""
    change: str
    """`defined`, `changed`, `enabled`, `disabled`."""

    def text(self) -> str:
        return f"records: task {self.task} of {self.database}, {self.name!r}, is {self.change}"


@value
class TaskRemoved(Agreed):
    database: str
    task: int

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} is gone"


@value
class OwnerChanged(Agreed):
    """Another node is responsible for a task, or the first one is."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    owner_before: str
    """Empty: nobody."""
    owner_after: str
    reason: str
    """Name of the `Reason`, as RavenDB has it."""
    rule: str  # type: ignore[misc]  # here each happening has its own
    inputs: tuple[tuple[str, str], ...]
    """What was looked at, as names and texts."""
    sentence: str

    def text(self) -> str:
        before = f"from {self.owner_before} " if self.owner_before else ""
        return f"records: task {self.task} of {self.database} goes {before}to {self.owner_after}: {self.sentence}"


@value
class MoveAnnounced(Agreed):
    """The owner does not respond; unless it comes back, the task will move (rule 7.8)."""

    database: str
    task: int
    owner: str
    not_suitable_since: int
    moves_at: int

    def text(self) -> str:
        return (
            f"records: task {self.task} of {self.database} will leave {self.owner}, which does not respond, "
            f"at {time_text(self.moves_at)}"
        )


@value
class MoveCalledOff(Agreed):
    """The owner is suitable again in time: the task stays."""

    database: str
    task: int
    owner: str

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} stays with {self.owner} after all"


@value
class TopologyChanged(Agreed):
    """The group of a database is another: members, promotables and rehabs, each in order."""

    database: str
    members_before: tuple[str, ...]
    promotables_before: tuple[str, ...]
    rehabs_before: tuple[str, ...]
    members: tuple[str, ...]
    promotables: tuple[str, ...]
    rehabs: tuple[str, ...]
    why: str

    def text(self) -> str:
        return f"records: the group of {self.database} is {self._group()}: {self.why}"

    def _group(self) -> str:
        parts = [" ".join(self.members) or "nobody"]
        if self.promotables:
            parts.append(f"promotable {' '.join(self.promotables)}")
        if self.rehabs:
            parts.append(f"in rehab {' '.join(self.rehabs)}")
        return ", ".join(parts)


@value
class StatusStored(Agreed):
    """A run was reported (sections 4, 10)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    node: str
    started_at: int
    full: bool
    version: int
    error: str
    """Empty where it succeeded."""
    newest: bool
    """Whether it became the task's status; not so if a run that started later was reported before (rule 24.6)."""

    def text(self) -> str:
        how = f"failed ({self.error})" if self.error else "succeeded"
        return (
            f"records: {self.node}'s {_kind(self.full)} backup of task {self.task} of {self.database}, "
            f"started {time_text(self.started_at)}, {how}"
        )


# ---- what one node does ----


@value
class BackupPlanned(Note):
    """The next run of a task on this node is armed (section 8)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    due: int
    full: bool
    why: str
    rule: str  # type: ignore[misc]  # here each happening has its own

    def text(self) -> str:
        what = _kind(self.full)
        return f"plans task {self.task} of {self.database} for {time_text(self.due)}, {what}: {self.why}"


@value
class BackupStarted(Note):
    sign: ClassVar[str] = "B"

    database: str
    task: int
    occurrence: int
    """The occurrence of the task's schedule that it answers; earlier than `started_at` when it is late."""
    started_at: int
    full: bool
    path: str
    """The destination, as the task names it."""
    folder: str
    file: str
    etag: int
    """Of the copy, at the start: what the file covers."""
    fingerprint: str
    """`Store.fingerprint` of the copy at the start: what a restore up to this file must give."""

    def text(self) -> str:
        article = "a" if self.full else "an"
        return f"starts {article} {_kind(self.full)} backup of task {self.task} of {self.database}"


@value
class BackupSkipped(Note):
    """An incremental with nothing new counts as done and writes no file (rule 9.7)."""

    sign: ClassVar[str] = "b"

    database: str
    task: int
    occurrence: int
    started_at: int
    etag: int

    def text(self) -> str:
        return f"has nothing new to back up for task {self.task} of {self.database}"


@value
class BackupFinished(Note):
    """Written, read back, and on the books of this node."""

    sign: ClassVar[str] = "b"

    database: str
    task: int
    started_at: int
    full: bool
    folder: str
    file: str
    documents: int
    tombstones: int
    duration: int

    def text(self) -> str:
        return (
            f"has finished the {_kind(self.full)} backup of task {self.task} of {self.database}: "
            f"{self.documents:,} document{'' if self.documents == 1 else 's'} in {duration_text(self.duration)}"
        )


@value
class BackupFailed(Note):
    """The run is over and did not succeed; the next one is the next occurrence (rule 8.9)."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    occurrence: int
    started_at: int
    full: bool
    error: str

    def text(self) -> str:
        return f"fails the {_kind(self.full)} backup of task {self.task} of {self.database}: {self.error}"


@value
class BackupCancelled(Note):
    """The task was disabled or removed while it ran (rules 9.2, 9.12)."""

    sign: ClassVar[str] = "x"

    database: str
    task: int
    started_at: int

    def text(self) -> str:
        return f"cancels the backup of task {self.task} of {self.database}, which is no longer wanted"


@value
class BackupDelayed(Note):
    """It found no free slot and asks again (rule 9.4)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    until: int
    why: str

    def text(self) -> str:
        return f"puts off task {self.task} of {self.database} until {time_text(self.until)}: {self.why}"


@value
class ReportQueued(Note):
    """Nobody can be told of a run now; it waits on this node's disk (rule 24.6)."""

    database: str
    task: int
    started_at: int
    why: str

    def text(self) -> str:
        return f"keeps its report on task {self.task} of {self.database} for later: {self.why}"


@value
class Reported(Note):
    """The cluster knows of a run of this node."""

    database: str
    task: int
    started_at: int
    waited: int
    """From the end of the run."""
    late: bool
    """It waited longer than the operation timeout."""

    @property
    def weight(self) -> int:
        """A report on time is detail, a late one news."""
        return NORMAL if self.late else DETAIL

    def text(self) -> str:
        after = f": late, {duration_text(self.waited)} after it ended" if self.late else ""
        when = time_text(self.started_at)
        return f"has reported the run of task {self.task} of {self.database} that started {when}{after}"


@value
class ReportGivenUp(Note):
    """The cluster will not learn of a run from its report (rule 10.4)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    started_at: int
    attempts: int
    why: str

    def text(self) -> str:
        when = time_text(self.started_at)
        return f"gives up its report on the run of task {self.task} of {self.database} that started {when}: {self.why}"


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
class DatabaseRestored(Note):
    weight: ClassVar[int] = HEADLINE

    database: str
    folder: str
    files: int
    documents: int
    """That it holds now."""
    fingerprint: str

    def text(self) -> str:
        noun = "file" if self.files == 1 else "files"
        return f"has restored {self.database} from {self.files} {noun}: {self.documents:,} documents"
