"""One of two followers is gone for good, the other installs a snapshot on a slow disk and answers meanwhile: its leader leads on."""

import trio

from cluster.trace import SnapshotInstalled
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    cluster = world.start("ABC", Register)
    leader = await world.elected()
    sleeper, other = [name for name in "ABC" if name != leader]
    world.crash(sleeper)
    writer = cluster[leader].application.member
    for number in range(1_300):
        await writer.propose(Put(f"register {number % 100}", number))
    term = world[leader].term

    world.slow_disk(sleeper, 4_000)  # some seconds for each sync, ten election timeouts
    world.restart(sleeper)
    await world.until(lambda: world[sleeper].leader == leader, 5, f"{sleeper} to hear {leader}")
    world.crash(other)
    await world.seen(SnapshotInstalled, node=sleeper)
    await trio.sleep(10)
    assert world[leader].role == "leader"
    assert world[leader].term == term, "it was answered all the time"

    world.slow_disk(sleeper, 1)
    await world.settled()
    assert await world.ask(sleeper, Get("register 42")) == 1_242
