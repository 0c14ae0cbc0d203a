"""The folder for backups is two thousand times slower than it was. The backup takes half an hour and holds what was there when it began."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import FOLDER, Slow, backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="B")
    at_first = len(shop.documents())
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    await hourly.ran()
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/before": {"since": "half past one"}})

    world.disturb("B", Slow(FOLDER, 2_000))
    await trio.sleep(hours(2) + minutes(10) - world.now)
    await shop.put({"orders/meanwhile": {"since": "ten past two"}})
    run = await hourly.ran(within=hours(1))
    assert run.outcome == "written"
    assert world.now - run.began > minutes(20), "it took its time"
    restored = await hourly.restore_newest("Copy")
    assert restored.compared(), "what was written meanwhile belongs to the next run"
    assert restored.result.documents == at_first + 1

    world.mend()
    await hourly.ran(within=hours(1))
    assert (await hourly.restore_newest("Copy of three o'clock")).result.documents == at_first + 2
