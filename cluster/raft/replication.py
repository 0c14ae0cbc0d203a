"""Log replication and commitment (§5.3, §5.4.2; rules 3.4, 3.25-3.33): both ends of AppendEntries.

The functions that run for every message build their values by position: that keeps them at a few µs.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import active_configuration, durability, election, quorum, reads, removed_member, snapshots, transfer
from cluster.raft import progress as peers_progress
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, AppendReply, Entry, InstallSnapshot, Reconfiguration, SnapshotReply
from cluster.raft.progress import Progress
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Apply, Effect, Follower, Leader, Moment, Proposed, Raft, Refuse, Save, Send
from cluster.time_units import FOREVER

# ---- the follower ----


def log_matches(log: Log, prev_index: int, prev_term: int) -> bool:
    """§5.3: whether the log holds an entry of that term at that index.

    An index that is compacted away matches: it was committed, so every leader holds it (§5.4).
    """
    return prev_index < log.base or (prev_index <= log.last_index and log.term_at(prev_index) == prev_term)


def entries_to_write(log: Log, prev_index: int, entries: tuple[Entry, ...]) -> tuple[int, tuple[Entry, ...]]:
    """The index after which to write, and the entries to write; (-1, ()) if the log has them all.

    An entry that matches is never cut, however old the request (§5.3: only a conflict deletes).
    """
    last = log.last_index
    if prev_index == last:
        return (last, entries) if entries else (-1, ())
    if prev_index < log.base:
        prev_index, entries = beyond_base(log, prev_index, entries)
    for offset, entry in enumerate(entries):
        index = prev_index + offset + 1
        if index > last or log.term_at(index) != entry.term:
            return index - 1, entries[offset:]
    return -1, ()


def beyond_base(log: Log, prev_index: int, entries: tuple[Entry, ...]) -> tuple[int, tuple[Entry, ...]]:
    """The part of a request that lies beyond the compacted entries, which are committed and need not be written again."""
    kept = entries[log.base - prev_index :]
    if kept and entries[log.base - prev_index - 1].term != log.base_term:
        raise AssertionError(
            f"entry {log.base} of term {log.base_term} is committed and compacted away, and a leader sends another one of "
            f"term {entries[log.base - prev_index - 1].term}: Leader Completeness (§5.4) is broken"
        )
    return log.base, kept


def ack_index(log: Log, request: AppendEntries) -> int:
    """The index that a success reports: the last one that this request verified, whatever else the log holds."""
    return request.prev_index + len(request.entries)


def follower_commit(raft: Raft, log: Log, request: AppendEntries) -> int:
    """The commit index after an accepted request; it never exceeds what this request verified in `log`."""
    verified = request.prev_index + len(request.entries)
    commit = request.commit if request.commit < verified else verified
    return commit if commit > raft.commit else raft.commit


def append_entries(raft: Raft, sender: str, request: AppendEntries, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Take the leader's entries, or refuse with a hint where the logs may agree."""
    before, role = raft, raft.role
    if request.term < raft.term:  # §5.1; the answer also lets a sender learn the later term
        refusal = AppendReply(raft.term, False, request.prev_index, 0, 0, request.beat)
        return durability.answer(before, raft, sender, refusal)
    if request.term > raft.term or not isinstance(role, Follower) or role.leader != sender:
        if isinstance(role, Leader) and request.term == raft.term:
            raise AssertionError(
                f"{raft.name} and {sender} both lead term {raft.term}: Election Safety (§5.2) is broken"
            )
        raft = election.after_step_down(removed_member.back_inside(raft), request.term, sender, at)
    log, prev = raft.log, request.prev_index
    role = Follower(sender, at.now)
    if not log_matches(log, prev, request.prev_term):
        hint = log.find_conflict(min(prev, log.last_index), request.prev_term)
        hint_term = log.term_at(hint) if hint >= log.base else 0
        refusal = AppendReply(raft.term, False, prev, hint, hint_term, request.beat)
        raft = durability.moved(raft, log, raft.commit, role, raft.saves)
        return durability.answer(before, raft, sender, refusal)

    after, entries = entries_to_write(log, prev, request.entries)
    effects: list[Effect]
    if after < 0:
        ack = ack_index(log, request)
        commit = follower_commit(raft, log, request)
        raft = durability.moved(raft, log, commit, role, raft.saves)
        reply = AppendReply(request.term, True, ack, 0, 0, request.beat)
        raft, answered = durability.answer(before, raft, sender, reply, ack)
        effects = list(answered)
    else:
        number = raft.saves + 1
        if after < log.last_index:
            raft = without_tail(raft, number, after)
            log = raft.log
        log = log.extended(entries)
        commit = follower_commit(raft, log, request)
        raft = durability.moved(raft, log, commit, role, number)
        for entry in entries:
            if entry.__class__ is Reconfiguration:  # in force as soon as the log holds it (dissertation, 4.1)
                raft = active_configuration.extended(raft, after, entries)
                break
        reply = AppendReply(request.term, True, ack_index(log, request), 0, 0, request.beat)
        effects = [Save(raft.term, raft.vote, after, entries, (Send(sender, reply),), number)]
    if commit > before.commit:
        effects.append(Apply(before.commit + 1, log.slice(before.commit + 1, commit)))
    return raft, effects


def without_tail(raft: Raft, number: int, after: int) -> Raft:
    """Cut the entries after `after`, which conflict with the leader's; `number` is the Save that will do so on disk."""
    if after < raft.commit:  # rule 3.32
        raise AssertionError(
            f"{raft.name} was told to overwrite entry {after + 1}, but entries up to {raft.commit} are committed: "
            "Leader Completeness (§5.4) is broken"
        )
    configured = active_configuration.without_tail(raft.configured, after)
    return attrs.evolve(
        raft,
        log=raft.log.cut(after),
        durable=durability.cut(raft.durable, number, after),
        configuration=configured[-1][1],
        configured=configured,
    )


# ---- the leader: appends and heartbeats ----


def lead(raft: Raft, at: Moment) -> tuple[Raft, list[Effect]]:
    """Become leader: nothing is known of the peers yet, and an empty entry of the new term is sent at once (rule 3.25)."""
    last, now = raft.log.last_index, at.now
    peers = tuple([(peer, Progress(0, last + 1, True, (), now, 0)) for peer in raft.peers])
    wake_at = now + raft.timing.heartbeat if peers else FOREVER
    raft = attrs.evolve(raft, role=Leader(peers, raft.durable.last, now, 0, False), wake_at=wake_at)
    return append(raft, (Entry(raft.term, None, b""),))


def proposed(raft: Raft, event: Proposed) -> tuple[Raft, list[Effect]]:
    """Append commands to the log. A leader takes them as soon as it is elected, before its first commit (rule 3.25)."""
    role = raft.role
    if not isinstance(role, Leader) or role.transfer is not None:  # dissertation, 3.10: no commands during a transfer
        return raft, [Refuse(request) for request, _ in event.commands]
    if not event.commands:
        return raft, []
    term, log, limit = raft.term, raft.log, raft.timing.uncommitted_bytes
    waiting = log.size(raft.commit, log.last_index)
    if waiting + sum([len(command) for _, command in event.commands]) <= limit:
        return append(raft, tuple([Entry(term, request, command) for request, command in event.commands]))
    taken, refused = list[Entry](), list[Effect]()
    for request, command in event.commands:
        if waiting and command and waiting + len(command) > limit:
            refused.append(Refuse(request, waiting=waiting))
        else:  # a command larger than the limit is taken when nothing waits, else it never would be
            waiting += len(command)
            taken.append(Entry(term, request, command))
    if not taken:
        return raft, refused
    raft, effects = append(raft, tuple(taken))
    return raft, [*effects, *refused]


def append(raft: Raft, entries: tuple[Entry, ...]) -> tuple[Raft, list[Effect]]:
    """Append the entries and send them without waiting for the leader's own disk (dissertation, 10.2.1)."""
    role = raft.role
    assert isinstance(role, Leader)
    after, number = raft.log.last_index, raft.saves + 1
    log = raft.log.extended(entries)
    effects: list[Effect] = [Save(raft.term, raft.vote, after, entries, (), number)]
    peers: list[tuple[str, Progress]] = []
    made: dict[int, AppendEntries] = {}
    for name, progress in role.peers:
        inflight = progress.inflight
        if not inflight or (not progress.probing and len(inflight) < raft.timing.inflight):
            progress, messages = filled(raft, log, raft.commit, role.beat, progress, made)
            for message in messages:
                effects.append(Send(name, message))  # noqa: PERF401  most often it is one: a list for it costs more
        peers.append((name, progress))
    role = Leader(
        tuple(peers), role.stored, role.beats_from, role.beat, role.ready, role.transfer, role.reading, role.leases
    )
    return durability.moved(raft, log, raft.commit, role, number), effects


def filled(
    raft: Raft, log: Log, commit: int, beat: int, progress: Progress, made: dict[int, AppendEntries]
) -> tuple[Progress, Sequence[AppendEntries | InstallSnapshot]]:
    """The messages that a peer gets now: appends while its window allows, or a part of a snapshot.

    A peer gets a snapshot if it needs entries that are compacted away. `made` shares appends among peers, by first
    index.
    """
    last, timing = log.last_index, raft.timing
    following, inflight, probing = progress.next, progress.inflight, progress.probing
    if progress.sending is not None or following <= log.base:
        if inflight and progress.sending is not None:
            return progress, ()
        progress, part = snapshots.part_for(raft, progress, beat)
        return progress, (part,)
    window, match = 1 if probing else timing.inflight, progress.match
    messages: tuple[AppendEntries, ...] = ()
    head_beat = progress.head_beat if inflight else beat
    while following <= last and (
        not inflight
        or (len(inflight) < window and peers_progress.bytes_inflight(match, following, log) < timing.inflight_bytes)
    ):
        message = made.get(following)
        if message is None:
            prev = following - 1
            upto = (
                following if following == last else log.within(prev, min(last, prev + timing.batch), timing.batch_bytes)
            )
            message = AppendEntries(raft.term, prev, log.term_at(prev), log.slice(following, upto), commit, 0)
            made[following] = message
        messages = (*messages, message)
        following += len(message.entries)
        inflight = (*inflight, following - 1)
    if not messages:
        return progress, messages
    # While probing, `next` stays: it identifies the append that a refusal refuses.
    following = progress.next if probing else following
    return Progress(match, following, probing, inflight, progress.answered_at, head_beat), messages


def beat(raft: Raft, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Send the heartbeat that is due, without those missed during a pause, or step down if check-quorum fails."""
    role, timing = raft.role, raft.timing
    assert isinstance(role, Leader)
    number = (at.now - role.beats_from) // timing.heartbeat
    wake_at = role.beats_from + (number + 1) * timing.heartbeat if role.peers else FOREVER
    if number <= role.beat or not role.peers:
        return attrs.evolve(raft, wake_at=wake_at), ()
    if timing.check_quorum and not hears_quorum(raft, role, at.now):  # rule 3.27
        raft = election.after_step_down(raft, raft.term, None, at)
        return (
            election.stand(raft, at, rounds=0) if timing.trial and active_configuration.may_stand(raft) else (raft, ())
        )
    role = transfer.given_up(role, at.now)
    effects: list[Effect] = []
    made: dict[int, AppendEntries] = {}
    log = raft.log
    for peer, progress in role.peers:
        match = progress.match if progress.match >= log.base else 0  # the term of a compacted entry is not known
        message = made.get(match)
        if message is None:
            commit, term = beat_commit(raft, match), log.term_at(match) if match else 0
            message = AppendEntries(raft.term, match, term, (), commit, number)
            made[match] = message
        effects.append(Send(peer, message))
    effects += reads.asked_again(raft)
    role = Leader(
        role.peers, role.stored, role.beats_from, number, role.ready, role.transfer, role.reading, role.leases
    )
    return attrs.evolve(raft, role=role, wake_at=wake_at), effects


def beat_commit(raft: Raft, match: int) -> int:
    """The commit index that a heartbeat carries to a peer, limited to what the peer is known to hold (§5.3)."""
    return min(raft.commit, match)


def hears_quorum(raft: Raft, role: Leader, now: int) -> bool:
    """Rule 3.27: whether the leader and the peers that answered within T are a majority, of both sets while joint."""
    oldest = now - raft.timing.election
    heard = [raft.name, *[name for name, progress in role.peers if progress.answered_at >= oldest]]
    return raft.configuration.quorum.result(heard, ()) is VoteResult.Won


# ---- the leader: answers ----


def counts_as_answer(raft: Raft, reply: AppendReply) -> bool:
    """Whether a reply is of the leader's own term: entries that an earlier leadership verified may be overwritten since."""
    return reply.term == raft.term


def append_reply(raft: Raft, sender: str, reply: AppendReply, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Learn from an answer, commit what can be committed, and send what the window now allows."""
    if reply.term > raft.term:
        if sender not in raft.configuration.members:
            return raft, ()  # dissertation, 4.2.3: a removed node does not depose the leader
        return election.step_down(raft, reply.term, at)  # §5.1
    role = raft.role
    if not isinstance(role, Leader) or not counts_as_answer(raft, reply):
        return raft, ()
    peers, log = list(role.peers), raft.log
    for position, (name, known) in enumerate(peers):  # noqa: B007  `position` is the result
        if name == sender:
            break
    else:
        return raft, ()
    if reply.beat:
        progress = peers_progress.after_beat(known, reply, at.now)
    elif known.sending is not None and not peers_progress.ends_sending(known, reply, log):
        progress = peers_progress.while_sending(known, reply, at.now)
    elif reply.success:
        progress = peers_progress.after_acceptance(known, reply, role.beat, at.now)
    else:
        progress = peers_progress.after_refusal(known, reply, log, at.now)

    commit, effects = raft.commit, ()  # type: tuple[int, Sequence[Effect]]
    if progress.match > commit and progress.match != known.match:
        peers[position] = (sender, progress)
        commit = leader_commit(raft, role.stored, peers)
    if progress.next <= log.last_index or progress.sending is not None:
        progress, messages = filled(raft, log, commit, role.beat, progress, {})
        if messages:
            effects = [Send(sender, message) for message in messages]
    peers[position] = (sender, progress)
    if commit == raft.commit:
        role = Leader(
            tuple(peers), role.stored, role.beats_from, role.beat, role.ready, role.transfer, role.reading, role.leases
        )
        return durability.moved(raft, log, commit, role, raft.saves), effects
    # The committed entry is of the leader's own term (§5.4.2), so from now on it is `ready` (rule 3.25).
    role = Leader(tuple(peers), role.stored, role.beats_from, role.beat, True, role.transfer, role.reading, role.leases)
    applied = Apply(raft.commit + 1, log.slice(raft.commit + 1, commit))
    return durability.moved(raft, log, commit, role, raft.saves), [*effects, applied]


def snapshot_reply(raft: Raft, sender: str, reply: SnapshotReply, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A peer says how much of its snapshot it holds: send the next part."""
    if reply.term > raft.term:
        if sender not in raft.configuration.members:
            return raft, ()  # dissertation, 4.2.3: a removed node does not depose the leader
        return election.step_down(raft, reply.term, at)  # §5.1
    role = raft.role
    if not isinstance(role, Leader) or reply.term != raft.term:
        return raft, ()
    effects = list[Effect]()
    peers = list(role.peers)
    for position, (name, known) in enumerate(peers):
        if name == sender:
            progress = peers_progress.after_part(known, reply, at.now)
            if progress.sending is not None and not progress.inflight:
                progress, part = snapshots.part_for(raft, progress, role.beat)
                effects.append(Send(sender, part))
            peers[position] = (name, progress)
    role = attrs.evolve(role, peers=tuple(peers))
    return durability.moved(raft, raft.log, raft.commit, role, raft.saves), effects


# ---- the leader: commitment ----


def may_commit(raft: Raft, index: int) -> bool:
    """§5.4.2, rule 3.26: only an entry of the leader's own term is committed by counting."""
    return raft.log.term_at(index) == raft.term


def leader_commit(raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> int:
    """The commit index as of now. The leader counts its own log only as far as it is durable."""
    index = agreed_index(raft, stored, peers)
    return index if index > raft.commit and may_commit(raft, index) else raft.commit


def agreed_index(raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> int:
    """The highest index that the majority of the configuration holds, of both sets while joint."""
    configuration = raft.configuration
    if not configuration.outgoing and len(configuration.voters) == len(peers) + 1:
        return quorum.committed_index(
            [stored, *[progress.match for _, progress in peers]]
        )  # the usual case: every member votes
    matches = {name: progress.match for name, progress in peers}
    matches[raft.name] = stored  # this entry is ignored if the leader is not a voter
    return configuration.quorum.committed(matches)


def own_disk(raft: Raft) -> tuple[Raft, Sequence[Effect]]:
    """The leader's own log is durable further than before: commit what that allows."""
    role = raft.role
    assert isinstance(role, Leader)
    stored, commit = raft.durable.last, raft.commit
    if stored > commit:
        commit = leader_commit(raft, stored, role.peers)
    role = Leader(
        role.peers,
        stored,
        role.beats_from,
        role.beat,
        role.ready or commit > raft.commit,
        role.transfer,
        role.reading,
        role.leases,
    )
    leading = durability.moved(raft, raft.log, commit, role, raft.saves)
    if commit == raft.commit:
        return leading, ()
    return leading, (Apply(raft.commit + 1, raft.log.slice(raft.commit + 1, commit)),)
