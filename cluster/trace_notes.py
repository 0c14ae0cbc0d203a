"""What a node notes of itself: messages it took, its role, who belongs to the cluster. Never here: a rule.

A note is made by comparing the law's state before and after a step, so that no rule has to speak of what it does.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

from cluster import trace
from cluster.ports import Arrival, Host
from cluster.raft import active_configuration
from cluster.raft.messages import Entry
from cluster.raft.state import Candidate, Effect, Follower, Leader, Raft, Save, Transfer

ROLES: dict[type, str] = {Follower: "follower", Candidate: "candidate", Leader: "leader"}
"""What a trace calls them."""


def leader_of(raft: Raft) -> str | None:
    """The leader as the node sees it (rule 3.37)."""
    match raft.role:
        case Follower(leader=leader):
            return leader
        case Leader():
            return raft.name
        case _:
            return None


def terms_and_digests(entries: Sequence[Entry]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What a trace tells of entries: their terms, and 32 bits of the content of each."""
    if len(entries) == 1:  # as most often
        entry = entries[0]
        return (entry.term,), (crc32(entry.command),)
    return tuple([entry.term for entry in entries]), tuple([crc32(entry.command) for entry in entries])


def tell_chatter(host: Host, before: Raft, after: Raft, effects: Iterable[Effect], arrival: Arrival) -> None:
    """A beat of the law's, or its answer, was taken: it leaves a note only if it changed something."""
    if after.commit == before.commit and after.term == before.term:
        same_role = before.role.__class__ is after.role.__class__ and leader_of(before) == leader_of(after)
        if same_role and not any(isinstance(effect, Save) for effect in effects):
            host.cause = arrival.cause
            return
    tell_arrival(host, after, arrival)


def tell_arrival(host: Host, raft: Raft, arrival: Arrival) -> None:
    """A message was taken; what happens from now on follows from it."""
    match, role, kind, sender = -1, raft.role, arrival.kind, arrival.sender
    if kind == "AppendReply" and isinstance(role, Leader):
        for peer, progress in role.peers:
            if peer == sender:
                match = progress.match
                break
    label, sent, log = arrival.label, arrival.sent, raft.log
    note = trace.Delivered(
        kind, label, sender, sent, raft.term, ROLES[role.__class__], log.last_index, raft.commit, match
    )
    host.cause = host.note(note, arrival.cause)


def tell_role(host: Host, before: Raft, after: Raft) -> bool:
    """Note a change of role, term or leader; whether there was one that others on this node care for."""
    was, now = before.role, after.role
    if before.term == after.term:
        if isinstance(now, Follower):
            if isinstance(was, Follower) and now.leader == was.leader:
                return False  # as at nearly every message
        elif isinstance(now, Leader) and isinstance(was, Leader):
            if now.transfer is not was.transfer:
                tell_transfer(host, was.transfer, now.transfer, after.term)
            return now.ready != was.ready
    match now:
        case Leader():
            votes = 1 + (len(was.granted) if isinstance(was, Candidate) else 0)
            index = before.log.last_index
            host.note(trace.BecameLeader(after.term, votes, index, before.log.term_at(index)))
            if isinstance(was, Candidate) and was.forced:
                host.note(trace.LeadershipTransferred(after.term))
        case Candidate(trial=trial, asked=asked):
            if isinstance(was, Candidate) and was.trial == trial:
                return False  # counting votes, or asking the same again
            host.note(trace.BecameCandidate(asked, trial))
        case Follower(leader=leader):
            host.note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))
    return True


def tell_configuration(host: Host, before: Raft | None, raft: Raft) -> bool:
    """Note who belongs to the cluster now; whether that was news."""
    now = raft.configuration
    if before is not None and now == before.configuration and not isinstance(raft.role, Leader):
        return False  # the same again, from a snapshot
    if now is not raft.configured[-1][1]:
        host.note(trace.PutOutside(raft.term))
    else:
        index = active_configuration.since(raft)
        host.note(trace.ConfigurationChanged(index, now.voters, now.outgoing, now.learners, now.promotable))
    return True


def tell_transfer(host: Host, was: Transfer | None, now: Transfer | None, term: int) -> None:
    """Note that leadership is being handed over, or no more."""
    if now is None:
        assert was is not None
        host.note(trace.HandingOverEnded(was.target, term))
    elif was is None or was.target != now.target:
        host.note(trace.HandingOver(now.target, term))
