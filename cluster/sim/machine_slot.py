"""A machine's place in the world, with the node that runs there, and what a story may see of it."""

from typing import Any, Generic, TypeVar, cast

from cluster.member import Application
from cluster.node import Node
from cluster.raft.configuration import NOBODY
from cluster.sim.clock import Clock, Parked
from cluster.sim.disk import Disk
from cluster.sim.errors import Misuse
from cluster.sim.hardware import Hardware
from cluster.sim.machine import Machine

S = TypeVar("S")
App_co = TypeVar("App_co", bound=Application, covariant=True)


class Slot(Hardware):
    """A machine's place in the world: its hardware, the node that runs on it now, and who waits for that node."""

    def __init__(self, name: str, index: int, disk: Disk) -> None:
        super().__init__(name, index, disk)
        self.founded = NOBODY
        """What the node knows of the cluster before its first entry: of founders, the founders; of others, nothing."""
        self.booting = False
        """It comes up as the next thing, unless it crashes before."""
        self.asks: dict[Parked, str] = {}
        """Clients that wait for an answer, and what they asked."""
        self.node: Node | None = None
        self.machine: Machine | None = None

    def clocks_changed(self) -> None:
        """A clock was set, or drifts differently: whoever runs here makes the appointments with it again."""
        if self.machine is not None and self.node is not None:
            self.machine.clocks_changed()
            self.node.clocks_changed()


class NodeView:
    """What a story may look at: `world["A"]`."""

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
        """Whether it runs."""
        return self._slot.node is not None

    @property
    def role(self) -> str:
        """`leader`, `candidate`, `follower`, or `down`."""
        return type(self._slot.node.raft.role).__name__.lower() if self._slot.node else "down"

    @property
    def leader(self) -> str | None:
        """Whom it holds for the leader; None if nobody, or if it is down."""
        return self._slot.node.leader if self._slot.node else None

    @property
    def term(self) -> int:
        """Its current term; 0 if it is down."""
        return self._slot.node.raft.term if self._slot.node else 0

    @property
    def commit(self) -> int:
        """Its commit index; 0 if it is down."""
        return self._slot.node.raft.commit if self._slot.node else 0

    @property
    def members(self) -> tuple[str, ...]:
        """The cluster as this node's log says; empty if it is down, or was not told."""
        return self._slot.node.members if self._slot.node else ()

    @property
    def voters(self) -> tuple[str, ...]:
        """Whose majority decides, as this node's log says; while joint, the new half."""
        return self._slot.node.raft.configuration.voters if self._slot.node else ()

    @property
    def passive(self) -> bool:
        """Whether it runs and knows of no cluster that it belongs to (rule 3.36)."""
        return self._slot.node is not None and self._slot.node.passive

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""
        return self._slot.node.applied if self._slot.node else 0

    @property
    def state(self) -> Any:
        """The replicated state as applied there. AttributeError-free: None if the node is down."""
        return self._slot.node.state if self._slot.node else None

    @property
    def application(self) -> Any:
        """The application object of the running incarnation; None if it is down."""
        return self._slot.node.application if self._slot.node else None

    @property
    def wall(self) -> int:
        """What its wall clock reads, in µs."""
        return self._slot.clocks.wall(self._clock.now)


class TypedNodeView(NodeView, Generic[App_co]):
    """The same of a node whose application is known: `cluster["A"]`.

    It raises Misuse for state and application of a node that is down, where `NodeView` gives None.
    """

    @property
    def state(self: "TypedNodeView[Application[S]]") -> S:
        """The replicated state as applied there, of the application's own type."""
        state: S = self._running().state
        return state

    @property
    def application(self) -> App_co:
        """The application object of the running incarnation."""
        return cast("App_co", self._running().application)  # what the world was started with

    def _running(self) -> Node:
        if self._slot.node is None:
            raise Misuse(
                f"node {self.name} is down and shows neither state nor application: restart it, or look at one that is up"
            )
        return self._slot.node
