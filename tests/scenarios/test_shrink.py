"""A broken run is made small, and what is left is a story that breaks the same."""

import json
from pathlib import Path

import pytest
import trio

from cluster import steps
from cluster.sim.world import World
from cluster.time_units import SECOND
from cluster.trace import BecameLeader
from scenarios import play
from scenarios.cli import BROKEN, HELD, MISTAKE, main
from scenarios.gallery import load
from scenarios.hunt.recorded_steps import RecordedSteps, TimedStep, script_of, scripted, struck_by_events
from scenarios.hunt.shrinking import Shrinking
from scenarios.hunt.story_text import Source
from scenarios.kept_run import asked, perform
from scenarios.register import Put, Register
from scenarios.zoo import planted

BUG = ("--bug", "majority-of-half")


def script(*told: tuple[int, object], nodes: str = "ABC", until: int = 60) -> RecordedSteps:
    """Steps at whole seconds."""
    return RecordedSteps(tuple(nodes), tuple(TimedStep(at * SECOND, step) for at, step in told), until * SECOND)


def small(whole: RecordedSteps, needed: tuple[object, ...]) -> RecordedSteps:
    """The smallest script of which this many steps are needed."""

    def breaks(tried: RecordedSteps) -> int | None:
        left = [each.step for each in tried.moments]
        return tried.moments[-1].at if tried.moments and all(each in left for each in needed) else None

    return Shrinking(whole, breaks, lambda: False).run().steps


def test_only_what_matters_is_left() -> None:
    """Of many steps the two that are needed, without the waits, and of the nodes those that they name."""
    crash, restart = steps.Crash("A"), steps.Restart("A")
    noise = [(at, steps.Pause("B")) for at in range(2, 30)]
    whole = script((1, crash), *noise, (31, restart), (40, steps.Heal()))
    found = small(whole, (crash, restart))

    assert [each.step for each in found.moments] == [crash, restart]
    assert [each.at for each in found.moments] == [0, 0]
    assert found.nodes == ("A",)


def test_the_budget_ends_a_search() -> None:
    """What was found by then is the answer, and it is said that more might be left out."""
    whole = script(*[(at, steps.Crash("A")) for at in range(1, 9)])
    tries = iter(range(3))
    found = Shrinking(whole, lambda tried: tried.until, lambda: next(tries, None) is None).run()

    assert not found.is_done
    assert len(found.steps.moments) < len(whole.moments)


def test_a_run_is_played_from_its_steps_alone() -> None:
    """The story only begins it: the same promise breaks at the same event."""
    loaded = load("storm")
    broken = perform(loaded, asked(loaded, 6, None, None, "majority-of-half"))
    told = script_of(broken.history, len(broken.history), broken.history.clock.now + 1)
    with planted("majority-of-half"):
        again = play(scripted(loaded.story, told), 6, options={"rules": "unkindness"})

    assert str(again.failure) == str(broken.failure)
    assert again.history.clock.now == broken.history.clock.now


@pytest.mark.parametrize("seed", [6, 12, 18])
def test_the_story_that_is_left_breaks_the_same(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a file that needs nothing else, with few steps, and held without the bug."""
    small_story = tmp_path / "small.py"
    assert main(["shrink", f"storm@{seed}", *BUG, "--to", str(small_story), "--json"]) == HELD
    told = json.loads(capsys.readouterr().out)

    assert told["steps"] <= min(4, told["steps_before"])
    assert told["done"]
    assert small_story.read_text() == told["story"]
    assert main(["run", str(small_story), "-q", *BUG]) == BROKEN
    assert told["promise"] in capsys.readouterr().out
    assert main(["run", str(small_story), "-q"]) == HELD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("storm@1",), "the run held: name one that breaks a promise"),
        (("storm@1:3",), "names an event"),
        (("no_such_story@1",), "there is no"),
        (("storm@6", *BUG, "--plays", "0"), "--plays 0 plays nothing: give 1 at least"),
        (("storm@6", *BUG, "--to", "."), "--to . is there already"),
    ],
)
def test_what_cannot_be_shrunk_is_said(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and exit code 64."""
    assert main(["shrink", *words]) == MISTAKE
    assert said in capsys.readouterr().err


def test_an_assertion_of_the_story_is_not_in_its_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody would ask it again: that is said."""
    story = tmp_path / "own.py"
    story.write_text('async def story(world):\n    world.start("ABC")\n    assert not await world.elected()\n')

    assert main(["shrink", f"{story}@1"]) == MISTAKE
    assert "it is an assertion of the story's" in capsys.readouterr().err


def test_steps_of_a_fault_that_waited_are_taken_once(tmp_path: Path) -> None:
    """What a `When` struck is not a step of the story's, though the events before it led to both; what follows a wait is one."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        world.when(BecameLeader, steps.Pause(""))
        await world.elected()
        world.resume(world.names[0])
        await trio.sleep(1)

    history = play(story, 1).history
    told = script_of(history, len(history), history.clock.now)

    assert len(struck_by_events(history)) == 1
    assert [type(each.step) for each in told.moments] == [steps.When, steps.Resume]


def test_a_run_of_backups_is_shrunk_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A night with a bug: a database and one task are what is left."""
    assert main(["shrink", "night@1", "--bug", "takes-every-turn"]) == HELD
    told = capsys.readouterr().out

    assert "from scenarios.backups import LocalFolder, backups" in told
    assert "one run is enough: " in told
    assert "-> 2 steps" in told


def test_values_are_written_as_python_that_makes_them_again() -> None:
    """With the names that this needs, and without what is as usual."""
    source = Source()
    step = steps.Ask("A", Put("x", 3))

    assert source.of(step) == 'Ask(node="A", request=Put(name="x", content=3))'
    assert source.imports == {"cluster.steps": {"Ask"}, "scenarios.register": {"Put"}}
    assert source.of(steps.Rewire(loss=0.1)) == "Rewire(loss=0.1)"
