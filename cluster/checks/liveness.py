"""Liveness: after all faults have ended, a cluster elects a leader and applies what is proposed.

Safety alone is kept by a cluster that answers nothing. So this watcher demands that some time after `Mend`, if no fault
follows, there is a leader, and that what is proposed from then on is applied.
"""

from cluster.checks import Sees, Watcher, on
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
    Stepped,
)

TIMEOUTS = 40
"""The time allowed, in election timeouts: an unlucky election takes some rounds, each twice as long (rule 3.11)."""
HARMLESS = Ask | Start
"""Steps that are no faults. Every other step except `Mend` ends the period without faults."""


class Progress(Watcher):
    """Liveness with a time limit, the only form that a finite run can break."""

    promise = "progress"
    says = f"{TIMEOUTS} election timeouts after the sky has cleared somebody leads, and what is proposed is applied"

    def __init__(self, election: int = 300 * MILLISECOND) -> None:
        """`election` is the cluster's election timeout in µs."""
        self.patience = TIMEOUTS * election
        self.clear_at: int | None = None
        """True µs since which there has been no fault; None while there may be one."""
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
            on(Committed, self.judge),
            on(Proposed, self.was_proposed),
            on(Answered, self.answered),
            on(ConfigurationChanged, self.configured),
            on(Ended, self.ended),
        ]

    def stepped(self, event: Happened[Stepped]) -> None:
        self.judge(event)
        step = event.note.step
        if isinstance(step, Mend):
            self.clear_at = event.t
        elif not isinstance(step, HARMLESS):
            self.clear_at = None

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

    def configured(self, event: Happened[ConfigurationChanged]) -> None:
        note = event.note
        if note.index >= self._members[0]:
            self._members = note.index, frozenset((*note.voters, *note.outgoing, *note.learners))

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
        is_owed = command and note.outcome != "applied" and self._belongs(event.node)
        if is_owed and self.clear_at is not None and at >= self.clear_at + self.patience:
            raise self.broken(
                f"{event.node} got no answer to {command} ({note.outcome}), though the sky was clear "
                f"{in_seconds(at - self.clear_at)} before it asked"
            )

    def ended(self, event: Happened) -> None:
        self.judge(event)
        if self.clear_at is None:
            return
        for (node, _), (at, command) in self.proposed.items():
            waited = event.t - max(at, self.clear_at)
            if waited > 2 * self.patience and self._belongs(node):
                raise self.broken(
                    f"{node} has waited {in_seconds(waited)} under a clear sky for an answer to {command}"
                )

    def judge(self, event: Happened) -> None:
        """Raise Violation if by the time of this event there has been no leader for too long."""
        if self.clear_at is None or self.leaderless_since is None:
            return
        waited = event.t - max(self.clear_at, self.leaderless_since)
        if waited > self.patience:
            raise self.broken(f"nobody has led for {in_seconds(waited)} under a clear sky")


def in_seconds(duration: int) -> str:
    """A duration in µs as text."""
    return f"{duration / SECOND:.1f} s"
