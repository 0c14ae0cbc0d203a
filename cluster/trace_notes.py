"""The notes a node makes for the trace: messages it took, its role, its configuration, transfers.

They are made by comparing the state of Raft before and after a step, so that the rules need no code for the trace.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

from cluster import trace
from cluster.ports import Arrival, Host
from cluster.raft import active_configuration
from cluster.raft.messages import Entry
from cluster.raft.state import Candidate, Effect, Follower, Leader, Raft, Save, Transfer

ROLES: dict[type, str] = {Follower: "follower", Candidate: "candidate", Leader: "leader"}
"""The name of each role in a trace."""


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
    """What a trace says of entries: the term of each, and 32 bits of its content."""
    if len(entries) == 1:  # the usual case
        entry = entries[0]
        return (entry.term,), (crc32(entry.command),)
    return tuple([entry.term for entry in entries]), tuple([crc32(entry.command) for entry in entries])


def tell_chatter(host: Host, before: Raft, after: Raft, effects: Iterable[Effect], arrival: Arrival) -> None:
    """Note a heartbeat, or the answer to one, only if it changed something."""
    if after.commit == before.commit and after.term == before.term:
        same_role = before.role.__class__ is after.role.__class__ and leader_of(before) == leader_of(after)
        if same_role and not any(isinstance(effect, Save) for effect in effects):
            host.cause = arrival.cause
            return
    tell_arrival(host, after, arrival)


def tell_arrival(host: Host, raft: Raft, arrival: Arrival) -> None:
    """Note that a message was taken, and make it the cause of what follows."""
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
    """Note a change of role, term or leader; return whether the leader or its readiness changed."""
    was, now = before.role, after.role
    if before.term == after.term:
        if isinstance(now, Follower):
            if isinstance(was, Follower) and now.leader == was.leader:
                return False  # the usual case
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
                return False  # it counts votes, or repeats its request
            host.note(trace.BecameCandidate(asked, trial))
        case Follower(leader=leader):
            host.note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))
    return True


def tell_configuration(host: Host, before: Raft | None, raft: Raft) -> bool:
    """Note the configuration that is in force now; return whether it changed."""
    notes = configuration_notes(before, raft)
    same = before is not None and raft.configuration == before.configuration and not was_cut(before, raft)
    if same and len(notes) == 1 and not isinstance(raft.role, Leader):
        return False  # the same configuration again, from a snapshot or at a later entry
    for note in notes:
        host.note(note)
    return True


def configuration_notes(before: Raft | None, raft: Raft) -> Sequence[trace.Note]:
    """The configuration in force now, behind those that the same step appended and followed at once by another.

    An entry between may be committed before the last one is, and what it did to the node counts from then on.
    """
    if raft.configuration is not raft.configured[-1][1]:
        return (trace.PutOutside(raft.term),)
    between = [] if before is None else [each for each in raft.configured[:-1] if not both_hold(before, raft, each[0])]
    return [
        trace.ConfigurationChanged(index, now.voters, now.outgoing, now.learners, now.promotable)
        for index, now in (*between, raft.configured[-1])
    ]


def was_cut(before: Raft, raft: Raft) -> bool:
    """Whether the log no longer holds the entry that put the configuration of `before` in force.

    The one that stands in its place, or behind it, may name the same members and be committed later.
    """
    return not both_hold(before, raft, active_configuration.since(before))


def both_hold(before: Raft, raft: Raft, index: int) -> bool:
    """Whether the entry at `index` is the same before a step and after it."""
    if index <= before.commit:
        return True
    if not raft.log.base < index <= min(before.log.last_index, raft.log.last_index):
        return False
    return raft.log.term_at(index) == before.log.term_at(index)


def tell_transfer(host: Host, was: Transfer | None, now: Transfer | None, term: int) -> None:
    """Note that a transfer of leadership began or ended."""
    if now is None:
        assert was is not None
        host.note(trace.HandingOverEnded(was.target, term))
    elif was is None or was.target != now.target:
        host.note(trace.HandingOver(now.target, term))
