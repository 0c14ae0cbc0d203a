"""Attachments, revisions, numbers, exchanged values, deletions: what a backup holds comes back, file by file."""

from scenarios import World
from scenarios.zoo.pantry import CONTRACT, stocked


async def story(world: World) -> None:
    client, hourly = await stocked(world)
    shop = client.database("Shop")
    assert len(await shop.revisions("orders/2", on="B")) == 2, "both sides of a conflict"

    restored = await hourly.restore_newest("Copy")
    comparison = restored.compared()
    assert comparison, comparison.text()
    copy, node = client.database("Copy"), restored.node
    assert await copy.attachment("orders/1", "contract.pdf", on=node) == CONTRACT
    assert [each.deleted for each in await copy.revisions("orders/3", on=node)] == [False, True]
    assert await copy.next_identity("orders|") == 3, "no number is given twice"
    assert (await copy.put_compare_exchange("books/7", {"lent to": "users/4"})).successful, "the book is back"
    assert len((await copy.indexed("Orders/ByTotal", on=node)).rows) == 3
