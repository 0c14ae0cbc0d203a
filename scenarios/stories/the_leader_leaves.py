"""A leader is removed: it leads until that is committed, tells another to stand, and then rests while the others go on."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.ask(leader, Put("x", 1))

    world.remove(leader)
    second = await world.elected(other_than=leader, within=2)
    await world.left(leader)
    assert world[leader].role == "follower"
    assert leader not in world[second].members

    await world.ask(second, Put("x", 2))
    await trio.sleep(30)
    assert world[leader].leader is None, "nobody sends it anything, and it asks nobody"

    world.wipe(leader)
    world.join(leader)  # it comes back as a new one
    await world.joined(leader)
    assert await world.ask(leader, Get("x")) == 2
