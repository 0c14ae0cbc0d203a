"""A node is down while documents are deleted, and the next backup is an hour off: the deletions wait for both."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A")
    await hourly.ran()

    await shop.delete(*[f"orders/{number}" for number in range(1, 11)])  # all three have it; a backup has not
    await hourly.ran()
    world.crash("C")
    await shop.delete(*[f"orders/{number}" for number in range(11, 21)])  # the next backup will have it; C has not
    await hourly.ran()
    await trio.sleep(minutes(30))
    world.restart("C")
    await hourly.ran(2, within=hours(3))

    assert await shop.store({"company": "companies/1"}, "orders/1", on="C"), "what follows a forgotten deletion is new"
    await trio.sleep(minutes(10))
    assert [(await shop.show(on=node)).tombstones for node in "ABC"] == [0, 0, 0]
