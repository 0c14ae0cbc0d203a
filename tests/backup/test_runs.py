"""One run, and how many: files, crashes in the middle, errors, cancelling, slots (ravendb.md sections 8, 9, 11)."""

from calendar import MONDAY, isleap, weekday
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from sys import _getframe
from typing import Any

import attrs
import pytest
import trio

from backup.content import file_names
from backup.content.logical import read_manifest
from backup.content.manifest import Manifest
from backup.destinations import io_costs
from backup.notes import (
    BackupCancelled,
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    CopyLost,
    OwnerChanged,
    Reported,
    StatusStored,
)
from backup.record.database_commands import CreateDatabase
from backup.record.record import Task
from backup.record.rules import Rules, rules_named
from backup.record.task_commands import DefineTask, RemoveTask, ToggleTask
from backup.runs import backup_run, chain, run_status
from backup.runs.local_status import LocalStatuses
from backup.runs.schedule import Plan
from cluster.sim.run import MISTAKE, play
from cluster.sim.world import World
from cluster.steps import Crash, Stop
from cluster.time_units import DAY, HOUR, LAST, MINUTE, SECOND, as_datetime, days, hours, minutes
from scenarios.backups import Slow, backups
from scenarios.inspect.run_history import RunHistory

from .shop import FOLDER, HOURLY, open_shop, orders, owner, played


def files(folder: Path) -> list[str]:
    """Every file below a folder, without what holds it."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# ---- files ----


def test_a_run_reads_no_more_names_in_a_long_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what lies behind the chain's last file is news: the names before it are not parsed again and again."""
    parsed: list[str] = []
    parse = file_names.parse_file

    def counted(name: str, zone: Any) -> Any:
        if _getframe(1).f_globals["__name__"] == chain.__name__:
            parsed.append(name)
        return parse(name, zone)

    monkeypatch.setattr(file_names, "parse_file", counted)
    counts = []

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(1) - 60 - world.now)
        for hour in range(12):
            await world.ask("A", orders(hour + 1, hour + 2, "again"))
            await trio.sleep(hours(1))
            counts.append(len(parsed))

    played(story)
    assert counts[-1] - counts[-2] == counts[5] - counts[4] > 0


def test_a_full_opens_a_folder_and_incrementals_follow(tmp_path: Path) -> None:
    """11.1, 11.2, 11.4: names in the node's local time; what was frozen at the start is in the file (17)."""

    async def story(world: World) -> None:
        for node in "ABC":
            world.zone(node, "Asia/Tokyo")
        await open_shop(world)
        for hour in range(3):
            await trio.sleep(hours(1))
            await world.ask("A", orders(hour, hour + 2, "again"))

    played(story, tmp_path)
    assert files(tmp_path) == [
        "2024-01-01-10-00-00.ravendb-full-backup",
        "2024-01-01-11-00-00.ravendb-incremental-backup",
        "2024-01-01-12-00-00.ravendb-incremental-backup",
    ]


def test_a_run_takes_a_second_and_holds_what_was_there_at_its_start(tmp_path: Path) -> None:
    """A write while it runs is in the next file; the watcher of restores compares both."""

    async def story(world: World) -> None:
        await open_shop(world)
        await world.seen(BackupStarted, within=4_000)
        await trio.sleep(0.3)
        await world.ask("A", orders(1, 20, "while it runs"))
        await trio.sleep(hours(1.1))

    told = played(story, tmp_path)
    assert [note.documents for note in told.all(BackupFinished)] == [20, 20]
    assert 500_000 < told.all(BackupFinished)[0].duration < 1_500_000


def test_a_lost_full_file_means_a_full(tmp_path: Path) -> None:
    """8.7: an incremental finds nothing to build on, and becomes a full in a new folder."""

    def move(where: str) -> None:
        folder = next(path for path in tmp_path.rglob("2024-01-01-01-00-00.*") if path.is_dir())
        places = [folder / "2024-01-01-01-00-00.ravendb-full-backup", tmp_path / "away"]
        (places[0] if where == "away" else places[1]).rename(places[1] if where == "away" else places[0])

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(1.5))
        await world.ask("A", orders(1, 1, "new"))
        move("away")
        await world.seen(BackupStarted, within=4_000)
        move("back")  # so that the watcher of restores finds what was finished
        await trio.sleep(minutes(5))

    told = played(story, tmp_path)
    assert [note.full for note in told.all(BackupStarted)] == [True, True]
    assert [note.full for note in told.all(BackupPlanned)][:2] == [True, False]
    first, second = told.all(BackupPlanned)[:2]
    assert [name for name, _ in first.inputs] == ["full", "incremental", "zone"]
    assert [name for name, _ in second.inputs][3:] == ["last run by", "last full"]


# ---- crashes ----


def interrupted_by(step: Crash | Stop) -> Callable[[World], Awaitable[None]]:
    """The story of a node to which that happens in the middle of a run, and which comes back."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        world.when(BackupStarted, step)
        await world.seen(BackupStarted, within=4_000)
        await trio.sleep(5)
        world.restart(owner(world, task))
        await trio.sleep(minutes(5))

    return story


def test_a_crash_in_the_middle_leaves_the_file_in_progress(tmp_path: Path) -> None:
    """11.3, 17.12, 22.6: nothing cleans up after the dead; the node comes back and runs what was not covered."""
    told = played(interrupted_by(Crash("")), tmp_path)
    assert files(tmp_path) == [
        "2024-01-01-01-00-00.ravendb-full-backup.in-progress",
        "2024-01-01-01-00-15.ravendb-full-backup",
    ]
    assert [note.occurrence for note in told.all(BackupStarted)] == [HOUR, HOUR]


def test_a_stop_in_the_middle_cuts_the_run_off_without_a_status(tmp_path: Path) -> None:
    """9.12: nothing of the run is written down or reported; the node comes back and makes the backup of that occurrence."""
    told = played(interrupted_by(Stop("")), tmp_path)
    assert [note.occurrence for note in told.all(BackupStarted)] == [HOUR, HOUR]
    assert [note.started_at > HOUR for note in told.all(Reported)] == [True]
    assert [run.end for run in RunHistory(told.outcome.history.events).runs] == ["stopped", "finished"]


def test_a_file_finished_just_before_a_crash_stays_in_its_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node forgets the run and makes another; it continues the file, so that the folder is still one chain."""
    forget: list[bool] = []
    keep = LocalStatuses.keep

    async def kept(self: LocalStatuses, *args: Any, **options: Any) -> None:
        if forget:
            forget.clear()
            await self._member.sleep(DAY)
        await keep(self, *args, **options)

    monkeypatch.setattr(LocalStatuses, "keep", kept)

    async def story(world: World) -> None:
        task = await open_shop(world)
        await trio.sleep(hours(1.5))
        await world.ask("A", orders(1, 3, "new"))
        forget.append(True)
        await trio.sleep(hours(1))
        world.restart(owner(world, task))
        await trio.sleep(hours(1))
        await world.ask("A", orders(2, 5, "newer"))
        await trio.sleep(hours(1))

    told = played(story, tmp_path)
    assert [note.full for note in told.all(BackupStarted)] == [True, False, False, False]
    assert [note.documents for note in told.all(BackupFinished)] == [20, 0, 4]


def test_a_restarted_node_goes_on_with_its_chain() -> None:
    """8.10, 9.15: its own status survives on its disk, so nothing is full that need not be (23.3)."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        for _ in range(3):
            await trio.sleep(hours(1))
            world.restart(owner(world, task))
            await world.elected()
            await world.ask("A", orders(1, 2, "again"))
        await trio.sleep(hours(1))

    told = played(story)
    assert [note.full for note in told.all(BackupStarted)] == [True, False, False, False]


def test_a_damaged_journal_costs_one_copy() -> None:
    """The node starts with an empty copy of another id; its peers fill it, and its next backup is full."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        await trio.sleep(hours(1.5))
        keeper = owner(world, task)
        world.crash(keeper)
        disk = world.slots[keeper].disk
        disk.flip(next(name for name in disk.files if "copies/" in name), 40, 3)
        world.restart(keeper)
        await trio.sleep(hours(1))

    told = played(story)
    assert len(told.all(CopyLost)) == 1
    assert [(note.full, note.documents) for note in told.all(BackupFinished)] == [(True, 20), (True, 20)]


# ---- errors ----


def test_a_place_that_does_not_take_files_fails_the_run(tmp_path: Path) -> None:
    """8.9, 9.6c, 9.11: nothing stays behind, nobody tries before the next occurrence, no real path is told."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        place = tmp_path / owner(world, task) / "backups"
        place.parent.mkdir()
        place.write_text("a file where a folder should be")
        await trio.sleep(hours(1.5))
        place.unlink()
        await trio.sleep(hours(1))

    told = played(story, tmp_path)
    (failed,) = told.all(BackupFailed)
    assert failed.error.startswith("B/backups")
    assert str(tmp_path) not in failed.error
    assert "choose another folder" in failed.error
    assert [(note.error != "", note.version) for note in told.all(StatusStored)] == [(True, 1), (False, 2)]
    assert [event.t // MINUTE for event in told.events(BackupStarted)] == [120]
    assert told.counts() == {"ok": 1, "late": 0, "missed": 0, "double": 0, "failed": 1, "cut off": 0}


def test_a_file_that_reads_back_differently_is_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is removed, the run failed, and the chain goes on from the file before."""
    once = [True]

    def flipped(name: str, chunks: Iterable[bytes]) -> Manifest:
        found = read_manifest(name, chunks)
        return attrs.evolve(found, last_etag=0) if once and once.pop() else found

    monkeypatch.setattr(backup_run, "read_manifest", flipped)

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(2.5))

    told = played(story, tmp_path)
    assert [note.error for note in told.all(BackupFailed)] == [
        "2024-01-01-01-00-00.ravendb-full-backup is damaged: read back, it says other things of itself than were "
        "written; restore another copy of it, or only up to the file before it"
    ]
    assert files(tmp_path) == ["2024-01-01-02-00-00.ravendb-full-backup"]


def test_a_full_disk_of_the_node_does_not_stop_its_backups() -> None:
    """What cannot be written to the books now is written when there is room."""

    async def story(world: World) -> None:
        task = await open_shop(world, replication_factor=1)
        keeper = owner(world, task)
        for other in world.names:
            if other != keeper:
                world.crash(other)
        await trio.sleep(5)
        world.full_disk(keeper)
        await trio.sleep(hours(2.5))
        world.full_disk(keeper, False)
        await trio.sleep(60)
        world.restart(keeper)
        await trio.sleep(5)
        world.mend()
        await trio.sleep(60)

    told = played(story)
    assert len(told.all(BackupFinished)) == len(told.all(BackupSkipped)) == 1
    assert [note.started_at // HOUR for note in told.all(Reported)] == [1, 2]


# ---- what is not wanted any more ----


@pytest.mark.parametrize("act", [partial(ToggleTask, disabled=True), RemoveTask])
def test_a_run_of_a_task_that_is_taken_away_is_cancelled(tmp_path: Path, act: Callable[[str, int], Any]) -> None:
    """9.2, 9.12, 22.9: the file is removed and nothing is stored."""

    async def story(world: World) -> None:
        task = await open_shop(world, documents=5_000)
        await world.seen(BackupStarted, within=4_000)
        await world.ask("A", act("Shop", task))
        await trio.sleep(minutes(90))
        assert not world["A"].state.database("Shop").history

    told = played(story, tmp_path)
    assert len(told.all(BackupCancelled)) == 1
    assert files(tmp_path) == []


def test_a_task_that_is_enabled_again_runs_what_is_overdue() -> None:
    """6.8, 8.5: the timer is armed anew, from the runs that were."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        await trio.sleep(hours(1.2))
        await world.ask("A", ToggleTask("Shop", task, disabled=True))
        await trio.sleep(hours(2))
        await world.ask("B", ToggleTask("Shop", task, disabled=False))
        await trio.sleep(hours(1))

    told = played(story)
    assert [event.t // MINUTE for event in told.events(BackupStarted)] == [60, 192]  # the record has changed
    assert [event.t // MINUTE for event in told.events(BackupSkipped)] == [240]


def test_a_move_does_not_stop_a_run() -> None:
    """7.13: the old owner finishes and reports."""

    async def story(world: World) -> None:
        task = await open_shop(world, documents=20_000)
        await world.seen(BackupStarted, within=4_000)
        before = world["A"].state.database("Shop").tasks[task]
        await world.ask("A", DefineTask("Shop", attrs.evolve(before, mentor="A")))
        await world.seen(OwnerChanged, owner_after="A")
        await trio.sleep(60)

    told = played(story, seed=3)
    started, finished = told.events(BackupStarted)[0], told.events(BackupFinished)[0]
    assert started.node == finished.node != "A"
    assert told.events(Reported)[0].node == started.node


# ---- slots ----


def test_more_runs_than_slots_wait() -> None:
    """9.4, 23.5: four at a time on one node; the others ask again every thirty seconds, and all are done."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop"))
        await world.ask("A", orders(1, 20))
        for _ in range(9):
            await world.ask("A", DefineTask("Shop", attrs.evolve(HOURLY, incremental="")))
        await trio.sleep(hours(24.1))

    told = played(story)
    started = [event.t - DAY for event in told.events(BackupStarted)]
    assert [t // (30 * SECOND) for t in started] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert len(told.all(BackupDelayed)) == 5 + 1
    assert told.counts()["ok"] == 9


def test_a_slot_may_be_held_while_saving() -> None:
    """9.16, 22.17: RavenDB's runs pile up behind a report that nobody takes; ours do not."""

    async def story(world: World) -> None:
        task = await open_shop(world, Task(full="* * * * *", destinations=(FOLDER,)))
        await trio.sleep(minutes(1.5))
        for other in world.names:
            if other != owner(world, task):
                world.crash(other)
        await trio.sleep(minutes(10))
        world.mend()
        await trio.sleep(minutes(1))

    ours, theirs = played(story), played(story, rules="ravendb-6.2")
    assert len(ours.all(BackupStarted)) >= 11
    assert len(theirs.all(BackupStarted)) <= 7


# ---- pure ----


def test_a_late_run_answers_the_newest_occurrence() -> None:
    """However long it was down, and whichever of the two frequencies it is."""
    plan = Plan(5 * HOUR, False, HOUR, "late", "8.5")
    zone = chain.UTC
    assert run_status.answered_occurrence(HOURLY, plan, 5 * HOUR + 7, zone) == 5 * HOUR
    assert run_status.answered_occurrence(HOURLY, plan, HOUR, zone) == HOUR
    rare = Task(full="0 0 1 1 *", incremental="0 0 1 * *")
    assert run_status.answered_occurrence(rare, Plan(0, True, 0, "late", "8.5"), 45 * DAY, zone) == 31 * DAY
    assert run_status.answered_occurrence(Task(full="0 0 1 1 *"), Plan(0, True, 0, "late", "8.5"), 300 * DAY, zone) == 0


@pytest.mark.parametrize(("items", "count"), [(0, 2), (1, 2), (2_000, 2), (2_001, 3), (100_000, 100)])
def test_costs_are_made_of_counts(items: int, count: int) -> None:
    """Slices of a thousand; more items never cost less."""
    assert io_costs.slices(items) == count
    assert io_costs.write_slice(items, 0) >= io_costs.SLICE
    assert io_costs.read_back(10**6) > io_costs.read_back(0)
    assert io_costs.restore(items + 1, 0) > io_costs.restore(items, 0)


def test_presets_differ_only_by_their_rules() -> None:
    """Nothing in the service asks for a preset by name."""
    assert isinstance(rules_named("ravendb-6.2"), Rules)
    source = Path(backup_run.__file__).parent
    for path in [*source.glob("*.py"), *source.glob("checks/*.py")]:
        if path.name != "rules.py":
            assert "ravendb-6" not in path.read_text()


def test_a_task_that_outlives_the_calendar_ends_the_run_as_a_mistake() -> None:
    """Dates end with the year 9999, and every story ten years before: until then each leap day on a Monday is kept."""
    backed_up: list[int] = []
    leap_years = [year for year in range(2025, as_datetime(LAST).year) if isleap(year)]

    async def story(world: World) -> None:
        client = backups(world)
        client.start("A")
        await world.elected()
        shop = await client.create_database("Shop", 1)
        task = await shop.define(full="0 0 29 2 1")
        await trio.sleep(LAST / SECOND - world.now)
        backed_up.append(len(task.runs))
        await trio.sleep(days(365))

    outcome = play(story, years=8_000)
    assert outcome.verdict == MISTAKE
    assert "the story goes on after the year 9989" in str(outcome.failure)
    assert backed_up == [sum(weekday(year, 2, 29) == MONDAY for year in leap_years)]


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_clocks_may_stand_before_2024(rules: str) -> None:
    """A wall time may be negative: no promise takes the first such run for older than none, and each run has its own time."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        for name in world.names:
            world.jump_clock(name, -hours(24))
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        task = await shop.define(full="0 * * * *")
        ran = await task.ran(2, within=hours(3))
        once = await shop.backup_once()
        another = await shop.backup_once()
        assert ran.started_at < once.started_at < another.started_at < 0

    outcome = play(story, 1, options={"rules": rules})
    assert outcome.failure is None


def test_a_node_that_hears_while_it_looks_does_not_start() -> None:
    """A run has come due and looks at a slow folder, and meanwhile its node hears that the task is disabled (7.9)."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC")
        task = await shop.define(full="0 * * * *")
        owner = await task.assigned()
        world.disturb(owner, Slow("backups", 10_000))
        await trio.sleep(hours(1) - world.now + 1)
        assert not world.history.of(BackupStarted), "it still looks"
        await task.disable()
        await trio.sleep(minutes(5))

    outcome = play(story, 1)
    assert outcome.failure is None
    assert not outcome.history.of(BackupStarted)
    assert len(outcome.history.of(BackupCancelled)) == 1
