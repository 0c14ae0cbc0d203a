"""A leader that nobody hears lets a node join; the others go on without it, and what it alone had in force is in force no more."""

from cluster.trace import ConfigurationChanged
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    old = await world.elected()
    world.isolate(old)
    world.join("D")
    world.isolate(old)  # from D too
    await world.until(lambda: "D" in world[old].members, 1, "the change in the old leader's log")

    new = await world.elected(other_than=old)
    await world.ask(new, Put("x", 1))
    world.restart(old)  # who asked is forgotten, and what its log says is not
    await world.seen(ConfigurationChanged, node=old)
    assert "D" in world[old].members

    world.heal()
    await world.seen(ConfigurationChanged, node=old, index=0, within=5)  # its log is cut: what the founders said holds
    assert "D" not in world[old].members

    world.join("D")
    await world.joined("D")
    await world.settled()
    assert world[old].members == ("A", "B", "C", "D")
