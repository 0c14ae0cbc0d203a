"""The yardsticks of the benchmarks: SimPy's bare ping-pong, and two bare trio tasks on our own clock."""

import time

import trio

from cluster.sim.clock import MESSAGE, Clock, Parked
from cluster.time_units import MILLISECOND, SECOND


def simpy_ping_pong(messages: int) -> float:
    """Messages per CPU second of two SimPy processes that hand each other a number through two Stores, 5 ms apart."""
    import simpy

    world = simpy.Environment()
    there, back = simpy.Store(world), simpy.Store(world)

    def player(mine: "simpy.Store", other: "simpy.Store", serves: bool):  # type: ignore[no-untyped-def]  # SimPy has no types
        if serves:
            other.put(0)
        for _ in range(messages // 2):
            number = yield mine.get()
            yield world.timeout(0.005)
            other.put(number + 1)

    world.process(player(there, back, serves=True))
    world.process(player(back, there, serves=False))
    began = time.process_time()
    world.run()
    return messages / (time.process_time() - began)


def trio_ping_pong(messages: int) -> float:
    """Messages per CPU second of two trio tasks on our clock; a message is one entry of the agenda that wakes the other task."""
    clock = Clock()
    parked = [Parked(), Parked()]
    inbox = [0, 0]

    async def player(me: int) -> None:
        for _ in range(messages // 2):
            if not inbox[me]:
                await parked[me].wait()
            inbox[me] -= 1
            clock.at(clock.now + 5 * MILLISECOND, MESSAGE, me, 0, land, 1 - me)

    def land(to: int) -> None:
        inbox[to] += 1
        clock.fire(parked[to])

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player, 0)
            nursery.start_soon(player, 1)
            clock.at(SECOND, MESSAGE, 0, 0, land, 0)

    began = time.process_time()
    trio.run(main, clock=clock)
    return messages / (time.process_time() - began)
