"""Skipping of quiet time: while nothing but chatter happens, jump to shortly before the next thing that matters.

Chatter leaves no lasting state: each round overwrites what the last one wrote. So a skip lands early, puts every
periodic talk where it would stand by then, and the last stretch is run for real. The rules:

1. Chatter is numbered at a fixed period in its node's own clock, and its luck is drawn by name and number.
2. Skip only after all chatter has come without any other event (`settling`).
3. In each cluster, every live node either follows one leader in its term, with an equal log if the leader hears it; or it
   asks for votes and nothing can come of it (`vain_rounds`); or it rests: it is no member, or a learner without a leader,
   and its Raft only waits for a message.
4. The horizon is the earliest of: an entry that is not chatter, a deadline of trio's, the instant at which an observer
   says it may change its mind, or a node asks again for a command that nobody has answered, and the first of a run of
   losses that somebody may notice (`lost_chatter`).
5. Land so long before the horizon that all chatter comes at least once before it: first the talks of programs, then, put at a
   later instant, heartbeats and rounds; acts that judge what they heard begin at the horizon, so that they judge nothing stale.

A story that wants to see chatter itself turns skipping off (`World(skipping=False)`); the history is the same.
"""

from collections.abc import Mapping, Sequence

import attrs

from cluster.periodic_talk import Grid
from cluster.raft import election_timer
from cluster.raft.state import Follower, Leader, Raft
from cluster.raft.timing import Timing
from cluster.sim import vain_rounds
from cluster.sim.clock import Clock
from cluster.sim.history import History, Stretch
from cluster.sim.lost_chatter import LostChatter
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Network, Packet
from cluster.sim.settling import SLACK, Settling
from cluster.time_units import FOREVER
from cluster.value import value


@value
class Calm:
    """The live nodes of one cluster while nothing but chatter happens there."""

    leader: Slot | None
    group: tuple[Slot, ...]
    """The leader and those who follow it."""
    asking: tuple[Slot, ...]
    """Those who ask for votes in vain."""
    resting: tuple[Slot, ...]


class Quiet:
    """Decides whether to skip quiet time, and skips it."""

    def __init__(
        self, clock: Clock, history: History, network: Network, timing: Timing, slots: Mapping[str, Slot]
    ) -> None:
        """`slots`: every machine of the world by name, in the order of the network's. It may grow."""
        self.clock, self.history, self.network, self.slots = clock, history, network, slots
        self.lost = LostChatter(network, slots)
        self.settling = Settling(network, timing, slots)
        clock.quiet_after = self.settling.shortest

    def skip(self, deadline: int) -> None:
        """Nothing but chatter has happened for a while: jump if the rules allow it."""
        clock, settling = self.clock, self.settling
        clock_now = clock.now
        clock.quiet_after = settling.shortest
        ready_at = settling.ready_at(clock.stirred)
        if ready_at > clock_now:
            clock.look_at = ready_at
            return
        lead = settling.lead()
        clock.look_at = clock_now + lead  # if the rules do not allow it, try again after as long
        live = [slot for slot in self.slots.values() if slot.node is not None]
        if not live or any(slot.paused for slot in self.slots.values()):
            return
        calm = []
        for number in sorted({slot.cluster for slot in live}):
            found = self._calm([slot for slot in live if slot.cluster == number])
            if found is None:
                return
            calm.append(found)
        usual = self.network.wire
        if usual.duplicate or any(
            link.wire is not usual or link.held is not None for link in self.network.links.values()
        ):
            return
        horizon = min(deadline, clock.horizon(), self._observers(live))
        for each in calm:
            if each.leader is not None:
                horizon = min(horizon, self.lost.of_heartbeats(each.leader, each.group, horizon, lead))
        horizon = min(horizon, self.lost.of_talks(live, horizon, lead))
        landing = horizon - lead
        if horizon >= FOREVER:
            clock.on_deadlock()  # only chatter can ever happen
            return
        if landing <= clock_now + SLACK:
            clock.look_at = max(clock.look_at, horizon)
            return
        self._leap(landing, horizon, live, calm)

    # -- the conditions

    def _calm(self, live: list[Slot]) -> Calm | None:
        """How the live nodes of one cluster stand to each other; None if rule 3 does not hold."""
        leader = self._leader(live)
        resting = [slot for slot in live if self._rests(slot)]
        asking = [slot for slot in live if vain_rounds.asks(slot.raft)]
        group = [slot for slot in live if slot not in asking and slot not in resting]
        if not all(self._in_vain(slot, live, leader) for slot in asking):
            return None
        if group and (leader is None or leader not in group or not self._agree(leader, group)):
            return None
        return Calm(leader, tuple(group), tuple(asking), tuple(resting))

    def _leader(self, live: list[Slot]) -> Slot | None:
        leaders = [slot for slot in live if isinstance(slot.raft.role, Leader)]
        return leaders[0] if len(leaders) == 1 else None

    def _rests(self, slot: Slot) -> bool:
        """Whether its Raft only waits for a message: it is no member, or a learner that hears of no leader."""
        raft = slot.raft
        return raft.wake_at == FOREVER and isinstance(raft.role, Follower)

    def _in_vain(self, slot: Slot, live: Sequence[Slot], leader: Slot | None) -> bool:
        """Whether a candidate asks in vain for good."""
        always_heard = leader is not None and not self.network.wire.loss and self._is_heard_often(leader.raft)
        return vain_rounds.is_in_vain(slot, live, self.network.links, always_heard)

    def _is_heard_often(self, raft: Raft) -> bool:
        """Whether two heartbeats never arrive T/2 apart (rule 3.22). Their latency is the same, so it does not part them."""
        wire, timing = self.network.wire, raft.timing
        return self._passes_before(timing.heartbeat + wire.slowest - wire.latency + SLACK, timing.election // 2)

    def _agree(self, leader: Slot, group: Sequence[Slot]) -> bool:
        raft, now = leader.raft, self.clock.now
        role = raft.role
        assert isinstance(role, Leader)
        if not role.ready or raft.commit != raft.log.last_index or raft.durable.last != raft.log.last_index:
            return False
        fresh = raft.timing.heartbeat + self.settling.wide // 2
        names = self._heard_by(leader, group)
        monotonic = leader.clocks.monotonic(now)
        for peer, progress in role.peers:
            age = monotonic - progress.answered_at
            if peer not in names:
                if age <= raft.timing.election:
                    return False  # it fell silent just now: let the leader notice it
                continue
            if age > fresh or progress.match != raft.log.last_index or progress.inflight or progress.probing:
                return False
        for slot in group:
            if slot is leader:
                continue
            other = slot.raft
            if self.network.links[leader.name, slot.name].cut:
                return False
            if not isinstance(other.role, Follower) or other.role.leader != leader.name or other.term != raft.term:
                return False
            if slot.name not in names:
                continue  # the leader does not hear it, and tells it the same again and again
            if other.log.last_index != raft.log.last_index or other.commit != raft.commit:
                return False
        return self._beats_in_time(raft)

    def _heard_by(self, leader: Slot, group: Sequence[Slot]) -> set[str]:
        """The followers whose answers reach the leader."""
        links = self.network.links
        return {slot.name for slot in group if slot is not leader and not links[slot.name, leader.name].cut}

    def _beats_in_time(self, raft: Raft) -> bool:
        """Rule 3: a heartbeat and its transport take less than the shortest election timeout, at the worst drift."""
        timing = raft.timing
        shortest = timing.election * timing.first[0] // timing.first[1]
        return self._passes_before(timing.heartbeat + self.network.wire.slowest, shortest)

    def _passes_before(self, one: int, other: int) -> bool:
        """Whether one duration is shorter than another by a clock of another node, at the worst drift."""
        worst = max(abs(slot.clocks.drift) for slot in self.slots.values())
        return one * (1_000_000 + 2 * worst) < other * 1_000_000

    def _observers(self, live: list[Slot]) -> int:
        """The first true time in µs at which a periodic talk may say something new, or a node asks again for a command."""
        earliest = FOREVER
        for slot in live:
            assert slot.node is not None
            instants = [slot.node.proposals.looks_at, *[grid.quiet_until for grid in slot.node.grids]]
            if (first := min(instants)) < FOREVER:
                earliest = min(earliest, slot.clocks.true(first))
        return earliest

    # -- the skip

    def _leap(self, landing: int, horizon: int, live: list[Slot], calm: list[Calm]) -> None:
        """Go on at `landing`, where periodic talks stand; what consensus says goes on a little later, as it needs less time."""
        clock = self.clock
        before, resumed = clock.now, horizon - self.settling.lead_of_consensus()
        for entry in clock.leap(landing):
            packet = entry[4]
            if getattr(packet, "kind", "") in ("AppendEntries", "RequestVote"):
                self._count_reply(packet)
        clock.stirred, clock.look_at = landing, horizon
        self.history.stretches.append(Stretch(len(self.history.events), before, landing))
        for each in calm:
            for slot in each.group:
                if slot is each.leader:
                    self._settle_leader(slot, each.group, resumed)
                else:
                    self._settle_follower(slot, resumed)
            beside = (*each.group, *each.asking, *each.resting)
            for slot in each.asking:
                self.network.messages += vain_rounds.later_rounds(slot, beside, self.network, resumed)
        for slot in live:
            assert slot.node is not None
            slot.node.reappoint()
            for grid in slot.node.grids:
                self._settle_grid(slot, grid, horizon if grid.judges else landing)

    def _count_reply(self, packet: Packet) -> None:
        """Count the answer to a message under way, which would have been sent unless the message would have been lost."""
        network, link = self.network, packet.link
        receiver = tuple(self.slots.values())[link.dst]
        lost = link.cut or link.loses_chatter(network.kinds[packet.kind], packet.term, packet.beat)
        if receiver.node is not None and not lost:
            network.messages += 1

    def _settle_leader(self, slot: Slot, group: Sequence[Slot], true: int) -> None:
        """A leader as it stands at a true time in µs, each heartbeat before it answered."""
        node = slot.node
        assert node is not None
        raft, role = node.raft, node.raft.role
        assert isinstance(role, Leader)
        if not role.peers:
            return  # the only member sends no heartbeats
        now = slot.clocks.monotonic(true)
        beat = (now - role.beats_from - 1) // raft.timing.heartbeat
        followers = {other.name: other for other in group if other is not slot}
        answering = sum(1 for peer, _ in role.peers if peer in followers)
        names = self._heard_by(slot, group)
        lost = sum(self._unanswered(slot, other, role.beat, beat) for other in followers.values())
        self.network.messages += (beat - role.beat) * (len(role.peers) + answering) - lost
        peers = tuple(
            (peer, attrs.evolve(progress, answered_at=now) if peer in names else progress)
            for peer, progress in role.peers
        )
        wake_at = role.beats_from + (beat + 1) * raft.timing.heartbeat
        node.raft = attrs.evolve(raft, role=attrs.evolve(role, beat=beat, peers=peers), wake_at=wake_at)

    def _unanswered(self, leader: Slot, follower: Slot, after: int, upto: int) -> int:
        """How many of the leader's heartbeats a follower does not answer, as they are lost."""
        link, code = self.network.links[leader.name, follower.name], self.network.kinds["AppendEntries"]
        return link.count_lost(code, leader.raft.term, after, upto)

    def _settle_follower(self, slot: Slot, true: int) -> None:
        """A follower as it stands when the first heartbeat sent after a true time may come: it has heard the last one before."""
        node = slot.node
        assert node is not None
        heard_at = slot.clocks.monotonic(true + self.network.wire.latency)
        assert isinstance(node.raft.role, Follower)
        raft = attrs.evolve(node.raft, role=attrs.evolve(node.raft.role, heard_at=heard_at))
        node.raft = election_timer.rewound(raft)

    def _settle_grid(self, slot: Slot, grid: Grid, start: int) -> None:
        """Put a periodic talk where it stands at a true time."""
        assert slot.node is not None
        number = max(grid.number, grid.first_at(slot.clocks.monotonic(start)))
        self.network.messages += (number - grid.number) * len(grid.said)
        grid.number = number
        slot.node.appoint_grid(grid)
