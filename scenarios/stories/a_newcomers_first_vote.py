"""A watcher is made a voter and does not hear of it; the leader dies, and its vote is needed: it gives it all the same."""

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("AB", Register)
    leader = await world.elected()
    other = "B" if leader == "A" else "A"
    world.join("C", watcher=True)
    await world.joined("C", watcher=True)
    await world.ask(leader, Put("x", 1))
    await world.settled()

    world.isolate("C")
    world.reconfigure("ABC")
    await world.joined("C")
    assert "C" not in world["C"].voters, "it does not know yet"

    world.crash(leader)
    world.heal()
    await world.led_by(other, within=5)
    assert await world.ask("C", Get("x")) == 1
    assert "C" in world["C"].members
    assert world[other].voters == ("A", "B", "C")
