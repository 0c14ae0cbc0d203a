"""The identity of states: which field of which value counts, and under which renaming of the nodes. It holds no rule of Raft.

Clock readings do not count: any timer may fire at any step, so they are set to one constant wherever a step left
another (`normal_form`). Names count only by the nodes they refer to: a state and its renaming are the same (`Lanes`).

The tables name every field of every value by hand. A field that is missing there is an error, because nobody has decided
yet whether states that differ only in it are the same.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from hashlib import blake2b
from itertools import permutations
from struct import Struct
from typing import Any

import attrs

from cluster.raft import messages, progress, state
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER
from cluster.value import value


class How(Enum):
    """The way in which a field counts."""

    Kept = "as it is"
    Name = "a node's name, or none"
    Names = "names in an order that means nothing"
    ByName = "pairs of a name and something, in an order that means nothing"
    Bag = "things in an order that means nothing"
    Same = "the same in every state of a search"
    Woken = "whether it ever wakes, not when"


@value
class Erased:
    """The field does not count: it has this value in every state of a search."""

    constant: Any


Kept, Name, Names, ByName, Bag, Same, Woken = How

Parts = dict[str, How | Erased]


def _parts(kept: str, **others: How | Erased) -> Parts:
    """The fields of a class: those named in `kept` count as they are, in that order, and each of `others` as given."""
    return {**dict.fromkeys(kept.split(), Kept), **others}


PARTS: dict[type, Parts] = {
    state.Raft: _parts(
        "configuration configured term log commit role durable saves snapshot incoming",
        name=Name,
        vote=Name,
        timing=Same,
        timeout=Erased(Timing().election * 2 // 3),
        ticks_from=Erased(0),
        draws=Erased(1),
        wake_at=Woken,
    ),
    Configuration: _parts(
        "auto_leave", voters=Names, outgoing=Names, learners=Names, learners_next=Names, promotable=Names
    ),
    state.Follower: _parts("", leader=Name, heard_at=Erased(0)),
    state.Candidate: _parts("trial asked forced", granted=Names, refused=Names, rounds=Erased(0)),
    state.Leader: _parts("stored ready transfer reading leases", peers=ByName, beats_from=Erased(0), beat=Erased(0)),
    state.Transfer: _parts("told", target=Name, until=Erased(0)),
    state.Reading: _parts("round index asked waiting", confirmed=Names, sent_at=Erased(0), lease_from=Erased(None)),
    state.Incoming: _parts("index checksum held parts"),
    progress.Progress: _parts("match next probing inflight sending", answered_at=Erased(0), head_beat=Erased(0)),
    progress.Sending: _parts("snapshot offset", beat=Erased(0)),
    state.Durable: _parts("term last cuts", vote=Name),
    state.Send: _parts("message", to=Name),
    messages.Snapshot: _parts("index term configuration content checksum"),
    messages.InstallSnapshot: _parts("term index index_term configuration checksum size offset part"),
    messages.SnapshotReply: _parts("term index checksum offset held sound"),
    messages.Request: _parts("client serial floor"),
    messages.Entry: _parts("term request command"),
    messages.Reconfiguration: _parts("term request command configuration"),
    messages.TimeoutNow: _parts("term"),
    messages.Confirm: _parts("term round"),
    messages.Confirmed: _parts("term round"),
    messages.RequestVote: _parts("term last_index last_term trial forced", beat=Erased(0)),
    messages.VoteReply: _parts("term asked granted trial outside", beat=Erased(0)),
    messages.AppendEntries: _parts("term prev_index prev_term entries commit beat"),
    messages.AppendReply: _parts("term success match hint_index hint_term beat"),
}
LOG_PARTS = {"_ends", "_entries", "base", "base_term", "last_index", "last_term"}
"""The fields of a `Log`; only its entries and its base count."""
STILL = (Name, Names, Same)
"""The ways to count that `normal_form` leaves unchanged."""
_CHECKED = set[type]()
"""Classes whose fields are known to be all in the table."""
_MOVING: dict[type, tuple[tuple[str, How | Erased], ...]] = {}
PLAIN = (int, str, bytes, bool, type(None), frozenset)


class UnknownPart(TypeError):
    """A value whose class, or a field of it, is missing in `PARTS`."""


def unknown_parts(kind: type) -> list[str]:
    """Fields on which the table and a value's class disagree. A field derived from others is not counted."""
    there = {field.name for field in attrs.fields(kind) if field.init}
    return sorted(there ^ set(PARTS[kind]))


def _checked(kind: type) -> Parts:
    if kind in _CHECKED:
        return PARTS[kind]
    if kind not in PARTS:
        raise UnknownPart(f"a state holds a {kind.__name__}: say in identity.PARTS which of its fields count")
    unknown = unknown_parts(kind)
    if unknown:
        raise UnknownPart(f"{kind.__name__} and identity.PARTS disagree on {', '.join(unknown)}: say how they count")
    _CHECKED.add(kind)
    return PARTS[kind]


def know(kind: type, **parts: How | Erased) -> None:
    """Add a class and its fields to the table."""
    PARTS[kind] = parts
    _CHECKED.discard(kind)
    _ENCODERS.pop(kind, None)
    _MOVING.pop(kind, None)


def normal_form(thing: Any) -> Any:
    """The same value with every clock reading set to its constant. Raises UnknownPart."""
    kind = type(thing)
    if kind in PLAIN or kind is Log:
        return thing
    if kind is tuple:
        return tuple([normal_form(each) for each in thing])
    changes = {}
    for name, how in _MOVING.get(kind) or _moving(kind):
        old = getattr(thing, name)
        if isinstance(how, Erased):
            new = how.constant
        elif how is Woken:
            new = old if old == FOREVER else 0
        else:
            new = normal_form(old)
        if new is not old:
            changes[name] = new
    return attrs.evolve(thing, **changes) if changes else thing


def _moving(kind: type) -> tuple[tuple[str, How | Erased], ...]:
    """The fields of a class that `normal_form` looks at."""
    _MOVING[kind] = found = tuple([(name, how) for name, how in _checked(kind).items() if how not in STILL])
    return found


Renaming = Mapping[str | None, int | None]
"""The number of each name in the renamed state."""


def encoded(thing: Any, names: Renaming) -> Any:
    """The parts of a value that count, under a renaming, as nested tuples of plain values. Raises UnknownPart."""
    kind = type(thing)
    if kind in PLAIN:
        return thing
    if kind is tuple:
        return tuple([encoded(each, names) for each in thing])
    if kind is Log:
        entries = tuple([encoded(entry, names) for entry in thing.slice(thing.base + 1, thing.last_index)])
        return (thing.base, thing.base_term, entries) if thing.base else entries
    return (_ENCODERS.get(kind) or _encoder(kind))(thing, names)


Encoder = Callable[[Any, Renaming], Any]
_ENCODERS: dict[type, Encoder] = {}
"""The encoder of each class that is in the table."""
WRITTEN = {
    Kept: "encoded(thing.{0}, names)",
    Name: "names[thing.{0}]",
    Names: "tuple(sorted([names[each] or 0 for each in thing.{0}]))",
    ByName: "tuple(sorted([(names[each], encoded(held, names)) for each, held in thing.{0}]))",
    Bag: "tuple(sorted([encoded(each, names) for each in thing.{0}], key=repr))",
    Woken: "thing.{0} == FOREVER",
}
"""How each way to count is written as an expression about a field."""


def _encoder(kind: type) -> Encoder:
    """The encoder of a class, written out: a search calls it for each renaming of each part that it meets. Raises UnknownPart."""
    counted = [
        WRITTEN[how].format(name) for name, how in _checked(kind).items() if isinstance(how, How) and how in WRITTEN
    ]
    made: Encoder = eval(f"lambda thing, names: ({', '.join([repr(kind.__name__), *counted])},)", _NAMES)
    _ENCODERS[kind] = made
    return made


_NAMES = {"encoded": encoded, "FOREVER": FOREVER}


LANE = 20
"""Bytes of a lane: 16 of a fingerprint, and room for the carries of a sum of 2³² of them."""
FINGERPRINT = 16


def _lane(content: Any) -> bytes:
    return blake2b(repr(content).encode(), digest_size=FINGERPRINT).digest() + bytes(LANE - FINGERPRINT)


class Lanes:
    """The fingerprints of a state under every renaming of its nodes at once: one integer, a lane for each.

    A state is a bag of parts (a node's, a message, …) and its fingerprint the sum of theirs modulo 2¹²⁸. So a step
    adds what came and subtracts what went, in all lanes by one addition, and the least lane is the same for a state
    and all its renamings: that is its canonical fingerprint.
    """

    def __init__(self, names: Sequence[str], alike: bool = True) -> None:
        """`alike`: whether the names of nodes mean nothing, so that a state and its renamings are the same."""
        places = range(len(names))
        orders = list(permutations(places)) if alike else [tuple(places)]
        self.renamings: list[Renaming] = [{None: None, **dict(zip(names, order, strict=True))} for order in orders]
        self.width = LANE * len(self.renamings)
        self._parted = Struct(f"<{f'{FINGERPRINT}s{LANE - FINGERPRINT}x' * len(self.renamings)}").unpack

    def of(self, content: Callable[[Renaming], Any]) -> int:
        """The lanes of a part; `content` says what counts of it under a renaming."""
        return int.from_bytes(b"".join([_lane(content(names)) for names in self.renamings]), "little")

    def of_nameless(self, content: Any) -> int:
        """The lanes of a part in which no name occurs."""
        return int.from_bytes(_lane(content) * len(self.renamings), "little")

    def every(self, total: int) -> tuple[bytes, ...]:
        """The fingerprint of each renaming of the state; the first is that of the state itself."""
        return self._parted(total.to_bytes(self.width, "little"))
