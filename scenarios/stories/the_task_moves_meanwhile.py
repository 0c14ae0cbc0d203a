"""The owner is cut off, the others move its task, and both back up. Afterwards one node owns it, and the rules say whose runs count."""

import trio

from cluster.time_units import HOUR
from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    others = [name for name in world.names if name != owner]
    await trio.sleep(hours(1.2) - world.now)

    world.isolate(owner)
    for hour in (1.5, 2.5, 3.5):
        await trio.sleep(hours(hour) - world.now)
        await shop.put({f"orders/others-{hour}": {"at": hour}}, on=others[0])
        await shop.put({f"orders/owner-{hour}": {"at": hour}}, on=owner)
    await trio.sleep(hours(4.5) - world.now)
    heir = hourly.owner
    assert heir is not None
    world.heal()
    await world.settled()
    await trio.sleep(minutes(20))

    made = {(run.node, run.due / hours(1)): run for run in hourly.runs}
    assert sorted(made) == sorted([(owner, 1), *((node, hour) for node in (owner, heir) for hour in (2, 3, 4))])
    assert made[heir, 2].full, "it has no file to build on"
    assert not any(made[owner, hour].full for hour in (2, 3, 4)), "and the owner goes on with its chain (10.3)"
    shown = world[others[0]].state.database("Shop")
    known = {(run.node, round(run.started_at / HOUR)) for run in shown.history}
    if world.options.get("rules") == "unkindness":
        assert known == set(made), "both are told of, late (24.6)"
    else:
        assert known == {key for key in made if key[0] == heir or key[1] == 1}, "the owner's were given up (10.4)"

    await trio.sleep(hours(6.5) - world.now)
    assert {run.node for run in hourly.runs if run.due >= hours(5)} == {heir} == {hourly.owner}, "it stays (7.11)"
    assert (await hourly.restore_newest("Copy")).compared()
