"""The life of a backup on one node, from the plan to the report. Never here: what the cluster makes of it."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL, duration_text, kind_text, time_text, whose
from cluster.trace import Note
from cluster.value import value

BETWEEN_REASONS = "; "
"""Between the two parts of `BackupPlanned.why`."""
BY_FREQUENCY = "full by its frequency"
"""The second part of it, where the full frequency of the task makes the run full."""


@value
class BackupPlanned(Note):
    """The next run of a task on this node is armed (section 8)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    due: int
    full: bool
    why: str
    """Why it is due then, and why it is full or incremental, with `BETWEEN_REASONS` between."""
    rule: str  # type: ignore[misc]  # here each happening has its own
    inputs: tuple[tuple[str, str], ...]
    """What was looked at, as names and texts."""

    @property
    def why_full(self) -> str:
        """The second part of `why`: why the run is full or incremental."""
        return self.why.rpartition(BETWEEN_REASONS)[2]

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
    """The local folder, as the task names it; empty: the file is built in a temporary place (rule 11.8)."""
    folder: str
    file: str
    etag: int
    """Of the copy, at the start: what the file covers."""
    fingerprint: str
    """`Store.fingerprint` of the copy at the start: what a restore up to this file must give."""
    by_hand: bool = False
    """Not by the clock: somebody asked for it now."""
    uploads: tuple[str, ...] = ()
    """Addresses of the clouds that it is sent to."""

    def text(self) -> str:
        article = "a" if self.full else "an"
        asked = ", as asked for" if self.by_hand else ""
        sent = f", for {' and '.join(self.uploads)}" if self.uploads else ""
        return f"starts {article} {kind_text(self.full)} backup of {whose(self.task, self.database)}{asked}{sent}"


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
            f"has finished the {kind_text(self.full)} backup of {whose(self.task, self.database)}: "
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
    explained: bool = True
    """The place, the key or the file that came back was to blame, and not this program."""

    def text(self) -> str:
        return f"fails the {kind_text(self.full)} backup of {whose(self.task, self.database)}: {self.error}"


UNWANTED = "which is no longer wanted"
BY_HAND = "as somebody asked for"
PUT_OFF = "which was put off"


@value
class BackupCancelled(Note):
    """It was ended while it ran: nothing of it is kept or told (rules 9.2, 9.12, 15.5, 15.6)."""

    sign: ClassVar[str] = "x"

    database: str
    task: int
    started_at: int
    why: str = UNWANTED
    """`UNWANTED`, `BY_HAND` or `PUT_OFF`."""

    def text(self) -> str:
        return f"cancels the backup of {whose(self.task, self.database)}, {self.why}"


@value
class BackupDelayed(Note):
    """It found no free slot, or its node short of something, and asks again (rule 9.4)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    until: int
    why: str

    def text(self) -> str:
        return f"puts off task {self.task} of {self.database} until {time_text(self.until)}: {self.why}"


@value
class BackupPostponedHere(Note):
    """It was put off by hand while nobody led: this node alone knows, until it goes down (rule 15.5)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    until: int
    asked_at: int

    def text(self) -> str:
        return f"puts off task {self.task} of {self.database} until {time_text(self.until)}, and nobody else knows"


@value
class ReportQueued(Note):
    """Nobody can be told of a run now; it waits on this node's disk (rule 24.6)."""

    database: str
    task: int
    started_at: int
    why: str

    def text(self) -> str:
        return f"keeps its report on {whose(self.task, self.database)} for later: {self.why}"


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
        return f"has reported the run of {whose(self.task, self.database)} that started {when}{after}"


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
        return f"gives up its report on the run of {whose(self.task, self.database)} that started {when}: {self.why}"


@value
class Uploaded(Note):
    """A cloud has the whole file, and has given it back as it was."""

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
    """An upload failed and is tried again in a while."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    started_at: int
    path: str
    attempt: int
    error: str

    def text(self) -> str:
        return f"will try again, as attempt {self.attempt} to send a file failed: {self.error}"


@value
class UploadFailed(Note):
    """One of the clouds does not have the file, and with that the run has failed (rule 9.8)."""

    sign: ClassVar[str] = "x"
    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    started_at: int
    path: str
    error: str

    def text(self) -> str:
        return f"cannot send the backup of {whose(self.task, self.database)}: {self.error}"
