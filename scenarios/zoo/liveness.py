"""Bugs that give no wrong answer and only stop or slow the cluster: of elections, links, disks, snapshots and sleep.

Most need a schedule that no general storm keeps up for long enough, for a storm ends without faults. So each has its story.
"""

from typing import Any

import attrs

from cluster.raft.log import Log
from cluster.raft.messages import RequestVote, VoteReply
from cluster.raft.state import Leader, Moment, Raft
from scenarios.zoo import bug

# ---- terms that do not meet ----


@bug("cluster.raft.election:vote_reply", source="zoo V1p; etcd #8243", strikes="a_long_log_in_an_old_term")
def a_refusal_teaches_no_term(original: Any, raft: Raft, sender: str, reply: VoteReply, at: Moment) -> Any:
    """A node whose trial is refused for its old term does not take over the later one, and asks for the same again."""
    return original(raft, sender, attrs.evolve(reply, term=raft.term) if reply.trial else reply, at)


@bug("cluster.raft.election:request_vote", source="zoo V2p; etcd #8501", strikes="a_long_log_in_an_old_term")
def silent_to_an_old_term(original: Any, raft: Raft, sender: str, request: RequestVote, at: Moment) -> Any:
    """A voter does not answer a trial for a term that is over, so that who asks never hears of the later one."""
    stale = request.trial and request.term <= raft.term
    return (raft, ()) if stale else original(raft, sender, request, at)


@bug(
    "cluster.raft.election:counts_as_grant",
    breaks="progress",
    source="zoo V4p; canonical #142, #279, #281; redpanda #2071; ra #439",
)
def grants_of_another_term_are_stale(original: Any, candidate: Any, reply: Any) -> Any:
    """A candidate compares the voter's own term with the one it asked for: no grant of a trial ever counts."""
    return original(candidate, reply) and reply.term == candidate.asked


@bug(
    "cluster.raft.replication:append_entries",
    source="zoo V8p; etcd TestFreeStuckCandidateWithCheckQuorum",
    strikes="the_heir_is_answered",
)
def silent_to_an_old_leader(original: Any, raft: Raft, sender: str, request: Any, at: Moment) -> Any:
    """An append of an earlier term is dropped without an answer: its leader never hears that there is a later one."""
    return (raft, ()) if request.term < raft.term else original(raft, sender, request, at)


@bug(
    "cluster.raft.election:term_after_refusal",
    source="zoo M9; hashicorp #476, #483, #524; dissertation, 4.2.3",
    strikes="removed_while_away",
)
def anybody_raises_the_term(original: Any, raft: Any, request: Any) -> Any:
    """A node takes over the term of whoever asks for votes, and so does a leader: one that was removed unseats it again and again."""
    return max(raft.term, request.term)


# ---- links that are half there ----


@bug(
    "cluster.raft.replication:hears_quorum",
    source="zoo V6p; Howard and Abraham 2020, on an outage of Cloudflare",
    strikes="the_leader_is_deaf",
)
def leads_on_whatever_it_hears(original: Any, raft: Any, role: Any, now: Any) -> bool:
    """A leader never gives up by itself: who hears it stands for nothing, and nothing is committed."""
    return True


@bug(
    "cluster.raft.replication:hears_quorum",
    source="zoo V7p; Omni-Paxos (EuroSys 2023), quorum loss",
    strikes="only_the_hub_is_heard",
)
def one_voice_is_enough(original: Any, raft: Raft, role: Leader, now: int) -> bool:
    """A leader gives up only when it hears nobody at all, not when it has lost the majority."""
    return any(progress.answered_at >= now - raft.timing.election for _, progress in role.peers)


@bug(
    "cluster.raft.election:may_grant_vote",
    source="zoo V7p; Omni-Paxos, constrained election; NuRaft via ClickHouse #134",
    strikes="the_hub_is_behind",
)
def a_trial_asks_for_no_log(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int) -> Any:
    """A voter promises its vote without comparing logs and then refuses it: who cannot win stands again and again."""
    if request.trial:
        request = attrs.evolve(request, last_index=raft.log.last_index, last_term=raft.log.last_term)
    return original(raft, candidate, request, now)


@bug(
    "cluster.raft.election:in_good_standing",
    source="zoo V7p; Omni-Paxos, chained; dissertation, 9.6; rule 3.22",
    strikes="a_chain_of_three",
)
def good_standing_protects_nobody(original: Any, raft: Any, now: Any) -> bool:
    """A voter that hears its leader helps another to be elected: those who do not hear each other take turns."""
    return False


# ---- work that holds up the answers ----


@bug(
    "cluster.raft.replication:filled",
    source="zoo R6; etcd #13527; hashicorp #503, #612, #666; consul #22064",
    strikes="the_leaders_disk_stalls",
)
def the_leaders_disk_comes_first(original: Any, raft: Raft, log: Log, *rest: Any) -> Any:
    """A leader sends only what its own disk has, and heartbeats always: with a disk that stalls it leads, and commits nothing."""
    return original(raft, log.cut(max(log.base, raft.durable.last)), *rest)


@bug("cluster.node:Node.deliver", source="zoo S11; camunda #6269", strikes="a_snapshot_on_a_slow_disk")
def answers_nobody_while_it_installs(original: Any, self: Any, arrival: Any) -> None:
    """A node hears nothing while a snapshot is being written: for its leader it is gone."""
    raft = self.raft
    if raft.snapshot is None or raft.durable.last >= raft.snapshot.index:
        original(self, arrival)


@bug("cluster.raft.progress:ends_sending", source="zoo S5; etcd #10308, raft #110", strikes="a_thousand_entries_asleep")
def a_snapshot_without_end(original: Any, known: Any, reply: Any, log: Any) -> bool:
    """What a follower says after it has installed a snapshot is taken for an answer to something else: it gets no entry any more.

    To take nothing but the snapshot's very index for the end harms nobody here: a part that comes again is answered with it.
    """
    return False


# ---- sleep ----


@bug(
    "cluster.sim.quiet:Quiet._in_vain",
    source="zoo Q1; cockroach #9372, #9383, #26257; tikv #18886",
    strikes="most_words_are_lost",
)
def sleeps_though_nobody_leads(original: Any, self: Any, slot: Any, live: Any, leader: Any) -> bool:
    """Whoever has asked in vain is taken for one who always will, and the whole cluster sleeps until somebody else wakes it.

    Sleep while a follower lags cannot be had by a slip in one place: its leader sends again, and that is no chatter.
    """
    return True
