"""One leader dies with a report in its hands, the next with the answer. The cluster knows of every run, and of each once."""

import trio

from cluster.steps import Crash, CutOneWay
from scenarios import World, hours, minutes
from scenarios.backups import BackupFinished, Reported, backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABCDE")
    first = await world.elected()
    owner = next(name for name in world.names if name != first)
    shop = await client.create_database("Shop", members=f"{owner}{first}")
    await shop.fill()
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor=owner)
    await hourly.ran()
    await trio.sleep(hours(1.9) - world.now)

    await shop.put({"orders/1": {"leader": first}}, on=owner)
    world.when(BackupFinished, Crash(first))
    await hourly.ran()
    second = await world.elected(other_than=first)
    await hourly.reported()
    assert hourly.reports() == 2, "it never reached the log, and was told again"
    world.restart(first)
    assert second != owner, "whoever leads is asked over a wire"
    await trio.sleep(hours(2.9) - world.now)

    await shop.put({"orders/2": {"leader": second}}, on=owner)
    world.when(BackupFinished, CutOneWay(second, owner))
    await hourly.ran()
    await trio.sleep(20)  # the others have it, and nobody says so: OutcomeUnknown
    assert world[first].state.database("Shop").history[-1].node == owner
    assert len(world[owner].state.database("Shop").history) == 2
    world.crash(second)
    await world.elected(other_than=second)
    await hourly.reported()
    await trio.sleep(minutes(2))
    assert hourly.reports() == 3, "told again, and known once"
    told = [event.note.started_at for event in world.history.of(Reported)]
    assert sorted(told) == [run.started_at for run in hourly.runs], "and its node has heard so once of each"
