"""The whole: clients, a day of backups with a take-over, restores, and what each preset of the rules does."""

from pathlib import Path

import pytest
import trio

from backup.database.items import Document
from backup.destinations.local import LocalFolder
from backup.node.service import WORDS, Backups
from backup.notes import (
    BackupFinished,
    BackupSkipped,
    BackupStarted,
    DatabaseRestored,
    MoveAnnounced,
    MoveCalledOff,
    OwnerChanged,
    Reported,
)
from backup.record.database_commands import CreateDatabase, RemoveDatabase
from backup.record.record import Task
from backup.record.task_commands import DefineTask, RemoveTask
from backup.requests.document_requests import DeleteDocuments, GetDocument, PatchDocument, PutDocuments
from backup.requests.restore_requests import RestoreDatabase, RestoreResult
from backup.restore.chain_reader import NothingToRestore
from cluster.member import NoLeader, Refused
from cluster.sim.world import World
from cluster.steps import Crash, Impossible
from cluster.time_units import HOUR, MINUTE, SECOND, hours, minutes

from .shop import FOLDER, HOURLY, Told, open_shop, orders, owner, played

# ---- the day ----


def a_day(rules: str, folder: Path, seed: int = 1) -> Told:
    """Three nodes, 2,000 documents, hourly incrementals, a daily full; the owner is away from 3:30 to 6:30."""

    async def story(world: World) -> None:
        task = await open_shop(world, documents=2_000)
        await trio.sleep(hours(2.5))
        await world.ask("C", orders(1, 50, "changed"))
        await trio.sleep(hours(1))
        first = owner(world, task) if world["A"].application.rules.assigned else "B"
        world.crash(first)
        await trio.sleep(hours(1))
        up = next(name for name in world.names if name != first)
        await world.ask(up, DeleteDocuments("Shop", tuple(f"orders/{number}" for number in range(1, 11))))
        await trio.sleep(hours(2))
        world.restart(first)
        await trio.sleep(hours(18.5))

    return played(story, folder, rules=rules, seed=seed)


def test_a_day_with_a_crash_and_a_take_over(tmp_path: Path) -> None:
    """24.3, 24.8: a minute until the silence is noticed, half an hour until the task moves; then it runs at once."""
    told = a_day("unkindness", tmp_path)
    moves = told.all(OwnerChanged)
    assert [(move.owner_before, move.owner_after) for move in moves] == [("", "B"), ("B", "C")]
    marked, moved = told.events(MoveAnnounced)[0].t, told.events(OwnerChanged)[1].t
    assert abs(moved - marked - 30 * MINUTE) < SECOND
    taken_over = told.events(BackupStarted, "C")[0]
    assert 0 <= taken_over.t - moved < SECOND
    assert told.counts() == {"ok": 25, "late": 0, "missed": 0, "double": 0, "failed": 0, "cut off": 0}


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    """Wherever the files are, and however often it is played."""
    one, other = a_day("unkindness", tmp_path / "one", seed=7), a_day("unkindness", tmp_path / "other", seed=7)
    assert one.outcome.digest == other.outcome.digest


def test_a_day_under_ravendb_6_2(tmp_path: Path) -> None:
    """8.11: the new owner waits for the next occurrence, and the one in between is missed, as RavenDB lets it be."""
    told = a_day("ravendb-6.2", tmp_path)
    assert [event.t // MINUTE for event in told.events(BackupStarted, "C")][:1] == [5 * 60]
    assert told.counts()["missed"] == 1


def test_a_day_under_ravendb_4_2(tmp_path: Path) -> None:
    """7.5, 8.6: every node works the owner out; it changes with the group, at once, and the next run is full."""
    told = a_day("ravendb-4.2", tmp_path)
    assert told.all(OwnerChanged) == []
    first = told.events(BackupStarted, "C")[0]
    assert first.t // MINUTE == 4 * 60
    assert first.note.full


def test_an_owner_that_comes_back_in_time_keeps_its_task() -> None:
    """7.8: within the grace the mark is cleared, and nothing moves (23.2: no unplanned full)."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        await trio.sleep(hours(1.2))
        world.crash(owner(world, task))
        await trio.sleep(minutes(15))
        world.restart("B")
        await trio.sleep(hours(1))

    told = played(story)
    assert len(told.all(MoveAnnounced)) == len(told.all(MoveCalledOff)) == 1
    assert len(told.all(OwnerChanged)) == 1
    assert [note.full for note in told.all(BackupStarted)] == [True, False]


def test_without_a_leader_the_owner_goes_on_and_tells_later() -> None:
    """3.39, 10.3, 24.6: defined tasks run, new ones are refused; the reports come, in order, with the leader."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        await trio.sleep(hours(1.5))
        keeper = owner(world, task)
        others = [name for name in world.names if name != keeper]
        for other in others:
            world.crash(other)
        await trio.sleep(hours(3))
        assert world[keeper].leader is None
        await world.ask(keeper, orders(1, 3, "while nobody leads"))
        with world.expecting(NoLeader):
            await world.ask(keeper, DefineTask("Shop", HOURLY))
        await trio.sleep(hours(1))
        for other in others:
            world.restart(other)
        await world.seen(Reported, late=True)
        await trio.sleep(minutes(1))
        history = world[keeper].state.database("Shop").history
        assert [run.started_at // HOUR for run in history] == [1, 2, 3, 4, 5]

    told = played(story)
    late = [note.started_at // HOUR for note in told.all(Reported) if note.late]
    assert late == [2, 3, 4, 5]
    assert told.counts() == {"ok": 5, "late": 4, "missed": 0, "double": 0, "failed": 0, "cut off": 0}


# ---- clients ----


def test_documents_need_no_leader_but_a_node_of_the_group() -> None:
    """3.39, 19.1: put, patch, delete and read at any node of the group; each copy has it soon."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", members=("A", "B")))
        await trio.sleep(1)
        assert await world.ask("A", orders(1, 3)) == 3
        await trio.sleep(1)
        await world.ask("B", PatchDocument("Shop", "orders/2", '{"text": null, "new": 1}'))
        assert await world.ask("A", DeleteDocuments("Shop", ("ORDERS/3", "orders/9"))) == 1
        await trio.sleep(1)
        for node in "AB":
            found = await world.ask(node, GetDocument("shop", "Orders/2"))
            assert isinstance(found, Document)
            assert found.data == {"number": 2, "new": 1}
            assert await world.ask(node, GetDocument("Shop", "orders/3")) is None
        with pytest.raises(Refused, match="is not on node C: ask one of A B"):
            await world.ask("C", orders(1, 1))

    played(story)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (CreateDatabase("New", replication_factor=4), "cannot be on 4 nodes"),
        (CreateDatabase("New", members=("A", "Z")), "the cluster has A B C"),
        (PutDocuments("None", ()), "knows no database 'None'"),
        (PutDocuments("Shop", (("a/1", "A", "[1]"),)), "is no JSON object"),
        (PutDocuments("Shop", (("a/1", "A", "{}"), ("a/2", "A", "{"))), "'a/2' is no JSON"),
        (PatchDocument("Shop", "a/1", "{}"), "no document 'a/1' to patch"),
        (DefineTask("Shop", Task(full="0 0 * * *", mentor="Z")), "none of A B C"),
        (DefineTask("Shop", Task(full="0 0 * * *", destinations=(LocalFolder("../x"),))), "without '..'"),
        (DefineTask("Shop", Task(full="0 0 * * *", destinations=(FOLDER, LocalFolder("/b")))), "give one"),
        (RemoveTask("Shop", 77), "has no task 77"),
        (RestoreDatabase("Shop", "A", "/backups", "folder"), "exists already"),
    ],
)
def test_what_cannot_be_is_refused(request_: object, words: str) -> None:
    """In words that name the value and the remedy; nothing of it happens."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop"))
        with pytest.raises(Refused, match=words):
            await world.ask("A", request_)
        assert await world.ask("A", GetDocument("Shop", "a/1")) is None

    played(story)


def test_what_is_no_request_is_a_mistake() -> None:
    """Nothing a user could send: the world refuses what is no value, the service what it does not know."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop"))
        with pytest.raises(Impossible, match="a request is an attrs or a dataclass value"):
            await world.ask("A", "hello")
        with pytest.raises(TypeError, match="is no request"):
            await world.ask("A", Crash("A"))

    played(story)


def test_a_database_that_is_removed_leaves_nothing() -> None:
    """Its copies, its tasks and what nodes kept of them; one of the same name is another one."""

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(1.5))
        await world.ask("A", RemoveDatabase("Shop"))
        await trio.sleep(5)
        for name in world.names:
            files = list(world.slots[name].disk.files)
            assert not [file for file in files if "copies/" in file or "runs/" in file]
        await world.ask("A", CreateDatabase("Shop"))
        assert await world.ask("A", GetDocument("Shop", "orders/1")) is None
        await trio.sleep(hours(1))

    assert len(played(story).all(BackupStarted)) == 1


# ---- restore ----


def test_a_restored_database_holds_what_was_backed_up(tmp_path: Path) -> None:
    """17.5, 17.7, 17.10: whole, or up to a file; on the node that was asked; backed up itself if somebody wants it."""
    results: list[RestoreResult] = []

    async def story(world: World) -> None:
        task = await open_shop(world, documents=100)
        await trio.sleep(hours(1.5))
        await world.ask("A", DeleteDocuments("Shop", ("orders/1",)))
        await trio.sleep(hours(1))
        first, second = (event.note for event in world.history.of(BackupStarted))
        for name, last in (("Whole", None), ("Early", first.file)):
            wanted = RestoreDatabase(
                name, owner(world, task), "/backups", second.folder, last, disable_ongoing_tasks=True
            )
            results.append(await world.ask("C", wanted))
        assert await world.ask("C", GetDocument("Whole", "orders/1")) is None
        assert await world.ask("C", GetDocument("Early", "orders/1")) is not None
        assert [result.fingerprint for result in results] == [second.fingerprint, first.fingerprint]
        assert world["A"].state.database("Whole").topology.nodes == ("C",)
        world.restart("C")
        await trio.sleep(5)
        assert await world.ask("C", GetDocument("Whole", "orders/2")) is not None
        await world.ask("C", DefineTask("Whole", HOURLY))
        await trio.sleep(hours(1))

    told = played(story, tmp_path)
    assert [(len(result.files), result.documents) for result in results] == [(2, 99), (1, 100)]
    assert len(told.all(DatabaseRestored)) == 2
    assert [note.database for note in told.all(BackupFinished)][-1] == "Whole"


def test_a_restore_that_cannot_be_makes_no_database() -> None:
    """17.8: the files are read before anything is made."""

    async def story(world: World) -> None:
        await open_shop(world)
        with pytest.raises(NothingToRestore):
            await world.ask("A", RestoreDatabase("New", "A", "/backups", "nothing"))
        assert world["A"].state.database("New") is None

    played(story)


# ---- the application ----


def test_words_are_declared_once() -> None:
    """The codec numbers each class once; a node of another order would not understand."""
    assert len(set(WORDS)) == len(WORDS)


def test_rules_of_no_name_are_refused() -> None:
    """With the names there are."""
    with pytest.raises(ValueError, match=r"unkindness, ravendb-6.2, ravendb-4.2"):
        Backups("ravendb-9")


def test_skipping_quiet_time_changes_nothing() -> None:
    """The digest of a story is the same with every heartbeat and every report of it lived."""

    async def story(world: World) -> None:
        await open_shop(world, Task(full="*/5 * * * *", destinations=(FOLDER,)))
        await trio.sleep(minutes(7))
        world.crash("A")
        await trio.sleep(minutes(4))

    assert played(story).outcome.digest == played(story, skipping=False).outcome.digest


def test_what_is_skipped_counts_as_done() -> None:
    """9.7: no file, no failure, and the next one is the next occurrence."""

    async def story(world: World) -> None:
        await open_shop(world)
        await trio.sleep(hours(3.5))

    told = played(story)
    assert [note.started_at // HOUR for note in told.all(BackupSkipped)] == [2, 3]
    assert len(told.all(BackupStarted)) == 1
