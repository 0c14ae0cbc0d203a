"""What the nodes knew at a moment of a run, and what they had said and done: all that an answer rests on. Values.

Never here: what forbids a run of a task (causes.py).
"""

from backup.record.record import Assignment, Database, Delay, Status, Task
from backup.record.rules import Rules
from backup.requests.answers import TaskView
from cluster.time_units import SECOND
from cluster.trace import Happened, N
from cluster.value import value
from scenarios.inspect.run_history import BackupFacts, RunHistory

SOON = 5 * SECOND
"""A run that starts so long after the time that is asked for is the one that is meant."""

Cause = tuple[str, str]
"""A sentence without a full stop, and its rule."""


@value
class NodeFacts:
    """A node at the moment."""

    name: str
    up: bool
    paused: bool
    role: str
    leader: str
    voters: tuple[str, ...]
    """Whose majority decides, as it knows."""
    passive: bool
    """It knows that it belongs to no cluster."""
    wall: int
    zone: str
    applied: int
    view: TaskView | None
    """The task as it knows it; None: it does not, or is down."""

    def ahead(self, t: int) -> int:
        """By how many µs its wall clock is ahead of true time `t`, which is that of the moment."""
        return self.wall - t


@value
class KnownFacts:
    """What the nodes knew at the moment."""

    nodes: tuple[NodeFacts, ...]
    database: Database | None
    """By the node that has applied most; None: no node that is up knows the task."""
    task: Task | None
    rules: Rules
    """Those that the nodes follow."""


@value
class Facts:
    """All that an answer rests on."""

    t: int
    number: int
    rules: Rules
    found: KnownFacts
    runs: tuple[BackupFacts, ...]
    """Of the task, in the order in which they began."""
    history: RunHistory
    owner: NodeFacts | None
    """The responsible node."""
    occurrence: int | None
    """Wall µs of the newest occurrence that had come by the owner's clock."""

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
        """Whom a majority of its voters follows; empty: nobody leads."""
        lively = [node for node in self.found.nodes if node.up and not node.paused]
        for node in lively:
            following = [each.name for each in lively if each.leader == node.name and each.name in node.voters]
            if node.role == "leader" and len(following) * 2 > len(node.voters):
                return node.name
        return ""

    @property
    def believers(self) -> list[NodeFacts]:
        """The nodes that hold themselves responsible: on both sides of a cut there may be one."""
        return [node for node in self.found.nodes if node.view is not None and node.view.responsible_node == node.name]

    def before(self, kind: type[N], node: str = "") -> Happened[N] | None:
        """The last event of a kind up to the moment, of this task where the kind has one."""
        for event in reversed(self.history.of(kind)):
            of_the_task = getattr(event.note, "task", self.number) == self.number
            if event.t <= self.t and node in ("", event.node) and of_the_task:
                return event
        return None
