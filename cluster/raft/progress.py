"""What a leader knows of one peer, and how each answer changes it: a pure state machine.

A peer is in one of three states. *Probe*: one append at a time, until an answer says where the logs agree. *Replicate*:
appends are sent ahead of the answers, as many messages and bytes as the window allows. *Snapshot*: entries that the
peer needs are compacted away, so it gets a snapshot, a part at a time. `why_paused` says why nothing is sent now.

The functions that run for every message build their values by position: that keeps them at a few µs.
"""

from bisect import bisect_right

from cluster.raft.log import Log
from cluster.raft.messages import AppendReply, Snapshot, SnapshotReply
from cluster.raft.timing import Timing
from cluster.value import value


@value
class Sending:
    """The transfer of a snapshot to a peer. A newer snapshot of the leader does not replace it."""

    snapshot: Snapshot
    offset: int
    """Where the part that was sent last begins, in bytes: the peer holds everything before it."""
    beat: int
    """Number of the last heartbeat that was sent when that part was sent."""


@value
class Progress:
    """What a leader knows of one peer."""

    match: int
    next: int
    probing: bool
    """Whether only one append, or one part of a snapshot, may be on the way at a time."""
    inflight: tuple[int, ...]
    """Last index of each append on the way, oldest first; for a part of a snapshot, the snapshot's index."""
    answered_at: int
    """Monotonic µs of the peer's last answer in this term; before the first answer, of the election that the leader won."""
    head_beat: int
    """Number of the last heartbeat that was sent when the append that is now the oldest on the way became the oldest."""
    sending: Sending | None = None
    """The snapshot under way in the state Snapshot; None in the other states."""

    @property
    def state(self) -> str:
        """`Probe`, `Replicate` or `Snapshot`."""
        return "Snapshot" if self.sending is not None else "Probe" if self.probing else "Replicate"


def has_room(progress: Progress, timing: Timing, log: Log) -> bool:
    """Whether another append, or another part of a snapshot, may be sent now."""
    inflight = progress.inflight
    if not inflight:
        return True
    if progress.probing or len(inflight) >= timing.inflight:
        return False
    return bytes_inflight(progress.match, progress.next, log) < timing.inflight_bytes


def bytes_inflight(match: int, following: int, log: Log) -> int:
    """Bytes of the commands on the way, without entries that the leader has compacted away."""
    base = log.base
    return log.size(match if match > base else base, following - 1 if following > base else base)


def why_paused(progress: Progress, timing: Timing, log: Log) -> str:
    """A few words that say why nothing is sent to the peer now; empty if something may be sent."""
    if has_room(progress, timing, log):
        return ""
    match progress.state:
        case "Snapshot":
            return "a part of its snapshot is on the way"
        case "Probe":
            return "a probe is on the way"
        case _ if len(progress.inflight) >= timing.inflight:
            return f"{len(progress.inflight)} appends are on the way"
        case _:
            return f"{bytes_inflight(progress.match, progress.next, log)} bytes are on the way"


# ---- answers to appends ----


def after_acceptance(known: Progress, reply: AppendReply, beat: int, now: int) -> Progress:
    """The peer's log equals the leader's up to `reply.match`. A late or duplicated answer never lowers `match`."""
    match, following, inflight, head_beat = reply.match, known.next, known.inflight, known.head_beat
    if match < known.match:
        match = known.match
    if known.probing:
        return Progress(match, match + 1, False, (), now, beat)
    if inflight and inflight[0] <= match:
        inflight, head_beat = inflight[bisect_right(inflight, match) :], beat
    return Progress(match, following if following > match else match + 1, False, inflight, now, head_beat)


def after_refusal(known: Progress, reply: AppendReply, log: Log, now: int) -> Progress:
    """The logs differ at `reply.match`: go back as far as the hint allows. A refusal of an earlier append changes nothing."""
    refused = reply.match
    if known.probing:
        if refused != known.next - 1:
            return Progress(known.match, known.next, True, known.inflight, now, known.head_beat)
        agreed = log.find_conflict(reply.hint_index, reply.hint_term)
        following = max(known.match + 1, min(refused, agreed + 1))
    elif refused <= known.match:
        return Progress(known.match, known.next, False, known.inflight, now, known.head_beat)
    else:
        following = known.match + 1  # an append was lost or overtaken: continue after the last confirmed entry
    return Progress(known.match, following, True, (), now, known.head_beat)


def after_beat(known: Progress, reply: AppendReply, now: int) -> Progress:
    """A heartbeat was answered. Appends sent more than one heartbeat before it and still unanswered count as lost.

    The margin of one heartbeat is time for the peer's disk, which the answer to a heartbeat does not wait for.
    """
    match, inflight, probing, following = known.match, known.inflight, known.probing, known.next
    if known.sending is not None:
        return sending_after_beat(known, known.sending, reply, now)
    if not reply.success:
        if reply.match != match:
            return known  # a refusal of an earlier heartbeat
        return Progress(0, reply.hint_index + 1, True, (), now, known.head_beat)  # the peer lost its disk
    match = max(match, reply.match)
    late = len(inflight) > 0 and reply.beat > known.head_beat + 1
    if late:
        inflight = ()
    if not inflight and not probing:
        following = match + 1
    return Progress(match, max(following, match + 1), probing or late, inflight, now, known.head_beat)


# ---- the transfer of a snapshot ----


def with_snapshot(known: Progress, snapshot: Snapshot, beat: int) -> Progress:
    """The peer in the state Snapshot, with the first part of this snapshot on the way."""
    return sent(known, Sending(snapshot, 0, beat))


def sent(known: Progress, sending: Sending) -> Progress:
    """The peer with this part of the snapshot on the way."""
    index = sending.snapshot.index
    return Progress(known.match, index + 1, True, (index,), known.answered_at, sending.beat, sending)


def ends_sending(known: Progress, reply: AppendReply, log: Log) -> bool:
    """Whether this answer ends the state Snapshot: the peer holds all that the log lacks, or all that the snapshot covers.

    If the leader has compacted further because the peer was silent, a newer snapshot follows.
    """
    assert known.sending is not None
    return reply.success and max(known.match, reply.match) >= min(log.base, known.sending.snapshot.index)


def while_sending(known: Progress, reply: AppendReply, now: int) -> Progress:
    """An answer to an append that was sent before the snapshot: it updates only `match` and `answered_at`."""
    match = max(known.match, reply.match) if reply.success else known.match
    return Progress(match, known.next, True, known.inflight, now, known.head_beat, known.sending)


def sending_after_beat(known: Progress, sending: Sending, reply: AppendReply, now: int) -> Progress:
    """A heartbeat was answered. A part sent more than one heartbeat before it and still unanswered is sent again."""
    match = known.match
    if not reply.success and reply.match == match:
        match = 0  # the peer lost its disk: no entry is confirmed any more
    inflight = () if reply.beat > sending.beat + 1 else known.inflight
    return Progress(match, known.next, True, inflight, now, known.head_beat, sending)


def after_part(known: Progress, reply: SnapshotReply, now: int) -> Progress:
    """The peer says how much of the snapshot it holds. Only the first answer to the part sent last has an effect.

    Otherwise each duplicated answer would duplicate all parts after it.
    """
    sending = known.sending
    if (
        sending is None
        or (reply.index, reply.checksum) != (sending.snapshot.index, sending.snapshot.checksum)
        or reply.offset != sending.offset
    ):
        return Progress(known.match, known.next, known.probing, known.inflight, now, known.head_beat, known.sending)
    if not reply.sound:  # the checksum was wrong: probe again to learn what the peer needs
        return Progress(known.match, known.match + 1, True, (), now, known.head_beat)
    return Progress(
        known.match, known.next, True, (), now, known.head_beat, Sending(sending.snapshot, reply.held, sending.beat)
    )
