"""What a hunt reached: fault x role x phase, rare moments, and the marks of a story, whatever played the seeds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from cluster import steps
from cluster.sim.run import play
from cluster.sim.world import World
from scenarios.cli import HELD, INCONCLUSIVE, main
from scenarios.hunt.coverage import Reached, coverage_of
from scenarios.hunt.played_seed import PlayedSeed
from scenarios.hunt.seen_states import DEPOSED, MOMENTS, UNCOMMITTED, UNSYNCED, FaultCell, SeenStates
from scenarios.register import Put, Register

MARKED = '''"""Every other seed forces a door."""

import trio


async def story(world):
    world.start("ABC")
    await world.elected()
    world.sometimes("a door was forced", world.seed % 2 == 0)
'''


def seed(number: int, *faults: str, marks: tuple[str, ...] = (), missed: tuple[str, ...] = ()) -> PlayedSeed:
    """What came of a seed that reached these faults of a settled leader."""
    cells = tuple(FaultCell(fault, "leader", "settled") for fault in faults)
    return PlayedSeed(number, "held", (), 1, 1, 1.0, cells, marks, missed)


def test_a_fault_is_counted_by_the_role_it_hits() -> None:
    """And by what the cluster goes through; a fault of nobody is everybody's."""
    seen = SeenStates()

    async def story(world: World) -> None:
        world.start("ABC", Register)
        world.pause("A")
        world.resume("A")
        leader = await world.elected()
        follower = "ABC".replace(leader, "")[0]
        world.restart(follower)
        world.heal()
        world.split(leader, "ABC".replace(leader, ""))
        await world.elected(other_than=leader)
        world.heal()
        await world.settled()
        world.crash("leader")
        world.restart("followers")

    assert play(story, 1, follow=lambda world: world.history.watch(seen)).failure is None
    assert seen.cells >= {
        FaultCell("Pause", "down", "no leader"),
        FaultCell("Restart", "follower", "settled"),
        FaultCell("Heal", "everybody", "settled"),
        FaultCell("Split", "leader", "settled"),
        FaultCell("Crash", "leader", "settled"),
    }
    assert DEPOSED in seen.moments


def test_rare_moments_are_seen() -> None:
    """A leader that crashes with what nobody else has; a strike before a vote is durable."""
    seen = SeenStates()

    async def story(world: World) -> None:
        world.start("ABC", Register)
        world.when(steps.VoteUnsynced, steps.Restart(""))
        leader = await world.elected()
        world.isolate(leader)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.ask, leader, Put("x", 1))
            await trio.sleep(0.1)
            world.crash(leader)
            nursery.cancel_scope.cancel()

    play(story, 1, follow=lambda world: world.history.watch(seen))
    assert {UNCOMMITTED, UNSYNCED} <= seen.moments <= set(MOMENTS)


def test_coverage_tells_first_and_never() -> None:
    """In the order of seeds, not in that in which they were done."""
    played = [seed(3, "Cut", marks=("b",)), seed(1, "Crash", missed=("a", "b")), seed(2, "Crash", missed=("a", "b"))]
    for order in (played, played[::-1]):
        found = coverage_of(order)
        assert dict(found.cells)[FaultCell("Crash", "leader", "settled")] == Reached(2, 1)
        assert found.curve == ((1, 1), (2, 1), (3, 3))
        marks = dict(found.marks)
        assert (marks["a"], marks["b"]) == (None, Reached(1, 3))
        assert set(found.unseen()) == {"a", *MOMENTS}
        assert FaultCell("Crash", "leader", "no leader") not in found.never(), "which cannot be"
        assert {cell.fault for cell in found.never()} == {"Crash", "Cut"}
        text = "\n".join(found.lines())
        assert "2 of 30 cells of fault x role x phase, 2 of them only after seed number 2" in text


def test_some_seed_has_to_see_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not each of them: a mark that none has seen leaves a hunt without a verdict."""
    monkeypatch.chdir(tmp_path)
    Path("marked.py").write_text(MARKED)
    assert main(["hunt", "marked.py", "--seeds", "4", "--jobs", "1", "--json"]) == HELD
    told = json.loads(capsys.readouterr().out)
    assert (told["held"], told["others"]) == (4, [])
    assert told["coverage"]["marked.py"]["marks"]["a door was forced"] == {"seeds": 2, "first": 2}
    assert main(["hunt", "marked.py", "--seeds", "1:1", "--jobs", "1"]) == INCONCLUSIVE
    assert "a door was forced" in capsys.readouterr().out


def test_a_report_is_the_same_under_any_hash_seed() -> None:
    """And with any number of workers, but for what a clock measures."""

    def report(hash_seed: str, jobs: str) -> dict[str, Any]:
        words = [sys.executable, "-m", "scenarios", "hunt", "storm", "--seeds", "8", "--bug", "majority-of-half"]
        done = subprocess.run(
            [*words, "--jobs", jobs, "--json"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            check=False,
        )
        told = json.loads(done.stdout)
        return {name: each for name, each in told.items() if "seconds" not in name and name != "rate"}

    assert report("1", "1") == report("2", "2")
