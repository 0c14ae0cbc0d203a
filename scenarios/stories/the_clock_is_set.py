"""The owner's clock is set an hour forward across two o'clock, and back across three: no hour goes by without a backup."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    await trio.sleep(hours(1.5) - world.now)

    await shop.put({"orders/1": {"since": "half past one"}}, on=owner)
    world.jump_clock(owner, hours(1))
    early = await hourly.ran(within=minutes(1))
    assert early.due == hours(2), "two o'clock is over: it runs at once (8.5)"
    await shop.put({"orders/2": {"since": "half past two, by a clock that is fast"}}, on=owner)
    fast = await hourly.ran(within=hours(1))
    assert (fast.due, round(fast.began / hours(1), 2)) == (hours(3), 2), (
        "and three o'clock by that clock: two of the two"
    )

    await trio.sleep(hours(2.2) - world.now)
    await shop.put({"orders/3": {"since": "the clock was set back"}}, on=owner)
    world.jump_clock(owner, -hours(1))
    await trio.sleep(hours(4.5) - world.now)
    after = [round(run.began / hours(1), 2) for run in hourly.runs if run.began > fast.began]
    if world.options.get("rules") == "unkindness":
        assert after == [3, 4], "a run of the future is one of now: three o'clock comes again, and is run again (8.2)"
    else:
        assert after == [4], "three o'clock has run: two hours lie between one backup and the next"
    assert (await hourly.restore_newest("Copy")).compared()
