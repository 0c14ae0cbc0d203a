"""A node dies before a backup, in the middle of it, after it, before it is told of: each time the hour is covered."""

from pathlib import Path

import pytest
import trio

from backup.destinations.port import IN_PROGRESS
from backup.notes import BackupFinished, BackupStarted, Reported
from backup.restore.restore_points import chains
from cluster.sim.world import World
from cluster.steps import Crash
from cluster.time_units import HOUR, hours, minutes
from scenarios.backups import FOLDER, backups
from tests.backup.test_restoring import notes, told


@pytest.mark.parametrize("delay", [-1.0, 0.0, 0.3, 0.7, 0.79, "finished", "reported"])
def test_a_node_dies_around_an_upload(delay: float | str, tmp_path: Path) -> None:
    """One second before the hour, at the start, between the slices, in the reading back, before and after the report."""

    async def story(world: World, client: object) -> None:
        shop = backups(world)  # a client that watches from here on
        database = await shop.create_database("Shop", members="C")
        await database.fill(30)
        task = await database.define(full="0 0 * * *", incremental="0 * * * *")
        if isinstance(delay, str):
            kind = BackupFinished if delay == "finished" else Reported
            world.when(kind, Crash("C"))
            await world.seen(kind, within=hours(2))
            await trio.sleep(1)
        else:
            await trio.sleep(hours(1) + delay - world.now)
            world.crash("C")
        await trio.sleep(minutes(1))
        world.restart("C")
        await trio.sleep(minutes(1))
        await database.put({"orders/new": {}}, on="C")
        await trio.sleep(hours(1))
        await task.reported()
        found = chains(shop.destinations.place("C", FOLDER))
        assert all(chain.whole for chain in found if chain.points)
        newest = max((each.last for each in found if each.last is not None), key=lambda last: last.point.at)
        assert newest.manifest is not None
        assert newest.manifest.started_at >= 2 * HOUR

    outcome = told(story, tmp_path)
    occurrences = [note.occurrence for note in notes(outcome, BackupStarted)]
    assert {HOUR, 2 * HOUR} <= set(occurrences)
    left = list(tmp_path.rglob(f"*{IN_PROGRESS}"))
    assert len(left) == (delay == 0.3), left
