"""A node joins while another is down, and cannot be reached: without a vote it holds up nothing; once it has the log it votes."""

from cluster.trace import ConfigurationChanged
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    down = next(name for name in "ABC" if name != leader)
    world.crash(down)

    world.join("D")
    world.isolate("D")
    await world.seen(ConfigurationChanged, node=leader)
    before = world.now
    await world.ask(leader, Put("x", 1))
    assert world.now - before < 1, "two of three voters are a majority, with or without D"
    assert world[leader].voters == ("A", "B", "C")

    world.heal()
    await world.joined("D", within=5)
    world.crash(next(name for name in "ABC" if name not in (leader, down)))
    world.restart(down)
    await world.elected()
    assert await world.ask("D", Get("x")) == 1
