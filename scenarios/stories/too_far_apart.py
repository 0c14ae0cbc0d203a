"""Messages take longer than anybody's patience: nobody can be made to lead. Once they are quick again, somebody does."""

import trio

from cluster.time_units import MILLISECOND
from cluster.trace import BecameLeader
from scenarios import World


async def story(world: World) -> None:
    world.start("ABC")
    world.rewire(latency=900 * MILLISECOND, jitter=0)
    await trio.sleep(20)
    led = world.history.of(BecameLeader)
    assert not led, "no promise says that somebody leads in such weather"

    world.rewire(latency=5 * MILLISECOND)
    await world.elected(within=5)
