"""Two of three messages are lost, and round after round goes by without an answer; but some are answered, and somebody wins."""

from cluster.trace import BecameLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.ask(leader, Put("x", 1))
    world.rewire(loss=0.67)
    world.crash(leader)
    await world.seen(BecameLeader, within=300)

    world.rewire(loss=0)
    world.restart(leader)
    await world.settled()
    assert await world.ask(leader, Get("x")) == 1
