"""A machine's place in the world with the node on it, and the view of a node that a story has."""

from typing import Any, Generic, TypeVar, cast

from cluster.member import Application
from cluster.node import Node
from cluster.raft.configuration import NOBODY
from cluster.raft.state import Raft
from cluster.sim.clock import Clock, Parked
from cluster.sim.disk import Disk
from cluster.sim.errors import Misuse
from cluster.sim.hardware import Hardware
from cluster.sim.machine import Machine

S = TypeVar("S")
App_co = TypeVar("App_co", bound=Application, covariant=True)


class Slot(Hardware):
    """A machine's place in the world: its hardware, the node that runs on it now, and the clients that wait for the node."""

    def __init__(self, name: str, index: int, disk: Disk) -> None:
        super().__init__(name, index, disk)
        self.founded = NOBODY
        """The node's configuration before its first entry: all founders for a founder, `NOBODY` for a node that joined."""
        self.cluster = 0
        """Number of its cluster in the world, in the order in which they were founded."""
        self.booting = False
        """Whether it is about to start. A crash before that cancels the start."""
        self.asks: dict[Parked, tuple[str, int]] = {}
        """The clients that wait for an answer, each with the text of its request and the `seq` of its step."""
        self.node: Node | None = None
        self.machine: Machine | None = None

    @property
    def raft(self) -> Raft:
        """What the node here believes; to be asked only while there is one."""
        assert self.node is not None
        return self.node.raft

    def clocks_changed(self) -> None:
        """The clocks run differently now: let the node here make its appointments anew."""
        if self.machine is not None and self.node is not None:
            self.machine.clocks_changed()
            self.node.clocks_changed()


class NodeView:
    """A node as a story sees it: `world["A"]`."""

    def __init__(self, slot: Slot, clock: Clock) -> None:
        self._slot = slot
        self._clock = clock

    def __repr__(self) -> str:
        return f"<node {self.name}: {self.role}, term {self.term}, commit {self.commit}>"

    @property
    def name(self) -> str:
        """The node's tag."""
        return self._slot.name

    @property
    def up(self) -> bool:
        """Whether the node is running."""
        return self._slot.node is not None

    @property
    def role(self) -> str:
        """`leader`, `candidate`, `follower`, or `down`."""
        return type(self._slot.node.raft.role).__name__.lower() if self._slot.node else "down"

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it; None if it sees none or is down."""
        return self._slot.node.leader if self._slot.node else None

    @property
    def term(self) -> int:
        """The node's current term; 0 if it is down."""
        return self._slot.node.raft.term if self._slot.node else 0

    @property
    def commit(self) -> int:
        """The node's commit index; 0 if it is down."""
        return self._slot.node.raft.commit if self._slot.node else 0

    @property
    def members(self) -> tuple[str, ...]:
        """Every node of the cluster by this node's log; empty if it is down, or no leader has sent it the log."""
        return self._slot.node.members if self._slot.node else ()

    @property
    def voters(self) -> tuple[str, ...]:
        """The nodes whose majority decides, by this node's log; while joint, the new set."""
        return self._slot.node.raft.configuration.voters if self._slot.node else ()

    @property
    def passive(self) -> bool:
        """Whether the node is running and knows of no cluster that it belongs to (rule 3.36)."""
        return self._slot.node is not None and self._slot.node.passive

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""
        return self._slot.node.applied if self._slot.node else 0

    @property
    def state(self) -> Any:
        """The replicated state as applied on the node; None if it is down."""
        return self._slot.node.state if self._slot.node else None

    @property
    def application(self) -> Any:
        """The application object of the running incarnation; None if it is down."""
        return self._slot.node.application if self._slot.node else None

    @property
    def wall(self) -> int:
        """The node's wall clock, in µs since 2024-01-01T00:00Z."""
        return self._slot.clocks.wall(self._clock.now)


class TypedNodeView(NodeView, Generic[App_co]):
    """A `NodeView` of a node whose application is known: `cluster["A"]`.

    Its `state` and `application` have types, and raise Misuse if the node is down, where `NodeView` gives None.
    """

    @property
    def state(self: "TypedNodeView[Application[S]]") -> S:
        """The replicated state as applied on the node, of the application's own type."""
        state: S = self._running().state
        return state

    @property
    def application(self) -> App_co:
        """The application object of the running incarnation."""
        return cast("App_co", self._running().application)  # the class that the world was started with

    def _running(self) -> Node:
        if self._slot.node is None:
            raise Misuse(
                f"node {self.name} is down and shows neither state nor application: restart it, or look at one that is up"
            )
        return self._slot.node
