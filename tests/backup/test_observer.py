"""One pass of the leader's watch: changes of a group, owners, the decision log, how long nothing will change."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.database.change_vector import ChangeVector
from backup.destinations.local import LocalFolder
from backup.observer.observer import ObserverInputs, foresee, observe
from backup.observer.observer_memory import ObserverMemory
from backup.record.commands import Command, apply
from backup.record.database_commands import ChangeTopology
from backup.record.record import Assignment, Database, PromotionStatus, Reason, Record, Stamp, Task, Topology
from backup.record.rules import Rules, rules_named
from backup.record.task_commands import Assign
from backup.replicas.node_reports import DatabaseReport, NodeReport, ReceivedReport, ReceivedReports
from cluster.member import Refused
from cluster.time_units import FOREVER, HOUR, MILLISECOND, MINUTE, SECOND

OURS, OLD = rules_named("unkindness"), rules_named("ravendb-4.2")
TASK = Task("0 * * * *", destinations=(LocalFolder("/b"),), name="T", id=7)
TO_B = Assignment("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, 1)
NOW = 10 * MINUTE
WALL = 1_000 * HOUR
"""The wall clock at monotonic 0."""
TERM = 3
NODES = tuple("ABCDEP")


def vector(etag: int) -> ChangeVector:
    return ChangeVector.of({("A", "x"): etag})


def sighting(node: str, age: int = 0, *, etag: int = 9, loaded: bool = True, now: int = NOW) -> ReceivedReport:
    """What `node` reported of Shop that long ago."""
    return ReceivedReport(NodeReport(node, 1, (DatabaseReport("Shop", loaded, etag, vector(etag)),)), now - age)


def shop(topology: Topology, assignment: Assignment | None = TO_B) -> Record:
    """Shop, as entry 5 of an earlier term left it, with one task."""
    old = attrs.evolve(topology, stamp=Stamp(5, TERM - 1, 0))
    return Record().with_database(
        Database("Shop", 1, old, 5, {7: TASK}, assignments={} if assignment is None else {7: assignment})
    )


def watch(
    record: Record,
    sightings: ReceivedReports,
    now: int = NOW,
    memory: ObserverMemory | None = None,
    rules: Rules = OURS,
    started_at: int = 0,
) -> tuple[tuple[Command, ...], int, ObserverMemory]:
    inputs = ObserverInputs(record, sightings, now, WALL + now, started_at, TERM, rules, NODES)
    return observe(inputs, memory or ObserverMemory())


def seen(*sightings: ReceivedReport) -> ReceivedReports:
    return {found.report.node: found for found in sightings}


def changed(commands: tuple[Command, ...]) -> Topology:
    """The topology that the pass asks for, and nothing but one."""
    updates = [command for command in commands if isinstance(command, ChangeTopology)]
    assert len(updates) == 1
    assert (updates[0].based_on, updates[0].term, updates[0].at) == (5, TERM, WALL + NOW)
    return updates[0].topology


ABC = Topology(("A", "B", "C"), replication_factor=3)
ALL_WELL = seen(sighting("A"), sighting("B"), sighting("C"))


# ---- when it looks at all ----


def test_a_healthy_group_is_left_alone_for_ever() -> None:
    commands, until, memory = watch(shop(ABC), ALL_WELL)
    assert (commands, until, memory.latest) == ((), FOREVER, ())


def test_the_observer_waits_for_the_cluster_to_settle() -> None:
    """Rule 5.2: stabilisation, then one sample."""
    opens_at = 5 * SECOND + 500 * MILLISECOND
    record, heard = shop(ABC, None), seen(*(sighting(node, now=opens_at) for node in "ABC"))
    assert watch(record, heard, now=opens_at - 1)[:2] == ((), opens_at)
    assert watch(record, heard, now=opens_at)[0]


def test_a_topology_of_this_term_is_left_alone_until_it_has_settled() -> None:
    """Rule 5.3."""
    fresh = attrs.evolve(ABC, stamp=Stamp(6, TERM, 0))
    record = Record().with_database(Database("Shop", 1, fresh, 6, {7: TASK}))
    commands, until, memory = watch(record, ALL_WELL)
    assert (commands, until) == ((), NOW + 5 * SECOND)
    later = seen(*(sighting(node, now=until) for node in "ABC"))
    assert watch(record, later, until - 1, memory)[0] == ()
    assert watch(record, later, until, memory)[0]


def test_a_database_without_nodes_is_being_deleted() -> None:
    """Rule 5.3."""
    assert watch(shop(Topology(()), None), {})[:2] == ((), FOREVER)


# ---- members ----


def test_a_silent_first_member_goes_to_the_end_after_five_seconds() -> None:
    """Rules 5.4.2, 5.4.4."""
    heard = seen(sighting("A", 5 * SECOND), sighting("B"), sighting("C"))
    assert changed(watch(shop(ABC), heard)[0]).members == ("B", "C", "A")
    early = seen(sighting("A", 5 * SECOND - 1), sighting("B"), sighting("C"))
    assert watch(shop(ABC), early)[:2] == ((), NOW + 1)


def test_another_silent_member_keeps_its_place_until_it_goes_to_rehab() -> None:
    """Rules 5.4.2, 5.4.3, 5.6: after 60 seconds, exactly."""
    early = seen(sighting("A"), sighting("B", 60 * SECOND - 1), sighting("C"))
    assert watch(shop(ABC), early)[:2] == ((), NOW + 1)
    late = seen(sighting("A"), sighting("B", 60 * SECOND), sighting("C"))
    topology = changed(watch(shop(ABC), late)[0])
    assert (topology.members, topology.rehabs) == (("A", "C"), ("B",))
    assert topology.demotions == (("B", PromotionStatus.NOT_RESPONDING),)


def test_the_mark_says_what_the_node_was_short_of() -> None:
    """Rule 5.6."""
    last = sighting("B", 60 * SECOND)
    last = attrs.evolve(last, report=attrs.evolve(last.report, alarm=PromotionStatus.HIGH_DIRTY_MEMORY))
    topology = changed(watch(shop(ABC), seen(sighting("A"), last, sighting("C")))[0])
    assert topology.is_short_of_resources("B")


def test_a_leader_change_starts_the_sixty_seconds_again() -> None:
    """Rules 5.5, 22.4: also for a node that the new leader never heard."""
    for heard in (seen(sighting("A"), sighting("B", 90 * SECOND), sighting("C")), seen(sighting("A"), sighting("C"))):
        started_at = NOW - 59 * SECOND
        assert watch(shop(ABC), heard, started_at=started_at)[:2] == ((), NOW + SECOND)
        assert changed(watch(shop(ABC), heard, started_at=NOW - 60 * SECOND)[0]).rehabs == ("B",)


def test_one_change_of_a_group_a_pass() -> None:
    """Rule 5.4."""
    heard = seen(sighting("A", 60 * SECOND), sighting("B", 60 * SECOND), sighting("C"))
    assert changed(watch(shop(ABC), heard)[0]).members == ("B", "C")


def test_a_node_that_does_not_load_a_database_has_sixty_seconds_to_do_so() -> None:
    """Rule 5.5."""
    record = shop(ABC)

    def heard(now: int) -> ReceivedReports:
        return seen(sighting("A", now=now), sighting("B", loaded=False, now=now), sighting("C", now=now))

    commands, until, memory = watch(record, heard(NOW))
    assert (commands, until) == ((), NOW + 60 * SECOND)
    assert watch(record, heard(until - 1), until - 1, memory)[:2] == ((), until)
    assert watch(record, heard(until), until, memory)[0]


def test_a_node_that_says_nothing_of_the_database_is_not_judged() -> None:
    """Rule 5.4.1."""
    mute = ReceivedReport(NodeReport("B", 1, ()), NOW)
    assert watch(shop(ABC), seen(sighting("A"), mute, sighting("C")))[:2] == ((), FOREVER)


def test_a_member_that_is_alive_loses_its_mark() -> None:
    """Rule 5.4.1."""
    marked = attrs.evolve(ABC, demotions=(("B", PromotionStatus.NOT_RESPONDING),))
    assert changed(watch(shop(marked), ALL_WELL)[0]).demotions == ()


def test_members_are_put_in_priority_order_once_all_are_heard() -> None:
    """Rules 5.4.6, 24.2."""
    wished = attrs.evolve(ABC, priority_order=("C", "A"))
    assert changed(watch(shop(wished), ALL_WELL)[0]).members == ("C", "A", "B")
    assert watch(shop(wished), seen(sighting("A"), sighting("B", 6 * SECOND), sighting("C")))[0] == ()


# ---- nobody alive ----


def test_with_no_member_alive_the_most_up_to_date_rehab_becomes_one() -> None:
    """Rules 5.4.5, 22.11: the best, not the last one looked at."""
    topology = Topology(("A",), rehabs=("B", "C", "D"), demotions=(("C", PromotionStatus.NOT_RESPONDING),))
    heard = seen(sighting("A", 9 * SECOND), sighting("B", etag=4), sighting("C", etag=6), sighting("D", etag=5))
    rescued = changed(watch(shop(topology), heard)[0])
    assert (rescued.members, rescued.rehabs, rescued.demotions) == (("A", "C"), ("B", "D"), ())


def test_promotables_are_asked_only_when_there_is_no_member_at_all() -> None:
    """Rule 5.4.5."""
    heard = seen(sighting("P"))
    silent = seen(*heard.values(), sighting("A", 9 * SECOND))
    assert watch(shop(Topology(("A",), promotables=("P",)), attrs.evolve(TO_B, node="A")), silent)[0] == ()
    assert changed(watch(shop(Topology((), promotables=("P",)), None), heard)[0]).members == ("P",)


def test_an_unreachable_database_is_told_of_once_and_left_alone() -> None:
    """Rules 5.4.5, 5.12."""
    commands, until, memory = watch(shop(Topology((), rehabs=("A", "B"))), {})
    assert (commands, until) == ((), FOREVER)
    assert [(line.rule, "unreachable" in line.text) for line in memory.latest] == [("5.4.5", True)]
    _, _, memory = watch(shop(Topology((), rehabs=("A", "B"))), {}, NOW + 500 * MILLISECOND, memory)
    assert memory.latest == ()
    assert len(memory.decisions) == 1


# ---- coming back ----

LAME = Topology(("A", "C"), rehabs=("B",), replication_factor=3, demotions=(("B", PromotionStatus.NOT_RESPONDING),))


def test_a_rehab_comes_back_when_two_successive_reports_say_it_caught_up() -> None:
    """Rule 5.9: both nodes in both reports."""
    commands, until, memory = watch(shop(LAME), ALL_WELL)
    assert until == 0
    assert not any(isinstance(command, ChangeTopology) for command in commands)
    topology = changed(watch(shop(LAME), ALL_WELL, memory=memory)[0])
    assert sorted(topology.members) == ["A", "B", "C"]
    assert (topology.rehabs, topology.demotions) == ((), ())


def test_the_two_reports_may_be_three_samples_apart() -> None:
    """Rule 5.9: worker samples, 250 ms each."""
    heard = seen(sighting("A"), sighting("B", 750 * MILLISECOND), sighting("C"))
    _, _, memory = watch(shop(LAME), heard)
    assert changed(watch(shop(LAME), heard, memory=memory)[0]).rehabs == ()


def test_it_is_enough_to_have_what_the_mentor_had_one_pass_ago() -> None:
    """Rule 5.9."""
    _, _, memory = watch(shop(LAME), ALL_WELL)
    ahead = seen(sighting("A", etag=12), sighting("B", etag=9), sighting("C", etag=12))
    assert changed(watch(shop(LAME), ahead, memory=memory)[0]).rehabs == ()


@pytest.mark.parametrize(
    "back",
    [
        sighting("B", etag=8),
        sighting("B", loaded=False),
        sighting("B", 751 * MILLISECOND),
        attrs.evolve(
            sighting("B"), report=attrs.evolve(sighting("B").report, alarm=PromotionStatus.EARLY_OUT_OF_MEMORY)
        ),
    ],
)
def test_a_node_that_is_behind_or_not_ready_or_late_stays_in_rehab(back: ReceivedReport) -> None:
    """Rule 5.9: caught up, loaded, reports at most three samples apart, no alarm."""
    heard = seen(sighting("A"), back, sighting("C"))
    record = shop(LAME, attrs.evolve(TO_B, node="A"))
    _, _, memory = watch(record, heard)
    assert watch(record, heard, memory=memory)[0] == ()


def test_no_node_is_promoted_beyond_the_factor_and_the_surplus_one_leaves() -> None:
    """Rules 5.9, 5.4.9."""
    record = shop(attrs.evolve(LAME, replication_factor=2), attrs.evolve(TO_B, node="A"))
    left = changed(watch(record, ALL_WELL)[0])
    assert (left.nodes, left.demotions) == (("A", "C"), ())


# ---- replacement ----

DYNAMIC = attrs.evolve(LAME, dynamic_distribution=True)
LONG_AGO = 900 * SECOND


def outsider(node: str, databases: int, age: int = 0, now: int = NOW) -> ReceivedReport:
    """A node with so many other databases."""
    reports = tuple(DatabaseReport(f"other{n}", True, 1, vector(1)) for n in range(databases))
    return ReceivedReport(NodeReport(node, 1, reports), now - age)


def later(age: int = LONG_AGO) -> tuple[int, ReceivedReports]:
    """B has been silent for so long; D holds two databases, E one, P was never heard of."""
    now = 2 * HOUR
    living = [sighting("A", now=now), sighting("C", now=now), outsider("D", 2, now=now), outsider("E", 1, now=now)]
    return now, seen(*living, sighting("B", age, now=now))


def replaced(topology: Topology, age: int = LONG_AGO, started_at: int = 0) -> tuple[Topology | None, int]:
    """What a pass makes of the group then, and how long that holds."""
    now, heard = later(age)
    commands, until, _ = watch(shop(topology, attrs.evolve(TO_B, node="A")), heard, now, started_at=started_at)
    updates = [command.topology for command in commands if isinstance(command, ChangeTopology)]
    return (updates[0] if updates else None), until - now if until else 0


def test_a_node_silent_for_900_s_is_replaced_by_the_least_loaded_fit_one() -> None:
    """Rules 5.4.8, 5.7, 5.8: E joins as a Promotable, B stays in Rehab until there are members enough."""
    topology, _ = replaced(DYNAMIC)
    assert topology is not None
    assert (topology.members, topology.promotables, topology.rehabs) == (("A", "C"), ("E",), ("B",))
    assert replaced(DYNAMIC, LONG_AGO - 1) == (None, 1)
    assert replaced(LAME) == (None, FOREVER - 2 * HOUR)  # rule 5.14


def test_the_900_seconds_count_from_the_start_of_the_observer() -> None:
    """Rule 5.7."""
    assert replaced(DYNAMIC, 2 * LONG_AGO, started_at=2 * HOUR - LONG_AGO + 7) == (None, 7)


def test_one_replacement_for_one_node() -> None:
    """Rule 5.4.8: with E on its way there are responding nodes enough; and E is not judged before it had its time."""
    assert replaced(attrs.evolve(DYNAMIC, promotables=("E",)))[0] is None


def test_a_promotable_that_dies_is_replaced() -> None:
    """Rule 5.4.7."""
    topology, _ = replaced(attrs.evolve(DYNAMIC, members=("A", "C"), promotables=("B",), rehabs=(), demotions=()))
    assert topology is not None
    assert topology.promotables == ("E",)


def test_a_node_that_left_the_cluster_is_bad_at_once() -> None:
    """Rule 5.7."""
    gone = attrs.evolve(DYNAMIC, rehabs=("Z",), demotions=())
    topology, _ = replaced(gone)
    assert topology is not None
    assert topology.promotables == ("E",)


def test_a_node_without_a_report_is_taken_only_if_there_is_no_other() -> None:
    """Rule 5.8; and nobody if the group has no Member."""
    now = 2 * HOUR
    heard = seen(sighting("A", now=now), sighting("C", now=now), sighting("B", LONG_AGO, now=now))
    record = shop(DYNAMIC, attrs.evolve(TO_B, node="A"))
    commands, _, _ = watch(record, heard, now, started_at=now - LONG_AGO + 1)
    assert commands == ()
    heard = seen(*heard.values(), outsider("E", 9, 3 * MINUTE, now=now))
    [command] = watch(record, heard, now)[0]
    assert isinstance(command, ChangeTopology)
    assert command.topology.promotables == ("E",)


def test_where_nobody_is_fit_news_of_an_outsider_is_looked_at() -> None:
    """What is remembered of a group names only its own nodes; one that is short of a node listens to all."""
    now = 2 * HOUR
    heard = seen(sighting("A", now=now), sighting("C", now=now), sighting("B", LONG_AGO, now=now))
    record = shop(DYNAMIC, attrs.evolve(TO_B, node="A"))
    commands, until, memory = watch(record, heard, now)
    assert (commands, until) == ((), FOREVER)
    again = seen(*heard.values(), outsider("E", 0, now=now))
    assert watch(record, again, now, memory)[0]


# ---- lag ----


def test_a_member_ten_thousand_changes_behind_in_two_passes_goes_to_rehab() -> None:
    """Rule 5.4.6: by etag and by vector, the same culprit both times; and it is not short of a resource."""
    heard = seen(sighting("A", etag=10_010), sighting("B", etag=9), sighting("C", etag=10_000))
    commands, until, memory = watch(shop(ABC), heard)
    assert (commands, until) == ((), 0)
    topology = changed(watch(shop(ABC), heard, memory=memory)[0])
    assert topology.rehabs == ("B",)
    assert topology.demotions == (("B", PromotionStatus.CHANGE_VECTOR_NOT_MERGED),)
    assert not topology.is_short_of_resources("B")
    near = seen(sighting("A", etag=10_009), sighting("B", etag=9), sighting("C", etag=10_000))
    assert watch(shop(ABC), near)[:2] == ((), FOREVER)
    assert watch(shop(ABC), near, memory=memory)[0] == ()


def test_a_lag_by_etag_alone_is_none() -> None:
    """Rule 5.4.6: a copy that was filled anew has counted less and holds the same."""
    behind = attrs.evolve(sighting("B").report.databases[0], change_vector=vector(20_000))
    heard = seen(
        sighting("A", etag=20_000),
        ReceivedReport(NodeReport("B", 1, (behind,)), NOW),
        sighting("C", etag=20_000),
    )
    assert watch(shop(ABC), heard)[:2] == ((), FOREVER)


def test_while_a_member_is_silent_nobody_is_judged_for_lag() -> None:
    """Rule 5.4.6: only if nobody needs more time."""
    heard = seen(sighting("A", etag=30_000), sighting("B", etag=9), sighting("C", 6 * SECOND))
    _, _, memory = watch(shop(ABC), heard)
    assert watch(shop(ABC), heard, memory=memory)[0] == ()


def test_after_a_promotion_members_stand_in_priority_or_seeded_order() -> None:
    """Rules 5.10, 24.2."""

    def members(seed: int, wish: tuple[str, ...] = ()) -> tuple[str, ...]:
        record = shop(attrs.evolve(LAME, members=("C", "A"), priority_order=wish))
        _, _, memory = watch(record, ALL_WELL, memory=ObserverMemory(seed))
        return changed(watch(record, ALL_WELL, memory=memory)[0]).members

    orders = [members(seed) for seed in range(30)]
    assert orders == [members(seed) for seed in range(30)]
    assert len(set(orders)) == 6
    assert members(1, ("C", "B", "A")) == ("C", "B", "A")


# ---- owners ----


def test_a_task_without_owner_gets_one_by_one_command_for_all_databases() -> None:
    """Rules 4.3, 7.8.3."""
    record = shop(ABC, None)
    bank = attrs.evolve(record.databases["shop"], name="Bank", tasks={8: attrs.evolve(TASK, id=8)})
    both = {
        node: attrs.evolve(
            found,
            report=attrs.evolve(
                found.report, databases=(DatabaseReport("bank", True, 9, vector(9)), *found.report.databases)
            ),
        )
        for node, found in ALL_WELL.items()
    }
    commands, until, memory = watch(record.with_database(bank), both)
    assert until == 0
    assert [type(command) for command in commands] == [Assign]
    assert isinstance(commands[0], Assign)
    assert [(found.database, found.task_id, found.assignment.node) for found in commands[0].decisions] == [
        ("Shop", 7, "B"),
        ("Bank", 8, "B"),
    ]
    assert [line.text for line in memory.latest] == [
        f"'T' goes to B: {Reason.NON_EXISTING_RESPONSIBLE_NODE.sentence}"
    ] * 2


def test_the_mark_is_set_in_the_very_pass_that_moves_the_owner_to_rehab() -> None:
    """Rule 22.16."""
    commands, _, _ = watch(shop(ABC), seen(sighting("A"), sighting("B", 60 * SECOND), sighting("C")))
    assert [type(command) for command in commands] == [ChangeTopology, Assign]
    assert isinstance(commands[1], Assign)
    assert commands[1].decisions[0].assignment.not_suitable_since == WALL + NOW


def test_a_marked_owner_is_waited_for_by_the_wall_clock() -> None:
    """Rule 7.8: the mark outlives leaders, so it is a time of day."""
    marked = attrs.evolve(TO_B, not_suitable_since=WALL + NOW - 10 * MINUTE)
    heard = seen(sighting("A"), sighting("B", 9 * MINUTE), sighting("C"))
    record = shop(LAME, marked)
    commands, until, memory = watch(record, heard)
    assert (commands, until) == ((), NOW + 20 * MINUTE)
    ahead = ObserverInputs(record, heard, NOW, WALL + NOW + 5 * MINUTE, 0, TERM, OURS, NODES)
    assert observe(ahead, memory)[:2] == ((), NOW + 15 * MINUTE)
    assert observe(attrs.evolve(ahead, wall=WALL + NOW + 20 * MINUTE), memory)[0]


def test_where_nodes_compute_their_owners_the_observer_stores_none() -> None:
    """Rule 7.5."""
    assert watch(shop(ABC, None), ALL_WELL, rules=OLD)[:2] == ((), FOREVER)


# ---- what a pass would do ----


def test_a_pass_that_does_and_remembers_nothing_new_is_foreseen() -> None:
    """After a run that stored its status, and nothing else, the answer of a pass is known without it."""
    record = shop(ABC)
    _, until, memory = watch(record, ALL_WELL)
    database = record.databases["shop"]
    ran = record.with_database(attrs.evolve(database, changed=6))
    inputs = ObserverInputs(ran, ALL_WELL, NOW, WALL + NOW, 0, TERM, OURS, NODES)
    assert foresee(inputs, memory) == until == FOREVER


@pytest.mark.parametrize(
    ("record", "heard"),
    [
        (shop(ABC, None), ALL_WELL),
        (shop(LAME), ALL_WELL),
        (shop(ABC), seen(sighting("A"), sighting("B"), sighting("C", etag=10))),
        (shop(ABC), seen(sighting("A"), sighting("B"), sighting("C", 1 * SECOND))),
        (shop(ABC), seen(sighting("A"), sighting("B"))),
    ],
    ids=["an owner to store", "another group", "another report", "a silence", "a node less"],
)
def test_a_pass_with_anything_new_is_not_foreseen(record: Record, heard: ReceivedReports) -> None:
    """It must be made: it proposes, says or remembers something."""
    _, _, memory = watch(shop(ABC), ALL_WELL)
    inputs = ObserverInputs(record, heard, NOW, WALL + NOW, 0, TERM, OURS, NODES)
    assert foresee(inputs, memory) == 0


def test_a_pass_of_a_new_term_is_not_foreseen() -> None:
    """Rule 5.1: it forgets what the last one knew."""
    _, _, memory = watch(shop(ABC), ALL_WELL)
    inputs = ObserverInputs(shop(ABC), ALL_WELL, NOW, WALL + NOW, 0, TERM + 1, OURS, NODES)
    assert foresee(inputs, memory) == 0


# ---- memory ----


def test_a_new_term_forgets_all_but_the_seed() -> None:
    """Rule 5.1."""
    _, _, memory = watch(shop(ABC, None), ALL_WELL, memory=ObserverMemory(9))
    assert memory.decisions
    inputs = ObserverInputs(shop(ABC), ALL_WELL, NOW, WALL, NOW, TERM + 1, OURS, NODES)
    commands, _, fresh = observe(inputs, memory)
    assert (commands, fresh) == ((), ObserverMemory(9, TERM + 1))


def test_the_decision_log_keeps_a_hundred_lines() -> None:
    """Rules 5.1, 5.12."""
    record = shop(ABC, None)
    databases = {str(n): attrs.evolve(record.databases["shop"], name=str(n)) for n in range(130)}
    _, _, memory = watch(Record(databases), {})
    assert len(memory.latest) == 260  # each is unreachable as far as this observer knows, and each task gets an owner
    assert memory.decisions == memory.latest[-100:]


def test_an_unchanged_record_is_not_looked_at_again() -> None:
    """The same record, equal reports: the memory itself comes back."""
    record = shop(ABC)
    _, _, memory = watch(record, ALL_WELL)
    later = NOW + MINUTE
    again = {node: ReceivedReport(attrs.evolve(found.report, beat=99), later) for node, found in ALL_WELL.items()}
    _, until, kept = watch(record, again, later, memory)
    assert kept is memory
    assert until == FOREVER


# ---- unchanged_until, against trying ----

AGES = st.one_of(
    st.integers(0, 500 * MILLISECOND),
    st.integers(0, 6 * SECOND),
    st.integers(50 * SECOND, 70 * SECOND),
    st.integers(0, 2 * HOUR),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Record, ReceivedReports, int]:
    """Any record of two databases, any sightings, and when the observer began."""
    record = Record()
    for number, name in enumerate(("Shop", "Bank")):
        nodes = draw(st.permutations("ABCD"))
        one, two = sorted((draw(st.integers(0, 4)), draw(st.integers(0, 4))))
        topology = Topology(
            tuple(nodes[:one]),
            tuple(nodes[one:two]),
            tuple(nodes[two:]),
            replication_factor=draw(st.integers(1, 4)),
            dynamic_distribution=draw(st.booleans()),
            priority_order=draw(st.sampled_from([(), ("B", "A")])),
            stamp=Stamp(5, draw(st.sampled_from([TERM - 1, TERM - 1, TERM])), 0),
        )
        tasks = {
            n: attrs.evolve(TASK, id=n, mentor=draw(st.sampled_from([None, "A"]))) for n in (7 + number, 20 + number)
        }
        marks = st.one_of(st.none(), st.integers(0, 40 * MINUTE).map(lambda ago: WALL + NOW - ago))
        assignments = {
            n: Assignment(draw(st.sampled_from("ABCE")), Reason.MENTOR_NODE, 1, draw(marks)) for n in sorted(tasks)
        }
        record = record.with_database(Database(name, 1, topology, 5, tasks, assignments=assignments))
    sightings = {
        node: ReceivedReport(
            NodeReport(
                node,
                1,
                tuple(
                    DatabaseReport(name, draw(st.sampled_from([True, True, False])), etag, vector(etag))
                    for name in draw(st.sampled_from([("Shop", "Bank"), ("Shop",)]))
                    for etag in (draw(st.sampled_from([8, 9, 9, 20_000])),)
                ),
            ),
            NOW - draw(AGES),
        )
        for node in draw(st.sampled_from(["ABCDE", "ABCD", "ABC", "A"]))
    }
    return record, sightings, NOW - draw(st.one_of(st.integers(0, 70 * SECOND), st.just(NOW)))


@settings(max_examples=400, deadline=None)
@given(world=worlds(), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), age=st.integers(0, 500 * MILLISECOND))
def test_before_unchanged_until_no_pass_asks_for_anything(
    world: tuple[Record, ReceivedReports, int], shares: tuple[float, float], age: int
) -> None:
    """A dozen passes, each at the last one's `unchanged_until`, what they ask for applied.

    At any moment between two of them, fresh nodes moved along, nothing is asked for, whether the observer remembers
    or looks closely, and it stands by what it said.
    """
    record, sightings, started_at = world
    fresh = [node for node, found in sightings.items() if NOW - found.received_at <= 500 * MILLISECOND]
    memory, now, index = ObserverMemory(), NOW, 100

    def heard(moment: int, ago: int) -> ReceivedReports:
        return {
            node: attrs.evolve(found, received_at=max(found.received_at, moment - ago)) if node in fresh else found
            for node, found in sightings.items()
        }

    for _ in range(12):
        commands, until, memory = watch(record, sightings, now, memory, started_at=started_at)
        assert until == 0 or (until > now and not commands)
        for command in commands:
            index += 1
            record, _ = apply(record, command, index)
        if until == 0:
            now, sightings = now + 500 * MILLISECOND, heard(now + 500 * MILLISECOND, age)
            continue
        for share in sorted(shares):
            moment = now + int(share * (min(until, now + 3 * HOUR) - 1 - now))
            sightings = heard(moment, age)
            close = attrs.evolve(memory, record=None)
            looked = watch(record, sightings, moment, close, started_at=started_at)
            remembered = watch(record, sightings, moment, memory, started_at=started_at)
            assert remembered[:2] == looked[:2] == ((), until)
            memory = remembered[2]
        if until == FOREVER:
            break
        now, sightings = until, heard(until, age)


@settings(max_examples=200, deadline=None)
@given(world=worlds())
def test_a_pass_is_a_function_of_what_it_is_given(world: tuple[Record, ReceivedReports, int]) -> None:
    """Same arguments, same answer; and the record stays as it was."""
    record, sightings, started_at = world
    before = repr(record)
    assert watch(record, sightings, started_at=started_at) == watch(record, sightings, started_at=started_at)
    assert repr(record) == before


@settings(max_examples=150, deadline=None)
@given(world=worlds(), data=st.data())
def test_a_pass_that_remembers_decides_as_one_that_looks_at_everything(
    world: tuple[Record, ReceivedReports, int], data: st.DataObject
) -> None:
    """Twenty passes in which nodes report, fall silent, change, and commands are applied or lost."""
    record, sightings, started_at = world
    memory, now, index = ObserverMemory(), NOW, 100
    for _ in range(20):
        commands, until, after = watch(record, sightings, now, memory, started_at=started_at)
        looked = watch(record, sightings, now, attrs.evolve(memory, record=None), started_at=started_at)
        assert (commands, until) == looked[:2]
        memory = after
        if data.draw(st.booleans()):
            for command in commands:
                index += 1
                try:
                    record, _ = apply(record, command, index)
                except Refused:
                    continue
        now += data.draw(st.sampled_from([500 * MILLISECOND, 5 * SECOND, 60 * SECOND, 15 * MINUTE, 30 * MINUTE]))
        for node in data.draw(st.lists(st.sampled_from(sorted(sightings)), unique=True)):
            report = sightings[node].report
            if data.draw(st.booleans()):
                etag = data.draw(st.integers(8, 10))
                first = attrs.evolve(report.databases[0], etag=etag, change_vector=vector(etag))
                report = attrs.evolve(report, databases=(first, *report.databases[1:]))
            sightings = {**sightings, node: ReceivedReport(report, now)}
