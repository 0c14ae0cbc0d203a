"""A task is pinned to a node that dies. Nobody else runs it, however long that takes."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    pinned = await shop.define(full="0 */6 * * *", incremental="0 * * * *", mentor="C", pinned=True, path="pinned")
    mentored = await shop.define(full="0 */6 * * *", incremental="0 * * * *", mentor="C", path="mentored")
    await pinned.ran()
    await trio.sleep(minutes(10))

    world.crash("C")
    await trio.sleep(hours(3))
    assert pinned.owner == "C", "rule 7.12: it stays on its node in Rehab"
    assert mentored.owner != "C", "rule 7.8.8: a preferred node is only preferred"
    assert {run.node for run in pinned.runs} == {"C"}

    world.restart("C")
    run = await pinned.ran(within=60)
    assert run.node == "C", "back, it runs what was missed"
    await trio.sleep(30)
    assert mentored.owner == "C", "rule 7.10: and has its other task again, too"
