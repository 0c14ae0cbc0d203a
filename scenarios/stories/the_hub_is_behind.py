"""Only one node reaches the others and its log is behind: nobody may lead, for ever, until one more link comes back."""

import trio

from cluster.trace import BecameLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    leader = await world.elected()
    hub, *spokes = [name for name in "ABCDE" if name != leader]
    world.isolate(hub)
    await world.ask(leader, Put("x", 1))
    await world.until(lambda: all(world[name].applied >= 2 for name in spokes), 5, "the others to know")
    world.crash(leader)

    world.heal()
    for number, spoke in enumerate(spokes):
        for other in spokes[number + 1 :]:
            world.cut(spoke, other)
    terms, won = [world[name].term for name in (hub, *spokes)], elections(world)
    await trio.sleep(60)
    # A limit of the protocol, and of every leader it may choose: a spoke has no majority, the hub not what is committed.
    assert [world[name].leader for name in (hub, *spokes)] == [None] * 4, "no stable leader, and none at all"
    assert [world[name].term for name in (hub, *spokes)] == terms, "nobody stands who cannot win"
    assert elections(world) == won

    world.heal()
    world.cut(spokes[0], spokes[2])
    world.cut(spokes[1], spokes[2])
    first = await world.elected(within=10)  # one link more, and a spoke has a majority
    assert first in spokes[:2]
    assert await world.ask(hub, Get("x")) == 1


def elections(world: World) -> int:
    """How many were won so far."""
    return len(world.history.of(BecameLeader))
