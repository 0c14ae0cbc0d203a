"""A backup task is disabled, and no deletion is forgotten until it runs again."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A", name="hourly")
    weekly = await shop.define(full="0 0 * * 0", mentor="B", name="weekly", path="weekly")
    await hourly.ran()
    await weekly.backup_now()
    await weekly.ran()
    await weekly.disable()

    await shop.delete(*shop.documents()[:10])
    await hourly.ran(3, within=hours(4))
    view = await shop.show(on="B")
    assert (view.tombstones, view.kept_because) == (10, (f"task {weekly.id} is disabled",)), "rules 18.5, 23.10"
    await shop.tasks(on="B")

    await weekly.enable()
    await trio.sleep(20)
    await weekly.backup_now()
    await trio.sleep(minutes(20))
    assert [(await shop.show(on=node)).tombstones for node in "ABC"] == [0, 0, 0], "everybody has passed them"
