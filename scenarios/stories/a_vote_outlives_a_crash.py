"""Three nodes stand in one term; one of them restarts right after it has voted, and still knows for whom."""

import trio

from cluster.sim.world import World
from cluster.steps import Restart
from cluster.time_units import MILLISECOND
from cluster.trace import Recovered, Voted


async def story(world: World) -> None:
    world.start("ABC")
    world.rewire(latency=80 * MILLISECOND, jitter=0)  # all lose patience before the first question arrives
    world.when(Voted, Restart(""))  # it has voted for itself, on its disk, and asks nobody any more

    await world.elected()
    events = world.history.events
    [(node, vote)] = [
        (event.node, event.note.vote) for event in events if isinstance(event.note, Recovered) and event.note.term
    ]
    assert vote == node, "what it reads is that it has voted for itself"
    votes = [event.note for event in events if event.node == node and isinstance(event.note, Voted)]
    assert len({vote.term for vote in votes}) == len(votes), "one vote a term"
    await trio.sleep(60)
