"""Each misfortune does what its name says, and no more: one probe each, and none without (a fault may be only on paper)."""

import typing
from collections.abc import Callable

import pytest
import trio

from backup.destinations import faults as troubles_of_places
from cluster import steps
from cluster.member import OutcomeUnknown
from cluster.sim.run import BROKEN, HELD, MISTAKE, Outcome, play, run
from cluster.sim.timeline import render
from cluster.sim.world import Misuse, World
from cluster.trace import Crashed, Delivered, Failed, HandingOver, Stepped, Stopped, Voted, Wrote
from scenarios.doctor.adder import Add, Adder, say, three
from scenarios.doctor.probes import PROBES
from scenarios.doctor.rows import ALSO
from tests.test_completeness import verb_of


def test_an_application_without_surroundings_has_no_troubles() -> None:
    """It is the story that is wrong."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        with pytest.raises(Misuse, match="Adder knows no troubles"):
            world.disturb("A", Add(1))

    run(story)


def test_what_is_no_application_is_refused_at_the_start() -> None:
    """The methods that have defaults are inherited; one error says from where."""

    async def story(world: World) -> None:
        with pytest.raises(Misuse, match="Member is no application: let it inherit from"):
            world.start("A", Member)  # type: ignore[type-var]  # that is the mistake
        world.start("A", Adder)

    class Member:
        """It has nothing of an application."""

    run(story)


def test_every_step_has_its_method() -> None:
    """The table of effects holds each class of steps, and nothing else."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        assert set(world._effects) == set(typing.get_args(steps.Step))

    run(story)


def test_every_step_has_a_probe() -> None:
    """What a user can ask for is shown to happen: each verb, and each trouble of a place."""
    verbs = [verb_of(kind.__name__) for kind in typing.get_args(steps.Step)]
    troubles = [kind.__name__ for kind in (*typing.get_args(troubles_of_places.Trouble), troubles_of_places.Well)]
    assert set(PROBES) == {*verbs, "isolate", *troubles}


@pytest.mark.parametrize("skipping", [True, False], ids=["skipping", "not skipping"])
@pytest.mark.parametrize("name", PROBES)
def test_a_fault_shows_its_effect(name: str, skipping: bool) -> None:
    """Its probe holds, and the fault was really applied in it."""
    outcome = run(PROBES[name], skipping=skipping)
    assert outcome.verdict == HELD
    applied = [event.note.step for event in outcome.history.of(Stepped)]
    names = {verb_of(type(step).__name__) for step in applied} | {
        type(getattr(step, "trouble", None)).__name__ for step in applied
    }
    assert ("split" if name == "isolate" else name) in names


# ---- what is no fault of one kind ----


def test_a_fault_that_struck_in_the_very_instant_of_mending_is_mended_too() -> None:
    """The event has come, and the world is mended before its fault has happened: nobody crashes afterwards."""

    async def story(world: World) -> None:
        leader = await three(world)
        world.when(Delivered, steps.Crash(""))
        world.hold("A", "B")
        say(world, "A", "B")
        await trio.sleep(1)
        world.when(Delivered, steps.Crash("B"), node="B")
        world.release("A", "B")  # its event, now
        world.mend()
        await trio.sleep(10)
        assert world[leader].leader

    outcome = run(story)
    crashes = outcome.history.of(Crashed)
    mended = [event.t for event in outcome.history.events if "the sky clears" in event.note.text()]
    assert not [crash for crash in crashes if crash.t >= mended[0]]


def test_what_led_to_a_fault_at_its_event_is_the_event() -> None:
    """The crash is told as the effect of the vote that it waited for."""
    history = run(PROBES["when"]).history
    crash, votes = history.of(Crashed)[0], history.of(Voted)
    stepped = history.events[crash.cause - 1]
    assert history.events[stepped.cause - 1] == votes[1]


def test_a_fault_may_wait_for_one_nodes_event() -> None:
    """`node` counts only that node's events, and the fault may befall another."""

    async def story(world: World) -> None:
        await three(world)
        await trio.sleep(1)
        world.when(Delivered, steps.Crash("C"), node="B", count=1)
        say(world, "A", "C")
        await trio.sleep(1)
        assert world["C"].up
        say(world, "A", "B")
        await trio.sleep(1)
        assert not world["C"].up

    run(story)


def test_all_links_may_change_at_an_event() -> None:
    """Which names no node at all."""

    async def story(world: World) -> None:
        await three(world)
        world.when(Crashed, steps.Rewire(loss=0.5))
        world.crash("A")
        await trio.sleep(1)
        assert world.network.wire.loss == 0.5

    run(story)


def after_its_end_at_a_write(fault: steps.Fault, seed: int) -> int:
    """The sum on a node that ends as it writes a 5, before that is synced, and comes back."""
    sums: list[int] = []

    async def story(world: World) -> None:
        world.start("A", Adder)
        await world.settled()
        world.when(Wrote, fault)
        with pytest.raises(OutcomeUnknown):
            await world.ask("A", Add(5))
        world.restart("A")
        await world.settled()
        sums.append(world["A"].state)

    run(story, seed)
    return sums[0]


def test_a_stop_loses_no_write_and_a_crash_may() -> None:
    """With the same luck: what was written and not synced is there after every stop, and after some crashes alone."""
    assert [after_its_end_at_a_write(steps.Stop(""), seed) for seed in range(8)] == [5] * 8
    assert {after_its_end_at_a_write(steps.Crash(""), seed) for seed in range(8)} == {0, 5}


def test_a_stop_whose_last_sync_fails_is_a_crash() -> None:
    """The process says so and dies: what was not durable is lost or not, as the disk decides."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        await world.settled()
        world.fail_sync("A")
        world.when(Wrote, steps.Stop(""))
        with pytest.raises(OutcomeUnknown, match="node A crashed before it answered"):
            await world.ask("A", Add(5))

    history = run(story).history
    assert [type(event.note) for event in history.events[-4:-1]] == [Stepped, Failed, Crashed]
    assert not history.of(Stopped)


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_leader_that_stops_hands_over_to_nobody(is_paused: bool) -> None:
    """The others miss it, paused or not, as they miss one that crashed: an election follows, and it comes back as a follower."""

    async def story(world: World) -> None:
        leader = await three(world)
        if is_paused:
            world.pause(leader)
        world.stop("leader")
        assert not world[leader].up
        await world.elected(other_than=leader)
        world.restart(leader)
        await world.settled()
        assert world[leader].role == "follower"

    history = run(story).history
    assert not history.of(HandingOver)
    shown = [line for line in render(history, "ABC") if line.endswith(("pause A", "stop A"))]
    assert shown[0][14:19] == "v . .", shown


def test_a_stop_before_the_start_keeps_a_node_down() -> None:
    """As a crash does: the start was called off in the same instant."""

    async def story(world: World) -> None:
        await three(world)
        world.restart("A")
        world.stop("A")
        await trio.sleep(5)
        assert not world["A"].up

    run(story)


WRONG = {
    "an unknown node": (lambda world: world.crash("Z"), "there is no node 'Z'; nodes are A, B, C"),
    "no node": (lambda world: world.crash(""), "there is no node ''; nodes are A, B, C"),
    "an unknown peer": (lambda world: world.cut("A", "Z"), "there is no node 'Z'; nodes are A, B, C"),
    "itself": (lambda world: world.cut("A", "A"), "there is no link from A to itself: name two nodes"),
    "an unknown group": (lambda world: world.split("AZ", "B"), "there is no node 'Z'; nodes are A, B, C"),
    "an unknown node at an event": (
        lambda world: world.when(Voted, steps.Crash("Z")),
        "there is no node 'Z'; nodes are A, B, C",
    ),
    "a second start": (lambda world: world.start("A"), "the world has started with A, B, C: start once, then"),
}


@pytest.mark.parametrize(("wrong", "says"), WRONG.values(), ids=WRONG)
def test_a_step_that_cannot_be_is_the_storys_mistake(wrong: Callable[[World], None], says: str) -> None:
    """It is told at once, names what there is, and nothing of it happened."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        wrong(world)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Misuse)
    assert says in str(outcome.failure)
    assert [event.note.text() for event in outcome.history.events] == ["A, B and C start"]


def test_a_probe_would_notice_a_fault_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with faults that are only recorded, every probe fails."""
    real = World._apply

    def only_start(self: World, step: steps.Step) -> None:
        if isinstance(step, steps.Start | steps.Ask):
            real(self, step)

    monkeypatch.setattr(World, "_apply", only_start)
    outcomes: dict[str, Outcome] = {name: play(probe) for name, probe in PROBES.items() if name not in ALSO}
    assert {name for name, outcome in outcomes.items() if outcome.verdict == HELD} == set()
    assert {outcome.verdict for outcome in outcomes.values()} <= {BROKEN, MISTAKE}, "none is a bug, none inconclusive"
