"""How a snapshot replaces the beginning of the log: the node's own, or the leader's (§7; dissertation, 5.1).

Raft carries the content of a snapshot and never reads it; the driver packs and unpacks the applied state.
"""

from collections.abc import Sequence
from zlib import crc32

import attrs

from cluster.raft import durability, election, removed_member
from cluster.raft.log import Log
from cluster.raft.messages import AppendReply, InstallSnapshot, Snapshot, SnapshotReply
from cluster.raft.progress import Progress, Sending, sent
from cluster.raft.state import (
    Apply,
    Effect,
    Follower,
    Incoming,
    Leader,
    Moment,
    Raft,
    Restore,
    SaveSnapshot,
    Send,
    Snapshotted,
)

# ---- a node's own snapshot ----


def snapshotted(raft: Raft, event: Snapshotted, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """The driver has taken a snapshot: keep it, and drop the entries it covers except for the margin.

    On disk one file replaces the other, so the log's beginning is never gone before the snapshot is durable.
    """
    snapshot = event.snapshot
    if raft.snapshot is not None and snapshot.index <= raft.snapshot.index:
        return raft, ()
    number = raft.saves + 1
    log = raft.log.compacted(compaction_base(raft, snapshot, at.now))
    raft = attrs.evolve(raft, snapshot=snapshot, log=log, saves=number)
    return raft, (SaveSnapshot(raft.term, raft.vote, snapshot, log, (), number),)


def compaction_base(raft: Raft, snapshot: Snapshot, now: int) -> int:
    """The index up to which the log may be compacted.

    Entries after a snapshot that is being sent to a peer are kept, or a leader that compacts faster than a snapshot
    travels would send snapshots for ever. Nothing is kept for a peer that was not heard of within T: it may never come
    back.
    """
    base = max(raft.log.base, snapshot.index - raft.timing.compaction.margin)
    if isinstance(raft.role, Leader):
        oldest = now - raft.timing.election
        for _, progress in raft.role.peers:
            if progress.sending is not None and progress.answered_at >= oldest:
                base = min(base, progress.sending.snapshot.index)
    return max(raft.log.base, base)


# ---- the sender ----


def part_for(raft: Raft, progress: Progress, beat: int) -> tuple[Progress, InstallSnapshot]:
    """The part of a snapshot that a peer gets now: the next of the one under way, or the first of the newest."""
    sending = progress.sending
    if sending is None:
        assert raft.snapshot is not None, "a log that was compacted has a snapshot"
        sending = Sending(raft.snapshot, 0, beat)
    snapshot, offset = sending.snapshot, sending.offset
    part = snapshot.content[offset : offset + raft.timing.compaction.part]
    message = InstallSnapshot(
        raft.term,
        snapshot.index,
        snapshot.term,
        snapshot.configuration,
        snapshot.checksum,
        len(snapshot.content),
        offset,
        part,
    )
    return sent(progress, Sending(snapshot, offset, beat)), message


# ---- the receiver ----


def install_snapshot(raft: Raft, sender: str, request: InstallSnapshot, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Take a part of the leader's snapshot; with the last part install it, unless the log already holds all that it covers."""
    before, role = raft, raft.role
    if request.term < raft.term:  # §5.1
        return durability.answer(before, raft, sender, AppendReply(raft.term, False, 0, 0, 0, 0))
    if request.term > raft.term or not isinstance(role, Follower) or role.leader != sender:
        if isinstance(role, Leader) and request.term == raft.term:
            raise AssertionError(
                f"{raft.name} and {sender} both lead term {raft.term}: Election Safety (§5.2) is broken"
            )
        raft = election.after_step_down(removed_member.back_inside(raft), request.term, sender, at)
    raft = durability.moved(raft, raft.log, raft.commit, Follower(sender, at.now), raft.saves)
    if already_held(raft, request):
        return caught_up(before, raft, sender, request)

    incoming = with_part(raft.incoming, request)
    reply = SnapshotReply(raft.term, request.index, request.checksum, request.offset, incoming.held, True)
    if incoming.held < request.size:
        return durability.answer(before, attrs.evolve(raft, incoming=incoming), sender, reply)
    content = b"".join(incoming.parts)
    raft = attrs.evolve(raft, incoming=None)
    if crc32(content) != request.checksum:
        return durability.answer(before, raft, sender, attrs.evolve(reply, held=0, sound=False))
    snapshot = Snapshot(request.index, request.index_term, request.configuration, content, request.checksum)
    return installed(raft, sender, snapshot, len(incoming.parts))


def already_held(raft: Raft, request: InstallSnapshot) -> bool:
    """Whether the log holds everything that the snapshot covers: its last entry is committed or in the log.

    §7: then the log stays as it is, with what follows; a snapshot that arrives late takes nothing back.
    """
    return request.index <= raft.commit or raft.log.holds(request.index, request.index_term)


def caught_up(before: Raft, raft: Raft, sender: str, request: InstallSnapshot) -> tuple[Raft, Sequence[Effect]]:
    """Commit what the snapshot covers from the log's own entries, without installing it (§5.3)."""
    commit = max(raft.commit, request.index)
    raft = attrs.evolve(raft, commit=commit, incoming=None)
    reply = AppendReply(raft.term, True, request.index, 0, 0, 0)
    raft, effects = durability.answer(before, raft, sender, reply, request.index)
    if commit > before.commit:
        return raft, [*effects, Apply(before.commit + 1, raft.log.slice(before.commit + 1, commit))]
    return raft, effects


def with_part(incoming: Incoming | None, request: InstallSnapshot) -> Incoming:
    """What is held of the snapshot once this part has come. A part that does not continue what is held adds nothing."""
    if incoming is None or (incoming.index, incoming.checksum) != (request.index, request.checksum):
        incoming = Incoming(request.index, request.checksum, 0, ())
    if request.offset != incoming.held or not request.part:
        return incoming
    return Incoming(request.index, request.checksum, incoming.held + len(request.part), (*incoming.parts, request.part))


def installed(raft: Raft, sender: str, snapshot: Snapshot, parts: int) -> tuple[Raft, Sequence[Effect]]:
    """§7: replace the whole log by the snapshot, whose last entry the log lacks or holds with another term.

    The snapshot covers all that the log has committed, so on disk the log stays valid up to its commit index until the
    snapshot is durable. The leader is told only then.
    """
    number = raft.saves + 1
    raft = attrs.evolve(
        raft,
        log=Log.of((), snapshot.index, snapshot.term),
        commit=snapshot.index,
        configuration=snapshot.configuration,
        configured=((snapshot.index, snapshot.configuration),),
        snapshot=snapshot,
        durable=durability.cut(raft.durable, number, raft.commit),
        saves=number,
    )
    reply = Send(sender, AppendReply(raft.term, True, snapshot.index, 0, 0, 0))
    saving = SaveSnapshot(raft.term, raft.vote, snapshot, raft.log, (reply,), number)
    return raft, (saving, Restore(snapshot, parts))
