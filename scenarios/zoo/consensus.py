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
from scenarios.zoo import OF_THE_STORY, bug

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


@bug(
    "cluster.storage",
    "recover",
    breaks="one vote a term",
    source="zoo D1; PySyncObj #84, akka-raft #62, barge #5",
    strikes="a_vote_outlives_a_crash",
)
def vote_forgotten_by_a_restart(original: Callable[..., Any]) -> Callable[..., Any]:
    """The vote does not survive a crash."""
    return lambda *file: attrs.evolve(original(*file), vote=None)


@bug(
    "cluster.raft.replication",
    "log_matches",
    breaks="log matching",
    source="zoo L3; WRaft #118",
    strikes="an_entry_nobody_else_has",
)
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
    strikes="figure_eight",
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


@bug(
    "cluster.storage",
    "Storage.save",
    breaks="durability",
    source="zoo D4; etcd #14370, rostam #94",
    strikes="nothing_is_said_before_it_is_written",
    disk=SLOW,
)
def answers_before_the_disk(original: Callable[..., None]) -> Callable[..., None]:
    """A save is called durable when it was only written."""

    def save(self: Any, what: Any, done: Callable[[], None], commit: int = 0) -> None:
        original(self, what, lambda: None, commit)
        view = self._disk
        view._disk.later(0, lambda: done() if view.plugged else None)

    return save


# ---- what one story shows: a node that goes on alone, and one that asks again ----


@bug(
    "cluster.raft.replication",
    "hears_quorum",
    breaks=OF_THE_STORY,
    source="rule 3.27; dissertation 6.2; what etcd's check-quorum was made for",
    strikes="a_leader_that_nobody_hears",
)
def leads_on_unheard(original: Callable[..., bool]) -> Callable[..., bool]:
    """A leader goes on leading though nobody answers it."""

    def hears_quorum(raft: Raft, role: Leader, now: int) -> bool:
        return True

    return hears_quorum


@bug(
    "cluster.raft.election",
    "stand",
    breaks=OF_THE_STORY,
    source="dissertation 9.6; rule 3.10",
    strikes="one_link_is_cut",
)
def stands_without_asking(original: Callable[..., Any]) -> Callable[..., Any]:
    """A node that has lost patience stands at once, in a new term, without asking whether it could win."""

    def stand(raft: Raft, at: Moment, rounds: int) -> Any:
        untried = attrs.evolve(raft, timing=attrs.evolve(raft.timing, trial=False))
        after, effects = original(untried, at, rounds)
        return attrs.evolve(after, timing=raft.timing), effects

    return stand


@bug(
    "cluster.proposals",
    "Sessions.answer",
    breaks="once",
    source="dissertation 6.3; §8",
    strikes="asked_twice_applied_once",
)
def applies_a_retry_again(original: Callable[..., Any]) -> Callable[..., Any]:
    """A command that comes a second time is applied a second time."""
    return lambda self, request: None


@bug(
    "cluster.raft.election",
    "counts_as_grant",
    breaks="election safety",
    source="dissertation 9.6: what a trial binds nobody to",
    strikes="too_far_apart",
)
def takes_a_trial_for_a_vote(original: Callable[..., bool]) -> Callable[..., bool]:
    """A candidate counts an answer to its trial as a vote."""
    return lambda candidate, reply: bool(reply.granted)
