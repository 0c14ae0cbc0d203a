"""Two of three nodes die. Nobody leads, yet the backups keep their hours, and are told of later."""

import trio

from cluster.member import NoLeader
from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness",)


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", name="hourly")
    owner = await hourly.assigned()
    others = [name for name in world.names if name != owner]
    await trio.sleep(hours(2.5) - world.now)
    assert [run.node for run in hourly.runs] == [owner] * 2, "one and two o'clock"

    for name in others:
        world.crash(name)
    for hour in (3, 4, 5):
        await shop.put({f"orders/night-{hour}": {"hour": hour}}, on=owner)  # writing needs no leader
        await trio.sleep(hours(hour + 0.5) - world.now)
    assert world[owner].leader is None
    assert [run.node for run in hourly.runs] == [owner] * 5, "the task keeps its hours on its node"
    with world.expecting(NoLeader):
        await shop.define(full="0 1 * * *", name="too late", on=owner)

    for name in others:
        world.restart(name)
    await world.elected()
    await hourly.reported()
    assert hourly.late_reports() == 3, "what was done without a leader is told of late"

    await shop.put({"orders/morning": {"hour": 6}}, on=owner)
    await trio.sleep(minutes(1))
    world.crash(owner)
    heir = await hourly.assigned(other_than=owner, within=hours(1))
    run = await hourly.ran(within=minutes(5))
    assert run.node == heir, "another node takes over"

    restored = await hourly.restore_newest("Shop as it was")
    comparison = restored.compared()
    assert comparison, comparison.text()
    world.say(
        f"{restored.name!r}, restored from {len(restored.result.files)} file(s) of {heir}, equals document for document "
        f"what the source held when that backup started: {restored.result.documents:,} documents"
    )
