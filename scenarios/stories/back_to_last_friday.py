"""On Friday at 9:04 somebody deletes the customers; on Monday the shop is wanted as it was that Friday at 9:03."""

import trio

from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", members="C")
    await shop.put({f"customers/{number}": {"number": number} for number in range(1, 31)}, collection="Customers")
    task = await shop.define(full="0 0 * * *", incremental="0,3 9,10 * * *")

    await trio.sleep(hours(4 * 24 + 9) - 600 - world.now)
    await shop.put({"orders/friday": {"at": "ten to nine"}})
    await trio.sleep(hours(4 * 24 + 9 + 2 / 60) - world.now)
    await shop.put({"orders/nine": {"at": "two past nine"}})
    await trio.sleep(hours(4 * 24 + 9 + 4 / 60) - world.now)
    await shop.delete(*[f"customers/{number}" for number in range(1, 31)])
    await trio.sleep(hours(7 * 24 + 8) - world.now)  # a weekend of backups without any customer

    result = await client.restore("As on Friday", "C", at="2024-01-05 09:03:30")
    assert result.documents == 32, "thirty customers and two orders"
    now = await client.restore("As it is", "C", at="2024-01-08 08:00")
    assert now.documents == 2, "the newest backup holds what was left"
    assert len({run.folder for run in task.runs if run.folder}) >= 4, "each point is in a chain of its own day"
