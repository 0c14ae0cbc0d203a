"""What an operator may ask about groups, external replication and the observer, one frozen class each, as in database_requests.py.

What a group is asked needs a leader, and raises `NoLeader`, `OutcomeUnknown` or `Refused`. The observer is asked on the
node that leads; what it was told or knows is forgotten when another one does (rules 5.1, 5.16). Never here: how each is
answered (backup/node/admin_handler.py).
"""

from backup.record.record import Replication
from backup.requests.answers import DecisionLogEntry
from cluster.member import ClientRequest
from cluster.value import value


@value
class AddNodeToDatabase(ClientRequest[str]):
    """The node gets a copy and becomes a member when it has caught up. Answers the node."""

    database: str
    node: str = ""
    """Empty: the node outside the group that has the fewest databases."""

    def says(self) -> str:
        return f"wants database {self.database} on {self.node or 'one more node'}"


@value
class RemoveNodeFromDatabase(ClientRequest[None]):
    """The node leaves the group; it goes on sending until the others have all that only it had (5.15). Answers None."""

    database: str
    node: str

    def says(self) -> str:
        return f"wants database {self.database} off {self.node}"


@value
class PromoteNodeOfDatabase(ClientRequest[None]):
    """A promotable becomes a member at once. Answers None."""

    database: str
    node: str

    def says(self) -> str:
        return f"makes {self.node} a member of {self.database}"


@value
class ReorderGroup(ClientRequest[None]):
    """The members in this order: the first is the clients' preferred node. Answers None."""

    database: str
    order: tuple[str, ...]
    fixed: bool = False
    """The observer keeps them in that order from now on."""

    def says(self) -> str:
        return f"wants the members of {self.database} to be {', '.join(self.order)}" + (
            ", always" if self.fixed else ""
        )


@value
class DistributeDynamically(ClientRequest[None]):
    """Whether the observer may replace a node of the group that is gone for long (5.14). Answers None."""

    database: str
    dynamic: bool = True

    def says(self) -> str:
        return f"lets {'the observer' if self.dynamic else 'nobody'} replace nodes of {self.database}"


GroupRequest = AddNodeToDatabase | RemoveNodeFromDatabase | PromoteNodeOfDatabase | ReorderGroup | DistributeDynamically


@value
class DefineReplication(ClientRequest[int]):
    """Send every change of the database to another one (19.4). Answers the task's id; `replication.id` 0: a new task."""

    database: str
    replication: Replication

    def says(self) -> str:
        late = " after a delay" if self.replication.delay else ""
        return f"wants every change of {self.database} sent to {self.replication.destination}{late}"


@value
class RemoveReplication(ClientRequest[None]):
    """Answers None. What was sent stays where it is."""

    database: str
    task: int

    def says(self) -> str:
        return f"wants external replication {self.task} of {self.database} to go"


@value
class ToggleReplication(ClientRequest[None]):
    """Answers None."""

    database: str
    task: int
    disabled: bool

    def says(self) -> str:
        return f"{'disables' if self.disabled else 'enables'} external replication {self.task} of {self.database}"


@value
class SuspendObserver(ClientRequest[None]):
    """The observer of this node decides nothing until it is resumed, or the node restarts (5.16). Answers None."""

    suspended: bool = True

    def says(self) -> str:
        return f"{'suspends' if self.suspended else 'resumes'} its observer"


@value
class ReadDecisions(ClientRequest[tuple[DecisionLogEntry, ...]]):
    """Answers the observer's log on this node: a tuple of `DecisionLogEntry`, at most 100, the oldest first (5.1, 5.12)."""

    def says(self) -> str:
        return "reads the log of its observer"


ReplicationRequest = DefineReplication | RemoveReplication | ToggleReplication
Operation = GroupRequest | ReplicationRequest | SuspendObserver | ReadDecisions
