"""When a break became inevitable: the run is played on from earlier moments with other luck."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cluster.sim.run import play
from cluster.sim.world import World
from cluster.steps import Restart
from cluster.time_units import SECOND
from cluster.trace import BecameLeader
from scenarios.cli import HELD, MISTAKE, main
from scenarios.hunt.broken_run import broken_run_named
from scenarios.hunt.cause import Cause
from scenarios.hunt.fate import Chance, Fate, chance, fate, instants
from scenarios.hunt.fate_svg import fate_svg
from scenarios.hunt.recorded_steps import RecordedSteps, TimedStep
from scenarios.inspect.result import RunRequest
from scenarios.register import Register

RUN = ("storm@12", "majority-of-half", None)


def leaders(seed: int, changed: int | None) -> list[tuple[int, str]]:
    """When each leader was elected, with the luck changed after the first one."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        await world.elected()
        if changed is not None:
            world.change_luck(changed)
        for _ in range(3):
            world.crash(await world.elected())
            await world.elected()
            world.mend()

    return [(event.t, event.node) for event in play(story, seed).history.of(BecameLeader)]


def test_luck_changes_from_that_moment_on() -> None:
    """What was before is the same, what comes after is not; and it is as much determined as before."""
    usual, other = leaders(1, None), leaders(1, 2)

    assert usual[0] == other[0]
    assert usual[1:] != other[1:]
    assert other == leaders(1, 2)
    assert leaders(1, 1) == usual  # the same luck again changes nothing


def test_a_break_is_certain_in_the_end_and_was_not_at_first() -> None:
    """The last moment is that of the break, from which every try breaks; from the start other luck often saves it."""
    found = fate(*RUN, moments=6, tries=8)

    assert [each.at for each in found.chances] == sorted(each.at for each in found.chances)
    assert found.chances[0].share < 0.5
    assert found.chances[-1] == Chance(found.broke_at, 8, 8)
    assert found.inevitable_from() in [each.at for each in found.chances]
    assert found == fate(*RUN, moments=6, tries=8)


def test_the_break_itself_is_no_moment_before_it() -> None:
    """What breaks for certain only as it breaks was never certain before."""
    late = [Chance(0, 4, 1), Chance(5, 4, 2), Chance(9, 4, 4)]
    request, cause = RunRequest("storm", 12, "unkindness"), Cause("durability", "")

    assert Fate(request, cause, 9, tuple(late)).inevitable_from() is None
    assert Fate(request, cause, 10, tuple(late)).inevitable_from() == 9


def test_steps_are_the_moments_that_are_tried() -> None:
    """Evenly chosen; between few of them the longest waits are halved."""
    steps = RecordedSteps(("A",), tuple(TimedStep(at * SECOND, Restart("A")) for at in (1, 2, 3, 4)), 9 * SECOND)

    assert [at // SECOND for at in instants(steps, 5 * SECOND, 6)] == [0, 1, 2, 3, 4, 5]
    assert instants(steps, 5 * SECOND, 1) == [0]
    assert len(instants(steps, 5 * SECOND, 11)) == 11
    assert len(instants(RecordedSteps(("A",), (), 1), 0, 5)) == 1


def test_a_moment_counts_only_the_same_break() -> None:
    """The promise and the place of the run that was asked about."""
    broken = broken_run_named(*RUN)
    assert chance(broken, broken.broke_at, 3).broke == 3


def test_the_command_says_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, and as a picture that is well-formed XML."""
    drawn = tmp_path / "fate.svg"
    words = ["fate", "storm@12", "--bug", "majority-of-half", "--moments", "3", "--tries", "4", "--svg", str(drawn)]
    assert main([*words, "--json"]) == HELD
    told = json.loads(capsys.readouterr().out)

    assert (told["promise"], len(told["moments"])) == ("durability", 3)
    assert {tuple(each) for each in told["moments"]} == {("at", "tries", "broke")}
    assert len(ElementTree.parse(drawn).getroot().findall(".//{*}circle")) == 3
    assert fate_svg(fate(*RUN, moments=3, tries=4)) == drawn.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("storm@1",), "the run held: name one that breaks a promise"),
        (("storm@12", "--bug", "majority-of-half", "--tries", "0"), "--tries 0 asks nothing"),
        (("storm@12", "--bug", "majority-of-half", "--moments", "0"), "--moments 0 asks nothing"),
        (("storm@12", "--bug", "majority-of-half", "--svg", "."), "--svg . is there already"),
    ],
)
def test_what_has_no_fate_is_said(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and exit code 64."""
    assert main(["fate", *words]) == MISTAKE
    assert said in capsys.readouterr().err
