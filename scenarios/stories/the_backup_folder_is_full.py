"""The folder for backups is full at two o'clock. The run fails and says so, nothing half made stays, and three has it all."""

import trio

from cluster.time_units import HOUR
from scenarios import World, hours
from scenarios.backups import FOLDER, IN_PROGRESS, BackupFailed, Full, Trouble, Well, backups, check_chain


async def story(world: World) -> None:
    await one_bad_hour(world, Full(FOLDER))


async def one_bad_hour(world: World, trouble: Trouble) -> None:
    """B's folder is in trouble at two o'clock, and well again at three."""
    client = backups(world)
    shop = await client.shop("ABC", members="B")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    world.disturb("B", trouble)
    failed = await world.seen(BackupFailed, within=hours(1))
    await trio.sleep(60)
    assert not any(file.endswith(IN_PROGRESS) for file in hourly.files("B")), "nothing half made stays (9.6c)"
    assert len(hourly.files("B")) == 1
    world.disturb("B", Well(FOLDER))
    again = await hourly.ran(within=hours(1.1))
    assert again.outcome == "written"
    assert again.occurrence == failed.note.occurrence + HOUR, "the next occurrence (8.9)"
    assert not again.full, "the chain goes on from the file before"
    assert check_chain(client.destinations.place("B", FOLDER), first.folder).whole
    assert (await hourly.restore_newest("Copy")).compared()
