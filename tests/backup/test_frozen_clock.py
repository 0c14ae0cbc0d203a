"""A wall clock that stands still: what was due by it comes when it goes on, and no promise takes that for a missed backup."""

import trio

from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.time_units import hours
from scenarios.backups import backups


def test_an_hour_that_never_comes_is_no_missed_backup() -> None:
    """By the owner's clock it is ten past one for three hours: one backup before, the next ones after it goes on."""
    starts: list[float] = []

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", members="ABC")
        await shop.fill(5)
        task = await shop.define(full="0 * * * *", mentor="B")
        await trio.sleep(hours(1) + 600)
        assert len(task.runs) == 1
        world.freeze_clock("B")
        await trio.sleep(hours(3))
        assert len(task.runs) == 1
        world.freeze_clock("B", False)
        world.drift("B", 100)
        await trio.sleep(hours(2))
        starts.extend(run.began for run in task.runs)
        assert task.owner == "B"
        world.freeze_clock("B")
        await trio.sleep(hours(2))
        world.mend()
        await trio.sleep(hours(3))

    outcome = play(story, 1)
    assert outcome.verdict == HELD, outcome.failure
    assert [round(began / 3_600, 1) for began in starts] == [1.0, 5.0, 6.0]
