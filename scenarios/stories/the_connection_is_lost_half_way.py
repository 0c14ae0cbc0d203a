"""The connection to the folder for backups is lost in the middle of a file. What arrived of it is never taken for a backup."""

import trio

from cluster.steps import Disturb
from scenarios import World, hours
from scenarios.backups import FOLDER, IN_PROGRESS, BackupStarted, Disconnected, Well, backups, check_chain


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", documents=400, members="B")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    world.when(BackupStarted, Disturb("", Disconnected(FOLDER)))
    failed = await hourly.ran(within=hours(1))
    assert failed.outcome == "failed"
    left = [file for file in hourly.files("B") if first.file not in file]
    assert len(left) == 1, "nobody could clean up behind a lost connection"
    assert left[0].endswith(IN_PROGRESS), "and it does not look finished"

    world.disturb("B", Well(FOLDER))
    again = await hourly.ran(within=hours(1.1))
    assert again.outcome == "written"
    assert not again.full
    assert check_chain(client.destinations.place("B", FOLDER), first.folder).whole
    assert (await hourly.restore_newest("Copy")).compared()
