"""An heir stands in a term that nobody hears of and then reaches the old leader alone; its answer to a beat brings it back."""

from cluster.steps import Split
from cluster.trace import BecameCandidate, HandingOverEnded
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    leader = await world.elected()
    await world.ask(leader, Put("x", 1))
    await world.settled()
    heir, other = [name for name in "ABC" if name != leader]

    world.when(BecameCandidate, Split(((heir,), (leader, other))), node=heir)
    world.transfer(heir)
    await world.seen(HandingOverEnded, node=leader)
    assert world[heir].term > world[leader].term
    assert world[leader].role == "leader"

    world.heal()
    world.cut(heir, other)
    await world.until(lambda: world[heir].leader is not None, 10, f"{heir} to know a leader")
    assert await world.ask(heir, Get("x")) == 1
