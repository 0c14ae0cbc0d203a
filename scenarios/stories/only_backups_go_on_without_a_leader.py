"""The owner of two tasks is cut off from the others. Its backups go on; what it sends to a replica does not."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    mirror = await client.create_database("Mirror", members="B")
    await shop.fill()
    hourly = await shop.define(full="0 * * * *", mentor="B", pinned=True)
    replica = await shop.define_replication(mirror, mentor="B", pinned=True)
    await replica.followed()
    await hourly.ran()

    world.isolate("B")
    await world.until(lambda: world["B"].leader is None, within=30, what="B without a leader")
    await shop.put({"orders/lonely": {"at": "B"}}, on="B")
    await trio.sleep(hours(1.1))
    assert [run.node for run in hourly.runs[-1:]] == ["B"], "rule 10.2: backups need no leader"
    assert hourly.runs[-1].began > minutes(60)
    assert "orders/lonely" not in mirror.documents(on="B"), "rules 7.15, 22.18: other tasks do, though both are on B"

    world.heal()
    await replica.followed()
    await trio.sleep(minutes(10))
