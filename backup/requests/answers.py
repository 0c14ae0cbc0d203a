"""What a node shows to who asks: how tasks, backups and their runs stand, and what the observer decided. Frozen values.

It depends on the node that is asked (20.2). Never here: how a view is made (backup/node/views.py).
"""

from backup.notes.words import duration_text, time_text
from backup.record.record import Sent
from cluster.time_units import DAY
from cluster.value import value


@value
class Operation:
    """A run under way (rules 9.3, 15.1)."""

    node: str
    number: int
    """Counts the runs of one life of that node."""
    task: int
    """0: a one-time backup."""
    full: bool
    """As it was begun; one that finds nothing to build on becomes full."""


@value
class RunProgress:
    """How far a run has come: what is in its file by now, of what is to be there (rule 20.1)."""

    items: int
    """Documents, tombstones and revisions."""
    of_items: int
    bytes: int
    """Before compression, roughly."""
    of_bytes: int
    verifying: bool = False
    """All is written, and is being read back."""


@value
class NextBackup:
    """The next estimated backup."""

    at: int
    """Wall µs; not before now."""
    full: bool
    delayed_from: int | None
    """Wall µs at which it would run, had nobody put it off."""
    why: str
    rule: str = ""
    """What `why` rests on, for example `8.5, 8.6`."""
    occurrence: int | None = None
    """Wall µs of the occurrence that it answers; earlier than `at` when it is late."""


@value
class TaskView:
    """One task (rule 20.1)."""

    id: int
    name: str
    kind: str
    enabled: bool
    connection: str
    """`Active`, `NotActive` or `NotOnNode`: of the node that is asked (rule 20.2)."""
    responsible_node: str
    """Empty: nobody."""
    mentor: str
    """Empty: no preference."""
    last_node: str
    """Who ran it last, as far as was reported (rule 20.3); empty: nobody."""
    last_full: int | None
    last_incremental: int | None
    running: Operation | None
    """On the node that is asked."""
    next: NextBackup | None
    """None: disabled, or never due (rule 20.4)."""
    destinations: tuple[str, ...]
    retention: int | None
    """µs; None: no backup is ever removed."""
    encrypted: bool
    server_wide: bool
    state: str = ""
    """How the node that is asked stands to it, by RavenDB's name (rules 7.6, 7.9)."""
    reason: str = ""
    """Why the responsible node is responsible, a sentence without a full stop."""
    owned_since: int | None = None
    """Wall µs at which it became so, where that is stored (rule 7.8)."""
    moves_at: int | None = None
    """Wall µs at which it moves, if its owner stays unfit (rule 7.8)."""
    running_since: int | None = None
    """Wall µs at which what runs on the node that is asked began."""
    progress: RunProgress | None = None
    """How far that has come; None: nothing of it is written yet."""
    error: str = ""
    """Why the last run failed; empty: it did not (rule 9.11)."""
    error_at: int | None = None
    uploads: tuple[Sent, ...] = ()
    """How sending to its clouds came out (rule 9.13)."""

    def text(self, now: int) -> str:
        """The panel of RavenDB's Studio, a line a field, at wall µs `now`."""
        kind = "Snapshot" if self.kind == "Snapshot" else "Full Backup"
        kept = f"{self.retention / DAY:g} days" if self.retention is not None else "No backups will be removed"
        lines = [
            f"{self.name} ({'Enabled' if self.enabled else 'Disabled'}, {self.connection})",
            f"Responsible node: {self._owner()}",
            f"Destinations: {', '.join(self.destinations) or 'No destinations defined'}",
            f"Last executed on node: {self.last_node or 'N/A'}",
            f"Last {kind}: {_ago(self.last_full, now)}",
            *([f"Last Incremental Backup: {_ago(self.last_incremental, now)}"] if self.last_incremental else []),
            f"Next Estimated Backup: {self._next(now)}",
            f"Retention Policy: {kept}",
        ]
        return "\n".join(lines)

    def _owner(self) -> str:
        if self.mentor and self.responsible_node and self.mentor != self.responsible_node:
            return f"{self.mentor} -> {self.responsible_node}"
        return self.responsible_node or "N/A"

    def _next(self, now: int) -> str:
        if self.next is None:
            return "N/A"
        word = ("Snapshot" if self.kind == "Snapshot" else "Full") if self.next.full else "Incremental"
        late = self.next.delayed_from
        after = f", delayed backup from: {time_text(late)}" if late is not None else ""
        return f"in {duration_text(max(0, self.next.at - now))} ({word}){after}"


@value
class OneTimeView:
    """The last one-time backup of a database (rule 15.4)."""

    made_at: int
    """What it is known by: wall µs of its start."""
    node: str
    kind: str
    folder: str


@value
class BackupsView:
    """The backups of a database (rule 20.5)."""

    tasks: tuple[TaskView, ...]
    one_time: OneTimeView | None
    last_backup: int | None
    """Start of the newest that succeeded, of any task or none."""
    next_backup: int | None
    """When the next of any task is due."""
    tombstones: int = 0
    """Deletions that the copy of the node that is asked has not forgotten (rule 18.5)."""
    kept_because: tuple[str, ...] = ()
    """Who needs the oldest of them, each a sentence without a full stop (rule 23.10); (): they are about to go."""


@value
class ServerWideView:
    """One server-wide task, and where its copies are."""

    id: int
    name: str
    enabled: bool
    excluded: tuple[str, ...]
    copies: tuple[tuple[str, int, str], ...]
    """Database, id of the copy there, and who is responsible for it (empty: nobody)."""


@value
class DecisionLogEntry:
    """A line of the decision log (rule 5.12)."""

    at: int
    """Wall µs."""
    database: str
    text: str
    rule: str
    acts: bool = True
    """Something is asked for; else it is only worth knowing."""


def _ago(instant: int | None, now: int) -> str:
    return "Never backed up" if instant is None else f"{duration_text(max(0, now - instant))} ago"
