"""The surprises of section 22 and the choices of section 24: one test each, named by its number, under the presets concerned."""

import re
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
import trio

from backup.content.manifest import DamagedBackup
from backup.destinations.local import LocalFolder
from backup.destinations.memory import MemoryDestination
from backup.notes import BackupCancelled, BackupFinished, BackupStarted, Reported, ReportGivenUp, ReportQueued
from backup.observer.observer_memory import ObserverMemory
from backup.record.commands import apply
from backup.record.cron import next_occurrence
from backup.record.database_commands import ChangeTopology, CreateDatabase
from backup.record.external_replication import owner_of
from backup.record.record import (
    Assignment,
    Database,
    Kind,
    PromotionStatus,
    Reason,
    Record,
    Replication,
    Status,
    Task,
    Topology,
)
from backup.record.responsible_node import TaskState, computed_owner, decide, pick, state_of
from backup.record.retention_policy import StoredChain, choose
from backup.record.rules import PRESETS, Rules
from backup.record.task_commands import Assign, DefineTask, ReportStatuses, ToggleTask
from backup.record.validation import unique
from backup.restore.chain_reader import BrokenChain, NothingToRestore, chain_of, restore_points
from backup.runs.schedule import Plan, next_backup
from cluster.sim.world import World
from cluster.steps import Crash
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, minutes

from .shop import FOLDER, open_shop, owner, played
from .test_observer import ABC, ALL_WELL, LAME, NOW, WALL, changed, seen, shop, sighting, watch
from .test_reports import OFTEN, alone

UTC = ZoneInfo("UTC")
OURS, NEW, OLD = PRESETS["unkindness"], PRESETS["ravendb-6.2"], PRESETS["ravendb-4.2"]
TASK = Task("0 0 * * *", "0 */4 * * *", destinations=(LocalFolder("/b"),), name="T", id=7)
SILENT_B = attrs.evolve(ABC, members=("A", "C"), rehabs=("B",), demotions=(("B", PromotionStatus.NOT_RESPONDING),))
BY_B = Assignment("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, 1)


def ran(node: str, full: int, incremental: int | None = None) -> Status:
    """A status after runs that succeeded, at those hours since the start."""
    last = None if incremental is None else incremental * HOUR
    return Status(7, Kind.BACKUP, node, last is None, full * HOUR, last, full * HOUR, last, last_etag=5)


def planned(status: Status | None, hour: float, me: str, rules: Rules, cluster: Status | None = None) -> Plan:
    return next_backup(TASK, status, int(hour * HOUR), UTC, rules, me, cluster)


# ---- 22: surprises ----


def test_22_1_a_report_is_tried_for_150_seconds_and_then_never() -> None:
    """RavenDB gives it up; with us it waits and arrives."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN)
        await trio.sleep(minutes(8))
        await alone(world, task, minutes(7))
        world.heal()
        await trio.sleep(minutes(1))

    theirs, ours = played(story, rules="ravendb-6.2"), played(story)

    (given_up,) = theirs.events(ReportGivenUp)
    assert 149 * SECOND < given_up.t - theirs.events(BackupFinished)[0].t < 152 * SECOND
    assert theirs.all(Reported) == []
    assert (len(ours.all(ReportQueued)), len(ours.all(Reported)), ours.all(ReportGivenUp)) == (1, 1, [])


def test_22_2_a_gap_of_rehab_and_grace_is_accepted() -> None:
    """A minute and half an hour where the observer assigns; without grace where each node computes."""
    for rules in (OURS, NEW):
        assert (rules.rehab_after, rules.move_grace) == (60 * SECOND, 30 * MINUTE)
        marked = decide(TASK, SILENT_B, BY_B, None, WALL, rules).assignment
        assert marked is not None
        assert (marked.node, marked.not_suitable_since) == ("B", WALL)
        assert decide(TASK, SILENT_B, marked, None, WALL + 30 * MINUTE - 1, rules).node == "B"
        assert decide(TASK, SILENT_B, marked, None, WALL + 30 * MINUTE, rules).node == "C"
    assert computed_owner(TASK, SILENT_B, ran("B", 0), OLD, leaderless=False).node == "C"


@pytest.mark.parametrize("rules", PRESETS.values(), ids=PRESETS)
def test_22_3_what_failed_waits_for_its_next_occurrence(rules: Rules) -> None:
    """Only what could not begin asks again soon."""
    failed = attrs.evolve(ran("B", 0, 4), last_incremental_internal=8 * HOUR, error="full")
    assert planned(failed, 8.1, "B", rules).due == 12 * HOUR
    assert rules.concurrent_backups_retry == 30 * SECOND


def test_22_4_a_leader_change_starts_the_minute_again() -> None:
    """A silent minute is nothing to a leader of 59 seconds."""
    heard = seen(sighting("A"), sighting("B", 60 * SECOND), sighting("C"))
    assert watch(shop(ABC), heard, started_at=NOW - 59 * SECOND)[0] == ()
    assert changed(watch(shop(ABC), heard, started_at=NOW - 60 * SECOND)[0]).rehabs == ("B",)


def test_22_5_the_clients_preferred_node_is_spared_and_a_mentor_is_not() -> None:
    """No id is picked onto A; a task that names A goes there."""
    assert {pick(ABC, number) for number in range(200)} == {"B", "C"}
    named = attrs.evolve(TASK, mentor="A")
    assert decide(named, ABC, None, None, WALL, OURS).node == "A"
    assert computed_owner(named, ABC, None, OLD, leaderless=False).node == "A"


def test_22_6_an_abort_leaves_nothing_and_a_crash_the_file_in_progress(tmp_path: Path) -> None:
    """As the code, not as the documentation."""

    async def aborted(world: World) -> None:
        task = await open_shop(world, OFTEN, documents=3_000)
        await world.seen(BackupStarted, within=700)
        await world.ask("A", ToggleTask("Shop", task, disabled=True))
        await trio.sleep(10)

    async def crashed(world: World) -> None:
        await open_shop(world, OFTEN)
        world.when(BackupStarted, Crash(""))
        await world.seen(BackupStarted, within=700)
        await trio.sleep(5)
        world.mend()

    played(aborted, tmp_path / "aborted")
    played(crashed, tmp_path / "crashed")

    assert [path for path in (tmp_path / "aborted").rglob("*") if path.is_file()] == []
    (left,) = (path.name for path in (tmp_path / "crashed").rglob("*") if path.is_file())
    assert left.endswith(".in-progress")


def folder_with(*files: str) -> MemoryDestination:
    """A place with one folder of such files; what is in them is not looked at."""
    vault = MemoryDestination()
    for file in files:
        upload = vault.start(f"F/{file}")
        upload.write(b"x")
        upload.finish()
    return vault


FULL, INCREMENTAL = "2024-01-01-01-00-00.ravendb-full-backup", "2024-01-01-02-00-00.ravendb-incremental-backup"


def test_22_7_a_last_file_that_is_not_there() -> None:
    """RavenDB restores all there is; we list what there is."""
    vault = folder_with(FULL, INCREMENTAL)
    points = restore_points(vault, "F")
    for rules in (NEW, OLD):
        assert chain_of(vault, points, "2024-01-01-01-30-00.ravendb-full-backup", rules=rules) == (FULL, INCREMENTAL)
    with pytest.raises(NothingToRestore, match="there is no file nothing"):
        chain_of(vault, points, "nothing", rules=OURS)


def test_22_8_retention_goes_by_the_database_and_not_by_the_task() -> None:
    """What task 8 made of the same database goes with RavenDB's rules and stays with ours."""
    others = StoredChain("theirs", 0, 0, 1, "Shop", 8)
    own = StoredChain("ours", DAY, DAY, 1, "Shop", 7)
    young = StoredChain("young", 90 * DAY, 90 * DAY, 1, "Shop", 7)
    for rules, going in ((OURS, ["ours"]), (NEW, ["theirs", "ours"]), (OLD, ["theirs", "ours"])):
        choice = choose([others, own, young], "SHOP", 7, 91 * DAY, 10 * DAY, rules)
        assert [chain.folder for chain in choice.expired] == going


@pytest.mark.parametrize("rules", PRESETS)
def test_22_9_disabling_stops_a_run_and_moving_does_not(rules: str) -> None:
    """Under every generation."""

    async def story(world: World) -> None:
        task = await open_shop(world, OFTEN, documents=3_000)
        await world.seen(BackupStarted, within=700)
        before = world["A"].state.database("Shop").tasks[task]
        runner = world.history.events[-1].node
        mentor = next(name for name in world.names if name != runner)
        await world.ask("A", DefineTask("Shop", attrs.evolve(before, mentor=mentor)))
        await trio.sleep(60)  # whoever has it now may run that occurrence too: it has heard of no report
        await world.seen(BackupStarted, within=700)
        await world.ask("A", ToggleTask("Shop", task, disabled=True))
        await trio.sleep(10)

    told = played(story, rules=rules)

    started, finished = told.events(BackupStarted), told.events(BackupFinished)
    (cancelled,) = told.events(BackupCancelled)
    assert started[0].node in [event.node for event in finished]
    assert (cancelled.node, cancelled.t > started[-1].t) == (started[-1].node, True)
    assert started[-1].node != started[0].node
    assert len(finished) == len(started) - 1


def test_22_10_the_time_of_a_command_is_its_proposers() -> None:
    """Applied anywhere at any time, a task has the same birth."""
    record = apply(Record(), CreateDatabase("Shop", ("A",), at=5, term=1), 1)[0]
    copies = [apply(record, DefineTask("Shop", TASK_NEW, at=77), 2)[0].databases["shop"] for _ in range(2)]
    assert copies[0] == copies[1]
    assert copies[0].tasks[2].created_at == 77


TASK_NEW = attrs.evolve(TASK, id=0, name="")


def test_22_11_the_most_up_to_date_node_is_promoted_when_no_member_lives() -> None:
    """The best one wherever it stands in the list."""
    for etags, best in (((4, 6, 5), "C"), ((6, 5, 4), "B"), ((4, 5, 6), "D")):
        topology = Topology(("A",), rehabs=("B", "C", "D"))
        found = [sighting(node, etag=etag) for node, etag in zip("BCD", etags, strict=True)]
        assert changed(watch(shop(topology), seen(sighting("A", 9 * SECOND), *found))[0]).members == ("A", best)


def test_22_12_members_are_reordered_only_if_their_order_is_another() -> None:
    """An order that holds already asks for nothing."""
    wish = attrs.evolve(ABC, priority_order=("C", "A", "B"))
    assert changed(watch(shop(wish), ALL_WELL)[0]).members == ("C", "A", "B")
    assert watch(shop(attrs.evolve(wish, members=("C", "A", "B"))), ALL_WELL)[0] == ()


def test_22_13_unique_names_do_not_pile_up() -> None:
    """The third is `#3`, not `#2 #3`."""
    names: list[str] = []
    for _ in range(3):
        names.append(unique("Backup to Local", names))
    assert names == ["Backup to Local", "Backup to Local #2", "Backup to Local #3"]


def test_22_14_a_mentor_is_stored_once() -> None:
    """The second pass has nothing to say."""
    task = attrs.evolve(TASK, mentor="C")
    first = decide(task, ABC, BY_B, None, WALL, NEW).assignment
    assert first is not None
    assert (first.node, first.reason) == ("C", Reason.MENTOR_NODE)
    assert decide(task, ABC, first, None, WALL + 1, NEW).assignment is None


def reported(rules: Rules) -> Database:
    """Two runs, of hours 8 and 4, told of in that order."""
    record = apply(Record(), CreateDatabase("Shop", ("A", "B", "C"), at=5, term=1), 1)[0]
    record = apply(record, DefineTask("Shop", TASK_NEW, at=6), 7)[0]
    for index, status in ((8, attrs.evolve(ran("B", 8), version=1)), (9, attrs.evolve(ran("A", 4), version=9))):
        record = apply(record, ReportStatuses("Shop", (status,), rules.newest_by_start), index)[0]
    return record.databases["shop"]


def test_22_15_nobody_compares_versions() -> None:
    """RavenDB keeps the last writer's; ours the later start's, though its version is lower."""
    assert [reported(rules).statuses[7].node for rules in (OURS, NEW, OLD)] == ["B", "A", "A"]


def test_22_16_the_mark_comes_in_the_pass_of_the_rehab() -> None:
    """Two commands of one pass; the second stands even if the first is refused."""
    commands, _, _ = watch(shop(ABC), seen(sighting("A"), sighting("B", 60 * SECOND), sighting("C")))
    update, assign = commands
    assert isinstance(update, ChangeTopology)
    assert isinstance(assign, Assign)
    moved_on = attrs.evolve(shop(ABC).databases["shop"], changed=6)
    record, _ = apply(Record().with_database(moved_on), assign, 7)
    assert record.databases["shop"].assignments[7].not_suitable_since == WALL + NOW


def test_22_17_runs_pile_up_behind_a_report_that_nobody_takes() -> None:
    """One every 150 s instead of one a minute; ours go on."""

    async def story(world: World) -> None:
        task = await open_shop(world, Task(full="* * * * *", destinations=(FOLDER,)))
        await trio.sleep(minutes(1))
        for other in world.names:
            if other != owner(world, task):
                world.crash(other)
        await trio.sleep(minutes(6))

    def widest(rules: str) -> int:
        starts = [event.t for event in played(story, rules=rules).events(BackupStarted)]
        return max(later - earlier for earlier, later in pairwise(starts))

    assert widest("ravendb-6.2") > 149 * SECOND
    assert widest("unkindness") <= 61 * SECOND


def test_22_18_backups_alone_go_on_without_a_leader() -> None:
    """Assigned or computed, the backup stays with B; a replication is nobody's."""
    database = Database("Shop", 1, ABC, 5, {7: TASK}, assignments={7: BY_B})
    for rules in PRESETS.values():
        state, _ = state_of(database, TASK, ran("B", 0), "B", leaderless=True, rules=rules)
        assert state is TaskState.ACTIVE_BY_CURRENT_NODE
        assert owner_of(Replication("Copy", id=7), ABC, None, rules, leaderless=True).node is None


def test_22_19_a_pinned_task_moves_only_when_its_node_leaves_the_group() -> None:
    """However long it is silent."""
    task = attrs.evolve(TASK, mentor="B", pinned=True)
    for rules in (OURS, NEW):
        assert decide(task, SILENT_B, BY_B, None, WALL + 400 * DAY, rules).node == "B"
        gone = attrs.evolve(SILENT_B, rehabs=(), demotions=())
        moved = decide(task, gone, BY_B, None, WALL, rules)
        assert (moved.node, moved.rule) == ("C", "7.8.5")
    assert computed_owner(task, SILENT_B, ran("B", 0), OLD, leaderless=False).node == "B"


def test_22_20_incrementals_alone() -> None:
    """RavenDB restores what they hold; we refuse."""
    vault = folder_with(INCREMENTAL)
    points = restore_points(vault, "F")
    assert chain_of(vault, points, rules=NEW) == (INCREMENTAL,)
    with pytest.raises(DamagedBackup):  # what is in it is read and verified first
        chain_of(vault, points, rules=OURS)
    with pytest.raises(BrokenChain, match="holds no full backup"):
        chain_of(vault, points, unsealed=True, rules=OURS)


def test_22_21_a_node_that_owns_a_task_again_continues_its_own_chain() -> None:
    """The book promised it, later versions lost it, local statuses brought it back."""
    own, cluster = ran("C", 0, 8), ran("A", 1, 16)
    for rules in (OURS, NEW):
        assert not planned(own, 18, "C", rules, cluster).full
    assert planned(cluster, 18, "C", OLD, cluster).full


# ---- 24: choices ----


def test_24_1_each_node_has_a_zone_and_commands_carry_their_time() -> None:
    """Midnight is the node's own."""
    assert next_occurrence("0 0 * * *", 0, UTC) == 24 * HOUR
    assert next_occurrence("0 0 * * *", 0, ZoneInfo("Asia/Tokyo")) == 15 * HOUR
    assert reported(OURS).tasks[7].created_at == 6


def test_24_2_what_is_shuffled_is_shuffled_by_the_seed() -> None:
    """The same seed, the same order; another seed, another one."""

    def members(seed: int) -> tuple[str, ...]:
        record = shop(attrs.evolve(LAME, members=("C", "A")))
        _, _, memory = watch(record, ALL_WELL, memory=ObserverMemory(seed))
        return changed(watch(record, ALL_WELL, memory=memory)[0]).members

    assert [members(seed) for seed in range(12)] == [members(seed) for seed in range(12)]
    assert len({members(seed) for seed in range(12)}) > 1


def test_24_3_the_reference_time_line() -> None:
    """5 s rotation, 60 s Rehab and mark, half an hour later the move; dynamic distribution adds a node at 900 s."""
    for age, members, rehabs in ((5, ("A", "C", "B"), ()), (60, ("A", "C"), ("B",))):
        first = attrs.evolve(ABC, members=("B", "A", "C"))
        topology = changed(watch(shop(first), seen(sighting("A"), sighting("B", age * SECOND), sighting("C")))[0])
        assert (topology.members, topology.rehabs) == (members, rehabs)
    since = WALL + NOW - 30 * MINUTE
    heard = seen(sighting("A"), sighting("B", 9 * MINUTE), sighting("C"))
    for marked_at, moves in ((since + 1, False), (since, True)):
        commands, _, _ = watch(shop(LAME, attrs.evolve(BY_B, not_suitable_since=marked_at)), heard)
        assert bool(commands) is moves
    dynamic = attrs.evolve(LAME, dynamic_distribution=True)
    late = seen(sighting("A", now=NOW + HOUR), sighting("C", now=NOW + HOUR), sighting("E", now=NOW + HOUR))
    marked = attrs.evolve(BY_B, not_suitable_since=WALL + NOW + HOUR)
    for age, promotables in ((899, ()), (900, ("E",))):
        told = seen(*late.values(), sighting("B", age * SECOND, now=NOW + HOUR))
        commands, _, _ = watch(shop(dynamic, marked), told, now=NOW + HOUR)
        found = [command.topology.promotables for command in commands if isinstance(command, ChangeTopology)]
        assert found == ([promotables] if promotables else [])


def test_24_4_the_time_line_of_classic_sticky() -> None:
    """Rehab at once means another owner, a minute's wait for what is overdue, and a full."""
    last = ran("B", 0, 4)
    assert computed_owner(TASK, ABC, last, OLD, leaderless=False).node == "B"
    assert computed_owner(TASK, SILENT_B, last, OLD, leaderless=False).node == "C"
    plan = planned(last, 8.5, "C", OLD)
    assert (plan.due, plan.full) == (int(8.5 * HOUR) + MINUTE, True)


def test_24_5_the_books_day() -> None:
    """C fails after eight, A takes noon in full and four o'clock on top; C, preferred, is back at six."""
    mentor = attrs.evolve(TASK, mentor="C")
    without_c = attrs.evolve(ABC, members=("B", "A"), rehabs=("C",), demotions=(("C", PromotionStatus.NOT_RESPONDING),))
    by_c, by_a = ran("C", 0, 8), ran("A", 12, 16)
    assert computed_owner(mentor, without_c, by_c, OLD, leaderless=False).node == "A"
    assert planned(by_c, 11.9, "A", OLD).full
    assert not planned(by_a, 17, "A", OLD).full
    for topology, expected in ((without_c, "A"), (ABC, "C")):
        assert computed_owner(mentor, topology, by_a, OLD, leaderless=False).node == expected
    assert computed_owner(TASK, ABC, by_a, OLD, leaderless=False).node == "A"
    back = [planned(by_a, 18, "C", OLD), planned(by_c, 18, "C", NEW, by_a), planned(by_c, 18, "C", OURS, by_a)]
    assert [(plan.full, plan.occurrence) for plan in back] == [
        (True, 20 * HOUR),
        (False, 12 * HOUR),
        (False, 12 * HOUR),
    ]


def test_24_6_late_reports_keep_all_and_show_the_newest() -> None:
    """The history has both runs under every generation; what is shown differs, as 22.15 says."""
    for rules in PRESETS.values():
        assert sorted((run.node, run.started_at) for run in reported(rules).history) == [
            ("A", 4 * HOUR),
            ("B", 8 * HOUR),
        ]
    assert (OURS.late_reports, OURS.slot_held_while_saving) == (True, False)
    assert [(rules.late_reports, rules.slot_held_while_saving) for rules in (NEW, OLD)] == [(False, True)] * 2


def test_24_7_states_and_reasons_have_their_names() -> None:
    """Those that users of RavenDB know; and Passive, which RavenDB says of the node and not of its tasks (1.2)."""
    assert {
        "PinnedMentorNode",
        "MentorNode",
        "SameResponsibleNode",
        "NonExistingResponsibleNode",
        "CurrentResponsibleNodeRemovedFromTopology",
        "SameResponsibleNodeDueToResourceLimitations",
        "SameResponsibleNodeDueToMissingHighlyAvailableTasks",
        "CurrentResponsibleNodeNotResponding",
    } <= {reason.value for reason in Reason}
    assert {state.value for state in TaskState} == {
        "Disabled",
        "MissingResponsibleNode",
        "ActiveByCurrentNode",
        "ActiveByOtherNode",
        "ClusterDown",
        "Passive",
    }


def test_24_8_a_new_owner_runs_what_nobody_covered() -> None:
    """B's last run was at four, eight was missed: ours runs it at once; 6.2, with incrementals alone, waits for noon."""
    task = attrs.evolve(TASK, full="")
    cluster = ran("B", 0, 4)
    now = int(9.5 * HOUR)
    dues = [next_backup(task, None, now, UTC, rules, "C", cluster).due for rules in (OURS, NEW)]
    assert dues == [now, 12 * HOUR]


def test_every_surprise_and_choice_is_shown_once() -> None:
    """22.1 to 22.21, 24.1 to 24.8."""
    shown = [found.groups() for name in globals() if (found := re.match(r"test_(2[24])_(\d+)_", name))]
    expected = [("22", str(number)) for number in range(1, 22)] + [("24", str(number)) for number in range(1, 9)]
    assert sorted(shown) == sorted(expected)
