"""The answers a node gives: the state of tasks, backups and runs, and the observer's decisions. Frozen values.

They depend on the node that is asked (rule 20.2). Views are made in backup/node/views.py.
"""

from backup.record.record import Sent
from cluster.value import value


@value
class Operation:
    """A run under way (rules 9.3, 15.1)."""

    node: str
    number: int
    """Number of the run among those of one incarnation of the node."""
    task: int
    """Id of the task; 0: a one-time backup."""
    full: bool
    """Whether it began as a full backup; an incremental that finds no chain to continue becomes full later."""


@value
class RunProgress:
    """The progress of a run: what its file holds by now, out of what it is to hold (rule 20.1)."""

    items: int
    """Documents, tombstones and revisions in the file by now."""
    of_items: int
    bytes: int
    """Bytes in the file by now, before compression, roughly."""
    of_bytes: int
    verifying: bool = False
    """Whether the file is complete and is being read back."""


@value
class NextBackup:
    """The next estimated backup."""

    at: int
    """Wall µs at which it starts, not before now."""
    full: bool
    delayed_from: int | None
    """Wall µs at which it would run had it not been postponed; None: it was not."""
    why: str
    rule: str = ""
    """The rules behind `why`, for example `8.5, 8.6`."""
    occurrence: int | None = None
    """Wall µs of the occurrence that it answers, earlier than `at` when the backup is late; None: there is none."""
    waits_for: str = ""
    """The node that does not respond and has to be back before it can start; empty: nobody is waited for."""


@value
class TaskView:
    """The state of one task (rule 20.1)."""

    id: int
    name: str
    kind: str
    enabled: bool
    connection: str
    """`Active`, `NotActive` or `NotOnNode`, as seen by the node that is asked (rule 20.2)."""
    responsible_node: str
    """Name of the responsible node; empty: none."""
    mentor: str
    """Name of the preferred node; empty: no preference."""
    last_node: str
    """The node that ran it last, as far as was reported (rule 20.3); empty: none."""
    last_full: int | None
    last_incremental: int | None
    running: Operation | None
    """The run under way on the node that is asked; None: there is none."""
    next: NextBackup | None
    """The next backup; None: the task is disabled, or never due (rule 20.4)."""
    destinations: tuple[str, ...]
    retention: int | None
    """µs for which backups are kept; None: no backup is ever removed."""
    encrypted: bool
    server_wide: bool
    state: str = ""
    """The task's state on the node that is asked, by RavenDB's name (rules 7.6, 7.9)."""
    reason: str = ""
    """Why the responsible node is responsible, a sentence without a full stop."""
    owned_since: int | None = None
    """Wall µs since which the node is responsible, where that is stored (rule 7.8); None: unknown."""
    moves_at: int | None = None
    """Wall µs at which the task moves if its owner stays unsuitable (rule 7.8); None: its owner is suitable."""
    running_since: int | None = None
    """Wall µs at which the run on the node that is asked began; None: nothing runs there."""
    progress: RunProgress | None = None
    """How far that run has come; None: nothing of it is written yet."""
    error: str = ""
    """Error of the last run; empty: it did not fail (rule 9.11)."""
    error_at: int | None = None
    uploads: tuple[Sent, ...] = ()
    """The outcome of the uploads to its clouds (rule 9.13)."""
    ending: str = ""
    """Why the run on the node that is asked is to end early, a sentence without a full stop; empty: it is not.

    It ends when the piece of the file that it is writing is written, which takes minutes at a slow destination."""


@value
class OneTimeView:
    """The last one-time backup of a database (rule 15.4)."""

    made_at: int
    """Wall µs of its start, which identifies it."""
    node: str
    kind: str
    folder: str
    destinations: tuple[str, ...] = ()
    """The kinds of its destinations, by the words of their settings."""


@value
class BackupsView:
    """The state of a database's backups (rule 20.5)."""

    tasks: tuple[TaskView, ...]
    one_time: OneTimeView | None
    last_backup: int | None
    """Wall µs of the start of the newest successful backup, one-time ones included; None: there is none."""
    next_backup: int | None
    """Wall µs at which the next backup of any task is due; None: none is."""
    tombstones: int = 0
    """Number of tombstones in the copy of the node that is asked (rule 18.5)."""
    kept_because: tuple[str, ...] = ()
    """The reasons to keep the oldest tombstone, sentences without a full stop (rule 23.10); (): they are about to go."""


@value
class ServerWideView:
    """One server-wide task, and its copies in the databases."""

    id: int
    name: str
    kind: str
    enabled: bool
    full: str
    """The cron expression of its full backups; empty: none."""
    incremental: str
    destinations: tuple[str, ...]
    """The addresses in which each copy has a folder of its database's name."""
    excluded: tuple[str, ...]
    """Databases without a copy."""
    edited: int
    """Log index of its last change; an edit that was worked out from this view names it (rule 26.9)."""
    copies: tuple[tuple[str, int, str], ...]
    """Database, id of the copy there, and the node responsible for it (empty: none)."""


@value
class DecisionLogEntry:
    """A line of the decision log (rule 5.12)."""

    at: int
    """Wall µs of the decision."""
    database: str
    text: str
    rule: str
    acts: bool = True
    """Whether the observer proposes a change with it; if not, the line only informs."""
