"""Wires alone, without nodes: a packet's luck hangs on its number, and its fate is judged where it lands."""

from itertools import pairwise, takewhile

import attrs
import pytest
import trio

from cluster.sim.clock import Clock
from cluster.sim.network import Network, Packet, Wire
from cluster.time_units import FOREVER, MILLISECOND, SECOND

FIXED = Wire(latency=5 * MILLISECOND, jitter=0)


class Wires:
    """A network of three, and what became of each packet: (t, node, label) that landed, (label, why) that was lost."""

    def __init__(self, wire: Wire = FIXED, seed: int = 1) -> None:
        self.clock = Clock()
        self.network = Network(self.clock, ("A", "B", "C"), seed, wire)
        self.network.declare_chatter("Beat")
        self.landed: list[tuple[int, str, str]] = []
        self.lost: list[tuple[str, str]] = []
        self.network.land = self.land
        self.network.lost = lambda packet, why: self.lost.append((packet.label, why))

    def land(self, node: int, packet: Packet) -> None:
        self.landed.append((self.clock.now, "ABC"[node], packet.label))

    def send(self, src: str, dst: str, beat: int = 0, term: int = 1, data: bytes = b"") -> None:
        self.network.send(src, dst, "Beat" if beat else "Word", data, beat, term, 0)

    def let(self, seconds: float = 60) -> list[str]:
        """Let time pass; the labels that landed meanwhile, in order."""

        async def main() -> None:
            await trio.sleep(seconds)
            self.clock.over = True  # else trio's shutdown, which waits for nothing, would do all the rest

        before = len(self.landed)
        self.clock.over = False
        trio.run(main, clock=self.clock)
        return [label for _, _, label in self.landed[before:]]


def test_messages_have_names_and_chatter_has_numbers() -> None:
    """An ordinary message is counted on its link; a beat is named by kind, term and number; a repeat has a mark."""
    wires = Wires(attrs.evolve(FIXED, duplicate=1.0))
    wires.send("A", "B")
    wires.send("A", "B")
    wires.send("B", "A")
    wires.send("A", "B", beat=7, term=3)
    assert sorted(wires.let()) == sorted(
        ["A>B#1", "A>B#1'", "A>B#2", "A>B#2'", "B>A#1", "B>A#1'", "A>B~Beat.3.7", "A>B~Beat.3.7'"]
    )
    assert wires.network.messages == 4, "a repeat was sent once"


def test_a_link_is_in_order_unless_it_is_said_not_to_be() -> None:
    """As over one connection, whatever the jitter; two directions and two links do not wait for each other."""
    wires = Wires(Wire(latency=5 * MILLISECOND, jitter=50 * MILLISECOND))
    for _ in range(50):
        wires.send("A", "B")
    wires.send("A", "C")
    labels = wires.let()
    assert [label for label in labels if label.startswith("A>B")] == [f"A>B#{number}" for number in range(1, 51)]
    assert all(later[0] > earlier[0] for earlier, later in pairwise(wires.landed) if later[1] == earlier[1])

    wires = Wires(Wire(latency=5 * MILLISECOND, jitter=50 * MILLISECOND, ordered=False))
    for _ in range(50):
        wires.send("A", "B")
    labels = wires.let()
    assert labels != sorted(labels, key=lambda label: int(label[4:]))
    assert len(set(labels)) == 50


def test_leaving_out_one_message_leaves_every_other_ones_luck_alone() -> None:
    """Beats by their numbers, other links by their own: jitter and loss of the rest are what they were."""

    def play(left_out: int) -> tuple[dict[str, int], set[str]]:
        wires = Wires(Wire(latency=MILLISECOND, jitter=20 * MILLISECOND, loss=0.2, ordered=False), seed=5)
        for number in range(1, 200):
            if number != left_out:
                wires.send("A", "B", beat=number)
            wires.send("A", "C")
        wires.let()
        return {label: t for t, _, label in wires.landed}, {label for label, _ in wires.lost}

    (landed, lost), gone = play(0), "A>B~Beat.1.50"
    fewer_landed, fewer_lost = play(50)
    landed.pop(gone, None)
    assert (fewer_landed, fewer_lost) == (landed, lost - {gone})
    assert 40 < len(lost) < 120


def test_what_is_lost_is_known_beforehand() -> None:
    """`losses` names the very beats that will not arrive; a link that loses nothing has none, one that loses all has all."""
    wires = Wires(attrs.evolve(FIXED, loss=0.05), seed=3)
    link = wires.network.links["A", "B"]
    for beat in range(1, 500):
        wires.send("A", "B", beat=beat, term=2)
    wires.let()
    lost = [int(label.rsplit(".", 1)[1]) for label, why in wires.lost if why == "loss"]
    assert 10 < len(lost) < 45
    assert list(takewhile(lambda beat: beat < 500, link.losses(1, 2, 1))) == lost
    assert link.count_lost(1, 2, lost[0], 499) == len(lost) - 1
    link.rewire(FIXED)
    assert (list(link.losses(1, 2, 1)), link.count_lost(1, 2, 0, 500)) == ([], 0)
    link.rewire(attrs.evolve(FIXED, loss=1.0))
    assert [next(link.losses(1, 2, beat)) for beat in (1, 2, 99)] == [1, 2, 99]
    link.rewire(attrs.evolve(FIXED, loss=1e-300))
    assert list(link.losses(1, 2, 1)) == [FOREVER]


def test_fate_is_judged_at_landing() -> None:
    """A cut, a hold and a loss reach what is on its way already, and none what has landed."""
    wires = Wires(attrs.evolve(FIXED, latency=SECOND))
    wires.send("A", "B")
    wires.let(0.5)
    wires.network.links["A", "B"].cut = True
    wires.send("B", "A")
    assert wires.let(5) == ["B>A#1"]
    assert wires.lost == [("A>B#1", "cut")]
    wires.network.links["A", "B"].cut = False

    wires.send("A", "B")
    wires.let(0.5)
    wires.network.hold("A", "B")
    assert wires.let(50) == []
    wires.network.links["A", "B"].cut = True
    wires.network.release("A", "B")
    assert wires.lost[1:] == [("A>B#2", "cut")]
    wires.network.links["A", "B"].cut = False

    wires.send("A", "B")
    wires.let(0.5)
    wires.network.links["A", "B"].rewire(attrs.evolve(FIXED, loss=1.0))
    assert wires.let(5) == []
    assert wires.lost[2:] == [("A>B#3", "loss")]


def test_holding_twice_keeps_what_is_held() -> None:
    """Held in the order of arrival, landed at once and in that order when released; releasing again does nothing."""
    wires = Wires()
    wires.network.hold("A", "B")
    wires.send("A", "B")
    wires.let(1)
    wires.network.hold("A", "B")
    wires.send("A", "B")
    assert wires.let(1) == []
    wires.network.release("A", "B")
    wires.network.release("A", "B")
    assert [label for _, _, label in wires.landed] == ["A>B#1", "A>B#2"]
    wires.send("A", "B")
    assert wires.let(1) == ["A>B#3"]


def test_a_message_held_up_is_overtaken() -> None:
    """Even on an ordered link: the rest stay in order and do not wait for it."""
    wires = Wires(attrs.evolve(FIXED, delay_chance=0.3, delay=3 * SECOND), seed=2)
    for _ in range(40):
        wires.send("A", "B")
    labels = [int(label[4:]) for label in wires.let()]
    late = [number for t, _, label in wires.landed if t > SECOND for number in [int(label[4:])]]
    assert 4 < len(late) < 25
    assert labels == sorted(set(range(1, 41)) - set(late)) + late


def test_a_beat_and_a_word_of_one_instant_have_one_order() -> None:
    """Words before chatter, then by receiver, sender and number, in whichever order they were sent."""
    plan = [("A", "B", 0), ("C", "B", 0), ("A", "B", 3), ("C", "B", 2), ("B", "A", 1), ("B", "C", 1)]
    orders = []
    for turn in (plan, plan[::-1]):
        wires = Wires(attrs.evolve(FIXED, ordered=False))
        for src, dst, beat in turn:
            wires.send(src, dst, beat=beat)
        orders.append(wires.let())
    assert orders[0] == orders[1]
    assert orders[0] == ["A>B#1", "C>B#1", "B>A~Beat.1.1", "A>B~Beat.1.3", "C>B~Beat.1.2", "B>C~Beat.1.1"]


def test_kinds_of_chatter_are_few() -> None:
    """Fifteen fit into the order of an instant; declaring one again is nothing new."""
    network = Wires().network
    for number in range(14):
        network.declare_chatter(f"Kind{number}")
        network.declare_chatter("Beat")
    with pytest.raises(
        ValueError, match="Kind15 would be the 16th kind of chatter: give beats to fewer message classes"
    ):
        network.declare_chatter("Kind15")
