"""What members agree on: small facts of its values, and the history that is shared without being copied."""

from hypothesis import given
from hypothesis import strategies as st

from backup.destinations.local import LocalFolder
from backup.record.record import Database, Kind, PromotionStatus, Record, RecordedRuns, Run, Status, Task, Topology


def run(task_id: int, started_at: int, node: str = "A") -> Run:
    return Run(task_id, node, True, started_at, 1, None, None, None, 0)


def test_all_nodes_are_members_then_promotables_then_rehabs() -> None:
    """Rule 1.3."""
    assert Topology(("C", "A"), ("D",), ("B",)).nodes == ("C", "A", "D", "B")


def test_a_node_is_short_of_resources_only_in_rehab_and_for_want_of_them() -> None:
    """Rules 5.6, 7.8.6."""
    marks = (("B", PromotionStatus.EARLY_OUT_OF_MEMORY), ("C", PromotionStatus.NOT_RESPONDING))
    topology = Topology(("A",), rehabs=("B", "C"), demotions=marks)
    assert [topology.is_short_of_resources(node) for node in "ABC"] == [False, True, False]
    assert not Topology(("A", "B"), demotions=marks).is_short_of_resources("B")


def test_a_task_runs_only_if_enabled_and_with_a_usable_destination() -> None:
    """Rules 6.4, 7.9."""
    folder = LocalFolder("/backups")
    assert Task(destinations=(folder,)).runnable
    assert not Task(destinations=(folder,), disabled=True).runnable
    assert not Task().runnable
    assert not Task(destinations=(LocalFolder(""),)).runnable


def test_a_status_speaks_of_the_run_that_its_kind_of_run_names() -> None:
    """Rule 9.10: the internal time that matches."""
    status = Status(1, Kind.BACKUP, "A", True, last_full_internal=50, last_incremental_internal=40, duration=7)
    assert (status.started_at, status.ended_at) == (50, 57)
    assert Status(1, Kind.BACKUP, "A", False, last_incremental_internal=40).started_at == 40
    assert Status(1, Kind.BACKUP, "").started_at == 0


def test_databases_are_found_in_any_case_and_share_what_did_not_change() -> None:
    """Rule 4.1; a change of one database leaves the others the same objects."""
    one, two = Database("Shop", 1, Topology(("A",)), 1), Database("Bank", 2, Topology(("B",)), 2)
    record = Record().with_database(one).with_database(two)
    assert record.database("sHOP") is one
    assert record.without_database(record.databases["shop"]).databases == {"bank": two}
    assert Record().database("Shop") is None


def test_a_run_reported_twice_stands_once_in_the_history() -> None:
    """Rule 24.6."""
    once = RecordedRuns().with_run(run(1, 10))
    assert once.with_run(run(1, 10)) is once
    assert len(once.with_run(run(1, 10, "B")).with_run(run(1, 11))) == 3


def test_old_views_of_a_history_stay_valid_and_futures_part() -> None:
    before = RecordedRuns().with_run(run(1, 10))
    one, other = before.with_run(run(1, 20)), before.with_run(run(1, 30))
    assert [found.started_at for found in before] == [10]
    assert [found.started_at for found in one] == [10, 20]
    assert [found.started_at for found in other] == [10, 30]
    assert run(1, 30).key not in one
    assert run(1, 20).key not in before
    assert one[-1] == run(1, 20)


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 9)), max_size=30))
def test_any_tree_of_histories_equals_plain_tuples(growth: list[tuple[int, int]]) -> None:
    """Each step grows some earlier history; beside it a tuple is grown the dumb way."""
    histories: list[RecordedRuns] = [RecordedRuns()]
    tuples: list[tuple[Run, ...]] = [()]
    for start, parent in growth:
        parent %= len(histories)
        added = run(1, start)
        histories.append(histories[parent].with_run(added))
        tuples.append(tuples[parent] if added in tuples[parent] else (*tuples[parent], added))
    assert [tuple(history) for history in histories] == tuples
    for history, plain in zip(histories, tuples, strict=True):
        assert len(history) == len(plain)
        for other, other_plain in zip(histories, tuples, strict=True):
            assert (history == other) == (plain == other_plain)
