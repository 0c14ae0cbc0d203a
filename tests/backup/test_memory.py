"""A long run of backups takes little memory: what is over is let go, and what is kept is small."""

import gc

import trio

from cluster.sim.run import run
from cluster.sim.world import World
from scenarios import hours
from scenarios.backups import backups


def test_a_run_that_is_over_leaves_nothing_for_the_collector() -> None:
    """Circles of objects are looked for rarely while a story runs, so that each run would stay until then."""
    left: list[int] = []

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC")
        await shop.fill(5)
        task = await shop.define(full="0 0 1 1 *", incremental="* * * * *")
        await task.ran()
        gc.collect()
        await trio.sleep(hours(1))
        left.append(gc.collect())
        assert len(task.runs) > 60

    run(story)
    assert left[0] < 60, "less than one object a run"
