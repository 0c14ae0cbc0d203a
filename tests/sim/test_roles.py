"""Nodes by their role: looked up when the verb acts or the fault strikes, and recorded by name."""

import pytest
import trio

from cluster.sim.errors import Misuse
from cluster.sim.run import play
from cluster.sim.world import World
from cluster.steps import Crash, Cut, CutOneWay, Pause, Reconfigure, Rewire, Split
from cluster.trace import BecameLeader, Crashed, Stepped
from scenarios.backups import BackupFinished, backups, owner


def test_the_leader_is_who_leads_now() -> None:
    """A crash of the leader, twice: two nodes; the world and its questions know the role too."""

    async def story(world: World) -> None:
        world.start("ABCDE")
        first = await world.elected()
        assert world["leader"].name == first
        await world.led_by("leader")
        with pytest.raises(Misuse, match="there is no node 'Z'; nodes are A, B, C, D, E"):
            await world.led_by("Z")
        world.crash("leader")
        second = await world.elected(other_than=first)
        world.pause("leader")
        steps = [event.note.step for event in world.history.of(Stepped)]
        assert steps[1:] == [Crash(first), Pause(second)]

    assert play(story).failure is None


def test_followers_are_each_of_them() -> None:
    """A cut of the leader from its followers is one step a link; links between groups take roles as well."""

    async def story(world: World) -> None:
        world.start("ABC")
        leader = await world.elected()
        one, other = (name for name in "ABC" if name != leader)
        world.cut("leader", "followers")
        world.heal()
        world.cut_one_way("followers", "leader")
        world.heal()
        world.rewire(loss=1.0, between=("leader", "followers"))
        world.split("leader", [one, other])
        recorded = [event.note.step for event in world.history.of(Stepped)]
        cuts = [step for step in recorded if isinstance(step, Cut | CutOneWay)]
        assert cuts == [Cut(leader, one), Cut(leader, other), CutOneWay(one, leader), CutOneWay(other, leader)]
        assert Rewire(loss=1.0, between=((leader,), (one, other))) in recorded

    assert play(story).failure is None


def test_a_fault_looks_when_it_strikes() -> None:
    """At the second election the leader is another."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.when(BecameLeader, Crash("leader"), count=2)
        first = await world.elected()
        world.crash("leader")
        await trio.sleep(5)
        struck = [event.note.step for event in world.history.of(Stepped)][-1]
        assert isinstance(struck, Crash)
        assert struck.node != first

    assert play(story).failure is None


def test_the_owner_of_a_task_is_looked_up_late() -> None:
    """By the task's name, its id, or its database: whoever is responsible then."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", documents=3)
        task = await shop.define(full="0 * * * *", name="hourly", mentor="B")
        world.when(BackupFinished, Crash(owner("Shop")))
        run = await task.ran()
        await trio.sleep(1)
        assert not world[run.node].up
        assert world[owner("hourly")].name == "B" == world[owner(str(task.id))].name
        with pytest.raises(Misuse, match="owner of weekly: no tasks are called so: the tasks are hourly"):
            world.crash(owner("weekly"))

    assert play(story).failure is None


def test_a_step_in_groups_looks_for_roles_as_its_verb_does() -> None:
    """Given as data, now or at an event: what is done and recorded are nodes. So are the members of a configuration."""

    async def story(world: World) -> None:
        world.start("ABC")
        leader = await world.elected()
        followers = tuple(name for name in "ABC" if name != leader)
        world.do(Split((("leader",), ("followers",))))
        world.heal()
        world.do(Rewire(loss=1.0, between=(("leader",), ("followers",))))
        world.mend()
        world.reconfigure(["leader"])
        await world.left(followers[0])
        recorded = [event.note.step for event in world.history.of(Stepped)]
        assert Split(((leader,), followers)) in recorded
        assert Rewire(loss=1.0, between=((leader,), followers)) in recorded
        assert Reconfigure((leader,)) in recorded
        world.when(Crashed, Split((("leader",), followers)))
        world.crash(followers[0])
        await trio.sleep(1)
        assert not world.network.reaches(leader, followers[0])

    assert play(story).failure is None


def test_nobody_leads() -> None:
    """Then a verb for the leader is refused, with what to wait for; so is a role of many where one is meant."""

    async def story(world: World) -> None:
        world.start("ABC")
        with pytest.raises(
            Misuse, match=r"there is no leader now: wait until there is, with `await world\.elected\(\)`"
        ):
            world.crash("leader")
        await world.elected()
        with pytest.raises(Misuse, match="followers are 2 nodes"):
            world.isolate("followers")

    assert play(story).failure is None


@pytest.mark.parametrize("skipping", [True, False])
def test_some_links_lose_messages(skipping: bool) -> None:
    """Between a leader and one follower nothing arrives; the others hear each other, and all is well when links change again."""

    async def story(world: World) -> None:
        world.start("ABC")
        leader = await world.elected()
        far = next(name for name in "ABC" if name != leader)
        world.rewire(loss=1.0, between=(leader, far))
        await trio.sleep(5)
        assert world[leader].role == "leader", "the third node still hears it"
        assert {pair for pair, link in world.network.links.items() if link.wire.loss} == {(leader, far), (far, leader)}
        world.rewire(latency=0.005)
        assert not any(link.wire.loss for link in world.network.links.values())
        await world.settled(within=5)

    assert play(story, skipping=skipping).failure is None
