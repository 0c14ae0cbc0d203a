"""A command is given up because nobody leads; the next one of the same node does not wait for it."""

import trio

from cluster.member import NoLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    one, other = [name for name in "ABC" if name != leader]
    world.crash(leader)
    world.crash(other)
    await trio.sleep(1)
    with world.expecting(NoLeader):
        await world.ask(one, Put("x", 1))

    world.mend()
    await world.elected()
    with trio.move_on_after(5) as waiting:
        await world.ask(one, Put("x", 2))
    assert not waiting.cancelled_caught, "its node is not owed the first one"
    assert await world.ask(other, Get("x")) == 2
