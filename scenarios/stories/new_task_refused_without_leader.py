"""Without a leader nobody can agree on anything new: a task is refused after the operation timeout, and only then."""

import trio

from cluster.member import NoLeader
from cluster.time_units import SECOND
from scenarios import World
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    leader = await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await world.settled()
    witness = next(name for name in world.names if name != leader)
    for name in world.names:
        if name != witness:
            world.crash(name)
    await trio.sleep(5)  # until it has noticed

    asked = world.now
    with world.expecting(NoLeader):
        await shop.define(full="0 2 * * *", on=witness)
    timeout = world.timing.operation / SECOND
    assert timeout - 0.01 < world.now - asked < timeout + 1, "rule 3.38: it waits for a leader so long, and no longer"

    for name in world.names:
        if name != witness:
            world.restart(name)
    await world.elected()
    await world.settled()
    assert not world[witness].state.database("Shop").tasks, "refused is refused: it does not happen later either"
    nightly = await shop.define(full="0 2 * * *", on=witness)
    assert await nightly.assigned()
