"""Telling the cluster: late, in order, once; or, under RavenDB's rules, within 150 seconds or never (10, 24.6)."""

import json

import trio

from backup.notes import BackupFinished, BackupSkipped, Reported, ReportGivenUp, ReportQueued, StatusStored
from backup.record.record import Kind, Status, Task
from backup.record.task_commands import RemoveTask
from backup.runs.local_status import ChainEnd, LocalStatus, _page, _text
from cluster.sim.world import World
from cluster.steps import Crash
from cluster.time_units import HOUR, SECOND, hours, minutes

from .shop import FOLDER, open_shop, owner, played

OFTEN = Task(full="*/10 * * * *", destinations=(FOLDER,))


async def alone(world: World, task: int, duration: float) -> str:
    """Let the owner run without a leader for so many seconds, and come back."""
    keeper = owner(world, task)
    world.isolate(keeper)
    await trio.sleep(duration)
    return keeper


def test_queued_reports_survive_a_restart() -> None:
    """24.6: they wait on the node's disk, and come in the order of their starts, each once."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN)
        keeper = await alone(world, task, minutes(25))
        world.restart(keeper)
        await trio.sleep(minutes(10))
        world.heal()
        await trio.sleep(minutes(1))
        runs = [run for run in world["A"].state.database("Shop").history if run.node == keeper]
        assert [run.started_at // (600 * SECOND) for run in runs] == [1, 2, 3]

    told = played(story)
    assert [note.late for note in told.all(Reported, "B")] == [True] * 3
    assert [note.started_at // (600 * SECOND) for note in told.all(Reported, "B")] == [1, 2, 3]
    assert len(told.all(ReportQueued)) >= 3


def test_a_crash_while_telling_tells_once() -> None:
    """Whether the record had it already or not: the history holds it once, and the node says it once."""

    async def story(world: World) -> None:
        await open_shop(world, OFTEN)
        for kind in (BackupFinished, StatusStored, Reported):
            world.when(kind, Crash(""))
            event = await world.seen(kind, within=4_000)
            await trio.sleep(3)
            world.restart(event.node)
            await trio.sleep(minutes(15))
        keys = [run.key for run in world["A"].state.database("Shop").history]
        assert len(keys) == len(set(keys))

    told = played(story)
    runs = {(event.node, event.note.started_at) for event in told.events(BackupFinished)}
    stored = {(note.node, note.started_at) for note in told.all(StatusStored)}
    assert runs == stored


def test_an_earlier_start_told_late_does_not_replace_a_later_one() -> None:
    """24.6 against 4.2: the cluster shows the newest run, the history keeps all (23.4)."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN)
        await alone(world, task, minutes(75))  # it goes on, while the others give its task away (10.8)
        world.heal()
        await trio.sleep(minutes(3))

    ours, theirs = played(story), played(story, rules="ravendb-6.2")
    stored = [note for note in ours.all(StatusStored) if not note.newest]
    assert stored
    assert {note.node for note in stored} == {"B"}
    assert ours.counts()["double"] >= 1
    assert all(note.newest for note in theirs.all(StatusStored))


def test_ravendb_gives_up_after_ten_attempts() -> None:
    """10.4, 22.1: 150 seconds, and then nobody ever hears of that run; a leader in time takes it (10.7)."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN)
        await trio.sleep(minutes(8))
        await alone(world, task, minutes(7))
        world.heal()
        await trio.sleep(minutes(4))
        await alone(world, task, minutes(1.5))
        world.heal()
        await trio.sleep(minutes(5))

    told = played(story, rules="ravendb-6.2")
    (given_up,) = told.events(ReportGivenUp)
    ended = told.events(BackupFinished)[0]
    assert 149 * SECOND < given_up.t - ended.t < 152 * SECOND
    assert [note.started_at // (600 * SECOND) for note in told.all(Reported)] == [2]
    assert told.all(ReportQueued) == []


def test_what_was_removed_meanwhile_is_forgotten() -> None:
    """A task that is gone has no history: its reports end with it."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN)
        keeper = await alone(world, task, minutes(15))
        await world.ask("A" if keeper != "A" else "B", RemoveTask("Shop", task))
        world.heal()
        await trio.sleep(minutes(12))
        assert not [name for name in world.slots[keeper].disk.files if "runs/" in name]

    told = played(story)
    assert told.all(StatusStored) == []
    assert len(told.all(BackupFinished)) == 1


def test_a_report_on_time_is_not_late() -> None:
    """Late is what waits longer than the operation timeout after its end."""

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(2.5))

    told = played(story)
    assert len(told.all(BackupSkipped)) == 1
    assert [(note.late, note.started_at // HOUR) for note in told.all(Reported)] == [(False, 1), (False, 2)]


def test_a_page_survives_the_disk() -> None:
    """Every field of a status, a chain, and what is owed."""
    status = Status(7, Kind.BACKUP, "B", last_full=5, last_etag=9, folder="f", error="no", duration=3, version=2)
    for page in (LocalStatus(), LocalStatus(status, ChainEnd("f", "a", 9, "0f"), (status, status))):
        assert _page(json.loads(_text(page))) == page
