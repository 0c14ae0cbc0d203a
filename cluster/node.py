"""A node: the driver of its Raft, and the host's connection to its programs. It has no consensus rule of its own.

Every event for Raft comes through `handle`, which does every effect in order before the next event. On a real machine
the task that reads a socket would call the same methods.

The parts of a node: `node_programs` (its programs), `apply_loop` (the applied state), `proposal_forwarding` (commands
under way), `admin_requests` (other requests), `trace_notes` (its notes). To its programs a node is a `Member`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from cluster import trace
from cluster.admin_requests import AdminRequests, Read
from cluster.apply_loop import ApplyLoop
from cluster.member import Application
from cluster.node_programs import Programs
from cluster.ports import Arrival, Host
from cluster.proposal_forwarding import ProposalForwarding
from cluster.proposals import Decline, Forward, TooMuch
from cluster.raft import active_configuration
from cluster.raft import step as law
from cluster.raft.configuration import Configuration
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    InstallSnapshot,
    Request,
    RequestVote,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)
from cluster.raft.state import (
    Apply,
    Effect,
    Event,
    Leader,
    Moment,
    Raft,
    Readable,
    Received,
    Refuse,
    Restore,
    Save,
    SaveSnapshot,
    Send,
    Snapshotted,
    Stored,
    TimedOut,
)
from cluster.raft.timing import Timing
from cluster.storage import RecoveredFile, Storage
from cluster.time_units import FOREVER
from cluster.trace_notes import (
    leader_of,
    tell_arrival,
    tell_chatter,
    tell_configuration,
    tell_role,
    terms_and_digests,
)
from cluster.wire import Codec

M = TypeVar("M")
REMEMBER = 100_000
"""How long, in µs, a commit index waits for a Save that takes it to the disk before it gets a frame of its own."""
LAW = frozenset(
    {RequestVote, VoteReply, AppendEntries, AppendReply, TimeoutNow, Confirm, Confirmed, InstallSnapshot, SnapshotReply}
)


class Node(Programs):
    """One incarnation of a node on its host: the driver of its Raft, and the `Member` that its programs use."""

    def __init__(
        self,
        host: Host,
        application: Application,
        codec: Codec,
        timing: Timing,
        configuration: Configuration,
        storage: Storage,
        recovered: RecoveredFile,
    ) -> None:
        super().__init__(host)
        self.application = application
        self.codec = codec
        self.storage = storage
        self.proposals = ProposalForwarding(self, host, codec, timing, recovered.term)
        self.admin_requests = AdminRequests(self, host, codec, timing, recovered.term)
        self.apply_loop = ApplyLoop(
            host, codec, application, configuration, timing.compaction, self.proposals, self.admin_requests
        )
        self.ears: dict[type, Callable[[str, Any], None]] = self.admin_requests.ears
        self.appointed = FOREVER
        """Monotonic µs of the appointment that is on the agenda for Raft; `FOREVER` if there is none."""
        self._luck = 0.0
        self._draws = -1
        self._remembering = False
        self._last_message: object = None
        self._last_data = b""
        self._last_kind = ""
        self._durable_vote = (recovered.term, recovered.vote)
        at = Moment(host.monotonic(), host.luck(0))
        log, snapshot = recovered.log, recovered.snapshot
        self.raft: Raft = law.begin(
            self.name, configuration, timing, recovered.term, recovered.vote, log, at, recovered.commit, snapshot
        )
        if snapshot is not None:
            self.apply_loop.restore(snapshot)
        first = self.apply_loop.applied + 1
        self.apply_loop.entries(first, log.slice(first, recovered.commit), aloud=False)
        self.host.note(trace.BecameFollower(recovered.term, "", ""))
        if self.raft.configuration != configuration and tell_configuration(host, None, self.raft):
            self.stir()
        self._appoint()
        self._hand_over_snapshot()

    # -- Raft

    def handle(self, event: Event, arrival: Arrival | None = None) -> None:
        """Step Raft by the event, note what changed, and do the effects in order."""
        host, before = self.host, self.raft
        if self._draws != before.draws:  # the luck of the draw that comes next
            self._draws = before.draws
            self._luck = host.luck(before.draws)
        after, effects = law.step(before, event, Moment(host.monotonic(), self._luck))
        self.raft = after
        if arrival is not None:
            if arrival.beat:
                tell_chatter(host, before, after, effects, arrival)
            else:
                tell_arrival(host, after, arrival)
        turned = before.role is not after.role and tell_role(host, before, after)
        for effect in effects:
            if isinstance(effect, Send):  # not by `match`: this runs for every message
                self._send(effect.to, effect.message, after.term)
            elif isinstance(effect, Save):
                self._save(effect, before)
            elif isinstance(effect, Apply):
                self._apply(effect)
            else:
                self._do(effect, before)
        if before.configuration is not after.configuration and tell_configuration(host, before, after):
            self.stir()
        if after.wake_at < self.appointed:
            self._appoint()
        if turned:  # only now: proposing is a step of its own, and this step's effects come first
            self.stir()
            self.proposals.turned()
            self.admin_requests.turned(after)
        if self.apply_loop.taken is not None:
            self._hand_over_snapshot()

    def _do(self, effect: Effect, before: Raft) -> None:
        """Do an effect of one of the rarer kinds."""
        match effect:
            case SaveSnapshot():
                self._save_snapshot(effect, before)
            case Restore():
                self.apply_loop.install(effect)
                self.admin_requests.applied()
                self.stir()
            case Refuse():
                if not self.admin_requests.refused(effect):
                    self.proposals.refused(effect)
            case Readable():
                self.admin_requests.readable(effect)

    def _appoint(self) -> None:
        self.appointed = self.raft.wake_at
        if self.appointed < FOREVER:
            self.host.appoint(self.appointed, self._on_time, self.appointed)

    def _on_time(self, appointed: int) -> None:
        if appointed != self.appointed:
            return  # a later call of `_appoint` has replaced this appointment
        self.appointed = FOREVER
        if self.host.monotonic() >= self.raft.wake_at:
            self.handle(TimedOut())
        if self.appointed == FOREVER:
            self._appoint()

    def deliver(self, arrival: Arrival) -> None:
        """Take a message that arrived: for Raft, for proposals, or for the handler of its class."""
        message = self.codec.decode(arrival.data)
        kind = type(message)
        if kind in LAW:
            self.handle(Received(arrival.sender, message), arrival)
            return
        if arrival.beat:
            self.host.cause = arrival.cause
        else:
            tell_arrival(self.host, self.raft, arrival)
        match message:
            case Forward():
                self.proposals.take(arrival.sender, message)
            case Decline(request, attempt):
                self.proposals.declined(request, attempt)
            case TooMuch():
                self.proposals.too_much(message)
            case _:
                handler = self.ears.get(kind)
                if handler is not None:
                    handler(arrival.sender, message)

    def _send(self, to: str, message: Any, term: int) -> None:
        if message is not self._last_message:  # one append often goes to every peer, and is encoded once
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
        if save.vote is not None and (save.term, save.vote) != self._durable_vote:
            self.host.begins("VoteUnsynced")
        self.storage.save(save, self._when_durable(save), self.raft.commit)

    def _save_snapshot(self, save: SaveSnapshot, before: Raft) -> None:
        base = save.log.base
        if base > before.log.base and save.snapshot.index <= before.commit:
            self.host.note(trace.Compacted(base, base - before.log.base))
        self.host.begins("SnapshotUnsynced")
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

    def _apply(self, effect: Apply) -> None:
        entries, host = effect.entries, self.host
        host.note(trace.Committed(effect.first + len(entries) - 1, self.raft.term))
        self.apply_loop.entries(effect.first, entries)
        if self.admin_requests.pending:
            self.admin_requests.applied()
        if not self._remembering:
            self._remembering = True
            host.appoint(host.monotonic() + REMEMBER, self._remember, None)
        self.stir()

    def _remember(self, _: None) -> None:
        self._remembering = False
        self.storage.committed(self.applied)

    def _hand_over_snapshot(self) -> None:
        snapshot, self.apply_loop.taken = self.apply_loop.taken, None
        if snapshot is not None:
            self.handle(Snapshotted(snapshot))

    # -- the node as its programs see it: see `Member`

    async def run(self) -> None:
        """Run the application until the node ends."""
        await self.application.run(self)

    @property
    def members(self) -> tuple[str, ...]:
        """Every node of the cluster by this node's log, sorted; empty while no leader has sent it the log."""
        return self.raft.configuration.members

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it (rule 3.37)."""
        return leader_of(self.raft)

    @property
    def leading(self) -> bool:
        """Whether this node leads and an entry of its own term is committed (rule 3.25)."""
        return isinstance(self.raft.role, Leader) and self.raft.role.ready

    @property
    def may_lead(self) -> bool:
        """Whether this node may stand for leader (rule 3.7)."""
        return active_configuration.may_stand(self.raft)

    @property
    def passive(self) -> bool:
        """Whether it is no member, and its vote is not needed to commit its removal either (rule 3.36)."""
        return self.name not in self.members and not self.may_lead

    @property
    def term(self) -> int:
        """The node's current term."""
        return self.raft.term

    @property
    def state(self) -> Any:
        """The application's state as applied on this node."""
        return self.apply_loop.state

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""
        return self.apply_loop.applied

    async def propose(self, command: object, within: int | None = None) -> Any:
        """See `Member.propose`."""
        return await self.proposals.propose(command, within)

    async def confirmed(self, within: int | None = None) -> int:
        """See `Member.confirmed`."""
        return await self.admin_requests.ask(Read(), within)

    def send(self, to: str, message: object) -> None:
        """See `Member.send`."""
        kind, beat = type(message).__name__, getattr(message, "beat", 0)
        if self.said is not None:
            self.said.append((to, message))
        self.host.send(to, kind, self.codec.encode(message), beat, 0)

    def hear(self, kind: type[M], handler: Callable[[str, M], None]) -> None:
        """See `Member.hear`."""
        self.ears[kind] = handler

    # -- what the other parts of the node and the world ask of it

    def has_applied(self, request: Request) -> bool:
        """Whether this command has been applied: it must not be proposed again."""
        return self.apply_loop.sessions.answer(request) is not None

    def clocks_changed(self) -> None:
        """The host's clocks run differently now: make every appointment anew."""
        self.reappoint()
        self.talk_again()

    def reappoint(self) -> None:
        """Make the appointments for Raft and for unanswered proposals anew."""
        self.appointed = FOREVER
        self._appoint()
        self.proposals.reappoint()
