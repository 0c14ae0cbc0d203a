"""Notes about the removal of old backups."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, duration_text
from cluster.time_units import DAY
from cluster.trace import Note
from cluster.value import value


def age_text(age: int) -> str:
    """An age in µs as a sentence shows it: `8.5 days`, or in a smaller unit below two days."""
    return f"{age / DAY:.3g} days" if age >= 2 * DAY else duration_text(age)


@value
class FileLost(Note):
    """A finished backup file was removed or corrupted by nobody of the cluster. No later file of its chain can be restored."""

    path: str
    """Path or address of the destination."""
    folder: str
    file: str
    how: str
    """`removed`, `corrupted` or `expired`."""

    def text(self) -> str:
        return f"has lost {self.folder}/{self.file} in {self.path}: {self.how}"


@value
class FolderExpired(Note):
    """A chain is old enough and is about to be removed. Nobody may rely on it any more."""

    database: str
    task: int
    """The task whose retention removes it."""
    path: str
    """Path or address of the destination."""
    folder: str
    last: int
    """Wall µs of its newest backup that retention looks at."""
    at: int
    """Wall µs of the removal."""
    age: int
    """The age in µs from which on the task's retention removes a backup."""

    def text(self) -> str:
        return (
            f"removes {self.folder} from {self.path}: its newest backup is {age_text(self.at - self.last)} old, "
            f"and task {self.task} of {self.database} keeps {age_text(self.age)}"
        )


@value
class FolderRemoved(Note):
    """The folder of an expired chain was removed."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    path: str
    folder: str

    def text(self) -> str:
        return f"has removed {self.folder} from {self.path}"


@value
class FolderLeft(Note):
    """A chain looks old enough by its name, but its files cannot be read: it stays, because its task is unknown."""

    database: str
    task: int
    path: str
    folder: str
    why: str

    def text(self) -> str:
        return f"leaves {self.folder}, which may be old: {self.why}"


@value
class RetentionFailed(Note):
    """Old backups could not be removed and stay for now; the run itself does not fail (rules 14.5, 14.6)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    path: str
    why: str

    def text(self) -> str:
        return f"removes no old backups of task {self.task} of {self.database}: {self.why}"
