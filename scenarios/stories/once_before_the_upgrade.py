"""Before an upgrade somebody makes a backup by hand: it belongs to no task, is known by its time, and a task goes on as if nothing were."""

import trio

from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    nightly = await shop.define(full="0 2 * * *")
    await nightly.assigned()

    once = await shop.backup_once(path="before-the-upgrade", on="A")
    assert (once.node, once.full, once.outcome) == ("A", True, "written")
    await world.until(lambda: bool(world["C"].state.database("Shop").history), what="its report")
    await world.settled()
    view = await shop.show("C")
    assert view.one_time is not None
    assert view.one_time.destinations, "rule 15.4: no task says any more where it went"
    assert (view.one_time.node, view.one_time.made_at) == ("A", once.started_at)
    assert view.tasks[0].last_full is None, "the task has still never run"
    await trio.sleep(hours(2.1) - world.now)
    assert [run.due for run in nightly.runs] == [hours(2)]
