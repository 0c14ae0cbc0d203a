"""A watcher has no vote and runs the backups all the same: its runs are reported, and it goes on when nobody leads."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    world.join("W", watcher=True)
    await world.joined("W", watcher=True)

    shop = await client.create_database("Shop", members="AW")
    await shop.fill()
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="W")
    run = await hourly.ran()
    assert run.node == "W", "rule 1.5: a watcher of the cluster is a member of the group like any other"
    await hourly.reported()
    assert "W" not in world["A"].voters

    world.crash("B")
    world.crash("C")  # one voter and the watcher are left: no majority of three
    await trio.sleep(minutes(5))
    assert world["W"].leader is None
    await shop.put({"orders/meanwhile": {"leader": "none"}}, on="W")
    alone = await hourly.ran()
    assert (alone.node, alone.outcome) == ("W", "written"), "rules 10.2, 10.3, 7.7"

    world.mend()
    await world.elected()
    await trio.sleep(hours(1))
    assert {run.node for run in hourly.runs} == {"W"}
