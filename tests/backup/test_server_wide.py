"""Server-wide tasks: one template, a copy in every database that is not left out (ravendb.md section 16)."""

from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.destinations.local import LocalFolder
from backup.node.service import WORDS
from backup.notes import ServerWideDefined, ServerWideRemoved, TaskDefined, TaskRemoved
from backup.record.commands import Command, apply
from backup.record.database_commands import CreateDatabase, RemoveDatabase
from backup.record.encryption_keys import Encryption, EncryptionMode, Key
from backup.record.record import Record, Status, Template
from backup.record.record_changes import tell
from backup.record.rules import rules_named
from backup.record.server_wide import DefineServerWide, RemoveServerWide, ToggleServerWide
from backup.record.task import Kind, Task
from backup.record.task_commands import DefineTask, RemoveTask, ReportStatuses, ToggleTask
from backup.requests.backup_requests import ShowServerWide
from cluster.member import Refused
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.wire import Codec
from scenarios.backups import backups

NIGHTLY = Task(full="0 2 * * *", destinations=(LocalFolder("/all"),))


def after(commands: Iterable[Command], record: Record | None = None, index: int = 1) -> Record:
    """The record after these, one an entry."""
    found = record or Record()
    for number, command in enumerate(commands, index):
        found, _ = apply(found, command, number)
    return found


def copies(record: Record) -> dict[str, list[str]]:
    """By database, the names of its tasks."""
    return {each.name: [task.name for task in each.tasks.values()] for each in record.databases.values()}


def refused(record: Record, command: Command) -> str:
    with pytest.raises(Refused) as found:
        apply(record, command, 99)
    return str(found.value)


TWO = after([CreateDatabase("Shop", ("A",)), CreateDatabase("Bank", ("A",))])
SPREAD = after([DefineServerWide(Template(0, NIGHTLY), at=7)], TWO, 3)


def test_every_database_gets_a_copy_of_its_own() -> None:
    """Rules 16.1 to 16.3, 16.8: a name, a folder and an id each, and so an owner each."""
    template = SPREAD.templates[3]
    assert template.task.name == "Backup to Local"
    shop, bank = SPREAD.databases["shop"].tasks, SPREAD.databases["bank"].tasks
    assert [(task.id, task.name, task.server_wide, task.created_at) for task in (*shop.values(), *bank.values())] == [
        (4, "Server Wide Backup, Backup to Local", 3, 7),
        (5, "Server Wide Backup, Backup to Local", 3, 7),
    ]
    assert [task.destinations for task in (*shop.values(), *bank.values())] == [
        (LocalFolder("/all/Shop"),),
        (LocalFolder("/all/Bank"),),
    ]


def test_ids_stay_unique_when_one_entry_makes_many() -> None:
    """Rule 1.6 as far as it can hold: the log catches up with the ids that a spread took ahead of it."""
    record = after([DefineTask("Shop", NIGHTLY), DefineTask("Bank", NIGHTLY)], SPREAD, 4)
    ids = [task for each in record.databases.values() for task in each.tasks]
    assert sorted(ids) == [4, 5, 6, 7]
    assert 20 in after([DefineTask("Shop", NIGHTLY)], record, 20).databases["shop"].tasks


def test_a_later_database_gets_one_too_and_one_left_out_does_not() -> None:
    """Rules 16.3, 16.7: in any case; taken off the list it gets one after all."""
    left_out = Template(3, NIGHTLY, ("BANK", "Later"), edited=3)
    record = after([DefineServerWide(left_out, at=9), CreateDatabase("later", ("A",))], SPREAD, 8)
    assert copies(record) == {"Shop": ["Server Wide Backup, Backup to Local"], "Bank": [], "later": []}
    again = after([DefineServerWide(attrs.evolve(left_out, excluded=(), edited=8), at=9)], record, 10)
    assert all(len(names) == 1 for names in copies(again).values())


def test_a_copy_keeps_its_id_whatever_the_template_becomes() -> None:
    """Rule 16.6."""
    renamed = attrs.evolve(NIGHTLY, name="All", full="0 3 * * *", kind=Kind.SNAPSHOT)
    ran = after([ReportStatuses("Shop", (Status(4, Kind.BACKUP, "A", last_full_internal=1),), True)], SPREAD, 8)
    record = after([DefineServerWide(Template(3, renamed, edited=3), at=9)], ran, 9)
    task = record.databases["shop"].tasks[4]
    assert (task.name, task.full, task.created_at, task.renewed) == ("Server Wide Backup, All", "0 3 * * *", 7, 9)
    assert record.databases["shop"].statuses == {}, "rule 6.7: another kind starts anew"
    off = after([ToggleServerWide(3, True, at=9)], record, 10)
    assert off.databases["bank"].tasks[5].disabled
    assert not after([ToggleServerWide(3, False, at=9)], off, 11).databases["bank"].tasks[5].disabled


def test_removing_the_template_removes_the_copies_and_nothing_else() -> None:
    """Rule 16.6."""
    mixed = after([DefineTask("Shop", NIGHTLY)], SPREAD, 8)
    assert copies(after([RemoveServerWide(3, at=9)], mixed, 9)) == {"Shop": ["Backup to Local"], "Bank": []}
    assert after([RemoveDatabase("Shop")], SPREAD, 9).templates == SPREAD.templates


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (DefineTask("Shop", attrs.evolve(NIGHTLY, id=4, name="mine")), "update"),
        (RemoveTask("Shop", 4), "delete"),
        (ToggleTask("Shop", 4, True), "disable"),
        (ToggleTask("Shop", 4, False), "enable"),
    ],
)
def test_a_copy_is_not_to_be_changed_in_its_database(command: Command, verb: str) -> None:
    """Rule 16.5."""
    why = refused(SPREAD, command)
    assert f"Can't {verb} task" in why
    assert "because it is a server-wide backup task" in why


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (DefineServerWide(Template(0, NIGHTLY, ("Shop", " "))), "has no name: take it off the list"),
        (DefineServerWide(Template(8, NIGHTLY)), "there is none of that id"),
        (
            DefineServerWide(Template(0, attrs.evolve(NIGHTLY, name="backup TO local"))),
            "already a task 'backup TO local'",
        ),
        (DefineServerWide(Template(0, attrs.evolve(NIGHTLY, full=""))), "couldn't parse the cron"),
        (RemoveServerWide(8), "there is no server-wide task 8"),
        (ToggleServerWide(8, True), "there is no server-wide task 8"),
    ],
)
def test_what_cannot_be_is_refused(command: Command, words: str) -> None:
    assert words in refused(SPREAD, command)


def test_an_edit_of_an_outdated_view_is_refused() -> None:
    """Rules 16.6, 26.9: with or without a new name, and after a switch; nothing is taken back."""
    first = after([DefineServerWide(Template(3, NIGHTLY, ("Bank",), edited=3), at=9)], SPREAD, 8)
    renamed = attrs.evolve(NIGHTLY, name="All")
    for task in (NIGHTLY, renamed):
        why = refused(first, DefineServerWide(Template(3, task, edited=3), at=9))
        assert (
            "was changed at entry 8, and this edit was worked out from what it was at entry 3: look at it again" in why
        )
    off = after([ToggleServerWide(3, True, at=9)], first, 9)
    assert "was changed at entry 9" in refused(off, DefineServerWide(Template(3, renamed, edited=8), at=9))
    assert after([DefineServerWide(Template(3, renamed, edited=9), at=9)], off, 10).templates[3].edited == 10


def test_names_are_made_unique_by_one_number() -> None:
    """Rules 16.2, 22.13, 24.2."""
    record = after([DefineServerWide(Template(0, NIGHTLY))] * 2, SPREAD, 8)
    assert [each.task.name for each in record.templates.values()] == [
        "Backup to Local",
        "Backup to Local #2",
        "Backup to Local #3",
    ]


def test_a_copy_has_the_key_of_its_database_and_a_plain_snapshot_none() -> None:
    """Rule 16.4."""
    provided = Encryption(EncryptionMode.USE_PROVIDED_KEY, Key(bytes(32)))
    snapshot = attrs.evolve(NIGHTLY, kind=Kind.SNAPSHOT, encryption=provided)
    secret = CreateDatabase("Secret", ("A",), key=Key(bytes(32)))
    record = after([secret, DefineServerWide(Template(0, snapshot))], TWO, 5)
    found = {name: next(iter(each.tasks.values())).encryption for name, each in record.databases.items()}
    assert found == {"shop": None, "bank": None, "secret": Encryption(EncryptionMode.USE_DATABASE_KEY)}


def test_what_is_agreed_is_told_copy_by_copy() -> None:
    """Each is a task like any other to whoever listens."""
    rules = rules_named("unkindness")

    def told(before: Record, command: Command, index: int) -> list[str]:
        record, answer = apply(before, command, index)
        return [note.text() for note in tell(before, record, command, answer, index, rules)]

    new = DefineServerWide(Template(0, NIGHTLY, ("Bank",)))
    assert told(TWO, new, 3) == [
        "records: server-wide task 3, 'Backup to Local', is defined, for all but Bank",
        "records: task 4 of Shop, 'Server Wide Backup, Backup to Local', is defined",
    ]
    assert told(SPREAD, ToggleServerWide(3, True), 8)[0].endswith("is disabled")
    assert told(SPREAD, RemoveServerWide(3), 8) == [
        "records: server-wide task 3 is gone",
        "records: task 4 of Shop is gone",
        "records: task 5 of Bank is gone",
    ]
    kinds = [type(note) for note in tell(TWO, SPREAD, new, 3, 3, rules)]
    assert kinds == [ServerWideDefined, TaskDefined, TaskDefined]
    assert ServerWideRemoved(9, 3).text() != TaskRemoved(9, "Shop", 3).text()


def test_it_travels() -> None:
    codec = Codec(WORDS)
    command = DefineServerWide(Template(0, NIGHTLY, ("Bank",)), at=5)
    assert codec.decode(codec.encode(command)) == command


NAMES = ("Shop", "Bank", "Depot")
STEPS = st.one_of(
    st.builds(CreateDatabase, st.sampled_from(NAMES), st.just(("A",))),
    st.builds(RemoveDatabase, st.sampled_from(NAMES)),
    st.builds(DefineTask, st.sampled_from(NAMES), st.just(NIGHTLY)),
    st.builds(
        lambda task, left_out: DefineServerWide(Template(task, NIGHTLY, tuple(left_out))),
        st.integers(0, 6),
        st.sets(st.sampled_from(NAMES)).map(sorted),
    ),
    st.builds(RemoveServerWide, st.integers(1, 6)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_any_history_leaves_exactly_the_copies_that_are_asked_for(history: list[Any]) -> None:
    """Against the dumb reading: each database times each template that does not leave it out; ids are never shared."""
    record = Record()
    for index, command in enumerate(history, 1):
        try:
            record, _ = apply(record, command, index)
        except Refused:
            continue
        found = [
            (each.name, task.server_wide)
            for each in record.databases.values()
            for task in each.tasks.values()
            if task.server_wide
        ]
        wanted = {
            (each.name, template.id)
            for each in record.databases.values()
            for template in record.templates.values()
            if each.name not in template.excluded
        }
        assert sorted(found) == sorted(wanted)
        ids = [task for each in record.databases.values() for task in each.tasks]
        assert len(ids) == len(set(ids))


def test_a_client_sees_where_the_copies_are() -> None:
    """Through a cluster: each copy has an owner of its own."""
    seen: list[Any] = []

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        for name in NAMES:
            await client.create_database(name, 3)
        everything = await client.define_server_wide(full="0 2 * * *")
        for copy in everything.copies():
            await copy.assigned()
        await world.settled()
        await everything.disable()
        await everything.enable()
        await world.settled()
        seen.extend(await world.ask("C", ShowServerWide()))

    run(story)
    assert [(view.name, view.enabled, len(view.copies)) for view in seen] == [("Backup to Local", True, 3)]
    assert all(owner for _, _, owner in seen[0].copies)
