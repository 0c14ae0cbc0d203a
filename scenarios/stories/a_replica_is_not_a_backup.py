"""A collection is deleted by mistake: the replica off-site loses it as well, and last night's backup has it."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", documents=40)
    whole = len(shop.documents())
    far = await client.found("XYZ")
    leader = await world.elected(beside="X")
    assert leader in far.names, "a leader of its own"
    mirror = await far.create_database("Shop", members="XYZ")
    replica = await shop.define_replication(mirror)
    nightly = await shop.define(full="0 2 * * *")
    await replica.followed()
    assert len(mirror.documents()) == whole, "everything that was there before is sent, too"
    await nightly.ran(within=hours(3))

    world.split("ABC", "XYZ")  # nobody reaches the other side
    await shop.put({"orders/new": {"since": "the line was cut"}})
    world.crash(leader)
    heir = await world.elected(beside="X", other_than=leader)
    assert heir in far.names, "each goes on by itself"
    assert await world.elected() in client.names
    await trio.sleep(minutes(10))
    assert len(mirror.documents()) == whole
    world.heal()
    await replica.followed()
    world.restart(leader)

    await trio.sleep(hours(11) - world.now)
    world.crash("X")  # the first that is asked
    await trio.sleep(hours(12) - world.now)
    await shop.delete(*shop.documents())  # somebody meant another collection
    await replica.followed(within=60)
    assert mirror.documents() == [], "rule 19.4: a replica follows deletions, however far it is"

    restored = await nightly.restore_newest("Yesterday")
    assert restored.result.documents == whole, "the backup of two o'clock has all of it"
    assert restored.compared(), "document for document"
    await trio.sleep(minutes(10))
