"""A leader and a follower lose each other, and both reach the third; who hears the leader unseats it for nobody."""

import trio

from cluster.member import NoLeader
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    middle, end = [name for name in "ABC" if name != leader]
    await world.ask(leader, Put("x", 1))
    await world.settled()
    term = world[leader].term

    world.cut(leader, end)
    await trio.sleep(60)
    assert world[leader].role == "leader", "the chained pattern: the middle follows it, and refuses the end"
    assert [world[name].term for name in "ABC"] == [term] * 3
    assert await world.ask(middle, Put("x", 2)) == 1
    with world.expecting(NoLeader):
        await world.ask(end, Put("x", 3))  # the price: nobody brings the end's words to the leader

    world.heal()
    await world.settled()
