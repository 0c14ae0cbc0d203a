"""Tombstones go when nobody needs them, and nothing that was deleted comes back (rules 18.5, 18.6, 23.10)."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
import trio

from backup.database.agreed_values import CleanValueTombstones, change
from backup.database.change_vector import ChangeVector, Relation
from backup.database.documents import Store
from backup.database.items import Tombstone
from backup.database.replication import ReplicateDocuments, offer, receive
from backup.destinations.memory import MemoryDestination
from backup.node.tombstones import KnownProgress, TombstoneNeed, exchange_need, needs
from backup.notes import FarewellSaid, TombstonesCleaned
from backup.record.history import RecordedRuns, Run
from backup.record.record import Database, Record, Replication, Status, Task, Topology
from backup.record.rules import Rules
from backup.record.task import Kind
from backup.replicas.replicator import CopyLink
from backup.runs.chain import chain_to_continue
from backup.runs.local_status import ChainEnd
from backup.runs.run_inputs import RunInputs, RunPlaces
from backup.runs.schedule import Plan
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import DAY, hours, minutes
from scenarios.backups import backups

OLDER = (Relation.OLDER, Relation.EQUAL)
SHOP = Database("Shop", 1, Topology(("A", "B", "C")), 1)


def store(node: str) -> Store:
    """An empty copy."""
    return Store(node, f"copy-{node}")


# ---- who needs them


def chain(etag: int, copy: str = "copy-A") -> ChainEnd:
    """The last file of a task ends there."""
    return ChainEnd("folder", "file", etag, copy)


@pytest.mark.parametrize(
    ("changes", "chains", "limit", "grounds"),
    [
        ({}, {}, 100, ""),
        ({"tasks": {5: Task(id=5)}}, {5: chain(40)}, 40, "task 5 has not backed them up on this node yet"),
        ({"tasks": {5: Task(id=5)}}, {}, 0, "task 5 has not run on this node yet"),
        ({"tasks": {6: Task(id=6)}}, {}, 100, ""),  # another node has it, and its first run here will be full
        ({"tasks": {5: Task(id=5)}}, {5: chain(40, "an older copy")}, 0, "task 5 has not run on this node yet"),
        ({"tasks": {5: Task(id=5, disabled=True)}}, {5: chain(90)}, 0, "task 5 is disabled"),
        ({"departed": ("D",)}, {}, 0, "node D left the group, and may come back with what was deleted"),
        ({"departed": ("X",)}, {}, 100, ""),  # and the cluster
        ({"replications": {7: Replication("Mirror", id=7)}}, {}, 70, "external replication 7 has not sent them yet"),
        ({"replications": {8: Replication("Mirror", id=8)}}, {}, 0, "external replication 8 may come to this node"),
        ({"replications": {7: Replication("Mirror", disabled=True)}}, {}, 0, "external replication 7 is disabled"),
    ],
)
def test_who_needs_them(changes: Mapping[str, Any], chains: Mapping[int, ChainEnd], limit: int, grounds: str) -> None:
    """Every copy, every backup, every replication, each with its grounds; the one that needs most decides."""
    shop = attrs.evolve(SHOP, **changes)
    known = KnownProgress(
        "A",
        "copy-A",
        ("A", "B", "C", "D"),
        lambda node: 100,
        lambda task: chains.get(task.id),
        lambda task: task.id == 5,
        {7: 70}.get,
    )
    found = list(needs(shop, Record().with_database(shop), known))

    assert min(need.up_to for need in found) == limit
    assert [need.why for need in found if need.up_to < 100] == ([grounds] if grounds else [])


def test_a_replica_keeps_all_of_them() -> None:
    """Who fills it may send once more what was deleted since, and is in no group that could be asked."""
    mirror = attrs.evolve(SHOP, name="Mirror", id=2)
    record = Record().with_database(mirror)
    record = record.with_database(attrs.evolve(SHOP, replications={7: Replication("mirror", id=7)}))
    known = KnownProgress(
        "A", "copy-A", ("A", "B", "C"), lambda node: 100, lambda task: None, lambda task: False, lambda task: None
    )

    assert min(need.up_to for need in needs(mirror, record, known)) == 0


def test_those_of_values_wait_for_every_full() -> None:
    """18.6: while a task is disabled, never full, or not yet: none go; then up to the oldest of the nodes' last fulls."""

    def ran(node: str, at: int, index: int) -> Run:
        return Run(5, node, True, at, 1, None, None, None, at, index)

    values = attrs.evolve(SHOP.values, changed=60)
    nightly = Task(id=5, full="0 0 * * *")

    def limit(task: Task, *runs: Run) -> int:
        return exchange_need(attrs.evolve(SHOP, values=values, tasks={5: task}, history=RecordedRuns.of(runs))).up_to

    assert exchange_need(attrs.evolve(SHOP, values=values)) == TombstoneNeed(60, None)
    assert limit(nightly) == 0
    assert limit(attrs.evolve(nightly, disabled=True), ran("A", 1, 50)) == 0
    assert limit(attrs.evolve(nightly, full="", incremental="0 * * * *"), ran("A", 1, 50)) == 0
    assert limit(nightly, ran("A", 1, 50)) == 50
    assert limit(nightly, ran("B", 1, 30), ran("A", 2, 50)) == 30
    assert limit(nightly, ran("B", 1, 30), ran("A", 2, 50), ran("B", 3, 55)) == 50
    assert limit(nightly, ran("B", 1, 30), ran("A", DAY - 2, 50)) == 30, "B's next full is still to come"
    assert limit(nightly, ran("B", 1, 30), ran("A", DAY, 50)) == 50, "B has missed one, and begins with a full (8.12)"
    assert limit(nightly, ran("X", 1, 30), ran("A", 2, 50)) == 50, "X is in no group, and its chain has no copy"


def test_a_chain_that_lacks_forgotten_deletions_of_values_is_not_continued() -> None:
    """18.6: whoever forgot them took it that the node begins with a full, which another zone may see otherwise."""
    values = attrs.evolve(SHOP.values, tombstones={"a": 30, "b": 50}, changed=50)
    cleaned, count = change(values, CleanValueTombstones("Shop", 40), 60)
    assert (cleaned.cleaned, count, dict(cleaned.tombstones)) == (30, 1, {"b": 50})
    assert change(cleaned, CleanValueTombstones("Shop", 45), 61) == (cleaned, 0)

    inputs = RunInputs(
        attrs.evolve(SHOP, values=cleaned, changed=60),
        Task(id=5),
        Plan(0, False, 0, "", ""),
        store("A").frozen_at(),
        (),
        Status(5, Kind.BACKUP, "A", folder="folder"),
        None,
        1,
        0,
    )
    for index, expected in ((29, None), (30, "file")):
        last = ChainEnd("folder", "file", 0, "copy-A", index)
        places = RunPlaces(MemoryDestination(), "")
        found = chain_to_continue(attrs.evolve(inputs, chain=last), places, tuple, None, Rules())
        assert (found and found.file) == expected


# ---- a copy


def test_what_follows_a_forgotten_deletion_is_newer() -> None:
    """In vector and in time, though the clock is behind: a copy that has the tombstone takes the new document."""
    a, b = store("A"), store("B")
    a.put("orders/1", {"n": 1}, at=10)
    a.delete("orders/1", at=50)
    message = offer(1, a, 0, 10)
    assert message is not None
    receive(b, message)
    assert a.clean_tombstones(a.etag) == 1
    assert a.size.tombstones == 0
    assert a.oldest_tombstone is None

    again = a.put("orders/1", {"n": 2}, at=20)
    assert again.last_modified > 50
    message = offer(1, a, 2, 10)
    assert message is not None
    receive(b, message)
    assert b.fingerprint == a.fingerprint
    assert b.get("orders/1") is not None


def test_forgetting_survives_a_crash() -> None:
    """The journal says up to where: the copy that is found again has forgotten the same."""
    a = store("A")
    frames = [a.state_frame()]
    a.put("orders/1", {}, at=1)
    a.put("orders/2", {}, at=2)
    a.delete("orders/1", at=3)
    a.delete("orders/2", at=4)
    frames += a.frames_after(0)
    a.clean_tombstones(3)
    frames.append(a.state_frame())

    for journal in (frames, list(a.frames())):
        found = Store.recover([b"".join(journal)])
        assert (found.size, found.forgotten, found.change_vector) == (a.size, a.forgotten, a.change_vector)
        assert [item.id for item in found.changes_after(0)] == ["orders/2"]


def test_a_new_copy_learns_what_was_forgotten() -> None:
    """It has caught up with what it can never be sent, and passes that on."""
    a, b, c = store("A"), store("B"), store("C")
    a.put("orders/1", {}, at=1)
    a.put("orders/2", {}, at=2)
    a.delete("orders/1", at=3)
    a.put("orders/3", {}, at=4)
    a.clean_tombstones(a.etag)

    for source, target in ((a, b), (b, c)):
        done = 0
        while (message := offer(1, source, done, 1)) is not None:
            receive(target, message)
            done = message.last_etag
        assert target.change_vector == a.change_vector
        assert target.forgotten.change_vector.entries


# ---- two copies and a bad wire


@pytest.mark.parametrize("first", range(0, 1_000, 250))
def test_nothing_comes_back_on_any_wire(first: int) -> None:
    """Messages are lost, late, and come again; each copy forgets only what its link calls safe; both end up the same."""
    forgotten = sum(_bad_wire(Random(seed)) for seed in range(first, first + 250))

    assert forgotten > 100


def _bad_wire(luck: Random) -> int:
    """Play two copies on a bad wire, then let them settle; how many deletions were forgotten meanwhile."""
    copies, links = (store("A"), store("B")), (CopyLink(acked=0), CopyLink(acked=0))
    wire: list[tuple[int, ReplicateDocuments]] = []
    gone: tuple[dict[str, ChangeVector], dict[str, ChangeVector]] = ({}, {})
    links[0].sent = links[1].sent = forgotten = 0

    def arrive(one: int, message: ReplicateDocuments) -> None:
        other, back = copies[1 - one], links[1 - one]
        taken, answer = receive(other, message)
        back.note_taken(taken, message, other.received)
        links[one].acked, links[one].in_flight = answer.last_etag, False
        links[one].note_answer(answer.last_etag, other.database_id, back.sent or 0)
        for key, vector in gone[1 - one].items():
            found = other.get(key)
            assert found is None or found.change_vector.compare(vector) not in OLDER, "nothing comes back"

    def send(one: int) -> None:
        message = offer(1, copies[one], links[one].acked or 0, 2)
        if message is not None:
            links[one].sent = max(links[one].sent or 0, message.last_etag)
            wire.append((one, message))
            links[one].in_flight = True

    for at in range(1, 80):
        one, key = luck.randrange(2), f"orders/{luck.randrange(2)}"
        match luck.randrange(8):
            case 0:
                copies[one].put(key, {"at": at}, at=at)
            case 1:
                copies[one].delete(key, at=at)
            case 2 | 3:
                send(one)
            case 4 | 5 if wire:
                arrive(*wire[luck.randrange(len(wire))])  # and it may come once more
            case 6 if wire:
                arrive(*wire.pop(luck.randrange(len(wire))))
            case 7:
                safe = links[one].safe_up_to(copies[one].received)
                graves = [each for each in copies[one].changes_after(0) if isinstance(each, Tombstone)]
                gone[one].update({each.id: each.change_vector for each in graves if each.etag <= safe})
                forgotten += copies[one].clean_tombstones(safe)
    for late in wire:
        arrive(*late)
    wire.clear()
    for _ in range(100):
        for one in (0, 1):
            send(one)
            while wire:
                arrive(*wire.pop())
    assert copies[0].fingerprint == copies[1].fingerprint
    return forgotten


# ---- nodes that leave


def test_a_node_that_left_says_farewell(tmp_path: Path) -> None:
    """While it may come back nothing is forgotten; when its copy is gone it says so, and the deletions go."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABCD")
        await world.elected()
        shop = await client.create_database("Shop", members="ABC")
        await shop.fill(10)
        await trio.sleep(10)
        world.crash("C")
        await shop.remove_node("C")
        await shop.delete("orders/1", "orders/2")
        await trio.sleep(minutes(11))
        view = await shop.show(on="A")
        assert (view.tombstones, view.kept_because[:1]) == (
            2,
            ("node C left the group, and may come back with what was deleted",),
        )
        world.restart("C")
        await trio.sleep(hours(0.25))
        assert [(await shop.show(on=node)).tombstones for node in "AB"] == [0, 0]
        assert len(shop.documents(on="A")) == len(shop.documents(on="B")) == 8

    events = run(story, seed=3, places={"backups": str(tmp_path)}).history.events
    assert [event.note.node for event in events if isinstance(event.note, FarewellSaid)][:1] == ["C"]
    assert sum(event.note.count for event in events if isinstance(event.note, TombstonesCleaned)) == 4
