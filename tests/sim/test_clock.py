"""Sleeping is jumping: the agenda, its order, its ends, and what a node's own clocks read."""

import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from cluster.member import Member
from cluster.raft.timing import Timing
from cluster.sim.clock import CHATTER, MESSAGE, SLEEP, STEP, TIMER, WAKE, Clock, Parked
from cluster.sim.errors import Deadlock
from cluster.sim.machine_clocks import Clocks
from cluster.sim.run import BUG, HELD, INCONCLUSIVE, MISTAKE, STOPPED, Outcome, play, run
from cluster.sim.world import Misuse, World
from cluster.time_units import FIRST, FOREVER, HOUR, LAST, MILLISECOND, SECOND, hours
from cluster.written_times import Microseconds
from tests.sim.vocabulary import Adder, Noted, Program, member_of

# ---- the clock alone ----


def test_sleeping_is_jumping() -> None:
    """A hundred years pass at once, and nobody is early or late."""

    async def main() -> float:
        await trio.sleep(100 * 365 * 86_400)
        return trio.current_time()

    began = time.perf_counter()
    assert trio.run(main, clock=Clock()) == 100 * 365 * 86_400
    assert time.perf_counter() - began < 5


def test_time_is_counted_in_whole_microseconds() -> None:
    """Three sleeps of 0.1 end at 300,000 µs, ten thousand at 1000 s: the floats of trio's deadlines do not add up."""
    clock = Clock()

    async def main() -> list[int]:
        ends = []
        for number in range(10_000):
            await trio.sleep(0.1)
            if number in (2, 9_999):
                ends.append(clock.now)
        return ends

    assert trio.run(main, clock=clock) == [300_000, 1_000 * SECOND]


def test_an_instant_has_one_order_whoever_came_first() -> None:
    """Entries of one instant go by rank, then node, then number, and not by the order in which they were made."""
    clock, done = Clock(), list[str]()
    entries = [(STEP, 1, 0), (STEP, 1, 5), (STEP, 2, 0), (WAKE, 0, 0), (MESSAGE, 0, 9), (CHATTER, 0, 0), (SLEEP, 0, 0)]
    for rank, node, number in reversed(entries):
        clock.at(10, rank, node, number, done.append, f"{rank} {node} {number}")
    clock.at(9, SLEEP, 9, 9, done.append, "earlier")

    async def main() -> None:
        await trio.sleep(1)

    trio.run(main, clock=clock)
    assert done == ["earlier", *(f"{rank} {node} {number}" for rank, node, number in entries)]


def test_what_is_due_comes_before_whom_it_was_awaited_by() -> None:
    """An entry of the very instant at which a sleep ends is done before the sleeper goes on; a later one is not."""
    clock, done = Clock(), list[int]()
    clock.at(SECOND, STEP, 0, 0, done.append, 1)
    clock.at(SECOND + 1, STEP, 0, 0, done.append, 2)

    async def main() -> None:
        await trio.sleep(1)
        assert done == [1]
        assert clock.now == SECOND

    trio.run(main, clock=clock)


def test_one_task_a_pass_becomes_runnable() -> None:
    """Ten tasks wake at one instant, one after the other in the agenda's order, however trio shuffles."""
    for shuffle in range(5):
        clock, woken = Clock(), list[int]()
        parked = [Parked() for _ in range(10)]
        for number in reversed(range(10)):
            clock.at(SECOND, SLEEP, 0, number, clock.fire, parked[number])

        async def wait(number: int, parked: list[Parked] = parked, woken: list[int] = woken) -> None:
            await parked[number].wait()
            woken.append(number)

        async def main(shuffle: int = shuffle, wait: Callable[..., Awaitable[None]] = wait) -> None:
            from cluster.sim.trio_scheduler import settle_scheduler

            settle_scheduler(shuffle)
            async with trio.open_nursery() as nursery:
                for number in range(10):
                    nursery.start_soon(wait, number)

        trio.run(main, clock=clock)
        assert woken == list(range(10))


def test_a_leap_drops_chatter_and_keeps_the_rest() -> None:
    """The horizon is the first entry that matters; what only chatters is forgotten."""
    clock = Clock()
    clock.at(5, CHATTER, 0, 0, print, None)
    clock.at(6, TIMER, 0, 0, print, None)
    clock.at(9, SLEEP, 0, 0, print, None)
    assert clock.horizon() == 9
    assert [entry[0] for entry in sorted(clock.leap(8))] == [5, 6]
    assert (clock.now, clock.current_time(), len(clock.heap)) == (8, 0.000008, 1)
    clock.heap.clear()
    assert clock.horizon() == FOREVER


def test_a_cleanup_may_still_sleep() -> None:
    """A story that ends with a shielded sleep of its own is not left hanging when the world is over."""
    ended = list[float]()

    async def story(world: World) -> None:
        world.start("A")
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
                ended.append(trio.current_time())

    assert play(story).verdict == MISTAKE
    assert len(ended) == 1


# ---- ways to end ----


def test_a_deadlock_is_told_at_once() -> None:
    """No node is up and the story waits without end: nothing can ever happen, and that is said with the time."""

    async def story(world: World) -> None:
        world.start("A")
        await trio.sleep(2)
        world.crash("A")
        await trio.sleep_forever()

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Deadlock)
    text = "nothing can ever happen any more at 00:00:02.000, and the story still waits:"
    line = story.__code__.co_firstlineno + 4
    assert str(outcome.failure).splitlines() == [
        text, f"  {__file__}:{line} in story waits for nothing: trio.sleep_forever never ends"
    ]  # fmt: skip


def test_who_waits_while_a_cluster_only_chatters_waits_for_ever() -> None:
    """Beats alone lead to nothing: that is told as soon as the cluster is quiet, and costs no budget."""

    async def story(world: World) -> None:
        world.start("ABC")
        await trio.sleep_forever()

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Deadlock)
    assert f"nothing can ever happen any more at 00:00:{outcome.virtual_seconds:06.3f}"[:-1] in str(outcome.failure)


def test_an_agenda_that_never_ends_uses_up_its_budget() -> None:
    """A cluster beats for ever; a story that waits for ever is inconclusive after so many entries."""

    async def story(world: World) -> None:
        world.start("ABC")
        await trio.sleep_forever()

    outcome = play(story, budget=5_000, skipping=False)
    assert outcome.verdict == INCONCLUSIVE
    assert str(outcome.failure) == "the run did 5,000 entries of its agenda and was not finished"


def test_a_run_stops_when_it_is_asked_to() -> None:
    """From outside, for example at Ctrl-C: what happened so far is kept."""
    asked = iter(range(50))

    async def story(world: World) -> None:
        world.start("ABC")
        for _ in range(10_000):
            await trio.sleep(0.05)

    outcome = play(story, stop_asked=lambda: next(asked, None) is None, skipping=False)
    assert outcome.verdict == STOPPED
    assert len(outcome.history) > 0


def test_waiting_for_ever_ends_at_once() -> None:
    """A cluster that would only chatter from now on, and a story without a deadline: nothing can ever happen."""

    async def story(world: World) -> None:
        world.start("ABC")
        await world.elected()
        await trio.sleep_forever()

    outcome = play(story)
    assert "nothing can ever happen any more" in str(outcome.failure)
    assert outcome.virtual_seconds < 10


def test_a_story_cannot_outlive_the_calendar() -> None:
    """A sleep beyond the last year ends there, as the story's mistake; one up to it is a sleep."""

    woke = []

    async def story(world: World) -> None:
        world.start("ABC")
        await world.elected()
        await trio.sleep(LAST / SECOND - world.now)
        woke.append(world.clock.now)
        await trio.sleep(1)

    outcome = play(story, years=8_000)
    assert outcome.verdict == MISTAKE
    assert str(outcome.failure) == (
        "the story goes on after the year 9989, where every story ends: let it sleep for less"
    )
    assert woke == [LAST]


def test_a_wall_clock_stays_within_the_calendar() -> None:
    """It is set to no year that has no dates, or nearly none; to the last µs of the rest it is."""

    async def story(world: World) -> None:
        world.start("A")
        with pytest.raises(Misuse, match="the clock of A is not in the years 1970 to 9989: set it by less"):
            world.jump_clock("A", Microseconds(LAST))
        with pytest.raises(Misuse, match=re.escape(f"set by {(FIRST - 1) / SECOND:g} s, ")):
            world.jump_clock("A", Microseconds(FIRST - 1))
        world.jump_clock("A", Microseconds(LAST - 1))
        world.jump_clock("A", Microseconds(FIRST + 1 - LAST))

    run(story)


def test_an_error_inside_an_entry_is_the_runs_failure() -> None:
    """trio would take it for a bug of its own; here it comes out as it is, and the run says whose it was."""
    divide: Any = (1).__truediv__  # no line of the story's

    async def story(world: World) -> None:
        world.start("A")
        world.clock.at(SECOND, STEP, 0, 0, divide, 0)
        await trio.sleep(10)

    outcome = play(story)
    assert outcome.verdict == BUG
    assert isinstance(outcome.failure, ZeroDivisionError)
    assert outcome.virtual_seconds == 1
    with pytest.raises(ZeroDivisionError) as raised:
        run(story)
    assert raised.value.__notes__[0] == "seed 1, 00:00:01.000 after the start; the last lines of the timeline:"


def test_the_storys_own_error_is_its_mistake() -> None:
    """Also from a nursery of the story's."""

    async def wrong() -> None:
        raise KeyError("typo")

    async def story(world: World) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wrong)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, KeyError)


# ---- real work outside ----


def outside_story(program: Program) -> Callable[[World], Awaitable[None]]:
    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(20)

    return story


def noted(outcome: Outcome) -> list[tuple[int, str]]:
    """What programs noted, with the times in ms."""
    return [(event.t // MILLISECOND, event.note.what) for event in outcome.history.of(Noted)]


def test_work_outside_holds_the_clock_and_costs_what_it_says() -> None:
    """It really takes a tenth of a second; the world's clock stands, then 2 s of virtual time are paid."""

    async def program(member: Member) -> None:
        before = member.monotonic()

        def work() -> int:
            time.sleep(0.1)
            return member.monotonic() - before

        passed = await member.outside(work, 2 * SECOND)
        member.note(Noted(f"meanwhile {passed}, after it {member.monotonic() - before}"))

    outcome = play(outside_story(program))
    assert [what for _, what in noted(outcome)] == [f"meanwhile 0, after it {2 * SECOND}"]


@pytest.mark.parametrize("slow", ["first", "second"])
def test_results_from_outside_come_in_the_order_of_their_cost(slow: str) -> None:
    """Two at once: whichever thread is ready first, the history is the same; equal costs go by who began."""

    async def program(member: Member) -> None:
        async def work(name: str, cost: int) -> None:
            await member.outside(lambda: time.sleep(0.05 if name == slow else 0), cost)
            member.note(Noted(name))

        member.spawn(work, "first", SECOND)
        member.spawn(work, "second", SECOND)
        member.spawn(work, "cheap", SECOND // 2)

    assert noted(play(outside_story(program))) == [(500, "cheap"), (1_000, "first"), (1_000, "second")]


@pytest.mark.parametrize("slow", ["first", "second"])
def test_an_error_outside_costs_as_much_as_a_result(slow: str) -> None:
    """Failing is no faster by the world's clock, whichever thread fails first."""

    async def program(member: Member) -> None:
        async def work(name: str, cost: int) -> None:
            def fail() -> None:
                time.sleep(0.05 if name == slow else 0)
                raise OSError(f"{name} failed")

            try:
                await member.outside(fail, cost)
            except OSError as error:
                member.note(Noted(str(error)))

        member.spawn(work, "first", SECOND)
        member.spawn(work, "second", SECOND)

    assert noted(play(outside_story(program))) == [(1_000, "first failed"), (1_000, "second failed")]


def test_a_crash_drops_what_was_outside(tmp_path: Path) -> None:
    """The work itself was done, as it would be; its result reaches nobody."""
    file = tmp_path / "made"

    async def program(member: Member) -> None:
        if member.incarnation == 1:
            try:
                await member.outside(lambda: file.write_text("done"), SECOND)
            finally:
                member.note(Noted("a dead program speaks"))
            member.note(Noted("it has a result"))

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(0.5)
        world.restart("A")
        await trio.sleep(5)

    outcome = play(story)
    assert (outcome.verdict, noted(outcome), file.read_text()) == (HELD, [], "done")


def test_a_dead_program_does_nothing_outside(tmp_path: Path) -> None:
    """Work that a `finally` would still like to do is not begun."""
    file = tmp_path / "made"

    async def program(member: Member) -> None:
        try:
            await member.sleep(HOUR)
        finally:
            await member.outside(lambda: file.write_text("done"), 0)

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(0.5)
        world.crash("A")
        await trio.sleep(5)

    assert play(story).verdict == HELD
    assert not os.path.exists(file)


# ---- a node's own clocks ----


def test_a_clock_that_gains_reads_more() -> None:
    """100 ppm: 8.64 s a day. Both clocks gain, and `true` finds the first instant of a reading."""
    clocks = Clocks()
    clocks.set_rate(0, 100)
    day = 24 * HOUR
    assert clocks.monotonic(day) - day == 8_640 * MILLISECOND
    assert clocks.wall(day) == clocks.monotonic(day)
    for reading in (0, 1, 9_999, 10_001, day, day + 12_345):
        true = clocks.true(reading)
        assert clocks.monotonic(true) >= reading > clocks.monotonic(true - 1)


def test_a_rate_that_changes_does_not_jump() -> None:
    """The reading goes on from where it was."""
    clocks = Clocks()
    clocks.set_rate(0, 1_000)
    before = clocks.monotonic(10 * SECOND)
    clocks.set_rate(10 * SECOND, -1_000)
    assert clocks.monotonic(10 * SECOND) == before
    assert clocks.monotonic(20 * SECOND) == 20 * SECOND


def test_only_the_wall_clock_jumps() -> None:
    """Forward and back; the monotonic clock does not notice."""
    clocks = Clocks()
    clocks.jump(HOUR)
    clocks.jump(-3 * HOUR)
    assert (clocks.wall(10 * HOUR), clocks.monotonic(10 * HOUR)) == (8 * HOUR, 10 * HOUR)
    assert clocks.wall(clocks.true_of_wall(9 * HOUR)) == 9 * HOUR


def test_a_zone_must_exist() -> None:
    """The text names it and shows what one looks like."""
    clocks = Clocks()
    clocks.set_zone("Europe/Berlin")
    assert clocks.zone.key == "Europe/Berlin"
    with pytest.raises(ValueError, match=r"there is no time zone 'Berlin': take an IANA name such as Europe/Berlin"):
        clocks.set_zone("Berlin")


WAITS = {
    "not touched": ((), 3_600.0),
    "set forward past it": (((1_000, 2 * HOUR),), 1_000.0),
    "set forward, not past it": (((1_000, HOUR // 2),), 1_800.0),
    "set back": (((1_000, -HOUR),), 7_200.0),
    "set back and forward": (((1_000, -HOUR), (2_000, HOUR)), 3_600.0),
    "set forward and back": (((1_000, HOUR // 2), (1_500, -HOUR)), 5_400.0),
}


@pytest.mark.parametrize(("jumps", "wakes"), WAITS.values(), ids=WAITS)
def test_who_waits_for_the_wall_clock_is_woken_by_what_it_reads(
    jumps: tuple[tuple[int, int], ...], wakes: float
) -> None:
    """A program waits for one o'clock, and the clock is set meanwhile: at true time `wakes` (in s) it reads that."""
    woken = list[float]()

    async def program(member: Member) -> None:
        version = member.version
        while member.wall() < HOUR:
            await member.changed(version, until=HOUR)
            version = member.version
        woken.append(member.monotonic() / SECOND)

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        for at, by in jumps:
            await trio.sleep(at - world.now)
            world.jump_clock("A", Microseconds(by))
        await trio.sleep(3 * 3_600)

    run(story)
    assert woken == [wakes]


@pytest.mark.parametrize("parts_per_million", [100_000, -100_000], ids=["gains", "loses"])
def test_a_sleep_lasts_as_long_as_its_node_thinks(parts_per_million: int) -> None:
    """A rate that changes while a program sleeps: it wakes when its own clock has gone on by just that much."""
    slept = list[tuple[int, float]]()

    async def story(world: World) -> None:
        async def program(member: Member) -> None:
            before = member.monotonic()
            await member.sleep(100 * SECOND)
            slept.append((member.monotonic() - before, world.now))

        world.start("A", lambda: Adder(program))
        await trio.sleep(50)
        world.drift("A", parts_per_million)
        await trio.sleep(100)

    run(story)
    (measured, true_seconds), rate = slept[0], 1 + parts_per_million / 1e6
    assert 100 * SECOND <= measured <= 100 * SECOND + 1
    assert true_seconds == pytest.approx(50 + 50 / rate, abs=1e-5)


def test_grids_and_timers_follow_the_rate() -> None:
    """A node that is fast by a tenth talks a tenth more often by true time."""
    numbers = list[tuple[int, float]]()

    async def story(world: World) -> None:
        async def program(member: Member) -> None:
            def act(number: int) -> int:
                numbers.append((number, world.now))
                return 0

            member.every(SECOND, act)

        world.start("A", lambda: Adder(program))
        await trio.sleep(100)
        world.drift("A", 100_000)
        await trio.sleep(100)

    run(story, timing=Timing())
    assert [number for number, _ in numbers] == list(range(numbers[0][0], numbers[0][0] + len(numbers)))
    assert sum(1 for _, now in numbers if now < 100) == 100
    assert sum(1 for _, now in numbers if now > 100) == 110


def test_a_program_is_not_moved_by_another_nodes_clock() -> None:
    """B's clocks are B's alone."""

    async def story(world: World) -> None:
        world.start("AB", Adder)
        await trio.sleep(1)
        world.jump_clock("B", hours(1))
        world.drift("B", 500)
        await trio.sleep(100)
        assert member_of(world, "A").wall() == member_of(world, "A").monotonic() == 101 * SECOND
        assert member_of(world, "B").wall() == HOUR + 101 * SECOND + 100 * 500
        assert member_of(world, "B").monotonic() == 101 * SECOND + 100 * 500
        assert world["B"].wall == member_of(world, "B").wall()

    run(story)


def test_a_skip_may_leave_nothing_to_do_before_the_deadline() -> None:
    """What comes next is looked for again after a skip: the chatter that was due is gone, and nothing may have taken its place."""
    clock = Clock()
    clock.quiet_after = SECOND
    came: list[int] = []
    clock.on_quiet = lambda horizon: came.extend(entry[4] for entry in clock.leap(10 * SECOND))
    clock.at(5 * SECOND, TIMER, 0, 0, came.append, 0)
    clock.at(30 * SECOND, STEP, 0, 0, came.append, 1)

    async def main() -> None:
        await trio.sleep(20)
        assert clock.now == 20 * SECOND
        await trio.sleep(20)

    trio.run(main, clock=clock)
    assert came == [0, 1]
