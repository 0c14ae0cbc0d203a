"""The responsible node dies in the middle of a file. What it leaves is never taken for a backup."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import IN_PROGRESS, BackupStarted, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", documents=400)
    hourly = await shop.define(full="0 * * * *")
    started = await world.seen(BackupStarted, within=hours(2))
    owner = started.node
    await trio.sleep(0.15)  # the file is open, and not all of it is written
    world.crash(owner)
    assert not hourly.runs, "it never finished"

    await trio.sleep(minutes(1))
    assert all(file.endswith(IN_PROGRESS) for file in hourly.files(owner)), "and no file looks as if it had"
    world.restart(owner)
    run = await hourly.ran(within=minutes(5))
    assert run.node == owner
    assert run.outcome == "written", "it came back within the grace and covers the hour it owed"
    assert run.occurrence == started.note.occurrence

    restored = await hourly.restore_newest("Copy")
    comparison = restored.compared()
    assert comparison, comparison.text()
