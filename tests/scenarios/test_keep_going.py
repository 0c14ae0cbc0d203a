"""A run that goes on after a broken promise: the same history as without watchers, and every broken promise in order."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from cluster.checks import Sees, Violation, Watcher, on
from cluster.sim.run import BROKEN, HELD, MISTAKE, STOPPED, play
from cluster.sim.world import World
from cluster.trace import BecameLeader, Committed, Ended, Happened
from scenarios import cli
from scenarios.cli import main
from scenarios.register import Put, Register

LOSES, BUG = "one_of_three_places_refuses", "shrugs-at-a-failed-upload"


class Touchy(Watcher):
    """It is broken by every leader, and confused by what is committed later."""

    promise = "nobody leads"
    says = "nobody ever leads"

    def sees(self) -> Sees:
        return [on(BecameLeader, self.led), on(Committed, self.confused)]

    def led(self, event: Happened) -> None:
        raise self.broken(f"{event.node} leads")

    def confused(self, event: Happened) -> None:
        raise KeyError(event.node)

    def finish(self) -> None:
        raise Violation("the end never comes", "it came")


class Watched(Register):
    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        return (Touchy(),)


async def two_leaders(world: World, application: type[Register] = Watched) -> None:
    world.start("ABC", application)
    leader = await world.elected()
    await world.ask(leader, Put("x", 1))
    world.crash(leader)
    await world.elected()


async def two_leaders_unwatched(world: World) -> None:
    await two_leaders(world, Register)


def test_a_run_goes_on_with_the_events_it_would_have_had() -> None:
    """Each broken promise is listed once, with the event in which it broke first; a confused watcher counts no more."""
    outcome, clean = play(two_leaders, keep_going=True), play(two_leaders_unwatched)
    assert (outcome.verdict, clean.verdict) == (BROKEN, HELD)
    assert (outcome.digest, len(outcome.history.of(Ended))) == (clean.digest, 1)
    assert [str(each.failure) for each in outcome.broken] == [
        f"nobody leads: {outcome.history.of(BecameLeader)[0].node} leads",
        "the end never comes: it came",
    ]
    assert outcome.failure is outcome.broken[0].failure
    assert [each.seq for each in outcome.broken] == [outcome.history.of(BecameLeader)[0].seq, len(outcome.history)]
    assert play(two_leaders).broken == (), "a run that stops has one failure"


def test_a_held_run_is_the_same_if_it_may_go_on() -> None:
    """To the last event."""
    assert play(two_leaders_unwatched, keep_going=True).digest == play(two_leaders_unwatched).digest


@pytest.mark.parametrize(("error", "verdict"), [(ZeroDivisionError, BROKEN), (KeyboardInterrupt, STOPPED)])
def test_what_ends_the_run_later_is_told_beside(error: type[BaseException], verdict: str) -> None:
    """The first broken promise stays the verdict; a run that was stopped from outside is stopped."""

    async def story(world: World) -> None:
        await two_leaders(world)
        raise error("later")

    outcome = play(story, keep_going=True)
    assert outcome.verdict == verdict
    if verdict == BROKEN:
        assert getattr(outcome.failure, "__notes__", ()) == ["the run went on, and ended with ZeroDivisionError: later"]
    assert play(story, keep_going=False).verdict == BROKEN


def test_an_error_before_any_promise_broke_is_what_it_was() -> None:
    """A story's own mistake without a broken promise is no verdict."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError

    assert play(story, keep_going=True).verdict == MISTAKE


def test_every_broken_promise_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the screen and in `result.json`, in order; the kept run can be replayed, and the command says how it was played."""
    asked = ["run", LOSES, "--bug", BUG, "--keep-going", "--quiet", "--out", str(tmp_path)]
    assert main(asked) == cli.BROKEN
    screen = capsys.readouterr().out
    assert "the run went on, and then were broken (they may follow from the first):\n" in screen
    assert f"again    unkindness run {LOSES} --seed 1 --bug {BUG} --keep-going" in screen
    kept = tmp_path / f"{LOSES}@1"
    result = json.loads((kept / "result.json").read_text(encoding="utf-8"))
    first, second = result["violations"]
    assert (first["promise"], second["promise"]) == ("reported means kept", "the story's own assertion")
    assert first["seq"] <= second["seq"] <= result["events"]
    assert f"broken: reported means kept, in event {first['seq']}, and 1 more" in screen
    assert main(["replay", str(kept)]) == cli.HELD
