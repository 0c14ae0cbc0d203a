"""The network: links between nodes. A packet is an entry of the agenda; whether it is lost is decided when it lands.

Luck is drawn by name and number (link, kind, term, beat; or link and count), never from a stream, so that leaving out
one message does not change the luck of any other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from cluster.sim.clock import CHATTER, KIND_SHIFT, MESSAGE, SENDER_SHIFT, Clock, key_of
from cluster.sim.dice import gap, luck, seed_of
from cluster.time_units import FOREVER, MILLISECOND
from cluster.value import value

ORDINARY = 0
"""The number of ordinary messages among the kinds; kinds of chatter count from 1."""
_, DOUBLED, DROPPED, DELAYED = range(4)


@value
class Wire:
    """The behaviour of a link: times in µs, chances in [0, 1]."""

    latency: int = 5 * MILLISECOND
    jitter: int = 2 * MILLISECOND
    """Added to the latency: uniform in [0, jitter)."""
    loss: float = 0.0
    duplicate: float = 0.0
    ordered: bool = True
    """Whether messages of one link land in the order they were sent, as over a TCP connection. False: by their luck."""
    delay_chance: float = 0.0
    """Chance that a message takes `delay` longer, and is overtaken by later ones even on an ordered link."""
    delay: int = 0

    @property
    def slowest(self) -> int:
        """How many µs a message takes at most."""
        return self.latency + self.jitter + self.delay


class Link:
    """The link from one node to another, in one direction."""

    __slots__ = (
        "_lost",
        "broke_at",
        "busy_until",
        "cut",
        "dst",
        "held",
        "key",
        "name",
        "seed",
        "sent",
        "source",
        "src",
        "wire",
    )

    def __init__(self, src: int, dst: int, name: str, seed: int, wire: Wire) -> None:
        self.src, self.dst, self.name, self.seed, self.wire = src, dst, name, seed, wire
        self.source = name.partition(">")[0]
        self.key = key_of(MESSAGE, dst, src << SENDER_SHIFT)
        """The sort key of its messages on the agenda, without their numbers."""
        self.cut = False
        self.broke_at = -1
        """True time in µs at which what was under way was damaged: nothing that was sent by then arrives."""
        self.held: list[Packet] | None = None
        self.sent = 0
        self.busy_until = 0
        """True time in µs at which the last ordered message lands: no later one lands before it."""
        self._lost: dict[tuple[int, int], list[int]] = {}

    def loses_chatter(self, kind: int, term: int, beat: int) -> bool:
        """Whether the chatter with that beat is lost. The gap to the next lost number is drawn, not each number."""
        if not self.wire.loss:
            return False
        lost = self._lost_up_to(kind, term, beat)
        at = bisect_left(lost, beat)
        return at < len(lost) and lost[at] == beat

    def losses(self, kind: int, term: int, beat: int) -> Iterator[int]:
        """The lost numbers of a kind of chatter from `beat` on, in order; the last is `FOREVER` if no more are lost."""
        while self.wire.loss and beat < FOREVER:
            lost = self._lost_up_to(kind, term, beat)
            yield (beat := lost[bisect_left(lost, beat)])
            beat += 1

    def count_lost(self, kind: int, term: int, after: int, upto: int) -> int:
        """How many of the numbers after `after`, up to `upto`, are lost."""
        if not self.wire.loss:
            return 0
        lost = self._lost_up_to(kind, term, upto)
        return bisect_right(lost, upto) - bisect_right(lost, after)

    def _lost_up_to(self, kind: int, term: int, beat: int) -> list[int]:
        lost = self._lost.setdefault((kind, term), [0])
        salt = self.seed ^ (kind << 32) ^ (term << 40)
        while lost[-1] <= beat:
            lost.append(lost[-1] + gap(salt, self.wire.loss, len(lost)))
        return lost

    def rewire(self, wire: Wire) -> None:
        """Change the behaviour of the link from now on, also for messages under way."""
        self.wire = wire
        self._lost.clear()

    def change_luck(self, seed: int) -> None:
        """Let what is left to luck on this link come out as with this seed from now on."""
        self.seed = seed
        self._lost.clear()


class Packet:
    """A message under way."""

    __slots__ = ("beat", "cause", "copy", "data", "kind", "link", "number", "sender", "sent", "term")

    def __init__(
        self, link: Link, kind: str, data: bytes, number: int, beat: int, term: int, sent: int, cause: int, copy: int
    ) -> None:
        self.link, self.kind, self.data = link, kind, data
        self.sender = link.source
        """The node that sent it."""
        self.number, self.beat, self.term = number, beat, term
        self.sent, self.cause, self.copy = sent, cause, copy

    @property
    def label(self) -> str:
        """The message's name in a trace."""
        again = "'" if self.copy else ""
        if self.beat:
            return f"{self.link.name}~{self.kind}.{self.term}.{self.beat}{again}"
        return f"{self.link.name}#{self.number}{again}"


class Network:
    """All links of a world. It calls `land(packet)` for what arrives, and `lost(packet, why)` for what does not."""

    def __init__(self, clock: Clock, names: tuple[str, ...], seed: int, wire: Wire) -> None:
        self.clock = clock
        self.names = names
        self.wire = wire
        self._seed = seed
        self.messages = 0
        """Messages sent so far, chatter among them."""
        self.land: Callable[[int, Packet], None] = lambda node, packet: None
        self.lost: Callable[[Packet, str], None] = lambda packet, why: None
        self.kinds: dict[str, int] = {}
        """The number of each kind of chatter, in the order of declaration."""
        self.links = {
            (a, b): Link(i, j, f"{a}>{b}", seed_of(seed, "link", a, b), wire)
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if a != b
        }

    def add(self, name: str) -> None:
        """Add a node, with links to and from every other node, none of them cut."""
        place = len(self.names)
        for index, other in enumerate(self.names):
            self.links[other, name] = Link(
                index, place, f"{other}>{name}", seed_of(self._seed, "link", other, name), self.wire
            )
            self.links[name, other] = Link(
                place, index, f"{name}>{other}", seed_of(self._seed, "link", name, other), self.wire
            )
        self.names = (*self.names, name)

    def change_luck(self, seed: int) -> None:
        """Let what is left to luck on every link come out as with this seed of a world from now on."""
        self._seed = seed
        for (a, b), link in self.links.items():
            link.change_luck(seed_of(seed, "link", a, b))

    def send(self, src: str, dst: str, kind: str, data: bytes, beat: int, term: int, cause: int) -> None:
        """Send a message. `beat > 0` marks chatter and numbers it within (link, kind, term)."""
        link, clock = self.links.get((src, dst)), self.clock
        self.messages += 1
        if link is None:
            return  # a name of another cluster that nobody answers to
        now, wire = clock.now, link.wire
        if beat:
            number, code, era = beat, self.kinds[kind], term
            key = key_of(CHATTER, link.dst, (link.src << SENDER_SHIFT) | (code << KIND_SHIFT)) | (number << 1)
        else:
            link.sent = number = link.sent + 1
            code, era, key = ORDINARY, 0, link.key | (number << 1)
            clock.stirred = now
        packet = Packet(link, kind, data, number, beat, term, now, cause, 0)
        clock.put(landing(link, wire, code, era, number, 0, now), key, self._arrive, packet)
        if wire.duplicate and luck(link.seed, code + (DOUBLED << 8), era, number) < wire.duplicate:
            packet = Packet(link, kind, data, number, beat, term, now, cause, 1)
            clock.put(landing(link, wire, code, era, number, 1, now), key | 1, self._arrive, packet)

    def _arrive(self, packet: Packet) -> None:
        link = packet.link
        if link.cut:
            self.lost(packet, "cut")
        elif packet.sent <= link.broke_at:
            self.lost(packet, "damaged")
        elif link.held is not None:
            link.held.append(packet)
        elif link.wire.loss and self._drops(packet):
            self.lost(packet, "loss")
        else:
            self.land(link.dst, packet)

    def _drops(self, packet: Packet) -> bool:
        link = packet.link
        if packet.beat:
            return link.loses_chatter(self.kinds[packet.kind], packet.term, packet.beat)
        return luck(link.seed, ORDINARY + (DROPPED << 8), packet.copy, packet.number) < link.wire.loss

    def hold(self, src: str, dst: str) -> None:
        """Hold what arrives on this link until `release`."""
        link = self.links[src, dst]
        if link.held is None:
            link.held = []

    def release(self, src: str, dst: str) -> None:
        """Let the messages held on this link land now, in the order in which they came."""
        link = self.links[src, dst]
        held, link.held = link.held or [], None
        for packet in held:
            self._arrive(packet)

    def reaches(self, src: str, dst: str) -> bool:
        """Whether the link is there and not cut."""
        link = self.links.get((src, dst))
        return link is not None and not link.cut

    def declare_chatter(self, kind: str) -> None:
        """Number a class of messages that may be chatter. ValueError for the 16th."""
        if kind not in self.kinds:
            if len(self.kinds) >= 15:
                raise ValueError(f"{kind} would be the 16th kind of chatter: give beats to fewer message classes")
            self.kinds[kind] = len(self.kinds) + 1


def landing(link: Link, wire: Wire, code: int, era: int, number: int, copy: int, now: int) -> int:
    """True time in µs at which a message lands. An ordered one lands after the last one of its link."""
    arrival = now + wire.latency
    if wire.jitter:
        arrival += int(luck(link.seed, code + (copy << 12), era, number) * wire.jitter)
    if wire.delay_chance and luck(link.seed, code + (DELAYED << 8), era, number) < wire.delay_chance:
        return arrival + wire.delay
    if wire.ordered:
        if arrival <= link.busy_until:
            arrival = link.busy_until + 1
        link.busy_until = arrival
    return arrival
