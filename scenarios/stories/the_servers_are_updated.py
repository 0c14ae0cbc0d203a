"""Servers are stopped in order and started again: a run that is cut off is made again, nobody is handed the lead, and no write is lost."""

import trio

from cluster.steps import Stop
from cluster.trace import BecameLeader, Stopped, Wrote
from scenarios import World, hours, minutes
from scenarios.backups import BackupFinished, BackupStarted, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")  # by the rules of 4.2 whoever returns lets the hour pass


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node

    await shop.put({"orders/new": {"since": "one o'clock"}})
    world.when(BackupStarted, Stop(""))
    await world.seen(BackupStarted, within=hours(1.5))
    await trio.sleep(minutes(3))
    assert [run.due for run in hourly.runs] == [hours(1)], "no status is written of a run that is cut off (9.12)"
    world.restart(owner)
    again = await hourly.ran(within=minutes(5))
    assert (again.node, again.due) == (owner, hours(2)), "who is back within the grace makes the run itself (7.8)"

    leader = await world.elected()
    await shop.put({"orders/newer": {"since": "two o'clock"}}, on=owner)
    world.when(BackupFinished, Stop(leader))
    await world.seen(BackupFinished, within=hours(1.5))
    heir = await world.elected(other_than=leader)
    assert _gap(world) > 0.2, "a stop hands over to nobody: the others have to miss it first"
    await hourly.reported()
    assert hourly.late_reports() == 0, "a report waits that long"
    world.restart(leader)
    await world.settled()

    follower = next(name for name in "ABC" if name not in (leader, heir))
    world.transfer(follower)
    await world.led_by(follower, within=1)
    world.stop(heir)
    await trio.sleep(5)
    assert world[follower].role == "leader", "who hands over before it stops leaves no gap"
    world.restart(heir)
    await world.settled()

    world.isolate(leader)
    world.slow_disk(heir, 1_000)
    world.when(Wrote, Stop(""), node=heir)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: shop.define(full="0 12 * * *", name="At noon", on=follower))
        await world.seen(Stopped, node=heir)
        world.restart(heir)
    world.crash(heir)  # by a power failure this time: what it has read as its log must be on its disk
    world.crash(follower)
    await trio.sleep(1)
    world.slow_disk(heir, 1)
    world.heal()
    world.restart(heir)
    await world.elected(other_than=follower)
    recorded = client.recorded("Shop")
    assert recorded is not None
    assert "At noon" in [task.name for task in recorded.tasks.values()]
    world.restart(follower)
    await world.settled()


def _gap(world: World) -> float:
    """The seconds from the last stop to the leader after it."""
    return (world.history.of(BecameLeader)[-1].t - world.history.of(Stopped)[-1].t) / 1_000_000
