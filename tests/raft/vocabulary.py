"""Short words for tests of the core: logs by their terms, nodes in a state, what a step asked for. No test is here."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import attrs

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, AppendReply, Entry, Message, Request, RequestVote, VoteReply
from cluster.raft.progress import Progress
from cluster.raft.state import (
    Apply,
    Candidate,
    Durable,
    Effect,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    Received,
    Save,
    Send,
    Stored,
    TimedOut,
)
from cluster.raft.step import begin, step
from cluster.raft.timing import Timing

T = TypeVar("T")

RACHIS = Timing()
PAPER = Timing(first=(1, 2), again=(1, 2), ticking=False, trial=False, check_quorum=False)
START = 1_000_000
"""When nodes begin, in µs of their monotonic clock."""
ASKED, ALSO, LATER = (Request("r", serial, 1) for serial in (1, 2, 3))
"""Who asks for a read or a change."""


def entries(terms: str) -> tuple[Entry, ...]:
    """`"1 1 2"`: three empty entries of these terms."""
    return tuple(Entry(int(term), None, b"") for term in terms.split())


def log(terms: str) -> Log:
    """A log of empty entries of these terms."""
    return Log.of(entries(terms))


def terms(of: Log) -> str:
    """The terms of a log, as `log` takes them."""
    return " ".join(str(of.term_at(index)) for index in range(of.base + 1, of.last_index + 1))


def at(now: int = START, luck: float = 0.5) -> Moment:
    """A moment."""
    return Moment(now, luck)


def node(
    holding: str = "",
    term: int = 1,
    vote: str | None = None,
    commit: int = 0,
    voters: str = "ABC",
    name: str = "A",
    timing: Timing = RACHIS,
) -> Raft:
    """A follower that follows nobody, with everything it holds durable."""
    raft = begin(name, Configuration.of(voters), timing, term, vote, log(holding), at())
    return attrs.evolve(raft, commit=commit)


def following(raft: Raft, leader: str, heard_at: int = START) -> Raft:
    """The same node with a leader."""
    return attrs.evolve(raft, role=Follower(leader, heard_at))


def candidate(raft: Raft, trial: bool = False) -> Raft:
    """The same node as a candidate that nobody has answered; a real one has voted for itself, durably."""
    own = frozenset((raft.name,))
    if trial:
        return attrs.evolve(
            raft, role=Candidate(True, raft.term + 1, own, frozenset(), False, 0), wake_at=START + raft.timeout
        )
    durable = Durable(raft.term, raft.name, raft.log.last_index, ())
    role = Candidate(False, raft.term, own, frozenset(), False, 0)
    return attrs.evolve(raft, vote=raft.name, role=role, durable=durable, wake_at=START + raft.timeout)


def leading(raft: Raft, stored: int | None = None, **peers: Progress) -> Raft:
    """The same node as a leader since `START`; peers that are not given hold all of its log."""
    last = raft.log.last_index
    own = last if stored is None else stored
    known = tuple((peer, peers.get(peer, progress(last))) for peer in raft.peers)
    durable = Durable(raft.term, raft.name, own, ())
    role = Leader(known, own, START, 0, False)
    return attrs.evolve(raft, vote=raft.name, role=role, durable=durable, wake_at=START + raft.timing.heartbeat)


def in_role(raft: Raft, **fields: Any) -> Raft:
    """The same leader with other values in some fields of its role."""
    assert isinstance(raft.role, Leader)
    return attrs.evolve(raft, role=attrs.evolve(raft.role, **fields))


def ready(raft: Raft, **fields: Any) -> Raft:
    """The same leader with an entry of its own term committed, and other values in some fields of its role."""
    return in_role(raft, ready=True, **fields)


def in_force(raft: Raft, configuration: Configuration, since: int = 0) -> Raft:
    """The same node with this configuration, of entry `since` of its log."""
    return attrs.evolve(raft, configuration=configuration, configured=((since, configuration),))


def progress(match: int, following: int | None = None, probing: bool = False, inflight: Iterable[int] = ()) -> Progress:
    """What a leader believes of a peer; by default all of it is acknowledged."""
    return Progress(match, match + 1 if following is None else following, probing, tuple(inflight), START, 0)


def of(raft: Raft, peer: str) -> Progress:
    """What leader `raft` believes of `peer`."""
    assert isinstance(raft.role, Leader)
    return dict(raft.role.peers)[peer]


# ---- events ----


def take(
    raft: Raft, sender: str, message: Message, now: int = START, luck: float = 0.5
) -> tuple[Raft, Sequence[Effect]]:
    """Step: a message arrives."""
    return step(raft, Received(sender, message), at(now, luck))


def wake(raft: Raft, now: int | None = None, luck: float = 0.5) -> tuple[Raft, Sequence[Effect]]:
    """Step: its time has come, by default the time it asked for."""
    return step(raft, TimedOut(), at(raft.wake_at if now is None else now, luck))


def store(raft: Raft, effects: Sequence[Effect], now: int = START) -> tuple[Raft, Sequence[Effect]]:
    """Step: the Save among the effects of the step before is durable."""
    saving = the(Save, effects)
    return step(raft, Stored(saving.term, saving.vote, raft.log.last_index, saving.number), at(now))


def propose(raft: Raft, *commands: bytes, now: int = START) -> tuple[Raft, Sequence[Effect]]:
    """Step: commands for the log, of client `A#1`."""
    asked = tuple((Request("A#1", serial, 1), command) for serial, command in enumerate(commands, 1))
    return step(raft, Proposed(asked), at(now))


# ---- messages ----


def append(term: int, prev: tuple[int, int], new: str = "", commit: int = 0, beat: int = 0) -> AppendEntries:
    """An append after (index, term) `prev` with entries of the terms `new`."""
    return AppendEntries(term, prev[0], prev[1], entries(new), commit, beat)


def accepted(term: int, match: int, beat: int = 0) -> AppendReply:
    """An acceptance."""
    return AppendReply(term, True, match, 0, 0, beat)


def refused(term: int, prev: int, hint: tuple[int, int], beat: int = 0) -> AppendReply:
    """A refusal of an append after `prev`, with a hint (index, term)."""
    return AppendReply(term, False, prev, hint[0], hint[1], beat)


def ask(term: int, last: tuple[int, int] = (0, 0), trial: bool = False, forced: bool = False) -> RequestVote:
    """A request for a vote by a candidate whose log ends with (index, term) `last`."""
    return RequestVote(term, last[0], last[1], trial, forced, 0)


def grant(term: int, asked: int | None = None, trial: bool = False) -> VoteReply:
    """A yes."""
    return VoteReply(term, term if asked is None else asked, True, trial, 0)


def refusal(term: int, asked: int | None = None, trial: bool = False) -> VoteReply:
    """A no."""
    return VoteReply(term, term if asked is None else asked, False, trial, 0)


# ---- effects ----


def only(kind: type[T], effects: Sequence[Any]) -> list[T]:
    """The effects of one kind, in order."""
    return [effect for effect in effects if isinstance(effect, kind)]


def the(kind: type[T], effects: Sequence[Any]) -> T:
    """The one effect of a kind."""
    found = only(kind, effects)
    assert len(found) == 1, effects
    return found[0]


def said(effects: Sequence[Effect]) -> list[tuple[str, Message]]:
    """To whom what is said, now or once the Save is durable."""
    words: list[tuple[str, Message]] = []
    for effect in effects:
        match effect:
            case Send(to, message):
                words.append((to, message))
            case Save(then=then):
                words += [(send.to, send.message) for send in then]
            case _:
                pass
    return words


def answer(effects: Sequence[Effect]) -> Any:
    """The one thing that is said."""
    words = said(effects)
    assert len(words) == 1, words
    return words[0][1]


def appends(effects: Sequence[Effect], to: str) -> list[AppendEntries]:
    """The appends that go to a peer."""
    return [message for peer, message in said(effects) if peer == to and isinstance(message, AppendEntries)]


def applied(effects: Sequence[Effect]) -> tuple[int, int]:
    """First and last index handed to the application; (0, 0) if nothing."""
    found = only(Apply, effects)
    return (found[0].first, found[0].first + len(found[0].entries) - 1) if found else (0, 0)


def role(raft: Raft) -> str:
    """Role in one word: `follower`, `trial`, `candidate`, `leader`."""
    match raft.role:
        case Candidate(trial=True):
            return "trial"
        case other:
            return type(other).__name__.lower()
