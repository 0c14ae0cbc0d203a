"""Somebody removes the full backup from the folder: the next run notices, and is full again. What is corrupted nobody notices."""

import trio

from scenarios import World, hours
from scenarios.backups import (
    FOLDER,
    AmazonS3,
    Corrupted,
    DamagedBackup,
    Expired,
    LocalFolder,
    Removed,
    backups,
    chains,
)

NIGHTLY = AmazonS3("nightly")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", members="B")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), NIGHTLY))
    full = await hourly.ran()
    await shop.put({"orders/1": {"since": "one"}})
    assert not (await hourly.ran(within=hours(1.1))).full

    world.disturb("B", Removed(FOLDER, full.file))
    await shop.put({"orders/2": {"since": "two"}})
    anew = await hourly.ran(within=hours(1.1))
    assert anew.full, "an incremental that nothing leads up to would restore to nothing (8.7)"
    assert anew.folder != full.folder

    await shop.put({"orders/3": {"since": "three"}})
    third = await hourly.ran(within=hours(1.1))
    world.disturb("B", Corrupted(FOLDER))
    await shop.put({"orders/4": {"since": "four"}})
    fourth = await hourly.ran(within=hours(1.1))
    assert not fourth.full, "nobody reads a finished file again before it is needed"
    assert fourth.folder == third.folder
    with world.expecting(DamagedBackup):
        await hourly.restore_newest("FromTheFolder")
    assert (await hourly.restore_newest("FromTheCloud", NIGHTLY, on="C")).compared(), "the cloud has its own copy"

    world.disturb("C", Expired(NIGHTLY.address))
    left = chains(client.destinations.place("B", NIGHTLY.address))
    assert [chain.whole for chain in left] == [False, True], "the bucket let the oldest file go: the first full"
    await trio.sleep(hours(1))
