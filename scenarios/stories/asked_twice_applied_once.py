"""A node never hears what became of its command and brings it to the next leader, which knows that it has happened."""

import trio

from cluster.trace import BecameLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    cluster = world.start("ABCDE", Register)
    first = await world.elected()
    await world.settled()
    asker = next(name for name in "ABCDE" if name != first)

    world.cut_one_way(first, asker)  # it can ask, and hears nothing
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.ask, asker, Put("x", 1))
        await trio.sleep(0.05)
        assert cluster[first].state == {"x": 1}
        world.crash(first)
        second = (await world.seen(BecameLeader)).node
        world.hold(asker, second)  # it asks again, and is late
        await world.ask(second, Put("x", 2))
        world.release(asker, second)
    await world.settled()
    assert await world.ask(second, Get("x")) == 2, "asked again after that, x = 1 changed nothing"
