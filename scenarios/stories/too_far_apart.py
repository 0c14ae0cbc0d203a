"""Messages take longer than anybody's patience: nobody can be made to lead. Once they are quick again, somebody does."""

import trio

from cluster.trace import BecameLeader
from scenarios import World


async def story(world: World) -> None:
    world.start("ABC")
    world.rewire(latency=0.9, jitter=0)
    await trio.sleep(20)
    led = world.history.of(BecameLeader)
    assert not led, "no promise says that somebody leads in such weather"

    world.rewire(latency=0.005)
    await world.elected(within=5)
