"""A task is defined, a full backup and an incremental are written, and both come back as a database."""

import trio

from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.put({"orders/1": {"total": 12}, "orders/2": {"total": 30}})
    nightly = await shop.define(full="0 1 * * *", incremental="0 2 * * *", mentor="B", name="nightly")

    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/2": {"total": 31}, "orders/3": {"total": 7}})
    await trio.sleep(hours(2.5) - world.now)
    assert [(run.node, run.full) for run in nightly.runs] == [("B", True), ("B", False)]

    restored = await nightly.restore_newest("Shop as it was")
    assert restored.result.documents == 3
    comparison = restored.compared()
    assert comparison, comparison.text()
