"""Weather from Hypothesis: whatever is drawn can be lived through, shrinks to little, and a failure is a story."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from cluster.checks import Violation
from cluster.sim.network import Wire
from cluster.sim.run import HELD, play, run
from cluster.sim.world import World
from cluster.steps import Crash, CutOneWay, Gust, Heal, Restart, Resume, Rewire, Weather, When
from cluster.time_units import SECOND
from cluster.trace import Stepped
from scenarios.gallery import load
from scenarios.strategies import GAPS, as_story, check, cluster_names, faults, seeds, story_of, weather, wires
from scenarios.zoo import planted

QUICK = settings(
    max_examples=2_000, phases=(Phase.generate, Phase.shrink), database=None, derandomize=True, deadline=None
)


@given(names=cluster_names(), seed=seeds(), wire=st.none() | wires(), data=st.data())
def test_the_sky_clears_and_somebody_leads(names: str, seed: int, wire: Wire | None, data: st.DataObject) -> None:
    """Any weather on any wires, under a client's load; then calm: within 20 s one leads, and a client is answered.

    Every promise of consensus, and linearizability, is watched meanwhile.
    """
    check(as_story(names, data.draw(weather(names)), seed, wire), seed)


# ---- what is drawn ----


def test_weather_shrinks_to_what_matters() -> None:
    """One gust, at once, on the first node, at the first event: nothing is left that could be left out."""

    def has(kind: type, *, at_event: bool) -> Weather:
        def wanted(drawn: Weather) -> bool:
            found = [gust.fault.fault if isinstance(gust.fault, When) else None for gust in drawn]
            faults_of = found if at_event else [gust.fault for gust in drawn]
            return any(isinstance(fault, kind) for fault in faults_of)

        return find(weather("ABC"), wanted, settings=QUICK)

    assert has(Crash, at_event=False) == (Gust(0, Crash("A")),)
    assert has(CutOneWay, at_event=False) == (Gust(0, CutOneWay("A", "B")),)
    assert has(Restart, at_event=True) == (Gust(0, When("BecameLeader", Restart(""))),)
    two = find(weather("ABC"), lambda drawn: len(drawn) >= 2, settings=QUICK)
    assert [gust.after for gust in two] == [0, 0]


def test_the_mildest_comes_first() -> None:
    """What any fault will do is what does nothing."""
    assert find(faults("ABC"), lambda fault: True, settings=QUICK) == Heal()
    assert find(wires(), lambda wire: True, settings=QUICK) == Wire()
    assert find(cluster_names(), lambda names: True, settings=QUICK) == "ABC"
    at_event = find(weather("ABC"), lambda drawn: any(isinstance(g.fault, When) for g in drawn), settings=QUICK)
    assert at_event == (Gust(0, When("BecameLeader", Resume(""))),)


@given(drawn=weather("ABCDE", 6))
def test_weather_stands_on_a_grid(drawn: Weather) -> None:
    """At most so many gusts, each some time after the one before; a fault at an event names no node."""
    assert len(drawn) <= 6
    for gust in drawn:
        assert gust.after / SECOND in GAPS
        if isinstance(gust.fault, When):
            assert getattr(gust.fault.fault, "node", None) == ""
            assert gust.fault.count >= 1


@given(drawn=weather("ABC", without=("crash", "restart", "full disk", "loss")))
def test_kinds_can_be_left_out(drawn: Weather) -> None:
    """Neither by time nor at events."""
    for gust in drawn:
        fault = gust.fault.fault if isinstance(gust.fault, When) else gust.fault
        assert type(fault).__name__ not in ("Crash", "Restart", "FullDisk")
        assert not (isinstance(fault, Rewire) and fault.loss is not None)


def test_a_night_may_have_only_few_kinds_of_fault() -> None:
    """Swarm testing: many of one kind in a row are not as rare as they would be by chance alone."""
    kinds: list[int] = []

    @settings(max_examples=300, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=weather("ABC", 12))
    def collect(drawn: Weather) -> None:
        if len(drawn) >= 8:
            kinds.append(len({type(gust.fault) for gust in drawn}))

    collect()
    assert len(kinds) > 20
    assert min(kinds) <= 3
    assert max(kinds) >= 6


# ---- a failure as a story ----

WEATHER = (
    Gust(0.1, Crash("A")),
    Gust(0, When("Voted", Restart(""), count=2)),
    Gust(0.5, Rewire(loss=0.1)),
    Gust(0, CutOneWay("B", "C")),
)


@pytest.mark.parametrize("wire", [None, Wire(latency=20_000, duplicate=0.1)], ids=["usual wires", "other wires"])
@pytest.mark.parametrize("gusts", [(), WEATHER[:1], WEATHER], ids=["none", "one", "some"])
def test_a_story_as_text_is_the_story(gusts: Weather, wire: Wire | None, tmp_path: Path) -> None:
    """A file of Python that the command can run, with a sentence on top and the seed in it: the same history."""
    text = as_story("ABC", gusts, 77, wire)
    path = tmp_path / "shrunk.py"
    path.write_text(text)
    loaded = load(str(path))
    assert loaded.seed == 77
    count = "1 gust" if len(gusts) == 1 else f"{len(gusts)} gusts"
    assert loaded.lesson == f"After {count} of weather the sky clears: somebody of ABC leads, and a client is answered."
    by_file, by_text = play(loaded.story, loaded.seed), play(story_of(text), 77)
    assert by_file.verdict == HELD
    assert by_file.digest == by_text.digest
    steps = [event.note.step for event in by_file.history.events if isinstance(event.note, Stepped)]
    for gust in gusts:
        assert gust.fault in steps


@pytest.mark.parametrize("bug", ["vote-given-twice", pytest.param("leader-cuts-its-tail", marks=pytest.mark.campaign)])
def test_a_shrunk_failure_is_kept_as_a_story_that_fails_the_same_way(bug: str, tmp_path: Path) -> None:
    """With a bug planted a property fails; the note on its failure is a file that fails with the same words."""

    @settings(QUICK, max_examples=300, suppress_health_check=list(HealthCheck))
    @given(seed=st.sampled_from((1, 2, 3)), gusts=weather("ABC", 5))
    def property(seed: int, gusts: Weather) -> None:
        check(as_story("ABC", gusts, seed), seed)

    with planted(bug):
        with pytest.raises(Violation) as first:
            property()
        notes = first.value.__notes__
        told = next(note for note in notes if note.startswith("as a story to keep"))
        path = tmp_path / "kept.py"
        path.write_text(told.partition("\n\n")[2])
        loaded = load(str(path))
        with pytest.raises(Violation) as again:
            run(loaded.story, loaded.seed)
    assert str(again.value) == str(first.value)
    assert [note for note in again.value.__notes__ if note.startswith("seed")] == [
        note for note in notes if note.startswith("seed")
    ]
    assert path.read_text().count("    Gust(") <= 3, "it was shrunk"
    assert run(loaded.story, loaded.seed).verdict == HELD, "without the bug the story holds"


def test_a_story_as_a_function_can_be_checked_too() -> None:
    """It has no text to attach."""

    async def fails(world: World) -> None:
        raise AssertionError("on purpose")

    with pytest.raises(AssertionError, match="on purpose") as raised:
        check(fails, 3)
    assert not [note for note in raised.value.__notes__ if note.startswith("as a story")]


@settings(max_examples=settings().max_examples // 4)
@given(seed=seeds(), gusts=weather("ABC", 8, joining="DE"))
def test_members_come_and_go_in_any_weather(seed: int, gusts: Weather) -> None:
    """And when the sky clears, somebody leads whoever is left, and a client is answered."""
    check(as_story("ABC", gusts, seed), seed)
