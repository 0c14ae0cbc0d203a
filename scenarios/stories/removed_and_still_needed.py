"""A leader of two removes itself and is cut off before the other hears of it: it must lead once more to be allowed to go."""

import trio

from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("AB", Register)
    leader = await world.elected()
    other = "B" if leader == "A" else "A"
    await world.ask(leader, Put("x", 1))

    world.cut("A", "B")
    world.remove(leader)
    await world.until(lambda: leader not in world[leader].voters, 2, "the change in the leader's log")
    await trio.sleep(2)  # its quorum is gone, and it leads no more
    assert world[leader].role != "leader"

    world.heal()  # the other's log is the shorter one: it cannot win, and nobody else may vote
    await world.led_by(other, within=10)
    await world.left(leader)
    await world.ask(other, Put("x", 2))
    assert world[other].members == (other,)
