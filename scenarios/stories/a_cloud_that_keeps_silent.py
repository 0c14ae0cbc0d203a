"""A cloud takes connections and never answers: each attempt is given up in two minutes, and three are made before the run fails."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import AmazonS3, BackupFailed, Silent, UploadFailed, UploadRepeated, Well, backups, chains

TOLD_UNDER = ("unkindness",)  # RavenDB leaves other attempts to the library of the cloud (9.8)
NIGHTLY = AmazonS3("nightly", remote_folder="shop")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", members="B")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(NIGHTLY,), name="To the cloud")
    first = await hourly.ran(within=hours(2))

    await shop.put({"orders/new": {"since": "half past one"}})
    world.disturb("B", Silent("s3://nightly//shop/"))
    await world.seen(UploadRepeated, within=hours(1.1))
    await trio.sleep(minutes(1))
    world.disturb("B", Well(NIGHTLY.address))
    second = await hourly.ran(within=hours(1))
    assert (second.outcome, second.full) == ("written", False), "it is back before the attempts are used up"
    assert second.folder == first.folder

    await shop.put({"orders/newer": {"since": "half past two"}})
    world.disturb("B", Silent(NIGHTLY.address))
    failed = await world.seen(BackupFailed, within=hours(1.2))
    assert "s3://nightly/shop: the server has kept silent for 120 s" in failed.note.error
    tries = [event.note.attempt for event in world.history.of(UploadRepeated) if event.t > second.t]
    assert tries == [1, 2], "three attempts, of which two were followed by another"
    assert world.history.of(UploadFailed)[-1].note.path == NIGHTLY.address

    world.disturb("B", Well(NIGHTLY.address))
    third = await hourly.ran(within=hours(1.2))
    assert third.outcome == "written"
    (chain,) = chains(client.destinations.place("B", NIGHTLY.address))
    assert chain.whole
    assert (await hourly.restore_newest("Copy", NIGHTLY, on="C")).compared()
