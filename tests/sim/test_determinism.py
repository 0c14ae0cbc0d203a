"""Same seed, same history, byte for byte: in another process, with other hashes, another scheduler, another Python."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import trio

from cluster.sim.run import HELD, play
from cluster.sim.world import World
from scenarios.zoo.storm import storm
from tests.sim.vocabulary import busy

ROOT = Path(__file__).parents[2]
BUSY = "c87b10788981d60c509a2c9448ca832f"
"""The digest of `busy` with seed 1. It changes when what a cluster does changes: then see why, and pin the new one."""

PROGRAM = """
import sys
from cluster.sim.run import play
from scenarios.zoo.storm import storm
from tests.sim import vocabulary
story, shuffle = sys.argv[1], int(sys.argv[2])
told = storm("ABC") if story == "storm" else getattr(vocabulary, story)
print(*[play(told, seed, shuffle=shuffle).digest for seed in (1, 2)])
"""


def digests(
    story: str = "busy",
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    python: str = sys.executable,
    shuffle: int = 0,
) -> tuple[str, ...]:
    """What another process makes of a story under two seeds; skips the test if that Python lacks what we need."""
    # Pure Python packages of this one will do for another: msgpack has a part that needs no compiler.
    path = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    ran = subprocess.run(
        [python, "-c", PROGRAM, story, str(shuffle)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if ran.returncode and python != sys.executable and "ModuleNotFoundError" in ran.stderr:
        pytest.skip(f"{python} has not what we need: {ran.stderr.strip().splitlines()[-1]}")
    assert ran.returncode == 0, ran.stderr
    return tuple(ran.stdout.split())


@pytest.fixture(scope="module")
def here() -> tuple[str, ...]:
    """What this process makes of it."""
    return tuple(play(busy, seed).digest for seed in (1, 2))


ELSEWHERE: dict[str, dict[str, str]] = {
    "another process": {},
    "hashes seeded with 0": {"PYTHONHASHSEED": "0"},
    "hashes seeded with 4242": {"PYTHONHASHSEED": "4242"},
    "random hashes": {"PYTHONHASHSEED": "random"},
    "Kathmandu, in Turkish": {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
    "plain ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    "frozen values": {"UNKINDNESS_FROZEN": "1"},
    "values that could be changed": {"UNKINDNESS_FROZEN": "0"},
    "development mode": {"PYTHONDEVMODE": "1"},
}


@pytest.mark.parametrize("environment", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_history_is_the_same_elsewhere(environment: dict[str, str], here: tuple[str, ...]) -> None:
    """Nothing of the process shows in it."""
    assert digests(environment=environment) == here


@pytest.mark.parametrize("shuffle", range(1, 6))
def test_a_history_is_the_same_however_trio_shuffles(shuffle: int, here: tuple[str, ...]) -> None:
    """No order is left to trio."""
    assert tuple(play(busy, seed, shuffle=shuffle).digest for seed in (1, 2)) == here
    assert digests("busy", {"PYTHONHASHSEED": str(shuffle)}, shuffle=shuffle) == here


def interpreters() -> list[str]:
    """Every Python from 3.11 on that can be found: on the path, and where pyenv keeps them."""
    found = {}
    for minor in range(11, 20):
        name = f"python3.{minor}"
        kept = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))
        path = str(kept[-1]) if kept else shutil.which(name)
        if path is not None:
            found[name] = path
    return list(found.values())


@pytest.mark.parametrize("python", interpreters())
def test_a_history_is_the_same_on_every_python(python: str, here: tuple[str, ...]) -> None:
    """Luck, hashing, packing and order are ours, so an upgrade changes no recorded run."""
    assert digests(python=python) == here


def test_a_history_is_the_same_over_time() -> None:
    """One digest is pinned."""
    outcome = play(busy, 1)
    assert outcome.verdict == HELD
    assert outcome.digest == BUSY


def test_another_seed_is_another_history(here: tuple[str, ...]) -> None:
    """Else the digests above would say nothing."""
    assert len(set(here)) == 2
    assert len({play(storm("ABC"), seed).digest for seed in range(20)}) == 20


def test_twice_in_one_process_is_the_same() -> None:
    """No run leaves anything behind for the next, also one that broke."""

    async def broken(world: World) -> None:
        world.start("ABC")
        await trio.sleep(1)
        raise LookupError

    first = [play(storm(names), seed).digest for names in ("ABC", "ABCDE") for seed in range(8)]
    play(broken)
    assert [play(storm(names), seed).digest for names in ("ABC", "ABCDE") for seed in range(8)] == first


def test_two_runs_are_compared_block_by_block() -> None:
    """A long history has a digest every 1024 events: the first block that differs holds the first difference."""
    one, other = (play(storm("ABCDE", gusts=60), seed).history for seed in (1, 1))
    assert one.digest() == other.digest()
    assert one.blocks == other.blocks
    assert len(one.blocks) >= 3
    changed = play(storm("ABCDE", gusts=61), 1).history
    same = sum(1 for before, after in zip(one.blocks, changed.blocks, strict=False) if before == after)
    assert one.events[: same * 1024] == changed.events[: same * 1024]
    assert one.events[: (same + 1) * 1024] != changed.events[: (same + 1) * 1024]


# ---- controls: these tests can fail ----


def test_a_story_that_looks_at_hashes_is_found_out() -> None:
    """Iterating over a set of strings gives another history under other hashes."""
    assert len({digests("looks_at_hashes", {"PYTHONHASHSEED": str(seed)}) for seed in range(6)}) > 1


def test_a_story_that_leaves_the_order_to_trio_is_found_out() -> None:
    """Bursts of a story's own tasks go in trio's order: the shuffle shows. One shuffle is one order, everywhere."""
    assert len({digests("leaves_it_to_trio", shuffle=seed) for seed in range(4)}) > 1
    assert len({digests("leaves_it_to_trio", {"PYTHONHASHSEED": str(seed)}) for seed in range(4)}) == 1
