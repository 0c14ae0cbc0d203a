"""The messages that members exchange about elections and the log: one frozen class each, no behaviour.

The sender is not a field: the transport knows it. A message whose field `beat` is above zero is *chatter*: it is sent
at a fixed period, says nothing new while nothing happens, and `beat` is its number.
"""

from zlib import crc32

from cluster.raft.configuration import Configuration
from cluster.value import value


@value
class Request:
    """Identifies a proposed command, so that one proposed twice is applied once (dissertation, 6.3)."""

    client: str
    """The proposer's name and incarnation, for example `B#2`: a later incarnation ends the sessions of the earlier ones."""
    serial: int
    """The number of the command among that client's, from 1."""
    floor: int
    """Every serial of this client below `floor` is answered: its result need not be kept any more."""


@value
class Entry:
    """One entry of the log. A leader's first entry of a term has no request and an empty command."""

    term: int
    request: Request | None
    command: bytes


@value
class Reconfiguration(Entry):
    """An entry that holds a configuration, in force in every log that holds the entry; its command is empty."""

    configuration: Configuration


@value
class RequestVote:
    """A candidate asks for a vote (§5.2, §5.4.1). A *trial* asks whether it would be granted (pre-vote, dissertation 9.6; rule 3.10)."""

    term: int
    last_index: int
    last_term: int
    trial: bool
    forced: bool
    """The leader asked this candidate to stand: voters ignore that leader's good standing (rule 3.12)."""
    beat: int
    """Number of the candidate's round, 0 in the first: repeated requests are chatter too."""


@value
class VoteReply:
    """The answer to `RequestVote` (§5.2). `term` is the voter's own.

    `asked` is the term of the request, so that a late grant does not count for a later term.
    """

    term: int
    asked: int
    granted: bool
    trial: bool
    beat: int
    """The `beat` of the request."""
    outside: int | None = None
    """The voter leads, and the candidate is no member by the committed configuration: the index of its entry (rules 3.15, 3.36).

    None: the voter says nothing of that. The index tells a word that was delayed from what the candidate's log says since.
    """


@value
class AppendEntries:
    """The leader's entries (§5.3). Without entries and with `beat > 0` it is a heartbeat."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    beat: int


@value
class AppendReply:
    """The answer to `AppendEntries` (§5.3). A success states what that request verified, not what else the log holds."""

    term: int
    success: bool
    match: int
    """Success: `prev_index + len(entries)` of the request. Refusal: `prev_index` of the request."""
    hint_index: int
    """Refusal: the largest index at or below `prev_index` at which the logs may agree. Success: 0."""
    hint_term: int
    """Refusal: the follower's term at `hint_index`. Success: 0."""
    beat: int
    """The number of the heartbeat that this answers, 0 otherwise."""


@value
class TimeoutNow:
    """The leader of `term` hands over: the receiver stands at once, without a trial (dissertation, 3.10; rule 3.12)."""

    beat = 0

    term: int


@value
class Confirm:
    """The leader of `term` asks whether it still leads, for the reads of this round (dissertation, 6.4)."""

    beat = 0

    term: int
    round: int
    """The number of the round in this leadership, from 1."""


@value
class Confirmed:
    """The answer to `Confirm`: `term` is the answering node's own; it confirms if it is the leader's."""

    beat = 0

    term: int
    round: int


@value
class Snapshot:
    """The state after entry `index`, in place of the entries up to it (§7). `Snapshot.of` computes the checksum."""

    index: int
    """Index of the last entry it replaces."""
    term: int
    """Term of that entry."""
    configuration: Configuration
    """The configuration in force as of that entry."""
    content: bytes
    """The applied state as bytes. The driver packs and unpacks it; Raft only carries it."""
    checksum: int
    """CRC-32 of `content`."""

    @classmethod
    def of(cls, index: int, term: int, configuration: Configuration, content: bytes) -> "Snapshot":
        """A snapshot with its checksum."""
        return cls(index, term, configuration, content, crc32(content))


@value
class InstallSnapshot:
    """A part of the leader's snapshot (§7). The receiver installs the snapshot when it has all parts."""

    beat = 0  # a part of a snapshot is never chatter

    term: int
    index: int
    """`index`, `index_term`, `configuration` and `checksum` describe the snapshot and are the same in all its parts."""
    index_term: int
    configuration: Configuration
    checksum: int
    size: int
    """Bytes of the whole snapshot."""
    offset: int
    """Where this part begins in the snapshot, in bytes; it is the last part if it reaches `size`."""
    part: bytes


@value
class SnapshotReply:
    """How much of a snapshot the receiver holds. An `AppendReply` says that it is installed."""

    beat = 0  # the answer to a part is never chatter

    term: int
    index: int
    """`index`, `checksum` and `offset` repeat those of the part it answers, so that a duplicated answer counts once."""
    checksum: int
    offset: int
    held: int
    """Bytes held from the start, where the next part should begin. 0 if the receiver lost or rejected what it had."""
    sound: bool
    """False: the complete snapshot does not match its checksum."""


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
