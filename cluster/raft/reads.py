"""Reads without an entry in the log (dissertation, 6.4): the commit index, and proof that no other node leads.

A leader answers reads only once an entry of its own term is committed, because before that its commit index may lie
below what an earlier leader committed. A read takes the commit index and waits until a majority, asked after the read
came, has confirmed the leader. Reads that come during a round share the next one. With `Timing.lease_drift` a confirmed
round lets the leader answer for a while without asking.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import election
from cluster.raft.messages import Confirm, Confirmed
from cluster.raft.quorum import VoteResult
from cluster.raft.state import (
    Effect,
    Follower,
    Leader,
    Moment,
    Raft,
    Readable,
    ReadAsked,
    Reading,
    Refuse,
    Send,
)
from cluster.raft.timing import Timing

MILLION = 1_000_000


def read_asked(raft: Raft, event: ReadAsked, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Answer by lease, start a round, or queue the read for the next round. Refuse if this node does not lead in full.

    A request that waits already is not queued again: it is repeated because its answer is late.
    """
    role = raft.role
    if not isinstance(role, Leader) or not may_read(role):
        return raft, (Refuse(event.request),)
    reading = role.reading
    if lease_holds(raft, role, at.now):
        return raft, (Readable((event.request,), raft.commit),)
    if event.request in reading.asked or event.request in reading.waiting:
        return raft, ()
    reading = attrs.evolve(reading, waiting=(*reading.waiting, event.request))
    if reading.asked:
        return attrs.evolve(raft, role=attrs.evolve(role, reading=reading)), ()
    return next_round(raft, role, reading, at)


def may_read(role: Leader) -> bool:
    """Whether the leader has committed an entry of its own term, so that it knows all that is (dissertation, 6.4; zoo R1)."""
    return role.ready


def next_round(raft: Raft, role: Leader, reading: Reading, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Start a round for all waiting reads."""
    number = reading.round + 1
    own = frozenset((raft.name,))
    reading = Reading(number, at.now, raft.commit, reading.waiting, own, (), reading.lease_from)
    raft = attrs.evolve(raft, role=attrs.evolve(role, reading=reading))
    raft, done = if_confirmed(raft, at)
    return raft, [*asked_of(raft, reading), *done]


def asked_of(raft: Raft, reading: Reading) -> list[Send]:
    """The question of the present round, to every voter that has not confirmed it."""
    question = Confirm(raft.term, reading.round)
    return [Send(peer, question) for peer in raft.configuration.electors(raft.name) if peer not in reading.confirmed]


def asked_again(raft: Raft) -> list[Send]:
    """The question again, at each heartbeat, because it may have been lost."""
    role = raft.role
    return asked_of(raft, role.reading) if isinstance(role, Leader) and role.reading.asked else []


def confirm(raft: Raft, sender: str, message: Confirm, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Answer a leader with this node's term. A follower of that leader confirms it and resets its election timer."""
    role = raft.role
    if message.term == raft.term and isinstance(role, Follower) and role.leader == sender:
        raft = attrs.evolve(raft, role=Follower(sender, at.now))
        return raft, (Send(sender, Confirmed(raft.term, message.round)),)
    if message.term < raft.term:
        return raft, (Send(sender, Confirmed(raft.term, message.round)),)
    return raft, ()  # this node does not follow that leader yet; its next heartbeat changes that


def confirmed(raft: Raft, sender: str, answer: Confirmed, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Count a confirmation. With a majority, answer the reads of the round and start the next round."""
    if answer.term > raft.term:
        return election.step_down(raft, answer.term, at)  # §5.1
    role = raft.role
    if not isinstance(role, Leader) or answer.term != raft.term:
        return raft, ()
    reading = role.reading
    if not reading.asked or answer.round != reading.round:
        return raft, ()
    reading = attrs.evolve(reading, confirmed=reading.confirmed | {sender})
    return if_confirmed(attrs.evolve(raft, role=attrs.evolve(role, reading=reading)), at)


def has_majority(raft: Raft, reading: Reading) -> bool:
    """Whether a majority has confirmed the round (zoo R4)."""
    return raft.configuration.quorum.result(reading.confirmed, ()) is VoteResult.Won


def if_confirmed(raft: Raft, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Answer the reads of the round if a majority has confirmed it."""
    role = raft.role
    assert isinstance(role, Leader)
    reading = role.reading
    if not has_majority(raft, reading):
        return raft, ()
    answered = Readable(reading.asked, reading.index)
    reading = Reading(reading.round, reading.sent_at, reading.index, (), frozenset(), reading.waiting, reading.sent_at)
    if not reading.waiting:
        return attrs.evolve(raft, role=attrs.evolve(role, reading=reading)), (answered,)
    raft, more = next_round(raft, role, reading, at)
    return raft, [answered, *more]


# ---- leases ----


def lease_length(timing: Timing) -> int:
    """For how many µs of the leader's clock a confirmed round also confirms later reads; 0 without leases.

    A voter that confirmed the round grants no vote for T/2 of its own clock. With the drift d that is at least (T/2) /
    (1 + d) of true time, and a duration that the leader measures as L is at most L / (1 - d) of true time.
    """
    drift = timing.lease_drift
    if drift is None or not timing.trial:
        return 0
    return timing.election // 2 * (MILLION - drift) // (MILLION + drift)


def lease_holds(raft: Raft, role: Leader, now: int) -> bool:
    """Whether no other node can lead yet, provided that no clock drifts by more than `Timing.lease_drift`."""
    since = role.reading.lease_from
    return since is not None and role.leases and now - since < lease_length(raft.timing)
