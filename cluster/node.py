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
from cluster.asking import Asking
from cluster.grid import Grid
from cluster.image import Due, digest_of, packed, unpacked
from cluster.instant import FOREVER, SECOND
from cluster.member import Application, NoLeader, OutcomeUnknown, Overloaded, Refused
from cluster.plug import Plug
from cluster.ports import Host, Waiter
from cluster.proposals import Decided, Decline, Forward, Pending, Sessions, TooMuch
from cluster.raft import inforce
from cluster.raft import step as law
from cluster.raft.configuration import Configuration
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    Entry,
    InstallSnapshot,
    Reconfiguration,
    Request,
    RequestVote,
    Snapshot,
    SnapshotReply,
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
    Restore,
    Save,
    SaveSnapshot,
    Send,
    Snapshotted,
    Stored,
    TimedOut,
    Timing,
    Transfer,
)
from cluster.storage import Recovered
from cluster.wire import Codec

RETRY = SECOND
"""How long a proposer waits, in µs, before it asks the same leader again."""
REMEMBER = 100_000
"""How long, in µs, a commit waits for a Save to carry it to the disk before it goes alone."""
LAW = frozenset(
    {RequestVote, VoteReply, AppendEntries, AppendReply, TimeoutNow, Confirm, Confirmed, InstallSnapshot, SnapshotReply}
)
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

    def save_snapshot(self, save: SaveSnapshot, done: Callable[[], None], commit: int) -> None:
        """Make durable, in the place of all before; call `done` as for `save`."""
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
        self._asking: tuple[str, int] | None = None
        """Whose command the law is being asked to take, and by which attempt; None: the node's own."""
        self.pending: dict[Request, Pending] = {}
        self._unanswered: list[tuple[int, int, Pending]] = []
        """When to look again whether a proposal has its answer: monotonic µs and serial, the first one first."""
        self._looks_at = FOREVER
        self.serial = 0
        self.asking = Asking(self)
        self.ears: dict[type, Callable[[str, Any], None]] = self.asking.ears
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
        self._snapshot_due = Due(timing.compaction)
        self._taken: Snapshot | None = None
        """The newest snapshot that the law has not been told of yet."""
        log, snapshot = recovered.log, recovered.snapshot
        self.raft: Raft = law.begin(
            self.name, configuration, timing, recovered.term, recovered.vote, log, at, recovered.commit, snapshot
        )
        if snapshot is not None:
            self._restore(snapshot)
        self._apply_entries(self.raft, self.applied + 1, log.slice(self.applied + 1, recovered.commit), aloud=False)
        self.host.note(trace.BecameFollower(recovered.term, "", ""))
        if self.raft.configuration != configuration:
            self._note_configuration(None, self.raft)
        self._appoint()
        self._hand_over_snapshot()

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
                self._apply(effect, before)
            elif isinstance(effect, SaveSnapshot):
                self._save_snapshot(effect, before)
            elif isinstance(effect, Restore):
                self._install(effect)
            elif isinstance(effect, Refuse):
                if not self.asking.refused(effect):
                    self._refused(effect)
            else:
                self.asking.readable(effect)
        if before.configuration is not after.configuration:
            self._note_configuration(before, after)
        if after.wake_at < self.appointed:
            self._appoint()
        if turned:  # only now: a proposal is a step of its own, and the effects of this one come first
            self.stir()
            for pending in list(self.pending.values()):
                self._push(pending)
            self.asking.turned(after)
        if self._taken is not None:
            self._hand_over_snapshot()

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
            case TooMuch():
                self._too_much(message)
            case _:
                handler = self.ears.get(kind)
                if handler is not None:
                    handler(arrival.sender, message)

    def _send(self, to: str, message: Any, term: int) -> None:
        if message is not self._last_message:  # one append often goes to every peer
            self._last_message, self._last_data = message, self.codec.encode(message)
            self._last_kind = type(message).__name__
            if type(message) is InstallSnapshot and not message.offset:
                parts = -(-message.size // len(message.part))
                self.host.note(trace.SnapshotSent(to, message.index, message.size, parts))
        self.host.send(to, self._last_kind, self._last_data, message.beat, term)

    def _save(self, save: Save, before: Raft) -> None:
        if save.after >= 0:
            terms, digests = terms_and_digests(save.entries)
            self.host.note(trace.Wrote(save.after, terms, digests, before.log.last_index - save.after))
        self.storage.save(save, self._when_durable(save), self.raft.commit)

    def _save_snapshot(self, save: SaveSnapshot, before: Raft) -> None:
        base = save.log.base
        if base > before.log.base and save.snapshot.index <= before.commit:
            self.host.note(trace.Compacted(base, base - before.log.base))
        self.storage.save_snapshot(save, self._when_durable(save), self.raft.commit)

    def _when_durable(self, save: Save | SaveSnapshot) -> Callable[[], None]:
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

        return done

    # -- what is applied

    def _apply(self, effect: Apply, before: Raft) -> None:
        self.host.note(trace.Committed(effect.first + len(effect.entries) - 1, self.raft.term))
        self._apply_entries(before, effect.first, effect.entries)
        if self.asking.pending:
            self.asking.applied()
        if not self._remembering:
            self._remembering = True
            self.host.appoint(self.host.monotonic() + REMEMBER, self._remember, None)
        self.stir()

    def _apply_entries(self, before: Raft, index: int, entries: Sequence[Entry], aloud: bool = True) -> None:
        due = self._snapshot_due
        for index, entry in enumerate(entries, index):  # noqa: B020  it is where the entries begin, then each one's own
            if entry.__class__ is Reconfiguration:
                self.asking.happened(entry.request, index)
            elif entry.request is not None:
                self._apply_entry(index, entry.request, entry.command, aloud)
            if due.after(index, entry.command):
                self._take_snapshot(before, index, entry.term)
        self.applied = index if entries else index - 1

    def _take_snapshot(self, before: Raft, index: int, term: int) -> None:
        """What is applied up to `index` becomes a snapshot; the law hears of it when this step is done."""
        content = packed(self.codec, self.state, self.sessions)
        known = [*before.configured, *self.raft.configured]  # a step that commits a later one forgets the earlier
        _, configuration = max((since for since in known if since[0] <= index), key=lambda since: since[0])
        self._taken = Snapshot.of(index, term, configuration, content)
        self._snapshot_due.taken(index, len(content))
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.SnapshotTaken(index, term, len(content), digest))

    def _hand_over_snapshot(self) -> None:
        snapshot, self._taken = self._taken, None
        if snapshot is not None:
            self.handle(Snapshotted(snapshot))

    def _install(self, effect: Restore) -> None:
        """The leader's snapshot takes the place of all that was applied; proposals it holds the answers of have them."""
        snapshot, self._taken = effect.snapshot, None
        self.host.note(trace.SnapshotInstalled(snapshot.index, snapshot.term, effect.parts))
        self._restore(snapshot)
        for pending in list(self.pending.values()):
            known = self.sessions.answer(pending.request)
            if known is not None:
                self._answer(pending, "applied", known)
        self.asking.applied()
        self.stir()

    def _restore(self, snapshot: Snapshot) -> None:
        self.state, self.sessions = unpacked(self.codec, snapshot.content)
        self.applied = snapshot.index
        self._snapshot_due.taken(snapshot.index, len(snapshot.content))
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.Restored(snapshot.index, digest))

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
                self._asking = (sender, asked.attempt)
                self.handle(Proposed(((request, asked.command),)))
                self._asking = None
        else:
            self.host.send(sender, "Decline", self.codec.encode(Decline(request, asked.attempt)), 0, 0)

    def _refused(self, refuse: Refuse) -> None:
        """The law of this node, asked just now, does not lead, or has too much to commit already."""
        request, asking = refuse.request, self._asking
        if asking is None and request not in self.pending:
            return
        attempt = asking[1] if asking is not None else self.pending[request].asked
        if not refuse.waiting:
            self._declined(request, attempt)
            return
        answer = TooMuch(request, attempt, refuse.waiting, self.timing.uncommitted_bytes)
        if asking is None:
            self._too_much(answer)
        else:
            self.host.send(asking[0], "TooMuch", self.codec.encode(answer), 0, 0)

    def _too_much(self, answer: TooMuch) -> None:
        """A leader will not take it now. Definite, unless an earlier leader may have taken it."""
        pending = self.pending.get(answer.request)
        if pending is None:
            return
        self._declined(answer.request, answer.attempt)
        if not pending.may_have_happened:
            text = (
                f"the leader did not take {pending.command} of {len(pending.data):,} bytes: {answer.waiting:,} bytes wait to be "
                f"committed, and it lets {answer.limit:,} wait; ask again when some are, or bring back the nodes that lag"
            )
            self._answer(pending, "too much", (0, Overloaded(text)))

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
            if now.transfer is not was.transfer:
                self._note_transfer(was.transfer, now.transfer, after.term)
            return now.ready != was.ready
        match now:
            case Leader():
                votes = 1 + (len(was.granted) if isinstance(was, Candidate) else 0)
                index = before.log.last_index
                self.host.note(trace.BecameLeader(after.term, votes, index, before.log.term_at(index)))
                if isinstance(was, Candidate) and was.forced:
                    self.host.note(trace.LeadershipTransferred(after.term))
            case Candidate(trial=trial, asked=asked):
                if isinstance(was, Candidate) and was.trial == trial:
                    return False  # counting votes, or asking the same again
                self.host.note(trace.BecameCandidate(asked, trial))
            case Follower(leader=leader):
                self.host.note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))
        return True

    def _note_configuration(self, before: Raft | None, raft: Raft) -> None:
        now = raft.configuration
        if before is not None and now == before.configuration and not isinstance(raft.role, Leader):
            return  # the same again, from a snapshot
        if now is not raft.configured[-1][1]:
            self.host.note(trace.PutOutside(raft.term))
        else:
            index = inforce.since(raft)
            self.host.note(trace.ConfigurationChanged(index, now.voters, now.outgoing, now.learners, now.promotable))
        self.stir()

    def _note_transfer(self, was: Transfer | None, now: Transfer | None, term: int) -> None:
        if now is None:
            assert was is not None
            self.host.note(trace.HandingOverEnded(was.target, term))
        elif was is None or was.target != now.target:
            self.host.note(trace.HandingOver(now.target, term))

    # -- for the member

    @property
    def members(self) -> tuple[str, ...]:
        """Every node of the cluster as its log says, sorted: while nobody has told it, none."""
        return self.raft.configuration.members

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
