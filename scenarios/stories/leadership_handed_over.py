"""Leadership is handed to a node that was behind: it is brought up to date, told to stand, and leads without a second vote."""

import trio

from cluster.trace import BecameCandidate, BecameLeader, HandingOver
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    first = await world.elected()
    heir = next(name for name in "ABC" if name != first)

    world.isolate(heir)
    await world.ask(first, Put("x", 1))  # the heir does not know of this
    world.heal()
    world.transfer(heir)
    await world.led_by(heir, within=1)

    handed = world.history.of(HandingOver)[0]
    stood = [event for event in world.history.of(BecameCandidate) if event.seq > handed.seq]
    assert [event.node for event in stood] == [heir], "nobody else lost patience, and the heir stood once"
    won = next(event for event in world.history.of(BecameLeader) if event.seq > handed.seq)
    assert won.t - stood[0].t < 100_000, "a third of an election timeout: no gap that a client would see"
    assert await world.ask(first, Get("x")) == 1
    await trio.sleep(60)
    assert world[heir].role == "leader"
