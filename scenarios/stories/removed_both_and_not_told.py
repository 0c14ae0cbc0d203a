"""Two of three nodes are removed, one after the other, and neither hears it is committed: they do not lead each other."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    last = await world.elected()
    first, second = [name for name in "ABC" if name != last]
    await world.settled()

    world.remove(first)
    await world.left(first)
    world.cut(last, first)
    world.cut(last, second)  # both hold the change, and not that it is committed
    world.remove(second)
    await world.left(second)
    await world.ask(last, Put("x", 1))

    await trio.sleep(10)
    assert world[first].role != "leader", "what its log says is in force, and that is not what it was"
    assert world[second].role != "leader"
    world.heal()
    await trio.sleep(2)
    assert await world.ask(last, Get("x")) == 1
    assert world[last].members == (last,)
