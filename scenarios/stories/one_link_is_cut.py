"""One link of three is cut: the node that hears no leader asks, is told by the other that there is one, and nobody is disturbed."""

import trio

from scenarios import World


async def story(world: World) -> None:
    world.start("ABC")
    leader = await world.elected()
    await world.settled()
    deaf = next(name for name in "ABC" if name != leader)
    term = world[leader].term

    world.cut(leader, deaf)
    await trio.sleep(60)
    assert (world[leader].role, world[leader].term) == ("leader", term), "it still has a majority, and goes on"

    world.heal()
    await world.settled()
    assert world[deaf].leader == leader
    assert world[leader].term == term, "a minute of asking has cost no term"
