"""Reads without an entry in the log: everywhere, in any weather, and how far a lease may be trusted."""

from functools import partial

import pytest
import trio

from cluster.checks import Violation
from cluster.member import NoLeader
from cluster.raft.timing import Timing
from cluster.sim.network import Wire
from cluster.sim.run import HELD, play, run
from cluster.sim.world import World
from cluster.time_units import MILLISECOND
from cluster.trace import ReadConfirmed
from scenarios.register import Look, Put, Register


def test_every_node_answers_a_look() -> None:
    """A follower asks the leader and catches up; the log does not grow."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        leader = await world.elected()
        await world.ask(leader, Put("x", 1))
        commit = world[leader].commit
        assert [await world.ask(name, Look("x")) for name in "ABC"] == [1, 1, 1]
        assert world[leader].commit == commit

    run(story)


def test_a_read_waits_for_a_leader_and_gives_up() -> None:
    """It may be asked again and again, for it has no effect: so what is said at the end is definite."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        leader = await world.elected()
        await world.ask(leader, Put("x", 1))
        world.isolate(leader)
        with pytest.raises(NoLeader, match="asked for 15 s in vain for this: what is committed; no leader answered"):
            await world.ask(leader, Look("x"))
        world.heal()
        assert await world.ask(leader, Look("x")) == 1

    run(story)


def test_a_learner_reads_too() -> None:
    """Whoever has the log can catch up."""

    async def story(world: World) -> None:
        world.start("A", Register)
        await world.elected()
        await world.ask("A", Put("x", 1))
        world.join("B", watcher=True)
        await world.joined("B", watcher=True)
        assert await world.ask("B", Look("x")) == 1

    run(story)


LINK = Wire(latency=1 * MILLISECOND, jitter=0)


async def someone_else_wins(drift: int, delay: float, world: World) -> None:
    """A leader with a slow clock, voters with quick ones: a rival's question reaches its voter so many ms after the last look."""
    world.start("ABC", Register)
    leader = await world.elected()
    voter, rival = [name for name in "ABC" if name != leader]
    await world.ask(leader, Put("x", 1))
    await world.settled()
    world.drift(leader, -drift)
    world.drift(voter, drift)
    world.drift(rival, drift)
    world.cut(leader, rival)
    world.hold(rival, voter)
    await trio.sleep(2)  # the rival asks, and what it asks waits on the wire
    assert await world.ask(leader, Look("x")) == 1
    world.cut(leader, voter)
    await trio.sleep(delay / 1000)
    world.release(rival, voter)
    second = await world.elected(other_than=leader)
    await world.ask(second, Put("x", 2))
    with trio.move_on_after(0.5):
        await world.ask(leader, Look("x"))


@pytest.mark.parametrize(("assumed", "drift"), [(0, 0), (2_000, 2_000), (100_000, 100_000), (100_000, 50_000)])
def test_a_lease_survives_the_drift_it_was_made_for(assumed: int, drift: int) -> None:
    """Whenever the question comes."""
    timing = Timing(lease_drift=assumed)
    for delay in range(120, 170, 3):
        run(partial(someone_else_wins, drift, delay), timing=timing, wire=LINK)


def test_beyond_that_drift_a_read_is_stale_and_is_caught() -> None:
    """What the docstring of `Timing.lease_drift` warns of."""
    with pytest.raises(Violation, match=r"linearizability: Look x was asked after entry \d was answered and stands at"):
        run(partial(someone_else_wins, 100_000, 138), timing=Timing(lease_drift=0), wire=LINK)


def test_a_lease_asks_less_often() -> None:
    """That is what it is for."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        leader = await world.elected()
        await world.ask(leader, Put("x", 1))
        for _ in range(100):
            assert await world.ask(leader, Look("x")) == 1

    asked, leased = play(story), play(story, timing=Timing(lease_drift=500))
    assert (asked.verdict, leased.verdict) == (HELD, HELD)
    assert asked.messages > leased.messages + 350
    assert sum(isinstance(event.note, ReadConfirmed) for event in leased.history.events) == 100
