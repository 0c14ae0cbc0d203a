"""A leader's word that a node is no member comes after the same leader has let it join again: it is too old."""

import trio

from cluster.trace import BecameCandidate
from scenarios import World
from scenarios.register import Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    back, late = (name for name in "ABC" if name != leader)
    world.isolate(back)
    world.remove(back)
    await world.left(back)

    world.heal()
    await world.seen(BecameCandidate, node=back)
    world.rewire(delay_chance=1.0, delay=3)  # the question is under way, and the answer will take so long
    await trio.sleep(0.01)
    world.rewire(delay_chance=0.0)
    world.join(back)
    await world.joined(back)
    term = world[back].term

    world.isolate(late)
    await world.ask(leader, Put("x", 1))
    world.crash(leader)
    await trio.sleep(4)
    assert world[back].term == term, "the word was of this term"
    world.heal()

    await trio.sleep(20)
    assert await world.ask(late, Put("x", 2)) == 1
    assert world[back].role == "leader", "nobody else had what was committed last"
