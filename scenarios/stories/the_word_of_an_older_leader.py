"""A leader that is deposed and does not know tells a node that it is no member. It is one again, and that word is too old."""

import trio

from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    old = await world.elected()
    back, new, keeps, late = [name for name in "ABCDE" if name != old]
    world.remove(back)
    await world.left(back)
    await trio.sleep(1)

    for name in (keeps, late):
        world.hold(name, old)
    await trio.sleep(0.12)
    for name in (new, keeps, late):
        world.cut_one_way(name, old)  # what they have answered comes late, and what they say from now on never
    world.transfer(new)
    await world.led_by(new)
    world.join(back)
    await world.joined(back)
    world.cut(new, late)
    await world.ask(new, Put("x", 1))
    world.crash(new)
    world.crash(keeps)
    await trio.sleep(0.15)
    world.heal()
    for name in (keeps, late):
        world.release(name, old)
    world.cut_one_way(late, old)
    await trio.sleep(0.25)
    assert world[old].role == "leader", "nobody has told it of the next term"
    world.heal()

    await trio.sleep(20)
    assert await world.ask(late, Put("x", 2)) == 1
    assert world[back].role == "leader", "nobody else has what was committed last"
