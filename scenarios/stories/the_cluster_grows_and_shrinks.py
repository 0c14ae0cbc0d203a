"""Three nodes become five while clients write; the leader dies; then three are left, two of them new, and nothing is lost."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.ask(leader, Put("x", 1))

    world.join("D")
    world.join("E")  # one change at a time: the second waits for the first
    await world.joined("D")
    await world.joined("E")
    assert world[leader].voters == ("A", "B", "C", "D", "E")

    world.crash(leader)
    second = await world.elected(other_than=leader, within=3)
    await world.ask(second, Put("x", 2))
    world.restart(leader)
    await world.settled()

    staying = next(name for name in "ABC" if name != leader)
    world.reconfigure(staying + "DE")  # two leave at once: through a joint configuration
    await world.reconfigured(staying + "DE")
    last = await world.elected()
    assert await world.ask(last, Get("x")) == 2
    await trio.sleep(60)
    assert world[last].role == "leader", "who has left disturbs nobody"
    assert world[last].members == tuple(sorted(staying + "DE"))
