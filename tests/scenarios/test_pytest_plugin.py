"""Whoever writes tests with pytest-trio has a world by two fixtures, and one clean message when a promise breaks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.sim.run import play
from scenarios.gallery import load

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


# ---- many seeds ----

SEEDS = """
import pytest
import trio
from contextlib import suppress

from cluster.member import Refused
from scenarios import run
from tests.examples.lock_service import GiveBack, HasNoFence, Save, Take, locks_are_linearizable


class Watched(HasNoFence):
    def watchers(self, places):
        return (locks_are_linearizable(),)


async def client(world):
    leader = await world.elected()
    for _ in range(2):
        token = await world.ask(leader, Take("door", "Ann"))
        await world.ask(leader, GiveBack("door", token))
    await world.ask(leader, Save("door", 1, "late"))


@pytest.mark.trio
@pytest.mark.seeds(3)
async def test_by_fixture(world, world_clock):
    world.start("ABC", Watched)
    await client(world)


@pytest.mark.seeds("7:9")
def test_by_story(world_seed):
    async def story(world):
        world.start("ABC", Watched)
        await client(world)

    run(story, world_seed)


@pytest.mark.seeds(2)
def test_holds(world_seed):
    assert world_seed in (1, 2)


@pytest.mark.seeds(2)
@pytest.mark.parametrize("world_seed", [5])
def test_chooses(world_seed):
    assert world_seed == 5


@pytest.mark.seeds(2)
def test_asserts(world_seed):
    async def story(world):
        world.start("A")
        assert await world.elected() == "Z"

    run(story, world_seed)
"""


def in_a_folder(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (folder / "conftest.py").write_text('pytest_plugins = ["scenarios.pytest_plugin"]\n')
    (folder / "test_seeds.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def seeds_report(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What pytest prints, and the XML."""
    folder = tmp_path_factory.mktemp("seeds")
    ran = in_a_folder(folder, SEEDS, "--junitxml=report.xml")
    return ran.stdout, (folder / "report.xml").read_text(encoding="utf-8")


def test_failures_of_one_cause_have_one_report(seeds_report: tuple[str, str]) -> None:
    """The first seed's in full, with the seeds of the others; every failure is counted."""
    text, _ = seeds_report
    assert "3 failed, 3 passed, 5 failed alike" in text
    assert [line.partition(" - ")[0] for line in text.splitlines() if line.startswith("FAILED")] == [
        "FAILED test_seeds.py::test_by_fixture[1]",
        "FAILED test_seeds.py::test_by_story[7]",
        "FAILED test_seeds.py::test_asserts[1]",
    ]
    assert "\n2: 2, 3\n" in text
    assert "\n2: 8, 9\n" in text


def test_a_report_tells_the_steps_of_any_application(
    seeds_report: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timeline, what led to it, and the smallest story, in Python and as a script: both play, and break the same."""
    text, _ = seeds_report
    for heading in ("the last lines of the timeline:", "unkindness: what led to it", "unkindness: as a story, 5 -> "):
        assert heading in text
    (tmp_path / "test_seeds.py").write_text(SEEDS)
    monkeypatch.syspath_prepend(str(tmp_path))
    story = text.partition("unkindness: as a story")[2].partition("\n")[2].partition("\n-----")[0]
    script = text.partition("for `unkindness run FILE.txt` ")[2].partition("\n")[2].partition("\n-----")[0]
    for name, kept in (("kept.py", story), ("kept.txt", script)):
        (tmp_path / name).write_text(kept + "\n")
        loaded = load(str(tmp_path / name))
        outcome = play(loaded.story, loaded.seed)
        assert str(outcome.failure).startswith("linearizability: no order of the operations on 'door' fits"), kept


def test_a_test_s_own_assertion_is_told_with_its_steps(seeds_report: tuple[str, str]) -> None:
    """It hangs on more than they are, and that is said."""
    own = seeds_report[0].partition("assert 'A' == 'Z'")[2]
    assert "unkindness: its steps" in own
    assert "it is an assertion of the story's" in own


def test_properties_go_to_junit(seeds_report: tuple[str, str]) -> None:
    """Seed, promise and place."""
    _, xml = seeds_report
    assert '<property name="unkindness_seed" value="8" />' in xml
    assert '<property name="unkindness_promise" value="linearizability" />' in xml
    assert '<property name="unkindness_place" value="cluster.checks.linearizability._told" />' in xml


def test_the_command_line_says_the_seeds(tmp_path: Path) -> None:
    """It wins against the marker, and not against a test that chooses."""
    ran = in_a_folder(tmp_path, SEEDS, "--unkindness-seeds", "4:8", "-k", "holds or chooses", "--collect-only")
    names = [line.partition("::")[2] for line in ran.stdout.splitlines() if "::" in line]
    assert names == [*(f"test_holds[{seed}]" for seed in range(4, 9)), "test_chooses[5]"]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        (SEEDS, ("--unkindness-seeds", "9:4"), "--unkindness-seeds: 9:4 is no seed: the first is after the last"),
        (SEEDS, ("--unkindness-seeds", "many"), "--unkindness-seeds: 'many' names no seeds"),
        ("import pytest\n@pytest.mark.seeds(3)\ndef test_a(): pass\n", (), "the test has no seed: take `world` or"),
        ("import pytest\n@pytest.mark.seeds\ndef test_a(world_seed): pass\n", (), "@pytest.mark.seeds: '' names no"),
    ],
)
def test_seeds_that_are_none_are_refused(text: str, options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """In one sentence, before anything is played."""
    ran = in_a_folder(tmp_path, text, *options)
    assert says in ran.stdout + ran.stderr
    assert ran.returncode not in (0, 1)
