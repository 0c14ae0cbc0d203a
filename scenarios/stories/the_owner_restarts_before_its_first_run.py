"""Nobody leads when the owner looks at its task for the first time since it started; it looks again when somebody does."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups

RULES = "ravendb-4.2"


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="B")
    hourly = await shop.define(incremental="0 * * * *")
    await trio.sleep(minutes(45))
    world.restart("B")  # as it starts it knows of no leader, and no run of this task (26.2)

    await trio.sleep(hours(2.5))
    await shop.put({"orders/1": {"total": 12}})
    await trio.sleep(hours(1))
    assert [run.node for run in hourly.runs] == ["B"] * 4, "one an hour"
