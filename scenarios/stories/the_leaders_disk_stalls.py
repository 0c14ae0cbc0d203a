"""The leader's disk stands still while its heartbeats go on; the others have disks of their own, and commands are committed."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register

STALLED = 100_000
"""So many times slower: a sync takes the best part of a minute."""


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    other = next(name for name in "ABC" if name != leader)
    await world.ask(leader, Put("x", 1))
    await world.settled()

    world.slow_disk(leader, STALLED)
    with trio.move_on_after(1) as waiting:
        await world.ask(leader, Put("x", 2))
        assert await world.ask(other, Get("x")) == 2
    assert not waiting.cancelled_caught, "two disks of three are a majority, and the leader's need not be among them"
    assert world[leader].role == "leader"

    world.slow_disk(leader, 1)
    await trio.sleep(120)
    await world.settled()
