"""Under the rules of the Backups page: a run nobody could be told of is run again once there is a leader."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups

RULES = "ravendb-4.2"


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 */6 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    await trio.sleep(hours(1.5) - world.now)

    others = [name for name in world.names if name != owner]
    for name in others:
        world.crash(name)
    await shop.put({"orders/alone": {"leader": None}}, on=owner)
    alone = await hourly.ran()  # two o'clock, without a leader (rule 10.2)
    assert alone.node == owner
    await trio.sleep(minutes(10))  # ten attempts to report it, fifteen seconds each, then it is given up (rule 10.4)

    done = len(hourly.runs)
    world.crash(owner)  # with its memory goes what it knew of that run
    for name in world.names:
        world.restart(name)
    await world.elected()
    await world.until(lambda: len(hourly.runs) > done, within=hours(2), what="the next run")
    again = hourly.runs[done]
    given_up = world.options.get("rules") == "ravendb-4.2"
    assert (again.occurrence == alone.occurrence) == given_up, "10.6: two o'clock is run again, though it was done"
