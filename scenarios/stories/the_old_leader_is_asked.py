"""A leader hands over and is cut off with a friend before it hears who won; asked to read, it does not say what it holds."""

from typing import Any

import trio

from cluster.trace import BecameCandidate
from scenarios import World
from scenarios.register import Look, Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    old = await world.elected()
    heir, friend = [name for name in "ABCDE" if name != old][:2]
    others = [name for name in "ABCDE" if name not in (old, friend)]
    await world.ask(old, Put("x", 1))
    assert await world.ask(old, Look("x")) == 1

    world.transfer(heir)
    await world.seen(BecameCandidate, node=heir)
    world.split((old, friend), others)
    await world.led_by(heir, within=1)
    await world.ask(heir, Put("x", 2))
    assert world[old].role == "leader", "it has not noticed yet"

    answers: list[Any] = []

    async def look() -> None:
        answers.append(await world.ask(old, Look("x")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        await trio.sleep(1)
        assert answers == [], "its friend alone cannot vouch for it"
        world.heal()
    assert answers == [2]
