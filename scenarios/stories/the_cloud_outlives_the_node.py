"""A task keeps its files in a cloud alone. Its node dies in the middle of an upload, and the next owner finds nothing half made."""

import trio

from scenarios import World, days, hours
from scenarios.backups import AmazonS3, BackupStarted, backups, check_chain

TOLD_UNDER = (
    "unkindness",
    "ravendb-6.2",
)  # by the rules of 4.2 whoever returns runs the hour again, and keeps the task
NIGHTLY = AmazonS3("nightly")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", documents=400)
    task = await shop.define(full="0 */6 * * *", to=(NIGHTLY,), keep=days(1.5))
    first = await task.ran(within=hours(7))
    assert task.files(first.node) == [f"{first.folder}/{first.file}"]

    await world.seen(BackupStarted, within=hours(7))
    await trio.sleep(1.2)
    world.crash(first.node)
    await trio.sleep(1)
    assert task.files(first.node) == [f"{first.folder}/{first.file}"], "an upload that nobody ended was none"

    second = await task.ran(within=hours(7))
    assert second.node != first.node
    assert check_chain(client.destinations.place(first.node, task.path), first.folder).whole
    world.restart(first.node)

    await shop.put({"orders/new": {"since": "the next owner"}})
    await trio.sleep(hours(55) - world.now)
    kept = sorted({file.partition("/")[0] for file in task.files(second.node)})
    assert first.folder not in kept, "retention looks at all that its task has there, whoever wrote it (14.4)"
    assert all(f"-{second.node}-" in folder for folder in kept)
    other = next(node for node in "ABC" if node not in (first.node, second.node))
    assert (await task.restore_newest("Copy", on=other)).compared(), "on a node that never ran it"
