"""What removing a node from the cluster does to databases, in the record and in a world (rule 26.1)."""

from typing import Any

import attrs
import pytest
import trio

from backup.notes import CopyClosed, DatabaseRemoved, TopologyChanged
from backup.record.cluster_nodes import reconfigured
from backup.record.commands import apply
from backup.record.database_commands import CreateDatabase
from backup.record.group_commands import AddNode
from backup.record.record import Database, PromotionStatus, Record, Restoring, Stamp, Topology
from cluster.member import Refused
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import minutes
from scenarios.backups import backups

MARKED = (("C", PromotionStatus.NOT_RESPONDING),)


def after(group: Topology, nodes: str, **more: Any) -> Database | None:
    shop = attrs.evolve(Database("Shop", 1, group, 1), **more)
    return reconfigured(Record().with_database(shop), tuple(nodes), 9).database("Shop")


@pytest.mark.parametrize(
    ("group", "left"),
    [
        (Topology(("A", "B", "C"), replication_factor=3), Topology(("A", "B"), replication_factor=2)),
        (Topology(("A",), rehabs=("C",), replication_factor=2, demotions=MARKED), Topology(("A",))),
        (Topology(("A",), promotables=("C", "B")), Topology(("A",), promotables=("B",), replication_factor=2)),
        (Topology(("A", "C"), priority_order=("C", "A")), Topology(("A",), priority_order=("A",))),
        (Topology(("C",), rehabs=("B",), replication_factor=2), Topology((), rehabs=("B",))),
    ],
)
def test_who_is_removed_leaves_every_group_in_the_same_entry(group: Topology, left: Topology) -> None:
    """26.1: from each list, with its mark; the factor is how many are left, and the stamp stays as it was."""
    stamp = Stamp(4, 2, 7)
    found = after(attrs.evolve(group, stamp=stamp), "AB")

    assert found is not None
    assert found.topology == attrs.evolve(left, stamp=stamp)
    assert (found.changed, found.departed) == (9, ("C",))


def test_a_group_that_nobody_left_stays_the_same_object() -> None:
    """Nothing is looked at again for a node that only joins or gets its vote."""
    shop = Database("Shop", 1, Topology(("A", "B")), 1)
    record = Record().with_database(shop)
    joined = reconfigured(record, ("A", "B", "D"), 9)
    assert joined.database("Shop") is shop
    assert reconfigured(joined, ("A", "B", "D"), 10) is joined


def test_a_database_without_a_node_goes_and_its_files_are_put_by() -> None:
    """26.1, 17.8: so does one that the node was restoring, as nobody else has the half of it."""
    assert after(Topology(("C",)), "AB") is None
    assert after(Topology(("C", "A")), "AB", restoring=Restoring("C", 1)) is None
    assert after(Topology(("C", "A")), "AB", restoring=Restoring("A", 1)) is not None
    record = Record().with_database(Database("Shop", 1, Topology(("C",)), 1))
    assert reconfigured(record, ("A",), 9).put_by == (1,)


def test_a_command_that_comes_after_the_removal_puts_nobody_back() -> None:
    """It was let in before; the entry of the removal came first."""
    record = Record(nodes=("A", "B")).with_database(Database("Shop", 1, Topology(("A",)), 1))
    for command in (AddNode("Shop", "C"), CreateDatabase("Other", ("B", "C"))):
        with pytest.raises(Refused, match="node C is none of the cluster, which is A B: name one of them"):
            apply(record, command, 9)
    with pytest.raises(Refused, match="node B has left the group of 'Shop', and its old copy is not handed over yet"):
        apply(
            Record().with_database(Database("Shop", 1, Topology(("A",)), 1, departed=("B",))), AddNode("Shop", "B"), 9
        )


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_leader_removes_itself_with_a_database_of_its_own(rules: str) -> None:
    """26.1: whoever tells of it, the database that only the leader had is gone, and its copy is not deleted."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        leader = await world.elected()
        await (await client.create_database("Mine", members=leader)).fill(3)
        everywhere = await client.create_database("Shop", members="ABC")
        await everywhere.fill(3)
        world.remove(leader)
        await world.left(leader)
        await trio.sleep(minutes(5))
        others = "ABC".replace(leader, "")
        assert {note.database for note in [event.note for event in world.history.of(DatabaseRemoved)]} == {"Mine"}
        changed = [event.note for event in world.history.of(TopologyChanged)]
        assert {note.why for note in changed} == {f"{leader} was removed from the cluster"}
        assert [sorted(world[node].state.existing("Shop").topology.members) for node in others] == [list(others)] * 2
        assert not [event for event in world.history.of(CopyClosed) if event.note.hard]

    run(story, options={"rules": rules})
