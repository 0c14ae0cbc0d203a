"""Far-apart nodes stand at the same moment and split the vote; the next round, with longer patience, decides."""

from collections import Counter

import trio

from cluster.trace import BecameCandidate, BecameLeader
from scenarios import World


async def story(world: World) -> None:
    world.start("ABCDE")
    world.rewire(latency=0.08, jitter=0)  # all lose patience before the first question arrives
    leader = await world.elected(within=30)

    stood = Counter(event.note.term for event in world.history.of(BecameCandidate) if not event.note.trial)
    won = {event.note.term for event in world.history.of(BecameLeader)}
    split = [term for term, candidates in stood.items() if candidates > 1 and term not in won]
    world.sometimes("a vote is split", bool(split))
    assert all(term not in won for term in split), "nobody leads a term whose vote was split"

    await trio.sleep(60)
    assert world[leader].role == "leader", "once decided, it stays"
