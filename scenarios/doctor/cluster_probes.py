"""Probes of the verbs that concern the whole cluster: start, ask, strike at an event, mend, and those of an administrator."""

import trio

from cluster import steps
from cluster.sim.world import World
from cluster.trace import BecameCandidate, Crashed, Started, Voted
from scenarios.doctor.adder import Add, Adder, heard, say, three
from scenarios.doctor.probes import shows


@shows("start")
async def a_start_brings_each_node_up_once(world: World) -> None:
    world.start("ABC", Adder)
    await world.elected()
    assert [event.node for event in world.history.of(Started)] == ["A", "B", "C"]


@shows("ask")
async def a_request_is_answered_by_any_node(world: World) -> None:
    await three(world)
    assert [await world.ask(node, Add(2)) for node in "ABC"] == [2, 4, 6]


@shows("when")
async def a_fault_strikes_at_its_event_and_only_once(world: World) -> None:
    world.start("ABC", Adder)
    world.when(Voted, steps.Restart(""), count=2)
    await world.elected()
    await trio.sleep(10)
    votes, crashes = world.history.of(Voted), world.history.of(Crashed)
    assert [(crash.t, crash.node) for crash in crashes] == [(votes[1].t, votes[1].node)]


@shows("isolate")
async def who_is_isolated_hears_nobody_and_is_heard_by_nobody(world: World) -> None:
    leader = await three(world)
    world.isolate(leader)
    one, two = sorted({"A", "B", "C"} - {leader})
    say(world, leader, one, two)
    say(world, one, leader, two)
    await trio.sleep(1)
    assert (heard(world, leader), heard(world, one), heard(world, two)) == ([], [], [(one, "hello")])


@shows("mend")
async def mending_ends_whatever_there_was(world: World) -> None:
    world.start("ABCDE", Adder)
    await world.elected()
    world.crash("A")
    world.pause("B")
    world.full_disk("C")
    world.slow_disk("D", 1_000)
    world.drift("D", 900)
    world.cut("D", "E")
    world.hold("E", "C")
    world.rewire(loss=1.0, latency=2)
    world.when(BecameCandidate, steps.Crash(""), count=3)
    await trio.sleep(3)
    world.mend()
    await world.elected(within=20)
    await world.settled()
    assert [world[name].up for name in "ABCDE"] == [True] * 5
    assert {link.wire for link in world.network.links.values()} == {world.wire}
    assert not any(link.cut or link.held for link in world.network.links.values())
    crashes = len(world.history.of(Crashed))
    world.crash(await world.elected())
    await world.elected()
    assert len(world.history.of(Crashed)) == crashes + 1, "no fault waits for its event any more"


@shows("join")
async def who_joins_becomes_a_voter_or_watches(world: World) -> None:
    await three(world)
    await world.ask("A", Add(5))
    world.join("D")
    world.join("W", watcher=True)
    await world.joined("D")
    await world.joined("W", watcher=True)
    await world.settled()
    assert (world["D"].state, world["W"].state) == (5, 5)
    assert world["A"].voters == ("A", "B", "C", "D")


@shows("remove")
async def who_is_removed_runs_on_outside(world: World) -> None:
    leader = await three(world)
    world.remove(leader)
    await world.left(leader)
    heir = await world.elected(other_than=leader)
    await world.ask(heir, Add(5))
    await world.settled()
    assert world[leader].up
    assert world[leader].state != 5
    assert leader not in world[heir].members


@shows("demote")
async def who_is_demoted_watches(world: World) -> None:
    await three(world)
    world.demote("B")
    await world.joined("B", watcher=True)
    await world.settled()
    assert (world["A"].voters, world["A"].members) == (("A", "C"), ("A", "B", "C"))


@shows("promote")
async def who_is_promoted_votes(world: World) -> None:
    await three(world)
    world.demote("B")
    await world.joined("B", watcher=True)
    world.promote("B")
    await world.joined("B")
    await world.settled()
    assert world["A"].voters == ("A", "B", "C")


@shows("reconfigure")
async def the_cluster_is_what_it_is_to_be(world: World) -> None:
    await three(world)
    world.reconfigure("BC", watchers="A")
    await world.reconfigured("BC", "A")
    await world.settled()
    assert (world["B"].voters, world["B"].members) == (("B", "C"), ("A", "B", "C"))


@shows("transfer")
async def the_heir_leads(world: World) -> None:
    leader = await three(world)
    heir = "ABC".replace(leader, "")[0]
    world.transfer(heir)
    await world.led_by(heir, within=5)
    assert world[leader].role == "follower"
