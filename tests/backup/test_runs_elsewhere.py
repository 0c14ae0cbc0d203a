"""A run that another node has under way covers its occurrence for the responsible node, as far as that can know (24.8, 23.1)."""

from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio

from backup.notes import BackupStarted
from backup.observer.observer import ObserverInputs, observe
from backup.observer.observer_memory import ObserverMemory
from backup.record.commands import apply
from backup.record.record import Kind, Record, RunElsewhere, Status
from backup.record.rules import PRESETS, rules_named
from backup.record.task_commands import Assign, ReportStatuses
from backup.replicas.node_reports import ReceivedReport, ReceivedReports, RunReport
from backup.runs.schedule import known_of_others
from cluster.checks import Violation
from cluster.sim.run import HELD, play, run
from cluster.sim.world import World
from cluster.time_units import HOUR, LONG_AGO, SECOND, hours, minutes
from scenarios.backups import FOLDER, Slow, Task, backups
from scenarios.zoo import planted

from .test_observer import ABC, ALL_WELL, NOW, TERM, TO_B, WALL, seen, shop, sighting

OURS = rules_named("unkindness")
OF_C = RunElsewhere("C", 500, True)


# ---- in the record, in a pass of the observer, in a plan


def running(node: str, *runs: RunReport, age: int = 0, now: int = NOW) -> ReceivedReport:
    found = sighting(node, age, now=now)
    return attrs.evolve(found, report=attrs.evolve(found.report, runs=runs))


def asked(
    record: Record, heard: ReceivedReports, now: int = NOW, started_at: int = 0, nodes: str = "ABC"
) -> tuple[RunElsewhere | str | None, int, ObserverMemory]:
    """The run elsewhere that a pass stores, `nothing` if it stores none; then what the pass answers besides."""
    inputs = ObserverInputs(record, heard, now, WALL + now, started_at, TERM, OURS, tuple(nodes))
    commands, until, memory = observe(inputs, ObserverMemory())
    found = [
        each.assignment.elsewhere for command in commands if isinstance(command, Assign) for each in command.decisions
    ]
    return (found[0] if found else "nothing"), until, memory


def test_the_observer_stores_the_run_of_who_is_not_responsible() -> None:
    """The latest of them; not the owner's own, not one of another task, none that was reported, none of a stranger."""
    mine, theirs = RunReport(1, 7, 900, True), RunReport(1, 7, 500, True)
    record = shop(ABC)
    assert asked(record, {**ALL_WELL, "B": running("B", mine)})[0] == "nothing"
    assert (
        asked(record, {**ALL_WELL, "C": running("C", RunReport(1, 8, 5, True), RunReport(2, 7, 5, True))})[0]
        == "nothing"
    )
    assert asked(record, {**ALL_WELL, "C": running("C", theirs)})[0] == OF_C
    both = {**ALL_WELL, "C": running("C", theirs), "A": running("A", attrs.evolve(theirs, started_at=700, full=False))}
    assert asked(record, both)[0] == RunElsewhere("A", 700, False)
    assert asked(record, {**ALL_WELL, "C": running("C", theirs)}, nodes="AB")[0] == "nothing"
    told = Status(7, Kind.BACKUP, "C", True, last_full_internal=500)
    reported, _ = apply(record, ReportStatuses("Shop", (told,), newest_by_start=True), 9)
    assert asked(reported, {**ALL_WELL, "C": running("C", theirs)})[0] == "nothing"


def test_a_run_elsewhere_counts_until_its_node_says_otherwise_or_is_silent() -> None:
    """5.4.3: for as long as the node would keep its place as a member."""
    record = shop(ABC, attrs.evolve(TO_B, elsewhere=OF_C))
    run_of_c = RunReport(1, 7, 500, True)
    assert asked(record, {**ALL_WELL, "C": running("C", run_of_c)})[0] == "nothing"
    assert asked(record, ALL_WELL)[0] is None
    silent, until, memory = asked(record, {**ALL_WELL, "C": running("C", run_of_c, age=30 * SECOND)})
    assert (silent, until) == ("nothing", NOW + 30 * SECOND)
    later = NOW + 30 * SECOND
    heard = {node: sighting(node, now=later) for node in "AB"} | {
        "C": running("C", run_of_c, age=60 * SECOND, now=later)
    }
    inputs = ObserverInputs(record, heard, later, WALL + later, 0, TERM, OURS, ("A", "B", "C"))
    commands, _, _ = observe(inputs, memory)
    given = [each for command in commands if isinstance(command, Assign) for each in command.decisions]
    assert [each.assignment.elsewhere for each in given] == [None]


def test_a_new_leader_takes_its_time_to_hear_of_a_run_elsewhere() -> None:
    """5.5: nobody has reported to it yet."""
    record = shop(ABC, attrs.evolve(TO_B, elsewhere=OF_C))
    heard = seen(sighting("A"), sighting("B"))
    assert asked(record, heard, started_at=NOW - 20 * SECOND)[0] == "nothing"
    assert asked(record, heard, started_at=NOW - 60 * SECOND)[0] is None


def test_the_report_of_the_run_ends_it() -> None:
    """In the entry of the report; that of another run does not."""
    record = shop(ABC, attrs.evolve(TO_B, elsewhere=OF_C))
    for started_at, left in ((400, OF_C), (500, None)):
        told = Status(7, Kind.BACKUP, "C", True, last_full_internal=started_at)
        after, _ = apply(record, ReportStatuses("Shop", (told,), newest_by_start=True), 9)
        assert after.existing("Shop").assignments[7].elsewhere == left


@pytest.mark.parametrize(
    ("own", "cluster", "elsewhere", "counts"),
    [
        (None, None, None, (LONG_AGO, LONG_AGO)),
        ((10, 20), (10, 20), None, (LONG_AGO, LONG_AGO)),
        ((10, 20), (10, 15), None, (LONG_AGO, LONG_AGO)),  # the cluster is behind
        ((10, 20), (10, 30), None, (LONG_AGO, 30)),
        ((10, 20), (40, 30), None, (40, 40)),
        (None, (40, 50), None, (LONG_AGO, LONG_AGO)),  # a new owner counts from it anyway
        (None, (40, 50), RunElsewhere("B", 60, True), (60, 60)),
        ((10, 20), None, RunElsewhere("B", 60, False), (LONG_AGO, 60)),
        (None, None, RunElsewhere("B", 60, True), (60, 60)),
    ],
)
def test_what_counts_beside_the_own_runs(
    own: tuple[int, int] | None,
    cluster: tuple[int, int] | None,
    elsewhere: RunElsewhere | None,
    counts: tuple[int, int],
) -> None:
    """24.8: the last full and the last run of either kind, where they are later than the node's own."""

    def status(node: str, last: tuple[int, int] | None) -> Status | None:
        return last and Status(7, Kind.BACKUP, node, last_full_internal=last[0], last_incremental_internal=last[1])

    assert known_of_others(status("A", own), status("B", cluster), elsewhere) == counts


# ---- in a world


def starts(story: Callable[[World, Task], Awaitable[None]]) -> list[tuple[str, int]]:
    """The starts of runs, with the hour that each answers, of a task of C's whose place is slow: a run takes 27 minutes."""
    told: list[tuple[str, int]] = []

    async def world_of_three(world: World) -> None:
        shop = await backups(world).shop("ABC", members="ABC")
        task = await shop.define(full="0 0 * * *", incremental="0 */6 * * *", mentor="C")
        await task.ran(within=hours(7))
        for node in "ABC":
            world.disturb(node, Slow("backups", 2_000))
        await story(world, task)
        told.extend((event.node, event.note.occurrence // HOUR) for event in world.history.of(BackupStarted))

    run(world_of_three)
    return told


async def stand_in_begins(world: World, task: Task) -> str:
    """C goes down, and another node begins its first full."""
    await trio.sleep(hours(11) - world.now)
    world.crash("C")
    return (await world.seen(BackupStarted, within=hours(2))).node


def test_a_mentor_that_returns_lets_its_stand_in_finish() -> None:
    """7.10: the task is its own again at once, and the run of 12:00 is under way elsewhere, whatever its own status says."""
    other: list[str] = []

    async def story(world: World, task: Task) -> None:
        other.append(await stand_in_begins(world, task))
        await trio.sleep(minutes(1))
        world.restart("C")
        assert await task.assigned(other_than=other[0]) == "C"
        await trio.sleep(hours(8))

    told = starts(story)
    assert [each for each in told if each[1] in (12, 18)] == [(other[0], 12), ("C", 18)]


def test_a_run_elsewhere_that_is_cancelled_covers_nothing() -> None:
    """9.12: it leaves no status, so the responsible node runs what is open once the leader has heard of its end."""
    other: list[str] = []

    async def story(world: World, task: Task) -> None:
        await task.database.put({"orders/new": {"n": 1}}, on="A")
        other.append(await stand_in_begins(world, task))
        await trio.sleep(minutes(1))
        world.restart("C")
        await task.assigned(other_than=other[0])
        await task.cancel(on=other[0])
        await trio.sleep(hours(2))

    assert [each for each in starts(story) if each[1] == 12] == [(other[0], 12), ("C", 12)]


def test_the_run_elsewhere_outlives_a_leader() -> None:
    """5.1: the next leader has heard of nothing, and waits for the node's report before it says that nothing runs."""

    async def story(world: World, task: Task) -> None:
        await stand_in_begins(world, task)
        await trio.sleep(minutes(1))
        world.restart("C")
        assert await task.assigned(other_than=world.history.of(BackupStarted)[-1].node) == "C"
        leader = await world.elected()
        if leader != world.history.of(BackupStarted)[-1].node:
            world.crash(leader)
        await trio.sleep(hours(2))

    assert len([each for each in starts(story) if each[1] == 12]) == 1


def test_a_cut_off_owner_and_its_stand_in_are_not_accused() -> None:
    """10.8: neither can hear of the other's run, however long ago they were cut off, nor at once when the cut ends."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="BC")
        task = await shop.define(full="0 * * * *")
        owner = (await task.ran()).node
        world.disturb(owner, Slow(FOLDER, 6_000))
        await trio.sleep(minutes(45))
        world.isolate(owner)
        await trio.sleep(hours(4))
        world.heal()
        await trio.sleep(hours(1))

    outcome = play(story)
    assert outcome.verdict == HELD, outcome.failure
    assert len({event.node for event in outcome.history.of(BackupStarted)}) == 2


@pytest.mark.parametrize("rules", PRESETS)
def test_two_nodes_that_start_at_once_are_accused(rules: str) -> None:
    """7.6: under all rules it is the turn of one node, if the task has not moved and nothing is in the way."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="BC")
        task = await shop.define(full="0 * * * *")
        await task.ran()
        await trio.sleep(hours(3))

    options = {"rules": rules}
    assert play(story, options=options).verdict == HELD
    with planted("takes-every-turn"):
        failure = play(story, options=options).failure
    assert isinstance(failure, Violation)
    assert failure.promise == "one run is enough"


def test_a_node_whose_report_was_given_up_knows_better_than_the_record() -> None:
    """10.4, 10.6: it ran the task last and holds itself responsible; the others go by the hash until a report comes through."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="BC")
        await shop.define(full="0 * * * *")
        await trio.sleep(minutes(59.5) - world.now)
        world.cut_one_way("C", "A")
        world.cut_one_way("C", "B")
        await trio.sleep(minutes(5))
        world.heal()
        await trio.sleep(hours(2))

    both = 0
    for seed in range(1, 9):
        outcome = play(story, seed, options={"rules": "ravendb-4.2"})
        assert outcome.verdict == HELD, outcome.failure
        begun = [(event.node, event.note.occurrence // HOUR) for event in outcome.history.of(BackupStarted)]
        assert len([node for node, hour in begun if hour == 3]) == 1, "from then on they agree"
        both += {("B", 2), ("C", 2)} <= set(begun)
    assert both


@pytest.mark.parametrize("rules", PRESETS)
def test_a_task_that_is_moved_by_hand_runs_again_as_ruled(rules: str) -> None:
    """8.11, 23.1: RavenDB's new owner begins at once, which is no broken promise."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="BC")
        task = await shop.define(full="0 * * * *", mentor="B")
        await task.ran()
        await task.edit(mentor="C")
        await trio.sleep(hours(3))

    outcome = play(story, options={"rules": rules})
    assert outcome.verdict == HELD, outcome.failure
