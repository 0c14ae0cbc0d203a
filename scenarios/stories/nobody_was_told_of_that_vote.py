"""C dies while its vote is being written, and forgets it. Nobody was told of that vote, so C may give another in the same term."""

import trio

from cluster.steps import Restart, VoteUnsynced
from cluster.trace import Recovered, Voted
from scenarios import World

SEED = 8


async def story(world: World) -> None:
    world.tune(timing={"trial": False})
    world.start("ABC")
    world.cut("A", "B")
    world.when(VoteUnsynced, Restart(""), "C")
    await world.seen(Recovered, node="C")
    await world.seen(Recovered, node="C")
    world.cut_one_way("A", "C")  # what C has told A arrives, and C hears no more of A
    await trio.sleep(1)

    terms = [event.note.term for event in world.history.of(Voted, "C")]
    assert len(set(terms)) == len(terms), "one vote a term"
    world.mend()
    await world.elected()
