"""Notes about the runs of backups on one node, from the plan to the report.

record_notes.py has what the record stores of them.
"""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL, duration_text, kind_text, time_text, whose
from cluster.trace import Note
from cluster.value import value

BETWEEN_REASONS = "; "
"""The separator of the two parts of `BackupPlanned.why`."""
BY_FREQUENCY = "full by its frequency"
"""The second part of `BackupPlanned.why` if the full frequency of the task makes the run full."""


@value
class BackupPlanned(Note):
    """The next run of a task on this node is scheduled (section 8)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    due: int
    """Wall µs at which the run is due."""
    full: bool
    why: str
    """Why it is due then, and why it is full or incremental, with `BETWEEN_REASONS` between."""
    rule: str  # type: ignore[misc]  # a field here, as each note names the rule that decided
    inputs: tuple[tuple[str, str], ...]
    """The inputs of the decision, as names and texts."""

    @property
    def why_full(self) -> str:
        """The second part of `why`: why the run is full or incremental."""
        return self.why.rpartition(BETWEEN_REASONS)[2]

    def text(self) -> str:
        what = kind_text(self.full)
        return f"plans task {self.task} of {self.database} for {time_text(self.due)}, {what}: {self.why}"


@value
class BackupStarted(Note):
    """A run has started on this node."""

    sign: ClassVar[str] = "B"

    database: str
    task: int
    occurrence: int
    """Wall µs of the occurrence of the schedule for which the run starts; earlier than `started_at` if it is late."""
    started_at: int
    full: bool
    path: str
    """The local folder, as the task names it; empty if the file is written in a temporary folder (rule 11.8)."""
    folder: str
    file: str
    etag: int
    """Etag of the copy at the start, up to which the file covers its changes."""
    fingerprint: str
    """`Store.fingerprint` of the copy at the start; a restore up to this file must result in the same."""
    by_hand: bool = False
    """Whether a client asked for the run; else the schedule started it."""
    uploads: tuple[str, ...] = ()
    """Addresses of the clouds to which the file is sent."""

    def text(self) -> str:
        article = "a" if self.full else "an"
        asked = ", as asked for" if self.by_hand else ""
        places = [self.path, *self.uploads] if self.path else self.uploads
        sent = f", for {', '.join(places)}" if self.uploads else ""
        return f"starts {article} {kind_text(self.full)} backup of {whose(self.task, self.database)}{asked}{sent}"


@value
class BackupSkipped(Note):
    """An incremental run found nothing new: it counts as done and writes no file (rule 9.7)."""

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
    """A run has succeeded: its file was written and read back, and this node has stored its status."""

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
            f"has finished the {kind_text(self.full)} backup of {whose(self.task, self.database)}: "
            f"{self.documents:,} document{'' if self.documents == 1 else 's'} in {duration_text(self.duration)}"
        )


@value
class BackupFailed(Note):
    """A run has failed; the task runs again at its next occurrence (rule 8.9)."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    occurrence: int
    started_at: int
    full: bool
    error: str
    explained: bool = True
    """Whether a destination, a key or a damaged file is the cause; False for a bug of this program."""

    def text(self) -> str:
        return f"fails the {kind_text(self.full)} backup of {whose(self.task, self.database)}: {self.error}"


UNWANTED = "which is no longer wanted"
BY_HAND = "as somebody asked for"
PUT_OFF = "which was put off"


@value
class BackupCancelled(Note):
    """A run was cancelled: nothing of it is kept or reported (rules 9.2, 9.12, 15.5, 15.6)."""

    sign: ClassVar[str] = "x"

    database: str
    task: int
    started_at: int
    why: str = UNWANTED
    """One of `UNWANTED`, `BY_HAND` and `PUT_OFF`."""

    def text(self) -> str:
        return f"cancels the backup of {whose(self.task, self.database)}, {self.why}"


@value
class BackupDelayed(Note):
    """A run could not start, as no slot was free or the node was short of a resource; it tries again (rule 9.4)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    until: int
    why: str

    def text(self) -> str:
        return f"puts off task {self.task} of {self.database} until {time_text(self.until)}: {self.why}"


@value
class BackupPostponedHere(Note):
    """A run was postponed on request while there was no leader: only this node knows, until it goes down (rule 15.5)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    until: int
    asked_at: int

    def text(self) -> str:
        return f"puts off task {self.task} of {self.database} until {time_text(self.until)}, and nobody else knows"


@value
class ReportQueued(Note):
    """A run cannot be reported now, so its report waits on this node's disk (rule 24.6)."""

    database: str
    task: int
    started_at: int
    why: str

    def text(self) -> str:
        return f"keeps its report on {whose(self.task, self.database)} for later: {self.why}"


@value
class Reported(Note):
    """A run of this node was reported to the cluster."""

    database: str
    task: int
    started_at: int
    waited: int
    """µs from the end of the run."""
    late: bool
    """Whether the report waited longer than the operation timeout."""

    @property
    def weight(self) -> int:
        """NORMAL for a late report, DETAIL for one on time."""
        return NORMAL if self.late else DETAIL

    def text(self) -> str:
        after = f": late, {duration_text(self.waited)} after it ended" if self.late else ""
        when = time_text(self.started_at)
        return f"has reported the run of {whose(self.task, self.database)} that started {when}{after}"


@value
class ReportGivenUp(Note):
    """The report on a run was given up after `attempts` attempts (rule 10.4)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    started_at: int
    attempts: int
    why: str

    def text(self) -> str:
        when = time_text(self.started_at)
        return f"gives up its report on the run of {whose(self.task, self.database)} that started {when}: {self.why}"


@value
class Uploaded(Note):
    """A file was sent to a cloud and verified there."""

    database: str
    task: int
    started_at: int
    path: str
    """Address of the cloud."""
    folder: str
    file: str
    duration: int

    def text(self) -> str:
        return f"has sent {self.file} to {self.path} in {duration_text(self.duration)}"


@value
class UploadRepeated(Note):
    """A run could not reach a cloud, or could not send its file there; it tries again after a pause."""

    database: str
    task: int
    started_at: int
    path: str
    attempt: int
    error: str

    def text(self) -> str:
        return f"will try again, as attempt {self.attempt} failed: {self.error}"


@value
class UploadFailed(Note):
    """All attempts to reach one of the clouds, or to send a file there, failed, so the run fails (rule 9.8)."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    started_at: int
    path: str
    error: str
    is_last: bool = True
    """Whether no attempt was left; else another would have been in vain: the name is taken, the time is up, or the run is over."""

    def text(self) -> str:
        return f"cannot send the backup of {whose(self.task, self.database)}: {self.error}"
