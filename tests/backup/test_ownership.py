"""The hash pick with its check values, each step of 7.8 and 7.5, and what they mean on one node."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.destinations.local import LocalFolder
from backup.record.record import Assignment, Database, Kind, PromotionStatus, Reason, Status, Task, Topology
from backup.record.responsible_node import TaskState, computed_owner, decide, jump, mix, pick, state_of, task_state
from backup.record.rules import rules_named
from cluster.time_units import FOREVER, MINUTE

OURS, OLD = rules_named("unkindness"), rules_named("ravendb-4.2")
TASK = Task("0 * * * *", destinations=(LocalFolder("/b"),), name="T", id=7)
LAST_A = Status(7, Kind.BACKUP, "A")
SHORT = (("C", PromotionStatus.OUT_OF_CPU_CREDITS),)
NOW = 10_000 * MINUTE


def stored(node: str, marked_at: int | None = None) -> Assignment:
    return Assignment(node, Reason.NON_EXISTING_RESPONSIBLE_NODE, 1, marked_at)


# ---- the hash ----


def test_the_hashes_have_their_check_values() -> None:
    """Rule 7.3."""
    assert [jump(key, 5) for key in range(1, 13)] == [0, 3, 3, 1, 4, 2, 0, 4, 2, 2, 2, 1]
    assert (mix(1), mix(7)) == (0x15515FBC, 0x95393DB3)


@pytest.mark.parametrize(
    ("members", "picks"),
    [
        ("ABC", {7: "B", 8: "B", 10: "C", 42: "C"}),
        ("BAC", {7: "A", 10: "C"}),
        ("ABCDE", {5: "C", 6: "D", 7: "B", 42: "D"}),
    ],
)
def test_the_picks_have_their_check_values(members: str, picks: dict[int, str]) -> None:
    """Rule 7.3."""
    topology = Topology(tuple(members))
    assert {key: pick(topology, key) for key in picks} == picks


def test_the_only_member_is_picked_and_of_no_members_nobody() -> None:
    """Rule 7.2.2, 7.2.6."""
    assert pick(Topology(("B",), rehabs=("A", "C")), 7) == "B"
    assert pick(Topology((), rehabs=("A", "C")), 7) is None


@given(
    members=st.permutations("ABCDE").map(tuple),
    cut=st.integers(0, 5),
    key=st.integers(0, 2**64 - 1),
)
def test_a_pick_is_a_member_and_the_clients_preferred_node_only_if_alone(
    members: tuple[str, ...], cut: int, key: int
) -> None:
    """Rules 7.2, 7.4."""
    topology = Topology(members[:cut], rehabs=members[cut:])
    for intensive in (True, False):
        chosen = pick(topology, key, resource_intensive=intensive)
        assert chosen in topology.members or (chosen is None and not topology.members)
    if cut > 1:
        assert pick(topology, key) != members[0]


@given(key=st.integers(0, 2**64 - 1), buckets=st.integers(1, 40))
def test_a_bucket_more_moves_keys_only_into_it(key: int, buckets: int) -> None:
    """What makes the hash consistent."""
    assert jump(key, buckets + 1) in (jump(key, buckets), buckets)


# ---- the observer decides ----

THREE = Topology(("A", "B", "C"))
AWAY = Topology(("A", "B"), rehabs=("C",))
GONE = Topology(("A", "B"))


@pytest.mark.parametrize(
    ("task", "topology", "before", "expected", "stores"),
    [
        # 1: pinned to a node of the group, in whichever list
        ({"mentor": "C", "pinned": True}, AWAY, stored("A"), ("C", Reason.PINNED_MENTOR_NODE, "7.8.1"), True),
        ({"mentor": "C", "pinned": True}, AWAY, stored("C"), ("C", Reason.SAME_RESPONSIBLE_NODE, "7.8.1"), False),
        # 2: the mentor is a member
        ({"mentor": "C"}, THREE, stored("A"), ("C", Reason.MENTOR_NODE, "7.8.2"), True),
        ({"mentor": "C"}, THREE, stored("C"), ("C", Reason.SAME_RESPONSIBLE_NODE, "7.8.2"), False),
        # 3: nobody yet
        ({}, THREE, None, ("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, "7.8.3"), True),
        ({"mentor": "C"}, AWAY, None, ("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, "7.8.3"), True),
        # 4: as it was
        ({}, THREE, stored("A"), ("A", Reason.SAME_RESPONSIBLE_NODE, "7.8.4"), False),
        ({"mentor": "C"}, AWAY, stored("A"), ("A", Reason.SAME_RESPONSIBLE_NODE, "7.8.4"), False),
        # 5: left the group, so does a pinned mentor
        ({}, GONE, stored("C"), ("B", Reason.CURRENT_RESPONSIBLE_NODE_REMOVED_FROM_TOPOLOGY, "7.8.5"), True),
        (
            {"mentor": "C", "pinned": True},
            GONE,
            stored("C"),
            ("B", Reason.CURRENT_RESPONSIBLE_NODE_REMOVED_FROM_TOPOLOGY, "7.8.5"),
            True,
        ),
        # 6: only short of resources
        (
            {},
            attrs.evolve(AWAY, demotions=SHORT),
            stored("C"),
            ("C", Reason.SAME_DUE_TO_RESOURCE_LIMITATIONS, "7.8.6"),
            False,
        ),
        # 8: silent; or nobody to give it to
        ({}, AWAY, stored("C"), ("C", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, "7.8.8"), True),
        ({}, Topology((), rehabs=("A", "C")), stored("C"), ("C", Reason.NO_MEMBER_LEFT, "7.8.8"), False),
        ({}, Topology((), rehabs=("A",)), stored("C"), ("C", Reason.NO_MEMBER_LEFT, "7.8.5"), False),
    ],
)
def test_each_step_of_the_decision(
    task: dict[str, Any],
    topology: Topology,
    before: Assignment | None,
    expected: tuple[str, Reason, str],
    stores: bool,
) -> None:
    """Rule 7.8, in order."""
    found = decide(attrs.evolve(TASK, **task), topology, before, None, NOW, OURS)
    assert (found.node, found.reason, found.rule) == expected
    assert (found.assignment is not None) == stores
    assert found.reason.sentence in found.text()


def test_without_the_licence_a_task_stays() -> None:
    """Rule 7.8.7."""
    found = decide(TASK, AWAY, stored("C"), None, NOW, attrs.evolve(OURS, highly_available_tasks=False))
    assert (found.node, found.rule, found.assignment) == ("C", "7.8.7", None)


def test_where_nothing_is_stored_the_last_executing_node_is_current() -> None:
    """Rule 7.8: it is stored at once, though it is the same node."""
    found = decide(TASK, THREE, None, LAST_A, NOW, OURS)
    assert found.assignment == Assignment("A", Reason.SAME_RESPONSIBLE_NODE, NOW)


def test_a_silent_node_keeps_its_task_for_the_grace_and_not_longer() -> None:
    """Rule 7.8: mark, wait, move."""
    first = decide(TASK, AWAY, stored("C"), None, NOW, OURS)
    mark = Assignment("C", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, 1, NOW)
    assert (first.assignment, first.until) == (mark, NOW + 30 * MINUTE)

    waiting = decide(TASK, AWAY, mark, None, NOW + 30 * MINUTE - 1, OURS)
    assert (waiting.node, waiting.assignment, waiting.until) == ("C", None, NOW + 30 * MINUTE)

    moved = decide(TASK, AWAY, mark, None, NOW + 30 * MINUTE, OURS)
    assert moved.assignment == Assignment("B", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, NOW + 30 * MINUTE)
    assert moved.until == FOREVER


def test_without_grace_a_task_moves_in_the_pass_that_sees_the_silence() -> None:
    """Section 0: the field may be 0."""
    found = decide(TASK, AWAY, stored("C"), None, NOW, attrs.evolve(OURS, move_grace=0))
    assert found.assignment == Assignment("B", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, NOW)


def test_a_node_that_comes_back_in_time_loses_the_mark_and_keeps_the_task() -> None:
    """Rule 7.8, 7.11: `since` is still when it got the task; afterwards there is nothing to store."""
    back = decide(TASK, THREE, stored("C", NOW - MINUTE), None, NOW, OURS)
    assert back.assignment == Assignment("C", Reason.SAME_RESPONSIBLE_NODE, 1)
    assert decide(TASK, THREE, back.assignment, None, NOW, OURS).assignment is None


def test_a_node_that_comes_back_late_gets_its_task_back_only_as_mentor() -> None:
    """Rules 7.10, 7.11."""
    assert decide(TASK, THREE, stored("B"), None, NOW, OURS).node == "B"
    assert decide(attrs.evolve(TASK, mentor="C"), THREE, stored("B"), None, NOW, OURS).assignment == Assignment(
        "C", Reason.MENTOR_NODE, NOW
    )


def test_a_decision_says_what_it_looked_at() -> None:
    found = decide(attrs.evolve(TASK, mentor="C"), AWAY, stored("C", 5), None, NOW, OURS)
    assert dict(found.inputs) == {
        "current": "C",
        "mentor": "C",
        "members": "A B",
        "rehabs": "C",
        "not suitable since": "5",
    }


@given(
    lists=st.permutations("ABCD"),
    cuts=st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted),
    mentor=st.sampled_from([None, "A", "B"]),
    pinned=st.booleans(),
    current=st.sampled_from([None, "A", "B", "E"]),
    marked_at=st.sampled_from([None, NOW - 40 * MINUTE, NOW - MINUTE]),
    grace=st.sampled_from([0, 30 * MINUTE]),
)
def test_what_is_stored_settles_the_matter(
    lists: list[str],
    cuts: list[int],
    mentor: str | None,
    pinned: bool,
    current: str | None,
    marked_at: int | None,
    grace: int,
) -> None:
    """Rule 22.14 seen from the other side: a decision, once stored, is not sent again before time changes it."""
    topology = Topology(tuple(lists[: cuts[0]]), tuple(lists[cuts[0] : cuts[1]]), tuple(lists[cuts[1] :]))
    task = attrs.evolve(TASK, mentor=mentor, pinned=pinned)
    rules = attrs.evolve(OURS, move_grace=grace)
    before = None if current is None else stored(current, marked_at)
    found = decide(task, topology, before, None, NOW, rules)
    assert found.until > NOW
    kept = found.assignment or before
    for later in (NOW, min(found.until - 1, NOW + 60 * MINUTE)):
        assert decide(task, topology, kept, None, later, rules).assignment is None


# ---- each node computes ----


@pytest.mark.parametrize(
    ("task", "topology", "status", "leaderless", "expected"),
    [
        ({}, THREE, LAST_A, True, ("A", "7.6")),
        ({"mentor": "C"}, THREE, LAST_A, True, ("A", "7.6")),
        ({}, THREE, None, True, (None, "7.6")),
        ({"mentor": "C"}, THREE, LAST_A, False, ("C", "7.5.2")),
        ({"mentor": "C"}, AWAY, LAST_A, False, ("A", "7.5.3c")),
        ({"mentor": "C", "pinned": True}, AWAY, LAST_A, False, ("C", "7.5a")),
        ({}, attrs.evolve(AWAY, demotions=SHORT), Status(7, Kind.BACKUP, "C"), False, ("C", "7.5.3a")),
        ({}, AWAY, Status(7, Kind.BACKUP, "C"), False, ("B", "7.5.4")),
        ({}, GONE, Status(7, Kind.BACKUP, "C"), False, ("B", "7.5.4")),
        ({}, THREE, None, False, ("B", "7.5.4")),
        ({}, Topology((), rehabs=("A", "C")), LAST_A, False, ("A", "7.5b")),
        ({}, Topology((), rehabs=("A", "C")), None, False, (None, "7.5b")),
    ],
)
def test_each_step_of_the_computation(
    task: dict[str, Any],
    topology: Topology,
    status: Status | None,
    leaderless: bool,
    expected: tuple[str | None, str],
) -> None:
    """Rules 7.5, 7.5a, 7.5b, 7.6."""
    mine = attrs.evolve(TASK, **task)
    found = computed_owner(mine, topology, status, OLD, leaderless=leaderless)
    assert (found.node, found.rule) == expected
    assert found.assignment is None


def test_without_stickiness_the_hash_decides_and_not_the_last_node() -> None:
    """Rule 7.5.3c is of classic-sticky alone; 7.5.3b keeps a task for want of a licence."""
    assert computed_owner(TASK, THREE, LAST_A, attrs.evolve(OLD, sticky=False), leaderless=False).node == "B"
    unlicensed = attrs.evolve(OLD, highly_available_tasks=False)
    found = computed_owner(TASK, AWAY, Status(7, Kind.BACKUP, "C"), unlicensed, leaderless=False)
    assert (found.node, found.rule) == ("C", "7.5.3b")


# ---- on one node ----


def test_how_a_node_stands_to_a_task() -> None:
    """Rules 7.6, 7.9."""
    for rules in (OURS, OLD):
        assert task_state(TASK, "A", "A", leaderless=True, rules=rules) is TaskState.ACTIVE_BY_CURRENT_NODE
        assert task_state(TASK, "A", "B", leaderless=True, rules=rules) is TaskState.ACTIVE_BY_OTHER_NODE
        assert task_state(TASK, None, "B", leaderless=False, rules=rules) is TaskState.MISSING_RESPONSIBLE_NODE
        off = attrs.evolve(TASK, disabled=True)
        assert task_state(off, "A", "A", leaderless=False, rules=rules) is TaskState.DISABLED
    assert task_state(TASK, None, "B", leaderless=True, rules=OURS) is TaskState.MISSING_RESPONSIBLE_NODE
    assert task_state(TASK, None, "B", leaderless=True, rules=OLD) is TaskState.CLUSTER_DOWN


def test_an_assigned_task_needs_no_leader_and_a_computed_one_its_last_run() -> None:
    """Rules 7.6, 7.9, 10.2, 10.3."""
    shop = Database("Shop", 1, THREE, 1, {7: TASK}, assignments={7: stored("C")})
    for leaderless in (True, False):
        assert state_of(shop, TASK, LAST_A, "C", leaderless=leaderless, rules=OURS) == (
            TaskState.ACTIVE_BY_CURRENT_NODE,
            "C",
        )
    assert state_of(shop, TASK, LAST_A, "C", leaderless=True, rules=OLD) == (TaskState.ACTIVE_BY_OTHER_NODE, "A")
    assert state_of(shop, TASK, None, "C", leaderless=True, rules=OLD) == (TaskState.CLUSTER_DOWN, None)
    unassigned = attrs.evolve(shop, assignments={})
    assert (
        state_of(unassigned, TASK, LAST_A, "C", leaderless=False, rules=OURS)[0] is TaskState.MISSING_RESPONSIBLE_NODE
    )
