"""The state of one node, the events that change it and the effects it asks for. Values only; the other modules hold the rules."""

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Change
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Message, Request, Snapshot
from cluster.raft.progress import Progress
from cluster.raft.timing import Timing
from cluster.value import value


@value
class Moment:
    """The clock and the randomness of one step: all that a step knows besides state and event."""

    now: int
    """The node's monotonic clock in µs."""
    luck: float
    """In [0, 1); the driver draws it anew only when `Raft.draws` has changed."""


@value
class Follower:
    """The role of a node that neither leads nor stands (§5.2). `leader` is None while it knows of none in its term."""

    leader: str | None
    heard_at: int
    """Monotonic µs at which it last heard its leader or granted a vote (rule 3.3)."""


@value
class Candidate:
    """The role of a node that asks for votes (§5.2), first in a trial that binds nobody (rule 3.10)."""

    trial: bool
    asked: int
    """The term of the candidacy. In a trial that is the node's own term + 1 (rule 3.10)."""
    granted: frozenset[str]
    refused: frozenset[str]
    forced: bool
    rounds: int
    """Number of rounds without a majority so far (rule 3.11)."""


@value
class Transfer:
    """A transfer of leadership under way (dissertation, 3.10)."""

    target: str
    until: int
    """Monotonic µs at which the leader abandons it: one election timeout after the request."""
    told: bool
    """Whether the target was told to stand, which happens once it holds the whole log."""


@value
class Reading:
    """Reads that wait for the leader to be confirmed (dissertation, 6.4). One round at a time, for many reads."""

    round: int = 0
    """Number of the last round that was started."""
    sent_at: int = 0
    """Monotonic µs at which that round was first sent."""
    index: int = 0
    """The commit index when that round was started: its reads must see at least this."""
    asked: tuple[Request, ...] = ()
    """The reads of that round; empty if no round is under way."""
    confirmed: frozenset[str] = frozenset()
    """The nodes that have confirmed that round, the leader included."""
    waiting: tuple[Request, ...] = ()
    """Reads that came during that round: they belong to the next one."""
    lease_from: int | None = None
    """Monotonic µs at which the last confirmed round was sent, the start of a lease; None without a confirmed round."""


NOTHING_READ = Reading()


@value
class Leader:
    """The role of the node that takes commands and replicates its log (§5.3). It lasts as long as the term, at most."""

    peers: tuple[tuple[str, Progress], ...]
    """Every peer that gets the log, in the order of `Raft.peers`."""
    stored: int
    """Index up to which its own disk holds its log (`Raft.durable.last`): it counts itself only up to here."""
    beats_from: int
    """Monotonic µs of heartbeat 0 of this term; heartbeat n is due at `beats_from + n * heartbeat`."""
    beat: int
    """Number of the last heartbeat sent."""
    ready: bool
    """Whether an entry of its own term is committed (rule 3.25): RavenDB calls it LeaderElect before, Leader after."""
    transfer: Transfer | None = None
    """The transfer under way, during which it takes no command; None if there is none."""
    reading: Reading = NOTHING_READ
    leases: bool = True
    """Whether leases are allowed: no more once a peer was told to stand, which it may do at any later time."""


@value
class Durable:
    """What the node knows to be on its own disk. A message that promises more waits in a `Save`."""

    term: int
    vote: str | None
    last: int
    """The disk holds the present log at least up to this index."""
    cuts: tuple[tuple[int, int], ...]
    """Number and `after` of each Save that cut the log and is not durable yet.

    An earlier Save that becomes durable proves nothing beyond `after`.
    """


@value
class Incoming:
    """The parts of a leader's snapshot that have arrived. They are kept in memory only."""

    index: int
    checksum: int
    held: int
    """Bytes held, from the start of the snapshot."""
    parts: tuple[bytes, ...]


@value
class Raft:
    """The whole state of one node."""

    name: str
    configuration: Configuration
    """The configuration in force: the last one that its log holds, committed or not (dissertation, 4.1)."""
    configured: tuple[tuple[int, Configuration], ...]
    """Index and value of the last committed configuration and of every later one."""
    timing: Timing
    term: int
    vote: str | None
    log: Log
    commit: int
    role: Follower | Candidate | Leader
    timeout: int
    """The election timeout in µs as last drawn."""
    ticks_from: int
    """Monotonic µs at which the ticks of the election timer start (rule 3.2)."""
    draws: int
    """How often luck was used; the driver draws again when it has changed."""
    wake_at: int
    """Monotonic µs at which the node wants `TimedOut`; `FOREVER` if never.

    It is lazy: a follower's may lie too early, because hearing the leader only moves `heard_at`; a `TimedOut` then
    corrects it and has no effects.
    """
    durable: Durable
    saves: int
    """How many Saves it has requested since its start: the number of the last one."""
    snapshot: Snapshot | None = None
    """Its newest snapshot. The log may lack entries up to `log.base`, never more than the snapshot covers."""
    incoming: Incoming | None = None

    @property
    def peers(self) -> tuple[str, ...]:
        """Every other member, sorted."""
        return self.configuration.others(self.name)


# ---- events ----


@value
class Received:
    """A message came from another node. It may be late, repeated or of any earlier term."""

    sender: str
    message: Message


@value
class Proposed:
    """Commands for the log, in order. Only a leader takes them; any other node answers each with `Refuse`."""

    commands: tuple[tuple[Request, bytes], ...]


@value
class ChangeProposed:
    """A request for another configuration. Any node but a leader, and a leader that cannot grant it, answers `Refuse`."""

    request: Request
    change: Change


@value
class TransferAsked:
    """A request that `target` lead. Any node but a leader, and a leader that cannot grant it, answers `Refuse`."""

    request: Request
    target: str


@value
class ReadAsked:
    """A read that must see all that is committed by now. Any node but a `ready` leader answers with `Refuse`."""

    request: Request


@value
class TimedOut:
    """The instant `wake_at` has come. The event may be late, after a pause."""


@value
class Stored:
    """A `Save` is durable, and so is every earlier one. The driver repeats the fields of the Save."""

    term: int
    vote: str | None
    last: int
    """Last index of the log as of that Save; 0 if no Save since the start held entries."""
    number: int
    """The number of the Save, which tells it from a later one that cut the log and made it as long again."""


@value
class Snapshotted:
    """The driver has taken a snapshot of the applied state."""

    snapshot: Snapshot


Event = Received | Proposed | TimedOut | Stored | ChangeProposed | TransferAsked | ReadAsked | Snapshotted


# ---- effects, in the order in which they must be done ----


@value
class Send:
    """Send the message now: it promises nothing that is not durable. It may be lost."""

    to: str
    message: Message


@value
class Save:
    """Make durable: term and vote, and if `after >= 0` the log cut to `after` and extended by `entries`.

    The messages in `then` promise what is saved, so they are released only when this Save is durable.
    """

    term: int
    vote: str | None
    after: int
    entries: tuple[Entry, ...]
    then: tuple[Send, ...]
    number: int = 0
    """The number of this Save since the start of the node, from 1; its `Stored` repeats it."""


@value
class SaveSnapshot:
    """A Save that replaces all that the disk held by the snapshot and this log, atomically."""

    term: int
    vote: str | None
    snapshot: Snapshot
    log: Log
    then: tuple[Send, ...]
    number: int


@value
class Restore:
    """Replace the application's state by this snapshot's."""

    snapshot: Snapshot
    parts: int
    """The number of messages in which it came."""


@value
class Apply:
    """Hand these committed entries to the application, in order. The first has index `first`."""

    first: int
    entries: tuple[Entry, ...]


@value
class Refuse:
    """Answer that this node does not take the command, change, transfer or read."""

    request: Request
    why: str = ""
    """The reason, for the client; empty if this node does not lead."""
    final: bool = False
    """Whether asking again is useless, on this node and on any other."""
    waiting: int = 0
    """Above 0: this node leads, and so many bytes of commands already wait to be committed, too many for another."""


@value
class Readable:
    """Answer these reads from the applied state as of entry `index`, or any later one."""

    requests: tuple[Request, ...]
    index: int


Effect = Send | Save | SaveSnapshot | Restore | Apply | Refuse | Readable
