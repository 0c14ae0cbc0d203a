"""Bugs of consensus that real projects shipped or the paper warns of. Sources name the report."""

from collections.abc import Callable
from typing import Any

import attrs

from cluster.instant import MILLISECOND
from cluster.raft import durability
from cluster.raft.messages import AppendReply, RequestVote
from cluster.raft.progress import Progress
from cluster.raft.state import Moment, Raft, Timing
from cluster.sim.disk import DiskModel
from scenarios.zoo import bug

ONE_BY_ONE = Timing(batch=1)
"""Every append carries one entry, so that a follower's log is verified entry by entry."""
SLOW = DiskModel(sync_latency=150 * MILLISECOND)


@bug("cluster.raft.quorum", "majority", breaks="election safety", source="zoo E9; openraft #1802 is a relative")
def majority_of_half(original: Callable[[int], int]) -> Callable[[int], int]:
    """Half of the voters, rounded down, count as a majority."""
    return lambda count: max(1, count // 2)


@bug(
    "cluster.raft.election",
    "may_grant_vote",
    breaks="one vote a term",
    source="zoo E7, the other way round; nebula #2419",
)
def vote_given_twice(original: Callable[..., bool]) -> Callable[..., bool]:
    """A voter forgets that it has voted in this term."""

    def may_grant_vote(raft: Raft, candidate: str, request: RequestVote, now: int) -> bool:
        return original(attrs.evolve(raft, vote=None), candidate, request, now)

    return may_grant_vote


@bug("cluster.storage", "recover", breaks="one vote a term", source="zoo D1; PySyncObj #84, akka-raft #62, barge #5")
def vote_forgotten_by_a_restart(original: Callable[..., Any]) -> Callable[..., Any]:
    """The vote does not survive a crash."""
    return lambda *file: attrs.evolve(original(*file), vote=None)


@bug("cluster.raft.replication", "log_matches", breaks="log matching", source="zoo L3; WRaft #118")
def previous_entry_by_index_only(original: Callable[..., bool]) -> Callable[..., bool]:
    """A follower compares the index of the entry before, not its term."""
    return lambda log, prev_index, prev_term: prev_index <= log.last_index


@bug(
    "cluster.raft.replication", "lead", breaks="leader append-only", source="zoo L12; the paper's property of that name"
)
def leader_cuts_its_tail(original: Callable[..., Any]) -> Callable[..., Any]:
    """A new leader drops what it has not committed."""

    def lead(raft: Raft, at: Moment) -> Any:
        after, effects = original(raft, at)
        if raft.log.last_index > raft.commit:
            kept = raft.log.cut(raft.commit)
            after, saving = original(
                attrs.evolve(raft, log=kept, durable=durability.cut(raft.durable, raft.saves + 1, raft.commit)), at
            )
            effects = saving
        return after, effects

    return lead


@bug("cluster.raft.election", "log_is_up_to_date", breaks="leader completeness", source="zoo E10; §5.4.1")
def any_log_may_lead(original: Callable[..., bool]) -> Callable[..., bool]:
    """A voter does not ask whether the candidate's log is as fresh as its own."""
    return lambda log, last_index, last_term: True


@bug(
    "cluster.raft.replication",
    "may_commit",
    breaks="own term",
    source="zoo C1, figure 8; PySyncObj #169, logcabin #44",
    timing=ONE_BY_ONE,
)
def commits_an_older_term(original: Callable[..., bool]) -> Callable[..., bool]:
    """A leader commits whatever a majority holds, of any term."""
    return lambda raft, index: True


@bug(
    "cluster.raft.quorum",
    "committed_index",
    breaks="state machine safety",
    source="zoo C6; openraft #1802 is a relative",
    timing=Timing(check_quorum=False),
)
def commits_what_one_node_has(original: Callable[..., int]) -> Callable[..., int]:
    """The commit index is the largest match instead of the one that a majority has."""
    return lambda matches: max(matches)


@bug("cluster.raft.progress", "after_acceptance", breaks="true match", source="zoo L7, the leader's end; RATIS-2605")
def takes_one_answer_for_all(original: Callable[..., Progress]) -> Callable[..., Progress]:
    """A leader takes an acknowledgement for everything that is on its way."""

    def after_acceptance(known: Progress, reply: AppendReply, beat: int, now: int) -> Progress:
        sent = max((reply.match, *known.inflight))
        return original(known, attrs.evolve(reply, match=sent), beat, now)

    return after_acceptance


@bug("cluster.storage", "Storage.save", breaks="durability", source="zoo D4; etcd #14370, rostam #94", disk=SLOW)
def answers_before_the_disk(original: Callable[..., None]) -> Callable[..., None]:
    """A save is called durable when it was only written."""

    def save(self: Any, what: Any, done: Callable[[], None], commit: int = 0) -> None:
        original(self, what, lambda: None, commit)
        view = self._disk
        view._disk.later(0, lambda: done() if view.plugged else None)

    return save
