"""Bugs of elections, votes and terms, and of what a disk keeps of them, that real projects shipped. Sources name the report."""

from collections.abc import Callable
from typing import Any

import attrs

from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, RequestVote, VoteReply
from cluster.raft.state import Candidate, Follower, Leader, Moment, Raft, Save
from cluster.raft.timing import Timing
from cluster.storage import StorageDamaged, StorageTooNew
from scenarios.zoo import bug

PAPER = Timing(ticking=False, trial=False)
"""The paper's elections: a timer that every sign of a leader restarts, and no trial election."""
DEAF = Timing(check_quorum=False)
"""A leader that hears from nobody stays leader."""


@bug("cluster.raft.election:counts_as_grant", breaks="election safety", source="zoo E1; Xraft #33", strikes="search")
def grant_of_another_term(original: Any, candidate: Any, reply: Any) -> Any:
    """A candidate counts a vote that was given to it for an earlier term."""
    return reply.granted and reply.trial == candidate.trial


@bug("cluster.raft.election:after_step_down", breaks="one vote a term", source="zoo E2; CCF #5891, akka-raft #56")
def vote_forgotten_by_following(original: Any, raft: Raft, term: int, leader: str | None, at: Moment) -> Any:
    """Who becomes a follower forgets its vote, though the term is the same."""
    return attrs.evolve(original(raft, term, leader, at), vote=None)


@bug("cluster.raft.election:vote_reply", breaks="election safety", source="zoo E3; akka-raft #45", timing=PAPER)
def votes_are_a_number(original: Any, raft: Raft, sender: str, reply: VoteReply, at: Moment) -> Any:
    """A vote that arrives twice counts twice."""
    role = raft.role
    if isinstance(role, Candidate) and reply.granted and sender in role.granted:
        silent = [name for name in raft.configuration.electors(raft.name) if name not in role.granted]
        sender = silent[0] if silent else sender
    return original(raft, sender, reply, at)


@bug("cluster.raft.election:may_grant_vote", breaks="one vote a term", source="zoo E4; DaosRaft #70", timing=PAPER)
def leader_votes_for_another(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int) -> Any:
    """A leader gives its vote to whoever asks for it in its own term, whatever it has given and whatever its log."""
    rival = isinstance(raft.role, Leader) and request.term == raft.term and not request.trial
    return rival or original(raft, candidate, request, now)


@bug("cluster.raft.election:stand_for_real", breaks="election safety", source="zoo E5; nebula #3415", strikes="search")
def own_vote_is_not_written(original: Any, raft: Raft, forced: bool, rounds: int) -> Any:
    """A candidate counts its own vote and does not remember that it has given it."""
    after, (saving,) = original(raft, forced, rounds)
    return attrs.evolve(after, vote=None), (attrs.evolve(saving, vote=None),)


@bug(
    "cluster.raft.election:log_is_up_to_date",
    breaks="leader completeness",
    source="zoo E10, by index only; §5.4.1",
    timing=PAPER,
)
def the_longer_log_may_lead(original: Any, log: Any, last_index: Any, last_term: Any) -> Any:
    """A voter compares how long the logs are, and not of what term they end."""
    return last_index >= log.last_index


@bug("cluster.raft.election:log_is_up_to_date", breaks="leader completeness", source="zoo E10, by term only; §5.4.1")
def the_later_term_may_lead(original: Any, log: Any, last_index: Any, last_term: Any) -> Any:
    """A voter compares of what term the logs end, and not how long they are."""
    return last_term >= log.last_term


@bug(
    "cluster.raft.election:log_is_up_to_date",
    breaks="progress",
    source="zoo E10, later for as late; WRaft #9 is a relative: no leader could be elected",
)
def only_a_fresher_log_may_lead(original: Any, log: Log, last_index: int, last_term: int) -> Any:
    """A voter wants the candidate's log to be fresher than its own: of equals nobody is elected."""
    return original(log, last_index, last_term) and (last_index, last_term) != (log.last_index, log.last_term)


@bug(
    "cluster.raft.replication:append_entries",
    source="zoo E11; butane, oracles #32",
    strikes="a_deposed_leader_still_beats",
    timing=DEAF,
)
def an_old_leader_is_a_leader(original: Any, raft: Raft, sender: str, request: AppendEntries, at: Moment) -> Any:
    """A heartbeat of an earlier term is a sign of a leader."""
    role = raft.role
    if request.term < raft.term and isinstance(role, Follower):
        raft = attrs.evolve(raft, role=Follower(role.leader, at.now))
    return original(raft, sender, request, at)


@bug("cluster.raft.election:may_grant_vote", breaks="one vote a term", source="zoo E13; camunda #5356", timing=PAPER)
def a_longer_log_gets_a_second_vote(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int) -> Any:
    """A voter takes its vote back for a candidate whose log is longer than its own."""
    longer = (request.last_term, request.last_index) > (raft.log.last_term, raft.log.last_index)
    return original(attrs.evolve(raft, vote=None) if longer else raft, candidate, request, now)


@bug(
    "cluster.storage:recover",
    breaks="one vote a term",
    source="zoo D1, both; PySyncObj #84, #98, #201, #202; robustmq #2039",
)
def term_forgotten_by_a_restart(original: Any, *file: Any) -> Any:
    """Neither the term nor the vote survives a crash: the term is that of the last entry."""
    found = original(*file)
    return attrs.evolve(found, term=found.log.last_term, vote=None)


@bug("cluster.storage:Storage.save", breaks="one vote a term", source="zoo D2; hashicorp #661", timing=PAPER)
def vote_and_term_are_two_writes(
    original: Any, self: Any, what: Any, done: Callable[[], None], commit: int = 0
) -> None:
    """The vote is written first and its term after it: a crash between leaves the new vote in the old term."""
    term, vote = self._written
    if isinstance(what, Save) and what.term != term and what.vote != vote:
        original(self, Save(term, what.vote, -1, (), ()), lambda: None)
    original(self, what, done, commit)


@bug("cluster.raft.election:vote_reply", breaks="never back", source="zoo E13's family; §5.1")
def takes_the_term_of_any_refusal(original: Any, raft: Raft, sender: str, reply: VoteReply, at: Moment) -> Any:
    """A candidate takes over the term of whoever refuses it, an older one too."""
    falls = isinstance(raft.role, Candidate) and not reply.granted and reply.term < raft.term
    return original(attrs.evolve(raft, term=reply.term) if falls else raft, sender, reply, at)


@bug("cluster.raft.election:after_step_down", breaks="never back", source="zoo E13's family; §5.1")
def follows_in_its_old_term(original: Any, raft: Raft, term: int, leader: str | None, at: Moment) -> Any:
    """Who hears of a leader of a later term follows it and keeps its own term: its log is ahead of it."""
    after = original(raft, term, leader, at)
    return attrs.evolve(after, term=raft.term) if leader else after


@bug("cluster.storage:Storage.save", breaks="never back", source="zoo D1's family; §5.1")
def entries_without_their_term(original: Any, self: Any, what: Any, done: Callable[[], None], commit: int = 0) -> None:
    """A write that brings entries leaves the term on the disk as it was: a restart finds a log that is ahead of it."""
    original(self, attrs.evolve(what, term=self._written[0]) if what.entries else what, done, commit)


@bug("cluster.storage:recover", breaks="sound disks", source="zoo D3")
def a_torn_end_is_damage(original: Any, *file: Any) -> Any:
    """A log whose last write was torn by a crash is refused at the next start, as if somebody had damaged it."""
    found = original(*file)
    if found.torn_bytes:
        raise StorageDamaged(f"{found.torn_bytes} bytes at the end are no frame: take the node out of the cluster")
    return found


@bug(
    "cluster.node:Node._save",
    breaks="election safety",
    source="Figure 2: state is on the disk before an answer",
    strikes="nobody_was_told_of_that_vote",
)
def tells_of_a_vote_before_it_is_durable(original: Any, self: Any, save: Save, before: Raft) -> None:
    """A vote is told while its sync goes on: after a crash in between the node may give another."""
    for send in save.then:
        if isinstance(send.message, VoteReply):
            self._send(send.to, send.message, save.term)
    original(
        self,
        attrs.evolve(save, then=tuple(each for each in save.then if not isinstance(each.message, VoteReply))),
        before,
    )


@bug(
    "cluster.storage:recover",
    breaks="durability",
    source="Alagappan et al. 2018, Protocol-aware recovery",
    strikes="weather_damage",
)
def damage_is_a_torn_end(original: Any, content: bytes, *file: Any) -> Any:
    """A log that somebody damaged is taken for one that a crash has torn: what it holds from there on is forgotten without a word."""
    try:
        return original(content, *file)
    except (StorageDamaged, StorageTooNew):
        return attrs.evolve(original(content[:0], *file), torn_bytes=len(content))
