"""The verbs of a story: what they wait for, what they tell, and how a run says that something broke."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import trio

from cluster.checks import Violation
from cluster.member import Member, Refused
from cluster.sim.clock import Clock
from cluster.sim.errors import Deadlock
from cluster.sim.run import BROKEN, HELD, INCONCLUSIVE, MISTAKE, play, run
from cluster.sim.world import GaveUp, Misuse, World
from cluster.steps import Ask, Crash
from cluster.time_units import SECOND
from cluster.trace import BecameLeader, Committed, Crashed, Stepped, Voted
from tests.sim.vocabulary import Add, Adder, Noted, member_of

# ---- past participles ----


def test_elected_waits_for_a_leader_that_most_follow() -> None:
    """It names the leader, and another one after that one is gone."""

    async def story(world: World) -> None:
        world.start("ABC")
        first = await world.elected()
        assert (world[first].role, world[first].leader) == ("leader", first)
        assert sum(world[name].leader == first for name in "ABC") >= 2
        world.crash(first)
        second = await world.elected(within=5, other_than=first)
        assert second != first
        assert await world.elected() == second, "at once if so already"

    run(story)


def test_seen_waits_for_the_next_of_a_kind() -> None:
    """Of a node, with certain fields; what was before does not count."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        event = await world.seen(BecameLeader)
        assert event.node in "ABC"
        assert event.t == world.clock.now
        await world.settled()
        with pytest.raises(GaveUp, match="waited 2 s for Voted at B, in vain"):
            await world.seen(Voted, node="B", within=2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.ask, "A", Add(1))
            committed = await world.seen(Committed, node="C", index=2)
        assert committed.node == "C"

    run(story)


def test_settled_waits_for_all_that_live_or_are_about_to() -> None:
    """Also for a node that was restarted in the same breath."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        await world.ask(await world.elected(), Add(7))
        await world.settled()
        assert [world[name].state for name in "ABC"] == [7, 7, 7]
        world.restart("A")
        await world.settled()
        assert (world["A"].up, world["A"].state) == (True, 7)

    run(story)


def test_until_waits_for_anything() -> None:
    """It returns what it found; a deadline that passes is a broken story, which says what was awaited."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        assert await world.until(lambda: world["A"].leader) in ("A", "B", "C")
        await world.until(lambda: world["A"].term > 100, within=3, what="the year 100")

    outcome = play(story)
    assert outcome.verdict == BROKEN
    assert str(outcome.failure) == "waited 3 s for the year 100, in vain"


# ---- nouns ----


def test_a_node_can_be_looked_at() -> None:
    """Up and down; an unknown one is the story's mistake."""

    async def story(world: World) -> None:
        world.start("AB", Adder)
        leader = await world.elected()
        await world.ask(leader, Add(3))
        node = world[leader]
        assert (node.name, node.up, node.term, node.commit, node.applied, node.state) == (leader, True, 1, 2, 2, 3)
        assert repr(node) == f"<node {leader}: leader, term 1, commit 2>"
        assert world.names == ("A", "B")
        world.crash(leader)
        assert (node.up, node.role, node.term, node.commit, node.applied) == (False, "down", 0, 0, 0)
        assert (node.state, node.application, node.leader) == (None, None, None)
        assert world.now == world.clock.now / SECOND
        assert world.folder("backups") is None
        with pytest.raises(Misuse, match="there is no node 'Z'; nodes are A, B"):
            world["Z"]

    run(story)


def test_a_cluster_looks_and_asks_as_the_world_does() -> None:
    """It differs where a node is down: that has no state of any type, so it says so and what to do."""

    async def story(world: World) -> None:
        cluster = world.start("AB", Adder)
        leader = await world.elected()
        assert await cluster.ask(leader, Add(3)) == cluster[leader].state == 3
        assert cluster[leader].application is world[leader].application
        world.crash(leader)
        node = cluster[leader]
        assert (node.up, node.term) == (False, 0)
        for look in (lambda: node.state, lambda: node.application):
            with pytest.raises(Misuse, match=f"node {leader} is down and shows neither state nor application"):
                look()
        with pytest.raises(Misuse, match="there is no node 'Z'; nodes are A, B"):
            cluster["Z"]

    run(story)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a"], "'a' is no node tag: take 1 to 4 capital letters, not RAFT"),
        (["ABCDE"], "'ABCDE' is no node tag"),
        (["RAFT"], "'RAFT' is no node tag"),
        (["A1"], "'A1' is no node tag"),
        ([], "name between 1 and 255, each once"),
        (["A", "B", "A"], "name between 1 and 255, each once"),
    ],
)
def test_node_tags_follow_rule_1_7(names: list[str], says: str) -> None:
    """Misuse names what is wrong and what to take."""

    async def story(world: World) -> None:
        world.start(names)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Misuse)
    assert says in str(outcome.failure)


@pytest.mark.parametrize(
    "verb", [lambda world: world.heal(), lambda world: world.mend(), lambda world: world.crash("A")]
)
def test_a_world_without_nodes_can_only_start(verb: Callable[[World], None]) -> None:
    """Every other verb says so."""

    async def story(world: World) -> None:
        verb(world)

    outcome = play(story)
    assert isinstance(outcome.failure, Misuse)
    assert "start some first" in str(outcome.failure)


def test_who_is_down_cannot_be_asked() -> None:
    """It is the story that asked wrongly."""

    async def story(world: World) -> None:
        world.start("AB", Adder)
        await world.elected()
        world.crash("A")
        await world.ask("A", Add(1))

    assert str(play(story).failure) == "node A is down and cannot be asked: restart it, or ask one of B"


def test_a_cluster_without_application_only_elects() -> None:
    """What it cannot do is refused."""

    async def story(world: World) -> None:
        world.start("ABC")
        with world.expecting(Refused):
            await world.ask(await world.elected(), Add(1))

    run(story)


def test_expecting_demands_what_it_expects() -> None:
    """Nothing raised, or something else, is a broken story."""

    async def nothing(world: World) -> None:
        with world.expecting(Refused, OSError):
            pass

    async def other(world: World) -> None:
        with world.expecting(Refused):
            raise LookupError

    assert str(play(nothing).failure) == "expected Refused or OSError, and nothing was raised"
    assert str(play(other).failure) == "expected Refused, and LookupError was raised: "


def test_a_mark_that_was_never_seen_is_inconclusive() -> None:
    """What the story wants to see sometimes is named."""

    async def story(world: World) -> None:
        world.start("A")
        world.sometimes("two leaders", False)
        world.sometimes("a leader", bool(await world.elected()))
        world.sometimes("a leader", False)

    outcome = play(story)
    assert (outcome.verdict, outcome.unseen) == (INCONCLUSIVE, ("two leaders",))
    with pytest.raises(GaveUp, match="never seen: two leaders"):
        run(story)


# ---- promises ----


async def leads_twice(world: World) -> None:
    """A story in which somebody lies about a leader of term 1."""
    world.start("ABC", Adder)
    leader = await world.elected()
    await trio.sleep(1)
    member_of(world, "ABC".replace(leader, "")[0]).note(BecameLeader(1, 2, 0, 0))


def test_a_broken_promise_ends_the_run_in_the_act() -> None:
    """One exception: the promise, then as notes the seed and the last lines of the timeline."""
    with pytest.raises(Violation) as raised:
        run(leads_twice, seed=1)
    violation = raised.value
    assert violation.promise == "election safety"
    assert str(violation) == "election safety: A and B both lead term 1"
    assert violation.__notes__[0].startswith("seed 1, 00:00:01.")
    assert violation.__notes__[1].split() == ["time", "A", "B", "C"]
    assert violation.__notes__[-1].endswith("B leads term 1 (2 votes)")
    assert play(leads_twice).verdict == BROKEN


SWALLOWS: dict[str, Callable[[World], Any]] = {}


def swallows(story: Callable[[World], Any]) -> Callable[[World], Any]:
    SWALLOWS[story.__name__] = story
    return story


@swallows
async def by_the_story(world: World) -> None:
    with suppress(AssertionError):
        await leads_twice(world)
    await trio.sleep(5)


@swallows
async def by_a_client(world: World) -> None:
    class Liar(Adder):
        async def serve(self, request: Any) -> Any:
            assert self.member is not None
            self.member.note(BecameLeader(1, 2, 0, 0))

    world.start("ABC", Liar)
    leader = await world.elected()
    with suppress(AssertionError):
        await world.ask("ABC".replace(leader, "")[0], Add(1))
    await trio.sleep(5)


@swallows
async def by_a_program(world: World) -> None:
    async def program(member: Member) -> None:
        await member.sleep(SECOND)
        if not member.leading:
            try:
                member.note(BecameLeader(1, 2, 0, 0))
            except AssertionError:
                await member.sleep(SECOND)

    world.start("ABC", lambda: Adder(program))
    await trio.sleep(10)


@pytest.mark.parametrize("story", SWALLOWS.values(), ids=SWALLOWS)
def test_nobody_can_swallow_a_broken_promise(story: Callable[[World], Any]) -> None:
    """Whoever was on the stack when it broke, and whatever he does with the exception."""
    outcome = play(story)
    assert outcome.verdict == BROKEN
    assert isinstance(outcome.failure, Violation)
    assert outcome.failure.promise == "election safety"
    assert outcome.virtual_seconds < 3


# ---- by hand ----


def by_hand(test: Callable[[World], Any], **options: Any) -> None:
    """Run a test that makes its own world, as one under pytest-trio does."""
    clock = Clock()

    async def main() -> None:
        async with World(7, clock=clock, **options) as world:
            await test(world)
        await trio.sleep(1)  # the test may go on when the world is over

    trio.run(main, clock=clock)


def test_a_world_can_be_made_by_hand() -> None:
    """`async with World(...)`, under a run of trio with its clock; the history is that of `run`."""
    digests = list[str]()

    async def test(world: World) -> None:
        world.start("ABC", Adder)
        await world.ask(await world.elected(), Add(3))
        await world.settled()
        digests.append(world.history.digest())

    by_hand(test)
    run(test, seed=7)
    assert digests[0] == digests[1]


def test_a_broken_promise_fails_a_test_by_hand_with_one_message() -> None:
    """In the test's own call, in the background while it sleeps, or in a nursery of its own: never in a group."""

    async def in_the_background(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        other = member_of(world, "ABC".replace(leader, "")[0])
        world.clock.at(9 * SECOND, 0, 0, 0, lambda _: [other.note(BecameLeader(1, 2, 0, 0))].clear(), None)
        await trio.sleep(100)
        raise LookupError("the world had broken before")

    async def in_a_nursery(world: World) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(leads_twice, world)
            await trio.sleep(100)

    for test in (leads_twice, in_the_background, in_a_nursery):
        with pytest.raises(Violation, match=r"election safety: . and . both lead term 1") as raised:
            by_hand(test)
        assert raised.value.__notes__[0].startswith("seed 7, ")
        assert len([note for note in raised.value.__notes__ if note.startswith("seed")]) == 1


def test_what_a_test_by_hand_raises_comes_out_as_it_is() -> None:
    """With the timeline as notes; and a promise that only the end can tell is told."""

    async def wrong(world: World) -> None:
        world.start("ABC")
        raise LookupError("typo")

    with pytest.raises(LookupError, match="typo") as raised:
        by_hand(wrong)
    assert raised.value.__notes__[0].startswith("seed 7, 00:00:00.000")

    async def deadlock(world: World) -> None:
        world.start("A")
        await world.elected()
        world.crash("A")
        await trio.sleep_forever()

    with pytest.raises(Deadlock, match="nothing can ever happen any more"):
        by_hand(deadlock)


def test_a_world_needs_the_clock_of_its_run() -> None:
    """Under another clock nothing would ever happen; and no clock has two worlds."""

    async def other_clock() -> None:
        async with World():
            pass

    with pytest.raises(Misuse, match=r"trio runs with another clock than this world: give the same one to trio\.run"):
        trio.run(other_clock)

    clock = Clock()

    async def two_worlds() -> None:
        for _ in range(2):
            async with World(clock=clock) as world:
                world.start("A")
                await world.elected()

    with pytest.raises(Misuse, match="this clock has had its world: give each World a Clock of its own"):
        trio.run(two_worlds, clock=clock)


# ---- every step is recorded ----


def test_every_verb_is_a_step_in_the_history() -> None:
    """As Python that can be pasted, with what it says; what follows names it as its cause."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        await world.ask(leader, Add(2))
        world.crash(leader)
        await trio.sleep(1)
        member_of(world, "ABC".replace(leader, "")[0]).note(Noted("bye"))

    events = run(story).history.events
    steps = [event for event in events if isinstance(event.note, Stepped)]
    assert [event.node for event in steps] == ["", "", ""]
    ask, crash = steps[1].note, steps[2].note
    assert isinstance(ask, Stepped)
    assert isinstance(crash, Stepped)
    assert isinstance(crash.step, Crash)
    leader = crash.step.node
    assert ask == Stepped(Ask(leader, Add(2)))
    assert (eval(ask.script), ask.says) == (ask.step, f"a client of {leader} asks Add(amount=2)")
    crashed = next(event for event in events if isinstance(event.note, Crashed))
    assert events[crashed.cause - 1] == steps[2]
    assert play(story).verdict == HELD


def test_a_wait_in_vain_says_what_came_closest() -> None:
    """The last such event before it was asked for, or one with another value; a long wait is told in hours."""

    async def late(world: World) -> None:
        world.start("ABC")
        await world.elected()
        await trio.sleep(3)
        await world.seen(BecameLeader, within=7_200)

    async def misspelt(world: World) -> None:
        world.start("ABC")
        await world.seen(BecameLeader, within=5, term=7)

    said = str(play(late).failure)
    assert re.fullmatch(
        r"waited 2 h for BecameLeader, in vain; the last one was [3-4][.\d]* s before you asked: ask before .+", said
    )
    assert re.fullmatch(
        r"waited 5 s for BecameLeader, in vain; there was one at [ABC], with term=1", str(play(misspelt).failure)
    )
