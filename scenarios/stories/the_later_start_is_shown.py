"""A cut-off owner tells of its two o'clock run when the other's three o'clock run is known: the later start stays on show."""

import trio

from cluster.time_units import HOUR
from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness",)


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(1.2) - world.now)

    world.isolate(first.node)  # it goes on, and the others give its task away
    await trio.sleep(hours(2.5) - world.now)
    world.crash(first.node)
    await trio.sleep(hours(3.3) - world.now)
    world.heal()
    world.restart(first.node)  # what it ran at two is on its disk, and nobody has heard of it
    await world.settled()
    await hourly.reported(within=minutes(10))

    assert {(run.node == first.node, run.due) for run in hourly.runs if run.due >= hours(2)} == {
        (True, hours(2)),
        (False, hours(2)),
        (False, hours(3)),
    }
    shown = world["A"].state.database("Shop").statuses[hourly.id]
    assert (shown.node != first.node, shown.started_at >= 3 * HOUR) == (True, True), "told late, and overtaken (24.6)"
