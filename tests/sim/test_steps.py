"""Steps are data: Python that can be pasted, English that can be read, and nothing in them that a run could change."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.destinations.faults import Full
from cluster import steps
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import SECOND
from cluster.trace import Stepped
from scenarios.strategies import faults, weather
from tests.sim.vocabulary import Add, Adder

SAYS = {
    steps.Start(("A",)): "A start",
    steps.Start(("A", "B", "C")): "A, B and C start",
    steps.Crash("A"): "crash A",
    steps.Stop("A"): "stop A",
    steps.Restart("A"): "restart A",
    steps.Pause("A"): "pause A",
    steps.Resume("A"): "resume A",
    steps.Cut("A", "B"): "cut A from B",
    steps.CutOneWay("A", "B"): "cut A to B, one way",
    steps.Split((("A",), ("B", "C"))): "split A | BC",
    steps.Heal(): "heal all links",
    steps.Hold("A", "B"): "hold what A sends B",
    steps.Release("A", "B"): "release what A sent B",
    steps.Corrupt("A", "B"): "what A has under way to B is damaged",
    steps.Rewire(): "links: unchanged",
    steps.Rewire(latency=0.005, loss=0.01): "links: latency 5 ms, loss 1.0%",
    steps.Rewire(jitter=0.0025, ordered=False, duplicate=0.2): "links: jitter 2.5 ms, duplicates 20.0%, in any order",
    steps.Rewire(ordered=True, delay_chance=0.125, delay=1): "links: in order, delays 12.5%",
    steps.JumpClock("A", 3_600): "set A's wall clock by +3600 s",
    steps.JumpClock("A", -0.5): "set A's wall clock by -0.5 s",
    steps.Drift("A", -200): "A's clocks drift by -200 ppm",
    steps.FreezeClock("A"): "A's wall clock stands still",
    steps.FreezeClock("A", False): "A's wall clock goes on",
    steps.Zone("A", "Europe/Berlin"): "A is in Europe/Berlin",
    steps.SlowDisk("A", 10): "A's disk is 10 times slower",
    steps.SlowDisk("A", 1): "A's disk is itself again",
    steps.FullDisk("A"): "A's disk is full",
    steps.FullDisk("A", False): "A's disk has room again",
    steps.Short("A", "memory"): "A is short of memory",
    steps.Short("A", "cpu credits", False): "A has enough cpu credits again",
    steps.FailSync("A"): "the next sync of A's disk fails",
    steps.FailRead("A"): "the next start of A cannot read its disk",
    steps.Misdirect("A"): "the next write of A's disk goes astray",
    steps.RollBack("A"): "A dies and its disk is as it was when it started",
    steps.FlipBit("A", "raft.log", 12, 3): "bit 3 of byte 12 of A's raft.log turns",
    steps.Wipe("A"): "A dies and its disk is wiped",
    steps.Disturb("A", Add(1)): "Add(amount=1) ails A",
    steps.Disturb("A", Full("backups")): "backups of A is full",
    steps.Join("D"): "let D join",
    steps.Join("D", watcher=True): "let D join as a watcher",
    steps.Remove("A"): "remove A",
    steps.Promote("A"): "promote A",
    steps.Demote("A"): "demote A",
    steps.Reconfigure(("A", "B"), ("C",)): "let A and B be the cluster, watched by C",
    steps.Reconfigure(("A",)): "let A be the cluster",
    steps.Transfer("A"): "hand leadership to A",
    steps.Mend(): "the sky clears",
    steps.Ask("A", Add(1)): "a client of A asks Add(amount=1)",
    steps.When("Voted", steps.Crash("A")): "at the first Voted: crash A",
    steps.When("Voted", steps.Crash("A"), "B", 3): "at the 3rd Voted at B: crash A",
    steps.When("Voted", steps.Crash(""), count=2): "at the 2nd Voted: crash its node",
    steps.When("Voted", steps.Drift("", 50), count=11): "at the 11th Voted: its node's clocks drift by +50 ppm",
}


@pytest.mark.parametrize(("step", "says"), SAYS.items(), ids=[repr(step) for step in SAYS])
def test_a_step_says_what_it_does(step: steps.Step, says: str) -> None:
    """In a few words of English, as a timeline shows them."""
    assert step.says() == says


def test_every_step_is_in_the_table() -> None:
    """None is silent."""
    assert {type(step) for step in SAYS} == set(typing.get_args(steps.Step))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (steps.Drift("A", -1_000_000), "a drift is a whole number of ppm up to 100,000 either way"),
        (steps.Drift("A", 0.5), "parts_per_million is 0.5: give a whole number"),  # type: ignore[arg-type]  # stories are not type-checked
        (steps.JumpClock("A", "1 h"), "by is '1 h': give seconds, as in 90"),  # type: ignore[arg-type]
        (steps.SlowDisk("A", -1), "a factor above 0"),
        (steps.SlowDisk("A", float("inf")), "up to a million"),
        (
            steps.Rewire(loss=40),
            r"^Rewire\(loss=40\): loss is 40: a chance lies in \[0, 1\], so give 0.4 if 40% was meant$",
        ),
        (steps.Rewire(delay_chance=-1), r"delay_chance is -1: a chance lies in \[0, 1\], so give a number in between$"),
        (steps.Rewire(latency=400), r"latency is 400 s: give 0 to 60 s; give 0.4 if 400 ms were meant$"),
        (steps.Rewire(jitter=60.1), "jitter is 60.1 s: give 0 to 60 s; give 0.0601 if 60.1 ms were meant"),
        (steps.Rewire(latency=-5), "latency is -5 s: give 0 to 60 s$"),
        (steps.When("Voted", steps.Crash("A"), count=0), "count from 1"),
        (steps.When("Voted", steps.SlowDisk("A", 0)), "a factor above 0"),
        (steps.Ask("A", "hello"), "an attrs or a dataclass value"),
    ],
)
def test_a_step_out_of_range_is_refused(step: steps.Step, says: str) -> None:
    """Before anything happens, with the value and what is possible."""
    with pytest.raises(steps.Impossible, match=says):
        steps.check(step)


@given(step=st.one_of(faults("ABC"), st.sampled_from(list(SAYS))))
def test_a_step_can_be_pasted(step: steps.Step) -> None:
    """Its `repr` is Python that makes an equal step."""
    names = {kind.__name__: kind for kind in typing.get_args(steps.Step)} | {"Add": Add, "Full": Full}
    assert eval(repr(step), names) == step


@given(gusts=weather("ABC"))
def test_weather_is_a_script(gusts: steps.Weather) -> None:
    """So is a whole weather, and it is hashable and equal by its content."""
    names = {kind.__name__: kind for kind in typing.get_args(steps.Step)} | {"Gust": steps.Gust}
    pasted = eval(repr(gusts), names)
    assert pasted == gusts
    assert hash(pasted) == hash(gusts)


VERBS = {
    "crash": ("A",),
    "stop": ("B",),
    "restart": ("A",),
    "pause": ("A",),
    "resume": ("A",),
    "cut": ("A", "B"),
    "cut_one_way": ("A", "B"),
    "split": ("AB", "C"),
    "isolate": ("A",),
    "heal": (),
    "hold": ("A", "B"),
    "release": ("A", "B"),
    "corrupt": ("A", "B"),
    "freeze_clock": ("A",),
    "jump_clock": ("A", SECOND),
    "drift": ("A", 100),
    "zone": ("A", "UTC"),
    "slow_disk": ("A", 2.0),
    "full_disk": ("A", True),
    "short": ("A", "memory"),
    "join": ("D",),
    "remove": ("D",),
    "promote": ("A",),
    "demote": ("B",),
    "reconfigure": ("ABC", "D"),
    "transfer": ("B",),
    "mend": (),
}


def test_every_verb_is_one_step() -> None:
    """`world.crash("A")` is `world.do(Crash("A"))`: a story told in steps is the same story."""
    verbs = {**VERBS, "rewire": ()}

    async def in_verbs(world: World) -> None:
        world.start("ABC", Adder)
        for verb, arguments in VERBS.items():
            getattr(world, verb)(*arguments)
        world.rewire(loss=0.1)
        await world.suffer((steps.Gust(0, steps.Heal()), steps.Gust(1, steps.When("Voted", steps.Crash("")))))

    told = run(in_verbs)
    script: list[typing.Any] = [event.note.step for event in told.history.of(Stepped)]
    assert len(script) == 1 + len(verbs) + 2

    async def in_steps(world: World) -> None:
        world.start("ABC", Adder)
        for step in script[1:-1]:
            world.do(step)
        await world.suffer((steps.Gust(1, script[-1]),))

    assert run(in_steps).digest == told.digest
