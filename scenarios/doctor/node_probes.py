"""Probes of what befalls a whole node: it dies, comes back, stands still, or loses its disk."""

from contextlib import suppress

import trio

from cluster import steps
from cluster.member import OutcomeUnknown
from cluster.sim.world import World
from cluster.time_units import SECOND
from cluster.trace import Crashed, Lost, Started, Stopped, Wrote
from scenarios.doctor.adder import Add, Adder, heard, member_of, say, three
from scenarios.doctor.probes import shows


@shows("crash")
async def a_crash_ends_a_node_and_its_memory(world: World) -> None:
    leader = await three(world)
    follower = "ABC".replace(leader, "")[0]
    application = world[follower].application
    world.crash(follower)
    assert (world[follower].up, world[follower].role, world[follower].state) == (False, "down", None)
    say(world, leader, follower)
    lost = await world.seen(Lost, node=follower, message="Word")
    assert lost.note.why == "down"
    world.crash(follower)
    assert len(world.history.of(Crashed)) == 1, "who is down cannot crash"
    world.restart(follower)
    await world.settled()
    assert world[follower].application is not application
    assert heard(world, follower) == []


@shows("stop")
async def a_stop_ends_a_node_with_all_that_it_wrote_on_its_disk(world: World) -> None:
    world.start("A", Adder)
    await world.settled()
    world.slow_disk("A", 1_000)
    world.when(Wrote, steps.Stop(""))
    with suppress(OutcomeUnknown):
        await world.ask("A", Add(5))
    assert (world["A"].up, world["A"].role) == (False, "down")
    world.stop("A")
    assert len(world.history.of(Stopped)) == 1, "who is down cannot stop"
    world.restart("A")
    await world.settled()
    assert world["A"].state == 5, "nothing that was written is lost"


@shows("restart")
async def a_restart_begins_a_new_life_from_the_disk(world: World) -> None:
    leader = await three(world)
    await world.ask(leader, Add(5))
    await world.settled()
    term = world[leader].term
    world.restart(leader)
    assert not world[leader].up, "it comes up as the next thing"
    await world.seen(Started, node=leader)
    assert [event.note.incarnation for event in world.history.of(Started, leader)] == [1, 2]
    assert world[leader].term >= term
    await world.elected()
    await world.settled()
    assert [world[name].state for name in "ABC"] == [5, 5, 5]


@shows("pause")
async def a_paused_node_stands_still_and_is_deposed(world: World) -> None:
    leader = await three(world)
    others = "ABC".replace(leader, "")
    await world.settled()
    world.pause(leader)
    before, monotonic = len(world.history), member_of(world, leader).monotonic()
    say(world, others[0], leader)
    await world.elected(other_than=leader)
    await trio.sleep(5)
    assert not [event for event in world.history.events[before:] if event.node == leader], "it does nothing at all"
    assert world[leader].role == "leader", "it does not know yet"
    assert member_of(world, leader).monotonic() - monotonic > 5 * SECOND, "its clocks go on"


@shows("resume")
async def a_resumed_node_handles_what_came_meanwhile(world: World) -> None:
    leader = await three(world)
    other = "ABC".replace(leader, "")[0]
    world.pause(other)
    say(world, leader, other, word="while you were away")
    await trio.sleep(30)
    assert heard(world, other) == []
    world.resume(other)
    await trio.sleep(0.001)
    assert heard(world, other) == [(leader, "while you were away")]
    await world.settled()
    world.resume(other)  # nothing happens to who is awake
