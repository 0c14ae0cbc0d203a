"""The responsible node dies when its file is there and nobody was told. What is on its books it reports, what is not it backs up again."""

import trio

from cluster.steps import Crash
from scenarios import World, hours, minutes
from scenarios.backups import FOLDER, IN_PROGRESS, BackupFinished, Ran, Task, backups, check_chain


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    owner = first.node
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/new": {"since": "half past one"}})

    await trio.sleep(hours(2) - world.now)
    for _ in range(1_000):
        if len(_finished(hourly, owner)) == 2:
            break
        await trio.sleep(0.001)
    world.crash(owner)  # it has not read its file back, and nothing is on its books
    await trio.sleep(30)
    world.restart(owner)
    await hourly.ran(within=minutes(5))
    await hourly.reported()
    assert len(_at(hourly, 2)) == 1, "nobody knows of the file: the run counts as not made, and is made"
    assert len(_finished(hourly, owner)) == 3, "the file is still there, and in ours the next one continues it"

    await trio.sleep(hours(3) - 10 - world.now)
    await shop.put({"orders/newer": {"since": "ten seconds to three"}}, on=owner)
    world.isolate(owner)
    world.when(BackupFinished, Crash(""))
    await trio.sleep(hours(3) + 30 - world.now)
    assert not world[owner].up, "its run is done, and nobody could be told"
    world.heal()
    world.restart(owner)
    await trio.sleep(minutes(10))
    late = world.options.get("rules") == "unkindness"
    told = {(run.node, run.started_at) for run in world[owner].state.database("Shop").history}
    assert [(run.node, run.started_at) in told for run in _at(hourly, 3)] == ([True] if late else [False, True]), (
        "told by its books (24.6), or made again, as it is kept only when it was told (9.15)"
    )
    chain = check_chain(client.destinations.place(owner, FOLDER), first.folder)
    assert chain.whole
    beside = len(chain.points) - len(chain.points[-1].files)
    assert beside == (0 if late else 2), (
        "no file is lost; RavenDB's next ones hold what is in these two once more (26.3)"
    )
    assert (await hourly.restore_newest("Copy")).compared()


def _finished(task: Task, node: str) -> list[str]:
    return [file for file in task.files(node) if not file.endswith(IN_PROGRESS)]


def _at(task: Task, hour: int) -> list[Ran]:
    return [run for run in task.runs if run.due == hours(hour)]
