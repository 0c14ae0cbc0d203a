"""Encryption and restore end to end: keys, instants, refusals, crashes in the middle (sections 13 and 17)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
import trio

from backup.content.encryption import NoKey, WrongKey
from backup.content.manifest import DamagedBackup
from backup.destinations.faults import Refusing
from backup.destinations.local import LocalFolder
from backup.destinations.port import DestinationError, write
from backup.notes import (
    BackupFailed,
    BackupFinished,
    BackupStarted,
    DatabaseCreated,
    DatabaseOpened,
    DatabaseRemoved,
    DatabaseRestored,
    RestoreAbandoned,
    TaskNotRestored,
)
from backup.record.encryption_keys import Encryption, EncryptionMode, KeyRefused
from backup.record.record import Task
from backup.record.task import Kind
from backup.record.task_commands import DefineTask
from backup.record.task_json import LeftOut, task_json, tasks_of
from backup.requests.document_requests import GetDocument, PutDocuments
from backup.restore.chain_reader import BrokenChain, NothingToRestore
from cluster.member import OutcomeUnknown, Refused
from cluster.sim.run import Outcome, play
from cluster.sim.world import World
from cluster.steps import FullDisk
from cluster.time_units import days, hours, minutes
from cluster.trace import Note
from cluster.written_times import Instant
from scenarios.backups import Client, backups

N = TypeVar("N", bound=Note)
NO_KEY = Encryption(EncryptionMode.NONE)


def told(
    story: Callable[[World, Client], Awaitable[None]], folder: Path | None = None, rules: str = "unkindness"
) -> Outcome:
    """Play it on three nodes, every promise watched."""

    async def whole(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        await story(world, client)

    places = {"backups": str(folder)} if folder is not None else {}
    outcome = play(whole, 1, places=places, options={"rules": rules})
    if outcome.failure is not None:
        raise outcome.failure
    return outcome


def notes(outcome: Outcome, kind: type[N]) -> list[N]:
    """Those of a kind, agreed ones once."""
    return list(dict.fromkeys(event.note for event in outcome.history.of(kind)))


# ---- keys


@pytest.mark.parametrize("mode", [None, EncryptionMode.USE_DATABASE_KEY, EncryptionMode.USE_PROVIDED_KEY])
def test_an_encrypted_chain_restores_with_its_key_and_with_no_other(
    mode: EncryptionMode | None, tmp_path: Path
) -> None:
    """13.2, 13.5: into an encrypted database or a plain one, whatever the source was."""

    async def story(world: World, client: Client) -> None:
        key, provided = client.key("shop"), client.key("files")
        encryption = Encryption(mode, provided if mode is EncryptionMode.USE_PROVIDED_KEY else None) if mode else None
        shop = await client.create_database("Shop", members="ABC", key=key)
        await shop.fill(50)
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="C", encryption=encryption)
        await task.ran()
        await shop.put({"orders/new": {"n": 1}})
        run = await task.ran()
        assert not run.full
        assert all("ravendb-encrypted-" in file for file in task.files(run.node))
        assert (await task.restore_newest("Copy")).compared()

        fits = provided if mode is EncryptionMode.USE_PROVIDED_KEY else key
        where: dict[str, Any] = {"node": run.node, "folder": run.folder}
        plain = Encryption(EncryptionMode.USE_PROVIDED_KEY, fits)
        await client.restore("Plain", encryption=plain, **where)
        await client.restore("Other", encryption=plain, key=client.key("another"), **where)
        record = world[run.node].state
        assert record.database("Plain").key is None
        assert record.database("Other").key == client.key("another")
        with world.expecting(NoKey):
            await client.restore("None", **where)
        with world.expecting(WrongKey):
            await client.restore(
                "Wrong", encryption=Encryption(EncryptionMode.USE_PROVIDED_KEY, client.key("x")), **where
            )
        with world.expecting(KeyRefused):
            await client.restore("None", encryption=Encryption(EncryptionMode.USE_DATABASE_KEY), **where)
        assert record is world[run.node].state, "what is refused leaves nothing behind"

    told(story, tmp_path)


def test_explicit_none_of_an_encrypted_database_is_plain(tmp_path: Path) -> None:
    """13.2."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C", key=client.key("shop"))
        await shop.fill(5)
        task = await shop.define(full="0 * * * *", encryption=NO_KEY)
        run = await task.ran()
        assert run.file.endswith(".ravendb-full-backup")
        await client.restore("Copy", run.node, folder=run.folder)

    told(story, tmp_path)


def test_the_database_key_of_a_plain_database_fails_the_run() -> None:
    """13.3: not when it is defined."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C")
        task = await shop.define(full="0 * * * *", encryption=Encryption(EncryptionMode.USE_DATABASE_KEY))
        assert (await task.ran()).outcome == "failed"

    (failed,) = notes(told(story), BackupFailed)
    assert "the key doesn't exist" in failed.error


def test_another_key_begins_another_chain(tmp_path: Path) -> None:
    """One key opens one chain: an edited task does not go on with files under the key before."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C")
        await shop.fill(5)
        first, second = (Encryption(EncryptionMode.USE_PROVIDED_KEY, client.key(name)) for name in "12")
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", encryption=first)
        for encryption in (first, second, NO_KEY, NO_KEY):
            await shop.put({f"orders/{world.now}": {}})
            await task.ran()
            definition = world["C"].state.database("Shop").tasks[task.id]
            await world.ask("C", DefineTask("Shop", attrs.evolve(definition, encryption=encryption)))
        await shop.put({"orders/last": {}})
        await task.ran()

    outcome = told(story, tmp_path)
    assert [note.full for note in notes(outcome, BackupStarted)] == [True, False, True, True, False]


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    """The luck of an encrypted file is the node's, by name; two files never have the same."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C", key=client.key("shop"))
        await shop.fill(5)
        task = await shop.define(full="0 * * * *")
        await task.ran()
        world.restart("C")
        await world.elected()
        await task.ran()

    told(story, tmp_path / "1")
    told(story, tmp_path / "2")
    first, second = (
        [path.read_bytes() for path in sorted((tmp_path / name).rglob("*full-backup"))] for name in ("1", "2")
    )
    assert first == second
    assert len({content[:24] for content in first}) == 2


# ---- instants and files


async def three_hours(world: World, client: Client) -> tuple[str, str, list[str]]:
    """Documents 1, 2 and 3 are written at half past, each backed up on the hour: node, folder, files."""
    shop = await client.create_database("Shop", members="C")
    task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    files = []
    for hour in (1, 2, 3):
        await trio.sleep(hours(hour) - 1_800 - world.now)
        await shop.put({f"orders/{hour}": {"hour": hour}})
        run = await task.ran()
        files.append(run.file)
    return run.node, run.folder, files


@pytest.mark.parametrize(
    ("at", "documents"),
    [
        ("01:01", 1),
        (hours(3) - 0.000_001, 2),
        ("2024-01-01T04:00:00.001+01:00", 3),
        (datetime(2024, 1, 4, 18, tzinfo=UTC), 3),
    ],
)
def test_a_restore_to_an_instant(at: Instant, documents: int) -> None:
    """The newest backup that had started then."""

    async def story(world: World, client: Client) -> None:
        node, _, _ = await three_hours(world, client)
        result = await client.restore("Then", node, at=at)
        assert result.documents == documents
        with world.expecting(NothingToRestore):
            await client.restore("Before", node, at=minutes(59))
        with world.expecting(NothingToRestore):
            await client.restore("Other", node, at=at, database="Other")

    told(story)


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_last_file_that_is_not_there(rules: str) -> None:
    """17.3, 22.7: RavenDB restores everything; we say which files there are."""

    async def story(world: World, client: Client) -> None:
        node, folder, files = await three_hours(world, client)
        assert (await client.restore("Two", node, folder=folder, last_file=files[1].upper())).documents == 2
        wanted = files[1].replace("02-00", "02-01")
        if rules == "unkindness":
            with world.expecting(NothingToRestore):
                await client.restore("Never", node, folder=folder, last_file=wanted)
        else:
            assert (await client.restore("All", node, folder=folder, last_file=wanted)).documents == 3

    told(story, rules=rules)


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_chain_without_its_full(rules: str) -> None:
    """17.4, 22.20: RavenDB restores what is left and calls it done; we refuse, and leave nothing."""

    async def story(world: World, client: Client) -> None:
        node, folder, files = await three_hours(world, client)
        place = client.destinations.place(node, "backups")
        full = b"".join(place.read(f"{folder}/{files[0]}"))
        place.delete(f"{folder}/{files[0]}")  # and put back in the end, for the watcher of restores
        if rules == "unkindness":
            with world.expecting(BrokenChain):
                await client.restore("Never", node, folder=folder)
            assert world[node].state.database("Never") is None
        else:
            assert (await client.restore("Part", node, folder=folder)).documents == 2
        write(place, f"{folder}/{files[0]}", [full])

    told(story, rules=rules)


# ---- refusals and faults


def test_what_is_refused_before_anything_is_read() -> None:
    """17.6: a name that is taken, in any case; a name that is none; a place that refuses."""

    async def story(world: World, client: Client) -> None:
        node, folder, _ = await three_hours(world, client)
        for name in ("Shop", "SHOP", "", "a/b"):
            with world.expecting(Refused):
                await client.restore(name, node, folder=folder)
        world.disturb(node, Refusing("backups"))
        with world.expecting(DestinationError):
            await client.restore("Copy", node, folder=folder)
        with world.expecting(NothingToRestore):
            await client.restore("Copy", node, path="elsewhere", folder=folder)

    assert [note.database for note in notes(told(story), DatabaseCreated)] == ["Shop"]


@asynccontextmanager
async def half_restored(world: World, client: Client) -> AsyncIterator[tuple[str, str]]:
    """A node, slow from now on, that restores a folder as Copy, which is made and not filled; it must not succeed."""
    node, folder, _ = await three_hours(world, client)
    world.slow_disk(node, 1_000.0)

    async def ask() -> None:
        with world.expecting(Exception):
            await client.restore("Copy", node, folder=folder)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await world.seen(DatabaseCreated, database="Copy", node=node)
        yield node, folder


def test_a_node_that_dies_in_the_middle_of_a_restore() -> None:
    """17.8: nobody ever sees the half of it; when the node is back, what it had made is taken back."""

    async def story(world: World, client: Client) -> None:
        async with half_restored(world, client) as (node, folder):
            for request in (GetDocument("Copy", "orders/1"), PutDocuments("Copy", (("a", "b", "{}"),))):
                with pytest.raises(Refused, match="'Copy' is being restored: ask again when it is open"):
                    await world.ask(node, request)
            world.crash(node)
        await trio.sleep(minutes(1))
        other = next(name for name in "ABC" if world[name].up)
        assert world[other].state.database("Copy").restoring.node == node
        world.slow_disk(node, 1.0)
        world.restart(node)
        await world.seen(RestoreAbandoned, node=node)
        await world.settled()
        assert world[other].state.database("Copy") is None
        assert (await client.restore("Copy", node, folder=folder)).documents == 3
        world.restart(node)
        await trio.sleep(30)
        assert world[node].state.database("Copy") is not None, "what is open stays"

    outcome = told(story)
    assert [note.why for note in notes(outcome, RestoreAbandoned)] == ["the node went down meanwhile"]
    assert len(notes(outcome, DatabaseOpened)) == len(notes(outcome, DatabaseRestored)) == 1


def test_a_node_that_is_removed_in_the_middle_of_a_restore() -> None:
    """17.8, 26.1: it cannot take back what it had made; the entry that removes it does, and the name is free."""

    async def story(world: World, client: Client) -> None:
        async with half_restored(world, client) as (node, _):
            world.crash(node)
        world.remove(node)
        await world.left(node)
        await trio.sleep(minutes(1))
        other = next(name for name in "ABC" if name != node)
        assert world[other].state.database("Copy") is None
        await client.create_database("Copy", 1)

    assert "Copy" in [note.database for note in notes(told(story), DatabaseRemoved)]


def test_no_room_for_the_restored(tmp_path: Path) -> None:
    """17.6, 17.8: the new database is taken back, whether its node lived on or not."""

    async def story(world: World, client: Client) -> None:
        node, folder, _ = await three_hours(world, client)
        world.when(DatabaseCreated, FullDisk(node))
        with world.expecting(OSError, OutcomeUnknown):  # a node that cannot write its log stops as well
            await client.restore("Copy", node, folder=folder)
        world.full_disk(node, False)
        world.restart(node)
        await trio.sleep(30)

    outcome = told(story, tmp_path)
    assert notes(outcome, DatabaseOpened) == []
    assert [note.database for note in notes(outcome, DatabaseRemoved)] == ["Copy"]


def test_a_damaged_file_restores_nothing(tmp_path: Path) -> None:
    """An encrypted one is told apart from one under another key."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C", key=client.key("shop"))
        await shop.fill(30)
        task = await shop.define(full="0 * * * *")
        run = await task.ran()
        await task.reported()
        place, name = client.destinations.place(run.node, "backups"), f"{run.folder}/{run.file}"
        content = b"".join(place.read(name))
        place.delete(name)
        write(place, name, [content[:-1]])
        with world.expecting(DamagedBackup):
            await task.restore_newest("Copy")
        place.delete(name)
        write(place, name, [content])
        assert (await task.restore_newest("Copy")).compared()

    assert len(notes(told(story, tmp_path), BackupFinished)) == 1


# ---- tasks


@pytest.mark.parametrize("run", [True, False])
def test_the_tasks_of_the_last_file_come_back(run: bool) -> None:
    """17.5, 17.9: as they were, or all disabled; those whose secrets no file holds are named."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C")
        await shop.fill(5)
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", name="hourly", keep=days(2))
        rests = await shop.define(full="0 0 1 * *", name="resting")
        await rests.disable()
        sealed = Encryption(EncryptionMode.USE_PROVIDED_KEY, client.key("x"))
        await shop.define(full="0 0 1 * *", name="sealed", encryption=sealed)
        last = await task.ran()
        await client.restore("Copy", "C", folder=last.folder, tasks=run)
        await world.settled()
        known = world["C"].state.database("Shop").tasks
        copied = {each.name: each for each in world["C"].state.database("Copy").tasks.values()}
        assert sorted(copied) == ["hourly", "resting"]
        for name, each in copied.items():
            before = next(old for old in known.values() if old.name == name)
            kept = {"id": before.id, "created_at": before.created_at, "renewed": before.renewed}
            assert attrs.evolve(each, disabled=before.disabled, **kept) == before
            assert each.disabled == (before.disabled or not run)
        await trio.sleep(hours(1.5))

    outcome = told(story)
    assert [(note.name, note.why) for note in notes(outcome, TaskNotRestored)] == [
        ("sealed", "no file holds its key: define it again")
    ]
    assert any(note.database == "Copy" for note in notes(outcome, BackupStarted)) == run


@pytest.mark.parametrize("kind", Kind)
def test_indexes_may_be_left_out(kind: Kind) -> None:
    """17.1, `SkipIndexes`: neither definition nor data comes back, of a logical backup or a snapshot; all else does."""

    async def story(world: World, client: Client) -> None:
        shop = await client.create_database("Shop", members="C")
        await shop.fill(5)
        await shop.define_index("ByCompany", "Orders", ["company"])
        await shop.indexed("ByCompany", "C")
        task = await shop.define(full="0 * * * *", kind=kind)
        last = await task.ran()
        for name, skip in (("Whole", False), ("Bare", True)):
            result = await client.restore(name, "C", folder=last.folder, skip_indexes=skip)
            assert result.documents == 5
        record = world["C"].state
        assert list(record.database("Whole").values.indexes) == ["bycompany"]
        assert not record.database("Bare").values.indexes

    told(story)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"S3Settings": {"BucketName": "b", "Disabled": False}}, "no file holds the secrets of its S3Settings"),
        ({"BackupType": "Other"}, "its definition makes no sense here"),
        ({"LocalSettings": 7}, "its definition makes no sense here"),
        ({"Name": "Server Wide Backup, x"}, None),
    ],
)
def test_tasks_that_do_not_come_back(change: dict[str, object], why: str | None) -> None:
    """Each with its reason; those of the whole server are not the file's to bring."""
    fields = task_json(Task(full="0 0 * * *", destinations=(LocalFolder("/b"),), name="one"))
    assert [each.name for each in tasks_of({"PeriodicBackups": [fields]})] == ["one"]
    found = list(tasks_of({"PeriodicBackups": [{**fields, **change}]}))
    if why is None:
        assert found == []
    else:
        (left_out,) = found
        assert isinstance(left_out, LeftOut)
        assert why in left_out.why
    assert list(tasks_of({})) == list(tasks_of({"PeriodicBackups": 3})) == []
