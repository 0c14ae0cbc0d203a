"""The way of a backup to clouds (rules 9.6e, 9.8). Never here: the run that it is a part of (runs.py)."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, duration_text, whose
from cluster.trace import Note
from cluster.value import value


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
