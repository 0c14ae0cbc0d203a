"""How far quiet time may be skipped on wires that lose messages: up to the first losses that can have consequences.

A single lost heartbeat has none: the next one overwrites all that it would have written. So not each loss ends a skip,
but the first *run* of losses on one link that somebody may notice:

- a follower notices a run of lost heartbeats during which its election timer would fire. The timer's grid does not move
  while the follower hears the leader, so the instant at which it fires is known for each run;
- a leader notices that it hears no majority within the election timeout: of each peer, a run of rounds of which the
  heartbeat or the answer is lost, and that lasts as long (check-quorum);
- whoever hears a program's periodic talk notices more losses in a row than the program says it forgives.

Every bound uses the earliest instant at which the message before the run may have landed, and the latest at which the
one after it lands. What is lost is known in advance, because the luck of chatter is drawn by its number. The horizon is
the *first* loss of such a run, so that the whole run is lived.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge

from cluster.periodic_talk import Grid
from cluster.raft import election_timer
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Follower, Leader
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Link, Network
from cluster.time_units import FOREVER, MILLISECOND

MARGIN = MILLISECOND
"""Added to each bound in time, in µs: more than all roundings of drifting clocks and the order of a link can add up to."""
LOOKAHEAD = 4_096
"""How many losses of a link are looked at in one search; what lies behind them counts as a run without end."""

UNDER_WAY = 2
"""How many of a program's last messages may be followed by none that has arrived: one is lost, and one is on its way."""

Losses = tuple[Link, int, int]
"""The losses of one kind of chatter on a link: the link, the number of the kind, and the term."""


class LostChatter:
    """Finds the first loss that may have consequences, in a cluster that is quiet by all other rules."""

    def __init__(self, network: Network, slots: Mapping[str, Slot]) -> None:
        """`slots`: every machine of the world by name. It may grow."""
        self.network, self.slots = network, slots

    def of_heartbeats(self, leader: Slot, group: Sequence[Slot], until: int, settled: int) -> int:
        """The true time in µs of the first loss of a heartbeat that may have consequences; at least `until` if none has before that.

        `group`: the leader and those who follow it; `settled`: for how many µs the cluster has been as it is now.
        """
        if not self.network.wire.loss:
            return FOREVER
        beats = _Beats(leader, self.network, settled)
        followers = [slot for slot in group if slot is not leader]
        for follower in followers:
            until = min(until, self._timer_fires(beats, follower, until))
        return min(until, self._quorum_is_silent(beats, followers, until))

    def of_talks(self, live: Sequence[Slot], until: int, settled: int) -> int:
        """The same of the periodic talks of programs, whether or not anybody leads."""
        if not self.network.wire.loss:
            return FOREVER
        for slot in live:
            assert slot.node is not None
            for grid in slot.node.grids:
                until = min(until, self._talk_is_missed(slot, grid, until, settled))
        return until

    def _timer_fires(self, beats: "_Beats", follower: Slot, until: int) -> int:
        raft, clocks = follower.raft, follower.clocks
        assert isinstance(raft.role, Follower)
        last = beats.number_at(until)
        for first, lost in runs([beats.sent_to(follower)], beats.start, beats.known, last):
            heard = clocks.monotonic(beats.true(first - 1) + beats.earliest)
            heard_again = clocks.monotonic(beats.true(lost + 1) + beats.latest + MARGIN)
            if heard_again >= election_timer.fires_at(raft, heard):
                return beats.true(first)
        return FOREVER

    def _quorum_is_silent(self, beats: "_Beats", followers: Sequence[Slot], until: int) -> int:
        raft = beats.raft
        if not raft.timing.check_quorum:
            return FOREVER
        # Before round n is sent, the answers to all up to n - late have come; of those the newest is `run` rounds older.
        late = -(-(2 * beats.latest + MARGIN) // raft.timing.heartbeat)
        spared = max(0, (raft.timing.election + 2 * beats.earliest - MARGIN) // raft.timing.heartbeat - late)
        last = beats.number_at(until)
        silent = []
        followers = [each for each in followers if not self.network.links[each.name, beats.leader.name].cut]
        for follower in followers:
            both = [beats.sent_to(follower), beats.answered_by(follower)]
            for first, lost in runs(both, beats.start, beats.known, last):
                if lost - first >= spared:
                    silent.append((beats.true(first), follower.name))
                    break
        heard = {beats.leader.name, *[follower.name for follower in followers]}
        for instant, name in sorted(silent):
            heard.discard(name)
            if raft.configuration.quorum.result(heard, ()) is not VoteResult.Won:
                return instant
        return FOREVER

    def _talk_is_missed(self, slot: Slot, grid: Grid, until: int, settled: int) -> int:
        earliest = FOREVER
        # A leap lives `settled` µs of talk before anybody judges, so at least one message must arrive within them.
        fits = (settled - self.network.wire.slowest) // grid.period - 1
        spared = min(grid.forgives, fits)
        for to, kind, ahead in grid.said:
            link, listener = self.network.links[slot.name, to], self.slots[to]
            if link.cut or listener.node is None:
                continue  # nothing of it arrives anyway
            start, last = grid.number + ahead - UNDER_WAY, grid.first_at(slot.clocks.monotonic(until) + 1) + ahead
            losses = (link, self.network.kinds[kind], 0)
            for first, lost in runs([losses], start, settled // grid.period - UNDER_WAY, last):
                if lost - first >= spared:
                    earliest = min(earliest, slot.clocks.true(grid.instant(first - ahead)))
                    break
        return earliest


class _Beats:
    """The heartbeats of a leader as numbers and instants."""

    def __init__(self, leader: Slot, network: Network, settled: int) -> None:
        raft, role, wire = leader.raft, leader.raft.role, network.wire
        assert isinstance(role, Leader)
        self.leader, self.raft, self.role, self.network = leader, raft, role, network
        self.earliest, self.latest = wire.latency, wire.slowest
        """How many µs a message takes at least and at most."""
        under_way = -(-2 * self.latest // raft.timing.heartbeat) + 1
        self.start = role.beat + 1 - under_way
        """The number of a heartbeat that is answered; what becomes of those after it may not be known to anybody yet."""
        self.known = settled // raft.timing.heartbeat - under_way
        """How many heartbeats before that were sent while the cluster was as it is now."""

    def true(self, number: int) -> int:
        """The true time in µs at which a heartbeat is sent."""
        return self.leader.clocks.true(self.role.beats_from + number * self.raft.timing.heartbeat)

    def number_at(self, true: int) -> int:
        """The number of the first heartbeat after a true time."""
        return (self.leader.clocks.monotonic(true) - self.role.beats_from) // self.raft.timing.heartbeat + 1

    def sent_to(self, follower: Slot) -> Losses:
        """The heartbeats that do not reach a follower."""
        link = self.network.links[self.leader.name, follower.name]
        return link, self.network.kinds["AppendEntries"], self.raft.term

    def answered_by(self, follower: Slot) -> Losses:
        """The answers of a follower that do not reach the leader."""
        link = self.network.links[follower.name, self.leader.name]
        return link, self.network.kinds["AppendReply"], self.raft.term


def runs(losses: Sequence[Losses], start: int, known: int, last: int) -> Iterator[tuple[int, int]]:
    """Each lost number up to `last`, as (first of its run so far, the number itself).

    A number is lost if it is in any of `losses`. The first is the one before `start`, if it is lost. Its run may begin
    among the `known` numbers before `start`; one that reaches back further begins before all of them. After `LOOKAHEAD`
    losses one more run comes, as long as that.
    """
    first = start
    while first > start - known - 1 and any(link.loses_chatter(kind, term, first - 1) for link, kind, term in losses):
        first -= 1
    previous = start - 1
    if first < start - known:
        first = start - LOOKAHEAD
    if first < start:
        yield first, previous
    for count, number in enumerate(merge(*[link.losses(kind, term, start) for link, kind, term in losses])):
        if number > last:
            return
        if number > previous + 1:
            first = number
        previous = number
        yield (first, number) if count < LOOKAHEAD else (number, number + LOOKAHEAD)
