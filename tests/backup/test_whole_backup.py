"""Everything that a backup promises to keep, through the nodes and their files and back (section 18)."""

from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.content.logical import LogicalWriter
from backup.content.manifest import DamagedBackup, Manifest, begun_manifest
from backup.database import agreed_values as agreed
from backup.database.agreed_values import NOTHING, CompareExchange, IndexDefinition, Values, combined
from backup.database.documents import Store
from backup.database.revisions import Policies, RevisionPolicy
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import write
from backup.requests.document_requests import GetCompareExchange
from backup.restore.chain_reader import restore
from cluster.member import NoLeader, Refused
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import MINUTE, hours
from scenarios.backups import backups

FOLDER = "2024-01-01-00-00-00.ravendb-Shop-A-backup"


def file_name(number: int) -> str:
    """The full one, then an incremental each minute."""
    return f"2024-01-01-00-{number:02d}-00.ravendb-{'incremental' if number else 'full'}-backup"


class Source:
    """A copy and what was agreed beside it, backed up into one chain."""

    def __init__(self) -> None:
        self.store = Store("A", "source")
        self.values: Values = NOTHING
        self.index = 0
        self.place = MemoryDestination()
        self.told: dict[str, str] = {}
        self._last: tuple[str, Manifest] | None = None

    def act(self, key: int, what: int, which: int) -> None:
        """One change."""
        store, at = self.store, self.store.etag
        self.index += 1
        document_id = f"d{key}"
        match what:
            case 0:
                store.delete(document_id, at)
            case 1 | 2 if store.get(document_id):
                store.attach(document_id, f"n{which % 2}", bytes([which]) * 3 + b']}",', at)
            case 3:
                policies = (RevisionPolicy("Orders", which),)
                self.values = agreed.with_policies(self.values, policies, self.index)
                store.configure(Policies(self.index, policies))
            case 4:
                self.values = agreed.with_identity(self.values, f"i{key}|", self.index, self.index)
            case 5:
                self.values = agreed.with_exchanged(self.values, f"e{key}", f'"{which} ü"', self.index)
            case 6:
                self.values = agreed.without_exchanged(self.values, f"e{key}", self.index)
            case 7:
                definition = IndexDefinition(f"x{key}", "Orders", ("at",))
                self.values = agreed.with_index(self.values, definition, self.index)
            case 8:
                self.values = agreed.without_index(self.values, f"x{key}", self.index)
            case _:
                store.put(document_id, {"at": at}, at, "Orders")

    def back_up(self) -> None:
        """The next file of the chain."""
        file = file_name(len(self.told))
        contents = self.store.frozen_at()
        chain: dict[str, Any] = {}
        if self._last is not None:
            previous, manifest = self._last
            chain = {
                "from_etag": manifest.last_etag,
                "from_raft_index": manifest.raft_index,
                "previous": previous,
            }
        manifest = begun_manifest(
            contents,
            file=file,
            database="Shop",
            task_id=1,
            started_at=len(self.told) * MINUTE,
            raft_index=self.index,
            **chain,
        )
        writer = LogicalWriter(contents, {}, manifest, self.values)
        write(self.place, f"{FOLDER}/{file}", writer.chunks())
        self.told[file] = combined(contents.fingerprint_sum, self.values)
        self._last = (file, writer.manifest)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 11), st.integers(0, 3)), max_size=8), max_size=5))
def test_each_point_of_any_history(batches: list[list[tuple[int, int, int]]]) -> None:
    """Documents, attachments, revisions, identities, values, definitions and policies come back as of each file."""
    source = Source()
    source.back_up()
    for batch in batches:
        for key, what, which in batch:
            source.act(key, what, which)
        source.back_up()
    for file, fingerprint in source.told.items():
        restored = restore(source.place, FOLDER, file)
        assert restored.fingerprint == fingerprint
        assert restored.left_out == {}
    assert [each.id for each in restored.store.frozen_at().documents()] == [
        each.id for each in source.store.frozen_at().documents()
    ]


def everything() -> Source:
    """A chain of two files in which there is one of each kind."""
    source = Source()
    for step in ((0, 3, 3), (0, 9, 0), (1, 9, 0), (0, 1, 2), (1, 2, 3), (0, 4, 0), (0, 5, 1), (1, 5, 2), (0, 7, 0)):
        source.act(*step)
    source.back_up()
    for step in ((0, 9, 0), (1, 0, 0), (1, 6, 0), (2, 9, 0)):
        source.act(*step)
    source.back_up()
    return source


WHOLE = everything()
FILES = {file: b"".join(WHOLE.place.read(f"{FOLDER}/{file}")) for file in WHOLE.told}


def outcome(file: str, content: bytes) -> str:
    """What the chain comes to with that content in the place of a file; empty if it is refused."""
    place = MemoryDestination()
    for name, whole in FILES.items():
        write(place, f"{FOLDER}/{name}", [content if name == file else whole])
    try:
        return restore(place, FOLDER).fingerprint
    except DamagedBackup as error:
        return "" if error.name == file else f"{error.name} is blamed"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_damage_passes(file: str, data: st.DataObject) -> None:
    """Whatever is in it: a flipped bit is noticed, or changes nothing that is restored; a cut or longer file is refused."""
    content = FILES[file]
    assert outcome(file, content) == WHOLE.told[file_name(1)]
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    damaged = bytearray(content)
    damaged[place // 8] ^= 1 << place % 8
    assert outcome(file, bytes(damaged)) in ("", WHOLE.told[file_name(1)])
    assert outcome(file, content[: place // 8]) == ""
    assert outcome(file, content + damaged[:1]) == ""


@pytest.mark.parametrize(
    "data",
    [
        {"a": {"x": 1, "@metadata": {"b": 2}}},
        {"a": [{"b": {}}], "RevisionDocuments": [{"@metadata": {}}]},
        {"text": 'x","@metadata":{"@id":"no"}}\n]'},
        {"text": "ü\u2028\n", "@metadata ": 1},
        {},
    ],
)
def test_documents_that_look_like_the_stream(data: dict[str, Any]) -> None:
    """What stands in a document is never taken for what stands around it, first, last or in between."""
    source = Source()
    for number in range(3):
        source.store.put(f"d{number}", data, number, 'Orders ","@metadata":{')
        source.store.attach(f"d{number}", '","@metadata":{', b'{"a":1,"@metadata":{}},\n' * (number + 1), number)
    source.store.put("plain", {"last": True}, 9)
    source.back_up()
    restored = restore(source.place, FOLDER)
    assert restored.fingerprint == source.told[file_name(0)]
    found = restored.store.get("d1")
    assert found is not None
    assert found.data == data


def test_through_the_nodes(tmp_path: Path) -> None:
    """A client writes all kinds of things; hours later the chain gives them back, under a new name (17, 18)."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.configure_revisions(Orders=2)
        await trio.sleep(1)
        first = await shop.store({"total": 1}, "orders/", on="B")
        assert first == "orders/0000001-B"
        assert await shop.store({"total": 2}, "orders|") == "orders/1"
        assert await shop.next_identity("orders|") == 2
        await shop.put({"orders|": {"total": 3}}, on="C")
        await shop.attach("orders/1", "scan.pdf", b"%PDF" * 100, "application/pdf")
        hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A")
        await hourly.ran()
        await shop.put({"orders/1": {"total": 4}})
        assert (await shop.put_compare_exchange("sold", [1])).successful
        refused = await shop.put_compare_exchange("sold", [2])
        assert (refused.successful, refused.text) == (False, "[1]")
        await shop.delete("orders/3")
        await hourly.ran()
        assert (await shop.delete_compare_exchange("sold", refused.index)).successful
        assert (await shop.put_compare_exchange("lent", {"to": "ü"})).successful
        await hourly.ran()
        await trio.sleep(1)
        for node in "ABC":
            found = await shop.revisions("orders/3", on=node)
            assert [(each.deleted, each.data) for each in found] == [(False, {"total": 3}), (True, {})]
            assert await shop.attachment("orders/1", "SCAN.pdf", on=node) == b"%PDF" * 100

        restored = await hourly.restore_newest("Copy")
        assert restored.compared(), restored.compared().text()
        database = world["A"].state.database("Copy")
        assert {each.key: each.number for each in database.values.identities.values()} == {"orders|": 3}
        assert database.values.policies.policies == (RevisionPolicy("Orders", 2),)
        value = await world.ask("A", GetCompareExchange("Copy", "LENT"))
        assert isinstance(value, CompareExchange)
        assert value.text == '{"to":"ü"}'
        assert len(database.values.exchanged) == 1
        copy = client.store("A", "Copy")
        assert copy is not None
        assert copy.attachment("orders/1", "scan.pdf") == b"%PDF" * 100
        assert len(copy.revisions("orders/1")) == 2

    run(story, 1, places={"backups": str(tmp_path)})


def test_what_goes_through_the_log_needs_a_leader() -> None:
    """Rule 3.38: identities and exchanges are refused without one; documents, attachments and revisions are not."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.put({"orders/1": {}})
        await trio.sleep(1)
        world.crash("A")
        world.crash("B")
        await trio.sleep(5)
        await shop.attach("orders/1", "x", b"y", on="C")
        with pytest.raises(NoLeader):
            await shop.put_compare_exchange("key", 1)
        with pytest.raises(NoLeader):
            await shop.store({}, "orders|", on="C")
        with pytest.raises(Refused, match="there is no document 'orders/9' to attach to"):
            await shop.attach("orders/9", "x", b"y", on="C")
        with pytest.raises(Refused, match="no key of an identity"):
            world.restart("A")
            await world.elected(within=30)
            await world.ask("C", agreed.NextIdentity("Shop", "orders"))

    run(story, 1)


def test_attachments_and_revisions_survive_bad_wires_and_crashes() -> None:
    """What was answered is on every copy in the end, though messages are lost and nodes restart."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.configure_revisions(Orders=3)
        world.rewire(loss=0.2, duplicate=0.2)
        for number in range(6):
            node = "ABC"[number % 3]
            await shop.put({"orders/1": {"n": number}, f"orders/{number}": {}}, on=node)
            await shop.attach("orders/1", f"f{number % 2}", bytes([number]) * 1_000, on=node)
            if number == 3:
                world.restart("B")
                await trio.sleep(2)
        world.mend()
        await trio.sleep(hours(0.1))
        stores = [client.store(name, "Shop") for name in "ABC"]
        assert len({store.fingerprint for store in stores if store is not None}) == 1
        assert all(store is not None and len(store.revisions("orders/1")) == 3 for store in stores)

    run(story, 1, budget=3_000_000)
