"""The loads that the benchmarks put on a cluster; every benchmark uses the same."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from string import ascii_uppercase
from typing import Any

import trio

from cluster.sim.run import Outcome, play
from cluster.sim.world import World
from cluster.time_units import MILLISECOND
from cluster.value import value
from scenarios.register import Put, Register

NAMES = (*ascii_uppercase, *(one + other for one in ascii_uppercase for other in ascii_uppercase))[:101]
CLIENTS = 12
ROUNDS = 5
PROPOSALS = 1_200


@value
class MeasuredLoad:
    """The cost of a load."""

    messages: int
    cpu_seconds: float
    virtual_seconds: float
    events: int

    @property
    def messages_per_second(self) -> float:
        """Messages per second of CPU time."""
        return self.messages / self.cpu_seconds

    @property
    def speed(self) -> float:
        """Virtual seconds per second of CPU time."""
        return self.virtual_seconds / self.cpu_seconds


@contextmanager
def measuring(world: World, taken: list[MeasuredLoad]) -> Iterator[None]:
    """Append the cost of the `with` block to `taken`."""
    messages, events, began, cpu = world.network.messages, len(world.history), world.now, time.process_time()
    yield
    cpu = time.process_time() - cpu
    taken.append(MeasuredLoad(world.network.messages - messages, cpu, world.now - began, len(world.history) - events))


def replication(
    nodes: int,
    proposals: int,
    clients: int = CLIENTS,
    pause: int = 0,
    arrange: Callable[[World], None] = lambda world: None,
    **options: Any,
) -> MeasuredLoad:
    """Steady replication: clients at the leader, each proposing as soon as it has its answer (or `pause` µs later), with all
    promises watched. The election is not counted.

    `arrange(world)` is called when there is a leader and before anything is measured; `options` go to the world.
    """
    taken: list[MeasuredLoad] = []

    async def story(world: World) -> None:
        cluster = world.start(NAMES[:nodes], Register)
        leader = await world.elected()
        member, node = cluster[leader].application.member, world.slots[leader].node
        assert node is not None
        left = proposals

        async def client(number: int) -> None:
            nonlocal left
            await member.sleep(number * MILLISECOND)  # so that no two propose at the same instant
            while left > 0:
                left -= 1
                await member.propose(Put("x", left))
                if pause:
                    await member.sleep(pause)

        arrange(world)
        with measuring(world, taken):
            for number in range(clients):
                member.spawn(client, number)
            while left > 0 or node.proposals.pending:  # noqa: ASYNC110  # an event would add to the cost
                await trio.sleep(0.1)

    held(story, **options)
    return taken[0]


def idle(nodes: int, duration: float, skipping: bool = True) -> MeasuredLoad:
    """A cluster without clients, for `duration` virtual seconds."""
    taken: list[MeasuredLoad] = []

    async def story(world: World) -> None:
        world.start(NAMES[:nodes], Register)
        await world.elected()
        with measuring(world, taken):
            await trio.sleep(duration)

    held(story, skipping=skipping)
    return taken[0]


def held(story: Callable[[World], Awaitable[None]], seed: int = 1, **options: Any) -> Outcome:
    """Play a load; raise what broke it, because only a run whose promises all held is worth measuring."""
    outcome = play(story, seed, **options)
    if outcome.failure is not None:
        raise outcome.failure
    return outcome
