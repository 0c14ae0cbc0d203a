"""A command comes to the leader once more, after its client has started again and asked for something else: it is over."""

import trio

from cluster.trace import Proposed
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.settled()
    client = next(name for name in "ABC" if name != leader)

    world.rewire(delay_chance=1.0, delay=3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.ask, client, Put("x", 1))
        await world.seen(Proposed, node=client)
        world.rewire(delay_chance=0.0)  # the first attempt is late, and the second, a second later, is not

    world.restart(client)
    await world.settled()
    await world.ask(client, Put("x", 2))
    await trio.sleep(3)
    await world.settled()
    assert await world.ask(leader, Get("x")) == 2, "the late attempt was passed over"
