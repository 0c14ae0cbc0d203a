"""Of two nodes one has the longer log and the other the later term; the one learns the term, and then leads."""

import trio

from cluster.steps import Split
from cluster.trace import BecameLeader
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    first = await world.elected()
    await world.ask(first, Put("x", 1))
    await world.settled()
    heir, other = [name for name in "ABC" if name != first]

    world.when(BecameLeader, Split(((heir,), (first, other))), node=heir)
    world.transfer(heir)
    await world.seen(BecameLeader, node=heir)  # its first entry of this term reaches nobody
    world.when(BecameLeader, Split((("A",), ("B",), ("C",))))
    third = (await world.seen(BecameLeader)).node  # nor does the next leader's
    voter = next(name for name in (first, other) if name != third)
    world.crash(third)
    await trio.sleep(1)
    assert world[heir].term < world[voter].term, "the longer log is in the older term"

    world.heal()
    await world.led_by(heir, within=10)
    await world.ask(voter, Put("x", 2))
    assert await world.ask(heir, Get("x")) == 2
