"""What a leader believes of one peer, and what an answer makes of it: a small state machine, pure and without messages.

A peer is in one of three states. *Probe*: one append at a time, until an answer says where the logs agree. *Replicate*:
appends go out ahead of the answers, as many messages and bytes as the window takes. *Snapshot*: what the peer needs is
compacted away, so a snapshot is on its way to it, a part at a time. `why_paused` says why nothing goes out now.

The functions on the path of every message build their values by position: that is what keeps them at a few µs.
"""

from bisect import bisect_right

from cluster.raft.log import Log
from cluster.raft.messages import AppendReply, Snapshot, SnapshotReply
from cluster.raft.timing import Timing
from cluster.value import value


@value
class Sending:
    """A snapshot on its way to a peer. It stays the same one, whatever newer ones the leader takes meanwhile."""

    snapshot: Snapshot
    offset: int
    """Where the part that was sent last begins: what lies before has arrived."""
    beat: int
    """Number of the last beat sent when that part left."""


@value
class Progress:
    """What a leader believes of one peer."""

    match: int
    next: int
    probing: bool
    """One append, or one part of a snapshot, at a time."""
    inflight: tuple[int, ...]
    """Last index of each append on the way, oldest first; of a snapshot, its index."""
    answered_at: int
    """Monotonic µs of its last answer in this term, at first of the leader's winning."""
    head_beat: int
    """Number of the last beat sent when the oldest append on the way became the oldest."""
    sending: Sending | None = None
    """Not None in the state Snapshot, and only there."""

    @property
    def state(self) -> str:
        """`Probe`, `Replicate` or `Snapshot`."""
        return "Snapshot" if self.sending is not None else "Probe" if self.probing else "Replicate"


def has_room(progress: Progress, timing: Timing, log: Log) -> bool:
    """Whether another append, or part of a snapshot, may go out now."""
    inflight = progress.inflight
    if not inflight:
        return True
    if progress.probing or len(inflight) >= timing.inflight:
        return False
    return bytes_inflight(progress.match, progress.next, log) < timing.inflight_bytes


def bytes_inflight(match: int, following: int, log: Log) -> int:
    """Bytes of the commands on the way, as far as the leader's log still holds them."""
    base = log.base
    return log.size(match if match > base else base, following - 1 if following > base else base)


def why_paused(progress: Progress, timing: Timing, log: Log) -> str:
    """In words why nothing goes out to the peer now; empty if something may."""
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


# ---- what an answer makes of it ----


def after_acceptance(known: Progress, reply: AppendReply, beat: int, now: int) -> Progress:
    """The peer's log is the leader's up to `reply.match`. An answer may be late or a repeat: nothing goes back."""
    match, following, inflight, head_beat = reply.match, known.next, known.inflight, known.head_beat
    if match < known.match:
        match = known.match
    if known.probing:
        return Progress(match, match + 1, False, (), now, beat)
    if inflight and inflight[0] <= match:
        inflight, head_beat = inflight[bisect_right(inflight, match) :], beat
    return Progress(match, following if following > match else match + 1, False, inflight, now, head_beat)


def after_refusal(known: Progress, reply: AppendReply, log: Log, now: int) -> Progress:
    """The logs differ at `reply.match`: go back as far as the hint allows, unless the refusal is an old one."""
    refused = reply.match
    if known.probing:
        if refused != known.next - 1:
            return Progress(known.match, known.next, True, known.inflight, now, known.head_beat)
        agreed = log.find_conflict(reply.hint_index, reply.hint_term)
        following = max(known.match + 1, min(refused, agreed + 1))
    elif refused <= known.match:
        return Progress(known.match, known.next, False, known.inflight, now, known.head_beat)
    else:
        following = known.match + 1  # an append got lost or overtaken: start from what is sure
    return Progress(known.match, following, True, (), now, known.head_beat)


def after_beat(known: Progress, reply: AppendReply, now: int) -> Progress:
    """A heartbeat was answered. It verified nothing new, but what was sent long before it and is not answered is lost.

    "Long" is one beat at least: that much time the peer's disk has, for the answer to a beat does not wait for it.
    """
    match, inflight, probing, following = known.match, known.inflight, known.probing, known.next
    if known.sending is not None:
        return sending_after_beat(known, known.sending, reply, now)
    if not reply.success:
        if reply.match != match:
            return known  # an old one
        return Progress(0, reply.hint_index + 1, True, (), now, known.head_beat)  # its disk was lost: believe nothing
    match = max(match, reply.match)
    late = len(inflight) > 0 and reply.beat > known.head_beat + 1
    if late:
        inflight = ()
    if not inflight and not probing:
        following = match + 1
    return Progress(match, max(following, match + 1), probing or late, inflight, now, known.head_beat)


# ---- a snapshot on its way ----


def with_snapshot(known: Progress, snapshot: Snapshot, beat: int) -> Progress:
    """From now on the peer gets this snapshot: its first part is on the way."""
    return sent(known, Sending(snapshot, 0, beat))


def sent(known: Progress, sending: Sending) -> Progress:
    """A part of the snapshot has left."""
    index = sending.snapshot.index
    return Progress(known.match, index + 1, True, (index,), known.answered_at, sending.beat, sending)


def ends_sending(known: Progress, reply: AppendReply, log: Log) -> bool:
    """Whether this answer brings a peer out of the state Snapshot: it holds what the snapshot stands for, or, by something
    sent earlier, as much as the leader's log needs to go on.

    Where the leader has compacted more meanwhile, because nothing was heard of the peer, a newer snapshot will follow.
    """
    assert known.sending is not None
    return reply.success and max(known.match, reply.match) >= min(log.base, known.sending.snapshot.index)


def while_sending(known: Progress, reply: AppendReply, now: int) -> Progress:
    """An answer to an append from before the snapshot: it only says that the peer lives."""
    match = max(known.match, reply.match) if reply.success else known.match
    return Progress(match, known.next, True, known.inflight, now, known.head_beat, known.sending)


def sending_after_beat(known: Progress, sending: Sending, reply: AppendReply, now: int) -> Progress:
    """A heartbeat was answered. A part that left a whole beat before it, and is not answered, goes again."""
    match = known.match
    if not reply.success and reply.match == match:
        match = 0  # its disk was lost: believe nothing
    inflight = () if reply.beat > sending.beat + 1 else known.inflight
    return Progress(match, known.next, True, inflight, now, known.head_beat, sending)


def after_part(known: Progress, reply: SnapshotReply, now: int) -> Progress:
    """The peer says what it holds of the snapshot. Only an answer to the part sent last moves anything.

    Else each answer that the wire doubles would double the parts from there on.
    """
    sending = known.sending
    if (
        sending is None
        or (reply.index, reply.checksum) != (sending.snapshot.index, sending.snapshot.checksum)
        or reply.offset != sending.offset
    ):
        return Progress(known.match, known.next, known.probing, known.inflight, now, known.head_beat, known.sending)
    if not reply.sound:  # the next beat that is answered finds out anew what the peer needs
        return Progress(known.match, known.match + 1, True, (), now, known.head_beat)
    return Progress(
        known.match, known.next, True, (), now, known.head_beat, Sending(sending.snapshot, reply.held, sending.beat)
    )
