"""The one way a node changes: `step`. It sends each event to its rule; the rules themselves are in the files beside."""

from collections.abc import Sequence

from cluster.raft import durability, election, replication, timer
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, AppendReply, RequestVote, VoteReply
from cluster.raft.quorum import VoteResult
from cluster.raft.state import (
    Candidate,
    Durable,
    Effect,
    Event,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    Received,
    Stored,
    TimedOut,
    Timing,
)


def step(raft: Raft, event: Event, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """What the node is after the event, and what it asks for, in the order it must be done.

    At most one of the effects is a `Save`. Raises AssertionError if what happened cannot happen among correct nodes.
    """
    match event:
        case Received():
            return received(raft, event, at)
        case Stored():
            return stored(raft, event, at)
        case Proposed():
            return replication.proposed(raft, event)
        case TimedOut():
            return replication.beat(raft, at) if isinstance(raft.role, Leader) else election.timed_out(raft, at)


def begin(
    name: str,
    voters: Sequence[str],
    timing: Timing,
    term: int,
    vote: str | None,
    log: Log,
    at: Moment,
    commit: int = 0,
) -> Raft:
    """A follower that has just read its disk: term, vote and log are durable; up to `commit` it knew them committed.

    ValueError if `name` is not among the voters.
    """
    if name not in voters:
        raise ValueError(f"{name} is not among the voters {', '.join(sorted(voters))}: name every node of the cluster")
    raft = Raft(
        name=name,
        voters=tuple(sorted(voters)),
        timing=timing,
        term=term,
        vote=vote,
        log=log,
        commit=commit,
        role=Follower(None, at.now),
        timeout=timer.drawn(timing, False, at.luck),
        ticks_from=at.now,
        draws=1,
        wake_at=at.now,
        durable=Durable(term, vote, log.last_index, ()),
        saves=0,
    )
    return timer.rewound(raft)


def received(raft: Raft, event: Received, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A message; from anybody but another voter it is not heard."""
    sender = event.sender
    if sender not in raft.voters or sender == raft.name:
        return raft, ()
    match event.message:
        case AppendEntries() as request:
            return replication.append_entries(raft, sender, request, at)
        case AppendReply() as reply:
            return replication.append_reply(raft, sender, reply, at)
        case RequestVote() as asked:
            return election.request_vote(raft, sender, asked, at)
        case VoteReply() as vote:
            return winning(*election.vote_reply(raft, sender, vote, at), at)


def stored(raft: Raft, event: Stored, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A Save is durable: the own vote counts now (§5.2), or the own log for more."""
    raft = durability.stored(raft, event)
    match raft.role:
        case Leader():
            return replication.own_disk(raft)
        case Candidate():
            return winning(election.own_vote(raft, at), (), at)
        case _:
            return raft, ()


def winning(raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Lead at once if the real election is won (§5.2)."""
    role = raft.role
    if isinstance(role, Candidate) and not role.trial and election.result(raft) is VoteResult.Won:
        return replication.lead(raft, at)
    return raft, effects
