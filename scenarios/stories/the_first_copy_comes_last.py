"""A request is refused for good while its first copy is under way. The copy comes, and it happens: the answer has waited."""

import trio

from cluster.trace import BecameLeader, WishEnded
from scenarios import World
from scenarios.register import Register


async def story(world: World) -> None:
    world.start("AB", Register)
    leader = (await world.seen(BecameLeader)).node
    other = "AB".replace(leader, "")
    world.remove(leader)  # nobody leads in full yet, so the other node asks
    world.rewire(delay_chance=1.0, delay=3)
    await world.until(lambda: world[other].leader == leader)  # the request is under way, and will take so long
    world.rewire(delay_chance=0.0)
    await trio.sleep(0.1)

    world.demote(other)
    await world.joined(other, watcher=True)
    await trio.sleep(1)  # asked again, the only voter refuses to leave, for good
    world.promote(other)
    await world.joined(other)

    await world.left(leader)
    await world.led_by(other)
    ends = world.history.of(WishEnded)
    assert [event.node for event in ends] == [leader, leader, other]
    assert ends[-1].note.index > 0, "it is so"
