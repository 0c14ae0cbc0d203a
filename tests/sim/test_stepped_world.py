"""A world that is driven by plain calls: time passes only in them, and what breaks is raised by the call."""

import pytest

from cluster.checks import Violation
from cluster.member import Refused
from cluster.sim.run import play
from cluster.sim.stepped_world import SteppedWorld
from cluster.sim.world import GaveUp, Misuse, World
from tests.examples.lock_service import HasNoFence, Locks, Save, Take, locks_are_linearizable


def test_time_passes_only_in_calls() -> None:
    """Between two calls nothing happens, and the history is that of a story with the same steps."""
    with SteppedWorld(seed=3) as stepped:
        world = stepped.world
        world.start("ABC")
        assert world.now == 0
        leader = stepped.call(lambda: world.elected())
        at = world.now
        world.crash(leader)
        assert world.now == at
        stepped.wait(3_600)
        assert world.now == at + 3_600
        other = stepped.call(lambda: world.elected(other_than=leader))
        digest = world.history.digest()
    assert other != leader

    async def story(world: World) -> None:
        import trio

        world.start("ABC")
        leader = await world.elected()
        world.crash(leader)
        await trio.sleep(3_600)
        await world.elected(other_than=leader)
        assert world.history.digest() == digest

    assert play(story, 3).failure is None


def test_an_error_of_a_call_is_the_callers() -> None:
    """And the world goes on; one that has ended is refused."""
    stepped = SteppedWorld()
    stepped.world.start("ABC", Locks)
    leader = stepped.call(lambda: stepped.world.elected())
    assert stepped.call(lambda: stepped.world.ask(leader, Take("door", "Ann"))) == 1
    with pytest.raises(Refused):
        stepped.call(lambda: stepped.world.ask(leader, Take("door", "Bob")))
    stepped.world.crash("followers")
    with pytest.raises(GaveUp):
        stepped.call(lambda: stepped.world.elected(other_than=leader, within=2))
    stepped.end()
    stepped.end()
    with pytest.raises(Misuse, match="this world has ended"):
        stepped.wait(1)


def test_a_broken_promise_is_raised_by_the_call() -> None:
    """With the seed and the last lines of the timeline."""
    stepped = SteppedWorld(seed=2)
    world = stepped.world
    world.watch(locks_are_linearizable())
    world.start("ABC", HasNoFence)
    leader = stepped.call(lambda: world.elected())
    for client in ("Ann", "Bob"):
        stepped.call(lambda client=client: world.ask(leader, Take("door", client)))  # type: ignore[misc]
        stepped.wait(7)
    with pytest.raises(Violation, match="linearizability") as raised:
        stepped.call(lambda: world.ask(leader, Save("door", 1, "late")))
    assert any(note.startswith("seed 2, ") for note in raised.value.__notes__)
    stepped.end()


def test_what_only_the_end_can_tell_is_raised_there() -> None:
    """A promise that was never kept."""
    stepped = SteppedWorld()
    stepped.world.start("ABC")
    stepped.world.eventually("a pig flies", lambda: False)
    stepped.wait(1)
    with pytest.raises(Violation, match="a pig flies: it never was"):
        stepped.end()


def test_a_wrong_option_is_told_at_once() -> None:
    """There is no world then."""
    with pytest.raises(Misuse, match=r"wire has no 'los'\. Did you mean loss\?"):
        SteppedWorld(wire={"los": 0.1})
