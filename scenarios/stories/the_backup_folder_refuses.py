"""The folder for backups refuses everything for an hour. One run fails with the reason, and the next one is the next hour's."""

import trio

from backup.destinations.faults import Refusing, Well
from backup.destinations.port import IN_PROGRESS
from backup.notes import BackupFailed
from backup.restore.restore_points import check
from cluster.sim.world import World
from cluster.time_units import HOUR, hours
from scenarios.backups import FOLDER, backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", members="B")
    await shop.fill()
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    world.disturb("B", Refusing(FOLDER))
    failed = await world.seen(BackupFailed, within=hours(1))
    await trio.sleep(60)
    assert not any(file.endswith(IN_PROGRESS) for file in hourly.files("B")), "nothing half made stays (9.6c)"
    assert len(hourly.files("B")) == 1
    world.disturb("B", Well(FOLDER))
    again = await hourly.ran(within=hours(1.1))
    assert again.outcome == "written"
    assert again.occurrence == failed.note.occurrence + HOUR, "the next occurrence (8.9)"
    assert not again.full, "the chain goes on from the file before"
    assert check(client.destinations.place("B", FOLDER), first.folder).whole
    assert (await hourly.restore_newest("Copy")).compared()
