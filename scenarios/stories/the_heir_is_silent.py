"""Leadership is to go to a node that nobody can reach: after an election timeout the leader gives that up and goes on."""

from cluster.trace import HandingOverEnded
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    heir = next(name for name in "ABC" if name != leader)

    world.isolate(heir)
    world.transfer(heir)
    await world.seen(HandingOverEnded, node=leader, within=1)
    await world.ask(leader, Put("x", 1))
    assert world[leader].role == "leader"
    assert world[leader].commit >= 2, "a command is taken and committed again"
