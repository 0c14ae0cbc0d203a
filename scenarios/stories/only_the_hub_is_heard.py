"""All links are gone but those of one follower, which still hears its leader; the leader gives up, and the hub leads."""

import trio

from cluster.trace import BecameLeader
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    leader = await world.elected()
    hub, *rest = [name for name in "ABCDE" if name != leader]
    await world.ask(leader, Put("x", 1))
    await world.settled()

    spokes = [leader, *rest]
    for number, spoke in enumerate(spokes):
        for other in spokes[number + 1 :]:
            world.cut(spoke, other)
    await world.led_by(hub, within=10)  # the quorum-loss pattern: only the hub reaches a majority
    assert await world.ask(leader, Put("x", 2)) == 1

    won = len(world.history.of(BecameLeader))
    await trio.sleep(60)
    assert world[hub].role == "leader", "and stays"
    assert len(world.history.of(BecameLeader)) == won
