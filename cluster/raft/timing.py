"""Durations and sizes that a node works with: timeouts, limits on what it sends, and when it takes snapshots."""

from cluster.time_units import MILLISECOND, SECOND
from cluster.value import value


@value
class Compaction:
    """When the log is replaced by a snapshot (§7), and the size of the parts in which a snapshot is sent.

    A snapshot is due as soon as the log beyond the last one has `entries` entries or `size` bytes, and at least
    `growth` times the bytes of the last snapshot. So the cost of snapshots stays in proportion to what is written,
    however large the state is (dissertation, 5.1.3), and a snapshot is due at the same entries on every node.
    """

    entries: int = 1_024
    size: int = 1 << 20
    """Bytes of commands."""
    growth: int = 1
    """Factor of the last snapshot's size; 0: the size of the last snapshot does not matter."""
    margin: int = 256
    """Number of entries before the snapshot that stay in the log, for followers that are only slow."""
    part: int = 64 << 10
    """Bytes of a snapshot in one message."""


@value
class Timing:
    """Durations in µs, limits, and options. The defaults are RavenDB's Rachis (rules 3.1, 3.2, 3.4, 3.27, 3.29, 3.38)."""

    election: int = 300 * MILLISECOND
    """The election timeout, called T in the rules."""
    first: tuple[int, int] = (2, 3)
    """A node's own timeout is uniform in [T * 2/3, T) (rule 3.1); this is the lower bound, as (numerator, denominator) of T."""
    again: tuple[int, int] = (4, 3)
    """After a round that timed out, the timeout is uniform in [T * 4/3, 2T) (rules 3.1, 3.11); again the lower bound.

    The upper bound grows in proportion to the lower one. `again == first` is the paper's timer.
    """
    ticking: bool = True
    """Rule 3.2: the timer ticks at a fixed period and fires at the second tick without a sign of a leader.

    False: the paper's timer, which each sign of a leader restarts, and which is drawn anew for each leader, vote and
    round.
    """
    writing_counts: bool = False
    """Whether a candidate's round begins before its own vote is written, as in LogCabin.

    False: it begins when the vote is durable and the requests are sent, so that a slow disk alone never ends a round.
    """
    heartbeat: int = 100 * MILLISECOND
    """The period of heartbeats, at most T/3 (rule 3.4)."""
    trial: bool = True
    """Whether candidates ask for pre-votes (rule 3.10) and voters answer as in Rachis (rules 3.19, 3.21).

    False: elections as in the paper (§5.1, §5.2).
    """
    check_quorum: bool = True
    """Whether a leader steps down if it has not heard a majority within T (rule 3.27)."""
    batch: int = 128
    """The most commands in one append (rule 3.29)."""
    batch_bytes: int = 1 << 20
    """The most bytes of commands in one append, unless a single command is larger."""
    inflight: int = 64
    """The most appends on the way to one follower."""
    inflight_bytes: int = 8 << 20
    """Limit on the bytes of commands on the way to one follower; the append that reaches it is still sent."""
    uncommitted_bytes: int = 16 << 20
    """Limit on the bytes of commands that wait to be committed; beyond it a leader refuses, unless nothing waits."""
    compaction: Compaction = Compaction()
    lease_drift: int | None = None
    """The clock drift in ppm that reads by lease survive (dissertation, 6.4.1); None, the default: no leases.

    A confirmed leader answers reads for T/2 from the start of that round, shortened so that they are right as long as
    no clock runs faster or slower than true time by more than this; with more drift a read may be stale. Voters then
    refuse any candidate for T/2 after hearing a leader and after their own start. Needs `trial`.
    """
    operation: int = 15 * SECOND
    """How long a proposal may take: Cluster.OperationTimeoutInSec (rules 3.29, 3.38)."""
