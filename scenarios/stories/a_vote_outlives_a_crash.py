"""Three nodes stand in one term; one of them restarts right after it has voted, and still knows for whom."""

import trio

from cluster.steps import Restart
from cluster.trace import Recovered, Voted
from scenarios import World


async def story(world: World) -> None:
    world.start("ABC")
    world.rewire(latency=0.08, jitter=0)  # all lose patience before the first question arrives
    world.when(Voted, Restart(""))  # it has voted for itself, on its disk, and asks nobody any more

    await world.elected()
    [(node, vote)] = [(event.node, event.note.vote) for event in world.history.of(Recovered) if event.note.term]
    assert vote == node, "what it reads is that it has voted for itself"
    terms = [event.note.term for event in world.history.of(Voted, node)]
    assert len(set(terms)) == len(terms), "one vote a term"
    await trio.sleep(60)
