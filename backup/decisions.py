"""The observers' decisions as a view of a history: what was decided, when, by whom, and why (rules 5.12, 20, 21). Pure.

A node forgets its log when it stops leading (5.1); a history, live or saved, has them all. Never here: deciding
(observer.py), and what came of it (the record's own notes).
"""

from collections.abc import Iterable

from backup.notes import ObserverDecided
from cluster.trace import Happened
from cluster.value import value


@value
class Decision:
    """One line of an observer's log."""

    t: int
    """True µs."""
    observer: str
    """The node that led."""
    database: str
    rule: str
    sentence: str
    acts: bool
    """Something was asked for; else it was only worth knowing."""

    def text(self) -> str:
        """One line."""
        return f"{self.t / 1_000_000:.1f} s, {self.observer}: {self.database}: {self.sentence} ({self.rule})"


def decisions(events: Iterable[Happened], database: str = "") -> list[Decision]:
    """Every decision (on one database), in order."""
    wanted = database.lower()
    return [
        Decision(event.t, event.node, note.database, note.rule, note.sentence, note.acts)
        for event in events
        if isinstance(note := event.note, ObserverDecided) and wanted in ("", note.database.lower())
    ]
