"""A backup goes to a local folder and two clouds, and one refuses it: the run has failed, though the file is there. The next mends all."""

import trio

from scenarios import World, hours
from scenarios.backups import FOLDER, AmazonS3, Azure, BackupFailed, LocalFolder, Refusing, Well, backups, chains

NIGHTLY = AmazonS3("nightly", secret_key="nobody sees this")
BLOBS = Azure("blobs", remote_folder="shop")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", members="B")
    hourly = await shop.define(
        full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), NIGHTLY, BLOBS), name="Everywhere"
    )
    first = await hourly.ran()
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    world.disturb("B", Refusing(NIGHTLY.address))
    failed = await world.seen(BackupFailed, within=hours(1))
    assert "1 of 2 uploads failed, and with that the backup" in failed.note.error
    await hourly.reported()
    assert len(hourly.files("B")) == 2, "the local file is there, and the run has failed all the same (9.8)"
    assert len(hourly.files("B", BLOBS.address)) == 2
    assert len(hourly.files("B", NIGHTLY.address)) == 1
    world.say("what the cluster knows of it:")
    await shop.tasks()

    world.disturb("B", Well(NIGHTLY.address))
    await shop.put({"orders/newer": {"since": "half past two"}})
    again = await hourly.ran(within=hours(1.1))
    assert again.outcome == "written"
    assert not again.full
    for place in hourly.places:
        whole = chains(client.destinations.place("B", place.address))
        assert [chain.folder for chain in whole if chain.whole] == [first.folder], "whole everywhere, from one full"
    assert (await hourly.restore_newest("FromTheFolder")).compared()
    assert (await hourly.restore_newest("FromTheCloud", NIGHTLY, on="C")).compared(), "a cloud is open to every node"
