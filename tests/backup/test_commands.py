"""Commands and `apply`: what each does, what is refused and in which words (ravendb.md sections 4, 5.13, 6)."""

from typing import Any

import attrs
import pytest

from backup.destinations.local import LocalFolder
from backup.record.cluster_nodes import reconfigured
from backup.record.commands import WORDS, Command, apply
from backup.record.database_commands import ChangeTopology, CreateDatabase, RemoveDatabase
from backup.record.external_replication import DefineReplication
from backup.record.record import (
    Assignment,
    Kind,
    Reason,
    Record,
    Replication,
    Restoring,
    Stamp,
    Status,
    Task,
    Topology,
)
from backup.record.task_commands import Assign, Assigned, DefineTask, RemoveTask, ReportStatuses, ToggleTask
from cluster.member import Refused

HOURLY = Task(full="0 0 * * *", incremental="0 * * * *", destinations=(LocalFolder("/backups"),))


def after(*commands: Command, start: Record | None = None, index: int = 1) -> Record:
    """The record after these commands, the first at that index."""
    record = start or Record()
    for place, command in enumerate(commands, index):
        record, _ = apply(record, command, place)
    return record


SHOP = after(CreateDatabase("Shop", ("A", "B", "C"), at=5, term=2))
DEFINED = after(DefineTask("Shop", HOURLY, at=9), start=SHOP, index=7)


def refused(record: Record, command: Command, words: str) -> None:
    with pytest.raises(Refused, match=words):
        apply(record, command, 99)


def status(start: int, node: str = "A", task_id: int = 7) -> Status:
    return Status(task_id, Kind.BACKUP, node, last_full=start, last_full_internal=start, last_etag=1, duration=2)


# ---- databases ----


def test_a_new_database_has_its_index_as_id_and_its_members_in_order() -> None:
    """Rule 1.3; replication factor: as many as there are members."""
    record, answer = apply(Record(), CreateDatabase("Shop", ("B", "A"), at=5, term=2), 4)
    shop = record.database("shop")
    assert answer == 4
    assert shop is not None
    assert (shop.id, shop.changed, shop.topology) == (
        4,
        4,
        Topology(("B", "A"), replication_factor=2, stamp=Stamp(4, 2, 5)),
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (CreateDatabase("SHOP", ("A",)), "exists already"),
        (CreateDatabase(" ", ("A",)), "cannot be a part of a file name"),
        (CreateDatabase("a/b", ("A",)), "cannot be a part of a file name"),
        (CreateDatabase("Bank", ()), "needs members, each once, not none"),
        (CreateDatabase("Bank", ("A", "A")), "needs members, each once, not A A"),
        (CreateDatabase("Bank", ("A",), replication_factor=-1), "replication factor"),
        (RemoveDatabase("Bank"), "no database 'Bank'"),
        (DefineTask("Bank", HOURLY), "no database 'Bank'"),
        (RemoveTask("Shop", 3), "has no task 3"),
        (ToggleTask("Shop", 3, True), "has no task 3"),
        (DefineTask("Shop", attrs.evolve(HOURLY, id=3)), "has no task 3"),
    ],
)
def test_what_cannot_be_is_refused(command: Command, words: str) -> None:
    refused(SHOP, command, words)


def test_a_deleted_database_is_gone_with_all_it_had() -> None:
    assert after(RemoveDatabase("shop"), start=DEFINED) == Record()


def test_a_topology_worked_out_from_an_older_record_is_refused() -> None:
    """Rule 5.13; the definition at entry 7 changed the record."""
    rotated = Topology(("B", "C", "A"))
    refused(DEFINED, ChangeTopology("Shop", rotated, 1, 50, 3, ""), "as of entry 1, but entry 7 has changed it")
    shop = after(ChangeTopology("Shop", rotated, 7, 50, 3, ""), start=DEFINED, index=8).databases["shop"]
    assert shop.topology == attrs.evolve(rotated, stamp=Stamp(8, 3, 50))
    assert shop.changed == 8


# ---- tasks ----


def test_a_new_task_gets_its_id_time_and_name_from_its_log_entry() -> None:
    """Rules 1.6, 6.2, 6.6, 24.1."""
    record, answer = apply(SHOP, DefineTask("Shop", HOURLY, at=9), 7)
    assert answer == 7
    assert record.databases["shop"].tasks == {7: attrs.evolve(HOURLY, id=7, created_at=9, name="Backup to Local")}


def test_an_updated_task_keeps_id_time_and_status() -> None:
    """Rules 6.6, 6.7."""
    ran = after(ReportStatuses("Shop", (status(20),), True), start=DEFINED, index=8)
    changed = attrs.evolve(HOURLY, id=7, name="Nightly", incremental="", mentor="B")
    shop = after(DefineTask("Shop", changed, at=30), start=ran, index=9).databases["shop"]
    assert shop.tasks == {7: attrs.evolve(changed, created_at=9)}
    assert shop.statuses == {7: status(20)}


def test_changing_the_kind_deletes_the_status() -> None:
    """Rule 6.7."""
    ran = after(ReportStatuses("Shop", (status(20),), True), start=DEFINED, index=8)
    snapshot = attrs.evolve(HOURLY, id=7, kind=Kind.SNAPSHOT)
    assert after(DefineTask("Shop", snapshot, at=30), start=ran, index=9).databases["shop"].statuses == {}


def test_default_names_are_made_unique_by_one_number() -> None:
    """Rules 6.2, 24.2."""
    bare = Task(full="0 0 * * *")
    record = after(*(DefineTask("Shop", task) for task in (HOURLY, HOURLY, HOURLY, bare)), start=SHOP, index=2)
    names = [task.name for task in record.databases["shop"].tasks.values()]
    assert names == ["Backup to Local", "Backup to Local #2", "Backup to Local #3", "Backup w/o destinations"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "BACKUP to local"}, "Can't create task: there is already a task 'BACKUP to local'"),
        ({"name": "server wide BACKUP, x"}, "can't start with prefix"),
        ({"full": "", "incremental": ""}, "couldn't parse the cron expressions for both"),
        ({"full": "every day"}, "its full frequency: cron expression 'every day' has 2 fields"),
        ({"incremental": "0 0 15W * *"}, "its incremental frequency: .*weekday nearest"),
        ({"destinations": (LocalFolder(""),)}, "its Local destination has no path and no script"),
        ({"pinned": True}, "pinned but names no mentor"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    """Rules 6.3, 6.4."""
    refused(DEFINED, DefineTask("Shop", attrs.evolve(HOURLY, **change)), words)


def test_a_preferred_node_is_of_the_group() -> None:
    """1.8: of a task and of a replication; one that has left the group since stands in the way of no other change."""
    words = "it prefers node 'D', and 'Shop' is on A B C: name one of them, or add the node to the group first"
    refused(SHOP, DefineTask("Shop", attrs.evolve(HOURLY, mentor="D")), f"Can't create task '': {words}")
    refused(SHOP, DefineReplication("Shop", Replication("Mirror", mentor="D")), words)
    record = after(DefineTask("Shop", attrs.evolve(HOURLY, mentor="C")), start=SHOP, index=7)
    left = reconfigured(record, ("A", "B"), 8)
    again = left.existing("Shop").tasks[7]
    edited, _ = apply(left, DefineTask("Shop", attrs.evolve(again, full="0 1 * * *")), 9)
    assert edited.existing("Shop").tasks[7].mentor == "C"
    refused(left, DefineTask("Shop", attrs.evolve(again, mentor="D")), "Can't update task")
    half = left.with_database(attrs.evolve(left.existing("Shop"), restoring=Restoring("A", 1)))
    assert apply(half, DefineTask("Shop", attrs.evolve(HOURLY, name="as it was", mentor="D")), 9)[1] == 9, "17.5"


def test_a_task_may_keep_its_own_name_when_updated() -> None:
    """Rule 6.3: only other tasks' names are taken."""
    same = attrs.evolve(DEFINED.databases["shop"].tasks[7], full="0 1 * * *")
    assert after(DefineTask("Shop", same), start=DEFINED, index=8).databases["shop"].tasks == {7: same}


def test_a_task_is_disabled_and_enabled_and_removed_with_its_status() -> None:
    """Section 4."""
    off = after(ToggleTask("Shop", 7, True), start=DEFINED, index=8)
    assert off.databases["shop"].tasks[7].disabled
    assert not after(ToggleTask("Shop", 7, False), start=off, index=9).databases["shop"].tasks[7].disabled
    mine = Assigned("Shop", 7, Assignment("B", Reason.MENTOR_NODE, 1))
    busy = after(ReportStatuses("Shop", (status(20),), True), Assign((mine,)), start=off, index=9)
    shop = after(RemoveTask("Shop", 7), start=busy, index=11).databases["shop"]
    assert (shop.tasks, shop.statuses, shop.assignments) == ({}, {}, {})


# ---- reports ----


def test_a_late_report_of_an_earlier_run_overwrites_only_in_ravendb() -> None:
    """Rules 4.2, 24.6; the history keeps both either way."""
    for newest, kept in ((True, "B"), (False, "A")):
        reports = (
            ReportStatuses("Shop", (status(40, "B"),), newest),
            ReportStatuses("Shop", (status(20, "A"),), newest),
        )
        shop = after(*reports, start=DEFINED, index=8).databases["shop"]
        assert shop.statuses[7].node == kept
        assert [(run.node, run.started_at, run.reported) for run in shop.history] == [("B", 40, 8), ("A", 20, 9)]


def test_reports_answer_whose_status_they_became_and_change_no_more() -> None:
    """Section 4: statuses are not part of what rule 5.13 compares; a task that is gone is passed over."""
    record, answer = apply(DEFINED, ReportStatuses("SHOP", (status(20), status(30), status(9, task_id=3)), True), 8)
    shop = record.databases["shop"]
    assert answer == (7,)
    assert (shop.changed, shop.statuses, len(shop.history)) == (7, {7: status(30)}, 2)


def test_a_report_sent_twice_is_one_run() -> None:
    """Rule 24.6: the proposer may not know whether the first arrived."""
    report = ReportStatuses("Shop", (status(20),), True)
    assert len(after(report, report, start=DEFINED, index=8).databases["shop"].history) == 1


# ---- assignments ----


def test_one_command_assigns_in_all_databases_and_skips_removed_tasks() -> None:
    """Rule 4.3."""
    two = after(CreateDatabase("Bank", ("A",)), DefineTask("Bank", HOURLY), start=DEFINED, index=8)
    to_b = Assignment("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, 1)
    wanted = [("Shop", 7), ("Bank", 9), ("Bank", 7), ("Gone", 7)]
    record, answer = apply(two, Assign(tuple(Assigned(name, task, to_b) for name, task in wanted)), 10)
    assert answer == 2
    assert record.databases["shop"].assignments == {7: to_b}
    assert record.databases["bank"].assignments == {9: to_b}
    assert record.databases["bank"].changed == 9


def test_apply_never_touches_the_record_it_was_given() -> None:
    before = DEFINED.databases["shop"]
    after(ReportStatuses("Shop", (status(20),), True), RemoveTask("Shop", 7), start=DEFINED, index=8)
    assert DEFINED.databases["shop"] is before
    assert (before.statuses, len(before.history), list(before.tasks)) == ({}, 0, [7])


def test_every_class_that_travels_is_named_once() -> None:
    assert len(set(WORDS)) == len(WORDS)
