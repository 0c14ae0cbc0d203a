"""Fixtures for tests of your own under pytest-trio: the clock of a world, and a world that runs by it.

    async def test_somebody_leads(world_clock):
        async with World(seed=7, clock=world_clock) as world:
            world.start("ABC")
            await world.elected()

That needs the extra `[properties]`, which brings pytest-trio, and `trio_mode = true` in pytest's settings (or
`@pytest.mark.trio` on the test). pytest-trio runs a test by the clock that it finds among the test's own arguments.
Nothing of ours is imported before a fixture is asked for: coverage and `UNKINDNESS_FROZEN` must come first. Never here:
a rule, an assertion, a default of the world.
"""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cluster.sim.clock import Clock
    from cluster.sim.world import World


WORLD = pytest.StashKey["World"]()
"""The key under which a test's item keeps the world that the fixture has made."""


@pytest.fixture
def world_clock() -> "Clock":
    """A virtual clock for one world and for trio: the test's sleeps are jumps."""
    from cluster.sim.clock import Clock

    return Clock()


@pytest.fixture
def world_seed() -> int:
    """The seed of `world`: override it, or parametrize the test with it."""
    return 1


@pytest.fixture
async def world(request: pytest.FixtureRequest, world_clock: "Clock", world_seed: int) -> AsyncIterator["World"]:
    """A world without nodes. The test must name `world_clock` too: pytest-trio looks for a clock nowhere else."""
    import trio

    from cluster.sim.world import World

    if trio.lowlevel.current_clock() is not world_clock:
        pytest.fail(
            "name world_clock among the test's arguments, beside world: it is the clock to run by", pytrace=False
        )
    async with World(world_seed, clock=world_clock) as made:
        request.node.stash[WORLD] = made
        yield made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let a test fail with the one exception that broke its world: nurseries around it wrap it in groups."""
    try:
        yield
    except BaseExceptionGroup as group:
        alone = _alone(group)
        if alone is None or "world_clock" not in getattr(item, "fixturenames", ()):
            raise
        _explained(alone, item)
        raise alone from None
    except Exception as error:
        _explained(error, item)
        raise


def _explained(error: BaseException, item: pytest.Item) -> None:
    """Add the seed and the last lines of the timeline to the test's exception, unless the world has done so."""
    world = item.stash.get(WORLD, None)
    if world is None or any(note.startswith(f"seed {world.seed}, ") for note in getattr(error, "__notes__", ())):
        return
    from cluster.sim.timeline import explain

    explain(error, world.seed, world.history, world.names)


def _alone(error: BaseException) -> BaseException | None:
    """The one exception in nested groups; None if there are several."""
    while isinstance(error, BaseExceptionGroup):
        if len(error.exceptions) != 1:
            return None
        error = error.exceptions[0]
    return error
