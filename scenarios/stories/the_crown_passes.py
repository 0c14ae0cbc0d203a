"""The leader dies; within a second the others have another, and the old one comes back as a follower."""

import trio

from scenarios import World


async def story(world: World) -> None:
    world.start("ABC")
    first = await world.elected()
    term = world[first].term

    world.crash(first)
    second = await world.elected(other_than=first, within=2)
    assert world[second].term > term, "a new leader leads a new term"

    world.restart(first)
    await world.settled()
    assert world[first].role == "follower"
    assert world[first].leader == second, "who comes back follows and does not disturb"
    await trio.sleep(60)
    assert world[second].role == "leader"
