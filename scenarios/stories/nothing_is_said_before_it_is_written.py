"""A follower with a slow disk dies before an entry is on it: it had said nothing yet, so nothing that was promised is lost."""

import trio

from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.settled()
    slow, far = [name for name in "ABC" if name != leader]
    world.isolate(far)  # so that the slow one decides
    world.slow_disk(slow, 1_000)
    with trio.move_on_after(0.15) as waiting:
        await world.ask(leader, Put("x", 1))
    world.crash(slow)  # the entry has been there for a while, and is not on the disk
    committed = world[leader].commit
    world.slow_disk(slow, 1)
    world.restart(slow)
    await world.until(lambda: world[leader].commit > committed, 1, "the entry sent once more, and written")
    world.heal()
    await world.settled()
    assert await world.ask(far, Get("x")) == 1
    assert waiting.cancelled_caught, "meanwhile nobody took the entry for written"
