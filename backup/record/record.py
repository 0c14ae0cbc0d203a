"""What all members agree on about databases, their groups and their tasks. Values only; `apply` is in commands.py.

Instants are µs since 2024-01-01T00:00Z by the wall clock of whoever proposed them (rule 24.1); None means never.
Never here: anything one node knows alone (its running backups, its local status, its documents).
"""

from collections.abc import Mapping
from enum import Enum

import attrs

from backup.database.agreed_values import NOTHING, Values
from backup.destinations.settings import DestinationSettings
from backup.record.encryption_keys import Key
from backup.record.history import History, Run
from backup.record.task import Kind, Task
from cluster.member import Refused
from cluster.value import value

__all__ = [
    "ONE_TIME",
    "Assignment",
    "Database",
    "Delay",
    "History",
    "Kind",
    "PromotionStatus",
    "Reason",
    "Record",
    "Replication",
    "ReplicationProgress",
    "Restoring",
    "Run",
    "Sent",
    "Stamp",
    "Status",
    "Task",
    "Template",
    "Topology",
]

# ---- the group of a database ----


class PromotionStatus(Enum):
    """Why a node of the group is not a Member (rule 1.4), as far as somebody sets it."""

    NOT_RESPONDING = "NotResponding"
    CHANGE_VECTOR_NOT_MERGED = "ChangeVectorNotMerged"
    OUT_OF_CPU_CREDITS = "OutOfCpuCredits"
    EARLY_OUT_OF_MEMORY = "EarlyOutOfMemory"
    HIGH_DIRTY_MEMORY = "HighDirtyMemory"

    @property
    def is_resource(self) -> bool:
        """Whether the node is alive and only short of something (rules 7.5.3a, 7.8.6)."""
        return self not in (PromotionStatus.NOT_RESPONDING, PromotionStatus.CHANGE_VECTOR_NOT_MERGED)


@value
class Stamp:
    """When a topology was last changed."""

    index: int = 0
    """Log index of the change."""
    term: int = 0
    """Term of whoever proposed it."""
    at: int = 0
    """Wall µs of whoever proposed it."""


@value
class Topology:
    """The database group (rule 1.3). Order matters in each list: `members[0]` is the clients' preferred node."""

    members: tuple[str, ...]
    promotables: tuple[str, ...] = ()
    rehabs: tuple[str, ...] = ()
    replication_factor: int = 1
    dynamic_distribution: bool = False
    priority_order: tuple[str, ...] = ()
    """Empty: no wish."""
    demotions: tuple[tuple[str, PromotionStatus], ...] = ()
    """Why each node that carries such a mark is not, or may soon not be, a Member."""
    stamp: Stamp = Stamp()

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes: Members, then Promotables, then Rehabs (rule 1.3)."""
        return self.members + self.promotables + self.rehabs

    def demotion(self, node: str) -> PromotionStatus | None:
        """The mark that node carries, if any."""
        return next((status for tag, status in self.demotions if tag == node), None)

    def is_short_of_resources(self, node: str) -> bool:
        """Whether the node is in Rehab for want of a resource, not because it is silent (rule 7.8.6)."""
        status = self.demotion(node)
        return node in self.rehabs and status is not None and status.is_resource


# ---- how far tasks have come ----


ONE_TIME = 0
"""The task id of what was backed up once, by hand (rule 15.4)."""


@value
class Sent:
    """How the uploads of a task to one place have come out (rule 9.13). Instants are starts of runs."""

    address: str
    word: str
    """`Amazon S3`: its kind, as default names have it."""
    last_full: int | None = None
    last_incremental: int | None = None
    duration: int = 0
    """µs that the last one took."""
    error: str = ""
    """Why the last one failed; empty: it did not."""
    skipped: bool = False
    """Nothing is sent to that kind of place: it is not configured (rule 12.2)."""


@value
class Status:
    """How far a task has come (rule 9.13, the fields in use). All instants are *starts* of runs (rule 9.9)."""

    task_id: int
    kind: Kind
    node: str
    """Who ran it last; empty: nobody."""
    is_full: bool = True
    last_full: int | None = None
    """The last full run that succeeded."""
    last_incremental: int | None = None
    last_full_internal: int | None = None
    """The last full run that was finished, well or badly (rules 8.9, 9.10)."""
    last_incremental_internal: int | None = None
    last_etag: int | None = None
    last_change_vector: str = ""
    last_raft_index: int = 0
    last_full_raft_index: int = 0
    folder: str | None = None
    """The folder that holds the chain; incrementals go there (rule 11.4)."""
    file: str | None = None
    """The file of this run; None if it wrote none, because it failed or was skipped (rule 9.7)."""
    duration: int = 0
    """µs."""
    version: int = 0
    error: str | None = None
    error_at: int | None = None
    operation: int = 0
    uploads: tuple[Sent, ...] = ()
    """How the uploads of the last run that had any came out, in the order of the task's places."""

    def sent(self, kind: type[DestinationSettings]) -> Sent:
        """How uploads to that kind of place came out; `skipped` where the task has none (rule 12.2)."""
        found = (each for each in self.uploads if each.word == kind.word)
        return next(found, Sent("", kind.word, skipped=True))

    @property
    def started_at(self) -> int:
        """Start of the run it speaks of (rule 9.10); 0 if it never ran."""
        started = self.last_full_internal if self.is_full else self.last_incremental_internal
        return 0 if started is None else started

    @property
    def ended_at(self) -> int:
        return self.started_at + self.duration


@value
class Delay:
    """A backup put off by hand (rules 8.4, 15.5). It counts until a run starts that began after it was asked for."""

    until: int
    """Wall µs before which the task does not run."""
    original: int | None
    """Wall µs at which it was to run, or had started."""
    asked_at: int

    def counts(self, status: "Status | None") -> bool:
        """Whether no run has started since, as far as that status knows."""
        return status is None or status.started_at < self.asked_at


class Reason(Enum):
    """Why a node owns a task. The first eight are RavenDB's names (rule 7.8), the rest ours for what 7.5 computes."""

    PINNED_MENTOR_NODE = "PinnedMentorNode"
    MENTOR_NODE = "MentorNode"
    SAME_RESPONSIBLE_NODE = "SameResponsibleNode"
    NON_EXISTING_RESPONSIBLE_NODE = "NonExistingResponsibleNode"
    CURRENT_RESPONSIBLE_NODE_REMOVED_FROM_TOPOLOGY = "CurrentResponsibleNodeRemovedFromTopology"
    SAME_DUE_TO_RESOURCE_LIMITATIONS = "SameResponsibleNodeDueToResourceLimitations"
    SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS = "SameResponsibleNodeDueToMissingHighlyAvailableTasks"
    CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING = "CurrentResponsibleNodeNotResponding"
    LAST_EXECUTING_NODE = "LastExecutingNode"
    CHOSEN_BY_HASH = "ChosenByHash"
    NO_MEMBER_LEFT = "NoMemberLeft"
    NO_LEADER = "NoLeader"
    STOPPED_WITHOUT_LEADER = "StoppedWithoutLeader"
    NOBODY_TO_CHOOSE = "NobodyToChoose"

    @property
    def sentence(self) -> str:
        """What a user is told, without a full stop."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.PINNED_MENTOR_NODE: "the task is pinned to this node",
    Reason.MENTOR_NODE: "it is the task's preferred node",
    Reason.SAME_RESPONSIBLE_NODE: "it had the task before and is a member",
    Reason.NON_EXISTING_RESPONSIBLE_NODE: "nobody had the task yet, and the hash of its id chose this node",
    Reason.CURRENT_RESPONSIBLE_NODE_REMOVED_FROM_TOPOLOGY: "the node that had the task left the database group",
    Reason.SAME_DUE_TO_RESOURCE_LIMITATIONS: "it had the task before and is only short of resources",
    Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS: "the licence does not let tasks move",
    Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING: "the node that had the task does not respond",
    Reason.LAST_EXECUTING_NODE: "it ran the task last and is still in the database group",
    Reason.CHOSEN_BY_HASH: "the hash of the task's id chose this node among the members",
    Reason.NO_MEMBER_LEFT: "no member is left to choose, so whoever ran the task last keeps it",
    Reason.NO_LEADER: "there is no leader, so only the node that ran the task last goes on",
    Reason.STOPPED_WITHOUT_LEADER: "there is no leader, and only backups go on without one",
    Reason.NOBODY_TO_CHOOSE: "the database has no member",
}


@value
class Assignment:
    """Who is responsible for a task, as the observer stored it (section 4)."""

    node: str
    reason: Reason
    since: int
    """Wall µs at which this node got it."""
    not_suitable_since: int | None = None
    """Wall µs from which the grace of rule 7.8 counts; None while the node is suitable."""


@value
class Replication:
    """A task that sends every change to another database: external replication (rule 19.4)."""

    destination: str
    """Name of that database, in this cluster."""
    name: str = ""
    """Empty in a definition: a default name."""
    delay: int = 0
    """µs from a change until it is sent."""
    mentor: str | None = None
    """The preferred node (rule 1.8)."""
    pinned: bool = False
    """Runs on its mentor or not at all."""
    disabled: bool = False
    id: int = 0
    """Log index of the command that created it; 0 in a definition: a new task."""
    created_at: int = 0


@value
class ReplicationProgress:
    """How far an external replication has come, as its owner last said."""

    node: str
    """The owner."""
    target: str
    """The member of the destination it talked to."""
    etag: int
    """Everything up to this change of the owner's copy has arrived."""
    at: int
    """Wall µs."""


@value
class Restoring:
    """Who fills a new database from a backup; nobody else may look at it meanwhile (rule 17.7)."""

    node: str
    life: int
    """The incarnation of that node: with its end the restore has ended."""


# ---- everything ----


@value
class Database:
    """One database: its record, and what is stored beside the record under its name."""

    name: str
    id: int
    """Log index of the command that created it: a database made again under the same name is another one."""
    topology: Topology
    changed: int
    """Log index of the last change of name, topology or tasks: what rule 5.13 compares. Reports do not move it."""
    tasks: Mapping[int, Task] = attrs.field(factory=dict, hash=False)
    """By task id."""
    statuses: Mapping[int, Status] = attrs.field(factory=dict, hash=False)
    """The cluster's copies, by task id; that of the last one-time backup is under 0 (rule 15.4)."""
    assignments: Mapping[int, Assignment] = attrs.field(factory=dict, hash=False)
    """By task id."""
    delays: Mapping[int, Delay] = attrs.field(factory=dict, hash=False)
    """What was put off by hand, by task id."""
    history: History = attrs.field(factory=History, hash=False)
    key: Key | None = None
    """Of an encrypted database (rule 13.2); None: it is not encrypted."""
    restoring: Restoring | None = None
    """While it is made from a backup (rule 17.7); None: it is what it says it is."""
    replications: Mapping[int, Replication] = attrs.field(factory=dict, hash=False)
    """External replications, by task id."""
    progress: Mapping[int, ReplicationProgress] = attrs.field(factory=dict, hash=False)
    """What was last said of them, by task id; it does not move `changed`."""
    departed: tuple[str, ...] = ()
    """Nodes that left the group and have not said that they hold nothing of it any more (rule 5.15)."""
    values: Values = NOTHING
    """Identities, compare-exchange values, index definitions and policies: they do not move `changed` either."""

    def regrouped(self, topology: Topology, index: int) -> "Database":
        """The database with that group."""
        gone = [node for node in self.topology.nodes if node not in self.departed]
        left = tuple(node for node in (*self.departed, *gone) if node not in topology.nodes)
        return attrs.evolve(self, topology=topology, departed=left, changed=index)

    def existing_task(self, task_id: int) -> Task:
        """The backup task of that id. Refused if there is none."""
        if task_id not in self.tasks:
            raise Refused(f"database {self.name!r} has no task {task_id}: it was deleted or never defined")
        return self.tasks[task_id]

    @property
    def raft_index(self) -> int:
        """Log index of the last change of anything that a backup holds beside documents (rules 9.7, 18.3)."""
        return max(self.changed, self.values.changed)


@value
class Template:
    """A server-wide task (rule 16.1): what each of its copies is made from."""

    id: int
    """Log index of the command that created it; 0 in a definition: a new one."""
    task: Task
    """As a database would have it, its paths without the database's name."""
    excluded: tuple[str, ...] = ()
    """Databases without a copy, in any case (rule 16.7)."""


@value
class Record:
    """All databases, by lower-case name (rule 4.1). A change copies this mapping and one database, no other's tasks."""

    databases: Mapping[str, Database] = attrs.field(factory=dict, hash=False)
    put_by: tuple[int, ...] = ()
    """Ids of databases that were deleted and whose files were not."""
    templates: Mapping[int, Template] = attrs.field(factory=dict, hash=False)
    """Server-wide tasks, by id."""
    last_id: int = 0
    """The greatest id that a copy of a server-wide task was given: one entry makes many, so it may be ahead of the log."""

    def database(self, name: str) -> Database | None:
        """The database of that name (in any case), if there is one."""
        return self.databases.get(name.lower())

    def existing(self, name: str) -> Database:
        """The database of that name (in any case). Refused if there is none."""
        database = self.database(name)
        if database is None:
            raise Refused(f"there is no database {name!r}: create it first")
        return database

    def with_database(self, database: Database) -> "Record":
        """The record with this database put in or replaced."""
        return attrs.evolve(self, databases={**self.databases, database.name.lower(): database})

    def without_database(self, gone: Database, *, hard: bool = True) -> "Record":
        """The record without that database. Not `hard`: nodes keep its files."""
        others = {key: database for key, database in self.databases.items() if database is not gone}
        return attrs.evolve(self, databases=others, put_by=self.put_by if hard else (*self.put_by, gone.id))


WORDS: tuple[type, ...] = (Record, Database, Sent)
"""What travels in snapshots, and how uploads came out, which reports carry."""
