"""A leader is cut off. It cannot know that, but it can count who answers: within an election timeout it leads no more."""

import trio

from cluster.member import NoLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    old = await world.elected()
    world.isolate(old)
    new = await world.elected(other_than=old, within=2)
    await trio.sleep(0.5)
    assert world[old].role != "leader", "nobody has told it, and it has noticed"

    await world.ask(new, Put("x", 1))
    with world.expecting(NoLeader):
        await world.ask(old, Put("x", 2))
    world.heal()
    await world.settled()
    assert await world.ask(old, Get("x")) == 1
