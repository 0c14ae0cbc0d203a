"""The shell of a node: one synchronous driver for the law, one nursery for the programs. It has no rule of its own.

Everything that happens to the law arrives at `handle`; every effect it asks for is done there, in order, before the
next event. What waits (a program, a proposal) is a task in the node's nursery, woken through the host by what became
true. On a real machine the task that reads a socket would call the same methods.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, Protocol
from zlib import crc32

import trio

from cluster import trace
from cluster.grid import Grid
from cluster.instant import FOREVER, SECOND
from cluster.member import Application, NoLeader, OutcomeUnknown, Refused
from cluster.plug import Plug
from cluster.ports import Host, Waiter
from cluster.proposals import Decided, Decline, Forward, Pending, Sessions
from cluster.raft import step as law
from cluster.raft.configuration import Configuration
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    Entry,
    Request,
    RequestVote,
    TimeoutNow,
    VoteReply,
)
from cluster.raft.state import (
    Apply,
    Candidate,
    Event,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    Received,
    Refuse,
    Save,
    Send,
    Stored,
    TimedOut,
    Timing,
)
from cluster.storage import Recovered
from cluster.wire import Codec

RETRY = SECOND
"""How long a proposer waits, in µs, before it asks the same leader again."""
REMEMBER = 100_000
"""How long, in µs, a commit waits for a Save to carry it to the disk before it goes alone."""
LAW = frozenset({RequestVote, VoteReply, AppendEntries, AppendReply, TimeoutNow, Confirm, Confirmed})
ROLES: dict[type, str] = {Follower: "follower", Candidate: "candidate", Leader: "leader"}
"""What a trace calls them."""


class Arrival(Protocol):
    """A message that came in, as the host hands it over."""

    sender: str
    kind: str
    data: bytes
    beat: int
    sent: int
    cause: int

    @property
    def label(self) -> str:
        """Its name in a trace."""
        ...  # the host's own naming


class RaftStorage(Protocol):
    """Where log, vote and term are kept."""

    def save(self, save: Save, done: Callable[[], None], commit: int) -> None:
        """Make durable; call `done` when it is, in the order of the calls. `commit` may ride along."""
        ...  # cluster.storage, or a double of it

    def committed(self, index: int) -> None:
        """Remember, soon and without an answer, that the log is committed up to here."""
        ...  # cluster.storage, or a double of it


def terms_and_digests(entries: Sequence[Entry]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What a trace tells of entries: their terms, and 32 bits of the content of each."""
    if len(entries) == 1:  # as most often
        entry = entries[0]
        return (entry.term,), (crc32(entry.command),)
    return tuple([entry.term for entry in entries]), tuple([crc32(entry.command) for entry in entries])


class Node:
    """One incarnation of a node on its host."""

    def __init__(
        self,
        host: Host,
        application: Application,
        codec: Codec,
        timing: Timing,
        configuration: Configuration,
        storage: RaftStorage,
        recovered: Recovered,
    ) -> None:
        self.host = host
        self.name = host.name
        self.application = application
        self.codec = codec
        self.storage = storage
        self.timing = timing
        self.state = application.empty()
        self.applied = 0
        self.version = 0
        self.sessions = Sessions()
        self._decided = Decided()
        self._began_in = recovered.term
        self.pending: dict[Request, Pending] = {}
        self._unanswered: list[tuple[int, int, Pending]] = []
        """When to look again whether a proposal has its answer: monotonic µs and serial, the first one first."""
        self._looks_at = FOREVER
        self.serial = 0
        self.ears: dict[type, Callable[[str, Any], None]] = {}
        self.grids: list[Grid] = []
        self.sent = 0
        """How many messages its programs sent."""
        self.waiters: list[Waiter] = []
        self.cancel_scope = trio.CancelScope()
        self.nursery: trio.Nursery | None = None
        self.appointed = FOREVER
        """Monotonic µs of the appointment that is on the agenda for the law."""
        self._luck = 0.0
        self._draws = -1
        self._remembering = False
        self._last_message: object = None
        self._last_data = b""
        self._last_kind = ""
        self._durable_vote = (recovered.term, recovered.vote)
        at = Moment(host.monotonic(), host.luck(0))
        self.raft: Raft = law.begin(
            self.name, configuration, timing, recovered.term, recovered.vote, recovered.log, at, recovered.commit
        )
        for index, entry in enumerate(recovered.log.slice(1, recovered.commit), 1):
            if entry.request is not None:
                self._apply_entry(index, entry.request, entry.command, aloud=False)
        self.applied = recovered.commit
        self.host.note(trace.BecameFollower(recovered.term, "", ""))
        self._appoint()

    # -- the law

    def handle(self, event: Event, arrival: Arrival | None = None) -> None:
        """The whole driver: step, note what changed, do what is asked, in order."""
        before = self.raft
        if self._draws != before.draws:  # the luck that belongs to the draw that comes next
            self._draws = before.draws
            self._luck = self.host.luck(before.draws)
        after, effects = law.step(before, event, Moment(self.host.monotonic(), self._luck))
        self.raft = after
        if arrival is not None:
            self._note_delivery(before, after, effects, arrival)
        turned = before.role is not after.role and self._note_role(before, after)
        for effect in effects:
            if isinstance(effect, Send):  # not by `match`: this is the path of every message
                self._send(effect.to, effect.message, after.term)
            elif isinstance(effect, Save):
                self._save(effect, before)
            elif isinstance(effect, Apply):
                self._apply(effect)
            elif isinstance(effect, Refuse):
                self._refused(effect.request)
        if after.wake_at < self.appointed:
            self._appoint()
        if turned:  # only now: a proposal is a step of its own, and the effects of this one come first
            self.stir()
            for pending in list(self.pending.values()):
                self._push(pending)

    def _appoint(self) -> None:
        self.appointed = self.raft.wake_at
        if self.appointed < FOREVER:
            self.host.appoint(self.appointed, self._on_time, self.appointed)

    def _on_time(self, appointed: int) -> None:
        if appointed != self.appointed:
            return  # an earlier one was made since
        self.appointed = FOREVER
        if self.host.monotonic() >= self.raft.wake_at:
            self.handle(TimedOut())
        if self.appointed == FOREVER:
            self._appoint()

    def deliver(self, arrival: Arrival) -> None:
        """A message for this node landed."""
        message = self.codec.decode(arrival.data)
        kind = type(message)
        if kind in LAW:
            self.handle(Received(arrival.sender, message), arrival)
            return
        if not arrival.beat:
            self._note_arrival(arrival, -1)
        match message:
            case Forward():
                self._take(arrival.sender, message)
            case Decline(request, attempt):
                self._declined(request, attempt)
            case _:
                handler = self.ears.get(kind)
                if handler is not None:
                    handler(arrival.sender, message)

    def _send(self, to: str, message: Any, term: int) -> None:
        if message is not self._last_message:  # one append often goes to every peer
            self._last_message, self._last_data = message, self.codec.encode(message)
            self._last_kind = type(message).__name__
        self.host.send(to, self._last_kind, self._last_data, message.beat, term)

    def _save(self, save: Save, before: Raft) -> None:
        if save.after >= 0:
            terms, digests = terms_and_digests(save.entries)
            self.host.note(trace.Wrote(save.after, terms, digests, before.log.last_index - save.after))
        last = self.raft.log.last_index
        cause = self.host.cause

        def done() -> None:
            self.host.cause = cause
            vote = (save.term, save.vote)
            if vote != self._durable_vote:
                if save.vote is not None:
                    self.host.note(trace.Voted(save.term, save.vote))
                self._durable_vote = vote
            for send in save.then:
                self._send(send.to, send.message, save.term)
            self.handle(Stored(save.term, save.vote, last, save.number))

        self.storage.save(save, done, self.raft.commit)

    # -- what is applied

    def _apply(self, effect: Apply) -> None:
        index = effect.first - 1
        last = index + len(effect.entries)
        self.host.note(trace.Committed(last, self.raft.term))
        for entry in effect.entries:
            index += 1
            if entry.request is not None:
                self._apply_entry(index, entry.request, entry.command)
        self.applied = last
        if not self._remembering:
            self._remembering = True
            self.host.appoint(self.host.monotonic() + REMEMBER, self._remember, None)
        self.stir()

    def _remember(self, _: None) -> None:
        self._remembering = False
        self.storage.committed(self.applied)

    def _apply_entry(self, index: int, request: Request, data: bytes, aloud: bool = True) -> None:
        known = self.sessions.answer(request)
        if known is None:
            command, before = self.codec.decode(data), self.state
            try:
                self.state, answer = self.application.apply(before, command, index)
            except Refused as refusal:
                answer = refusal
            known = (index, answer)
            self.sessions.remember(request, index, answer)
            if aloud:
                for note in self.application.tell(before, self.state, command, answer, index):
                    self.host.note(note)
        if self.pending:
            pending = self.pending.get(request)
            if pending is not None:
                self._answer(pending, "applied", known)

    # -- proposals

    async def propose(self, command: object, within: int | None) -> Any:
        """See `Member.propose`."""
        self.serial += 1
        oldest = next(iter(self.pending), None)  # they stand in the order of their serials
        floor = self.serial if oldest is None else oldest.serial
        request = Request(f"{self.name}#{self.host.incarnation}", self.serial, floor)
        within = self.timing.operation if within is None else within
        deadline = self.host.monotonic() + within
        data, waiter = self.codec.encode(command), self.host.waiter()
        pending = Pending(request, type(command).__name__, data, waiter, within, deadline)
        self.pending[request] = pending
        self.host.note(trace.Proposed(pending.label, pending.command))
        self._push(pending)
        self._look_later(pending)
        _, answer = await pending.waiter.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _look_later(self, pending: Pending) -> None:
        """One appointment of the node serves all its proposals: most are answered long before anybody looks."""
        at = min(self.host.monotonic() + RETRY, pending.deadline)
        heappush(self._unanswered, (at, pending.request.serial, pending))
        if at < self._looks_at:
            self._looks_at = at
            self.host.appoint_later(at, self._look, at)

    def _look(self, at: int) -> None:
        """Ask again for what is still unanswered, or give it up."""
        if at != self._looks_at:
            return  # an earlier one was made since
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
            self._looks_at = unanswered[0][0]
            self.host.appoint_later(self._looks_at, self._look, self._looks_at)

    def _push(self, pending: Pending) -> None:
        """Bring the command to whoever leads, if that is not where it was brought last."""
        leader = self.leader
        if leader is None or pending.leader_asked == (leader, self.raft.term):
            return
        pending.leader_asked = (leader, self.raft.term)
        attempt = pending.attempt()
        if leader == self.name:
            self.handle(Proposed(((pending.request, pending.data),)))
        else:
            asked = Forward(pending.request, pending.data, attempt, self.raft.term)
            self.host.send(leader, "Forward", self.codec.encode(asked), 0, 0)

    def _take(self, sender: str, asked: Forward) -> None:
        """Decide on another node's command: take it or decline it, once.

        What was asked in a term before this life was asked of an earlier one, which may have taken it: not a word.
        """
        request = asked.request
        if asked.term <= self._began_in or not self._decided.first(request, asked.attempt):
            return
        if isinstance(self.raft.role, Leader):
            if self.sessions.answer(request) is None:
                self.handle(Proposed(((request, asked.command),)))
        else:
            self.host.send(sender, "Decline", self.codec.encode(Decline(request, asked.attempt)), 0, 0)

    def _refused(self, request: Request) -> None:
        """The law of this node, asked just now, does not lead."""
        if request in self.pending:
            self._declined(request, self.pending[request].asked)

    def _declined(self, request: Request, attempt: int) -> None:
        pending = self.pending.get(request)
        if pending is not None:
            pending.declined(attempt)
            pending.leader_asked = None

    def _out_of_time(self, pending: Pending) -> None:
        waited = f"{pending.within / SECOND:g} s"
        if pending.may_have_happened:
            text = (
                f"node {self.name} asked for {pending.command} and heard nothing within {waited}: it may have happened "
                "or may still; look before you ask again"
            )
            self._answer(pending, "unknown", (0, OutcomeUnknown(text)))
        else:
            text = (
                f"node {self.name} could not send {pending.command}: there is no leader, and waiting {waited} for one "
                f"ran out; bring back a majority of {', '.join(self.raft.configuration.voters)} and ask again"
            )
            self._answer(pending, "no leader", (0, NoLeader(text)))

    def _answer(self, pending: Pending, outcome: str, answer: tuple[int, Any]) -> None:
        del self.pending[pending.request]
        self.host.note(trace.Answered(pending.label, pending.command, outcome, answer[0]))
        self.host.wake(pending.waiter, answer)

    # -- what the node notes of itself

    def _note_delivery(self, before: Raft, after: Raft, effects: Any, arrival: Arrival) -> None:
        if arrival.beat and after.commit == before.commit and after.term == before.term:
            same_role = before.role.__class__ is after.role.__class__ and self._leader_of(before) == self._leader_of(
                after
            )
            if same_role and not any(isinstance(effect, Save) for effect in effects):
                self.host.cause = arrival.cause
                return
        match = -1
        if arrival.kind == "AppendReply" and isinstance(after.role, Leader):
            sender = arrival.sender
            for peer, progress in after.role.peers:
                if peer == sender:
                    match = progress.match
                    break
        self._note_arrival(arrival, match)

    def _note_arrival(self, arrival: Arrival, match: int) -> None:
        raft = self.raft
        note = trace.Delivered(
            arrival.kind,
            arrival.label,
            arrival.sender,
            arrival.sent,
            raft.term,
            ROLES[type(raft.role)],
            raft.log.last_index,
            raft.commit,
            match,
        )
        self.host.cause = self.host.note(note, arrival.cause)

    @staticmethod
    def _leader_of(raft: Raft) -> str | None:
        match raft.role:
            case Follower(leader=leader):
                return leader
            case Leader():
                return raft.name
            case _:
                return None

    def _note_role(self, before: Raft, after: Raft) -> bool:
        """Note a change of role, term or leader; whether there was one that others on this node care for."""
        was = before.role
        now, same = after.role, before.term == after.term
        if same and isinstance(now, Follower) and isinstance(was, Follower) and now.leader == was.leader:
            return False  # as at nearly every message
        if same and isinstance(now, Leader) and isinstance(was, Leader):
            return now.ready != was.ready
        match now:
            case Leader():
                votes = 1 + (len(was.granted) if isinstance(was, Candidate) else 0)
                index = before.log.last_index
                self.host.note(trace.BecameLeader(after.term, votes, index, before.log.term_at(index)))
            case Candidate(trial=trial, asked=asked):
                if isinstance(was, Candidate) and was.trial == trial:
                    return False  # counting votes, or asking the same again
                self.host.note(trace.BecameCandidate(asked, trial))
            case Follower(leader=leader):
                self.host.note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))
        return True

    # -- for the member

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it (rule 3.37)."""
        return self._leader_of(self.raft)

    @property
    def leading(self) -> bool:
        """Whether an entry of its own term is committed here (rule 3.25)."""
        return isinstance(self.raft.role, Leader) and self.raft.role.ready

    def stir(self) -> None:
        """Wake whoever waits for a change."""
        self.version += 1
        if self.waiters:
            waiters, self.waiters = self.waiters, []
            for waiter in waiters:
                self.host.wake(waiter, None)

    async def changed(self, since: int, until: int | None) -> None:
        """See `Member.changed`."""
        if self.version != since or (until is not None and self.host.wall() >= until):
            return
        waiter = self.host.waiter()
        self.waiters.append(waiter)
        if until is not None:
            self.host.at_wall(until, self._due, waiter)
        await waiter.wait()
        self.host.forget_wall(waiter)

    def _due(self, waiter: Waiter) -> None:
        if waiter in self.waiters:
            self.waiters.remove(waiter)
            self.host.wake(waiter, None)

    def add_grid(self, period: int, act: Callable[[int], int], judges: bool) -> None:
        """See `Member.every`."""
        grid = Grid(period, self.host.phase(period, len(self.grids)), act, judges)
        self.grids.append(grid)
        grid.number = grid.first_at(self.host.monotonic())
        self.appoint_grid(grid)

    def appoint_grid(self, grid: Grid) -> None:
        """Put the grid's next number on the agenda."""
        self.host.appoint_grid(grid.instant(grid.number), self.grids.index(grid), self._on_grid, (grid, grid.number))

    def _on_grid(self, what: tuple[Grid, int]) -> None:
        grid, number = what
        if number != grid.number:
            return  # quiet time has moved the grid on
        sent = self.sent
        grid.quiet_until = grid.act(number)
        grid.sends = self.sent - sent
        grid.number = max(number + 1, grid.first_at(self.host.monotonic() + 1))
        self.appoint_grid(grid)
        if not grid.quiet_until:
            self.host.stirred()

    def clocks_changed(self) -> None:
        """The host's clocks run differently now: make the appointments with them again."""
        self.reappoint()
        for grid in self.grids:
            grid.number = max(grid.number, grid.first_at(self.host.monotonic()))
            self.appoint_grid(grid)
        self.stir()  # what was worked out by the wall clock may be due otherwise now

    def reappoint(self) -> None:
        """Make the law's appointment again."""
        self.appointed = FOREVER
        self._appoint()

    # -- the programs

    async def live(self) -> None:
        """The life of this incarnation: one nursery."""
        with self.cancel_scope:
            async with trio.open_nursery() as self.nursery:
                await self._guarded(self.application.run, Plug(self))
                await trio.sleep_forever()

    async def _guarded(self, program: Callable[..., Any], *args: Any) -> None:
        try:
            await program(*args)
        except Exception as error:  # a program's bug must name its place, not unwind the world through a nursery
            self.host.failed(error)

    def spawn(self, program: Callable[..., Any], *args: Any) -> None:
        """Start a program; one at a time becomes runnable."""
        self.host.boot(self._start_program, (program, args))

    def _start_program(self, what: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        if self.nursery is not None:
            self.nursery.start_soon(self._guarded, what[0], *what[1])
            self.host.made_runnable()
