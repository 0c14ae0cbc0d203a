"""The node that feeds a replica dies. Another one goes on a minute later, and what comes twice does no harm."""

import trio

from scenarios import World, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABCDE")
    await world.elected()
    shop = await client.create_database("Shop", members="ABC")
    mirror = await client.create_database("Mirror", members="CDE")
    await shop.fill()
    replica = await shop.define_replication(mirror)
    first = await replica.sent_by()
    await replica.followed()

    world.crash(first)
    await shop.put({"orders/new": {"while": "nobody sends"}})
    await shop.delete("orders/1")
    died = world.now
    second = await replica.sent_by(other_than=first)
    assert second in "ABC", "an owner is of the source's group"
    assert world.now - died < 70, "rule 7.15: no grace; it moves when its node goes to Rehab"
    await trio.sleep(minutes(1))
    world.restart(first)
    await trio.sleep(minutes(15))
