"""A node is removed while it is cut off; back again it knows nothing of that, asks for votes, and disturbs nobody."""

import trio

from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCD", Register)
    leader = await world.elected()
    away = next(name for name in "ABCD" if name != leader)

    world.isolate(away)
    world.remove(away)
    await world.left(away)
    await world.ask(leader, Put("x", 1))
    await trio.sleep(2)
    assert away in world[away].members, "it does not know"

    term = world[leader].term
    world.heal()
    await trio.sleep(60)
    assert world[leader].role == "leader"
    assert world[leader].term == term, "nobody had to win again"
    assert world[away].members == (), "it has been told, and rests"
