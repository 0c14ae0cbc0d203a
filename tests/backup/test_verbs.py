"""Verbs of a story about backups that give all that a client could: one-time backups anywhere, server-wide tasks, restore points."""

import pytest
import trio

from backup.record.retention_policy import Retention
from cluster.sim.errors import Misuse
from cluster.sim.run import play
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR, MINUTE, SECOND
from scenarios.backups import AmazonS3, Kind, SnapshotSettings, backups

NIGHTLY = AmazonS3("nightly")


def test_a_one_time_backup_goes_anywhere() -> None:
    """15.3: to every destination that is given, as a Snapshot packed as was asked."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        run = await shop.backup_once(kind=Kind.SNAPSHOT, to=(NIGHTLY,), snapshot=SnapshotSettings("Deflate"))
        assert run.outcome == "written"
        place = client.destinations.place(run.node, NIGHTLY.address)
        assert [file for folder in place.folders() for file in place.files(folder)] == [run.file]

    assert play(story).failure is None


def test_a_task_begins_disabled() -> None:
    """It rests until it is enabled."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", documents=5)
        task = await shop.define(full="0 * * * *", disabled=True, snapshot=SnapshotSettings(level="SmallestSize"))
        await world.at("03:30")
        assert task.runs == []
        await task.enable()
        assert (await task.ran(within=DAY / SECOND)).outcome == "written"

    assert play(story).failure is None


def test_a_server_wide_task_has_all_that_a_task_has() -> None:
    """16.1: kind, mentor, retention, destinations; an edit of how long it keeps reaches every copy."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        await client.create_database("Bank", replication_factor=3)
        everywhere = await client.define_server_wide(
            full="0 1 * * *", mentor="B", kind=Kind.SNAPSHOT, keep=2 * 86_400, to=(NIGHTLY,)
        )
        await world.at("00:30")
        for copy in everywhere.copies():
            assert copy.owner == "B"
            assert copy.path == f"{NIGHTLY.address}/{copy.database.name}"
        await everywhere.edit(keep=86_400 * 3)
        record = client.recorded(shop.name)
        assert record is not None
        assert [task.retention for task in record.tasks.values()] == [Retention(3 * DAY)]
        first, *_ = everywhere.copies()
        assert (await first.ran(within=HOUR / SECOND)).outcome == "written"
        assert (await first.restore_newest("Copy", on="C")).compared()
        with world.expecting(Misuse):
            await everywhere.edit(fulll="0 2 * * *")

    assert play(story).failure is None


def test_restore_points_are_looked_at() -> None:
    """Each chain with its points, as a restore would find them; every file is read."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", documents=5)
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="B")
        await task.ran()
        await shop.put({"orders/new": {}})
        await task.ran()
        (chain,) = task.restore_points("B")
        assert (len(chain.points), chain.whole) == (2, True)
        assert task.restore_points("C") == ()

    assert play(story).failure is None


def test_an_edit_keeps_for_a_duration() -> None:
    """`keep` is a duration in `edit` as in `define`; None keeps for ever."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        task = await shop.define(full="0 0 * * *")
        for keep, kept in ((86_400, Retention(DAY)), (None, None)):
            await task.edit(keep=keep)
            record = client.recorded("Shop")
            assert record is not None
            assert record.tasks[task.id].retention == kept
        with pytest.raises(Misuse, match="edit: keep is '2 days': give seconds, as in 90"):
            await task.edit(keep="2 days")

    assert play(story).failure is None


def test_a_story_waits_for_a_time_of_day() -> None:
    """Today's, or tomorrow's if that is over; a time with a day is waited for as it is."""

    async def story(world: World) -> None:
        world.start("ABC")
        await world.at("02:00")
        assert world.now == 2 * HOUR / SECOND
        await world.at("02:00")
        assert world.now == 2 * HOUR / SECOND, "it is two o'clock"
        await trio.sleep(1)
        await world.at("2:00")
        assert world.now == (DAY + 2 * HOUR) / SECOND
        await world.at("2024-01-03 00:30")
        assert world.now == (2 * DAY + 30 * MINUTE) / SECOND
        with pytest.raises(Misuse, match=r"at: '1d 02:00' is over, it is 2d 00:30:00.000: give a later time"):
            await world.at("1d 02:00")

    assert play(story).failure is None
