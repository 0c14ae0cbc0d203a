"""C prefers to run a task, fails in the morning and is back at six. What it runs then depends on the rules."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness", "ravendb-6.2", "ravendb-4.2")


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    task = await shop.define(full="0 0 * * *", incremental="0 */4 * * *", mentor="C")

    async def until(hour: float) -> None:
        await shop.put({f"orders/before-{hour}": {"hour": hour}})
        await trio.sleep(hours(hour) - world.now)

    for hour in (4.5, 8.5):
        await until(hour)
    assert [(run.node, run.full) for run in task.runs] == [("C", True), ("C", False)]
    world.crash("C")
    for hour in (12.5, 16.5, 17.9):
        await until(hour)
    meanwhile = task.runs[2:]
    assert all(run.node != "C" for run in meanwhile)
    assert [run.full for run in meanwhile][:1] == [True], "a new owner has no chain of its own (24.5)"

    world.restart("C")
    await trio.sleep(minutes(5))
    assert task.owner == "C", "rule 7.10: a mentor gets its task back as soon as it is a member again, without grace"
    for hour in (18.5, 20.5):
        await until(hour)
    back = [run for run in task.runs if run.node == "C"][2:]
    if world.options.get("rules") == "ravendb-4.2":
        # it slept through its replacement and runs what it thinks was missed before it hears of that (8.5); so it has
        # run the task last, and goes on with its own chain, where a node that knew of B's runs would run a full (8.6)
        assert back[0].due < hours(17)
        assert not back[0].full
    else:
        assert back, "it runs again"
        assert not back[0].full, "rule 8.10: its own chain goes on, with all since its file of eight o'clock"
