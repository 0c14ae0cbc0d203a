"""The record: what all members agree on about databases, their groups and their tasks. Values only; `apply` is in commands.py.

Instants are µs since 2024-01-01T00:00Z by the wall clock of the node that proposed them (rule 24.1); None means never.
What one node alone knows is not in the record: its running backups, its local status, its documents.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import compress
from operator import is_not

import attrs

from backup.database.agreed_values import NOTHING, Values
from backup.destinations.settings import DestinationSettings
from backup.record.encryption_keys import Key
from backup.record.history import RecordedRuns, Run
from backup.record.task import Kind, Task
from cluster.member import Refused
from cluster.value import value

__all__ = [
    "ONE_TIME",
    "Assignment",
    "Database",
    "Delay",
    "Kind",
    "PromotionStatus",
    "Reason",
    "Record",
    "RecordedRuns",
    "Replication",
    "ReplicationProgress",
    "Restoring",
    "Run",
    "RunElsewhere",
    "Sent",
    "Stamp",
    "Status",
    "Task",
    "Template",
    "Topology",
]

# ---- the group of a database ----


class PromotionStatus(Enum):
    """The reason why a node of the group is not a Member (rule 1.4): the values of RavenDB that the observer sets."""

    NOT_RESPONDING = "NotResponding"
    CHANGE_VECTOR_NOT_MERGED = "ChangeVectorNotMerged"
    OUT_OF_CPU_CREDITS = "OutOfCpuCredits"
    EARLY_OUT_OF_MEMORY = "EarlyOutOfMemory"
    HIGH_DIRTY_MEMORY = "HighDirtyMemory"

    @property
    def is_resource(self) -> bool:
        """Whether the node is alive and only short of a resource (rules 7.5.3a, 7.8.6)."""
        return self not in (PromotionStatus.NOT_RESPONDING, PromotionStatus.CHANGE_VECTOR_NOT_MERGED)


@value
class Stamp:
    """The log entry and the time of the last change of a topology."""

    index: int = 0
    """Log index of the change."""
    term: int = 0
    """Term of the node that proposed it."""
    at: int = 0
    """Wall µs of the node that proposed it."""


@value
class Topology:
    """The database group (rule 1.3). Order matters in each list: `members[0]` is the clients' preferred node."""

    members: tuple[str, ...]
    promotables: tuple[str, ...] = ()
    rehabs: tuple[str, ...] = ()
    replication_factor: int = 1
    dynamic_distribution: bool = False
    priority_order: tuple[str, ...] = ()
    """Members that the observer keeps first, in this order; empty for no such order."""
    demotions: tuple[tuple[str, PromotionStatus], ...] = ()
    """(node, reason) of each node that is not a Member, or may soon lose that role, for a reason."""
    stamp: Stamp = Stamp()

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes: Members, then Promotables, then Rehabs (rule 1.3)."""
        return self.members + self.promotables + self.rehabs

    def demotion(self, node: str) -> PromotionStatus | None:
        """The reason in `demotions` for that node; None if there is none."""
        return next((status for tag, status in self.demotions if tag == node), None)

    def is_short_of_resources(self, node: str) -> bool:
        """Whether the node is in Rehab because it is short of a resource, not because it is silent (rule 7.8.6)."""
        status = self.demotion(node)
        return node in self.rehabs and status is not None and status.is_resource


# ---- tasks: status, assignment, replication ----


ONE_TIME = 0
"""The task id of one-time backups (rule 15.4)."""


@value
class Sent:
    """The results of a task's uploads to one destination (rule 9.13). Instants are the starts of runs."""

    address: str
    word: str
    """`DestinationSettings.word` of the destination's kind, such as `Amazon S3`."""
    last_full: int | None = None
    last_incremental: int | None = None
    duration: int = 0
    """How long the last upload took in µs."""
    error: str = ""
    """Why the last upload failed; empty if it succeeded."""
    skipped: bool = False
    """Whether nothing was sent because the task has no destination of that kind (rule 12.2)."""


@value
class Status:
    """The result of a task's last run, and what it is based on (those fields of rule 9.13 that are in use).

    All instants are *starts* of runs in wall µs (rule 9.9).
    """

    task_id: int
    kind: Kind
    node: str
    """The node that ran the task last; empty for none."""
    is_full: bool = True
    """Whether the last run was full."""
    last_full: int | None = None
    """The last full run that succeeded."""
    last_incremental: int | None = None
    """The last incremental run that succeeded."""
    last_full_internal: int | None = None
    """The last full run that ended, whether it succeeded or failed (rules 8.9, 9.10)."""
    last_incremental_internal: int | None = None
    last_etag: int | None = None
    last_change_vector: str = ""
    last_raft_index: int = 0
    last_full_raft_index: int = 0
    folder: str | None = None
    """The folder of the chain, in which incrementals are put (rule 11.4)."""
    file: str | None = None
    """The file of this run; None if it wrote none, because it failed or was skipped (rule 9.7)."""
    duration: int = 0
    """How long the run took in µs."""
    version: int = 0
    error: str | None = None
    error_at: int | None = None
    operation: int = 0
    uploads: tuple[Sent, ...] = ()
    """The results of the uploads of the last run that had any, in the order of the task's destinations."""
    destinations: tuple[str, ...] = ()
    """The words of the destinations of a one-time backup, which no task remembers (rule 15.4)."""

    def sent(self, kind: type[DestinationSettings]) -> Sent:
        """The results of uploads to that kind of destination; `skipped` is set if the task has none (rule 12.2)."""
        found = (each for each in self.uploads if each.word == kind.word)
        return next(found, Sent("", kind.word, skipped=True))

    @property
    def started_at(self) -> int:
        """Start of the last run in wall µs (rule 9.10); 0 if the task never ran."""
        started = self.last_full_internal if self.is_full else self.last_incremental_internal
        return 0 if started is None else started

    @property
    def ended_at(self) -> int:
        return self.started_at + self.duration


@value
class Delay:
    """A backup that was postponed on request (rules 8.4, 15.5). It holds until a run starts after the request."""

    until: int
    """Wall µs before which the task does not run."""
    original: int | None
    """Wall µs at which the run was due, or had started."""
    asked_at: int
    """Wall µs of the request."""

    def counts(self, status: "Status | None") -> bool:
        """Whether the delay still holds: the status knows of no run that started after the request."""
        return status is None or status.started_at < self.asked_at


class Reason(Enum):
    """Why a node owns a task. The first eight names are RavenDB's (rule 7.8); the others name what rule 7.5 computes."""

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
        """The reason as users read it, without a full stop."""
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
class RunElsewhere:
    """A run of a task that another node than the responsible one has under way, or has not reported yet."""

    node: str
    started_at: int
    """Wall µs of that node."""
    full: bool


@value
class Assignment:
    """The responsible node of a task, as the observer stored it (section 4)."""

    node: str
    reason: Reason
    since: int
    """Wall µs at which this node became responsible."""
    not_suitable_since: int | None = None
    """Wall µs from which the grace of rule 7.8 counts; None while the node is suitable."""
    elsewhere: RunElsewhere | None = None
    """The run of the task that the leader knows another node to have under way: it covers its occurrence (rule 24.8)."""


@value
class Replication:
    """A task that sends every change to another database: external replication (rule 19.4)."""

    destination: str
    """Name of the other database: in this cluster, or in the one of `nodes`."""
    name: str = ""
    """Name of the task; empty in a definition for a default name."""
    delay: int = 0
    """µs from a change until it is sent."""
    mentor: str | None = None
    """The preferred node (rule 1.8); None for none."""
    pinned: bool = False
    """Whether the task runs on its mentor or not at all."""
    disabled: bool = False
    id: int = 0
    """Log index of the command that created the task; 0 in the definition of a new task."""
    created_at: int = 0
    """Wall µs of the node that proposed its creation."""
    nodes: tuple[str, ...] = ()
    """Nodes of another cluster, which are asked in turn for the destination; empty: it is in this cluster."""


@value
class ReplicationProgress:
    """The progress of an external replication, as its owner last reported it."""

    node: str
    """The owner."""
    target: str
    """The member of the destination to which it sent."""
    etag: int
    """Etag of the owner's copy up to which all changes have arrived."""
    at: int
    """Wall µs of the report."""


@value
class Restoring:
    """The node that fills a new database from a backup, which nobody else may use meanwhile (rule 17.7)."""

    node: str
    life: int
    """The incarnation of that node; the restore ends with it."""


# ---- databases and the whole record ----


@value
class Database:
    """One database: its own record, and what is stored beside that record under its name."""

    name: str
    id: int
    """Log index of the command that created it; a database created again under the same name has another id."""
    topology: Topology
    changed: int
    """Log index of the last change of name, topology or tasks, which rule 5.13 compares. Reports do not raise it."""
    tasks: Mapping[int, Task] = attrs.field(factory=dict, hash=False)
    """Task id to backup task."""
    statuses: Mapping[int, Status] = attrs.field(factory=dict, hash=False)
    """Task id to the cluster's copy of the status; 0 is the id of the last one-time backup (rule 15.4)."""
    assignments: Mapping[int, Assignment] = attrs.field(factory=dict, hash=False)
    """Task id to the responsible node."""
    delays: Mapping[int, Delay] = attrs.field(factory=dict, hash=False)
    """Task id to the delay of a postponed backup."""
    history: RecordedRuns = attrs.field(factory=RecordedRuns, hash=False)
    """All runs that were reported."""
    key: Key | None = None
    """The key of an encrypted database (rule 13.2); None for a plain one."""
    restoring: Restoring | None = None
    """The restore that still fills the database (rule 17.7); None if there is none."""
    replications: Mapping[int, Replication] = attrs.field(factory=dict, hash=False)
    """Task id to external replication."""
    progress: Mapping[int, ReplicationProgress] = attrs.field(factory=dict, hash=False)
    """Task id to the last reported progress of an external replication; it does not raise `changed`."""
    departed: tuple[str, ...] = ()
    """Nodes that left the group and have not yet reported that they gave up their copies (rule 5.15)."""
    values: Values = NOTHING
    """Identities, compare-exchange values, index definitions and policies; they do not raise `changed` either."""

    def regrouped(self, topology: Topology, index: int) -> "Database":
        """The database with that group; nodes that are no longer in it are added to `departed`."""
        gone = [node for node in self.topology.nodes if node not in self.departed]
        left = tuple(node for node in (*self.departed, *gone) if node not in topology.nodes)
        return attrs.evolve(self, topology=topology, departed=left, changed=index)

    def existing_task(self, task_id: int) -> Task:
        """The backup task of that id. Raises `Refused` if there is none."""
        if task_id not in self.tasks:
            raise Refused(f"database {self.name!r} has no task {task_id}: it was deleted or never defined")
        return self.tasks[task_id]

    @property
    def raft_index(self) -> int:
        """Log index of the last change of anything that a backup holds beside documents (rules 9.7, 18.3)."""
        return max(self.changed, self.values.changed)


@value
class Template:
    """A server-wide task (rule 16.1), from which a copy is made in each database."""

    id: int
    """Log index of the command that created it; 0 in the definition of a new one."""
    task: Task
    """The task from which copies are made; a copy's paths are its paths with the database's name added."""
    excluded: tuple[str, ...] = ()
    """Names of databases without a copy; upper and lower case are equal (rule 16.7)."""
    edited: int = 0
    """Log index of the command that changed it last. An edit names that of what it was worked out from (rule 26.9)."""


@value
class Record:
    """All that the members agree on. A change copies the mapping of databases and one database, and shares the rest."""

    databases: Mapping[str, Database] = attrs.field(factory=dict, hash=False)
    """Name in lower case to database (rule 4.1)."""
    put_by: tuple[int, ...] = ()
    """Ids of removed databases whose files the nodes keep."""
    templates: Mapping[int, Template] = attrs.field(factory=dict, hash=False)
    """Id to server-wide task."""
    last_id: int = 0
    """The highest id of a copy of a server-wide task. It may exceed the log index, as one entry may make many copies."""
    nodes: tuple[str, ...] = ()
    """Every node of the cluster, sorted, as of its last change; empty: it was never changed."""

    def database(self, name: str) -> Database | None:
        """The database of that name, in upper or lower case; None if there is none."""
        return self.databases.get(name.lower())

    def existing(self, name: str) -> Database:
        """The database of that name, in upper or lower case. Raises `Refused` if there is none."""
        database = self.database(name)
        if database is None:
            raise Refused(f"there is no database {name!r}: create it first")
        return database

    def need_nodes(self, nodes: Iterable[str]) -> None:
        """Raise `Refused` if the cluster is known to lack one of these nodes."""
        strangers = [node for node in nodes if self.nodes and node not in self.nodes]
        if strangers:
            raise Refused(
                f"node {' '.join(strangers)} is none of the cluster, which is {' '.join(self.nodes)}: name one of them"
            )

    def with_database(self, database: Database) -> "Record":
        """The record with this database added, or in place of the one of the same name."""
        return attrs.evolve(self, databases={**self.databases, database.name.lower(): database})

    def changed_since(self, before: "Record") -> list[Database]:
        """The databases that are other objects than in an earlier record, or are not in it, in order.

        Most often both have the same ones. Then no line of Python runs for those that are unchanged, however many.
        """
        now, then = self.databases, before.databases
        if list(now) == list(then):
            return list(compress(now.values(), map(is_not, now.values(), then.values())))
        return [database for name, database in now.items() if then.get(name) is not database]

    def without_database(self, gone: Database, *, hard: bool = True) -> "Record":
        """The record without that database. `hard`: whether the nodes delete its files."""
        others = {key: database for key, database in self.databases.items() if database is not gone}
        return attrs.evolve(self, databases=others, put_by=self.put_by if hard else (*self.put_by, gone.id))


WORDS: tuple[type, ...] = (Record, Database, Sent)
"""The classes for the codec: those in Raft snapshots, and `Sent`, which reports carry."""
