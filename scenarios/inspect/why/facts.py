"""The state of the nodes at a moment of a run, and their events up to it, as values: all that an answer rests on.

Never here: the causes that prevent a run of a task (causes.py).
"""

from backup.record.record import Assignment, Database, Delay, Status, Task
from backup.record.rules import Rules
from backup.requests.answers import TaskView
from cluster.time_units import SECOND
from cluster.trace import Happened, N
from cluster.value import value
from scenarios.inspect.run_history import BackupFacts, RunHistory

SOON = 5 * SECOND
"""A run that starts at most this long (µs) after the given time is the run in question."""

Cause = tuple[str, str]
"""A sentence without a full stop, and its rule."""


@value
class NodeFacts:
    """One node at the moment."""

    name: str
    up: bool
    paused: bool
    role: str
    leader: str
    voters: tuple[str, ...]
    """The voters whose majority decides, as the node knows them."""
    passive: bool
    """The node knows that it belongs to no cluster."""
    wall: int
    zone: str
    applied: int
    view: TaskView | None
    """The task as the node knows it; None: it does not know the task, or is down."""

    def ahead(self, t: int) -> int:
        """By how many µs the node's wall clock is ahead of true time `t`, which is that of the moment."""
        return self.wall - t


@value
class KnownFacts:
    """The knowledge of the nodes at the moment."""

    nodes: tuple[NodeFacts, ...]
    database: Database | None
    """The database as the node that has applied most entries has it; None: no node that is up knows the task."""
    task: Task | None
    rules: Rules
    """The rules that the nodes follow."""


@value
class Facts:
    """All that an answer rests on."""

    t: int
    number: int
    rules: Rules
    found: KnownFacts
    runs: tuple[BackupFacts, ...]
    """The runs of the task, in the order in which they began."""
    history: RunHistory
    owner: NodeFacts | None
    """The responsible node; None: there is none."""
    occurrence: int | None
    """Wall µs of the newest occurrence that had come by the clock of the responsible node; None: none had."""

    @property
    def task(self) -> Task:
        assert self.found.task is not None, "looked at once it is known to be there"
        return self.found.task

    @property
    def database(self) -> Database:
        assert self.found.database is not None, "looked at once it is known to be there"
        return self.found.database

    @property
    def assignment(self) -> Assignment | None:
        return self.database.assignments.get(self.number)

    @property
    def status(self) -> Status | None:
        return self.database.statuses.get(self.number)

    @property
    def delay(self) -> Delay | None:
        return self.database.delays.get(self.number)

    @property
    def leader(self) -> str:
        """The leader that a majority of its voters follows; empty: none."""
        lively = [node for node in self.found.nodes if node.up and not node.paused]
        for node in lively:
            following = [each.name for each in lively if each.leader == node.name and each.name in node.voters]
            if node.role == "leader" and len(following) * 2 > len(node.voters):
                return node.name
        return ""

    @property
    def believers(self) -> list[NodeFacts]:
        """The nodes that hold themselves responsible: each side of a network partition may have one."""
        return [node for node in self.found.nodes if node.view is not None and node.view.responsible_node == node.name]

    def before(self, kind: type[N], node: str = "") -> Happened[N] | None:
        """The last event of a kind up to the moment, and of this task if the kind names one."""
        for event in reversed(self.history.of(kind)):
            of_the_task = getattr(event.note, "task", self.number) == self.number
            if event.t <= self.t and node in ("", event.node) and of_the_task:
                return event
        return None
