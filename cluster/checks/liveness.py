"""Liveness: while no fault happens, whoever can elect a leader does, and what is proposed is applied.

Safety alone is kept by a cluster that answers nothing. So this watcher demands that some time after `Mend`, if no fault
follows, there is a leader, and that what is proposed from then on is applied. It demands the same without `Mend`, while
others are down or cut off: of nodes that hear each other and nobody else, if one of them could be elected by the rest.
Whether one could is asked only when the time is over, so that an event costs O(1).
"""

from cluster.checks import Sees, Watcher, on
from cluster.checks.connectivity import Connectivity
from cluster.checks.membership import Members, decides
from cluster.steps import Ask, Mend, Start
from cluster.time_units import MILLISECOND, SECOND
from cluster.trace import (
    Answered,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Committed,
    ConfigurationChanged,
    Crashed,
    Ended,
    Happened,
    Proposed,
    Recovered,
    Stepped,
)

TIMEOUTS = 40
"""The time allowed, in election timeouts: an unlucky election takes some rounds, each twice as long (rule 3.11)."""
HARMLESS = Ask | Start
"""Steps that are no faults. Every other step ends the period without faults, and `Mend` begins one."""


class Progress(Watcher):
    """Liveness with a time limit, the only form that a finite run can break."""

    promise = "progress"
    says = (
        f"{TIMEOUTS} election timeouts after the last fault somebody leads, and what is proposed is applied, wherever "
        "nodes that hear each other can elect one of themselves"
    )

    def __init__(
        self,
        election: int = 300 * MILLISECOND,
        members: Members | None = None,
        is_calm: bool = False,
        is_fair: bool = True,
    ) -> None:
        """`election` is the cluster's election timeout in µs; `is_calm`: whether links and disks begin without faults.
        `is_fair`: whether they let a cluster work after a `Mend`, which sets back what a story did to them and no more.

        Without `members`, the model of who belongs to the cluster, only what follows a `Mend` is judged.
        """
        self.patience = TIMEOUTS * election
        self.members = members
        self.connectivity = Connectivity(is_calm)
        self._is_fair = is_fair
        self.clear_at = 0
        """True µs of the last fault."""
        self.is_mended = False
        """Whether that fault was a `Mend`, after which every node is up and every link whole."""
        self._not_before = 0
        """Nobody could lead when it was asked last; it is asked again at this true µs."""
        self.leading: dict[str, int] = {}
        """Each leader, with the true µs at which it was elected."""
        self.leaderless_since: int | None = 0
        self.proposed: dict[tuple[str, str], tuple[int, str]] = {}
        """The open proposals by node and request: true µs and command."""
        self._members: tuple[int, frozenset[str] | None] = (0, None)
        """The entry and the members of the latest configuration in force on some node; None: the founders."""

    def sees(self) -> Sees:
        return [
            on(Stepped, self.stepped),
            on(BecameLeader, self.became_leader),
            on(BecameFollower, self.lost),
            on(BecameCandidate, self.lost),
            on(Crashed, self.crashed),
            on(Recovered, self.recovered),
            on(Committed, self.judge),
            on(Proposed, self.was_proposed),
            on(Answered, self.answered),
            on(ConfigurationChanged, self.configured),
            on(Ended, self.ended),
        ]

    def stepped(self, event: Happened[Stepped]) -> None:
        self.judge(event)
        step = event.note.step
        if isinstance(step, HARMLESS):
            return
        self.connectivity.step(step)
        self.is_mended = self._is_fair and isinstance(step, Mend)
        self.clear_at = event.t

    def recovered(self, event: Happened[Recovered]) -> None:
        self.connectivity.started(event.node)
        self.clear_at = event.t

    def became_leader(self, event: Happened) -> None:
        self.judge(event)
        self.leading[event.node] = event.t
        self.leaderless_since = None

    def lost(self, event: Happened) -> None:
        if self.leading.pop(event.node, None) is not None and not self.leading:
            self.leaderless_since = event.t
        self.judge(event)

    def crashed(self, event: Happened) -> None:
        for key in [key for key in self.proposed if key[0] == event.node]:
            del self.proposed[key]
        self.lost(event)
        self.connectivity.stopped(event.node)
        self.clear_at = event.t

    def configured(self, event: Happened[ConfigurationChanged]) -> None:
        note = event.note
        if note.index >= self._members[0]:
            self._members = note.index, note.members

    def _belongs(self, node: str) -> bool:
        """Whether the node is a member, so that the cluster owes it an answer. A node removed while it was away may not know."""
        members = self._members[1]
        return members is None or node in members

    def was_proposed(self, event: Happened[Proposed]) -> None:
        note = event.note
        self.judge(event)
        self.proposed[event.node, note.request] = (event.t, note.command)

    def answered(self, event: Happened[Answered]) -> None:
        note = event.note
        at, command = self.proposed.pop((event.node, note.request), (0, ""))
        if not command or note.outcome == "applied" or at < self.clear_at + self.patience:
            return
        if self._belongs(event.node) and self._may_expect(event.node):
            raise self.broken(
                f"{event.node} got no answer to {command} ({note.outcome}), though the sky was clear "
                f"{in_seconds(at - self.clear_at)} before it asked"
            )

    def ended(self, event: Happened) -> None:
        self.judge(event)
        for (node, _), (at, command) in self.proposed.items():
            waited = event.t - max(at, self.clear_at)
            if waited > 2 * self.patience and self._belongs(node) and self._may_expect(node):
                raise self.broken(
                    f"{node} has waited {in_seconds(waited)} under a clear sky for an answer to {command}"
                )

    def judge(self, event: Happened) -> None:
        """Raise Violation if by the time of this event there has been no leader for too long, though there could be one."""
        if self.leaderless_since is None:
            return
        waited = event.t - max(self.clear_at, self.leaderless_since)
        if waited <= self.patience or event.t < self._not_before:
            return
        if self.is_mended:
            raise self.broken(f"nobody has led for {in_seconds(waited)} under a clear sky")
        for group in self.connectivity.groups():
            able = self._able(group)
            if able:
                raise self.broken(
                    f"nobody has led for {in_seconds(waited)}, though {', '.join(sorted(group))} are up and hear each "
                    f"other, and {able} could be elected by them"
                )
        self._not_before = event.t + self.patience

    def _may_expect(self, node: str) -> bool:
        """Whether a proposal of this node must come to its end: somebody leads, or could, whom it hears."""
        if self.is_mended:
            return True
        return any(node in group and self._able(group) for group in self.connectivity.groups())

    def _able(self, group: frozenset[str]) -> str:
        """A node of the group that a majority of its voters, all in the group, would elect; empty if there is none.

        Empty too if another of the group goes by a configuration in which it may stand, and the first node's has no vote
        for it: one that was removed may disturb the others (dissertation, 4.2.3).
        """
        members = self.members
        if members is None:
            return ""
        for name in sorted(group & members.in_force.keys()):
            voters = members.in_force[name].voters
            everybody = {*voters[0], *voters[1]}
            if name not in everybody or not decides(voters, group):
                continue
            own = members.logs.last(name)
            granted = [each for each in group if members.logs.last(each) <= own]
            strangers = [each for each in group - everybody if members.has_vote(each)]
            if decides(voters, granted) and not strangers:
                return name
        return ""


def in_seconds(duration: int) -> str:
    """A duration in µs as text."""
    return f"{duration / SECOND:.1f} s"
