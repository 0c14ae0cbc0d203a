"""What members say to each other about elections and the log: one frozen class each, no behaviour.

The sender is not a field: whoever carries a message knows it. A message whose field `beat` is above zero is *chatter*
(it stands on its sender's grid and says nothing new when nothing happens); `beat` is its number on that grid.
"""

from zlib import crc32

from cluster.raft.configuration import Configuration
from cluster.value import value


@value
class Request:
    """Who asked for a command, so that a command proposed twice is applied once (dissertation, 6.3)."""

    client: str
    """The proposer's name and incarnation, for example `B#2`."""
    serial: int
    """Counts that client's commands from 1."""
    floor: int
    """Every serial of this client below `floor` is answered: its result need not be remembered any more."""


@value
class Entry:
    """One entry of the log. A leader's first entry of a term has no request and an empty command."""

    term: int
    request: Request | None
    command: bytes


@value
class Reconfiguration(Entry):
    """An entry that says who belongs to the cluster, in force in every log that holds it; its command is empty."""

    configuration: Configuration


@value
class RequestVote:
    """§5.2, §5.4.1; a *trial* asks what the answer would be and binds nobody (pre-vote, dissertation 9.6; rule 3.10)."""

    term: int
    last_index: int
    last_term: int
    trial: bool
    forced: bool
    """The old leader stepped down on purpose: good standing does not protect it, and there is no trial (rule 3.12)."""
    beat: int
    """Number of the candidate's round, 0 in the first: asking again and again is chatter too."""


@value
class VoteReply:
    """§5.2. `term` is the voter's own; `asked` the term that was asked for, so that a late grant counts for nothing else."""

    term: int
    asked: int
    granted: bool
    trial: bool
    beat: int
    """`beat` of the request."""
    outside: bool = False
    """The voter leads, and the asker is no member of its cluster any more (rules 3.15, 3.36): let it rest."""


@value
class AppendEntries:
    """§5.3. Without entries and with `beat > 0` it is a heartbeat."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    beat: int


@value
class AppendReply:
    """§5.3. An acceptance states what *this* request verified, never what the follower's log happens to hold."""

    term: int
    success: bool
    match: int
    """Accepted: `prev_index + len(entries)` of the request. Refused: `prev_index` of the request."""
    hint_index: int
    """Refused: the largest index at or below `prev_index` that may agree. Accepted: 0."""
    hint_term: int
    """Refused: the follower's term at `hint_index`. Accepted: 0."""
    beat: int
    """The number of the heartbeat it answers, 0 otherwise."""


@value
class TimeoutNow:
    """The leader of `term` wants this node to lead: stand at once, without a trial (dissertation, 3.10; rule 3.12)."""

    beat = 0

    term: int


@value
class Confirm:
    """The leader of `term` asks whether it still leads, for the reads of this round (dissertation, 6.4)."""

    beat = 0

    term: int
    round: int
    """Counts the rounds of a leadership from 1."""


@value
class Confirmed:
    """The answer: `term` is the asked node's own, so it is a yes only if it is the leader's."""

    beat = 0

    term: int
    round: int


@value
class Snapshot:
    """§7: what the entries up to `index` amount to, in place of them. Make it by `Snapshot.of`."""

    index: int
    """Of the last entry it stands for."""
    term: int
    """Of that entry."""
    configuration: Configuration
    """In force as of that entry."""
    content: bytes
    """The applied state, as its driver packs it: the core only carries it."""
    checksum: int
    """CRC-32 of `content`."""

    @classmethod
    def of(cls, index: int, term: int, configuration: Configuration, content: bytes) -> "Snapshot":
        """A snapshot with its checksum."""
        return cls(index, term, configuration, content, crc32(content))


@value
class InstallSnapshot:
    """§7: a part of the leader's snapshot. The receiver puts the parts together and installs the whole."""

    beat = 0  # never chatter

    term: int
    index: int
    """`index`, `index_term`, `configuration`, `checksum`: of the snapshot, the same in all its parts."""
    index_term: int
    configuration: Configuration
    checksum: int
    size: int
    """Bytes of the whole."""
    offset: int
    """Where in the whole this part begins; it is the last one if it reaches `size`."""
    part: bytes


@value
class SnapshotReply:
    """How much of a snapshot the receiver holds. That it is installed is said by an `AppendReply`: it holds the log."""

    beat = 0  # never chatter

    term: int
    index: int
    """`index`, `checksum`, `offset`: of the part it answers, so that an answer given twice counts once."""
    checksum: int
    offset: int
    held: int
    """Bytes it holds from the start: where the next part should begin. 0 if it has lost or refuses what it had."""
    sound: bool
    """False: the whole does not match its checksum."""


Message = (
    RequestVote
    | VoteReply
    | AppendEntries
    | AppendReply
    | TimeoutNow
    | Confirm
    | Confirmed
    | InstallSnapshot
    | SnapshotReply
)
