"""The parts of a state: a node with its disk, a message in flight, and the move that an action makes of a node.

Each part is made once and carries its lanes (`identity.Lanes`). Nothing here steps or searches.
"""

from typing import Any

from attrs import define, field

from cluster.raft.configuration_change import Change
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Message
from cluster.raft.state import Leader, Raft, Send
from cluster.value import value
from scenarios.explore.identity import Bag, Kept, Name, Renaming, encoded, know
from scenarios.explore.promises import BrokenPromise, Face

LATE = 1 << 40
"""µs: later than any timer and any lease."""


@value
class Paper:
    """The contents of a node's disk."""

    term: int
    vote: str | None
    log: Log
    commit: int


@value
class PendingWrite:
    """A `Save` under way to the disk. The first one not yet reported has number 1, the next one 2."""

    term: int
    vote: str | None
    after: int
    entries: tuple[Entry, ...]
    then: tuple[Send, ...]
    last: int
    """The last index of the log as of the Save."""
    commit: int
    said: bool
    """It was reported as durable before it is. No sound storage does that."""


know(Paper, term=Kept, vote=Name, log=Kept, commit=Kept)
know(PendingWrite, term=Kept, vote=Name, after=Kept, entries=Kept, then=Bag, last=Kept, commit=Kept, said=Kept)


@define(eq=False)
class Cell:
    """A node as a part of states: its state of Raft, its pending writes, its disk, and what was observed of it."""

    raft: Raft
    writes: tuple[PendingWrite, ...]
    disk: Paper
    led: tuple[int, ...]
    """Every term that it has led."""
    voted: tuple[int, str] | None
    """Term and candidate of the last vote that was reported as durable."""
    leads: bool = field(init=False)
    entries: tuple[Entry, ...] = field(init=False)
    kept: tuple[Entry, ...] = field(init=False)
    face: Face = field(init=False)
    face_number: int = 0
    total: int = 0
    """The sum of its lanes."""
    own: "tuple[tuple[str, Move], ...] | None" = None
    """Its moves that need no message, each with its kind; None: not worked out yet."""
    proposals: "dict[int, Move]" = field(factory=dict)
    asked: "dict[tuple[str, int], tuple[tuple[Change | None, Move], ...]]" = field(factory=dict)
    """Its moves when asked for a change or a read, by which of the two and its number."""
    deliveries: "dict[int, tuple[Move, ...]]" = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        raft, log = self.raft, self.disk.log
        self.leads = isinstance(raft.role, Leader)
        self.entries = raft.log.slice(1, raft.log.last_index)
        self.kept = log.slice(1, log.last_index)
        peers = raft.role.peers if isinstance(raft.role, Leader) else ()
        matches = tuple([(peer, progress.match) for peer, progress in peers])
        self.face = Face(raft.name, raft.term, self.led, self.entries, matches)

    def content(self, names: Renaming) -> Any:
        """The parts of it that count, under a renaming."""
        voted = None if self.voted is None else (self.voted[0], names[self.voted[1]])
        return *[encoded(part, names) for part in (self.raft, self.writes, self.disk)], self.led, voted


@define(eq=False)
class Mail:
    """A message in flight, as a part of states."""

    sender: int
    """The sender's place among the nodes."""
    to: int
    message: Message
    number: int
    """Its number in the order in which messages first occurred."""
    total: int
    """Its lanes."""


Answer = tuple[int, int]
"""A read's number, and the entry as of which it was confirmed."""
Applied = tuple[int, tuple[Entry, ...], int, bool]
"""First index, entries, the node's term, and whether a restarted node only repeats what it knew."""


class Move:
    """The effect of one action on one node."""

    __slots__ = ("after", "applied", "broken", "crowned", "delta", "disked", "faced", "idle", "read", "sent", "tells")

    def __init__(
        self,
        before: Cell,
        after: Cell,
        sent: tuple[Mail, ...],
        applied: tuple[Applied, ...],
        read: tuple[Answer, ...] = (),
        broken: BrokenPromise | None = None,
    ) -> None:
        self.after = after
        self.sent = tuple(sorted([mail.number for mail in sent]))
        self.applied = applied
        self.read = read
        self.broken = broken
        self.tells = bool(applied or read or broken)
        """Whether it commits or confirms something, or breaks a promise, so that its effect depends on more than its node."""
        self.delta = after.total - before.total + sum(mail.total for mail in sent)
        """The change of the state's lanes; a delivered message is not subtracted yet."""
        self.faced = after.face_number != before.face_number
        self.disked = after.kept != before.kept
        self.crowned = after.leads and (not before.leads or after.raft.term != before.raft.term)
        self.idle = after is before and not sent and not read
        """Whether the move is left out, because it leads beyond the bounds or changes nothing.

        Whatever can follow a move that changes nothing can follow without it, and the message stays where it is.
        """
