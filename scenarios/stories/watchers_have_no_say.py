"""A leader keeps its watchers and loses the other voters: it commits nothing, and they elect somebody who does."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    for watcher in "DE":
        world.join(watcher, watcher=True)
        await world.joined(watcher, watcher=True)
    await world.settled()

    others = "ABC".replace(leader, "")
    world.split(leader + "DE", others)
    commit = world[leader].commit
    with trio.move_on_after(0.2):
        await world.ask(leader, Put("x", 1))
    assert world[leader].commit == commit, "three of five have it, but one of three voters"

    second = await world.elected(other_than=leader, within=5)
    await world.ask(second, Put("x", 2))
    await trio.sleep(5)
    assert world["D"].leader is None, "a watcher that hears of no leader says so"
    world.heal()
    await world.settled()
    assert await world.ask("D", Get("x")) in (1, 2)
