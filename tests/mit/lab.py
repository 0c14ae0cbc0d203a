"""The vocabulary of the lab: who leads, start a command, one command agreed on, a server off the network.

A command's place counts commands only: the empty entry with which a leader begins its term (rule 3.25) has none. A start
is the lab's, not a client's: it goes to one server, and nobody repeats it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs
import trio

from cluster.member import Application, Member, Refused
from cluster.raft.messages import Request
from cluster.raft.state import Leader, Proposed
from cluster.sim.dice import Dice
from cluster.sim.run import Outcome, run
from cluster.sim.world import World
from cluster.time_units import MILLISECOND
from cluster.value import value

ELECTION = 1.0
"""Seconds after which the lab expects a leader."""
NAMES = "ABCDEFG"


@value
class Command:
    """What is agreed on: a number, and so many bytes to carry."""

    number: int
    ballast: bytes = b""


class Values(Application):
    """The application: every command so far, in order."""

    words: Sequence[type] = (Command,)

    def empty(self) -> tuple[int, ...]:
        return ()

    def apply(self, state: tuple[int, ...], command: Command, index: int) -> tuple[tuple[int, ...], int]:
        return (*state, command.number), len(state) + 1

    async def run(self, member: Member) -> None:
        """No program."""

    async def serve(self, request: Any) -> Any:
        raise Refused(f"the lab starts commands by itself and serves no {request!r}")


class Lab:
    """A world seen as the lab sees it."""

    def __init__(self, world: World, servers: int, **wire: Any) -> None:
        self.world = world
        self.names = NAMES[:servers]
        self.connected = set(self.names)
        self.dice = Dice(world.seed, ("lab",))
        self.number = 0
        self.sent: dict[str, int] = {}
        """Messages by kind since the last `count`, chatter among them: so the lab's worlds skip nothing when it counts."""
        self.bytes = 0
        self.answers_late = False
        """Two answers of three arrive up to two seconds late."""
        self._serial = 0
        world.start(self.names, Values)
        if wire:
            world.rewire(**wire)
        self._listen()

    def _listen(self) -> None:
        network, send = self.world.network, self.world.network.send

        def send_and_count(src: str, dst: str, kind: str, data: bytes, beat: int, term: int, cause: int) -> None:
            self.sent[kind] = self.sent.get(kind, 0) + 1
            self.bytes += len(data)
            link = network.links[src, dst]
            wire = link.wire
            if self.answers_late and kind.endswith("Reply") and self.dice.below(900) < 600:
                late = (200 + self.dice.below(1 + self.dice.below(2_000))) * MILLISECOND
                link.wire = attrs.evolve(wire, delay_chance=1.0, delay=late)
            send(src, dst, kind, data, beat, term, cause)
            link.wire = wire

        network.send = send_and_count  # type: ignore[method-assign]

    # ---- servers

    def disconnect(self, *names: str) -> None:
        """Nobody hears the server, and it hears nobody. It runs on."""
        self.connected -= set(names)
        self._split()

    def connect(self, *names: str) -> None:
        """Back on the network."""
        self.connected |= set(names)
        self._split()

    def _split(self) -> None:
        self.world.heal()
        apart = [(name,) for name in self.names if name not in self.connected]
        if apart:
            self.world.split(tuple(sorted(self.connected)), *apart) if self.connected else self.world.split(*apart)

    def only(self, *names: str) -> None:
        """These are connected, and no other."""
        self.connected = set(names)
        self._split()

    def crash(self, name: str) -> None:
        """Its memory is gone; what its disk holds stays."""
        if self.world[name].up:
            self.world.crash(name)

    def restart(self, name: str) -> None:
        """Up again, from its disk."""
        self.world.restart(name)

    def others(self, *names: str) -> list[str]:
        """Every other server, in order."""
        return [name for name in self.names if name not in names]

    def after(self, name: str, by: int) -> str:
        """The server that many places further on, round about."""
        return self.names[(self.names.index(name) + by) % len(self.names)]

    # ---- leaders

    def leaders(self) -> dict[int, list[str]]:
        """By term: which connected servers lead."""
        found: dict[int, list[str]] = {}
        for name in self.names:
            if name in self.connected and self.world[name].role == "leader":
                found.setdefault(self.world[name].term, []).append(name)
        return found

    async def one_leader(self) -> str:
        """The connected server that leads the newest term, within ten times half a second; and only one leads any term."""
        for _ in range(10):
            await trio.sleep((450 + self.dice.below(100)) / 1000)
            leaders = self.leaders()
            for term, names in leaders.items():
                assert len(names) == 1, f"term {term} has leaders {names}"
            if leaders:
                return leaders[max(leaders)][0]
        raise AssertionError(f"nobody leads among {sorted(self.connected)}")

    def no_leader(self) -> None:
        """No connected server thinks that it leads."""
        assert not self.leaders(), f"somebody leads without a majority: {self.leaders()}"

    def one_term(self) -> int:
        """The term that all connected servers are in."""
        terms = {self.world[name].term for name in self.connected}
        assert len(terms) == 1, f"terms differ: {sorted(terms)}"
        return terms.pop()

    # ---- commands

    def fresh(self) -> int:
        """A number that was not used yet."""
        self.number += 1
        return self.number

    def start(self, name: str, number: int, ballast: bytes = b"") -> bool:
        """Hand a command to a server's law; whether it leads, and so took it. It may never be agreed on."""
        node = self.world.slots[name].node
        if node is None or not isinstance(node.raft.role, Leader):
            return False
        data = node.codec.encode(Command(number, ballast))
        self._serial += 1
        node.handle(Proposed(((Request("lab", self._serial, self._serial), data),)))
        return True

    def applied(self, place: int) -> dict[str, int]:
        """Which server has which command at that place; they agree, or the lab fails."""
        found = {}
        for name in self.names:
            state = self.world[name].state
            if state is not None and len(state) >= place:
                found[name] = state[place - 1]
        assert len(set(found.values())) <= 1, f"servers disagree at {place}: {found}"
        return found

    def committed(self, place: int) -> int:
        """How many servers have a command at that place."""
        return len(self.applied(place))

    def place_of(self, number: int) -> int:
        """Where some server has that command; 0 if none has."""
        for name in self.names:
            state = self.world[name].state
            if state is not None and number in state:
                return int(state.index(number)) + 1
        return 0

    async def one(self, servers: int, *, retry: bool = True, number: int = 0, ballast: bytes = b"") -> int:
        """A command that so many servers agree on within ten seconds; its place. With `retry` it is started again and again."""
        number = number or self.fresh()
        deadline = self.world.now + 10
        at = 0
        while self.world.now < deadline:
            taken = False
            for _ in self.names:
                at += 1
                name = self.names[at % len(self.names)]
                if name in self.connected and self.start(name, number, ballast):
                    taken = True
                    break
            if taken:
                patience = self.world.now + 2
                while self.world.now < patience:
                    place = self.place_of(number)
                    if place and self.committed(place) >= servers:
                        return place
                    await trio.sleep(0.02)
                assert retry, f"no agreement on {number}"
            else:
                await trio.sleep(0.05)
        raise AssertionError(f"{servers} servers never agreed on {number}")

    async def agreed(self, place: int, servers: int) -> int:
        """Wait, longer and longer, until so many servers have a command at that place; the command."""
        pause = 0.01
        for _ in range(30):
            if self.committed(place) >= servers:
                break
            await trio.sleep(pause)
            pause = min(1.0, pause * 2)
        found = self.applied(place)
        assert len(found) >= servers, f"only {sorted(found)} have a command at {place}"
        return next(iter(found.values()))


Scenario = Callable[[Lab], Awaitable[None]]


def play(
    scenario: Scenario, servers: int, seed: int, *, wire: Mapping[str, Any] | None = None, **options: Any
) -> Outcome:
    """One scenario of the lab, with every promise of consensus watched as well."""

    async def story(world: World) -> None:
        await scenario(Lab(world, servers, **(wire or {})))

    return run(story, seed, **options)
