"""Leadership handed over on purpose (dissertation, 3.10; rule 3.12): the one leads until the other is elected.

The leader takes no command meanwhile, brings the target's log up to its own, tells it to stand, and gives up the attempt
after an election timeout. The target stands without a trial, and good standing of the leader protects nobody from it.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import election, election_timer
from cluster.raft.messages import TimeoutNow
from cluster.raft.progress import Progress
from cluster.raft.state import Effect, Follower, Leader, Moment, Raft, Refuse, Send, Transfer, TransferAsked


def transfer_asked(raft: Raft, event: TransferAsked, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Begin, unless the target cannot lead. Another target replaces the one before; the same again changes nothing."""
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
    """Why this node can never be handed the leadership, as things are; empty if it can."""
    if target == raft.name:
        return f"{target} leads already: name another voter"
    if target in raft.configuration.voters:
        return ""
    voters = ", ".join(raft.configuration.voters)
    what = "has no vote" if target in raft.configuration.members else "is no member"
    return f"{target} {what} and cannot lead: name one of {voters}"


def is_ready(raft: Raft, progress: Progress) -> bool:
    """Whether the target holds the whole log, so that everybody will vote for it (zoo T3)."""
    return progress.match == raft.log.last_index


def told_if_ready(raft: Raft, effects: Sequence[Effect]) -> tuple[Raft, Sequence[Effect]]:
    """Tell the target to stand, once, when it holds the whole log."""
    role = raft.role
    if not isinstance(role, Leader) or role.transfer is None or role.transfer.told:
        return raft, effects
    handing = role.transfer
    if not any(name == handing.target and is_ready(raft, progress) for name, progress in role.peers):
        return raft, effects
    # From here on another may lead at any time, whenever the word arrives: no lease is good any more (dissertation, 6.4.1).
    told = Transfer(handing.target, handing.until, True)
    raft = attrs.evolve(raft, role=attrs.evolve(role, transfer=told, leases=False))
    return raft, [*effects, Send(handing.target, TimeoutNow(raft.term))]


def given_up(role: Leader, now: int) -> Leader:
    """The leader, who leads on if the target has taken too long (zoo T1)."""
    if role.transfer is None or now < role.transfer.until:
        return role
    return attrs.evolve(role, transfer=None)


def timeout_now(raft: Raft, sender: str, message: TimeoutNow, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Stand at once, if the leader of this very term says so and this node has a vote."""
    role = raft.role
    if message.term != raft.term or not isinstance(role, Follower) or role.leader not in (None, sender):
        return raft, ()
    if raft.name not in raft.configuration.voters:
        return raft, ()
    return election.stand_for_real(election_timer.restarted(raft, at, 0), forced=True, rounds=0)


def farewell(raft: Raft) -> list[Send]:
    """What a leader that must go says: the voter with the furthest log is to stand (rule 3.28)."""
    role = raft.role
    assert isinstance(role, Leader)
    able = [(progress.match, progress.answered_at, name) for name, progress in role.peers]
    able = [each for each in able if each[2] in raft.configuration.voters]
    return [Send(max(able)[2], TimeoutNow(raft.term))] if able else []
