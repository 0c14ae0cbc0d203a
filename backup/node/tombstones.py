"""The reasons to keep tombstones of a copy and of compare-exchange values (rules 18.5, 18.6, 23.10). Pure.

A tombstone may go once every other copy, every replication and every backup has passed it; if it went earlier, the
deleted document would come back. When to look is decided in tombstone_cleaner.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from backup.notes import NeededBy
from backup.record.cron import next_occurrence
from backup.record.record import Database, Record, Task
from backup.runs.local_status import ChainEnd
from cluster.value import value

UTC = ZoneInfo("UTC")


@value
class TombstoneNeed:
    """One reason to keep every tombstone after a given change."""

    up_to: int
    by: NeededBy | None
    """The reason; None: nobody needs any."""
    node: str = ""
    task: int = 0

    @property
    def why(self) -> str:
        """The reason, a sentence without a full stop; empty if there is none."""
        return self.by.why(self.node, self.task) if self.by is not None else ""


@value
class KnownProgress:
    """The progress of others with a node's copy, as that node knows it."""

    me: str
    copy: str
    """Database id of the copy's store."""
    cluster: tuple[str, ...]
    """Every node of the cluster."""
    arrived: Callable[[str], int]
    """For a node of the group: the etag up to which it has all of this copy and can send nothing older any more."""
    chain: Callable[[Task], ChainEnd | None]
    """For a task: the chain of files that its next incremental on this node continues; None: the next run is full."""
    is_mine: Callable[[Task], bool]
    """Whether this node is responsible for the task."""
    replicated: Callable[[int], int | None]
    """For an external replication: the etag up to which its destination has everything; None: another node owns that task."""


def needs(database: Database, record: Record, known: KnownProgress) -> Iterator[TombstoneNeed]:
    """Every reason to keep tombstones of that copy; those that cost most to find out come last."""
    for node in database.topology.nodes:
        if node != known.me:
            yield TombstoneNeed(known.arrived(node), NeededBy.COPY, node)
    for node in database.departed:
        if node in known.cluster:
            yield TombstoneNeed(0, NeededBy.FAREWELL, node)
    for task in database.tasks.values():
        found = _need_of(task, known)
        if found is not None:
            yield found
    for task_id, replication in database.replications.items():
        arrived = known.replicated(task_id)
        if replication.disabled:
            yield TombstoneNeed(0, NeededBy.REPLICATION_DISABLED, task=task_id)
        elif arrived is None:
            yield TombstoneNeed(0, NeededBy.REPLICATION_ELSEWHERE, task=task_id)
        else:
            yield TombstoneNeed(arrived, NeededBy.REPLICATION, task=task_id)
    if is_filled(database, record.databases.values()):
        yield TombstoneNeed(0, NeededBy.SOURCE)


def _need_of(task: Task, known: KnownProgress) -> TombstoneNeed | None:
    """The tombstones that a backup task needs (rule 18.5); None: none, as its next run here is full."""
    if task.disabled:
        return TombstoneNeed(0, NeededBy.DISABLED, task=task.id)
    chain = known.chain(task)
    if chain is not None and chain.copy == known.copy:
        return TombstoneNeed(chain.last_etag, NeededBy.CHAIN, task=task.id)
    return TombstoneNeed(0, NeededBy.FIRST_RUN, task=task.id) if known.is_mine(task) else None


def is_filled(database: Database, databases: Iterable[Database]) -> bool:
    """Whether an external replication of some other database of this cluster goes to this one."""
    name = database.name.lower()
    return any(
        task.destination.lower() == name and not task.nodes for each in databases for task in each.replications.values()
    )


def exchange_need(database: Database) -> TombstoneNeed:
    """The log index up to which no backup needs tombstones of compare-exchange values, and why later ones stay (rule 18.6).

    A node that ran a task may continue its own chain while it is in the group, so the last full of each node counts: of
    the current cycle, as a node that has missed one begins with a full (rule 8.12).
    """
    need = TombstoneNeed(database.values.changed, None)
    for task in database.tasks.values():
        if task.disabled:
            return TombstoneNeed(0, NeededBy.DISABLED, task=task.id)
        if not task.full:
            return TombstoneNeed(0, NeededBy.NEVER_FULL, task=task.id)
        fulls = _fulls(database, task)
        oldest = min(fulls, key=lambda node: (fulls[node], node), default="")
        if not oldest or not fulls[oldest]:
            return TombstoneNeed(0, NeededBy.FIRST_FULL, task=task.id)
        if fulls[oldest] < need.up_to:
            need = TombstoneNeed(fulls[oldest], NeededBy.NEXT_FULL, oldest, task.id)
    return need


def _fulls(database: Database, task: Task) -> Mapping[str, int]:
    """By node that may continue a chain of the task: the log index of its last full.

    The zones of other nodes are not known, so fulls are looked for in UTC. A node that takes another view continues no
    chain whose tombstones are gone (backup/runs/chain.py).
    """
    nodes = {*database.topology.nodes, *database.departed}
    runs = [run for run in database.history if run.task_id == task.id and run.node in nodes]
    indexes = {run.node: run.full_raft_index for run in runs}
    fulls = {run.node: run.started_at for run in runs if run.is_full}
    ends = {run.node: run.ended_at for run in runs}

    def has_missed_one(node: str) -> bool:
        due = next_occurrence(task.full, fulls[node], UTC) if node in fulls else None
        return due is not None and any(due <= end for other, end in ends.items() if other != node)

    return {node: index for node, index in indexes.items() if not has_missed_one(node)}
