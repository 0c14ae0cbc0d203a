"""Notes about changes of the record, which every node writes when it applies an entry; and the observer's decisions."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL, kind_text, time_text, whose
from cluster.trace import Agreed, Note
from cluster.value import value


@value
class DatabaseCreated(Agreed):
    """A database was created, empty or to be restored."""

    database: str
    members: tuple[str, ...]

    encrypted: bool = False
    restoring: bool = False
    """Whether a restore still fills it, so that nobody may use it yet (rule 17.7)."""

    def text(self) -> str:
        how = "is to be restored" if self.restoring else "exists, encrypted" if self.encrypted else "exists"
        return f"records: database {self.database} {how}, on {', '.join(self.members)}"


@value
class DatabaseOpened(Agreed):
    """A restore has ended, and the database may be used (rule 17.7)."""

    database: str

    def text(self) -> str:
        return f"records: database {self.database} is open"


@value
class DatabaseRemoved(Agreed):
    """A database was removed."""

    database: str
    hard: bool
    """Whether its files are deleted, too."""

    def text(self) -> str:
        return f"records: database {self.database} is gone" + ("" if self.hard else ", and its files are put by")


@value
class TaskDefined(Agreed):
    """The definition of a backup task from this entry on, with all that decides when it is due and who may run it."""

    database: str
    task: int
    name: str
    full: str
    """Cron text of full backups; empty for none."""
    incremental: str
    """Cron text of incremental backups; empty for none."""
    mentor: str
    """The preferred node; empty for none."""
    pinned: bool
    disabled: bool
    """Whether the task does not run: it was disabled, or it has no usable destination."""
    created_at: int
    paths: tuple[str, ...]
    """The paths of its local folders, as the task names them."""
    change: str
    """What the entry did: `defined`, `changed`, `enabled` or `disabled`."""
    encryption: str = ""
    """The mode of encryption, as RavenDB names it; empty if files are encrypted as the database is (rule 13.2)."""
    keeps: int | None = None
    """How long its retention keeps a backup in µs; None for ever."""
    kind: str = "Backup"
    """The `Kind` of its backups: `Backup` or `Snapshot`."""
    has_place: bool = True
    """Whether it has a usable destination."""
    server_wide: int = 0
    """Id of the server-wide task of which it is a copy; 0 for a task of the database's own."""
    clouds: tuple[str, ...] = ()
    """The addresses of its clouds, without those that a script gives."""

    def text(self) -> str:
        but = "" if self.has_place else ", and does not run: it has no usable destination"
        return f"records: task {self.task} of {self.database}, {self.name!r}, is {self.change}{but}"


@value
class TaskRemoved(Agreed):
    """A backup task was removed."""

    database: str
    task: int

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} is gone"


@value
class ServerWideDefined(Agreed):
    """A server-wide task was defined or changed (section 16). A `TaskDefined` follows for each of its copies."""

    task: int
    name: str
    excluded: tuple[str, ...]
    """The databases without a copy."""
    change: str
    """What the entry did: `defined`, `changed`, `enabled` or `disabled`."""
    based_on: int
    """Log index of the entry whose outcome was changed; 0 for a new one."""
    kind: str = "Backup"
    """The `Kind` of its backups: `Backup` or `Snapshot`."""
    full: str = ""
    """Cron text of full backups; empty for none."""
    incremental: str = ""
    """Cron text of incremental backups; empty for none."""
    disabled: bool = False
    """Whether its copies do not run: it was disabled, or it has no usable destination."""
    keeps: int | None = None
    """How long its retention keeps a backup in µs; None for ever."""
    paths: tuple[str, ...] = ()
    """The paths of its local folders, to which a copy adds the name of its database."""
    clouds: tuple[str, ...] = ()
    """The addresses of its clouds, without those that a script gives."""

    def text(self) -> str:
        but = f", for all but {', '.join(self.excluded)}" if self.excluded else ""
        return f"records: server-wide task {self.task}, {self.name!r}, is {self.change}{but}"


@value
class ServerWideRemoved(Agreed):
    """A server-wide task was removed. A `TaskRemoved` follows for each of its copies."""

    task: int

    def text(self) -> str:
        return f"records: server-wide task {self.task} is gone"


@value
class BackupPostponed(Agreed):
    """The next run of a task was postponed on request (rule 15.5)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    until: int
    """Wall µs before which the task does not run."""
    asked_at: int
    """Wall µs of the request."""

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} is put off until {time_text(self.until)}"


@value
class OwnerChanged(Agreed):
    """A task has its first responsible node, or another one than before."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    owner_before: str
    """The responsible node before; empty for none."""
    owner_after: str
    reason: str
    """Value of the `Reason`, which is RavenDB's name where it has one."""
    rule: str  # type: ignore[misc]  # a field here, as each note names the rule that decided
    inputs: tuple[tuple[str, str], ...]
    """The inputs of the decision, as names and texts."""
    sentence: str
    """The reason as a clause, without a full stop."""

    def text(self) -> str:
        before = f"from {self.owner_before} " if self.owner_before else ""
        return f"records: task {self.task} of {self.database} goes {before}to {self.owner_after}: {self.sentence}"


@value
class MoveAnnounced(Agreed):
    """The responsible node does not respond; the task will move at `moves_at` unless it comes back (rule 7.8)."""

    database: str
    task: int
    owner: str
    not_suitable_since: int
    """Wall µs from which the grace counts."""
    moves_at: int
    """Wall µs."""

    def text(self) -> str:
        return (
            f"records: task {self.task} of {self.database} will leave {self.owner}, which does not respond, "
            f"at {time_text(self.moves_at)}"
        )


@value
class MoveCalledOff(Agreed):
    """The responsible node is suitable again before `moves_at`, so the task stays."""

    database: str
    task: int
    owner: str

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} stays with {self.owner} after all"


@value
class FarewellSaid(Agreed):
    """A node that left a group has given up its copy of the database."""

    weight: ClassVar[int] = DETAIL

    database: str
    node: str

    def text(self) -> str:
        return f"records: {self.node}, which left the group of {self.database}, holds nothing of it any more"


@value
class TopologyChanged(Agreed):
    """The group of a database has changed; members, promotables and rehabs are each in order."""

    database: str
    members_before: tuple[str, ...]
    promotables_before: tuple[str, ...]
    rehabs_before: tuple[str, ...]
    members: tuple[str, ...]
    promotables: tuple[str, ...]
    rehabs: tuple[str, ...]
    why: str

    def text(self) -> str:
        return f"records: the group of {self.database} is {self._group()}: {self.why}"

    def _group(self) -> str:
        parts = [" ".join(self.members) or "nobody"]
        if self.promotables:
            parts.append(f"promotable {' '.join(self.promotables)}")
        if self.rehabs:
            parts.append(f"in rehab {' '.join(self.rehabs)}")
        return ", ".join(parts)


@value
class StatusStored(Agreed):
    """The status of a reported run was stored in the record (sections 4, 10)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    node: str
    started_at: int
    full: bool
    version: int
    error: str
    """Why the run failed; empty if it succeeded."""
    newest: bool
    """Whether the report became the task's status; False if a run that started later was reported before (24.6)."""

    def text(self) -> str:
        how = f"failed ({self.error})" if self.error else "succeeded"
        return (
            f"records: {self.node}'s {kind_text(self.full)} backup of {whose(self.task, self.database)}, "
            f"started {time_text(self.started_at)}, {how}"
        )


@value
class ObserverDecided(Note):
    """One line of the observer's decision log (rule 5.12)."""

    database: str
    rule: str  # type: ignore[misc]  # a field here, as each note names the rule that decided
    sentence: str
    acts: bool
    """Whether the observer proposed a command. If so, a note of the record follows when it is applied."""

    @property
    def weight(self) -> int:
        """DETAIL for a decision that a note of the record repeats, NORMAL for another."""
        return DETAIL if self.acts else NORMAL

    def text(self) -> str:
        return f"observes of {self.database}: {self.sentence}"
