"""`step`, the only function that changes a node's state. It passes each event to the module that holds its rules."""

from collections.abc import Sequence

from cluster.raft import (
    active_configuration,
    durability,
    election,
    election_timer,
    membership,
    reads,
    replication,
    snapshots,
    transfer,
)
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    InstallSnapshot,
    RequestVote,
    Snapshot,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)
from cluster.raft.quorum import VoteResult
from cluster.raft.state import (
    Candidate,
    ChangeProposed,
    Durable,
    Effect,
    Event,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    ReadAsked,
    Received,
    Snapshotted,
    Stored,
    TransferAsked,
)
from cluster.raft.timing import Timing


def step(raft: Raft, event: Event, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """The node after the event, and its effects in the order in which they must be done.

    At most one effect is a `Save`. Raises AssertionError if the event cannot happen among correct nodes.
    """
    if isinstance(event, Received):  # `isinstance` and not `match`, here and below: this runs for every message
        return received(raft, event, at)
    if isinstance(event, Stored):
        return stored(raft, event, at)
    if isinstance(event, Proposed):
        return replication.proposed(raft, event)
    if isinstance(event, ChangeProposed):
        return membership.change_proposed(raft, event, at)
    if isinstance(event, TransferAsked):
        return transfer.transfer_asked(raft, event, at)
    if isinstance(event, ReadAsked):
        return reads.read_asked(raft, event, at)
    if isinstance(event, Snapshotted):
        return snapshots.snapshotted(raft, event, at)
    return replication.beat(raft, at) if isinstance(raft.role, Leader) else election.timed_out(raft, at)


def begin(
    name: str,
    configuration: Configuration,
    timing: Timing,
    term: int,
    vote: str | None,
    log: Log,
    at: Moment,
    commit: int = 0,
    snapshot: Snapshot | None = None,
) -> Raft:
    """A follower that has just read its disk. Term, vote and log are durable, and the log is committed up to `commit`.

    `configuration` is the one before the first entry of the log: `NOBODY` for a node that a leader will add. A
    `snapshot` overrides it with the one in force as of its index.
    """
    since = 0
    if snapshot is not None:
        since, configuration, commit = snapshot.index, snapshot.configuration, max(commit, snapshot.index)
    configured = active_configuration.of_log(configuration, log, since)
    raft = Raft(
        name=name,
        configuration=configured[-1][1],
        configured=configured,
        timing=timing,
        term=term,
        vote=vote,
        log=log,
        commit=commit,
        role=Follower(None, at.now),
        timeout=election_timer.drawn(timing, False, at.luck),
        ticks_from=at.now,
        draws=1,
        wake_at=at.now,
        durable=Durable(term, vote, log.last_index, ()),
        saves=0,
        snapshot=snapshot,
    )
    return election_timer.rewound(raft)


def received(raft: Raft, event: Received, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A message came. Its sender need not be in this node's configuration, which may be older (dissertation, 4.1)."""
    sender, message = event.sender, event.message
    if sender == raft.name:
        return raft, ()
    if isinstance(message, AppendEntries):
        return replication.append_entries(raft, sender, message, at)
    if isinstance(message, AppendReply):
        after, effects = replication.append_reply(raft, sender, message, at)
        return progressed(raft, after, effects, at)
    if isinstance(message, RequestVote):
        return election.request_vote(raft, sender, message, at)
    if isinstance(message, VoteReply):
        return winning(*election.vote_reply(raft, sender, message, at), at)
    if isinstance(message, TimeoutNow):
        return transfer.timeout_now(raft, sender, message, at)
    if isinstance(message, Confirm):
        return reads.confirm(raft, sender, message, at)
    if isinstance(message, InstallSnapshot):
        return snapshots.install_snapshot(raft, sender, message, at)
    if isinstance(message, SnapshotReply):
        return replication.snapshot_reply(raft, sender, message, at)
    return reads.confirmed(raft, sender, message, at)


def progressed(before: Raft, raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A leader has learned more of its peers' logs: continue a change of the configuration or a transfer, if one is under way."""
    if raft.configuration.unfinished or raft.configured[-1][0] > before.commit:
        raft, effects = membership.after_progress(before, raft, effects, at)
    role = raft.role
    if isinstance(role, Leader) and role.transfer is not None:
        return transfer.told_if_ready(raft, effects)
    return raft, effects


def stored(raft: Raft, event: Stored, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A Save is durable: the candidate's own vote counts now (§5.2), or the leader's own log further than before."""
    before, raft = raft, durability.stored(raft, event)
    role = raft.role
    if isinstance(role, Follower):
        return raft, ()
    if isinstance(role, Leader):
        after, effects = replication.own_disk(raft)
        return progressed(before, after, effects, at)
    return winning(election.own_vote(raft, at), (), at)


def winning(raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Become leader at once if the real election is won (§5.2)."""
    role = raft.role
    if isinstance(role, Candidate) and not role.trial and election.result(raft) is VoteResult.Won:
        return replication.lead(raft, at)
    return raft, effects
