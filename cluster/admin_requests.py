"""What a node asks of whoever leads, besides commands: another configuration, another leader, a read. No rule is here.

Each wish may be asked again without harm: a change that is so already changes nothing, and a read has no effect. So it is
brought to every leader there is until one answers or its time is over. A command is not like that: see `proposals`.
"""

from collections.abc import Callable
from typing import Any

from cluster import trace
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.ports import Host
from cluster.raft.configuration_change import Alteration, Change, Place, Way
from cluster.raft.messages import Request
from cluster.raft.state import ChangeProposed, Leader, Raft, Readable, ReadAsked, Refuse, TransferAsked
from cluster.raft.timing import Timing
from cluster.raft_driver import RaftDriver
from cluster.time_units import SECOND
from cluster.value import value
from cluster.wire import Codec


@value
class HandOver:
    """The request that another node lead."""

    target: str

    def says(self) -> str:
        """In a few words."""
        return f"{self.target} leads"


@value
class Read:
    """The request to read what is committed by now."""

    def says(self) -> str:
        """In a few words."""
        return "what is committed"


@value
class Wish:
    """One attempt of a node to bring its request to the leader."""

    request: Request
    wish: Change | HandOver | Read
    attempt: int
    """Counts how often this wish was brought to a leader, from 1."""


@value
class Granted:
    """The request was granted; `index` is the entry of the log as of which it holds."""

    request: Request
    index: int


@value
class Denied:
    """This attempt was refused; `final` means that every other would be refused too, as things are."""

    request: Request
    attempt: int
    why: str
    final: bool


ASKING_WORDS = (Wish, Granted, Denied, HandOver, Read, Change, Alteration, Place, Way)


class Pending:
    """One request whose answer somebody on this node waits for."""

    __slots__ = ("asked", "attempts", "deadline", "index", "open", "request", "waiter", "why", "wish", "within")

    def __init__(self, request: Request, wish: Any, waiter: Any, within: int, deadline: int) -> None:
        self.request, self.wish, self.waiter, self.within, self.deadline = request, wish, waiter, within, deadline
        self.asked: tuple[str, int] | None = None
        """The leader last asked, and its term."""
        self.attempts = 0
        self.open: dict[int, None] = {}
        """The attempts that were not denied: somebody may have taken it."""
        self.why = ""
        """Why it was denied last."""
        self.index = -1
        """Granted as of this entry, once this node has applied so much."""


class AdminRequests:
    """The wishes of one incarnation of a node, its own and those others bring to it."""

    def __init__(self, driver: RaftDriver, host: Host, codec: Codec, timing: Timing) -> None:
        self.driver, self.host, self.codec, self.timing = driver, host, codec, timing
        self.pending: dict[Request, Pending] = {}
        self._askers: dict[Request, tuple[str, int]] = {}
        """Who brought a wish to this node, the leader, and which attempt it was."""
        self._serial = 0

    async def ask(self, wish: Change | HandOver | Read, within: int | None) -> int:
        """Bring the wish to the leader; return the entry as of which it is so.

        Raises Refused if it cannot be, NoLeader if nobody took it in time, OutcomeUnknown if somebody may have.
        """
        host = self.host
        self._serial += 1
        request = Request(f"{host.name}#{host.incarnation}?", self._serial, 0)
        within = self.timing.operation if within is None else within
        pending = Pending(request, wish, host.waiter(), within, host.monotonic() + within)
        self.pending[request] = pending
        if not isinstance(wish, Read):
            host.note(trace.Wished(label(request), wish.says()))
        self._look_later(pending)
        self.push(pending)
        answer = await pending.waiter.wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, int)
        return answer

    # -- bringing it there

    def push(self, pending: Pending) -> None:
        """To whoever leads, unless it was asked already."""
        driver, leader = self.driver, self.driver.leader
        if isinstance(pending.wish, HandOver) and leader == pending.wish.target:
            self._end(pending, 0)
        if leader is None or pending.index >= 0 or pending.request not in self.pending:
            return
        term = driver.raft.term
        if pending.asked == (leader, term):
            return
        pending.asked = (leader, term)
        pending.attempts += 1
        pending.open[pending.attempts] = None
        if leader == self.host.name:
            driver.handle(event_of(pending.request, pending.wish))
        else:
            self._send(leader, Wish(pending.request, pending.wish, pending.attempts))

    def _look_later(self, pending: Pending) -> None:
        at = min(self.host.monotonic() + self.timing.election, pending.deadline)
        self.host.appoint_later(at, self._look, pending)

    def _look(self, pending: Pending) -> None:
        """Ask again, or give it up."""
        if pending.request not in self.pending:
            return
        if self.host.monotonic() >= pending.deadline:
            self._out_of_time(pending)
            return
        pending.asked = None
        self.push(pending)
        if pending.request in self.pending:
            self._look_later(pending)

    def _out_of_time(self, pending: Pending) -> None:
        waited, wish = f"{pending.within / SECOND:g} s", pending.wish.says()
        if pending.open and not isinstance(pending.wish, Read):
            text = f"{self.host.name} asked for this and cannot tell within {waited} whether it is so: {wish}; look"
            self._end(pending, OutcomeUnknown(text))
        else:
            why = f"the last word was: {pending.why}" if pending.why else "no leader answered; bring back a majority"
            self._end(pending, NoLeader(f"{self.host.name} asked for {waited} in vain for this: {wish}; {why}"))

    def _end(self, pending: Pending, answer: int | Exception) -> None:
        if self.pending.pop(pending.request, None) is None:
            return
        host = self.host
        if isinstance(answer, int) and isinstance(pending.wish, Read):
            host.note(trace.ReadConfirmed(label(pending.request), answer))
        else:
            index = answer if isinstance(answer, int) else -1
            why = "" if isinstance(answer, int) else str(answer)
            host.note(trace.WishEnded(label(pending.request), pending.wish.says(), index, why))
        host.wake(pending.waiter, answer)

    # -- answers

    def granted(self, request: Request, index: int) -> None:
        """The leader says that it is so; a read waits until this node has applied as much."""
        pending = self.pending.get(request)
        if pending is not None:
            pending.index = index
            self.applied()

    def denied(self, request: Request, attempt: int, why: str, final: bool) -> None:
        """Somebody says no."""
        pending = self.pending.get(request)
        if pending is None:
            return
        pending.open.pop(attempt, None)
        pending.why = why or pending.why
        if final:
            self._end(pending, Refused(why))

    def applied(self) -> None:
        """This node has applied more."""
        for pending in list(self.pending.values()):
            if pending.index >= 0 and (may_answer(pending.index, self.driver.applied) or not _reads(pending)):
                self._end(pending, pending.index)

    # -- the leader's side

    def heard(self, sender: str, wish: Wish) -> None:
        """Another node brings its wish."""
        self._askers[wish.request] = (sender, wish.attempt)
        self.driver.handle(event_of(wish.request, wish.wish))

    def refused(self, refusal: Refuse) -> bool:
        """The law says no; whether that was about a wish."""
        request = refusal.request
        asker = self._askers.pop(request, None)
        if asker is not None:
            self._send(asker[0], Denied(request, asker[1], refusal.why, refusal.final))
        elif request in self.pending:
            self.denied(request, self.pending[request].attempts, refusal.why, refusal.final)
        else:
            return False
        return True

    def readable(self, effect: Readable) -> None:
        """The law lets these reads go."""
        for request in effect.requests:
            self.happened(request, effect.index)

    def happened(self, request: Request | None, index: int) -> None:
        """A wish is fulfilled as of that entry."""
        if request is None:
            return
        asker = self._askers.pop(request, None)
        if asker is not None:
            self._send(asker[0], Granted(request, index))
        self.granted(request, index)

    def turned(self, raft: Raft) -> None:
        """Another leader, or the same in full: ask it."""
        if not isinstance(raft.role, Leader):
            self._askers.clear()  # who asked will ask again
        for pending in list(self.pending.values()):
            self.push(pending)

    def _send(self, to: str, message: Wish | Granted | Denied) -> None:
        self.host.send(to, type(message).__name__, self.codec.encode(message), 0, 0)

    @property
    def ears(self) -> dict[type, Callable[[str, Any], None]]:
        """What it hears, and with what."""
        return {
            Wish: self.heard,
            Granted: lambda sender, answer: self.granted(answer.request, answer.index),
            Denied: lambda sender, answer: self.denied(answer.request, answer.attempt, answer.why, answer.final),
        }


def may_answer(index: int, applied: int) -> bool:
    """Whether a state as of `applied` shows all that a read confirmed at `index` must see (zoo R7)."""
    return applied >= index


def event_of(request: Request, wish: Change | HandOver | Read) -> ChangeProposed | TransferAsked | ReadAsked:
    """The wish as the law hears it."""
    match wish:
        case Change():
            return ChangeProposed(request, wish)
        case HandOver(target):
            return TransferAsked(request, target)
        case Read():
            return ReadAsked(request)


def label(request: Request) -> str:
    """The request's name in a trace."""
    return f"{request.client}/{request.serial}"


def _reads(pending: Pending) -> bool:
    return isinstance(pending.wish, Read)
