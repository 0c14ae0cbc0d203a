"""What B told a leader, and B's log no longer says, arrives when that one leads again: it must count for nothing."""

import trio

from cluster.trace import BecameLeader, Wrote
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    one = await world.elected()
    await world.settled()
    two, *rest = (name for name in world.names if name != one)
    world.split((one, two), rest)
    with trio.move_on_after(0.02):
        await world.ask(one, Put("x", 1))  # two of five hold it: it is not committed
    world.hold(two, one)
    with trio.move_on_after(0.02):
        await world.ask(one, Put("x", 2))

    world.heal()
    world.split((one,), (two, *rest))
    for name in rest:
        world.cut_one_way(two, name)  # it hears the next leader, and does not become it
    three = (await world.seen(BecameLeader)).node
    for name in rest:
        if name != three:
            world.cut(three, name)  # only two gets its entry
    await world.seen(Wrote, node=two)

    rest.remove(three)
    world.heal()
    world.split((one, *rest), (two,), (three,))
    await world.seen(BecameLeader, node=one)
    world.heal()
    world.isolate(three)
    await world.until(lambda: world[two].term == world[one].term, within=2)
    world.release(two, one)
    world.mend()
    await world.settled()
