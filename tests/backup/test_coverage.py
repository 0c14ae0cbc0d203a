"""Every backup happens, and no correct cluster is accused: runs that take longer than their schedule, and runs without end."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import trio

from backup.checks.coverage import Covered
from backup.destinations import io_costs
from backup.destinations.faults import Slow
from backup.notes import BackupFinished, BackupStarted
from backup.runs.scheduler import Scheduler
from cluster.checks import Violation
from cluster.sim.run import Outcome, run
from cluster.sim.world import World
from cluster.time_units import HOUR, MINUTE, days, hours, minutes
from scenarios.backups import FOLDER, backups
from scenarios.gallery import load
from scenarios.inspect.backup_results import counts
from scenarios.inspect.run_history import RunHistory
from scenarios.zoo import planted

Story = Callable[[World], Awaitable[None]]


def played(story: Story, folder: Path, seed: int = 1, rules: str = "unkindness") -> Outcome:
    return run(story, seed, places={"backups": str(folder)}, options={"rules": rules})


def begun(outcome: Outcome) -> list[int]:
    """At what minute each run began, by true time."""
    return [event.t // MINUTE for event in outcome.history.of(BackupStarted)]


def longest(outcome: Outcome) -> int:
    """How long the longest run took, in µs."""
    return max(event.note.duration for event in outcome.history.of(BackupFinished))


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_pinned_task_that_never_ran_is_excused_while_its_node_is_down(rules: str, tmp_path: Path) -> None:
    """7.12: also where no record names the owner, and no run does (7.5a)."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="ABC")
        await shop.define(full="0 * * * *", mentor="B", pinned=True)
        await trio.sleep(20)
        world.crash("B")
        await trio.sleep(hours(2))

    outcome = played(story, tmp_path, rules=rules)
    assert outcome.verdict == "held"
    assert begun(outcome) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_may_take_longer_than_its_schedule(seed: int, tmp_path: Path) -> None:
    """9.3: while one is under way no other begins; what fell due meanwhile begins when it ends."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="0 * * * *")
        world.disturb("B", Slow(FOLDER, 6_000))
        await trio.sleep(hours(9.5))

    outcome = played(story, tmp_path, seed)
    assert HOUR < longest(outcome) < 2 * HOUR, "a run takes longer than an hour"
    ends = [event.t for event in outcome.history.of(BackupFinished)]
    starts = [event.t for event in outcome.history.of(BackupStarted)]
    assert len(ends) >= 5
    look = 6_000 * io_costs.LOOK
    assert {start - end for start, end in zip(starts[1:], ends, strict=False)} == {look}, "one after the other"


def test_a_run_by_hand_may_still_go_on_when_the_hour_comes(tmp_path: Path) -> None:
    """15.1, 9.3: what is due begins when the run ends that somebody asked for."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        task = await shop.define(full="0 * * * *")
        world.disturb("B", Slow(FOLDER, 2_000))
        await trio.sleep(hours(0.75))
        await task.backup_now()
        await trio.sleep(hours(2))

    outcome = played(story, tmp_path)
    first, second = outcome.history.of(BackupStarted)[:2]
    assert (first.note.by_hand, first.t // MINUTE) == (True, 45)
    assert second.note.occurrence == HOUR
    assert second.t > HOUR + 3 * MINUTE, "the hour's own run waited for it"


def test_a_full_may_still_go_on_when_an_incremental_is_due(tmp_path: Path) -> None:
    """A full at 1:50, an incremental at 2:00."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="50 1 * * *", incremental="0 * * * *")
        await trio.sleep(hours(1.5))
        world.disturb("B", Slow(FOLDER, 2_000))
        await shop.put({"orders/late": {"at": "half past one"}})
        await trio.sleep(hours(2))

    outcome = played(story, tmp_path)
    assert 110 in begun(outcome), "the full begins at ten to two"
    assert longest(outcome) > 12 * MINUTE, "and goes on after two"


def test_a_nightly_run_may_take_eight_hours(tmp_path: Path) -> None:
    """A slow place makes a run of eight hours, and it is no run without end."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="0 1 * * *", incremental="0 * * * *")
        world.disturb("B", Slow(FOLDER, 36_000))
        await trio.sleep(hours(30))

    assert longest(played(story, tmp_path)) > 8 * HOUR


def test_a_place_may_be_slow_to_look_at(tmp_path: Path) -> None:
    """9.6: a run starts when it has looked at its place, which may take longer than the bound."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="0 1 * * *")
        world.disturb("B", Slow(FOLDER, 200_000))
        await trio.sleep(hours(4))

    assert begun(played(story, tmp_path)) == [63]


def test_what_is_due_after_a_long_run_is_still_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound counts from the end of the run: a scheduler that forgets what fell due meanwhile breaks the promise."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="0 * * * *")
        world.disturb("B", Slow(FOLDER, 6_000))
        await trio.sleep(hours(2))
        monkeypatch.setattr(Scheduler, "_fire", lambda *forgotten: None)
        await trio.sleep(hours(2))

    with pytest.raises(Violation, match="02:00:00: no run had started by 2024-01-01 02:2"):
        played(story, tmp_path)


def test_a_task_that_is_switched_off_and_on_still_ends_its_run_first(tmp_path: Path) -> None:
    """9.2, 9.3: the run that is to end has not looked up yet when the task is enabled again."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        task = await shop.define(full="0 * * * *")
        world.disturb("B", Slow(FOLDER, 6_000))
        await trio.sleep(hours(1) + minutes(5))
        await task.disable()
        await trio.sleep(10)
        await task.enable()
        await trio.sleep(hours(4))

    assert len(begun(played(story, tmp_path))) >= 2


def test_a_run_without_end_is_called_so(tmp_path: Path) -> None:
    """Two days after it began, whatever else is due; a node that is slow or that somebody touches has longer."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(full="0 1 * * *")
        await trio.sleep(days(2.9))
        world.slow_disk("B", 2)
        await trio.sleep(days(5))
        world.slow_disk("B", 1)
        await trio.sleep(days(1.9))
        world.mend()
        await trio.sleep(days(2.1))

    with planted("a-run-never-ends"), pytest.raises(Violation, match="has not ended within 2 days") as caught:
        played(story, tmp_path)
    assert caught.value.promise == "every run ends"


@pytest.mark.parametrize("off", [-100_000, 100_000])
def test_a_clock_that_drifts_is_asked_by_its_own_time(off: int, tmp_path: Path) -> None:
    """9.1: an hour of the owner's clock takes 67 minutes of true time or 55, and its occurrences are an hour apart."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(incremental="0 * * * *")
        await trio.sleep(minutes(5))
        world.drift("B", off)
        await trio.sleep(hours(24))
        world.drift("B", 0)
        await trio.sleep(hours(6))

    outcome = played(story, tmp_path)
    covered = (24 * 60 + 5) * (1_000_000 + off) // 1_000_000 // 60 + 6
    assert counts(RunHistory(outcome.history.events), outcome.watchers)["ok"] in (covered, covered + 1)


# ---- RavenDB's generations ----


@pytest.mark.parametrize("rules", ["ravendb-4.2", "ravendb-6.2", "unkindness"])
def test_an_owner_that_restarts_before_its_first_run_runs_it(rules: str, tmp_path: Path) -> None:
    """26.2: a task that was first looked at while no leader was known gets its timer when one is."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(incremental="0 * * * *")
        await trio.sleep(minutes(5))
        world.restart("B")
        await trio.sleep(days(3))

    outcome = played(story, tmp_path, rules=rules)
    assert counts(RunHistory(outcome.history.events), outcome.watchers) == {
        "ok": 72,
        "late": 0,
        "missed": 0,
        "double": 0,
        "failed": 0,
        "cut off": 0,
    }


def missed(outcome: Outcome) -> list[tuple[int, str]]:
    """Minute of each missed occurrence, and the rule that allows it."""
    covered = next(watcher for watcher in outcome.watchers if isinstance(watcher, Covered))
    return [(each.occurrence // MINUTE, each.rule) for each in covered.missed]


def test_a_plan_that_was_made_at_the_start_stays_when_the_task_comes_back(tmp_path: Path) -> None:
    """8.2, 9.2: an incremental that never ran counts from the restart, and a task that goes and returns keeps its timer."""
    outcome = played(load("an_incremental_that_never_ran").story, tmp_path, rules="ravendb-6.2")
    assert (outcome.verdict, begun(outcome)[0], missed(outcome)) == ("held", 97, [(37, "8.2")])


@pytest.mark.parametrize("late", [False, True])
def test_a_first_run_is_passed_over_only_where_nobody_leads(late: bool, tmp_path: Path) -> None:
    """7.6: the trace shows whether its nodes saw a leader at that hour. That one was missing a while ago excuses nothing."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        await shop.define(incremental="0 * * * *")
        await trio.sleep(minutes(40) - world.now)
        world.crash("A")
        world.crash("C")
        await trio.sleep(minutes(50 if late else 61) - world.now)
        world.restart("A")
        world.restart("C")
        await trio.sleep(minutes(58) - world.now if late else 0)
        with planted("is-blind-for-half-an-hour") if late else nullcontext():
            world.isolate("B")
            await trio.sleep(1)
            world.heal()
            await trio.sleep(hours(1.5))

    if not late:
        assert missed(played(story, tmp_path, rules="ravendb-4.2")) == [(60, "7.6")]
        return
    with pytest.raises(Violation, match="01:00:00: no run had started"):
        played(story, tmp_path, rules="ravendb-4.2")
