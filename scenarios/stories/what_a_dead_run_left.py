"""A node dies while it sends a file to an FTP server, which shows what has arrived of it. The task's next run there clears it away."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import FOLDER, IN_PROGRESS, BackupStarted, Ftp, LocalFolder, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")  # by the rules of 4.2 whoever returns lets the hour pass
ARCHIVE = Ftp("ftps://archive.example/shop", user="raven")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", documents=400, members="B")
    daily = await shop.define(full="0 1 * * *", to=(LocalFolder(FOLDER), ARCHIVE), mentor="B", name="To the archive")
    started = await world.seen(BackupStarted, within=hours(2))
    await trio.sleep(1.2)
    world.crash("B")
    await trio.sleep(60)
    (left,) = daily.files("B", ARCHIVE.address)
    assert left.endswith(IN_PROGRESS), "an FTP server shows a file before it is whole, and nothing there takes it away"

    world.restart("B")
    run = await daily.ran(within=minutes(10))
    assert (run.node, run.outcome) == ("B", "written")
    assert run.occurrence == started.note.occurrence
    assert daily.files("B", ARCHIVE.address) == [f"{run.folder}/{run.file}"], "the node remembers what it had begun"
