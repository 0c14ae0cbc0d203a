"""How much of quiet time is lived: from when on it may be skipped, and how long before its end a skip lands.

*Before a skip* all chatter must have come once since the last event, and said nothing new:

- two heartbeats, and their answers;
- the round of each candidate, if there are any;
- one call of each periodic talk, and the way of its messages, unless the program foresees that it would be no news;
- one call of each act that judges what it heard, after those messages have landed, unless that is foreseen too. If nodes, links
  or leaders are others than before, it must also have seen every silence: one that a program forgives no longer.

Each talk is numbered at a fixed period, so the instant at which all have come is known in advance (`ready_at`).

*After a skip* whatever chatter overwrites must be written once more before the horizon: by one call of each talk that does not
judge (`lead`), and by one heartbeat and its answer, one round of each candidate (`lead_of_consensus`). Those that judge begin at
the horizon.

On wires that lose messages neither is enough, as that one message may be the lost one. There both are `wide`: twice the
longest period of all.
"""

from collections.abc import Mapping, Sequence

from cluster.periodic_talk import Grid
from cluster.raft.state import Candidate
from cluster.raft.timing import Timing
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Network
from cluster.time_units import MILLISECOND

SLACK = 10 * MILLISECOND
LONGEST_ACT = 500 * MILLISECOND
"""The longest period of chatter that is assumed on wires that lose messages before any program has announced its own."""


class Settling:
    """The margins of the skips of a world."""

    def __init__(self, network: Network, timing: Timing, slots: Mapping[str, Slot]) -> None:
        """`slots`: every machine of the world by name. It may grow."""
        self.network, self.timing, self.slots = network, timing, slots
        self._standing: object = None
        self._standing_since = 0
        """True time in µs since which nodes, links and leaders are those of `_standing`."""

    @property
    def shortest(self) -> int:
        """The shortest time in µs between an event and a skip."""
        return 2 * (self.timing.heartbeat + self._round_trip) + SLACK

    @property
    def wide(self) -> int:
        """Twice the longest period of all chatter and the way of its messages, in µs."""
        live = self._live()
        longest = [LONGEST_ACT, self.timing.heartbeat, self._round(live)]
        longest += [grid.period for _, grid in _grids(live)]
        return 2 * (max(longest) + self._round_trip) + SLACK

    def lead(self) -> int:
        """How many µs before its horizon a skip lands: the first talk after it is lived."""
        if self._is_lossy:
            return self.wide
        talks = [grid.period for _, grid in _grids(self._live()) if not grid.judges]
        return max(self.lead_of_consensus(), max(talks, default=0) + self._round_trip + SLACK)

    def lead_of_consensus(self) -> int:
        """How many µs before the horizon the first heartbeat, or round of a candidate, is lived; at most `lead`."""
        if self._is_lossy:
            return self.wide
        return max(self.timing.heartbeat, self._round(self._live())) + self._round_trip + SLACK

    def ready_at(self, stirred: int) -> int:
        """The true time in µs from which on a skip is allowed, if nothing but chatter has happened since `stirred`."""
        live = self._live()
        standing = self._stand(live)
        if standing != self._standing:
            self._standing, self._standing_since = standing, stirred
        grids, longest_round = _grids(live), self._round(live)
        way = self.network.wire.slowest + SLACK
        silence = max([(grid.forgives + 2) * grid.period + way for _, grid in grids if not grid.judges], default=0)
        noticed = _judged(grids, self._standing_since + silence, way)
        if self._is_lossy:
            return max(noticed, stirred + self.wide)
        unforeseen = [(slot, grid) for slot, grid in grids if not grid.is_foreseen()]
        talked = [_first_after(slot, grid, stirred) + way for slot, grid in unforeseen if not grid.judges]
        round_over = longest_round and longest_round + self._round_trip + SLACK
        heard = max([stirred + self.shortest, stirred + round_over, *talked])
        return max(noticed, _judged(unforeseen, heard, way))

    @property
    def _is_lossy(self) -> bool:
        return self.network.wire.loss > 0

    @property
    def _round_trip(self) -> int:
        return 2 * self.network.wire.slowest

    def _live(self) -> list[Slot]:
        return [slot for slot in self.slots.values() if slot.node is not None]

    def _round(self, live: Sequence[Slot]) -> int:
        """How many µs a candidate's round takes at most; 0 if there are no candidates."""
        if not any(isinstance(slot.raft.role, Candidate) for slot in live):
            return 0
        return 2 * self.timing.election * self.timing.again[0] // self.timing.again[1]

    def _stand(self, live: Sequence[Slot]) -> object:
        """Who is up, who leads or follows whom, and which links are cut."""
        rafts = [(slot.name, slot.incarnation, slot.raft) for slot in live]
        nodes = [
            (name, number, raft.term, type(raft.role), getattr(raft.role, "leader", "")) for name, number, raft in rafts
        ]
        return nodes, [link.name for link in self.network.links.values() if link.cut]


def _grids(live: Sequence[Slot]) -> list[tuple[Slot, Grid]]:
    return [(slot, grid) for slot in live if slot.node is not None for grid in slot.node.grids]


def _judged(grids: Sequence[tuple[Slot, Grid]], heard: int, way: int) -> int:
    """The true time in µs, `way` after each act that judges has been called after a true time; that time if there are none."""
    return max([heard, *[_first_after(slot, grid, heard) + way for slot, grid in grids if grid.judges]])


def _first_after(slot: Slot, grid: Grid, true: int) -> int:
    """The true time in µs of the first call of a periodic talk after a true time."""
    return slot.clocks.true(grid.instant(grid.first_at(slot.clocks.monotonic(true) + 1)))
