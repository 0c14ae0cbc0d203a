"""Requests of a node to the leader other than commands: another configuration, another leader, a read.

Each may be repeated without harm: a change that holds already changes nothing, and a read has no effect. So a request
is sent to every leader in turn until one answers or its time is over. A command is different: see `proposals`. As there,
a refusal is definite only once every attempt was refused: one that is still open may be carried out later (rule 3.38).
"""

from collections.abc import Callable
from typing import Any

from cluster import trace
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.ports import Host
from cluster.proposals import Decided, GivenUp, label
from cluster.raft.configuration_change import Alteration, Change, MemberPlace, Way
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
        """The request in a few words."""
        return f"{self.target} leads"


@value
class Read:
    """The request to read what is committed by now."""

    def says(self) -> str:
        """The request in a few words."""
        return "what is committed"


@value
class Wish:
    """One attempt of a node to bring a request to the leader."""

    request: Request
    wish: Change | HandOver | Read
    attempt: int
    """The number of the attempt for this request, from 1. A copy made by the network has the same number."""
    term: int
    """The term of the asking node, in which it holds the other for the leader."""


@value
class Granted:
    """The request was granted; `index` is the entry of the log as of which it holds."""

    request: Request
    index: int


@value
class Denied:
    """This attempt was refused; `final` means that one made now would be refused too."""

    request: Request
    attempt: int
    why: str
    final: bool


ASKING_WORDS = (Wish, Granted, Denied, HandOver, Read, Change, Alteration, MemberPlace, Way)


class PendingRequest:
    """A request of this node that is not answered yet."""

    __slots__ = (
        "asked",
        "attempts",
        "deadline",
        "final",
        "index",
        "open",
        "request",
        "waiter",
        "why",
        "wish",
        "within",
    )

    def __init__(self, request: Request, wish: Any, waiter: Any, within: int, deadline: int) -> None:
        self.request, self.wish, self.waiter, self.within, self.deadline = request, wish, waiter, within, deadline
        self.asked: tuple[str, int] | None = None
        """The leader asked last, and its term; None if the next one is to be asked in any case."""
        self.attempts = 0
        self.open: dict[int, None] = {}
        """The attempts that were not denied: any of them may have been carried out."""
        self.why = ""
        """The reason of the last denial, or of the final one; empty if there was none."""
        self.final = False
        """Whether an attempt was denied for good: nobody else is asked."""
        self.index = -1
        """Index of the entry as of which it was granted, -1 before. A read then waits until this node has applied that entry."""


class AdminRequests:
    """The requests of one incarnation of a node, and those that other nodes bring to it."""

    def __init__(self, driver: RaftDriver, host: Host, codec: Codec, timing: Timing, began_in: int) -> None:
        """`began_in`: the term in which this incarnation of the node began."""
        self.driver, self.host, self.codec, self.timing = driver, host, codec, timing
        self.pending: dict[Request, PendingRequest] = {}
        self._given_up = GivenUp()
        self._decided = Decided(host.incarnation, began_in)
        self._asking: tuple[str, Wish] | None = None
        """The node whose request Raft is asked to take right now, and that; None: it is this node's own."""
        self._askers: dict[Request, tuple[str, int]] = {}
        """For each request that Raft has taken for another node: that node, and the attempt that was taken."""
        self._serial = 0

    async def ask(self, wish: Change | HandOver | Read, within: int | None) -> int:
        """Bring the request to the leader; return the index of the entry as of which it holds.

        `within` in µs; None is the operation timeout. Raises Refused if it is impossible, NoLeader if no leader took it
        in time, OutcomeUnknown if a leader may have taken it.
        """
        host = self.host
        self._serial = serial = self._serial + 1
        oldest = next(iter(self.pending), None)
        request = Request(f"{host.name}#{host.incarnation}?", serial, serial if oldest is None else oldest.serial)
        within = self.timing.operation if within is None else within
        pending = PendingRequest(request, wish, host.waiter(), within, host.monotonic() + within)
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

    # -- sending a request

    def push(self, pending: PendingRequest) -> None:
        """Send the request to the present leader, unless it was asked already, or the request was denied for good."""
        driver, leader = self.driver, self.driver.leader
        if isinstance(pending.wish, HandOver) and leader == pending.wish.target:
            self._end(pending, 0)
        if leader is None or pending.index >= 0 or pending.final or pending.request not in self.pending:
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
            self._send(leader, Wish(pending.request, pending.wish, pending.attempts, term))

    def _look_later(self, pending: PendingRequest) -> None:
        at = min(self.host.monotonic() + self.timing.election, pending.deadline)
        self.host.appoint_later(at, self._look, pending)

    def _look(self, pending: PendingRequest) -> None:
        """Send the request again, or end it if its time is over."""
        if pending.request not in self.pending:
            return
        if self.host.monotonic() >= pending.deadline:
            self._out_of_time(pending)
            return
        pending.asked = None
        self.push(pending)
        if pending.request in self.pending:
            self._look_later(pending)

    def _out_of_time(self, pending: PendingRequest) -> None:
        waited, wish = f"{pending.within / SECOND:g} s", pending.wish.says()
        word = f"the last word was: {pending.why}" if pending.why else ""
        if pending.open and not isinstance(pending.wish, Read):
            look = f"look; {word}" if word else "look"
            text = f"{self.host.name} asked for this and cannot tell within {waited} whether it is so: {wish}; {look}"
            self._end(pending, OutcomeUnknown(text))
        else:
            why = word or "no leader answered; bring back a majority"
            self._end(pending, NoLeader(f"{self.host.name} asked for {waited} in vain for this: {wish}; {why}"))

    def _end(self, pending: PendingRequest, answer: int | Exception) -> None:
        if self.pending.pop(pending.request, None) is None:
            return
        host = self.host
        if isinstance(answer, int) and isinstance(pending.wish, Read):
            host.note(trace.ReadConfirmed(label(pending.request), answer))
        else:
            index = answer if isinstance(answer, int) else -1
            why = "" if isinstance(answer, int) else str(answer)
            if isinstance(answer, NoLeader | Refused):
                self._given_up.add(pending.request, pending.wish.says())
            host.note(trace.WishEnded(label(pending.request), pending.wish.says(), index, why))
        host.wake(pending.waiter, answer)

    # -- answers

    def granted(self, request: Request, index: int) -> None:
        """The leader granted the request as of `index`; a read still waits until this node has applied that entry."""
        pending = self.pending.get(request)
        if pending is not None:
            pending.index = index
            self.applied()
        else:
            for note in self._given_up.happened(request, index):
                self.host.note(note)

    def denied(self, request: Request, attempt: int, why: str, final: bool) -> None:
        """A leader denied that attempt. After a final denial the request ends with Refused, once no attempt is open."""
        pending = self.pending.get(request)
        if pending is None:
            return
        pending.open.pop(attempt, None)
        if final or not pending.final:
            pending.final, pending.why = final, why or pending.why
        if pending.final and not pending.open:
            self._end(pending, Refused(pending.why))

    def applied(self) -> None:
        """This node has applied more entries: answer the granted requests that waited for them."""
        for pending in list(self.pending.values()):
            if pending.index >= 0 and (may_answer(pending.index, self.driver.applied) or not _reads(pending)):
                self._end(pending, pending.index)

    # -- requests that other nodes bring

    def heard(self, sender: str, wish: Wish) -> None:
        """Another node brings a request: hand it to this node's Raft, once per attempt. A read has no effect."""
        request, attempt = wish.request, wish.attempt
        if not isinstance(wish.wish, Read) and not self._decided.first(request, attempt, wish.term):
            return
        self._askers.setdefault(request, (sender, attempt))
        self._asking = sender, wish
        self.driver.handle(event_of(request, wish.wish))
        self._asking = None
        if isinstance(wish.wish, HandOver):  # refused by now, or never answered: who asked sees for itself who leads
            self._askers.pop(request, None)

    def refused(self, refusal: Refuse) -> bool:
        """Raft refused a request or a command; return whether it was a request of this kind."""
        request, asking = refusal.request, self._asking
        if asking is not None and asking[1].request == request:
            sender, attempt = asking[0], asking[1].attempt
            if self._askers.get(request) == (sender, attempt):
                del self._askers[request]
            if self._decided.may_decline:
                self._send(sender, Denied(request, attempt, refusal.why, refusal.final))
        elif request in self.pending:
            self.denied(request, self.pending[request].attempts, refusal.why, refusal.final)
        else:
            return False
        return True

    def readable(self, effect: Readable) -> None:
        """Raft confirmed these reads."""
        for request in effect.requests:
            self.happened(request, effect.index)

    def happened(self, request: Request | None, index: int) -> None:
        """The change or read with this request holds as of entry `index`; None: nobody asked for it."""
        if request is None:
            return
        asker = self._askers.pop(request, None)
        if asker is not None:
            self._send(asker[0], Granted(request, index))
        self.granted(request, index)

    def turned(self, raft: Raft) -> None:
        """This node sees another leader, or its leader became ready: send the pending requests to it."""
        if not isinstance(raft.role, Leader):
            self._askers.clear()  # the nodes that asked will ask again
        for pending in list(self.pending.values()):
            self.push(pending)

    def _send(self, to: str, message: Wish | Granted | Denied) -> None:
        self.host.send(to, type(message).__name__, self.codec.encode(message), 0, 0)

    @property
    def ears(self) -> dict[type, Callable[[str, Any], None]]:
        """The handler for each class of message."""
        return {
            Wish: self.heard,
            Granted: lambda sender, answer: self.granted(answer.request, answer.index),
            Denied: lambda sender, answer: self.denied(answer.request, answer.attempt, answer.why, answer.final),
        }


def may_answer(index: int, applied: int) -> bool:
    """Whether the state after entry `applied` shows all that a read confirmed at `index` must see (zoo R7)."""
    return applied >= index


def event_of(request: Request, wish: Change | HandOver | Read) -> ChangeProposed | TransferAsked | ReadAsked:
    """The event by which Raft receives the request."""
    match wish:
        case Change():
            return ChangeProposed(request, wish)
        case HandOver(target):
            return TransferAsked(request, target)
        case Read():
            return ReadAsked(request)


def _reads(pending: PendingRequest) -> bool:
    return isinstance(pending.wish, Read)
