"""Verbs of a story about backups that give all that a client could: one-time backups anywhere, server-wide tasks, restore points."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pytest
import trio

from backup.record.retention_policy import Retention
from backup.restore.chain_reader import Comparison
from cluster.sim.errors import Misuse
from cluster.sim.run import MISTAKE, play
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR, MINUTE, SECOND
from scenarios.backups import (
    AmazonS3,
    BackupStarted,
    Client,
    Kind,
    LocalFolder,
    NothingToRestore,
    Ran,
    SnapshotSettings,
    Task,
    backups,
)
from scenarios.inspect.audit import cut_off
from scenarios.inspect.backup_results import counts
from scenarios.inspect.run_history import RunHistory

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
        newest = chain.points[-1]
        assert (newest.file, newest.full, newest.documents) == (task.runs[-1].file, False, 1)

    assert play(story).failure is None


NOWHERE: dict[str, tuple[Callable[[Task], Any], str]] = {
    "another folder of the bucket": (
        lambda task: task.restore_points("B", "s3://nightly"),
        "has no destination s3://nightly: it has backups, s3://nightly/Shop",
    ),
    "a misspelt folder": (
        lambda task: task.files("B", "backup"),
        "has no destination backup: it has backups, s3://nightly/Shop",
    ),
    "no address": (lambda task: task.files("B", "s4://nightly"), "s4://nightly is no address of a destination"),
    "a node that never ran it": (
        lambda task: task.restore_points("C", "backups"),
        "restore_points: C has no backup in backups, B has: ask there",
    ),
    "a source that is no place of its": (
        lambda task: task.restore_newest("Copy", source=AmazonS3("nightly")),
        "has no destination s3://nightly: it has backups, s3://nightly/Shop",
    ),
}


@pytest.mark.parametrize(("asked", "says"), NOWHERE.values(), ids=NOWHERE)
def test_a_place_that_the_task_does_not_have_is_refused(asked: Callable[[Task], Any], says: str) -> None:
    """`()` would be true of it, and every sentence about all that is there."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", documents=5)
        places = (LocalFolder("backups"), AmazonS3("nightly", remote_folder="Shop"))
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="B", to=places)
        await task.ran()
        await task.edit(destinations=places[1:])
        assert task.restore_points("B", "./backups") != (), "where it was before the edit"
        assert task.files("C", "backups") == []
        answer = asked(task)
        if isawaitable(answer):
            await answer

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)


LOST: dict[str, tuple[Callable[[Client, Ran], Any], str]] = {
    "a bucket": (
        lambda client, ran: client.restore("Copy", "A", folder=ran.folder, source=AmazonS3("nightly")),
        "no folder of backups is there at all (looked in s3://nightly); s3://nightly/Shop has it: give that cloud as `source`",
    ),
    "a node": (
        lambda client, ran: client.restore("Copy", "A", folder=ran.folder),
        "no folder of backups is there at all (looked in backups of A); B has it: restore there",
    ),
    "a folder": (
        lambda client, ran: client.restore("Copy", "B", folder="2024-01-01"),
        "No files to restore: 2024-01-01 holds no finished backup; give one of 2024-01-01-01-00-00.ravendb-Shop-B-backup (looked "
        "in backups of B)",
    ),
    "an instant": (
        lambda client, ran: client.restore("Copy", "A", at="02:00"),
        "there is no backup of any database here: there are no backups at all (looked in backups of A)",
    ),
}


@pytest.mark.parametrize(("asked", "says"), LOST.values(), ids=LOST)
def test_a_restore_from_the_wrong_place_says_where_it_looked(asked: Callable[[Client, Ran], Any], says: str) -> None:
    """And where that folder is, if it is anywhere."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        places = (LocalFolder("backups"), AmazonS3("nightly", remote_folder="Shop"))
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="B", to=places)
        ran = await task.ran()
        with pytest.raises(NothingToRestore) as refused:
            await asked(client, ran)
        assert says in str(refused.value)

    assert play(story).failure is None


def test_what_any_restore_brought_back_is_compared() -> None:
    """Of a one-time backup, of one up to an instant; a story looks into documents, and at what it cannot compare."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        once = await shop.backup_once(on="A")
        await shop.put({"orders/1": {"total": 12}})
        first = await client.restore("First", "A", folder=once.folder)
        assert (first.compared(), first.documents, first.folder, first.files) == (
            Comparison(),
            5,
            once.folder,
            (once.file,),
        )
        assert shop.document("orders/1") == {"total": 12}
        assert client.database("First").document("orders/1") != {"total": 12}
        assert shop.document("orders/none", on="A") is None
        again = await shop.backup_once(on="A")
        then = await client.restore("Then", "A", at=world.now)
        assert (then.folder, then.compared()) == (again.folder, Comparison())
        await client.database("Then").delete("orders/1")
        assert then.compared().only_second == ("orders/1",)
        world.crash("A")
        with pytest.raises(Misuse, match="compared: A is down, or has lost Then"):
            then.compared()

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


def test_a_run_that_was_cut_off_is_in_the_books() -> None:
    """A stop is told as one, a crash as one; the summary counts both, and the audit names them."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", documents=5)
        task = await shop.define(full="0 * * * *", mentor="B")
        for ends in (world.stop, world.crash):
            await world.seen(BackupStarted, node="B", within=2 * HOUR / SECOND)
            ends("B")
            world.restart("B")
            await task.ran()

    outcome = play(story)
    assert outcome.failure is None
    history = RunHistory(outcome.history.events)
    assert [run.end for run in history.runs] == ["stopped", "finished", "crashed", "finished"]
    assert counts(history)["cut off"] == 2
    assert [each.text().partition("  ")[2] for each in cut_off(history)] == [
        f"task {history.runs[0].task} of Shop: full on B, which was stopped",
        f"task {history.runs[0].task} of Shop: full on B, which crashed",
    ]
