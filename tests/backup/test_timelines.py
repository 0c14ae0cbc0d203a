"""The time-lines of ravendb.md 24.3 to 24.5, played over `observe`, `apply` and `next_backup` alone, without a cluster.

A little world in a loop: every 250 ms the living nodes are heard, every 500 ms the leader looks, and what it asks for
is applied at once. Times are seconds from the crash of node B, which owns the only task.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import attrs
import pytest

from backup.database.change_vector import ChangeVector
from backup.destinations.local import LocalFolder
from backup.observer.observer import ObserverInputs, observe
from backup.observer.observer_memory import ObserverMemory
from backup.record.commands import Command, apply
from backup.record.database_commands import ChangeTopology
from backup.record.record import Assignment, Database, Kind, Reason, Record, Status, Task, Topology
from backup.record.responsible_node import computed_owner
from backup.record.rules import Rules, rules_named
from backup.replicas.node_reports import DatabaseReport, NodeReport, ReceivedReport
from backup.runs.schedule import next_backup
from cluster.time_units import HOUR, MILLISECOND, MINUTE, SECOND

WALL = 5_000 * HOUR
STEP = 250 * MILLISECOND
BORN = -100 * SECOND
TASK = Task("0 0 * * *", "*/10 * * * *", (LocalFolder("/b"),), name="T", id=7, created_at=WALL - 48 * HOUR)
LAST_RUN = Status(
    7,
    Kind.BACKUP,
    "B",
    False,
    last_full=WALL - 8 * HOUR,
    last_incremental=WALL,
    last_full_internal=WALL - 8 * HOUR,
    last_incremental_internal=WALL,
    last_etag=5,
)
Line = tuple[float, str]


def start(members: str = "ABC") -> Record:
    """B owns the task and ran it last at second 0."""
    owner = Assignment("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, WALL - HOUR)
    topology = Topology(tuple(members), replication_factor=3)
    return Record().with_database(Database("Shop", 1, topology, 1, {7: TASK}, {7: LAST_RUN}, {7: owner}))


def play(
    record: Record,
    until: float,
    rules: Rules,
    is_up: Callable[[str, float], bool],
    led_since: Callable[[float], tuple[int, float]] = lambda _: (1, BORN / SECOND),
    lazily: bool = False,
) -> tuple[list[Line], Record]:
    """What changed and when, and the record in the end. `lazily`: no pass before the last one's `unchanged_until`."""
    lines: list[Line] = []
    sightings: dict[str, ReceivedReport] = {}
    memory, idle_until, index, beat = ObserverMemory(), 0, 10, 0
    for now in range(BORN, int(until * SECOND) + 1, STEP):
        second, beat = now / SECOND, beat + 1
        for node in "ABC":
            if is_up(node, second):
                report = NodeReport(node, beat, (DatabaseReport("Shop", True, 9, ChangeVector.of({("A", "x"): 9})),))
                sightings[node] = ReceivedReport(report, now)
        if now % (2 * STEP):
            continue
        term, led_from = led_since(second)
        heard_again = any(found.received_at == now for found in sightings.values() if not is_up("B", second - 1))
        if lazily and now < idle_until and not heard_again:
            continue
        inputs = ObserverInputs(
            record, sightings, now, WALL + now, int(led_from * SECOND), term, rules, ("A", "B", "C")
        )
        commands, unchanged_until, memory = observe(inputs, memory)
        assert not commands or now >= idle_until or is_up("B", second)
        idle_until = unchanged_until
        for command in commands:
            index += 1
            record, _ = apply(record, command, index)
            lines.append((second, said(command)))
    return lines, record


def said(command: Command) -> str:
    if isinstance(command, ChangeTopology):
        topology = command.topology
        return f"{''.join(topology.members)}|{''.join(topology.rehabs)}"
    [decision] = command.decisions  # type: ignore[union-attr]
    return f"{decision.assignment.node}{' marked' if decision.assignment.not_suitable_since is not None else ''}"


def b_dies(node: str, second: float) -> bool:
    return node != "B" or second < 0


def owner(record: Record) -> str:
    return record.databases["shop"].assignments[7].node


@pytest.mark.parametrize("lazily", [False, True])
def test_the_owner_dies_and_its_task_moves_after_a_minute_and_the_grace(lazily: bool) -> None:
    """24.3: Rehab and mark at 60 to 60.5 s in one pass, the move half an hour later."""
    lines, record = play(start(), 1_900, rules_named("unkindness"), b_dies, lazily=lazily)
    assert lines == [(60.0, "AC|B"), (60.0, "B marked"), (1860.0, "C")]
    assert owner(record) == "C"


def test_the_preferred_node_is_rotated_first() -> None:
    """24.3: after 5 s, if B was first."""
    lines, _ = play(start("BAC"), 1_900, rules_named("ravendb-6.2"), b_dies)
    assert lines == [(5.0, "ACB|"), (60.0, "AC|B"), (60.0, "B marked"), (1860.0, "C")]


def test_what_the_new_owner_does_first() -> None:
    """24.3: RavenDB 6.2 runs an overdue full at once, an assigned task without local status a minute later, ours too at
    once, but because B's ten-minute occurrences went uncovered."""
    _, record = play(start(), 1_900, rules_named("unkindness"), b_dies)
    now, cluster = WALL + 1_860 * SECOND, record.databases["shop"].statuses[7]
    utc = ZoneInfo("UTC")
    new = next_backup(TASK, None, now, utc, rules_named("ravendb-6.2"), "C", cluster)
    assert (new.due, new.full, new.occurrence) == (now, True, WALL - 48 * HOUR + 16 * HOUR)
    ours = next_backup(TASK, None, now, utc, rules_named("unkindness"), "C", cluster)
    assert (ours.due, ours.full, ours.occurrence, ours.rule) == (now, True, WALL + 10 * MINUTE, "24.8, 8.6")
    assigned = attrs.evolve(rules_named("ravendb-6.2"), local_status=False, full_on_owner_change=True)
    before = next_backup(TASK, cluster, now, utc, assigned, "C")
    assert (before.due, before.full) == (now + MINUTE, True)


def test_the_owner_comes_back_in_time_and_keeps_its_task() -> None:
    """24.3: promoted, mark cleared, no move."""
    lines, record = play(
        start(), 1_900, rules_named("unkindness"), lambda node, second: b_dies(node, second) or second >= 1_000
    )
    assert [second for second, _ in lines] == [60.0, 60.0, 1000.5, 1000.5]
    assert sorted(lines[2][1]) == sorted("ABC|")
    assert lines[3] == (1000.5, "B")
    assert owner(record) == "B"


def test_if_it_led_too_the_minute_counts_from_the_next_observer() -> None:
    """24.3: election first; rule 5.5."""
    lines, _ = play(
        start(),
        1_900,
        rules_named("unkindness"),
        b_dies,
        led_since=lambda second: (1, BORN / SECOND) if second < 0.75 else (2, 0.75),
    )
    assert lines == [(61.0, "AC|B"), (61.0, "B marked"), (1861.0, "C")]


def test_without_grace_the_task_moves_with_the_rehab() -> None:
    """Section 0: about one minute of rehab delay remains."""
    lines, _ = play(start(), 100, attrs.evolve(rules_named("unkindness"), move_grace=0), b_dies)
    assert lines == [(60.0, "AC|B"), (60.0, "C")]


def test_a_mentor_gets_its_task_back_as_soon_as_it_is_a_member_again() -> None:
    """Rule 7.10; without a mentor it stays where it went (7.11)."""
    for mentor, expected in (("B", "B"), (None, "C")):
        shop = start().databases["shop"]
        record = Record().with_database(attrs.evolve(shop, tasks={7: attrs.evolve(TASK, mentor=mentor)}))
        lines, record = play(
            record, 2_100, rules_named("unkindness"), lambda node, second: b_dies(node, second) or second >= 2_000
        )
        assert (1860.0, "C") in lines
        assert owner(record) == expected


def test_a_computed_task_moves_at_rehab_and_runs_in_full_a_minute_later() -> None:
    """24.4: classic-sticky."""
    rules = rules_named("ravendb-4.2")
    lines, record = play(start(), 100, rules, b_dies)
    assert lines == [(60.0, "AC|B")]
    before, after = start().databases["shop"], record.databases["shop"]
    assert computed_owner(TASK, before.topology, LAST_RUN, rules, leaderless=False).node == "B"
    assert computed_owner(TASK, after.topology, LAST_RUN, rules, leaderless=False).node == "C"
    noon = WALL + 11 * MINUTE
    plan = next_backup(TASK, LAST_RUN, noon, ZoneInfo("UTC"), rules, "C")
    assert (plan.due, plan.full) == (noon + MINUTE, True)


def test_the_books_day_with_a_mentor_in_two_generations() -> None:
    """24.5: C, the mentor, is back at 18:00 having run last at 8:00, and A since. Classic: a full. Local status: C goes
    on with its own chain, unless a full fell due meanwhile."""
    day, utc = WALL - WALL % (24 * HOUR), ZoneInfo("UTC")
    task = attrs.evolve(TASK, full="0 0 * * *", incremental="0 */4 * * *", mentor="C")

    def ran(node: str, full: int, incremental: int) -> Status:
        return attrs.evolve(
            LAST_RUN,
            node=node,
            last_full=day + full * HOUR,
            last_full_internal=day + full * HOUR,
            last_incremental=day + incremental * HOUR,
            last_incremental_internal=day + incremental * HOUR,
        )

    of_c, of_a, six = ran("C", 0, 8), ran("A", 12, 16), day + 18 * HOUR
    classic = next_backup(task, of_a, six, utc, rules_named("ravendb-4.2"), "C")
    assert (classic.due, classic.full) == (day + 20 * HOUR, True)
    newer = next_backup(task, of_c, six, utc, rules_named("ravendb-6.2"), "C", of_a)
    assert (newer.due, newer.full) == (six, False)
    overdue = next_backup(task, of_c, six + 24 * HOUR, utc, rules_named("ravendb-6.2"), "C", of_a)
    assert not overdue.full  # its own 12:00 incremental is the earlier one; rule 8.12 drops such a status beforehand
