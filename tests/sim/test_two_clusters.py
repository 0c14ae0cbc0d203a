"""Two clusters in one world: each has a leader, a log and promises of its own, and weather by the names of its nodes."""

import pytest
import trio

from backup.notes import ReplicationDefined
from backup.record.external_replication import DefineReplication
from backup.record.record import Replication
from cluster import trace
from cluster.checks import Violation
from cluster.checks.consensus import ElectionSafety
from cluster.member import Refused
from cluster.sim.errors import Misuse
from cluster.sim.run import play, run
from cluster.sim.world import World
from scenarios import hours, minutes
from scenarios.backups import BackupStarted, backups


async def both(world: World) -> None:
    """Two clusters, each with its leader."""
    world.start("ABC")
    await world.elected()
    world.found("XYZ")
    await world.elected(beside="X")


def test_each_has_a_leader_and_a_log_of_its_own() -> None:
    """Neither counts the other's nodes."""

    async def story(world: World) -> None:
        await both(world)
        here, there = await world.elected(), await world.elected(beside="Z")
        assert (here in "ABC", there in "XYZ") == (True, True)
        assert {world[name].leader for name in "ABC"} == {here}
        assert {world[name].leader for name in "XYZ"} == {there}
        assert world.nodes_beside("B") == ("A", "B", "C")
        assert world.nodes_beside("Y") == ("X", "Y", "Z")
        term = world[there].term
        world.crash(here)
        heir = await world.elected(other_than=here)
        assert heir in "ABC"
        assert (world[there].term, world[there].role) == (term, "leader"), "the other cluster takes no notice"
        await world.settled(beside="X")
        world.isolate("X")
        world.split("ABC", "XYZ")
        assert await world.elected(beside="Y", other_than="X") in "YZ"

    for seed in (1, 2, 3):
        run(story, seed)


def test_a_promise_is_judged_in_each_cluster_by_itself() -> None:
    """Two leaders of one term in two clusters are in order; two of one cluster break election safety, in the second, too."""

    async def story(world: World) -> None:
        await both(world)
        leader = await world.elected(beside="X")
        other = next(name for name in "XYZ" if name != leader)
        led = world.history.of(trace.BecameLeader, leader)[-1].note
        assert world.history.of(trace.BecameLeader, await world.elected())[-1].note.term == led.term == 1
        world.history.add(other, led)

    outcome = play(story)
    assert isinstance(outcome.failure, Violation)
    assert outcome.failure.promise == ElectionSafety.promise
    names = [name for name, _ in outcome.promises]
    assert len(names) == len(set(names)), "and each promise is told of once"


def test_an_administrator_speaks_to_the_cluster_of_the_node() -> None:
    """Each changes its own members alone; who joins anew joins the first."""

    async def story(world: World) -> None:
        await both(world)
        world.demote("Z")
        await world.joined("Z", watcher=True)
        world.remove("Z")
        await world.left("Z")
        world.join("D")
        await world.joined("D")
        assert world.nodes_beside("A") == ("A", "B", "C", "D")
        assert world[await world.elected()].voters == ("A", "B", "C", "D")
        assert world[await world.elected(beside="X")].voters == ("X", "Y")
        world.reconfigure("XYZ")
        await world.reconfigured("XYZ")

    run(story)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [("", "name at least one"), ("XX", "each once"), ("CX", "none of"), (["x"], "is no node tag")],
)
def test_what_is_no_other_cluster_is_refused(nodes: str, says: str) -> None:
    """By name, before anything happens; and there is no second before the first."""

    async def story(world: World) -> None:
        with pytest.raises(Misuse, match=r"start the first with `world\.start`"):
            world.found("XYZ")
        world.start("ABC")
        with pytest.raises(Misuse, match=says):
            world.found(nodes)
        assert world.names == ("A", "B", "C")

    assert play(story).failure is None


async def weather(world: World) -> None:
    """Each cluster suffers its own."""
    client = backups(world)
    shop = await client.shop("ABC", documents=5)
    far = await client.found("XYZ")
    mirror = await far.create_database("Shop", members="XYZ")
    replica = await shop.define_replication(mirror)
    await replica.followed()
    world.isolate("X")
    await trio.sleep(60)
    world.heal()
    world.crash("B")
    await trio.sleep(120)
    world.restart("B")
    await replica.followed()
    await trio.sleep(200)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_quiet_time_is_skipped_if_both_are_quiet(seed: int) -> None:
    """With the same history, and as many messages, as if every beat were lived."""
    skipped, lived = play(weather, seed), play(weather, seed, skipping=False)
    assert skipped.failure is lived.failure is None
    assert (skipped.digest, skipped.messages) == (lived.digest, lived.messages)
    assert skipped.history.stretches


# ---- off-site ----

PRESETS = ("unkindness", "ravendb-6.2", "ravendb-4.2")


@pytest.mark.parametrize("rules", PRESETS)
def test_what_is_sent_off_site_arrives_whatever_befalls_either_side(rules: str) -> None:
    """19.4: nodes are asked in turn; a destination that is made anew is filled anew; a delay holds."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        far = await client.found("XYZ")
        mirror = await far.create_database("Mirror", members="YZ")
        replica = await shop.define_replication(mirror, delay=30)
        world.crash("Y")
        assert not mirror.documents()
        await replica.followed()
        owner = await replica.sent_by()
        world.crash(owner)
        await shop.put({"orders/new": {"total": 1}})
        await replica.sent_by(other_than=owner)
        await replica.followed()
        world.restart("Y")
        world.restart(owner)
        await mirror.remove()
        await world.settled(beside="X")
        again = await far.create_database("Mirror", members="XY")
        await trio.sleep(minutes(5))
        assert len(again.documents()) == 6

    assert play(story, options={"rules": rules}).failure is None


def test_a_destination_off_site_that_is_not_there_is_asked_for_again() -> None:
    """Neither a name that nobody answers to nor a database that is still to come ends anything."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        far = await client.found("XYZ")
        await shop.ask(DefineReplication("Shop", Replication("Mirror", nodes=("Q", "X"))))
        await trio.sleep(60)
        mirror = await far.create_database("Mirror", members="XYZ")
        await trio.sleep(minutes(2))
        assert len(mirror.documents()) == 5

    run(story)


@pytest.mark.parametrize(
    ("replication", "says"),
    [
        (Replication("Shop"), "goes to itself"),
        (Replication("Mirror", nodes=("X", "X")), "each once"),
        (Replication("Mirror", nodes=("",)), "name nodes of the other cluster"),
        (Replication("Mirror", nodes=("B", "X")), "are of this cluster: name the destination alone"),
    ],
)
def test_what_cannot_be_sent_off_site_is_refused(replication: Replication, says: str) -> None:
    """With what to name instead; a database of the same name in another cluster is none of these."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        with pytest.raises(Refused, match=says):
            await shop.ask(DefineReplication("Shop", replication))
        await shop.ask(DefineReplication("Shop", Replication("Shop", nodes=("X",))))
        told = world.history.of(ReplicationDefined)[-1].note.text()
        assert told.endswith("every change goes to Shop of the cluster of X")

    assert play(story).failure is None


def test_tasks_of_two_clusters_are_told_apart() -> None:
    """Each log numbers its tasks: of equal numbers each client sees its own runs, and each cluster its own promises."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=5)
        far = await client.found("XYZ")
        there = await far.create_database("Shop", members="XYZ")
        await there.put({"orders/1": {"total": 1}})
        mine, theirs = await shop.define(full="0 1 * * *"), await there.define(full="0 2 * * *")
        assert mine.id == theirs.id
        await trio.sleep(hours(2.5) - world.now)
        assert [run.node in client.names for run in mine.runs] == [True]
        assert [run.node in far.names for run in theirs.runs] == [True]
        assert len(world.history.of(BackupStarted)) == 2
        assert (await theirs.restore_newest("Copy")).compared()
        assert far.recorded("Copy") is not None
        assert client.recorded("Copy") is None

    run(story)
