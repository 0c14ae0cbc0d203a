"""Quiet time is free and changes nothing: with skipping and without, a history is the same to the last event."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.member import Member
from cluster.raft.state import Raft
from cluster.raft.timing import Timing
from cluster.sim.empty_application import Nothing
from cluster.sim.lost_chatter import LOOKAHEAD, LostChatter, runs
from cluster.sim.network import Link, Wire
from cluster.sim.quiet import Quiet
from cluster.sim.run import HELD, play, run
from cluster.sim.world import World
from cluster.steps import Crash, Cut, CutOneWay, Drift, Gust, Heal, Join, Pause, Remove, Rewire, Split, Weather
from cluster.time_units import DAY, HOUR, MILLISECOND, SECOND
from scenarios.backups import backups
from scenarios.strategies import LONG_GAPS, cluster_names, seeds, weather
from scenarios.zoo import planted
from tests.sim.quiet_weathers import WEATHERS, Lived, compared, one_history, settled
from tests.sim.vocabulary import Add, Adder, Foreseen, Gossip, busy

BUDGET = settings().max_examples // 4
"""25 examples usually, hundreds in a campaign."""
STEADY = (
    Wire(),
    Wire(jitter=0),
    Wire(latency=60 * MILLISECOND, jitter=20 * MILLISECOND),
    Wire(latency=90 * MILLISECOND, jitter=20 * MILLISECOND),
    Wire(loss=0.002),
    Wire(loss=0.0005, jitter=40 * MILLISECOND),
    Wire(loss=0.03),
    Wire(ordered=False, jitter=50 * MILLISECOND),
    Wire(delay_chance=0.01, delay=40 * MILLISECOND),
    Wire(duplicate=0.01),
)
"""Wires on which a cluster is quiet at least now and then."""
NOISY = ("duplicates", "hold", "any order", "delays", "loss", "latency")
"""Kinds of weather in which nothing is skipped before it is over."""


def lived(
    names: str, gusts: Weather, seed: int, application: Callable[[], Any], skipping: bool, **options: Any
) -> Lived:
    """Weather, a while in what it left, then a while in a mended world."""
    rafts: list[Raft] = []

    async def story(world: World) -> None:
        world.start(names, application)
        await world.suffer(gusts)
        await trio.sleep(40)
        world.mend()
        await trio.sleep(120)
        rafts.extend(settled(slot.node.raft) for slot in world.slots.values() if slot.node)

    return Lived(play(story, seed, skipping=skipping, **options), rafts)


def same(names: str, gusts: Weather, seed: int, application: Callable[[], Any], **options: Any) -> Lived:
    """Live it twice and compare; return the run with skipping."""
    return one_history(lambda skipping: lived(names, gusts, seed, application, skipping, **options))


@settings(max_examples=BUDGET)
@given(
    names=cluster_names(),
    seed=seeds(),
    wire=st.sampled_from(STEADY),
    application=st.sampled_from((Gossip, Foreseen, Nothing)),
    noisy=st.booleans(),
    data=st.data(),
)
def test_skipping_changes_nothing(
    names: str, seed: int, wire: Wire, application: Callable[[], Any], noisy: bool, data: st.DataObject
) -> None:
    """Any weather with long gaps, any wire: equal digests, equal message counts, equal beliefs at the end."""
    gusts = data.draw(weather(names, 6, gaps=LONG_GAPS, without=() if noisy else NOISY))
    same(names, gusts, seed, application, wire=wire)


@pytest.mark.parametrize("seed", WEATHERS[:6])
def test_the_world_of_a_seed_is_the_same(seed: int) -> None:
    """A sample of what the campaign compares: losses, cuts, crashes, clocks, members that come and go, backups."""
    compared(seed)


@pytest.mark.parametrize(
    "seed",
    [366, 426, 632],
    ids=["a lost talk where nobody leads", "the cause of what chatter tells", "a silence amid losses"],
)
def test_worlds_that_once_differed_are_the_same(seed: int) -> None:
    """Losses are looked for whether or not somebody leads; on lossy wires too, a silence is waited for until all judged it."""
    compared(seed)


@pytest.mark.campaign
@pytest.mark.weathers
@pytest.mark.parametrize("first", WEATHERS[::50])
def test_fifty_worlds_are_the_same(first: int) -> None:
    """Two thousand worlds in all, and in most of them there is something to skip."""
    skipped = [compared(seed).skipped for seed in WEATHERS[first : first + 50]]
    assert sum(1 for each in skipped if each > 60) > len(skipped) / 2


KNOWN: dict[str, tuple[str, Weather]] = {
    "nothing happens": ("ABC", ()),
    "one is down": ("ABC", (Gust(1, Crash("A")), Gust(150, Crash("A")))),
    "two of five are down": ("ABCDE", (Gust(1, Crash("A")), Gust(0, Crash("C")), Gust(150, Crash("A")))),
    "one is alone": ("ABC", (Gust(1, Split((("A",), ("B", "C")))), Gust(150, Cut("A", "B")))),
    "all are alone": ("ABC", (Gust(1, Split((("A",), ("B",), ("C",)))), Gust(150, Cut("A", "B")))),
    "one hears no leader": ("ABC", (Gust(1, CutOneWay("A", "B")), Gust(150, Heal()))),
    "one is not heard": ("ABC", (Gust(1, CutOneWay("B", "A")), Gust(150, Heal()))),
    "two of five are cut off": (
        "ABCDE",
        (Gust(1, Split((("A", "B"), ("C", "D", "E")))), Gust(150, Heal())),
    ),
    "two of five are left": (
        "ABCDE",
        (*(Gust(1, Crash("A")), Gust(0, Crash("C")), Gust(0, Crash("E"))), Gust(150, Drift("B", 9))),
    ),
    "one is paused before it has begun": ("ABC", (Gust(0, Pause("A")), Gust(1, Crash("A")))),
    "one joins": ("ABC", (Gust(1, Join("D")), Gust(150, Join("E", watcher=True)))),
    "a watcher hears of no leader": (
        "ABC",
        (
            Gust(1, Join("D", watcher=True)),
            Gust(1, Split((("D",), ("A", "B", "C")))),
            Gust(150, Drift("D", 9)),
        ),
    ),
    "one has left": ("ABC", (Gust(1, Remove("C")), Gust(150, Drift("A", 9)))),
    "one that left unseen comes back": (
        "ABC",
        (
            *(Gust(1, Split((("C",), ("A", "B")))), Gust(2, Remove("C"))),
            *(Gust(60, Heal()), Gust(150, Drift("A", 9))),
        ),
    ),
    "clocks drift": ("ABC", (Gust(0, Drift("A", 300)), Gust(0, Drift("B", -300)), Gust(150, Drift("C", 9)))),
}


@pytest.mark.parametrize("application", [Nothing, Gossip])
@pytest.mark.parametrize("wire", [STEADY[place] for place in (0, 2, 4, 5)], ids=["usual", "long", "lossy", "jitter"])
@pytest.mark.parametrize(("names", "gusts"), KNOWN.values(), ids=KNOWN)
def test_most_of_a_quiet_time_is_skipped(
    names: str, gusts: Weather, wire: Wire, application: Callable[[], Any]
) -> None:
    """The control for the property above: in these it has something to show, and the histories are the same."""
    some = same(names, gusts, 3, application, wire=wire)
    share = some.skipped / some.outcome.virtual_seconds
    assert share > (0.85 if application is Nothing and not wire.loss else 0.1)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "wire", [Wire(60 * MILLISECOND, 30 * MILLISECOND), Wire(90 * MILLISECOND, 0)], ids=["60", "90"]
)
def test_who_hears_the_leader_grants_nothing_after_a_skip_either(wire: Wire, seed: int) -> None:
    """On long wires a candidate's word may come before the next heartbeat, as those under way are left out."""

    def live(skipping: bool) -> Lived:
        rafts: list[Raft] = []

        async def story(world: World) -> None:
            world.start("ABC")
            leader = await world.elected()
            deaf = "ABC".replace(leader, "")[0]
            world.cut_one_way(leader, deaf)
            for number in range(40):
                await trio.sleep(5.023 + 0.071 * number)
                world.drift(deaf, 0)
            rafts.extend(settled(slot.node.raft) for slot in world.slots.values() if slot.node)

        return Lived(play(story, seed, skipping=skipping, wire=wire), rafts)

    assert one_history(live).skipped > 60


def test_a_beat_that_is_lost_while_the_time_is_skipped_is_not_answered() -> None:
    """It was on its way when the skip began: the messages are counted right to the last one."""
    same("ABCDE", (), 138, Nothing, wire=Wire(loss=0.0005, jitter=40 * MILLISECOND))
    for seed in range(8):
        same("ABC", (), seed, Nothing, wire=Wire(loss=0.01))


def test_what_is_lost_without_consequence_is_passed_over() -> None:
    """Two heartbeats in a hundred are lost, some a second: still nine tenths of a quiet time are skipped."""
    for seed in range(4):
        some = same("ABC", (), seed, Gossip, wire=Wire(loss=0.02))
        assert some.skipped > 0.7 * some.outcome.virtual_seconds


@pytest.mark.parametrize(
    ("start", "known", "expected"),
    [
        (5, 3, [(7, 7), (7, 8), (11, 11)]),
        (8, 3, [(7, 7), (7, 8), (11, 11)]),
        (9, 3, [(7, 8), (11, 11)]),
        (9, 1, [(9 - LOOKAHEAD, 8), (11, 11)]),
        (12, 3, [(11, 11)]),
    ],
    ids=["ahead", "begun", "just over", "begun before all that is known", "over, and nothing has come since"],
)
def test_a_run_of_losses_may_have_begun_already(start: int, known: int, expected: list[tuple[int, int]]) -> None:
    """Each run is told as it grows, and one that has just ended as well: what it leads to may still be to come."""
    link = Link(0, 1, "A>B", 1, Wire(loss=0.5))
    link._lost[1, 1] = [0, 7, 8, 11, 99]
    assert list(runs([(link, 1, 1)], start, known, 20)) == expected


def test_a_day_is_as_cheap_as_an_hour() -> None:
    """What it costs follows what happens: a cluster at rest does a few hundred entries, however long."""

    def entries(duration: int) -> int:
        counted = []

        async def story(world: World) -> None:
            world.start("ABC", Adder)
            leader = await world.elected()
            await trio.sleep(duration / SECOND)
            await world.ask(leader, Add(1))
            counted.append(world.clock.pops)

        assert run(story).verdict == HELD
        return counted[0]

    assert entries(365 * DAY) < 1.2 * entries(HOUR) < 2_000


def test_who_wants_to_see_chatter_turns_skipping_off() -> None:
    """Then every beat is lived, and counted the same."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        await trio.sleep(1_000)

    on, off = run(story), run(story, skipping=False)
    assert (len(on.history.stretches), len(off.history.stretches)) == (1, 0)
    assert on.messages == off.messages > 39_000, "two peers, ten beats a second, and an answer to each"
    assert on.digest == off.digest


def test_nothing_that_matters_is_passed_over() -> None:
    """Sleeps, waits for the wall clock, deadlines of the story and periodic judgements all come on time."""
    came: list[tuple[str, float]] = []

    async def story(world: World) -> None:
        async def program(member: Member) -> None:
            if member.name == "A":
                await member.sleep(1_000 * SECOND)
                came.append(("sleep", world.now))
                await member.changed(member.version, until=HOUR)
                came.append(("wall", world.now))
            if member.name == "B":

                def act(number: int) -> int:
                    if number == 2_000:
                        came.append(("news", world.now))
                        return 0
                    return member.monotonic() + (2_000 - number) * SECOND if number < 2_000 else 1 << 62

                member.every(SECOND, act)

        world.start("ABC", lambda: Adder(program))
        with trio.move_on_after(5_000):
            await trio.sleep_forever()
        came.append(("deadline", world.now))

    outcome = run(story, seed=2)
    news = next(now for what, now in came if what == "news")
    assert 2_000 <= news < 2_001
    assert came == [("sleep", 1_000), ("news", news), ("wall", 3_600), ("deadline", 5_000)]
    assert sum(stretch.until - stretch.start for stretch in outcome.history.stretches) > 4_800 * SECOND


WAYS = {
    "the paper's timer": Timing(ticking=False),
    "no check of the quorum": Timing(check_quorum=False),
    "rounds that do not grow": Timing(again=(2, 3)),
}


@pytest.mark.parametrize("timing", WAYS.values(), ids=WAYS)
def test_other_ways_to_lose_patience_are_skipped_alike(timing: Timing) -> None:
    """Whatever the timing, a history is the same."""
    for names, gusts in KNOWN.values():
        same(names, gusts, 4, Nothing, timing=timing)


def test_a_report_that_nobody_can_hear_is_no_news() -> None:
    """A node whose messages do not reach the leader repeats its report in vain, and that is skipped."""

    def live(skipping: bool) -> Lived:
        rafts: list[Raft] = []

        async def story(world: World) -> None:
            shop = await backups(world).shop("ABC")
            leader = await world.elected()
            follower = "ABC".replace(leader, "")[0]
            world.cut_one_way(follower, leader)
            await shop.put({"orders/1": {"total": 12}}, on="ABC".replace(leader, "").replace(follower, ""))
            await trio.sleep(300)
            world.heal()
            await trio.sleep(60)
            rafts.extend(settled(slot.node.raft) for slot in world.slots.values() if slot.node)

        return Lived(play(story, 4, skipping=skipping), rafts)

    assert one_history(live).skipped > 200


def test_what_a_program_foresees_is_not_waited_for() -> None:
    """A talk that would be no news needs no call between an event and the skip, which so begins half a second after the event."""

    def live(application: Callable[[], Any], skipping: bool) -> Lived:
        rafts: list[Raft] = []

        async def story(world: World) -> None:
            world.start("ABC", application)
            leader = await world.elected()
            for _ in range(5):
                await trio.sleep(60)
                await world.ask(leader, Add(1))
            await trio.sleep(60)
            rafts.extend(settled(slot.node.raft) for slot in world.slots.values() if slot.node)

        return Lived(play(story, 2, skipping=skipping), rafts)

    foreseen = one_history(lambda skipping: live(Foreseen, skipping))
    waited = one_history(lambda skipping: live(Gossip, skipping))
    assert foreseen.outcome.digest == waited.outcome.digest
    assert foreseen.skipped - waited.skipped > 5 * 0.7


def test_an_answered_command_wakes_nobody() -> None:
    """The instant at which a node would have asked again for it is skipped like any other."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        await world.ask("ABC".replace(leader, "")[0], Add(1))
        await trio.sleep(600)

    assert len(run(story, seed=2).history.stretches) == 1


def test_a_skip_that_forgets_something_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a leap that leaves the election timers behind is not the same history."""
    monkeypatch.setattr(Quiet, "_settle_follower", lambda self, slot, true: None)
    with pytest.raises(AssertionError):
        same("ABC", KNOWN["nothing happens"][1], 3, Nothing)
    monkeypatch.undo()
    monkeypatch.setattr(LostChatter, "of_heartbeats", lambda self, leader, group, until, settled: until)
    with pytest.raises(AssertionError):
        for seed in range(10):
            same("ABC", KNOWN["one is down"][1], seed, Nothing, wire=Wire(loss=0.2))


def test_a_busy_story_is_the_same_too() -> None:
    """With clients, crashes, pauses, set clocks and loss in it."""
    for seed in range(2):
        on, off = play(busy, seed), play(busy, seed, skipping=False)
        assert (on.digest, on.messages, on.verdict) == (off.digest, off.messages, HELD)
        assert on.history.stretches


def test_a_sleep_that_is_too_deep_is_seen() -> None:
    """Who asks in vain amid losses is not alone: skipped all the same, the history is another (zoo Q1)."""
    lossy: Weather = (Gust(2, Rewire(loss=0.8)), Gust(0, Crash("A")), Gust(60, Rewire(loss=0.0)))
    same("ABC", lossy, 1, Nothing)
    with planted("sleeps-though-nobody-leads"), pytest.raises(AssertionError):
        same("ABC", lossy, 1, Nothing)
