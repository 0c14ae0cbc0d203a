"""A leader that is cut off writes what nobody else hears of; two leaders later its log is compared, cut, and made theirs."""

import trio

from cluster.trace import Wrote
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    old = await world.elected()
    await world.ask(old, Put("x", 1))
    world.isolate(old)
    for content in (6, 7, 8, 9):
        with trio.move_on_after(0.02):
            await world.ask(old, Put("x", content))

    new = await world.elected(other_than=old)
    await world.ask(new, Put("x", 2))
    world.restart(new)
    await world.elected(other_than=old)  # it knows of the old one's log nothing, and begins at its own end

    world.restart(old)  # who asked is forgotten, and what its log says is not
    world.heal()
    await world.settled()
    cut = [event for event in world.history.of(Wrote) if event.note.truncated]
    assert [event.node for event in cut] == [old], "what it wrote alone had to go"
    assert await world.ask(old, Get("x")) == 2
