"""Whoever writes tests with pytest-trio has a world by two fixtures, and one clean message when a promise breaks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TESTS = '''
import pytest
import trio
from cluster.sim.world import World
from cluster.trace import BecameLeader

pytestmark = pytest.mark.trio


def lie(world, leader):
    """In five seconds another node claims to lead the same term."""
    other = world.slots["ABC".replace(leader, "")[0]].machine
    world.clock.at(world.clock.now + 5_000_000, 0, 0, 0, lambda _: other.note(BecameLeader(1, 2, 0, 0)), None)


async def test_by_hand(world_clock):
    async with World(seed=7, clock=world_clock) as world:
        world.start("ABC")
        await world.elected()
        await trio.sleep(86_400)
        assert world.now > 86_400
    await trio.sleep(86_400)


async def test_fixture(world, world_clock):
    world.start("ABC")
    await world.elected()
    await trio.sleep(86_400)
    assert world.seed == 1


@pytest.mark.parametrize("world_seed", [3, 4])
async def test_seed(world, world_clock, world_seed):
    assert world.seed == world_seed


async def test_broken_by_hand(world_clock):
    async with World(seed=7, clock=world_clock) as world:
        world.start("ABC")
        lie(world, await world.elected())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            await trio.sleep(86_400)


async def test_broken_fixture(world, world_clock):
    world.start("ABC")
    lie(world, await world.elected())
    await trio.sleep(86_400)


async def test_assertion(world, world_clock):
    world.start("ABC")
    assert await world.elected() == "Z"


async def test_deadlock(world, world_clock):
    world.start("A")
    await world.elected()
    world.crash("A")
    await trio.sleep_forever()


async def test_gave_up(world, world_clock):
    world.start("AB")
    world.crash("A")
    await world.elected(within=3)


async def test_forgotten_clock(world):
    world.start("ABC")


async def test_two_failures(world_clock):
    async with World(seed=7, clock=world_clock) as world:
        async with trio.open_nursery() as nursery:
            for number in range(2):
                nursery.start_soon(fails, number)


async def fails(number):
    raise LookupError(str(number))


async def test_no_world():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fails, 9)
'''


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of each of these tests in a folder of its own: empty if it passed, else its summary."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (folder / "conftest.py").write_text('pytest_plugins = ["scenarios.pytest_plugin"]\n')
    (folder / "test_user.py").write_text(TESTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", "--tb=short", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    told = {"": ran.stdout}
    for line in ran.stdout.splitlines():
        outcome, _, rest = line.partition(" ")
        name, _, message = rest.partition(" - ")
        if outcome in ("PASSED", "FAILED", "ERROR"):
            told[name.partition("::")[2]] = "" if outcome == "PASSED" else message
    return told


@pytest.mark.parametrize("test", ["test_by_hand", "test_fixture", "test_seed[3]", "test_seed[4]"])
def test_a_world_runs_under_pytest_trio(test: str, report: dict[str, str]) -> None:
    """A day passes at once, in the world and after it; the seed can be chosen."""
    assert report[test] == ""


FAILURES = {
    "test_broken_by_hand": "Violation: election safety: B and A both lead term 1",
    "test_broken_fixture": "Violation: election safety: A and B both lead term 1",
    "test_assertion": "AssertionError: assert 'A' == 'Z'",
    "test_deadlock": "cluster.sim.errors.Deadlock: nothing can ever happen any more at 00:00:00.",
    "test_gave_up": "GaveUp: waited 3 s for a leader, in vain",
    "test_forgotten_clock": "Failed: name world_clock among the test's arguments, beside world: it is the clock to run by",
    "test_two_failures": "ExceptionGroup: ",
    "test_no_world": "LookupError('9') [single exception in ExceptionGroup]",
}


@pytest.mark.parametrize(("test", "message"), FAILURES.items(), ids=FAILURES)
def test_a_failure_has_one_message(test: str, message: str, report: dict[str, str]) -> None:
    """In the background, in a fixture or in a nursery of the test's; two failures, and other tests, are left as they are."""
    assert message in report[test]


def test_a_failure_shows_the_timeline(report: dict[str, str]) -> None:
    """The seed and the last lines, as `run` does."""
    assert "E   seed 7, 00:00:05.277 after the start; the last lines of the timeline:" in report[""]
    assert "A leads term 1 (2 votes)" in report[""]
    told = report[""].partition("waited 3 s for a leader, in vain")[2]
    assert "seed 1, 00:00:03.000 after the start; the last lines of the timeline:" in told
    assert "crash A" in told


def test_the_plugin_brings_in_nothing_before_a_fixture_is_asked_for() -> None:
    """Neither our packages, which coverage must see from their first line, nor Hypothesis or trio."""
    program = "import sys, scenarios.pytest_plugin; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"cluster", "backup", "hypothesis", "trio", "attrs"} & set(ran.stdout.split())
