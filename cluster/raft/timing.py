"""Durations and sizes that a node goes by: how patient it is, how much it sends at once, when its log gives way to a snapshot."""

from cluster.time_units import MILLISECOND, SECOND
from cluster.value import value


@value
class Compaction:
    """When the log gives way to a snapshot (§7), and in what parts that travels.

    A snapshot is due as soon as the log beyond the last one has `entries` entries or `size` bytes, and at least as many
    bytes as the last snapshot `growth` times over: what snapshots cost stays in proportion to what is written, however
    large the state (dissertation, 5.1.3). So it is due at the same entries on every node.
    """

    entries: int = 1_024
    size: int = 1 << 20
    """Bytes of commands."""
    growth: int = 1
    """0: as often as the state may be large."""
    margin: int = 256
    """So many entries before the snapshot stay in the log, for followers that are only slow."""
    part: int = 64 << 10
    """Bytes of a snapshot in one message."""


@value
class Timing:
    """Durations in µs and how they are drawn. Default: RavenDB's Rachis (rules 3.1, 3.2, 3.4, 3.27, 3.29, 3.38)."""

    election: int = 300 * MILLISECOND
    """T of the rules."""
    first: tuple[int, int] = (2, 3)
    """A node's own timeout is uniform in [T * 2/3, T) (rule 3.1): the lower bound as (numerator, denominator) of T."""
    again: tuple[int, int] = (4, 3)
    """After a round that timed out: uniform in [T * 4/3, 2T) (rules 3.1, 3.11).

    The upper bound grows in proportion to the lower: `again == first` is the paper's.
    """
    ticking: bool = True
    """Rule 3.2: the timer ticks on a grid and fires at the second tick without a sign of a leader.

    False: the paper's timer, restarted by each sign, drawn anew for each leader, with each vote and in each round.
    """
    writing_counts: bool = False
    """Whether a candidate's round counts from when it stands, its own write included, as LogCabin's does.

    False: from when its vote is durable and the questions leave, so that a slow disk alone never ends a round.
    """
    heartbeat: int = 100 * MILLISECOND
    """At most T/3 between two signs of the leader (rule 3.4)."""
    trial: bool = True
    """Pre-vote (rule 3.10), and with it Rachis's way to answer (rules 3.19, 3.21). False: the paper's (§5.1, §5.2)."""
    check_quorum: bool = True
    """A leader that has not heard a majority within T gives up (rule 3.27)."""
    batch: int = 128
    """Commands per append (rule 3.29)."""
    batch_bytes: int = 1 << 20
    """Bytes of commands per append, unless a single one is larger."""
    inflight: int = 64
    """Appends on the way to one follower before the leader waits."""
    inflight_bytes: int = 8 << 20
    """Bytes of commands on the way to one follower; the append that reaches it still goes."""
    uncommitted_bytes: int = 16 << 20
    """Bytes of commands that may wait to be committed; beyond it a leader refuses, unless nothing waits."""
    compaction: Compaction = Compaction()
    lease_drift: int | None = None
    """Reads by lease (dissertation, 6.4.1): None, as by default, for none; else the drift in ppm that they survive.

    A leader whose leadership was confirmed answers reads for T/2 from the sending of that round, shortened so that they are
    right as long as no clock runs faster or slower than true time by more than this; beyond it a read may be stale.
    Voters then refuse any candidate for T/2 after a sign of a leader or their own start. Needs `trial`.
    """
    operation: int = 15 * SECOND
    """Cluster.OperationTimeoutInSec: how long a proposal may take (rules 3.29, 3.38)."""
