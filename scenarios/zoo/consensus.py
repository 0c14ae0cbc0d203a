"""Bugs of consensus that real projects shipped or the paper warns of. Sources name the report."""

from collections.abc import Callable
from typing import Any

import attrs

from cluster.raft import durability
from cluster.raft.messages import AppendReply, RequestVote
from cluster.raft.progress import Progress
from cluster.raft.state import Leader, Moment, Raft
from cluster.raft.timing import Timing
from cluster.sim.disk import DiskModel
from cluster.time_units import MILLISECOND
from scenarios.zoo import bug

ONE_BY_ONE = Timing(batch=1)
"""Every append carries one entry, so that a follower's log is verified entry by entry."""
SLOW = DiskModel(sync_latency=150 * MILLISECOND)


@bug("cluster.raft.quorum:majority", breaks="election safety", source="zoo E9; openraft #1802 is a relative")
def majority_of_half(original: Any, count: Any) -> Any:
    """Half of the voters, rounded down, count as a majority."""
    return max(1, count // 2)


@bug(
    "cluster.raft.election:may_grant_vote", breaks="one vote a term", source="zoo E7, the other way round; nebula #2419"
)
def vote_given_twice(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int) -> Any:
    """A voter forgets that it has voted in this term."""
    return original(attrs.evolve(raft, vote=None), candidate, request, now)


@bug(
    "cluster.storage:recover",
    breaks="one vote a term",
    source="zoo D1; PySyncObj #84, akka-raft #62, barge #5",
    strikes="a_vote_outlives_a_crash",
)
def vote_forgotten_by_a_restart(original: Any, *file: Any) -> Any:
    """The vote does not survive a crash."""
    return attrs.evolve(original(*file), vote=None)


@bug(
    "cluster.raft.replication:log_matches",
    breaks="log matching",
    source="zoo L3; WRaft #118",
    strikes="an_entry_nobody_else_has",
)
def previous_entry_by_index_only(original: Any, log: Any, prev_index: Any, prev_term: Any) -> Any:
    """A follower compares the index of the entry before, not its term."""
    return prev_index <= log.last_index


@bug("cluster.raft.replication:lead", breaks="leader append-only", source="zoo L12; the paper's property of that name")
def leader_cuts_its_tail(original: Any, raft: Raft, at: Moment) -> Any:
    """A new leader drops what it has not committed."""
    after, effects = original(raft, at)
    if raft.log.last_index > raft.commit:
        kept = raft.log.cut(raft.commit)
        after, saving = original(
            attrs.evolve(raft, log=kept, durable=durability.cut(raft.durable, raft.saves + 1, raft.commit)), at
        )
        effects = saving
    return after, effects


@bug("cluster.raft.election:log_is_up_to_date", breaks="leader completeness", source="zoo E10; §5.4.1")
def any_log_may_lead(original: Any, log: Any, last_index: Any, last_term: Any) -> bool:
    """A voter does not ask whether the candidate's log is as fresh as its own."""
    return True


@bug(
    "cluster.raft.replication:may_commit",
    breaks="own term",
    source="zoo C1, figure 8; PySyncObj #169, logcabin #44",
    strikes="figure_eight",
    timing=ONE_BY_ONE,
)
def commits_an_older_term(original: Any, raft: Any, index: Any) -> bool:
    """A leader commits whatever a majority holds, of any term."""
    return True


@bug(
    "cluster.raft.quorum:committed_index",
    breaks="state machine safety",
    source="zoo C6; openraft #1802 is a relative",
    timing=Timing(check_quorum=False),
)
def commits_what_one_node_has(original: Any, matches: Any) -> Any:
    """The commit index is the largest match instead of the one that a majority has."""
    return max(matches)


@bug("cluster.raft.progress:after_acceptance", breaks="true match", source="zoo L7, the leader's end; RATIS-2605")
def takes_one_answer_for_all(original: Any, known: Progress, reply: AppendReply, beat: int, now: int) -> Any:
    """A leader takes an acknowledgement for everything that is on its way."""
    sent = max((reply.match, *known.inflight))
    return original(known, attrs.evolve(reply, match=sent), beat, now)


@bug(
    "cluster.storage:Storage.save",
    breaks="durability",
    source="zoo D4; etcd #14370, rostam #94",
    strikes="nothing_is_said_before_it_is_written",
    disk=SLOW,
)
def answers_before_the_disk(original: Any, self: Any, what: Any, done: Callable[[], None], commit: int = 0) -> None:
    """A save is called durable when it was only written."""
    original(self, what, lambda: None, commit)
    view = self._disk
    view._disk.later(0, lambda: done() if view.plugged else None)


# ---- what one story shows: a node that goes on alone, and one that asks again ----


@bug(
    "cluster.raft.replication:hears_quorum",
    source="rule 3.27; dissertation 6.2; what etcd's check-quorum was made for",
    strikes="a_leader_that_nobody_hears",
)
def leads_on_unheard(original: Any, raft: Raft, role: Leader, now: int) -> bool:
    """A leader goes on leading though nobody answers it."""
    return True


@bug("cluster.raft.election:stand", source="dissertation 9.6; rule 3.10", strikes="one_link_is_cut")
def stands_without_asking(original: Any, raft: Raft, at: Moment, rounds: int) -> Any:
    """A node that has lost patience stands at once, in a new term, without asking whether it could win."""
    untried = attrs.evolve(raft, timing=attrs.evolve(raft.timing, trial=False))
    after, effects = original(untried, at, rounds)
    return attrs.evolve(after, timing=raft.timing), effects


@bug(
    "cluster.proposals:Sessions.answer",
    breaks="once",
    source="dissertation 6.3; §8",
    strikes="asked_twice_applied_once",
)
def applies_a_retry_again(original: Any, self: Any, request: Any) -> Any:
    """A command that comes a second time is applied a second time."""
    return None


@bug(
    "cluster.raft.election:counts_as_grant",
    breaks="election safety",
    source="dissertation 9.6: what a trial binds nobody to",
    strikes="too_far_apart",
)
def takes_a_trial_for_a_vote(original: Any, candidate: Any, reply: Any) -> bool:
    """A candidate counts an answer to its trial as a vote."""
    return bool(reply.granted)
