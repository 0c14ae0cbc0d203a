"""A task makes logical backups, then snapshots: an incremental cannot build on another kind, so the next run is full, and on time."""

import trio

from scenarios import World, hours
from scenarios.backups import Kind, backups

TOLD_UNDER = ("unkindness",)
"""RavenDB's rules run the full when the task is edited (rules 6.7, 8.2)."""


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    for hour in (1, 2):
        await task.ran()
        await shop.put({"orders/1": {"hour": hour}})
    await task.edit(kind=Kind.SNAPSHOT)  # rule 6.7
    third = await task.ran()
    await shop.put({"orders/1": {"hour": 3}})
    fourth = await task.ran()

    assert [run.full for run in task.runs] == [True, False, True, False]
    assert third.due == hours(3), "RavenDB starts it at once, at whatever hour somebody edits the task"
    assert third.folder.endswith("-snapshot")
    assert fourth.folder == third.folder, "an incremental goes into the folder of its snapshot (rule 11.6)"
    restored = await task.restore_newest("Shop-again")
    assert restored.compared(), restored.compared().text()
    await trio.sleep(hours(0.1))
