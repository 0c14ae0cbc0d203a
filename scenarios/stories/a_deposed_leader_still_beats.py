"""An old leader hears nobody, and its beats still reach B. When the new leader dies, B and C must find another all the same."""

from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    old = await world.elected()
    others = [name for name in world.names if name != old]
    for name in others:
        world.cut_one_way(name, old)  # it talks, and hears nobody
    for name in others[1:]:
        world.cut_one_way(old, name)  # and only one hears it
    new = await world.elected(other_than=old)
    await world.ask(new, Put("x", 1))
    assert world[others[0]].leader == new, "a beat of an earlier term deposes nobody"

    world.crash(new)  # three are left who hear each other: all of them must vote
    heir = await world.elected(other_than=new, within=5)
    await world.ask(heir, Put("x", 2))
    world.mend()
    await world.settled()
