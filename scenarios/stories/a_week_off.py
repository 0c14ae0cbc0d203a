"""All nodes are off for a week. Back again, an incremental and a full are overdue: the full alone is enough."""

import trio

from scenarios import World, days, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    ours = (world.options.get("rules") or "unkindness") == "unkindness"
    shop = await backups(world).shop("ABC", members="ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="B")
    await hourly.ran(2, within=hours(3))
    await trio.sleep(minutes(1))
    for node in "ABC":
        world.crash(node)
    await trio.sleep(days(7))
    for node in "ABC":
        world.restart(node)
    await world.elected()
    await shop.put({"orders/new": {"n": 1}})
    await trio.sleep(minutes(5))
    kinds = [run.full for run in hourly.runs[2:]]
    if ours:
        assert kinds == [True], "a full has everything that the incremental would have had"
    else:
        assert kinds == [False, True], "rule 8.4: what was due first runs first, and is of no use a second later"
    await trio.sleep(hours(1))
    assert (await hourly.restore_newest("Restored", on="B")).compared()
