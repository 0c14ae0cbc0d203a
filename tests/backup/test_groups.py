"""Groups that change: what an operator asks, what is refused, who leaves and what it leaves behind."""

import attrs
import pytest
import trio

from backup.notes import CopyClosed, CopyHolds, ObserverDecided, TopologyChanged
from backup.record import group_commands
from backup.record.commands import Command, apply
from backup.record.database_commands import CreateDatabase, RemoveDatabase
from backup.record.group_commands import AddNode, Distribute, PromoteNode, RemoveNode, ReorderMembers
from backup.record.record import Database, PromotionStatus, Record, Topology
from backup.record.rules import rules_named
from backup.requests.admin_requests import ReadDecisions, SuspendObserver
from backup.requests.document_requests import PutDocuments
from cluster.member import Refused
from cluster.sim.world import World
from tests.backup.shop import open_shop, orders, owner, played

ABC = Topology(("A", "B"), ("C",), ("D",), 3, demotions=(("D", PromotionStatus.NOT_RESPONDING),), priority_order=("B",))
SHOP = Record().with_database(Database("Shop", 1, ABC, 5))


@pytest.mark.parametrize(
    ("command", "members", "promotables", "rehabs", "factor"),
    [
        (group_commands.AddNode("shop", "E", at=7, term=2), "AB", "CE", "D", 4),
        (group_commands.RemoveNode("Shop", "A", at=7, term=2), "B", "C", "D", 2),
        (group_commands.RemoveNode("Shop", "D", at=7, term=2), "AB", "C", "", 2),
        (group_commands.PromoteNode("Shop", "C", at=7, term=2), "ABC", "", "D", 3),
        (group_commands.ReorderMembers("Shop", ("B", "A"), False, at=7, term=2), "BA", "C", "D", 3),
        (group_commands.Distribute("Shop", True, at=7, term=2), "AB", "C", "D", 3),
    ],
)
def test_a_group_is_what_was_asked_for(
    command: group_commands.GroupCommand, members: str, promotables: str, rehabs: str, factor: int
) -> None:
    """The topology carries when it changed, and what was worked out from the record before is refused (5.13)."""
    record, answer = apply(SHOP, command, 9)
    topology = record.databases["shop"].topology
    assert ["".join(nodes) for nodes in (topology.members, topology.promotables, topology.rehabs)] == [
        members,
        promotables,
        rehabs,
    ]
    assert (topology.replication_factor, record.databases["shop"].changed) == (factor, 9)
    assert answer == (command.node if isinstance(command, group_commands.AddNode) else None)
    assert (topology.stamp.index, topology.stamp.term, topology.stamp.at) == (9, 2, 7)


def test_what_belongs_to_a_node_goes_with_it() -> None:
    """Its mark and its place in the wish; `fixed` makes a wish, a plain order takes it back."""
    gone, _ = apply(SHOP, group_commands.RemoveNode("Shop", "D", at=7, term=2), 9)
    assert gone.databases["shop"].topology.demotions == ()
    gone, _ = apply(SHOP, group_commands.RemoveNode("Shop", "B", at=7, term=2), 9)
    assert gone.databases["shop"].topology.priority_order == ()
    wished, _ = apply(SHOP, group_commands.ReorderMembers("Shop", ("B", "A"), True, at=7, term=2), 9)
    assert wished.databases["shop"].topology.priority_order == ("B", "A")
    plain, _ = apply(wished, group_commands.ReorderMembers("Shop", ("A", "B"), False, at=7, term=2), 10)
    assert plain.databases["shop"].topology.priority_order == ()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (group_commands.AddNode("Shop", "B"), r"node B is in the group of 'Shop' already"),
        (group_commands.AddNode("Bank", "B"), r"there is no database 'Bank'"),
        (
            group_commands.RemoveNode("Shop", "X"),
            r"node X is not in the group of 'Shop', which is A B C D",
        ),
        (group_commands.PromoteNode("Shop", "X"), r"node X is not in the group"),
        (group_commands.PromoteNode("Shop", "A"), r"node A of 'Shop' is a member already"),
        (
            group_commands.PromoteNode("Shop", "D"),
            r"node D of 'Shop' is in Rehab, and comes back by itself",
        ),
        (group_commands.ReorderMembers("Shop", ("A",), False), r"the members of 'Shop' are A B, not A"),
        (group_commands.ReorderMembers("Shop", ("A", "C"), False), r"name each of them once"),
        (CreateDatabase("Bank", ("A",), priority_order=("A", "Z")), r"names Z, which is no member of it"),
    ],
)
def test_what_cannot_be_is_refused(command: Command, reason: str) -> None:
    """One sentence each, with the value and the remedy."""
    with pytest.raises(Refused, match=reason):
        apply(SHOP, command, 9)


def test_the_only_member_cannot_leave() -> None:
    """The database would be nowhere."""
    alone = Record().with_database(Database("Shop", 1, Topology(("A",), ("B",), replication_factor=2), 5))
    with pytest.raises(Refused, match=r"node A is the only member of 'Shop': add another and wait"):
        apply(alone, group_commands.RemoveNode("Shop", "A"), 9)


def test_a_database_deleted_softly_is_remembered_by_its_id() -> None:
    """So that each node, whenever it hears of it, knows that the files stay."""
    record, _ = apply(SHOP, RemoveDatabase("Shop", hard=False), 9)
    assert (record.databases, record.put_by) == ({}, (1,))
    assert apply(SHOP, RemoveDatabase("Shop"), 9)[0].put_by == ()
    again, _ = apply(record, CreateDatabase("Shop", ("A",)), 10)
    assert again.put_by == (1,)


# ---- in a cluster


def topology(world: World, node: str = "A") -> Topology:
    found = world[node].state.database("Shop").topology
    assert isinstance(found, Topology)
    return found


def holds(world: World, node: str) -> bool:
    """Whether there is a copy on that node, in memory."""
    application = world[node].application
    return application is not None and any(application.store(database_id) is not None for database_id in range(1, 40))


def copies(world: World, node: str, folder: str = "copies") -> list[str]:
    """What lies on the node's disk of any database."""
    prefix = f"files/{folder}/"
    return [name for name in sorted(world.slots[node].disk.files) if name.startswith(prefix)]


def test_a_node_is_added_filled_and_promoted() -> None:
    """Rules 5.4.7, 5.9: without a name, the node with the fewest databases; it becomes a member once it has caught up."""

    async def story(world: World) -> None:
        await open_shop(world, replication_factor=2)
        await world.ask("A", CreateDatabase("Bank", members=("C",)))
        assert await world.ask("A", AddNode("Shop")) == "D"
        assert topology(world).promotables == ("D",)
        await world.until(lambda: "D" in topology(world).members, within=60, what="D a member")
        with pytest.raises(Refused, match="Z is none of the cluster, which is A B C D"):
            await world.ask("A", AddNode("Shop", "Z"))
        await world.ask("A", AddNode("Shop", "C"))
        with pytest.raises(Refused, match="'Shop' is on every node of the cluster"):
            await world.ask("A", AddNode("Shop"))

    told = played(story, nodes="ABCD")
    assert {note.why for note in told.all(TopologyChanged)} >= {"D was added"}
    [fingerprint] = {note.fingerprint for note in told.all(CopyHolds) if note.etag == 20}
    assert fingerprint


def test_a_node_that_leaves_hands_over_what_only_it_has() -> None:
    """Rule 5.15: C is cut off from the others, written to, and removed; when it can talk again the group gets it all."""

    async def story(world: World) -> None:
        await open_shop(world)
        world.isolate("C")
        await world.ask("C", orders(100, 110, "only here"))
        leader = await world.elected()
        await world.ask(leader, RemoveNode("Shop", "C"))
        await trio.sleep(30)
        assert holds(world, "C")
        world.heal()
        await world.until(lambda: not holds(world, "C"), within=120, what="C without a copy")
        for node in "AB":
            store = world[node].application.store(world[node].state.database("Shop").id)
            assert store.get("orders/105") is not None
        assert topology(world, leader).replication_factor == 2

    [closed] = played(story).all(CopyClosed, "C")
    assert closed.told == closed.etag > 20
    assert closed.hard


@pytest.mark.parametrize("hard", [True, False])
def test_a_deleted_database_takes_its_files_or_leaves_them(hard: bool) -> None:
    """Also on a node that was down meanwhile; and its name is free at once."""

    async def story(world: World) -> None:
        await open_shop(world)
        old = world["A"].state.database("Shop").id
        world.crash("C")
        await world.elected()
        await world.ask("A", RemoveDatabase("Shop", hard))
        await world.ask("A", CreateDatabase("Shop", members=("A", "B")))
        world.restart("C")
        await world.settled()
        await trio.sleep(5)
        for node in "ABC":
            assert f"files/copies/{old}" not in copies(world, node)
            assert copies(world, node, "put by") == ([] if hard else [f"files/put by/{old}"])

    played(story)


def test_files_of_a_node_that_left_are_put_by_if_the_rules_say_so() -> None:
    """Cluster.HardDeleteOnReplacement (section 2)."""
    rules = attrs.evolve(rules_named("unkindness"), name="soft", hard_delete_on_leaving=False)

    async def story(world: World) -> None:
        await open_shop(world)
        await world.ask("A", RemoveNode("Shop", "C"))
        await world.until(lambda: not holds(world, "C"), within=60, what="C without a copy")
        await trio.sleep(1)
        assert copies(world, "C") == []
        assert len(copies(world, "C", "put by")) == 1

    played(story, rules=rules)


def test_a_group_is_reordered_and_kept_so() -> None:
    """Rule 5.4.6: the wish stands after the group has changed; without one the order after a promotion is anyone's."""

    async def story(world: World) -> None:
        await open_shop(world)
        await world.ask("A", ReorderMembers("Shop", ("C", "B", "A"), fixed=True))
        assert topology(world).members == ("C", "B", "A")
        world.crash("C")
        await world.until(lambda: topology(world).rehabs == ("C",), within=200, what="C in rehab")
        world.restart("C")
        await world.until(lambda: topology(world).members == ("C", "B", "A"), within=60, what="the wished order")

    played(story)


def test_a_lost_member_is_replaced_after_fifteen_minutes() -> None:
    """Rules 5.4.8, 5.4.9, 7.14: D takes B's place, B leaves the group, and its task moves at once, before the grace ends."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        await world.ask("A", Distribute("Shop"))
        lost = owner(world, task)
        world.crash(lost)
        began = world.now
        await world.until(lambda: "D" in topology(world, "D").members, within=1_200, what="D a member")
        assert 900 <= world.now - began <= 1_000
        await world.until(lambda: owner(world, task) != lost, within=10, what="another owner")
        assert lost not in topology(world, "D").nodes
        world.restart(lost)
        await world.until(lambda: not holds(world, lost), within=60, what="no copy where it was")

    told = played(story, nodes="ABCD")
    assert [note.rule for note in told.all(ObserverDecided) if note.rule.startswith("5.4")][-3:] == [
        "5.4.3",
        "5.4.8",
        "5.4.9",
    ]


def test_a_suspended_observer_decides_nothing() -> None:
    """Rule 5.16: on its node only, and its log can be read there."""

    async def story(world: World) -> None:
        await open_shop(world)
        leader = await world.elected()
        log = await world.ask(leader, ReadDecisions())
        assert [line.rule for line in log] == ["7.8.3"]
        other = next(node for node in "ABC" if node != leader)
        assert await world.ask(other, ReadDecisions()) == ()
        await world.ask(leader, SuspendObserver())
        world.crash(other)
        await trio.sleep(200)
        assert topology(world, leader).rehabs == ()
        await world.ask(leader, SuspendObserver(False))
        await world.until(lambda: topology(world, leader).rehabs == (other,), within=10, what="Rehab")

    played(story)


def test_a_node_that_was_short_of_memory_when_last_heard_keeps_its_task() -> None:
    """Rules 5.6, 7.8.6: the mark says why, and the owner stays for as long as it takes."""

    async def story(world: World) -> None:
        task = await open_shop(world)
        before = owner(world, task)
        world.short(before, "dirty memory")
        await trio.sleep(5)
        world.pause(before)
        alive = next(node for node in "ABC" if node != before)
        await world.until(lambda: before in topology(world, alive).rehabs, within=100, what="Rehab")
        await trio.sleep(3_600)
        assert topology(world, alive).demotion(before) is PromotionStatus.HIGH_DIRTY_MEMORY
        assert world[alive].state.database("Shop").assignments[task].node == before
        world.resume(before)
        await trio.sleep(30)
        assert before in topology(world, alive).rehabs  # rule 5.9: not while it is short of anything
        world.short(before, "dirty memory", False)
        await world.until(lambda: before in topology(world, alive).members, within=30, what="a member")

    played(story)


def test_a_promotable_is_promoted_by_hand() -> None:
    """Before it has caught up, if the operator says so."""

    async def story(world: World) -> None:
        await open_shop(world, replication_factor=2)
        await world.ask("A", PutDocuments.of("Shop", {"a": {}}, "Orders"))
        world.crash("C")
        await world.elected()
        await world.ask("A", AddNode("Shop", "C"))
        await world.ask("A", PromoteNode("Shop", "C"))
        assert topology(world).members == ("A", "B", "C")

    played(story)
