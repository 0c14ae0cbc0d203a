"""Everybody hears the leader and it hears nobody; it gives up, and those who can agree elect another."""

from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    deaf = await world.elected()
    others = [name for name in "ABCDE" if name != deaf]

    for name in others:
        world.cut_one_way(name, deaf)
    leader = await world.elected(other_than=deaf, within=5)
    await world.ask(leader, Put("x", 1))
    assert world[deaf].role != "leader"

    world.heal()
    await world.settled()
