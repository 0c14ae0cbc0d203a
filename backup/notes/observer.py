"""What the observer says while it leads. Never here: what follows once its commands are applied (agreed.py)."""

from backup.notes.words import DETAIL, NORMAL
from cluster.trace import Note
from cluster.value import value


@value
class ObserverDecided(Note):
    """A line of the decision log, as it was written (rule 5.12)."""

    database: str
    rule: str  # type: ignore[misc]  # here each happening has its own
    sentence: str
    acts: bool
    """Something is asked for, of which the record tells once it is so; else it is only worth knowing."""

    @property
    def weight(self) -> int:
        """What the record tells anyway is detail."""
        return DETAIL if self.acts else NORMAL

    def text(self) -> str:
        return f"observes of {self.database}: {self.sentence}"
