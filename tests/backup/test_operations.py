"""Backup now, once, put off, cancelled, and how it all looks (ravendb.md sections 9.4, 15, 20)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
import trio

from backup.notes import (
    BackupCancelled,
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPostponed,
    BackupPostponedHere,
    BackupStarted,
    Reported,
)
from backup.record.retention_policy import Retention
from backup.record.rules import Rules, rules_named
from backup.record.task import Kind
from backup.requests.answers import RunProgress, TaskView
from backup.requests.backup_requests import BackupNow
from backup.requests.document_requests import PutDocuments
from backup.requests.errors import (
    AskAnother,
    BadDelay,
    NobodyIsResponsible,
    NoFreeSlot,
    NoSuchTask,
    NothingRuns,
    NowhereToGo,
    ShortOfResources,
    TaskIsDisabled,
)
from backup.restore.chain_reader import restore
from cluster.member import Refused
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, as_datetime, hours, minutes
from scenarios.backups import Database, Slow, Task, backups
from scenarios.inspect.backups_page import task_lines

from .shop import Told

OURS = rules_named("unkindness")
Story = Callable[[World, Database, Task], Awaitable[None]]


def told(story: Story, folder: Path | None = None, rules: Rules | str = "unkindness", seed: int = 1) -> Told:
    """Play a story that is given the client's shop and its nightly task, with an hourly incremental."""
    worlds: list[World] = []
    places = {} if folder is None else {"backups": str(folder)}

    async def whole(world: World) -> None:
        worlds.append(world)
        client = backups(world)
        client.start("ABC", rules)
        await world.elected()
        shop = await client.create_database("Shop", 3)
        await shop.fill(20)
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
        if (rules_named(rules) if isinstance(rules, str) else rules).assigned:
            await task.assigned()
            await world.settled()
        await story(world, shop, task)

    return Told(run(whole, seed, places=places), worlds[0])


def panel(view: TaskView, now: int) -> str:
    """The panel of a task, as every command and every story shows it."""
    return "\n".join(task_lines(view, now, ZoneInfo("UTC"), 200))


def starts(found: Told) -> list[str]:
    """When backups began, and of what kind."""
    return [
        f"{as_datetime(note.started_at):%H:%M} {'full' if note.full else 'incremental'}"
        for note in found.all(BackupStarted)
    ]


# ---- now ----


def test_backup_now_runs_on_the_responsible_node_and_counts_as_a_run() -> None:
    """Rules 15.1, 15.2: asked elsewhere it names that node; later occurrences are counted from it."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        other = next(name for name in "ABC" if name != owner)
        with pytest.raises(AskAnother, match=f"node {owner} is responsible") as another:
            await world.ask(other, _now(task))
        assert another.value.node == owner
        await trio.sleep(minutes(20) - world.now)
        begun = await task.backup_now(on=other)
        assert (begun.node, begun.task, begun.full) == (owner, task.id, True)
        assert await world.ask(owner, _now(task)) == begun, "rule 9.3: the one that runs is answered"
        await world.until(lambda: bool(task.runs), what="its end")
        await shop.put({"orders/1": {"new": 1}}, on=owner)
        await task.backup_now(full=False)
        await task.ran()
        assert (await task.show(owner)).last_incremental is not None
        await trio.sleep(hours(1.2) - world.now)

    assert starts(told(story)) == ["00:20 full", "00:20 incremental"], "an hour later there is nothing new"


def _now(task: Task, full: bool = True) -> BackupNow:
    return BackupNow(task.database.name, task.id, full)


def test_a_requested_incremental_is_full_with_no_chain_to_continue() -> None:
    """Rules 8.7, 15.2."""

    async def story(world: World, shop: Database, task: Task) -> None:
        assert (await task.backup_now(full=False)).full
        await task.ran()

    assert starts(told(story)) == ["00:00 full"]


def test_backup_now_is_refused_for_each_reason_with_its_own_error() -> None:
    """Rules 9.4, 15.1."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        with pytest.raises(NoSuchTask, match="has no task 99"), trio.fail_after(60):
            await world.ask("A", attrs.evolve(_now(task), task=99))
        with pytest.raises(Refused, match="knows no database 'Bank'"):
            await world.ask("A", attrs.evolve(_now(task), database="Bank"))
        for of, word in (
            ("memory", "low memory state"),
            ("dirty memory", "high dirty"),
            ("cpu credits", "CPU credits"),
        ):
            world.short(owner, of)
            with pytest.raises(ShortOfResources, match=word):
                await task.backup_now()
            world.short(owner, of, False)
        await task.disable()
        with pytest.raises(TaskIsDisabled, match="enable it first"):
            await task.backup_now()
        await task.enable()
        await task.edit(destinations=())
        with pytest.raises(NowhereToGo, match="no usable destination"):
            await task.backup_now()
        fresh = await shop.define(full="0 0 * * *")
        with pytest.raises(NobodyIsResponsible):
            await fresh.backup_now()

    told(story)


def test_without_a_free_slot_backup_now_is_refused() -> None:
    """Rules 9.4, 15.3: what would only delay a run by the clock."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await task.backup_now()
        with pytest.raises(NoFreeSlot, match="exceeds the maximum number of concurrent backup tasks, which is 1"):
            await shop.backup_once(on=await task.assigned())

    told(story, rules=attrs.evolve(OURS, concurrent_backups=1))


def test_backup_now_needs_no_leader() -> None:
    """Rule 10.3: the owner is stored; the report comes late."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        weekly = await shop.define(full="0 0 * * 0")
        others = [name for name in "ABC" if name != owner]
        for name in others:
            world.crash(name)
        await trio.sleep(5)
        await task.backup_now(on=owner)
        await task.ran()
        await trio.sleep(60)
        for name in others:
            world.restart(name)
        await task.reported()
        assert (task.late_reports(), weekly.late_reports()) == (1, 0)

    told(story)


# ---- later ----


def test_a_backup_that_runs_is_put_off_and_starts_from_scratch(tmp_path: Path) -> None:
    """Rules 8.4, 9.12, 15.5: nothing is left of it; the next start is that of the delay, on whichever node."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await world.seen(BackupStarted, within=4_000)
        until = await task.postpone(minutes(90))
        assert until.agreed
        view = await task.show(await task.assigned())
        assert view.next is not None
        assert (view.next.at, view.next.full, view.next.delayed_from) == (until.until, True, HOUR)
        assert "delayed from 2024-01-01 01:00:00" in panel(view, HOUR)
        await trio.sleep(30)
        assert not task.files(await task.assigned())
        world.restart(await task.assigned())
        await trio.sleep(hours(3.2) - world.now)

    found = told(story, tmp_path)
    assert starts(found) == ["01:00 full", "02:30 full", "03:00 incremental"][:2]
    assert [note.why for note in found.all(BackupCancelled)] == ["which was put off"]
    assert len(found.all(BackupPostponed)) == 1


def test_the_next_backup_is_put_off_before_it_starts_in_ours_alone() -> None:
    """Rule 15.5: RavenDB delays only what runs."""

    async def story(world: World, shop: Database, task: Task) -> None:
        if world["A"].application.rules.delays_what_waits:
            await task.postpone(minutes(75))
        else:
            with pytest.raises(NothingRuns):
                await task.postpone(minutes(75))
        with pytest.raises(BadDelay, match="put off by 0 s"):
            await task.postpone(0)
        await trio.sleep(hours(1.5) - world.now)

    assert starts(told(story)) == ["01:15 full"]
    assert starts(told(story, rules="ravendb-6.2"))[0].startswith("01:0")


def test_without_a_leader_only_the_owner_knows_of_a_delay() -> None:
    """Rule 15.5: until it goes down."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        for name in "ABC":
            if name != owner:
                world.crash(name)
        await trio.sleep(5)
        assert not (await task.postpone(minutes(75), on=owner)).agreed
        await trio.sleep(hours(1.1) - world.now)
        assert not task.runs
        world.restart(owner)
        await task.ran()

    found = told(story)
    assert len(found.all(BackupPostponedHere)) == 1
    assert starts(found) == ["01:06 full"]


def test_a_run_asked_for_by_hand_ends_a_delay() -> None:
    """Rule 15.2: what was put off is done."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await task.postpone(minutes(150))
        await task.backup_now()
        await task.ran()
        await task.reported()
        assert not world["A"].state.database("Shop").delays
        await shop.put({"orders/1": {"new": 1}})
        await trio.sleep(hours(1.1) - world.now)

    assert starts(told(story))[1:] == ["01:00 incremental"]


# ---- not at all ----


def test_a_cancelled_run_leaves_nothing_and_in_ours_waits_for_the_next_one(tmp_path: Path) -> None:
    """Rules 9.12, 15.6: in RavenDB it is overdue, and starts again at once."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await task.ran()
        await shop.put({"orders/1": {"new": 1}})
        await world.seen(BackupStarted, within=4_000)
        assert (await task.cancel()).task == task.id
        await trio.sleep(20)
        with pytest.raises(NothingRuns):
            await task.cancel()
        await trio.sleep(hours(3.1) - world.now)

    ours = told(story, tmp_path / "ours")
    assert starts(ours) == ["01:00 full", "02:00 incremental", "03:00 incremental"]
    assert [note.why for note in ours.all(BackupCancelled)] == ["as somebody asked for"]
    assert len(list((tmp_path / "ours").rglob("*.ravendb-incremental-backup*"))) == 1
    theirs = told(story, tmp_path / "theirs", rules="ravendb-6.2")
    assert starts(theirs)[1:3] == ["02:00 incremental", "02:00 incremental"]


# ---- once ----


def test_a_one_time_backup_is_known_by_its_time_and_restores(tmp_path: Path) -> None:
    """Rules 15.3, 15.4: on the node that was asked, told of under task id 0, no part of any task."""

    async def story(world: World, shop: Database, task: Task) -> None:
        first = await shop.backup_once(on="B")
        await shop.put({"orders/1": {"new": 1}}, on="C")
        second = await shop.backup_once(path="elsewhere", on="C")
        assert (first.node, second.node, first.full) == ("B", "C", True)
        await world.until(lambda: len(world["A"].state.database("Shop").history) == 2, what="the reports")
        await world.settled()
        view = await shop.show("A")
        assert view.one_time is not None
        assert (view.one_time.made_at, view.one_time.node) == (second.started_at, "C")
        assert view.one_time.destinations == ("Local",), "rule 15.4"
        assert view.last_backup == second.started_at
        runs = [run for run in world["A"].state.database("Shop").history if run.task_id == 0]
        assert [run.started_at for run in runs] == [first.started_at, second.started_at]
        place = task.client.destinations.of_path("C", "elsewhere")
        store = task.client.store("C", "Shop")
        assert store is not None
        assert restore(place, second.folder).store.fingerprint == store.fingerprint

    found = told(story, tmp_path)
    assert "starts a full backup of Shop, once" in found.all(BackupStarted)[0].text()


def test_a_one_time_backup_that_fails_is_told_of_to_nobody(tmp_path: Path) -> None:
    """Rule 15.4: only after it ended without exception."""

    async def story(world: World, shop: Database, task: Task) -> None:
        (tmp_path / "B").write_text("a file where a folder should be")
        assert (await shop.backup_once(on="B")).outcome == "failed"
        await trio.sleep(30)
        assert (await shop.show()).one_time is None

    found = told(story, tmp_path)
    assert (len(found.all(BackupFailed)), found.all(Reported)) == (1, [])


def test_two_one_time_backups_at_once_are_two() -> None:
    """Each is known by a time of its own."""

    async def story(world: World, shop: Database, task: Task) -> None:
        async with trio.open_nursery() as nursery:
            for path in ("one", "two"):
                nursery.start_soon(shop.backup_once, path, Kind.BACKUP, None, "B")
        await trio.sleep(5)

    found = told(story).all(BackupFinished)
    assert len({note.started_at for note in found}) == 2


def test_a_one_time_backup_is_done_when_that_of_its_own_database_is() -> None:
    """Those of two databases at once: each client is told of its own run."""
    came: dict[str, str] = {}

    async def story(world: World, shop: Database, task: Task) -> None:
        bank = await task.client.create_database("Bank", replication_factor=3)
        await world.settled()

        async def once(database: Database) -> None:
            came[database.name] = (await database.backup_once(path=database.name, on="B")).folder

        async with trio.open_nursery() as nursery:
            nursery.start_soon(once, shop)
            nursery.start_soon(once, bank)

    assert {note.database: note.folder for note in told(story).all(BackupFinished)} == came


def test_a_one_time_backup_survives_a_restart_before_it_could_be_told_of() -> None:
    """Rule 24.6 holds for it too."""

    async def story(world: World, shop: Database, task: Task) -> None:
        world.crash("A")
        world.crash("B")
        await trio.sleep(5)
        await shop.backup_once(on="C")
        world.restart("C")
        await trio.sleep(5)
        world.restart("A")
        await world.elected()
        await world.until(lambda: 0 in world["C"].state.database("Shop").statuses, what="the report")

    told(story)


# ---- resources ----


@pytest.mark.parametrize("resource", ["memory", "dirty memory", "cpu credits"])
def test_a_node_that_is_short_asks_again_in_ten_minutes(resource: str) -> None:
    """Rule 9.4: for the same kind of run, until there is enough; the watcher of coverage understands."""

    async def story(world: World, shop: Database, task: Task) -> None:
        world.short(await task.assigned(), resource)
        await trio.sleep(hours(1.4) - world.now)
        world.short(await task.assigned(), resource, False)
        await trio.sleep(minutes(10))

    found = told(story)
    assert [note.until for note in found.all(BackupDelayed)] == [HOUR + count * 10 * MINUTE for count in (1, 2, 3)]
    assert starts(found) == ["01:30 full"]


@pytest.mark.parametrize(("rules", "kinds"), [("unkindness", ["full"]), ("ravendb-6.2", ["incremental", "full"])])
def test_an_incremental_that_waits_until_the_full_is_due_gives_way(rules: str, kinds: list[str]) -> None:
    """8.4, 9.4: it found too little memory at 05:55 and asks again at 06:05; the full was due at 06:00."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await task.edit(full="0 */6 * * *", incremental="55 5 * * *")
        await task.backup_now()
        await task.ran()
        await trio.sleep(hours(5.9) - world.now)
        world.short(await task.assigned(), "memory")
        await shop.put({"orders/new": {"n": 1}})
        await trio.sleep(minutes(5))
        world.short(await task.assigned(), "memory", False)
        await trio.sleep(hours(1))

    assert [each.split()[1] for each in starts(told(story, rules=rules))[1:]] == kinds


# ---- how it looks ----


def test_what_is_shown_depends_on_the_node_that_is_asked() -> None:
    """Rules 20.1 to 20.4."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        other = next(name for name in "ABC" if name != owner)
        await task.edit(retention=None, mentor=owner)
        await world.settled()
        mine, theirs = await task.show(owner), await task.show(other)
        assert (mine.connection, theirs.connection) == ("Active", "NotOnNode")
        assert mine.next is not None
        assert (mine.next.at, mine.next.full, mine.next.delayed_from) == (HOUR, True, None)
        assert theirs.next == mine.next
        assert "Last Full Backup:      Never backed up" in panel(mine, 0)
        assert f"Responsible node:      {owner}" in panel(mine, 0)
        assert "Next Estimated Backup: in 1 h (full)" in panel(mine, 0)
        assert "Retention Policy:      No backups will be removed" in panel(mine, 0)
        await task.ran()
        await task.reported()
        await world.settled()
        assert "Next Estimated Backup: in 1 h (incremental)" in panel(await task.show(other), HOUR)
        await task.disable()
        await world.settled()
        off = await task.show(other)
        assert (off.enabled, off.connection, off.next) == (False, "NotActive", None)
        assert "Next Estimated Backup: N/A" in panel(off, HOUR)
        everything = await shop.show(other)
        assert everything.tasks == (off,)
        assert everything.next_backup is None

    told(story)


def test_the_panel_shows_that_a_preferred_node_is_away() -> None:
    """teaching: preferred and actual, an arrow between."""
    view = TaskView(
        3,
        "Nightly",
        "Snapshot",
        True,
        "NotOnNode",
        "B",
        "A",
        "B",
        0,
        HOUR,
        None,
        None,
        ("Local",),
        2 * DAY,
        False,
        False,
    )
    assert panel(view, 2 * HOUR).splitlines() == [
        "task 3: Nightly (Snapshot) - Enabled, Not on node",
        "  Responsible node:      B (preferred: A):",
        "  Destinations:          Local",
        "  Last executed on:      B",
        "  Last Snapshot:         2 h ago, 2024-01-01 00:00:00",
        "  Last Incremental:      1 h ago, 2024-01-01 01:00:00",
        "  Next Estimated Backup: N/A",
        "  Retention Policy:      2 days",
        "  Encryption:            Not encrypted",
    ]


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_the_next_backup_of_a_pinned_task_waits_for_its_node(rules: str) -> None:
    """20.1, 7.12: it is never `now` in vain."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await task.edit(mentor="B", pinned=True)
        await world.settled()
        await task.ran()
        await task.reported()
        await trio.sleep(minutes(10))
        world.crash("B")
        await trio.sleep(minutes(30))
        view = await task.show("C")
        assert view.next is not None
        assert (view.next.at, view.next.waits_for) == (2 * HOUR, ""), "not due yet"
        await trio.sleep(minutes(30))
        view = await task.show("C")
        assert view.next is not None
        assert view.next.waits_for == "B"
        assert "when B is back (incremental): B does not respond, and the task stays with it" in panel(view, 2 * HOUR)

    told(story, rules=rules)


def test_the_next_backup_of_an_owner_that_just_went_down_is_when_the_task_moves() -> None:
    """20.1, 7.8: after an hour struck, and before the grace ends."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        other = next(name for name in "ABC" if name != owner)
        await trio.sleep(minutes(55) - world.now)
        world.crash(owner)
        await trio.sleep(minutes(10))
        view = await task.show(other)
        assert view.next is not None
        assert view.moves_at is not None
        assert (view.next.at, view.next.occurrence, view.next.rule) == (view.moves_at, HOUR, "7.8")
        assert "the task moves then" in panel(view, 65 * MINUTE)

    told(story)


def test_a_run_that_is_being_cancelled_says_so() -> None:
    """15.6: at a slow place it ends minutes later; the page says why it still runs."""

    async def story(world: World, shop: Database, task: Task) -> None:
        owner = await task.assigned()
        world.disturb(owner, Slow("backups", 2_000))
        await world.seen(BackupStarted, within=hours(2))
        await task.cancel(on=owner)
        view = await task.show(owner)
        assert view.running is not None
        assert view.ending == "as somebody asked for"
        assert "Being cancelled:       as somebody asked for; it ends with" in panel(view, HOUR)
        await world.seen(BackupCancelled, within=hours(1))
        assert (await task.show(owner)).ending == ""

    told(story)


def test_words_that_are_used_here() -> None:
    """A request says itself in one clause."""
    from backup.record.task_commands import PostponeBackup
    from backup.requests.backup_requests import BackupNow, BackupOnce, CancelBackup, ShowBackups, ShowTask

    said = [
        BackupNow("Shop", 3).says(),
        BackupNow("Shop", 3, full=False).says(),
        BackupOnce("Shop", ()).says(),
        PostponeBackup("Shop", 3, 90 * 60 * SECOND).says(),
        CancelBackup("Shop", 3).says(),
        ShowTask("Shop", 3).says(),
        ShowBackups("Shop").says(),
        PutDocuments("Shop", ()).says(),
    ]
    assert said == [
        "wants a full backup by task 3 of Shop now",
        "wants an incremental backup by task 3 of Shop now",
        "wants a one-time backup of Shop",
        "puts off task 3 of Shop by 90 min",
        "cancels the backup of task 3 of Shop",
        "looks at task 3 of Shop",
        "looks at the backups of Shop",
        "writes 0 documents in Shop",
    ]
    assert Retention(DAY).age == DAY


def test_how_far_a_run_has_come() -> None:
    """20.1: what is written when it is asked, slice by slice as the costs have it; then that it is read back; then nothing."""

    async def story(world: World, shop: Database, task: Task) -> None:
        await shop.fill(4_000)
        await trio.sleep(60)
        owner = await task.assigned()
        await task.backup_now()
        seen: list[RunProgress] = []
        while (view := await task.show(owner)).running is not None:
            assert (await task.show(next(name for name in "ABC" if name != owner))).progress is None
            if view.progress is not None and (not seen or view.progress != seen[-1]):
                seen.append(view.progress)
            await trio.sleep(0.05)
        assert [each.items for each in seen] == [0, 1_000, 2_000, 3_000, 4_000]
        assert [each.bytes for each in seen] == [seen[0].of_bytes * place // 4 for place in range(5)]
        assert [each.verifying for each in seen] == [False] * 4 + [True]
        assert view.progress is None

    told(story)
