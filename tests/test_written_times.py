"""Durations and instants as people write them: seconds, helpers, texts, and what is refused because it can only be µs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cluster import steps
from cluster.sim.errors import Misuse
from cluster.sim.network import Wire
from cluster.sim.run import HELD, MISTAKE, play
from cluster.sim.settings import made, written
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, days, hours, minutes
from cluster.trace import Stepped
from cluster.written_times import Microseconds, instant, instant_of_text, is_instant, is_span, microseconds, seconds
from scenarios.backups import BadDelay, Retention, backups

SPELLINGS = (90, 90.0, minutes(1.5), timedelta(seconds=90), timedelta(minutes=1.5), Microseconds(90 * SECOND))


@pytest.mark.parametrize("span", SPELLINGS, ids=repr)
def test_a_duration_is_written_in_many_ways(span: Any) -> None:
    """A bare number is seconds, as `trio.sleep` has it."""
    assert is_span(span)
    assert (microseconds(span), seconds(span)) == (90 * SECOND, 90)


@pytest.mark.parametrize(
    "given", [0, 7, -7, 0.000_001, 0.1, 12.345_678, -0.5, hours(2), days(400), timedelta(days=20_000)]
)
def test_what_is_kept_is_shown_as_it_would_be_written(given: Any) -> None:
    """The `repr` of a duration can be pasted into a story, and is the same duration there."""
    kept = microseconds(given)
    again = eval(repr(kept), {"timedelta": timedelta})
    assert is_span(again)
    assert microseconds(again) == kept


@pytest.mark.parametrize("given", [True, "90", None, float("nan"), [90], 10_000_000, -3_600_000_000, 1e9, float("inf")])
def test_what_is_no_duration(given: Any) -> None:
    """Of another kind, or a number that is plausible as µs only: 116 days as a whole number, 32 years as any."""
    assert not is_span(given)


@pytest.mark.parametrize("given", [9_999_999, -9_999_999, 999_999_999.0, timedelta(days=40_000)])
def test_the_longest_durations(given: Any) -> None:
    """Just below the bounds; a `timedelta` has none."""
    assert is_span(given)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("02:30", 2 * HOUR + 30 * MINUTE),
        ("1d 02:00:00.5", DAY + 2 * HOUR + SECOND // 2),
        ("90min", 90 * MINUTE),
        ("2024-01-02", DAY),
        ("2024-01-02T01:00+01:00", DAY),
        (datetime(2024, 1, 2, tzinfo=UTC), DAY),
        (datetime(2024, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))), DAY),
        (86_400, DAY),
        (hours(1.5), 90 * MINUTE),
    ],
)
def test_an_instant_is_written_in_many_ways(given: Any, at: int) -> None:
    """As a timeline shows it, by the calendar, as a `datetime`, or as seconds since the start."""
    assert is_instant(given)
    assert instant(given) == at


@pytest.mark.parametrize(
    "given",
    ["half past two", "25", "02:60", "", datetime.fromisoformat("2024-01-02"), 9_000_000_000, None, timedelta(1)],
)
def test_what_is_no_instant(given: Any) -> None:
    """A text that names none, a `datetime` without a zone, a number of µs, a duration."""
    assert not is_instant(given)


def test_a_text_that_is_no_time_is_answered() -> None:
    """With what to write instead."""
    with pytest.raises(
        ValueError, match="'half past two' is no time: write '02:30' or '90min' after the start, or '2024-"
    ):
        instant_of_text("half past two")


Verb = Callable[[World], Any]
TOO_LONG = "durations are in seconds, and this is 41,667 days; give 3600 if µs were meant"
REFUSED: dict[str, tuple[Verb, str]] = {
    "a clock": (lambda world: world.jump_clock("B", 3_600_000_000), f"jump_clock: by is 3600000000: {TOO_LONG}"),
    "a wait": (lambda world: world.elected(within=3_600_000_000), f"elected: within is 3600000000: {TOO_LONG}"),
    "links": (lambda world: world.rewire(delay=3_600_000_000), f"rewire: delay is 3600000000: {TOO_LONG}"),
    "a short latency": (
        lambda world: world.rewire(latency=5_000),
        "Rewire(latency=5000): latency is 5000 s: give 0 to 60 s; give 5 if 5000 ms were meant",
    ),
    "a fault": (
        lambda world: world.when(Stepped, steps.JumpClock("", 3_600_000_000)),
        f"JumpClock(node='', by=3600000000)): by is 3600000000: {TOO_LONG}",
    ),
    "weather": (
        lambda world: world.suffer((steps.Gust(3_600_000_000, steps.Heal()),)),
        f"after is 3600000000: {TOO_LONG}",
    ),
    "a fault in text": (
        lambda world: world.do(steps.JumpClock("B", "1 h")),  # type: ignore[arg-type]
        "by is '1 h': give seconds, as in 90",
    ),
}


@pytest.mark.parametrize(("verb", "says"), REFUSED.values(), ids=REFUSED)
def test_a_number_of_microseconds_is_refused(verb: Verb, says: str) -> None:
    """Wherever a duration is given: one sentence with the value and what to write instead."""

    async def story(world: World) -> None:
        world.start("ABC")
        answer = verb(world)
        if answer is not None:
            await answer

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)


def test_steps_are_recorded_in_microseconds() -> None:
    """A story gives seconds; the trace has whole µs, in its text and in its fields."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.jump_clock("B", hours(1))
        world.rewire(latency=0.08, jitter=timedelta(milliseconds=1))
        world.when(Stepped, steps.JumpClock("C", -0.5))

    outcome = play(story)
    assert outcome.verdict == HELD
    recorded = [event.note.script for event in outcome.history.of(Stepped)]
    assert "JumpClock(node='B', by=3600000000)" in recorded
    assert any(text.startswith("Rewire(latency=80000, jitter=1000, loss=None") for text in recorded)
    assert "When(kind='Stepped', fault=JumpClock(node='C', by=-500000), node='', count=1)" in recorded


def test_the_settings_of_a_world_are_in_seconds() -> None:
    """As a mapping: what a story reads of them, and what the world counts, is the same duration."""
    wire = made(Wire, "wire", {"latency": 0.08, "jitter": timedelta(milliseconds=2), "loss": 0.1})
    assert wire == Wire(latency=80_000, jitter=2_000, loss=0.1)
    assert written(wire)["latency"] == Microseconds(80_000)
    world = World(wire={"latency": 0.08}, disk={"sync_latency": 0.02}, timing={"election": 0.5})
    assert (world.wire.latency, world.disk_model.sync_latency, world.timing.election) == (80_000, 20_000, 500_000)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"latncy": 0.1}, "wire has no 'latncy'. Did you mean latency? it has latency, jitter, loss"),
        ({"latency": 80_000_000}, "wire: latency is 80000000: durations are in seconds"),
        ({"latency": "5 ms"}, "wire: latency is '5 ms': give seconds, as in 90"),
        (Wire(latency=0.08), "wire: latency is 0.08: give a whole number; Wire counts in µs"),  # type: ignore[arg-type]
        ("fast", "wire is 'fast': give a mapping, such as {'latency': 0.05}"),
        ({"latency": 400}, "wire: latency is 400 s: give 0 to 60 s; give 0.4 if 400 ms were meant"),
        ({"loss": 40.0}, "wire: loss is 40: a chance lies in [0, 1], so give 0.4 if 40% was meant"),
    ],
    ids=["a name", "µs", "text", "seconds as µs", "no mapping", "ms", "percent"],
)
def test_wrong_settings_are_refused(given: Any, says: str) -> None:
    """One sentence that names the setting and the remedy."""
    with pytest.raises(Misuse) as refused:
        World(wire=given)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"disk": {"sync_latency": 300}}, "disk: sync_latency is 300 s: give 0 to 60 s; give 0.3 if 300 ms were meant"),
        ({"timing": {"election": 150}}, "timing: election is 150 s: give 0 to 60 s; give 0.15 if 150 ms were meant"),
    ],
    ids=["a disk", "an election"],
)
def test_milliseconds_of_a_disk_or_an_election_are_refused(given: dict[str, Any], says: str) -> None:
    """Nothing of either takes minutes."""
    with pytest.raises(Misuse) as refused:
        World(**given)
    assert str(refused.value) == says


def test_the_verbs_of_backups_take_durations_and_instants() -> None:
    """What is kept, put off and restored: seconds, a `timedelta`, a text."""

    async def story(world: World) -> None:
        client = backups(world)
        shop = await client.shop("ABC", documents=3)
        task = await shop.define(full="0 * * * *", keep=timedelta(days=2))
        record = client.recorded("Shop")
        assert record is not None
        assert record.tasks[task.id].retention == Retention(2 * DAY)
        run = await task.ran(within=timedelta(hours=2))
        assert (run.due, round(run.began)) == (hours(1), 3_600)
        assert (await client.restore("Then", run.node, at="01:30")).documents == 3
        with world.expecting(BadDelay):
            await task.postpone(-1)

    assert play(story).verdict == HELD
