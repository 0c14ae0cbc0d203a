"""The responsible node is away for twenty minutes. Its task waits for it, and its chain goes on."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import MoveAnnounced, OwnerChanged, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(2.8) - world.now)
    await shop.put({"orders/new": {"since": "half past two"}})
    await trio.sleep(minutes(2))

    world.crash(first.node)
    await world.seen(MoveAnnounced, within=minutes(3))  # rule 7.8: it will move, but not yet
    await trio.sleep(minutes(20))
    world.restart(first.node)
    run = await hourly.ran(within=minutes(5))

    assert run.node == first.node, "it came back in time and keeps its task"
    assert not run.full, "and continues its own chain"
    given = {event.note.index for event in world.history.of(OwnerChanged)}
    assert len(given) == 1, "the task was given away once, at the beginning"
    await trio.sleep(hours(1))
    assert hourly.owner == first.node
