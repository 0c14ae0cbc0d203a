"""The responsible node dies a millisecond before two o'clock and is back five minutes later. Two o'clock is late, not passed over."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    await trio.sleep(hours(2) - 0.001 - world.now)
    world.crash(owner)
    await trio.sleep(minutes(5))
    world.restart(owner)
    await trio.sleep(minutes(5))
    at_two = [run for run in hourly.runs if run.due == hours(2)]
    assert at_two, "its hour is not passed over"
    late = at_two[-1]
    assert (late.node, late.outcome, late.full) == (owner, "written", False), "it goes on with its own chain"
    assert minutes(4.9) < late.began - hours(2) < minutes(5.5), "as soon as it is back (8.5)"
    if (
        world.options.get("rules") == "ravendb-4.2"
    ):  # whoever computes itself the owner has run it meanwhile (7.5, 24.4)
        assert [run.node == owner for run in at_two] == [False, True]
    else:
        assert len(at_two) == 1, "the grace was not over (7.8)"
    assert (await hourly.restore_newest("Copy")).compared()
