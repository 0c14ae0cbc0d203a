"""What all members agree on, as every node says it when it applies an entry. Never here: what one node does."""

from typing import ClassVar

from backup.notes.words import DETAIL, HEADLINE, NORMAL, kind_text, time_text, whose
from cluster.trace import Agreed, Note
from cluster.value import value


@value
class DatabaseCreated(Agreed):
    database: str
    members: tuple[str, ...]

    encrypted: bool = False
    restoring: bool = False
    """It is being made from a backup, and nobody may look at it yet (rule 17.7)."""

    def text(self) -> str:
        how = "is to be restored" if self.restoring else "exists, encrypted" if self.encrypted else "exists"
        return f"records: database {self.database} {how}, on {', '.join(self.members)}"


@value
class DatabaseOpened(Agreed):
    """A restore is done: whoever asks is answered (rule 17.7)."""

    database: str

    def text(self) -> str:
        return f"records: database {self.database} is open"


@value
class DatabaseRemoved(Agreed):
    database: str
    hard: bool
    """Its files go, too."""

    def text(self) -> str:
        return f"records: database {self.database} is gone" + ("" if self.hard else ", and its files are put by")


@value
class TaskDefined(Agreed):
    """What a task is from this entry on, with all that says when it is due and who may run it."""

    database: str
    task: int
    name: str
    full: str
    """Cron texts; empty for none."""
    incremental: str
    mentor: str
    """Empty for none."""
    pinned: bool
    disabled: bool
    """By hand, or because it has no usable destination."""
    created_at: int
    paths: tuple[str, ...]
    """Of its local folders, as the task names them."""
    change: str
    """`defined`, `changed`, `enabled`, `disabled`."""
    encryption: str = ""
    """Its mode, as RavenDB names it; empty: as the database is (rule 13.2)."""
    keeps: int | None = None
    """µs that its retention keeps a backup; None: for ever."""
    kind: str = "Backup"
    """What it makes."""
    has_place: bool = True
    """Whether files can be sent anywhere."""
    server_wide: int = 0
    """Id of the server-wide task that it is a copy of; 0: the database's own."""
    clouds: tuple[str, ...] = ()
    """Addresses that its files are sent to, as far as no script says where."""

    def text(self) -> str:
        but = "" if self.has_place else ", and does not run: it has no usable destination"
        return f"records: task {self.task} of {self.database}, {self.name!r}, is {self.change}{but}"


@value
class TaskRemoved(Agreed):
    database: str
    task: int

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} is gone"


@value
class ServerWideDefined(Agreed):
    """A server-wide task is new, or another (section 16); its copies are told of one by one."""

    task: int
    name: str
    excluded: tuple[str, ...]
    change: str
    """`defined`, `changed`, `enabled`, `disabled`."""

    def text(self) -> str:
        but = f", for all but {', '.join(self.excluded)}" if self.excluded else ""
        return f"records: server-wide task {self.task}, {self.name!r}, is {self.change}{but}"


@value
class ServerWideRemoved(Agreed):
    task: int

    def text(self) -> str:
        return f"records: server-wide task {self.task} is gone"


@value
class BackupPostponed(Agreed):
    """The next run of a task was put off by hand (rule 15.5)."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    until: int
    asked_at: int

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} is put off until {time_text(self.until)}"


@value
class OwnerChanged(Agreed):
    """Another node is responsible for a task, or the first one is."""

    weight: ClassVar[int] = HEADLINE

    database: str
    task: int
    owner_before: str
    """Empty: nobody."""
    owner_after: str
    reason: str
    """Name of the `Reason`, as RavenDB has it."""
    rule: str  # type: ignore[misc]  # here each happening has its own
    inputs: tuple[tuple[str, str], ...]
    """What was looked at, as names and texts."""
    sentence: str

    def text(self) -> str:
        before = f"from {self.owner_before} " if self.owner_before else ""
        return f"records: task {self.task} of {self.database} goes {before}to {self.owner_after}: {self.sentence}"


@value
class MoveAnnounced(Agreed):
    """The owner does not respond; unless it comes back, the task will move (rule 7.8)."""

    database: str
    task: int
    owner: str
    not_suitable_since: int
    moves_at: int

    def text(self) -> str:
        return (
            f"records: task {self.task} of {self.database} will leave {self.owner}, which does not respond, "
            f"at {time_text(self.moves_at)}"
        )


@value
class MoveCalledOff(Agreed):
    """The owner is suitable again in time: the task stays."""

    database: str
    task: int
    owner: str

    def text(self) -> str:
        return f"records: task {self.task} of {self.database} stays with {self.owner} after all"


@value
class FarewellSaid(Agreed):
    """A node that left a group holds nothing of the database any more."""

    weight: ClassVar[int] = DETAIL

    database: str
    node: str

    def text(self) -> str:
        return f"records: {self.node}, which left the group of {self.database}, holds nothing of it any more"


@value
class TopologyChanged(Agreed):
    """The group of a database is another: members, promotables and rehabs, each in order."""

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
    """A run was reported (sections 4, 10)."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    node: str
    started_at: int
    full: bool
    version: int
    error: str
    """Empty where it succeeded."""
    newest: bool
    """Whether it became the task's status; not so if a run that started later was reported before (rule 24.6)."""

    def text(self) -> str:
        how = f"failed ({self.error})" if self.error else "succeeded"
        return (
            f"records: {self.node}'s {kind_text(self.full)} backup of {whose(self.task, self.database)}, "
            f"started {time_text(self.started_at)}, {how}"
        )


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
