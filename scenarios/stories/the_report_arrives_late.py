"""A backup ends while nobody leads. Its report waits on the disk, survives a restart, and arrives once."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import ReportQueued, backups

TOLD_UNDER = ("unkindness",)


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    others = [name for name in world.names if name != owner]
    await trio.sleep(hours(1.9) - world.now)

    for name in others:
        world.crash(name)
    await shop.put({"orders/unseen": {"leader": None}}, on=owner)
    await world.seen(ReportQueued, node=owner, within=minutes(10))
    world.restart(owner)  # what was only in memory would be lost now
    await trio.sleep(minutes(20))
    assert hourly.reports() == 1, "nobody has been told yet"

    for name in others:
        world.restart(name)
    await world.elected()
    await hourly.reported()
    assert hourly.reports() == 2, "told once, and late"
    assert hourly.late_reports() == 1
