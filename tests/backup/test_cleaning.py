"""Retention on real and simulated places, with faults in the middle of it (14.1 to 14.7)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import attrs
import pytest
import trio

from backup.checks.retention_promises import KeptAsRuled
from backup.destinations.faults import ReadOnly, Well
from backup.destinations.port import DestinationError
from backup.notes import (
    BackupFailed,
    FolderExpired,
    FolderLeft,
    FolderRemoved,
    RetentionFailed,
)
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.task_commands import DefineTask
from cluster.sim.run import Outcome, play
from cluster.sim.world import World
from cluster.steps import Crash, Disturb
from cluster.time_units import days, hours, minutes
from cluster.trace import Note
from scenarios.backups import Client, Database, Task, backups

N = TypeVar("N", bound=Note)


def told(
    story: Callable[[World, Client, Database], Awaitable[None]], folder: Path | None = None, rules: str = "unkindness"
) -> tuple[Outcome, World]:
    """Play it with a database on C alone, every promise watched."""
    worlds: list[World] = []

    async def whole(world: World) -> None:
        worlds.append(world)
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", members="C")
        await shop.fill(10)
        await story(world, client, shop)

    places = {"backups": str(folder)} if folder is not None else {}
    outcome = play(whole, 1, places=places, options={"rules": rules})
    if outcome.failure is not None:
        raise outcome.failure
    return outcome, worlds[0]


def notes(outcome: Outcome, kind: type[N]) -> list[N]:
    """Those of a kind."""
    return [event.note for event in outcome.history.of(kind)]


def folders(task: Task) -> list[str]:
    """The days of the chains that are there."""
    return sorted({file[8:10] for file in task.files("C")})


async def nights(world: World, count: float) -> None:
    """Sleep so long."""
    await trio.sleep(hours(24 * count))


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
@pytest.mark.parametrize("real", [True, False])
def test_old_chains_go_after_a_full(rules: str, real: bool, tmp_path: Path) -> None:
    """14.1, 14.3: a chain goes when its newest incremental is as old as the age, and not before."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 12 * * *", keep=days(2))
        for day in range(1, 6):
            await trio.sleep(hours(24 * day - 13) - world.now)
            await shop.put({f"orders/{day}": {"day": day}})
        await trio.sleep(hours(24 * 6 + 1) - world.now)
        assert folders(task) == ["05", "06", "07"], "the full of the fifth is two days old, and its incremental is not"

    outcome, world = told(story, tmp_path if real else None, rules)
    assert len(notes(outcome, FolderExpired)) == len(notes(outcome, FolderRemoved)) == 4
    assert next(watcher for watcher in world.watchers if isinstance(watcher, KeptAsRuled)).lost == []


def test_incrementals_never_clean() -> None:
    """14.1: a task that makes no more fulls removes nothing."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(incremental="0 * * * *", keep=days(1))
        for day in range(3):
            await nights(world, 1)
            await shop.put({f"orders/{day}": {}})
        await nights(world, 1)
        assert folders(task) == ["01"]

    outcome, _ = told(story)
    assert notes(outcome, FolderExpired) == []


def test_another_database_of_the_same_place_keeps_its_chains() -> None:
    """14.3, 14.4: each task cleans what is its own."""

    async def story(world: World, client: Client, shop: Database) -> None:
        other = await client.create_database("Shop-2", members="C")
        await other.define(full="0 3 1 * *", keep=days(1))
        kept = await other.define(full="0 4 2 * *")
        task = await shop.define(full="0 0 * * *", keep=days(1))
        await nights(world, 6)
        assert sum("Shop-2" in file for file in kept.files("C")) == 2
        assert sum("Shop-C" in file for file in task.files("C")) <= 3

    told(story)


@pytest.mark.parametrize("count", [1, 2])
def test_a_crash_in_the_middle_is_made_good_the_next_time(count: int, tmp_path: Path) -> None:
    """What is left of a chain is a chain, and goes with the next full."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 */6 * * *", keep=days(1))
        for hour in (1, 7, 13, 19):
            await trio.sleep(hours(hour) - world.now)
            await shop.put({f"orders/{hour}": {}})
        world.when(FolderExpired, Crash("C"), count=count)
        await world.seen(FolderExpired, within=hours(24 * 5))
        await trio.sleep(minutes(2))
        if not world["C"].up:
            world.restart("C")
        await nights(world, 4)
        assert "01" not in folders(task)
        assert "02" not in folders(task)

    outcome, _ = told(story, tmp_path)
    assert len(notes(outcome, FolderExpired)) > len(notes(outcome, FolderRemoved))


@pytest.mark.parametrize("trouble", [ReadOnly("backups")])
def test_a_place_that_refuses_costs_no_backup(trouble: ReadOnly) -> None:
    """14.6: it is said, the backup is none the worse, and the next full removes what was to go."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", keep=days(1))
        await nights(world, 1.5)
        world.when(FolderExpired, Disturb("", trouble), count=1)
        await world.seen(RetentionFailed, within=hours(72))

        world.disturb("C", Well("backups"))
        await nights(world, 2)
        assert len(folders(task)) <= 2

    outcome, _ = told(story)
    assert notes(outcome, BackupFailed) == []
    (failed,) = notes(outcome, RetentionFailed)
    assert failed.why.startswith("C/backups: the file system can only be read; ")
    assert DestinationError.__name__ not in failed.why


def test_what_cannot_be_looked_into_stays() -> None:
    """A chain under a key that the task no longer has: nobody knows whose it is."""

    async def story(world: World, client: Client, shop: Database) -> None:
        old, new = (Encryption(EncryptionMode.USE_PROVIDED_KEY, client.key(name)) for name in ("old", "new"))
        task = await shop.define(full="0 0 * * *", keep=days(1), encryption=old)
        await nights(world, 1.5)
        definition = world["C"].state.database("Shop").tasks[task.id]
        await world.ask("C", DefineTask("Shop", attrs.evolve(definition, encryption=new)))
        await nights(world, 4)
        assert folders(task) == ["02", "06"]

    outcome, _ = told(story)
    assert "does not open with this key" in notes(outcome, FolderLeft)[0].why


def test_disabled_or_absent_it_removes_nothing() -> None:
    """14.2."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *")
        await nights(world, 5)
        assert len(folders(task)) == 5

    outcome, _ = told(story)
    assert notes(outcome, FolderExpired) == []
