"""A database with one of everything, backed up by a full and two incrementals: the keeper of the bugs of contents.

Each kind of content is new, changed or deleted in one of the files. The story asserts nothing; the promises do.
"""

import trio

from backup.requests.document_requests import PutDocuments
from cluster.sim.world import World
from scenarios.backups import Client, Task, backups

CONTRACT = b"signed by both " * 40
NOTE = '{"@metadata":{"clerk":"Ann"},"price":1.10}'
"""Metadata of the user's own, and a number that no double holds as it is written."""


async def pantry(world: World) -> None:
    """Fill the database and back it up; the backup is restored and compared when the run ends."""
    await stocked(world)
    await trio.sleep(600)


async def stocked(world: World) -> tuple[Client, Task]:
    """Make the client and the task that has written three files."""
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.configure_revisions(Orders=3)
    await shop.define_index("Orders/ByTotal", "Orders", ("total",))
    await trio.sleep(1)
    await shop.store({"total": 1}, "orders/", on="B")  # an id with a number of B's own: orders/0000001-B
    await shop.store({"total": 2}, "orders|")  # an id with a number that all nodes agree on: orders/1
    await shop.put({"orders/3": {"total": 4}})
    await shop.ask(PutDocuments("Shop", (("notes/1", "Notes", NOTE),)))
    await shop.attach("orders/1", "contract.pdf", CONTRACT, "application/pdf")
    lent = await shop.put_compare_exchange("books/7", {"lent to": "users/3"})
    await shop.put_compare_exchange("books/7", {"lent to": "users/4"})  # the second writer is refused

    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A")
    await hourly.ran()
    world.rewire(latency=0.05)
    await shop.put({"orders/1": {"total": 3}, "orders/2": {"by": "A"}}, on="A")
    await shop.put({"orders/2": {"by": "C"}}, on="C")  # two writes in conflict: the loser is kept as a revision
    await shop.delete("orders/3")
    await hourly.ran()
    await shop.delete_compare_exchange("books/7", lent.index)
    await shop.next_identity("orders|")
    await hourly.ran()
    return client, hourly
