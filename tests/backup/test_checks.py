"""The watchers of backups see what is broken: each is shown a trace, or files, that break its promise."""

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
import trio

from backup.checks import Covered, backup_watchers
from backup.checks.model import Model, WallClock
from backup.checks.report_promises import ToldAsRuled
from backup.destinations.world_destinations import WorldDestinations
from backup.notes import (
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    DatabaseCreated,
    OwnerChanged,
    Reported,
    ReportGivenUp,
    StatusStored,
    TaskDefined,
    TaskRemoved,
    TopologyChanged,
    UploadFailed,
    UploadRepeated,
)
from backup.record.key_ring import KeyRing
from backup.record.rules import rules_named
from backup.runs.scheduler import Scheduler
from cluster.checks import Violation, Watcher
from cluster.sim.world import World
from cluster.steps import Ask, FlipBit, JumpClock, Pause, Start, Step, Wipe, Zone
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, hours
from cluster.trace import (
    BecameFollower,
    BecameLeader,
    Committed,
    ConfigurationChanged,
    Crashed,
    Happened,
    Note,
    Started,
    Stepped,
)
from scenarios.inspect.backup_results import excused, missed_by_rule

from .shop import open_shop, orders, played

Told = tuple[int, str, Note]
"""True time, node, note."""

CREATED = DatabaseCreated(1, "Shop", ("A", "B", "C"))
DEFINED = TaskDefined(2, "Shop", 2, "Daily", "0 0 * * *", "0 * * * *", "", False, False, 0, ("/b",), "defined")
OWNED = OwnerChanged(3, "Shop", 2, "", "B", "NonExistingResponsibleNode", "7.8.3", (), "nobody had it")
BEGIN: tuple[Told, ...] = (
    *[(0, node, Started(1)) for node in "ABC"],
    (0, "A", BecameLeader(1, 2, 0, 0)),
    (1, "A", Committed(3, 1)),
    (1, "A", CREATED),
    (1, "A", DEFINED),
    (1, "A", OWNED),
    (2, "B", Committed(3, 1)),
    (2, "B", OWNED),
)


def skipped(at: int, node: str = "B") -> Told:
    return at, node, BackupSkipped("Shop", 2, at, at, 1)


def end(at: int) -> Told:
    return at, "", Stepped(Ask("A", None))


def tell(watcher: Watcher, event: Happened) -> None:
    """Show a watcher an event, if it looks at events of that kind."""
    see = dict(watcher.sees()).get(type(event.note))
    if see is not None:
        see(event)


def shown(*told: Told, rules: str = "unkindness") -> Sequence[Watcher]:
    """Watchers that have seen the beginning and these events, in order, and then the end."""
    watchers = backup_watchers(rules_named(rules), WorldDestinations(), KeyRing())
    for seq, (t, node, note) in enumerate((*BEGIN, *told), 1):
        event = Happened(seq, t, node, 0, note)
        for watcher in watchers:
            tell(watcher, event)
    for watcher in watchers:
        if not isinstance(watcher, ToldAsRuled):  # most traces here are of runs alone, without their reports
            watcher.finish()
    return watchers


def broken(promise: str, words: str, *told: Told, rules: str = "unkindness") -> None:
    with pytest.raises(Violation, match=words) as caught:
        shown(*told, rules=rules)
    assert caught.value.promise == promise


# ---- the record ----


def test_a_change_that_no_leader_committed() -> None:
    """3.39: it came from nowhere, or from a leader that had lost its office."""
    more = attrs.evolve(DEFINED, index=4, task=4)
    broken("no change without a leader", "no leader has committed further than 3", (5, "C", more))
    lost = (4, "A", BecameFollower(2, "", "leader"))
    broken("no change without a leader", "entry 4", lost, (5, "A", Committed(4, 2)), (5, "A", more))
    shown((4, "A", Committed(4, 1)), (5, "C", more))


def test_two_owners_at_one_entry() -> None:
    """7.8: the log is one."""
    broken("one owner", "belongs to B, and on C to A", (5, "C", attrs.evolve(OWNED, owner_after="A")))


def test_an_owner_outside_the_group() -> None:
    """7.2: by the group as it was then."""
    moved = attrs.evolve(OWNED, index=5, owner_before="B", owner_after="C")
    smaller = TopologyChanged(4, "Shop", ("A", "B", "C"), (), (), ("A", "B"), (), (), "C left")
    broken("owner in the group", "is on A B", (4, "A", Committed(5, 1)), (4, "A", smaller), (4, "A", moved))
    in_rehab = attrs.evolve(smaller, rehabs=("C",))
    shown((4, "A", Committed(5, 1)), (4, "A", in_rehab), (4, "A", moved))


def test_a_removed_node_in_a_group() -> None:
    """26.1: once a leader has committed the removal, and told what it did to the groups."""
    goes = [(4, "A", ConfigurationChanged(4, ("A", "B"), (), (), ())), (5, "A", Committed(4, 1))]
    left = TopologyChanged(4, "Shop", ("A", "B", "C"), (), (), ("A", "B"), (), (), "C was removed from the cluster")
    broken("groups in the cluster", "shop is on C, which entry 4 removed", *goes, end(6))
    shown(*goes, (5, "A", left), end(6))
    shown(goes[0], end(6))


def test_a_disabled_task_that_runs() -> None:
    """7.9: on a node that has applied it; one that is behind cannot know."""
    off = attrs.evolve(DEFINED, index=4, disabled=True, change="disabled")
    disabled: tuple[Told, ...] = ((4, "A", Committed(4, 1)), (4, "A", off))
    shown(*disabled, skipped(5 * SECOND))
    broken("disabled rests", "which is disabled there", *disabled, (5, "B", Committed(4, 1)), skipped(6 * SECOND))


# ---- coverage ----


def test_an_occurrence_that_nobody_covers() -> None:
    """In calm times, two minutes; it is said in the act, at the next event."""
    calm = [skipped(hour * HOUR) for hour in range(1, 5)]
    shown(*calm, end(5 * HOUR + 110 * SECOND))
    broken("every backup happens", "at 2024-01-01 05:00:00", *calm, end(5 * HOUR + 130 * SECOND))
    late = skipped(5 * HOUR + 130 * SECOND)
    broken("every backup happens", "at 2024-01-01 05:00:00", *calm, late)
    shown(*calm, skipped(5 * HOUR + 110 * SECOND), end(5 * HOUR + 30 * MINUTE))


def planned(at: int, due: int, node: str = "B") -> Told:
    return at, node, BackupPlanned("Shop", 2, due, False, "it waits; incremental", "8.4", ())


AWAY: tuple[Told, ...] = ((110 * MINUTE, "B", Crashed()), (130 * MINUTE, "B", Started(2)))
TOO_LATE = planned(131 * MINUTE, 3 * HOUR)
TOLD = (HOUR + 1, "B", Reported("Shop", 2, HOUR, 1, False))
KEPT = (HOUR + 1, "A", StatusStored(4, "Shop", 2, "B", HOUR, False, 1, "", True))


def test_what_a_rule_lets_be_missed_is_counted_by_it() -> None:
    """8.2: an owner whose run was neither reported nor kept counts from its restart; that is held against nobody."""
    watchers = shown(skipped(HOUR), *AWAY, TOO_LATE, skipped(3 * HOUR + 5), end(4 * HOUR - 1), rules="ravendb-6.2")
    covered = next(watcher for watcher in watchers if isinstance(watcher, Covered))
    assert [(each.occurrence, each.rule) for each in covered.missed] == [(2 * HOUR, "8.2")]
    assert missed_by_rule(watchers) == (("8.2", 1),)


@pytest.mark.parametrize("rules", ["ravendb-6.2", "ravendb-4.2"])
def test_an_owner_that_has_kept_its_run_counts_from_it(rules: str) -> None:
    """8.2, 8.10: what fell due while it was away is overdue when it is back, and no rule lets it be missed."""
    kept = skipped(HOUR), KEPT, TOLD
    seen_since = skipped(3 * HOUR + 5), end(4 * HOUR - 1)
    forgets: tuple[Told, ...] = (*kept, *AWAY, TOO_LATE, *seen_since)
    broken("every backup happens", "02:00:00", *forgets, rules=rules)
    wiped = (120 * MINUTE, "", Stepped(Wipe("B")))
    assert missed_by_rule(shown(*kept, AWAY[0], wiped, AWAY[1], TOO_LATE, *seen_since, rules=rules)) == (("8.2", 1),)


def test_a_computed_owner_that_left_the_group_for_a_while_may_miss_it() -> None:
    """9.1, 7.5: the timers of the nodes that were not responsible when it fell due have stopped."""
    kept = skipped(HOUR), KEPT, TOLD
    out = TopologyChanged(5, "Shop", ("A", "B", "C"), (), (), ("A", "C"), (), ("B",), "B goes to Rehab")
    back = TopologyChanged(6, "Shop", ("A", "C"), (), ("B",), ("A", "C", "B"), (), (), "B is a member again")
    moves: tuple[Told, ...] = (
        (111 * MINUTE, "A", Committed(6, 1)),
        (111 * MINUTE, "A", out),
        (132 * MINUTE, "A", back),
    )
    later = skipped(3 * HOUR + 5), end(4 * HOUR - 1)
    watchers = shown(*kept, AWAY[0], *moves[:2], AWAY[1], moves[2], TOO_LATE, *later, rules="ravendb-4.2")
    assert missed_by_rule(watchers) == (("9.1", 1),)


def test_the_clock_of_a_node_that_never_ran_the_task_excuses_nothing() -> None:
    """8.2: a start in the future is in what is stored of a run only where the clock of a node that ran it was set."""
    ran: tuple[Told, ...] = (skipped(HOUR), TOLD)
    other, own = ((10 * MINUTE, "", Stepped(JumpClock(node, -1))) for node in "CB")
    broken("every backup happens", "02:00:00", other, *ran, end(3 * HOUR - 1), rules="ravendb-6.2")
    assert missed_by_rule(shown(own, *ran, end(3 * HOUR - 1), rules="ravendb-6.2")) == (("8.2", 1),)


@pytest.mark.parametrize("rules", ["ravendb-6.2", "ravendb-4.2"])
def test_what_no_rule_lets_be_missed_is_broken_under_any_rules(rules: str) -> None:
    """In calm, and with the task planned in time."""
    broken("every backup happens", "02:00:00", planned(10, HOUR), skipped(HOUR), TOLD, end(3 * HOUR), rules=rules)


def test_after_a_crash_the_task_has_time_to_move() -> None:
    """24.3: a minute until rehab, half an hour of grace, and some slack; not longer."""
    calm = [skipped(hour * HOUR) for hour in range(1, 5)]
    crash = (4 * HOUR + 30 * MINUTE, "B", Crashed())
    shown(*calm, crash, end(5 * HOUR + 31 * MINUTE))
    moved = (5 * HOUR + MINUTE, "A", attrs.evolve(OWNED, index=4, owner_before="B", owner_after="C"))
    commit = (5 * HOUR + MINUTE, "A", Committed(4, 1))
    shown(*calm, crash, commit, moved, skipped(5 * HOUR + MINUTE + 1, "C"), end(5 * HOUR + 59 * MINUTE))
    broken("every backup happens", "05:00:00", *calm, crash, end(5 * HOUR + 33 * MINUTE))


def test_what_nobody_could_run_is_excused() -> None:
    """Without a leader and without its owner; the time begins again when somebody is there."""
    calm = [skipped(hour * HOUR) for hour in range(1, 5)]
    down: tuple[Told, ...] = (
        (4 * HOUR + 30 * MINUTE, "B", Crashed()),
        (4 * HOUR + 30 * MINUTE, "A", BecameFollower(1, "", "leader")),
    )
    watchers = shown(*calm, *down, end(12 * HOUR))
    assert [each.why for each in excused(watchers)] == ["B is down, and nobody leads"]
    back = (12 * HOUR, "B", Started(2))
    shown(*calm, *down, back, skipped(12 * HOUR + 10 * SECOND), end(12 * HOUR + 50 * MINUTE))
    broken("every backup happens", "05:00:00", *calm, *down, back, end(12 * HOUR + 40 * MINUTE))


def test_an_owner_that_cannot_know_of_its_task_is_excused() -> None:
    """3.36: it is being removed while it is away, and holds for disabled what was enabled since; it has time when it hears."""
    off = attrs.evolve(DEFINED, index=4, disabled=True)
    again = attrs.evolve(DEFINED, index=6, change="enabled", disabled=False)
    smaller = TopologyChanged(5, "Shop", ("A", "B", "C"), (), (), (), (), ("B",), "B goes to Rehab")
    unaware: tuple[Told, ...] = (
        (4, "A", Committed(6, 1)),
        (4, "A", off),
        (5, "A", smaller),
        (6, "A", again),
        (7, "A", ConfigurationChanged(8, ("A", "C"), (), (), ())),
    )
    watchers = shown(*unaware, end(4 * HOUR))
    assert [each.why for each in excused(watchers)] == ["every node of the group is down or outside the cluster (3.36)"]
    back: tuple[Told, ...] = (
        (4 * HOUR, "A", ConfigurationChanged(8, ("A", "B", "C"), (), (), ())),
        (4 * HOUR, "A", Committed(8, 1)),
        (4 * HOUR + 1, "B", ConfigurationChanged(8, ("A", "B", "C"), (), (), ())),
        (4 * HOUR + 1, "B", Committed(8, 1)),
    )
    shown(*unaware, *back, skipped(4 * HOUR + 20 * MINUTE), end(4 * HOUR + 40 * MINUTE))
    broken("every backup happens", "01:00:00", *unaware, *back, end(4 * HOUR + 40 * MINUTE))


def test_a_pinned_task_waits_for_its_node() -> None:
    """7.12: nobody else may run it."""
    pinned = attrs.evolve(DEFINED, index=4, mentor="B", pinned=True, change="changed")
    pin: tuple[Told, ...] = ((4, "A", Committed(4, 1)), (4, "A", pinned))
    watchers = shown(*pin, (5, "B", Crashed()), end(3 * HOUR + 40 * MINUTE))
    assert [each.occurrence // HOUR for each in excused(watchers)] == [1, 2, 3]


def test_a_failed_run_is_excused() -> None:
    """8.9: it is not tried again before the next occurrence."""
    failed = (HOUR, "B", BackupFailed("Shop", 2, HOUR, HOUR, True, "no space"))
    watchers = shown(failed, skipped(2 * HOUR), end(2 * HOUR + 30 * MINUTE))
    assert "no space" in excused(watchers)[0].text()


def test_a_run_that_takes_long_is_in_time_if_it_started_in_time() -> None:
    """And one that waits for a slot has until that."""
    started = (HOUR, "B", BackupStarted("Shop", 2, HOUR, HOUR, True, "/b", "folder", "file", 1, "0f"))
    finished = (HOUR + 40 * MINUTE, "B", BackupFinished("Shop", 2, HOUR, True, "folder", "file", 1, 0, 40 * MINUTE))
    shown(started, end(HOUR + 39 * MINUTE))
    put_off = (HOUR, "B", BackupDelayed("Shop", 2, HOUR + 40 * MINUTE, "no slot"))
    shown(
        *[skipped(hour * HOUR - DAY) for hour in range(24, 24)], put_off, skipped(HOUR + 41 * MINUTE), end(2 * HOUR - 1)
    )
    with pytest.raises(Violation, match="cannot be restored"):
        shown(started, finished)  # there is no such file


def test_nothing_is_expected_of_what_is_disabled_or_gone() -> None:
    """From that entry on."""
    off = attrs.evolve(DEFINED, index=4, disabled=True)
    for note in (off, TaskRemoved(4, "Shop", 2)):
        shown((4, "A", Committed(4, 1)), (4, "A", note), end(DAY))


def test_a_scheduler_that_forgets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real run in which nothing is started any more: no event of any backup, and yet it is seen."""

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(2.5))
        monkeypatch.setattr(Scheduler, "_fire", lambda *forgotten: None)
        await trio.sleep(hours(1))

    with pytest.raises(Violation, match="at 2024-01-01 03:00:00: no run had started by 2024-01-01 03:02:00"):
        played(story)


def test_clocks_are_followed() -> None:
    """A node whose clock is two hours behind runs at what its clock says; zones shift what is due when."""
    slow = (10, "", Stepped(JumpClock("B", -7_200)))
    east = (10, "", Stepped(Zone("B", "Asia/Kolkata")))
    daily = attrs.evolve(DEFINED, index=4, incremental="", change="changed")
    once: tuple[Told, ...] = ((4, "A", Committed(4, 1)), (4, "A", daily))
    a_run = DAY + 2 * HOUR, "B", BackupSkipped("Shop", 2, DAY, DAY, 1)
    shown(*once, slow, a_run, end(DAY + 20 * HOUR))
    broken("every backup happens", "2024-01-02 00:00:00", *once, slow, end(DAY + 4 * HOUR + 2 * MINUTE + HOUR))
    in_india = DAY - 5 * HOUR - 30 * MINUTE
    shown(*once, east, skipped(in_india), end(DAY + 12 * HOUR))
    broken("every backup happens", "18:30:00", *once, east, end(in_india + 3 * MINUTE))


def test_a_dial_drifts() -> None:
    """A thousand parts per million are 3.6 s an hour."""
    dial = WallClock()
    dial.drift(HOUR, 1_000)
    assert dial.ahead(2 * HOUR) == 3_600_000
    dial.jump(-SECOND)
    dial.drift(2 * HOUR, 0)
    assert dial.ahead(9 * HOUR) == 2_600_000


def test_the_model_knows_who_stands_still() -> None:
    """A paused node neither leads nor runs anything."""
    model = Model()
    told: tuple[Told, ...] = (*BEGIN, (9, "", Stepped(Pause("A"))))
    for seq, (t, node, note) in enumerate(told, 1):
        tell(model, Happened(seq, t, node, 0, note))
    assert (model.has_leader, model.is_up("A"), model.is_up("B")) == (False, False, True)


# ---- attempts ----


def attempts(count: int, *, is_last: bool = True) -> list[Told]:
    """A run at one o'clock that gives a cloud up after that many attempts."""
    about = ("Shop", 2, HOUR, "s3://nightly")
    again = [(HOUR + each, "B", UploadRepeated(*about, each, "away")) for each in range(1, count)]
    return [*again, (HOUR + count, "B", UploadFailed(*about, "away", is_last))]


def test_a_cloud_that_is_given_up_too_early() -> None:
    """9.8: three attempts, under RavenDB's rules one; none where another would be in vain. Each run counts anew."""
    shown(*attempts(3), *attempts(3))
    shown(*attempts(1, is_last=False))
    shown(*attempts(1), rules="ravendb-6.2")
    broken(
        "tried as ruled", "gives s3://nightly up for task 2 of Shop after 1 attempt, and rules promise 3", *attempts(1)
    )
    broken("tried as ruled", "after 2 attempts, and rules promise 1", *attempts(2), rules="ravendb-4.2")


# ---- reports ----


def run(at: int) -> tuple[Told, Told]:
    """A run with nothing new, and its report, an hour late."""
    return skipped(at), (at + HOUR, "B", Reported("Shop", 2, at, HOUR, True))


def test_reports_out_of_order_or_twice() -> None:
    """24.6."""
    one, told_one = run(HOUR)
    two, told_two = run(2 * HOUR)
    shown(one, two, told_one, told_two)
    broken("reports in order", "started and ended earlier", one, two, told_two)
    broken("reports in order", "tells twice", one, told_one, told_one)


@pytest.mark.parametrize("rules", ["ravendb-6.2", "ravendb-4.2"])
def test_reports_of_two_tasks_side_by_side(rules: str) -> None:
    """9.14, 9.16: under RavenDB's rules each run sends its own report; those of one task still come one after the other."""
    other = (HOUR, "B", BackupSkipped("Shop", 9, HOUR, HOUR, 1))
    one, told_one = run(HOUR)
    two, told_two = run(2 * HOUR)
    told_other = (told_two[0], "B", Reported("Shop", 9, HOUR, 2 * HOUR, True))
    before = one, (HOUR + 1, "B", Reported("Shop", 2, HOUR, 1, False)), other
    shown(*before, two, told_two, told_other, rules=rules)
    broken("reports in order", "of task 2 before that of task 9", *before, two, told_two, told_other)
    broken("reports in order", "of task 2 before that of task 2", one, two, told_two, told_one, rules=rules)


def test_a_crash_between_telling_and_saying_so() -> None:
    """The record has it, the node never says so: nobody waits for that report."""
    one, _ = run(HOUR)
    two, told_two = run(2 * HOUR)
    stored = (HOUR, "A", StatusStored(4, "Shop", 2, "B", HOUR, False, 1, "", True))
    shown(one, stored, (HOUR, "B", Crashed()), (HOUR, "B", Started(2)), two, told_two)


def test_a_report_that_went_down_with_its_node() -> None:
    """10.4: RavenDB's reports wait in memory, so none is missed after a crash; late reports are on the disk."""
    one, _ = run(HOUR)
    two, told_two = run(2 * HOUR)
    crash = (HOUR, "B", Crashed()), (HOUR, "B", Started(2))
    shown(one, *crash, two, told_two, rules="ravendb-6.2")
    broken("reports in order", "started and ended earlier", one, *crash, two, told_two)


@pytest.mark.parametrize("step", [Wipe("B"), FlipBit("B", "raft.log", 0, 0)])
def test_a_report_that_was_on_a_lost_disk(step: Step) -> None:
    """A disk that is wiped or damaged takes its reports along."""
    one, _ = run(HOUR)
    two, told_two = run(2 * HOUR)
    shown(one, (HOUR, "B", Crashed()), (HOUR, "", Stepped(step)), (HOUR, "B", Started(2)), two, told_two)


def stored(index: int, started: int, node: str = "B", *, newest: bool = True) -> Told:
    """A report that the cluster took, told by A."""
    return started + index, "A", StatusStored(index, "Shop", 2, node, started, False, 1, "", newest)


def test_an_earlier_start_that_takes_the_place_of_a_later_one() -> None:
    """24.6; under RavenDB's rules whoever tells last is shown (4.2)."""
    later, earlier = stored(4, 2 * HOUR), stored(5, HOUR, "C")
    broken("later start wins", "takes the place of one that started", later, earlier)
    shown(later, stored(5, HOUR, "C", newest=False))
    shown(stored(4, HOUR, newest=False), stored(4, 2 * HOUR))  # both with one command
    shown(later, earlier, rules="ravendb-6.2")
    broken("later start wins", "it is not shown", later, stored(5, 3 * HOUR, newest=False))
    broken("later start wins", "it is not shown", later, stored(5, HOUR, newest=False), rules="ravendb-4.2")


def given_up(after: int) -> tuple[Told, Told]:
    """A run that ended on the hour and was given up so much later."""
    return skipped(HOUR), (HOUR + after, "B", ReportGivenUp("Shop", 2, HOUR, 10, "there is no leader"))


def test_a_report_that_is_given_up_against_the_rules() -> None:
    """10.4: ten times fifteen seconds; 24.6: never."""
    name = "told or given up as ruled"
    shown(*given_up(150 * SECOND), rules="ravendb-6.2")
    broken(name, "where it is tried for 150 s", *given_up(140 * SECOND), rules="ravendb-6.2")
    broken(name, "only after 170 s", *given_up(170 * SECOND), rules="ravendb-6.2")
    broken(name, "no report is ever given up", *given_up(150 * SECOND))


@pytest.mark.parametrize(("rules", "wait"), [("unkindness", 290), ("ravendb-6.2", 150)])
def test_a_report_that_never_comes(rules: str, wait: int) -> None:
    """Once all is well; and one whose task is gone is nobody's."""
    ran = skipped(HOUR)
    for late, verdict in ((wait, False), (wait + 30, True)):
        watcher, model = fed(rules, ran, (HOUR + late * SECOND, "A", Committed(4, 1)))
        if verdict:
            with pytest.raises(Violation, match="nobody has been told of it"):
                watcher.finish()
        else:
            watcher.finish()
        model.tasks.clear()
        watcher.finish()


def fed(rules: str, *told: Told) -> tuple[ToldAsRuled, Model]:
    """That watcher and its model, after the beginning and these events; the model knows the voters by the step that starts them."""
    model = Model()
    watcher = ToldAsRuled(model, rules_named(rules))
    started: Told = (0, "", Stepped(Start(("A", "B", "C"))))
    for seq, (t, node, note) in enumerate((started, *BEGIN, *told), 1):
        for each in (model, watcher):
            tell(each, Happened(seq, t, node, 0, note))
    return watcher, model


# ---- files ----


def damaged(tmp_path: Path, which: str, hurt: str) -> None:
    """A story with two files, of which one is hurt at its end."""

    def do() -> None:
        path = next(tmp_path.rglob(f"*{which}*backup"))
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        if hurt == "flipped":
            path.write_bytes(content)

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(1.5))
        await world.ask("A", orders(1, 2, "new"))
        await trio.sleep(hours(1))
        do()

    played(story, tmp_path)


@pytest.mark.parametrize("hurt", ["gone", "flipped"])
@pytest.mark.parametrize("which", ["full", "incremental"])
def test_a_file_that_is_hurt_is_found(tmp_path: Path, which: str, hurt: str) -> None:
    """At the end every restore point is restored; what cannot be is a broken promise."""
    with pytest.raises(Violation, match="cannot be restored") as caught:
        damaged(tmp_path, which, hurt)
    assert caught.value.promise == "restored equals backed up"
    assert str(tmp_path) not in caught.value.text


def test_a_report_without_its_file_is_found() -> None:
    """In the act: when it is reported, the file must be there."""
    started = (HOUR, "B", BackupStarted("Shop", 2, HOUR, HOUR, True, "/b", "folder", "file", 1, "0f"))
    finished = (HOUR + 1, "B", BackupFinished("Shop", 2, HOUR, True, "folder", "file", 1, 0, 1))
    reported = (HOUR + 2, "B", Reported("Shop", 2, HOUR, 1, False))
    broken("reported means kept", "is no good", started, finished, reported)


def test_a_file_of_other_content_is_found(tmp_path: Path) -> None:
    """A backup that restores to something else than the node held is no backup."""

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(1.5))
        started = next(event.note for event in world.history.of(BackupStarted))
        files = next(watcher for watcher in world.watchers if watcher.promise == "restored equals backed up").files  # type: ignore[attr-defined]
        files.started = {run: attrs.evolve(started, fingerprint="0" * 32) for run in files.started}

    with pytest.raises(Violation, match="does not hold what B held of Shop"):
        played(story, tmp_path)
