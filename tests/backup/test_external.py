"""External replication: what a definition may say, who owns it, and that everything arrives at least once."""

from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from backup.notes import ReplicationReported, ReplicationStarted, ReplicationStopped, ReplicationWaits
from backup.record import responsible_node
from backup.record.commands import apply
from backup.record.external_replication import (
    DefineReplication,
    RemoveReplication,
    ReportReplication,
    ToggleReplication,
    owner_of,
)
from backup.record.record import Database, Reason, Record, Replication, ReplicationProgress, Topology
from backup.record.rules import rules_named
from cluster.member import Refused
from cluster.sim.network import Wire
from cluster.sim.run import HELD, play
from cluster.sim.world import World
from scenarios.backups import Client, backups
from scenarios.backups import Database as Db

OURS = rules_named("unkindness")
ABC = Topology(("A", "B"), ("C",), ("D",), 3)
SHOP = Record().with_database(Database("Shop", 1, ABC, 5))
MIRROR = Replication("Mirror")


def defined(record: Record, replication: Replication, index: int = 7) -> Record:
    return apply(record, DefineReplication("Shop", replication, at=99), index)[0]


def test_a_task_keeps_its_id_and_its_birth() -> None:
    """Rule 1.6; a second one of the same destination gets a name of its own."""
    record = defined(defined(SHOP, MIRROR), MIRROR, 8)
    first, second = record.databases["shop"].replications.values()
    assert (first.id, first.name, first.created_at) == (7, "External Replication to Mirror", 99)
    assert (second.id, second.name) == (8, "External Replication to Mirror #2")
    record, answer = apply(record, DefineReplication("Shop", attrs.evolve(first, delay=5), at=200), 9)
    assert answer == 7
    assert record.databases["shop"].replications[7] == attrs.evolve(first, delay=5)
    record, _ = apply(record, ToggleReplication("Shop", 7, disabled=True), 10)
    assert record.databases["shop"].replications[7].disabled
    progress = ReplicationProgress("A", "D", 9, 300)
    record, _ = apply(record, ReportReplication("Shop", 7, progress), 11)
    assert record.databases["shop"].progress == {7: progress}
    assert record.databases["shop"].changed == 10  # as with reports of backups (rule 5.13)
    record, _ = apply(record, RemoveReplication("Shop", 7), 12)
    assert (list(record.databases["shop"].replications), record.databases["shop"].progress) == ([8], {})


@pytest.mark.parametrize(
    ("replication", "reason"),
    [
        (Replication(" "), "names no destination"),
        (Replication("SHOP"), "goes to itself"),
        (Replication("Mirror", delay=-1), "delayed by -1 µs: give 0 or more"),
        (Replication("Mirror", pinned=True), "is pinned but names no mentor"),
        (Replication("Mirror", "external replication TO mirror"), "already an external replication"),
        (Replication("Mirror", id=4), "has no external replication 4"),
    ],
)
def test_what_cannot_be_is_refused(replication: Replication, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        defined(defined(SHOP, MIRROR), replication, 8)


@pytest.mark.parametrize(
    ("task", "progress", "licence", "leaderless", "node", "reason"),
    [
        (Replication("M", id=7, mentor="B"), "", True, False, "B", Reason.MENTOR_NODE),
        (Replication("M", id=7, mentor="D", pinned=True), "", True, False, "D", Reason.PINNED_MENTOR_NODE),
        (Replication("M", id=7, mentor="X", pinned=True), "", True, False, "A", Reason.CHOSEN_BY_HASH),
        (Replication("M", id=7), "D", False, False, "D", Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS),
        (Replication("M", id=7), "D", True, False, "A", Reason.CHOSEN_BY_HASH),
        (Replication("M", id=7, mentor="B"), "B", True, True, None, Reason.STOPPED_WITHOUT_LEADER),
    ],
)
def test_who_owns_it(
    task: Replication, progress: str, licence: bool, leaderless: bool, node: str | None, reason: Reason
) -> None:
    """Rule 7.15: mentor first, then the hash, no stickiness, nobody without a leader."""
    rules = attrs.evolve(OURS, highly_available_tasks=licence)
    last = ReplicationProgress(progress, "X", 1, 1) if progress else None
    owner = owner_of(task, ABC, last, rules, leaderless=leaderless)
    assert (owner.node, owner.reason) == (node, reason)


@given(members=st.permutations("ABC"), rehabs=st.integers(0, 3), number=st.integers(1, 1 << 40))
def test_the_clients_preferred_node_is_not_spared(members: list[str], rehabs: int, number: int) -> None:
    """Rules 7.1, 7.2: it is not resource-intensive; and only members are chosen."""
    topology = Topology(tuple(members[rehabs:]), rehabs=tuple(members[:rehabs]))
    owner = owner_of(Replication("M", id=number), topology, None, OURS, leaderless=False)
    assert owner.node == responsible_node.pick(topology, number, resource_intensive=False)
    assert owner.node in topology.members or (owner.node is None and not topology.members)


# ---- in a cluster


def played(
    tale: Callable[[World, Client, Db], Awaitable[None]], names: str = "ABCDE", wire: Wire = Wire(), seed: int = 1
) -> list[object]:
    """A story with Shop on A, B and C and fifty documents in it; the notes of the run."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start(names)
        await world.elected()
        shop = await client.create_database("Shop", members="ABC")
        await shop.fill(50)
        await tale(world, client, shop)
        await trio.sleep(400)

    outcome = play(story, seed, wire=wire)
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.verdict == HELD
    return [event.note for event in outcome.history.events]


def test_a_destination_may_come_later_and_go() -> None:
    """The task waits, says so once, and begins anew with a database made again under the same name."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        later = Db(client, "Mirror")
        replica = await shop.define_replication(later)
        await world.seen(ReplicationWaits)
        await trio.sleep(60)
        mirror = await client.create_database("Mirror", members="DE")
        await replica.followed()
        await mirror.remove()
        await client.create_database("Mirror", members="E")
        await replica.followed()

    assert sum(isinstance(note, ReplicationWaits) for note in played(tale)) == 1


def test_both_databases_may_be_on_one_node() -> None:
    """Nothing is sent over a wire to oneself."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="A")
        replica = await shop.define_replication(mirror, mentor="A")
        assert await replica.sent_by() == "A"
        await replica.followed()

    played(tale)


def test_a_delay_is_kept() -> None:
    """A change is sent so long after it was made, and a deletion as well."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="DE")
        await trio.sleep(20)
        replica = await shop.define_replication(mirror, delay=60)
        await trio.sleep(20)
        assert mirror.documents() == []
        await shop.delete("orders/1")
        await trio.sleep(25)
        assert len(mirror.documents()) == 49  # without the one that was deleted since, and its deletion is not yet due
        await replica.followed(within=70)

    played(tale)


def test_a_destination_that_loses_its_node_is_reached_through_another() -> None:
    """The line goes to the next member, and what both have is not harmed."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="DE")
        replica = await shop.define_replication(mirror)
        await replica.followed()
        world.crash("D")
        await shop.put({"orders/late": {"n": 1}})
        await world.until(lambda: "orders/late" in mirror.documents("E"), within=60, what="the order at E")
        world.restart("D")
        await replica.followed()

    played(tale)


@pytest.mark.parametrize("seed", range(4))
def test_on_a_bad_wire_everything_arrives(seed: int) -> None:
    """Lost, doubled and reordered messages, and owners that restart."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="CD")
        replica = await shop.define_replication(mirror)
        for number in range(6):
            await shop.put({f"orders/{number}": {"again": number}, f"orders/new-{number}": {}})
            await shop.delete(f"orders/{40 + number}")
            if number % 2 and replica.owner is not None:
                world.crash(replica.owner)
                await trio.sleep(2)
                world.mend()
            await trio.sleep(7)
        await replica.followed()

    played(tale, wire=Wire(loss=0.05, duplicate=0.05, ordered=False), seed=seed)


def test_there_and_back() -> None:
    """Two databases that send each other everything: change vectors end it."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        other = await client.create_database("Other", members="DE")
        there, back = await shop.define_replication(other), await other.define_replication(shop)
        await other.put({"orders/there": {"n": 1}})
        await there.followed()
        await shop.delete("orders/there")
        await back.followed()
        assert len(shop.documents()) == 50

    played(tale)


def test_a_disabled_replication_sends_nothing_and_an_enabled_one_goes_on() -> None:
    """Enabled again it goes on; removed it stops."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="DE")
        replica = await shop.define_replication(mirror)
        await replica.followed()
        await world.seen(ReplicationReported)
        await replica.disable()
        await world.settled()
        await shop.put({"orders/hidden": {}})
        await trio.sleep(60)
        assert "orders/hidden" not in mirror.documents()
        await replica.enable()
        await replica.followed()
        await replica.remove()
        await world.settled()
        await shop.put({"orders/hidden": {"still": True}})
        await trio.sleep(60)
        assert replica.owner is None

    notes = played(tale)
    assert {note.why for note in notes if isinstance(note, ReplicationStopped)} == {
        "it is disabled",
        "the task is gone",
    }


def test_an_owner_has_no_grace() -> None:
    """Rule 7.15: at the crash of its owner a task moves with the Rehab, and back with the return, as the hash says."""

    async def tale(world: World, client: Client, shop: Db) -> None:
        mirror = await client.create_database("Mirror", members="DE")
        replica = await shop.define_replication(mirror)
        owner = await replica.sent_by()
        world.crash(owner)
        began = world.now
        assert await replica.sent_by(other_than=owner) in "ABC"
        assert 59 < world.now - began < 70
        world.restart(owner)
        assert await replica.sent_by(other_than=replica.owner) == owner
        with pytest.raises(Refused, match="prefers node 'Z', and 'Shop' is on"):
            await shop.define_replication(mirror, mentor="Z")

    assert sum(isinstance(note, ReplicationStarted) for note in played(tale)) >= 3
