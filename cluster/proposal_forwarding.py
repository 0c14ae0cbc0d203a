"""Forwarding of proposals: a node brings its commands to the leader, repeats them, and answers or gives up.

Both ends are here: the node that proposes, and the node that is asked because it leads. `proposals` holds the state of
one proposal; Raft decides what becomes of a command.
"""

from heapq import heappop, heappush
from typing import Any

from cluster import trace
from cluster.member import NoLeader, NotInCluster, OutcomeUnknown, Overloaded, SessionEnded
from cluster.ports import Host
from cluster.proposals import Decided, Decline, Forward, GivenUp, PendingProposal, SessionOver, TooMuch, label
from cluster.raft.messages import Request
from cluster.raft.state import Leader, Proposed, Refuse
from cluster.raft.timing import Timing
from cluster.raft_driver import RaftDriver
from cluster.time_units import FOREVER, SECOND
from cluster.wire import Codec

DEFINITE = ("no leader", "too much")
"""Outcomes of proposals after which the command never happens."""
RETRY = SECOND
"""How long a proposer waits, in µs, before it asks the same leader again."""


class ProposalForwarding:
    """The commands that one incarnation of a node proposes, and those that other nodes bring to it."""

    def __init__(self, driver: RaftDriver, host: Host, codec: Codec, timing: Timing, began_in: int) -> None:
        self.driver, self.host, self.codec, self.timing = driver, host, codec, timing
        self.pending: dict[Request, PendingProposal] = {}
        """The proposals that are not answered yet, in the order of their serials."""
        self.given_up = GivenUp()
        self._serial = 0
        self._decided = Decided(host.incarnation, began_in)
        self._asking: tuple[str, int] | None = None
        """The node and attempt whose command Raft is asked to take right now; None: it is this node's own."""
        self._unanswered: list[tuple[int, int, PendingProposal]] = []
        """When to look whether a proposal is answered: a heap of monotonic µs, serial and proposal."""
        self._looks_at = FOREVER

    # -- the node that proposes

    async def propose(self, command: object, within: int | None) -> Any:
        """See `Member.propose`."""
        host, kind = self.host, type(command).__name__
        if self.driver.passive:
            text = (
                f"node {host.name} belongs to no cluster, so that it can bring {kind} to nobody: "
                "ask a node of the cluster, or let this one join"
            )
            raise NotInCluster(text)
        self._serial = serial = self._serial + 1
        oldest = next(iter(self.pending), None)
        request = Request(f"{host.name}#{host.incarnation}", serial, serial if oldest is None else oldest.serial)
        within = self.timing.operation if within is None else within
        data, waiter = self.codec.encode(command), host.waiter()
        pending = PendingProposal(request, kind, data, waiter, within, host.monotonic() + within)
        self.pending[request] = pending
        host.note(trace.Proposed(label(pending.request), kind))
        self._push(pending)
        self._look_later(pending)
        _, answer = await waiter.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def turned(self) -> None:
        """This node sees another leader, or its leader became ready: bring the pending commands to it."""
        for pending in list(self.pending.values()):
            self._push(pending)

    def _push(self, pending: PendingProposal) -> None:
        """Bring the command to the present leader, unless it was asked already."""
        driver = self.driver
        leader, term = driver.leader, driver.raft.term
        if leader is None or pending.leader_asked == (leader, term):
            return
        pending.leader_asked = (leader, term)
        attempt = pending.attempt()
        if leader == self.host.name:
            driver.handle(Proposed(((pending.request, pending.data),)))
        else:
            asked = Forward(pending.request, pending.data, attempt, term)
            self.host.send(leader, "Forward", self.codec.encode(asked), 0, 0)

    def _look_later(self, pending: PendingProposal) -> None:
        """Look at this proposal later. All proposals share one appointment: most are answered before it comes."""
        at = min(self.host.monotonic() + RETRY, pending.deadline)
        heappush(self._unanswered, (at, pending.request.serial, pending))
        if at < self._looks_at:
            self._appoint(at)

    @property
    def looks_at(self) -> int:
        """Monotonic µs at which this node looks at its unanswered commands; `FOREVER` if all are answered."""
        return self._looks_at if self.pending else FOREVER

    def reappoint(self) -> None:
        """Make the appointment anew; with every command answered none is needed any more."""
        if self.pending:
            self._appoint(self._looks_at)
        else:
            self._unanswered, self._looks_at = [], FOREVER

    def _appoint(self, at: int) -> None:
        self._looks_at = at
        self.host.appoint(at, self._look, at)

    def _look(self, at: int) -> None:
        """Ask again for the commands that are still unanswered, and give up those whose time is over."""
        if at != self._looks_at or self.host.monotonic() < at:
            return  # a later call of `_look_later` has replaced this appointment, or the clock has been slowed
        self._looks_at, now, unanswered = FOREVER, self.host.monotonic(), self._unanswered
        while unanswered and (unanswered[0][0] <= now or unanswered[0][2].request not in self.pending):
            pending = heappop(unanswered)[2]
            if pending.request not in self.pending:
                continue
            if now >= pending.deadline:
                self._out_of_time(pending)
                continue
            if pending.asked:
                pending.leader_asked = None
                self._push(pending)
            self._look_later(pending)
        if unanswered and unanswered[0][0] < self._looks_at:
            self._appoint(unanswered[0][0])

    def applied(self, request: Request, answer: tuple[int, Any]) -> None:
        """This node has applied the request, now or before; `answer` is its index and answer."""
        pending = self.pending.get(request)
        if pending is None:
            if not isinstance(answer[1], SessionOver):
                for note in self.given_up.happened(request, answer[0]):
                    self.host.note(note)
        elif isinstance(answer[1], SessionOver):
            self._answer(pending, "unknown", (0, SessionEnded(answer[1].why)))
        else:
            self._answer(pending, "applied", answer)

    def declined(self, request: Request, attempt: int) -> None:
        """A node declined that attempt: it does not lead."""
        pending = self.pending.get(request)
        if pending is not None:
            pending.declined(attempt)
            pending.leader_asked = None

    def too_much(self, answer: TooMuch) -> None:
        """A leader refuses the command for now. That is definite, unless an earlier leader may have taken it."""
        pending = self.pending.get(answer.request)
        if pending is None:
            return
        self.declined(answer.request, answer.attempt)
        if not pending.may_have_happened:
            text = (
                f"the leader did not take {pending.command} of {len(pending.data):,} bytes: {answer.waiting:,} bytes wait to be "
                f"committed, and it lets {answer.limit:,} wait; ask again when some are, or bring back the nodes that lag"
            )
            self._answer(pending, "too much", (0, Overloaded(text)))

    def _out_of_time(self, pending: PendingProposal) -> None:
        name, waited = self.host.name, f"{pending.within / SECOND:g} s"
        if pending.may_have_happened:
            text = (
                f"node {name} asked for {pending.command} and heard nothing within {waited}: it may have happened "
                "or may still; look before you ask again"
            )
            self._answer(pending, "unknown", (0, OutcomeUnknown(text)))
        else:
            text = (
                f"node {name} could not send {pending.command}: there is no leader, and waiting {waited} for one "
                f"ran out; bring back a majority of {', '.join(self.driver.raft.configuration.voters)} and ask again"
            )
            self._answer(pending, "no leader", (0, NoLeader(text)))

    def _answer(self, pending: PendingProposal, outcome: str, answer: tuple[int, Any]) -> None:
        del self.pending[pending.request]
        if outcome in DEFINITE:
            self.given_up.add(pending.request, pending.command)
        self.host.note(trace.Answered(label(pending.request), pending.command, outcome, answer[0]))
        self.host.wake(pending.waiter, answer)

    # -- the node that is asked

    def take(self, sender: str, asked: Forward) -> None:
        """Take or decline another node's command, once per attempt."""
        driver, request = self.driver, asked.request
        if not self._decided.first(request, asked.attempt, asked.term):
            return
        if isinstance(driver.raft.role, Leader):
            if not driver.has_applied(request):
                self._asking = (sender, asked.attempt)
                driver.handle(Proposed(((request, asked.command),)))
                self._asking = None
        elif self._decided.may_decline:
            self.host.send(sender, "Decline", self.codec.encode(Decline(request, asked.attempt)), 0, 0)

    def refused(self, refuse: Refuse) -> None:
        """This node's Raft refused the command: it does not lead, or too much waits to be committed."""
        request, asking = refuse.request, self._asking
        if asking is None and request not in self.pending:
            return
        attempt = asking[1] if asking is not None else self.pending[request].asked
        if not refuse.waiting:
            self.declined(request, attempt)
            return
        answer = TooMuch(request, attempt, refuse.waiting, self.timing.uncommitted_bytes)
        if asking is None:
            self.too_much(answer)
        else:
            self.host.send(asking[0], "TooMuch", self.codec.encode(answer), 0, 0)
