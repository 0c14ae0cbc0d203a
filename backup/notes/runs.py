"""The life of a backup on one node, from the plan to the report. Never here: what the cluster makes of it."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL, duration_text, kind_text, time_text
from cluster.trace import Note
from cluster.value import value


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
        what = kind_text(self.full)
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
        return f"starts {article} {kind_text(self.full)} backup of task {self.task} of {self.database}"


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
            f"has finished the {kind_text(self.full)} backup of task {self.task} of {self.database}: "
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
        return f"fails the {kind_text(self.full)} backup of task {self.task} of {self.database}: {self.error}"


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
