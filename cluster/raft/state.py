"""What one node believes, what may happen to it, what it asks for. Values only; the rules are in the files beside."""

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Change
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Message, Request, Snapshot
from cluster.raft.progress import Progress
from cluster.raft.timing import Timing
from cluster.value import value


@value
class Moment:
    """The only outside a step may know."""

    now: int
    """The node's monotonic clock in µs."""
    luck: float
    """In [0, 1); redrawn by the driver only when `Raft.draws` has changed."""


@value
class Follower:
    leader: str | None
    heard_at: int
    """Monotonic µs of the last sign of a leader or of a vote given (rule 3.3)."""


@value
class Candidate:
    trial: bool
    asked: int
    """The term it stands for. In a trial that is its own term + 1 and not yet its own (rule 3.10)."""
    granted: frozenset[str]
    refused: frozenset[str]
    forced: bool
    rounds: int
    """Rounds without a majority so far (rule 3.11)."""


@value
class Transfer:
    """Leadership is being handed to another (dissertation, 3.10)."""

    target: str
    until: int
    """Monotonic µs at which it is given up: one election timeout after it was asked for."""
    told: bool
    """Whether the target was told to stand: it holds the whole log."""


@value
class Reading:
    """Reads that wait to hear that their leader still leads (dissertation, 6.4). One round at a time, for many reads."""

    round: int = 0
    """Number of the last round that was sent."""
    sent_at: int = 0
    """Monotonic µs of its first sending."""
    index: int = 0
    """The commit index when it was sent: what its reads must see."""
    asked: tuple[Request, ...] = ()
    """The reads of that round; empty when none is under way."""
    confirmed: frozenset[str] = frozenset()
    """Who has answered it."""
    waiting: tuple[Request, ...] = ()
    """Asked since: they are for the next round."""
    lease_from: int | None = None
    """Monotonic µs at which the last confirmed round was sent: a lease counts from there. None: there is none."""


NOTHING_READ = Reading()


@value
class Leader:
    peers: tuple[tuple[str, Progress], ...]
    """In the order of `Raft.peers`."""
    stored: int
    """What the leader's own disk holds of its log (`Raft.durable.last`); it counts itself only up to here."""
    beats_from: int
    """Monotonic µs of beat 0 of this term; beat n stands at `beats_from + n * heartbeat`."""
    beat: int
    """Number of the last beat sent."""
    ready: bool
    """An entry of its own term is committed (rule 3.25): LeaderElect before, Leader after."""
    transfer: Transfer | None = None
    """Under way: it takes no command meanwhile."""
    reading: Reading = NOTHING_READ
    leases: bool = True
    """Whether a lease is worth anything: not once another was told to stand, for it may do so however late."""


@value
class Durable:
    """What the node knows to be on its own disk. A promise that goes beyond it rides on a `Save`."""

    term: int
    vote: str | None
    last: int
    """The disk holds the log as it is now at least up to this index."""
    cuts: tuple[tuple[int, int], ...]
    """Number and `after` of each Save on its way that cut the log: an earlier Save's completion says nothing beyond."""


@value
class Incoming:
    """The parts of a leader's snapshot so far. They are in memory only: what is not whole is worth nothing."""

    index: int
    checksum: int
    held: int
    """Bytes."""
    parts: tuple[bytes, ...]


@value
class Raft:
    """Everything one node believes."""

    name: str
    configuration: Configuration
    """In force: the last one its log holds, committed or not (dissertation, 4.1)."""
    configured: tuple[tuple[int, Configuration], ...]
    """Where it comes from: index and value of the last configuration that is committed, and of every later one."""
    timing: Timing
    term: int
    vote: str | None
    log: Log
    commit: int
    role: Follower | Candidate | Leader
    timeout: int
    """The election timeout in µs as last drawn."""
    ticks_from: int
    """Monotonic µs at which the grid of the election timer starts (rule 3.2)."""
    draws: int
    """How often luck was used; the driver draws anew when it changed."""
    wake_at: int
    """Monotonic µs at which it wants `TimedOut`; `FOREVER` if never.

    Lazy: a follower's may lie before the true time, because a sign of the leader only moves `heard_at`; a `TimedOut`
    then sets it right and asks for nothing.
    """
    durable: Durable
    saves: int
    """How many Saves it has asked for in this life: the number of the last."""
    snapshot: Snapshot | None = None
    """Its newest; with it the log may have lost entries up to `log.base`, never more than the snapshot stands for."""
    incoming: Incoming | None = None

    @property
    def peers(self) -> tuple[str, ...]:
        """Every other member, sorted."""
        return self.configuration.others(self.name)


# ---- what may happen ----


@value
class Received:
    sender: str
    message: Message


@value
class Proposed:
    """Commands for the log, in order. Only a leader takes them; elsewhere each comes back as `Refuse`."""

    commands: tuple[tuple[Request, bytes], ...]


@value
class ChangeProposed:
    """Somebody wants another configuration. Only a leader takes it; else, and where it cannot be, `Refuse`."""

    request: Request
    change: Change


@value
class TransferAsked:
    """Somebody wants `target` to lead. Only a leader takes it; else, and where it cannot be, `Refuse`."""

    request: Request
    target: str


@value
class ReadAsked:
    """A read wants to see all that is committed by now. Only a leader takes it; elsewhere it comes back as `Refuse`."""

    request: Request


@value
class TimedOut:
    """`wake_at` has come (or gone: it may be late, after a pause)."""


@value
class Stored:
    """A `Save` is durable, and with it every earlier one. The driver repeats what it held."""

    term: int
    vote: str | None
    last: int
    """Last index of the log as of that Save; 0 if no Save of this life held entries."""
    number: int
    """The Save's number: else a Save could not be told from a later one that cut the log and made it as long again."""


@value
class Snapshotted:
    """The driver has taken a snapshot of what it has applied."""

    snapshot: Snapshot


Event = Received | Proposed | TimedOut | Stored | ChangeProposed | TransferAsked | ReadAsked | Snapshotted


# ---- what it asks for, in the order it must be done ----


@value
class Send:
    to: str
    message: Message


@value
class Save:
    """Make durable: term and vote, and if `after >= 0` the log cut to `after` and extended by `entries`.

    `then` is released only when this Save is durable: it promises what was saved.
    """

    term: int
    vote: str | None
    after: int
    entries: tuple[Entry, ...]
    then: tuple[Send, ...]
    number: int = 0
    """Counts the Saves of this life from 1; its `Stored` repeats it."""


@value
class SaveSnapshot:
    """A Save that puts the snapshot and this log in the place of all that the disk held before, atomically."""

    term: int
    vote: str | None
    snapshot: Snapshot
    log: Log
    then: tuple[Send, ...]
    number: int


@value
class Restore:
    """The application's state is now this snapshot's: it replaces whatever was applied before."""

    snapshot: Snapshot
    parts: int
    """In how many messages it came."""


@value
class Apply:
    """Committed: hand to the application, in order. The first has index `first`."""

    first: int
    entries: tuple[Entry, ...]


@value
class Refuse:
    """Not taken: this command or change will not happen by this node's doing."""

    request: Request
    why: str = ""
    """A sentence for who asked; empty if this node simply does not lead."""
    final: bool = False
    """Whether asking again is of no use, here or anywhere."""
    waiting: int = 0
    """Above 0: it leads, and so many bytes of commands wait to be committed already; one more is too much."""


@value
class Readable:
    """These reads may be answered from the state as of entry `index`, or any later one."""

    requests: tuple[Request, ...]
    index: int


Effect = Send | Save | SaveSnapshot | Restore | Apply | Refuse | Readable
