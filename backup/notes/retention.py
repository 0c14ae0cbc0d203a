"""What becomes of old backups. Never here: which may go (retention.py)."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, duration_text
from cluster.time_units import DAY
from cluster.trace import Note
from cluster.value import value


def age_text(age: int) -> str:
    """`8.5 days`, or less in smaller units."""
    return f"{age / DAY:.3g} days" if age >= 2 * DAY else duration_text(age)


@value
class FolderExpired(Note):
    """A chain is old enough to go, and is about to. From here on nobody may count on it."""

    database: str
    task: int
    """That removes it."""
    path: str
    folder: str
    last: int
    """Wall µs of its newest backup, as far as the rules look."""
    at: int
    """Wall µs."""
    age: int
    """From which on the task lets a backup go."""

    def text(self) -> str:
        return (
            f"removes {self.folder}: its newest backup is {age_text(self.at - self.last)} old, "
            f"and task {self.task} of {self.database} keeps {age_text(self.age)}"
        )


@value
class FolderRemoved(Note):
    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    path: str
    folder: str

    def text(self) -> str:
        return f"has removed {self.folder}"


@value
class FolderLeft(Note):
    """A chain looks old enough by its name, and cannot be looked into: it stays, as nobody knows whose it is."""

    database: str
    task: int
    path: str
    folder: str
    why: str

    def text(self) -> str:
        return f"leaves {self.folder}, which may be old: {self.why}"


@value
class RetentionFailed(Note):
    """Old backups stay for now; the backup itself is none the worse for it (rules 14.5, 14.6)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    path: str
    why: str

    def text(self) -> str:
        return f"removes no old backups of task {self.task} of {self.database}: {self.why}"
