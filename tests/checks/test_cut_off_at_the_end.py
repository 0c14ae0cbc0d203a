"""A story may end while a node is cut off: what cannot have arrived there accuses nobody."""

from collections.abc import Callable

import pytest
import trio

from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.steps import Hold
from scenarios import minutes
from scenarios.backups import backups

Cuts = Callable[[World, str], None]


def heard_and_deaf(world: World, node: str) -> None:
    """Nothing reaches the node, and what it says is heard."""
    for other in sorted({*world.names} - {node}):
        world.cut_one_way(other, node)


def held_back(world: World, node: str) -> None:
    """What others send to the node waits on its way."""
    for other in sorted({*world.names} - {node}):
        world.do(Hold(other, node))


CUTS: dict[str, Cuts] = {
    "isolated": lambda world, node: world.isolate(node),
    "heard and deaf": heard_and_deaf,
    "held back": held_back,
    "on links that lose all": lambda world, node: world.rewire(
        loss=1.0, between=(node, [each for each in world.names if each != node])
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_copy_that_is_cut_off_may_differ(cut: str) -> None:
    """What was written meanwhile on the other side is not there."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC")
        leader = world["leader"].name
        far = next(each for each in "ABC" if each != leader)
        CUTS[cut](world, far)
        await shop.put({"orders/new": {"n": 1}}, on=leader)
        await trio.sleep(minutes(20))

    outcome = play(story, 1)
    assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")


@pytest.mark.parametrize("cut", CUTS)
def test_an_owner_that_is_cut_off_reports_nothing(cut: str) -> None:
    """It backs up, and keeps its report until somebody hears it."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC")
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
        await task.ran()
        await trio.sleep(minutes(50))
        assert task.owner is not None
        CUTS[cut](world, task.owner)
        await trio.sleep(minutes(25))

    outcome = play(story, 1)
    assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")


@pytest.mark.parametrize("cut", CUTS)
def test_a_replica_that_is_cut_off_lacks_what_came_later(cut: str) -> None:
    """The replication goes on as soon as its destination is heard."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", members="A")
        far = await client.create_database("Far", members="B")
        await shop.define_replication(far)
        await trio.sleep(minutes(10))
        CUTS[cut](world, "B")
        await shop.put({"orders/new": {"n": 1}}, on="A")
        await trio.sleep(minutes(40))

    outcome = play(story, 1)
    assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")
