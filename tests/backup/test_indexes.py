"""Indexes: rows and sums of what is mapped, built behind the documents, stale until they are there, found again (18.1)."""

import json
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.database.agreed_values import IndexDefinition
from backup.database.documents import Store
from backup.database.indexes import IndexData, IndexHeader
from backup.notes import IndexCaughtUp
from backup.record.task import Kind
from cluster.sim.run import run
from cluster.sim.world import World
from scenarios.backups import backups

SALES = IndexDefinition("Sales", "Orders", ("company", "total"), "company", ("total",))

numbers = st.none() | st.integers(-3, 3) | st.floats(-1e9, 1e9) | st.just("text") | st.booleans()
writes = st.tuples(
    st.integers(0, 3), st.sampled_from(["Orders", "ORDERS", "Users"]), st.sampled_from(["a", "b", None, ["c"]]), numbers
)


def scanned(store: Store) -> list[dict[str, Any]]:
    """The same answer the dumb way: look at every document."""
    groups: dict[str, list[Any]] = {}
    for document in store.frozen_at().documents():
        if document.collection.lower() == "orders":
            key = json.dumps(document.data.get("company"), separators=(",", ":"))
            groups.setdefault(key, []).append(document.data.get("total"))
    return [{"company": json.loads(key), "Count": len(groups[key])} for key in sorted(groups)]


@settings(max_examples=150, deadline=None)
@given(st.lists(writes | st.integers(0, 3), max_size=20), st.lists(st.integers(1, 5), max_size=10))
def test_an_index_says_what_the_documents_say(history: list[Any], cuts: list[int]) -> None:
    """However the changes are cut into slices: one row a document, groups counted and summed; a file gives it back."""
    store = Store("A", "copy")
    data = IndexData(IndexHeader(SALES, "copy", 1))
    frames = [b"".join(data.frames())]
    for at, event in enumerate(history):
        match event:
            case (key, collection, company, total):
                store.put(f"d{key}", {"company": company, "total": total}, at, collection)
            case key:
                store.delete(f"d{key}", at)
        if at % 3 == 0:
            size = cuts[at % len(cuts)] if cuts else 2
            frames.append(data.take(list(store.changes_after(data.etag))[:size]))
    frames.append(data.take(list(store.changes_after(data.etag))))
    found = list(data.rows())
    assert [{"company": row["company"], "Count": row["Count"]} for row in found] == scanned(store)
    whole = IndexData(data.header)
    whole.take(list(store.changes_after(0)))
    assert list(whole.rows()) == found
    assert whole.fingerprint_sum == data.fingerprint_sum
    for again in (IndexData.recover(frames), IndexData.recover(data.frames())):
        assert (list(again.rows()), again.etag, again.header) == (found, data.etag, data.header)
        assert (again.fingerprint_sum, again.bytes) == (data.fingerprint_sum, data.bytes)


def test_sums_are_exact() -> None:
    """What comes and goes leaves nothing: ten tenths and no dust."""
    store = Store("A", "copy")
    data = IndexData(IndexHeader(SALES, "copy", 1))
    store.put("big", {"company": "a", "total": 1e16}, 0, "Orders")
    for number in range(10):
        store.put(f"d{number}", {"company": "a", "total": 0.5}, 0, "Orders")
    data.take(list(store.changes_after(0)))
    store.delete("big", 1)
    data.take(list(store.changes_after(data.etag)))
    assert list(data.rows()) == [{"company": "a", "Count": 10, "total": 5}]


def test_stale_until_it_is_there_and_found_again() -> None:
    """It takes its time, says so, follows deletions, and a restarted node goes on where it was."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.define_index("ByTotal", "Orders", ("total",))
        await trio.sleep(0.5)
        await shop.put({f"orders/{number}": {"total": number % 3} for number in range(400)}, on="B")
        assert (await shop.query("ByTotal", on="B")).stale
        found = await shop.indexed("ByTotal", on="B")
        assert len(found.rows) == 400
        one = await shop.query("ByTotal", on="B", total=1, id="orders/1")
        assert one.rows == ('{"id":"orders/1","total":1}',)
        await shop.delete("orders/1", on="C")
        await trio.sleep(1)
        for node in "ABC":
            assert len((await shop.indexed("ByTotal", on=node)).rows) == 399
        again = [event.t for event in world.history.of(IndexCaughtUp)]
        world.restart("B")
        await trio.sleep(1)
        assert not (await shop.query("ByTotal", on="B")).stale
        assert len(world.history.of(IndexCaughtUp)) == len(again) + 1
        await shop.define_index("ByTotal", "Orders", ("total",), group_by="total")
        await trio.sleep(1)
        groups = (await shop.indexed("ByTotal", on="A")).rows
        assert groups == ('{"total":0,"Count":134}', '{"total":1,"Count":132}', '{"total":2,"Count":133}')

    run(story, 1)


def test_a_snapshot_chain_of_a_task() -> None:
    """The full is a snapshot, its incrementals are logical (11.6); restored, the index goes on from where it was."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.configure_revisions(Orders=2)
        await shop.define_index("ByTotal", "Orders", ("total",))
        await shop.fill(300)
        await shop.indexed("ByTotal", on="A")
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A", kind=Kind.SNAPSHOT)
        await task.ran()
        await shop.put({"orders/1": {"total": 5}, "orders/new": {"total": 6}})
        await shop.delete("orders/2")
        await shop.next_identity("orders|")
        await task.ran()
        files = task.files("A")
        assert [name.rpartition(".")[2] for name in files] == ["ravendb-snapshot", "ravendb-incremental-backup"]
        assert files[0].partition("/")[0].endswith("-snapshot")
        restored = await task.restore_newest("Copy")
        assert restored.compared(), restored.compared().text()
        answer = await client.database("Copy").indexed("ByTotal", on="A")
        assert len(answer.rows) == 300
        copy = client.store("A", "Copy")
        assert copy is not None
        assert len(copy.revisions("orders/1")) == 2

    run(story, 1)
