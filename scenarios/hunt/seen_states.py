"""What one run reached: which fault hit a node in which role and phase of its cluster, and which rare moments came.

It watches like a promise and never breaks. Never here: what many runs reached (coverage.py).
"""

from collections.abc import Iterable
from typing import Any

from cluster import steps
from cluster.checks import Sees, Watcher, on
from cluster.trace import (
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Committed,
    ConfigurationChanged,
    Crashed,
    Failed,
    Happened,
    LeadershipTransferred,
    Recovered,
    SnapshotInstalled,
    SnapshotSent,
    Started,
    Stepped,
    Wrote,
)
from cluster.value import value

ROLES = ("leader", "candidate", "follower", "down", "everybody")
"""What a node is as a fault hits it; `everybody`: it is a fault of no node of its own."""
PHASES = ("no leader", "joint", "snapshot", "settled")
"""What the cluster goes through: nobody leads, two configurations count, a snapshot is under way, or none of these."""
NO_FAULTS = (steps.Start, steps.Mend, steps.Ask, steps.When)
UNCOMMITTED = "a leader crashed with uncommitted entries"
WHILE_JOINT = "a leader was elected during a joint configuration"
OVER_A_LONGER_LOG = "a snapshot was installed over a longer log"
UNSYNCED = "a fault struck before a vote or a snapshot was durable"
ALONE = "a node alone led a cluster of its own"
DEPOSED = "a leader gave up although it was up"
HANDED_OVER = "leadership was handed over"
REFUSED = "a node refused to start from its disk"
RESTARTED_AS_CANDIDATE = "a node crashed while it stood"
MOMENTS = (
    UNCOMMITTED,
    WHILE_JOINT,
    OVER_A_LONGER_LOG,
    UNSYNCED,
    ALONE,
    DEPOSED,
    HANDED_OVER,
    REFUSED,
    RESTARTED_AS_CANDIDATE,
)
"""The rare moments that every hunt looks for, beside the marks of the story's own `sometimes`."""


@value
class FaultCell:
    """A fault that hit a node in this role and phase."""

    fault: str
    role: str
    phase: str

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        return {"fault": self.fault, "role": self.role, "phase": self.phase}


class SeenStates(Watcher):
    """The model of roles and phases, and what was seen."""

    promise = "seen"
    says = "it counts, and promises nothing"

    def __init__(self) -> None:
        self.cells: set[FaultCell] = set()
        self.moments: set[str] = set()
        self._roles: dict[str, str] = {}
        self._last: dict[str, int] = {}
        """By node: the last index of its log."""
        self._committed: dict[str, int] = {}
        self._joint: dict[str, bool] = {}
        self._alone: set[str] = set()
        """Nodes by whose configuration one voter is enough."""
        self._sending: set[str] = set()
        """Nodes to which a snapshot is under way."""
        self._starting: set[str] = set()
        self._unsynced: set[int] = set()
        """The events of the steps that armed a fault for an effect."""

    def sees(self) -> Sees:
        return [
            on(Stepped, self.stepped),
            on(BecameLeader, self.leads),
            on(BecameCandidate, self.stands),
            on(BecameFollower, self.follows),
            on(Crashed, self.crashed),
            on(Started, self.started),
            on(Recovered, self.recovered),
            on(Failed, self.failed),
            on(Wrote, self.wrote),
            on(Committed, self.committed),
            on(ConfigurationChanged, self.configured),
            on(SnapshotSent, self.sent),
            on(SnapshotInstalled, self.installed),
            on(LeadershipTransferred, self.handed_over),
        ]

    def phase(self) -> str:
        """What the cluster goes through now."""
        if "leader" not in self._roles.values():
            return "no leader"
        if any(self._joint.values()):
            return "joint"
        return "snapshot" if self._sending else "settled"

    def stepped(self, event: Happened[Stepped]) -> None:
        step: Any = event.note.step
        if isinstance(step, steps.When) and step.kind in steps.EFFECTS:
            self._unsynced.add(event.seq)
        elif event.cause in self._unsynced:
            self.moments.add(UNSYNCED)
        if isinstance(step, NO_FAULTS):
            return
        trouble = step.trouble if isinstance(step, steps.Disturb) else step
        nodes: Iterable[str] = steps.nodes_of(step)
        roles = {self._roles.get(node, "down") for node in nodes} or {"everybody"}
        phase = self.phase()
        self.cells |= {FaultCell(type(trouble).__name__, role, phase) for role in roles}

    def leads(self, event: Happened[BecameLeader]) -> None:
        if self._joint.get(event.node):
            self.moments.add(WHILE_JOINT)
        if event.node in self._alone:
            self.moments.add(ALONE)
        self._roles[event.node] = "leader"

    def stands(self, event: Happened[BecameCandidate]) -> None:
        self._roles[event.node] = "candidate"

    def follows(self, event: Happened[BecameFollower]) -> None:
        if self._roles.get(event.node) == "leader":
            self.moments.add(DEPOSED)
        self._roles[event.node] = "follower"

    def crashed(self, event: Happened[Crashed]) -> None:
        node = event.node
        was = self._roles.get(node)
        if was == "leader" and self._last.get(node, 0) > self._committed.get(node, 0):
            self.moments.add(UNCOMMITTED)
        if was == "candidate":
            self.moments.add(RESTARTED_AS_CANDIDATE)
        self._roles[node] = "down"
        self._joint.pop(node, None)
        self._sending.discard(node)
        self._starting.discard(node)

    def started(self, event: Happened[Started]) -> None:
        self._starting.add(event.node)
        self._roles[event.node] = "follower"

    def recovered(self, event: Happened[Recovered]) -> None:
        self._starting.discard(event.node)
        self._last[event.node], self._committed[event.node] = event.note.index, event.note.commit

    def failed(self, event: Happened[Failed]) -> None:
        if event.node in self._starting:
            self.moments.add(REFUSED)
            self._starting.discard(event.node)
            self._roles[event.node] = "down"

    def wrote(self, event: Happened[Wrote]) -> None:
        self._last[event.node] = event.note.after + len(event.note.terms)

    def committed(self, event: Happened[Committed]) -> None:
        self._committed[event.node] = event.note.index

    def configured(self, event: Happened[ConfigurationChanged]) -> None:
        note = event.note
        self._joint[event.node] = bool(note.outgoing)
        (self._alone.add if note.voters == (event.node,) else self._alone.discard)(event.node)

    def sent(self, event: Happened[SnapshotSent]) -> None:
        self._sending.add(event.note.peer)

    def installed(self, event: Happened[SnapshotInstalled]) -> None:
        if self._last.get(event.node, 0) > event.note.index:
            self.moments.add(OVER_A_LONGER_LOG)
        self._last[event.node] = max(event.note.index, self._last.get(event.node, 0))
        self._sending.discard(event.node)

    def handed_over(self, event: Happened[LeadershipTransferred]) -> None:
        self.moments.add(HANDED_OVER)
