"""A collection is deleted by mistake: the replica loses it as well, and last night's backup has it."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABCDE")
    await world.elected()
    shop = await client.create_database("Shop", members="ABC")
    mirror = await client.create_database("Mirror", members="DE")
    orders = await shop.fill()
    replica = await shop.define_replication(mirror)
    nightly = await shop.define(full="0 2 * * *")
    await replica.followed()
    assert len(mirror.documents()) == orders, "everything that was there before is sent, too"
    await nightly.ran(within=hours(3))

    await trio.sleep(hours(12) - world.now)
    await shop.delete(*shop.documents())  # somebody meant another collection
    await trio.sleep(5)
    assert mirror.documents() == [], "rule 19.4: a replica follows deletions, within seconds"

    restored = await nightly.restore_newest("Yesterday")
    assert restored.result.documents == orders, "the backup of two o'clock has all of it"
    assert restored.compared(), "document for document"
    await trio.sleep(minutes(10))
