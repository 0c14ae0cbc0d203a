"""One database, two tasks. The Backup is small and soon made; the Snapshot is large, and brings its index back built."""

import trio

from backup.requests.restore_requests import RestoreDatabase
from cluster.steps import Ask, Step
from cluster.time_units import SECOND
from cluster.trace import Stepped
from scenarios import World, hours
from scenarios.backups import BackupFinished, DatabaseRestored, IndexCaughtUp, Kind, Task, backups

INDEX = "Orders/ByCompany"


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.define_index(INDEX, "Orders", ("company", "freight"), group_by="company", sums=("freight",))
    written = await shop.fill(count=5_000, generated=True)
    await shop.attach("orders/1", "contract.pdf", b"signed by both " * 1_000, "application/pdf")
    stale = await shop.query(INDEX, on="A")
    assert stale.stale, "an index follows its documents, and says so until it is there"
    fresh = await shop.indexed(INDEX, on="A")

    backup = await shop.define(full="0 1 * * *", incremental="0 * * * *", mentor="A", name="Backup", path="plain")
    snapshot = await shop.define(
        full="0 2 * * *", incremental="0 * * * *", mentor="A", name="Snapshot", path="raw", kind=Kind.SNAPSHOT
    )
    await trio.sleep(hours(2.5))
    await shop.put({"orders/late": {"company": "companies/1", "freight": 1.5}})
    await trio.sleep(hours(1))
    assert size_of(snapshot) > size_of(backup), "a snapshot holds the raw store and the data of its indexes"
    assert full_run(world, snapshot) > full_run(world, backup), "and takes longer to make"

    for task, name in ((backup, "Unpacked"), (snapshot, "Unrolled")):
        restored = await task.restore_newest(name)
        assert restored.compared(), restored.compared().text()
        answered = await client.database(name).indexed(INDEX, on="A")
        assert len(answered.rows) == len(fresh.rows)
    slow, quick = usable_after(world, "Unpacked"), usable_after(world, "Unrolled")
    assert slow > 2 * quick, "but what it restores can be asked at once: of the Backup's index only the definition came"
    assert written


def size_of(task: Task) -> int:
    """Bytes of the first file that the task wrote on A."""
    place = task.client.destinations.of_path("A", task.path)
    return sum(map(len, place.read(task.files("A")[0])))


def full_run(world: World, task: Task) -> int:
    """How long the first full run took, in µs."""
    runs = (event.note for event in world.history.of(BackupFinished))
    return next(run.duration for run in runs if run.task == task.id and run.full)


def usable_after(world: World, name: str) -> int:
    """From the request to restore until the index is caught up, in µs."""
    asked = next(event.t for event in world.history.of(Stepped) if asks_for(name, event.note.step))
    made = next(event for event in world.history.of(DatabaseRestored) if event.note.database == name)
    database_id = world["A"].state.database(name).id
    built = next(
        event.t for event in world.history.of(IndexCaughtUp) if event.note.database == database_id and event.note.rows
    )
    assert made.t - asked > SECOND // 10
    return max(built, made.t) - asked


def asks_for(name: str, step: Step) -> bool:
    """Whether a client asks for a restore to a database of that name."""
    return isinstance(step, Ask) and isinstance(step.request, RestoreDatabase) and step.request.name == name
