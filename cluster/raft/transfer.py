"""Transfer of leadership on request (dissertation, 3.10; rule 3.12): the leader leads until the target is elected.

During a transfer the leader takes no command. It brings the target's log up to its own, tells the target to stand, and
abandons the attempt after an election timeout. The target stands without a trial, and voters do not refuse it because
the leader is in good standing.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import election, election_timer
from cluster.raft.messages import TimeoutNow
from cluster.raft.progress import Progress
from cluster.raft.state import Effect, Follower, Leader, Moment, Raft, Refuse, Send, Transfer, TransferAsked


def transfer_asked(raft: Raft, event: TransferAsked, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Begin a transfer, or refuse if the target cannot lead. Another target replaces the last; the same one changes nothing."""
    role, target = raft.role, event.target
    if not isinstance(role, Leader):
        return raft, (Refuse(event.request),)
    why = reason_against(raft, target)
    if why:
        return raft, (Refuse(event.request, why, final=True),)
    if role.transfer is not None and role.transfer.target == target:
        return raft, ()
    handing = Transfer(target, at.now + raft.timing.election, False)
    raft = attrs.evolve(raft, role=attrs.evolve(role, transfer=handing))
    return told_if_ready(raft, ())


def reason_against(raft: Raft, target: str) -> str:
    """A sentence that says why this node cannot be given the leadership in this configuration; empty if it can."""
    if target == raft.name:
        return f"{target} leads already: name another voter"
    if target in raft.configuration.voters:
        return ""
    voters = ", ".join(raft.configuration.voters)
    what = "has no vote" if target in raft.configuration.members else "is no member"
    return f"{target} {what} and cannot lead: name one of {voters}"


def is_ready(raft: Raft, progress: Progress) -> bool:
    """Whether the target holds the whole log, so that every voter will vote for it (zoo T3)."""
    return progress.match == raft.log.last_index


def told_if_ready(raft: Raft, effects: Sequence[Effect]) -> tuple[Raft, Sequence[Effect]]:
    """Tell the target to stand, once, when it holds the whole log."""
    role = raft.role
    if not isinstance(role, Leader) or role.transfer is None or role.transfer.told:
        return raft, effects
    handing = role.transfer
    if not any(name == handing.target and is_ready(raft, progress) for name, progress in role.peers):
        return raft, effects
    # From here on the target may become leader whenever this message arrives, so leases end (dissertation, 6.4.1).
    told = Transfer(handing.target, handing.until, True)
    raft = attrs.evolve(raft, role=attrs.evolve(role, transfer=told, leases=False))
    return raft, [*effects, Send(handing.target, TimeoutNow(raft.term))]


def given_up(role: Leader, now: int) -> Leader:
    """The leader, without its transfer if the target has taken too long (zoo T1)."""
    if role.transfer is None or now < role.transfer.until:
        return role
    return attrs.evolve(role, transfer=None)


def timeout_now(raft: Raft, sender: str, message: TimeoutNow, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Stand at once, if the sender leads this node's term and this node has a vote."""
    role = raft.role
    if message.term != raft.term or not isinstance(role, Follower) or role.leader not in (None, sender):
        return raft, ()
    if raft.name not in raft.configuration.voters:
        return raft, ()
    return election.stand_for_real(election_timer.restarted(raft, at, 0), forced=True, rounds=0)


def farewell(raft: Raft) -> list[Send]:
    """The last message of a leader that must step down: it tells the voter with the longest log to stand (rule 3.28)."""
    role = raft.role
    assert isinstance(role, Leader)
    able = [(progress.match, progress.answered_at, name) for name, progress in role.peers]
    able = [each for each in able if each[2] in raft.configuration.voters]
    return [Send(max(able)[2], TimeoutNow(raft.term))] if able else []
