"""The weather of a seed: what is drawn, that a new kind changes nothing of the others, and that the product stands it."""

import attrs
import pytest
import trio

from cluster import steps
from cluster.sim.dice import Dice
from cluster.sim.run import HELD, play
from cluster.sim.world import Misuse, World
from cluster.trace import Crashed, Failed, Stepped, Voted
from scenarios.cli import main
from scenarios.gallery import load
from scenarios.hunt.recorded_steps import script_of, scripted, struck_by_events
from scenarios.register import Register
from scenarios.weather.forecast import forecast
from scenarios.weather.kinds import DAMAGE, KINDS, KINDS_AND_DAMAGE, MILD_TO_WILD, FaultKind, at_once
from scenarios.zoo import backup_kinds

MANY = range(1, 400)


def test_a_forecast_is_a_matter_of_the_seed_alone() -> None:
    """The same twice, and of two seeds hardly ever the same."""
    assert [forecast(seed) for seed in MANY] == [forecast(seed) for seed in MANY]
    assert len({forecast(seed).text() for seed in MANY}) == len(MANY)


def test_a_new_kind_changes_no_draw_of_another() -> None:
    """Each kind has dice of its own."""
    more = {**KINDS, "aardvark": FaultKind("aardvark", 9, lambda dice, names: at_once(steps.Heal()))}
    for seed in MANY:
        before, after = forecast(seed), forecast(seed, more)
        others = tuple(each for each in after.comes if each.kind != "aardvark")
        assert attrs.evolve(after, comes=others) == before


@pytest.mark.parametrize("kinds", [KINDS, backup_kinds.KINDS], ids=["any cluster", "backups"])
def test_every_kind_comes(kinds: dict[str, FaultKind]) -> None:
    """In some weather or other."""
    assert {each.kind for seed in MANY for each in forecast(seed, kinds).comes} == set(kinds)


@pytest.mark.parametrize("kind", [*KINDS.values(), *DAMAGE.values(), *backup_kinds.OWN], ids=lambda kind: kind.name)
def test_a_kind_draws_steps_that_there_are(kind: FaultKind) -> None:
    """On clusters of any size; each wait is short of nothing."""
    for size in range(1, 7):
        for seed in range(20):
            for wait, step in kind.draw(Dice(seed, "kind"), tuple("ABCDEF"[:size])):
                assert wait >= 0
                steps.check(step)
                assert set(steps.nodes_of(step)) <= {*"ABCDEF"[:size], ""}


def test_settings_and_ends_are_drawn_too() -> None:
    """Sizes, timing, snapshots, disks, members that change, and a minority that stays down."""
    drawn = [forecast(seed) for seed in MANY]
    assert {len(each.nodes) for each in drawn} == {1, 2, 3, 4, 5}
    for name in ("election", "ticking", "trial", "check_quorum", "batch", "inflight", "lease_drift", "compaction"):
        assert len({getattr(each.timing, name) for each in drawn}) > 1, name
    assert {each.leaves_some_down for each in drawn} == {bool(each.spare) for each in drawn} == {False, True}


def test_the_product_stands_it() -> None:
    """A sample; hunts play thousands."""
    for seed in range(1, 9):
        assert play(load("weather").story, seed).verdict == HELD, seed


def test_run_says_what_was_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Above the timeline; without a timeline, nothing."""
    main(["run", "weather"])
    assert capsys.readouterr().out.startswith(f"{forecast(load('weather').seed).text()}\n\ntime ")
    main(["run", "weather", "-q"])
    assert not capsys.readouterr().out.strip().startswith("weather")


def test_a_sync_that_was_to_fail_is_mended_too() -> None:
    """The weather found it: a node that nobody troubled any more lost its disk under a clear sky."""

    async def story(world: World) -> None:
        world.start("AB", Register)
        await world.elected()
        world.fail_sync("A")
        world.mend()
        await world.ask("A", Register.words[0]("x", 1))

    outcome = play(story, 1)
    assert outcome.verdict == HELD
    assert not outcome.history.of(Failed)
    assert not outcome.history.of(Crashed)


def test_a_world_is_tuned_before_it_starts() -> None:
    """In seconds; afterwards it is refused, with the remedy."""

    async def story(world: World) -> None:
        world.tune(timing={"election": 0.15, "heartbeat": 0.05}, disk={"sync_latency": 0.001})
        assert (world.timing.election, world.disk_model.sync_latency) == (150_000, 1_000)
        world.start("A")
        with pytest.raises(Misuse, match=r"tune it before `world\.start`"):
            world.tune(timing={"election": 0.3})

    assert play(story, 1).verdict == HELD


def test_what_comes_is_in_order() -> None:
    """By name of the kind, and each by time."""
    for seed in MANY:
        comes = forecast(seed).comes
        assert list(comes) == sorted(comes, key=lambda each: each.kind)
        assert all(list(each.at) == sorted(each.at) for each in comes)


def test_a_slow_sync_under_way_ends_when_the_sky_clears() -> None:
    """The weather found it: a node that nobody troubled any more waited ten seconds for its vote to be written."""

    async def story(world: World) -> None:
        world.start("A", Register)
        world.slow_disk("A", 100_000.0)
        await trio.sleep(1)
        world.mend()
        await world.elected(within=1)

    assert play(story, 1).verdict == HELD


def test_a_strike_before_durability_is_no_event() -> None:
    """The vote that was being written is lost with the crash; the steps alone play the same again."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        world.when(steps.VoteUnsynced, steps.Restart(""))
        await world.elected()
        await world.ask("A", Register.words[0]("x", 1))

    outcome = play(story, 1)
    assert outcome.verdict == HELD
    (struck,) = [event for event in outcome.history.of(Stepped) if isinstance(event.note.step, steps.Restart)]
    assert not [
        event for event in outcome.history.of(Voted, steps.nodes_of(struck.note.step)[0]) if event.t <= struck.t
    ]
    assert struck_by_events(outcome.history) == {struck.seq}
    again = play(scripted(story, script_of(outcome.history, len(outcome.history), outcome.history.clock.now)), 1)
    assert [event.note for event in again.history.events][:-1] == [event.note for event in outcome.history.events][:-1]


def test_damage_comes_to_a_minority_alone() -> None:
    """And to no cluster that cannot do without a node; members stay."""
    for seed in MANY:
        drawn = forecast(seed, KINDS_AND_DAMAGE)
        assert 2 * len(drawn.fragile) < len(drawn.nodes)
        assert not drawn.spare
        assert not forecast(seed).fragile


def test_a_damaged_node_refuses_and_says_why() -> None:
    """Of the minority, and nobody else; all others go on."""
    outcome = play(load("weather_damage").story, 9)
    assert outcome.verdict == HELD
    assert {event.node for event in outcome.history.of(Failed)} == set(forecast(9, KINDS_AND_DAMAGE).fragile)


def test_from_mild_to_wild_every_kind_has_a_place() -> None:
    """Once, as Hypothesis shrinks towards the first."""
    assert sorted(kind.name for kind in MILD_TO_WILD) == list(KINDS)
