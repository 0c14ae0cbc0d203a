"""A command on its way: it is applied once or not at all, and who asked learns which, or that nobody can tell."""

from contextlib import suppress

import pytest
import trio
from hypothesis import given, settings

from cluster.member import NoLeader, OutcomeUnknown, SessionEnded
from cluster.proposals import Decided, PendingProposal, SessionOver, Sessions
from cluster.raft.messages import Request
from cluster.raft.timing import Timing
from cluster.sim.run import Outcome, run
from cluster.sim.world import World
from cluster.snapshot_codec import packed
from cluster.steps import Crash, Weather
from cluster.time_units import MILLISECOND, SECOND
from cluster.trace import Answered, Delivered, Proposed
from scenarios.strategies import seeds, weather
from tests.sim.vocabulary import Add, Adder, member_of


def names_without(*leaders: str) -> list[str]:
    """The other nodes of A, B and C."""
    return [name for name in "ABC" if name not in leaders]


def answers(outcome: Outcome) -> list[str]:
    """How each proposal ended, in order."""
    return [event.note.outcome for event in outcome.history.of(Answered)]


# ---- the parts ----


def test_sessions_know_what_was_applied() -> None:
    """By client and serial, with index and answer."""
    sessions = Sessions()
    sessions.remember(Request("A#1", 1, 1), 5, "five")
    assert sessions.answer(Request("A#1", 1, 1)) == (5, "five")
    assert sessions.answer(Request("A#1", 2, 1)) is None
    assert sessions.answer(Request("A#2", 1, 1)) is None


def test_sessions_forget_answers_but_not_that_they_were_given() -> None:
    """What its client needs no more (below its floor) has no answer left, and is still never applied again."""
    sessions = Sessions()
    for serial in (1, 2, 3):
        sessions.remember(Request("A#1", serial, 1), serial * 10, serial)
    sessions.remember(Request("A#1", 4, 3), 40, 4)
    assert sessions.answer(Request("A#1", 1, 1)) == (0, None)
    assert sessions.answer(Request("A#1", 2, 1)) == (0, None)
    assert sessions.answer(Request("A#1", 3, 1)) == (30, 3)
    assert sessions.answer(Request("A#1", 5, 4)) is None
    sessions.remember(Request("A#1", 5, 2), 50, 5)
    assert sessions.answer(Request("A#1", 2, 2)) == (0, None), "a floor never falls"


def test_sessions_take_answers_in_any_order() -> None:
    """A later serial may be applied first."""
    sessions = Sessions()
    sessions.remember(Request("A#1", 2, 1), 10, "two")
    assert sessions.answer(Request("A#1", 1, 1)) is None
    sessions.remember(Request("A#1", 1, 1), 11, "one")
    sessions.remember(Request("A#1", 3, 3), 12, "three")
    assert [sessions.answer(Request("A#1", serial, 1)) for serial in (1, 2, 3)] == [(0, None), (0, None), (12, "three")]


def test_a_later_life_ends_the_session_of_the_earlier_one() -> None:
    """A node lives one life at a time, so its sessions end by the order of the log, and what comes late is refused by name."""
    sessions = Sessions()
    sessions.remember(Request("A#1", 1, 1), 5, "five")
    sessions.remember(Request("B#9", 1, 1), 6, "six")
    sessions.remember(Request("A#2", 1, 1), 7, "seven")
    assert [client for client, _ in sessions.by_client()] == ["B#9", "A#2"]
    for late in (Request("A#1", 1, 1), Request("A#1", 2, 1)):
        found = sessions.answer(late)
        assert found is not None
        assert found[0] == 0
        assert isinstance(found[1], SessionOver)
        assert found[1].why == (
            f"command {late.serial} of A#1 is not applied now, and nobody knows any more whether it was before: that session "
            "ended when A#2 sent its first command; look, and ask again through A#2"
        )
    assert sessions.answer(Request("B#9", 1, 1)) == (6, "six")
    assert sessions.answer(Request("A#3", 1, 1)) is None


def test_sessions_of_a_snapshot_know_which_lives_are_over() -> None:
    """Also one that was written before sessions ended: then the latest life counts."""
    sessions = Sessions()
    for life in (1, 2, 10):
        sessions.restore(f"A#{life}", 1, {1: (life, "put")})
    assert [client for client, _ in sessions.by_client()] == ["A#10"]
    assert sessions.answer(Request("A#9", 1, 1)) is not None


def test_three_hundred_restarts_leave_one_session() -> None:
    """A snapshot grows with the nodes that ever proposed and not with their lives; a leader's memory neither."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        for _ in range(300):
            world.restart(follower)
            await trio.sleep(0.2)
            await world.ask(follower, Add(1))
        await world.settled()
        for name in "ABC":
            node = world.slots[name].node
            assert node is not None
            assert [client for client, _ in node.apply_loop.sessions.by_client()] == [f"{follower}#301"]
            assert len(packed(node.codec, node.state, node.apply_loop.sessions)) < 60
        taken = world.slots[leader].node
        assert taken is not None
        assert len(taken.proposals._decided._attempts) == 1
        assert world[leader].state == 300

    run(story)


def test_a_living_client_of_an_earlier_life_is_told() -> None:
    """Two processes of one name: the older one gets SessionEnded, which is no answer and no promise."""

    async def story(world: World) -> None:
        leader = await elected(world)
        node = world.slots[leader].node
        assert node is not None
        node.apply_loop.sessions.begin(f"{leader}#7")
        with pytest.raises(SessionEnded, match=f"command 1 of {leader}#1 is not applied now"):
            await member_of(world, leader).propose(Add(1))
        assert node.state == 0
        world.crash(leader)  # its sessions were tampered with

    assert answers(run(story)) == ["unknown"]


def test_an_attempt_is_decided_once() -> None:
    """Each copy after the first is not looked at; attempts of answered requests are forgotten."""
    decided = Decided(life=2, began_in=4)
    one, two = Request("A#1", 1, 1), Request("A#1", 2, 2)
    assert [decided.first(one, 1, 5), decided.first(one, 1, 5), decided.first(one, 2, 5)] == [True, False, True]
    assert [decided.first(two, 1, 5), decided.first(two, 1, 5)] == [True, False]
    assert not decided.first(two, 2, 4), "it went to the life before, which may have taken it"
    for client in ("B#{}", "C#{}?"):
        assert decided.first(Request(client.format(1), 1, 1), 1, 5)
        assert decided.first(Request(client.format(2), 1, 1), 1, 5)
        assert not decided.first(Request(client.format(1), 2, 1), 1, 5), "that life is over"
    assert not decided.first(one, 3, 5), "below the floor its client has its answer: whatever comes is late"


def test_who_lost_its_disk_declines_nothing() -> None:
    """It does not know which attempts its life before has taken; a first life, and one with its disk, do."""
    assert [Decided(*life).may_decline for life in ((1, 0), (2, 3), (2, 0))] == [True, True, False]


def test_a_command_may_have_happened_until_every_attempt_is_declined() -> None:
    """A decline that comes twice closes one attempt."""
    pending = PendingProposal(Request("A#1", 1, 1), "Add", b"", None, 0, 0)
    told = [pending.may_have_happened]
    assert [pending.attempt(), pending.attempt()] == [1, 2]
    for attempt in (2, 2, 1):
        told.append(pending.may_have_happened)
        pending.declined(attempt)
    assert [*told, pending.may_have_happened] == [False, True, True, True, False]


# ---- definite and indefinite ends ----


async def elected(world: World) -> str:
    """A, B and C are up and agree."""
    world.start("ABC", Adder)
    leader = await world.elected()
    await world.settled()
    return leader


def test_without_a_leader_a_proposal_fails_after_the_operation_timeout() -> None:
    """15 s (rule 3.38), and definite: it did not happen and will not. The text says what to do."""

    async def story(world: World) -> None:
        leader = await elected(world)
        lonely, other = names_without(leader)
        world.crash(leader)
        world.crash(other)
        await world.until(lambda: world[lonely].leader is None)
        before = member_of(world, lonely).monotonic()
        with pytest.raises(NoLeader) as no_leader:
            await member_of(world, lonely).propose(Add(1))
        assert member_of(world, lonely).monotonic() - before == 15 * SECOND
        assert str(no_leader.value) == (
            f"node {lonely} could not send Add: there is no leader, and waiting 15 s for one ran out; bring back a "
            "majority of A, B, C and ask again"
        )
        world.mend()
        await world.settled()
        await trio.sleep(5)
        assert [world[name].state for name in "ABC"] == [0, 0, 0]

    assert answers(run(story)) == ["no leader"]


@pytest.mark.parametrize(
    ("within", "timing", "waits"), [(2 * SECOND, Timing(), 2), (None, Timing(operation=SECOND), 1)]
)
def test_how_long_a_proposal_takes_can_be_said(within: int | None, timing: Timing, waits: int) -> None:
    """By the caller, or for the cluster; the text names what was waited."""

    async def story(world: World) -> None:
        leader = await elected(world)
        lonely, other = names_without(leader)
        world.crash(leader)
        world.crash(other)
        await world.until(lambda: world[lonely].leader is None)
        await trio.sleep(1)
        before = world.now
        with pytest.raises(NoLeader, match=f"waiting {waits} s for one ran out"):
            await member_of(world, lonely).propose(Add(1), within)
        assert world.now == pytest.approx(before + waits)
        world.restart(leader)
        world.restart(other)
        leader = await world.elected()
        world.isolate(leader)
        with pytest.raises(OutcomeUnknown, match=f"heard nothing within {waits} s"):
            await member_of(world, leader).propose(Add(1), within)

    run(story, timing=timing)


def test_what_a_cut_off_leader_took_may_have_happened() -> None:
    """Indefinite: here it is overwritten by the others' leader. Who looks can know, and ask again."""

    async def story(world: World) -> None:
        leader = await elected(world)
        world.isolate(leader)
        with pytest.raises(OutcomeUnknown) as unknown:
            await member_of(world, leader).propose(Add(1))
        assert str(unknown.value) == (
            f"node {leader} asked for Add and heard nothing within 15 s: it may have happened or may still; look "
            "before you ask again"
        )
        world.heal()
        await world.settled()
        await trio.sleep(5)
        assert len({world[name].state for name in "ABC"}) == 1

    assert answers(run(story)) == ["unknown"]


def test_what_was_forwarded_to_a_leader_that_died_may_have_happened() -> None:
    """The leader may have had it in its log: the follower cannot know."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower, other = names_without(leader)
        world.crash(other)
        world.when(Delivered, Crash(leader), node=leader)
        with pytest.raises(OutcomeUnknown):
            await member_of(world, follower).propose(Add(1))

    assert answers(run(story)) == ["unknown"]


# ---- on the way ----


def test_a_follower_forwards_and_learns_by_applying() -> None:
    """Rule 3.38: one message to the leader, none back; the answer is what `apply` returned here."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        begun = len(world.history)
        assert await member_of(world, follower).propose(Add(5)) == 5
        assert world[follower].state == 5
        forwards = [
            event.node
            for event in world.history.events[begun:]
            if isinstance(event.note, Delivered) and event.note.message in ("Forward", "Decline")
        ]
        assert forwards == [leader]

    assert answers(run(story)) == ["applied"]


def test_a_forward_that_is_lost_is_sent_again() -> None:
    """After a second, to the same leader; applied once."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        world.cut_one_way(follower, leader)
        before = world.now
        async with trio.open_nursery() as nursery:
            nursery.start_soon(member_of(world, follower).propose, Add(1))
            await trio.sleep(0.05)
            world.heal()
        assert 1 < world.now - before < 1.2
        await world.settled()
        assert [world[name].state for name in "ABC"] == [1, 1, 1]

    assert answers(run(story)) == ["applied"]


def test_a_proposal_waits_for_a_leader() -> None:
    """Asked for while there is none, it goes to the first that comes."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        world.crash(leader)
        await world.until(lambda: world[follower].leader is None)
        assert await member_of(world, follower).propose(Add(3)) == 3
        assert world.now < 5

    assert answers(run(story)) == ["applied"]


def test_a_proposal_is_taken_to_the_next_leader_and_applied_once() -> None:
    """The others store what the old leader sends, it never hears of that, and the new leader is asked again."""

    async def story(world: World) -> None:
        leader = await elected(world)
        for name in names_without(leader):
            world.hold(name, leader)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(member_of(world, leader).propose, Add(1))
            await world.elected(other_than=leader)
            world.mend()
        await world.settled()
        await trio.sleep(3)
        assert [world[name].state for name in "ABC"] == [1, 1, 1]

    for seed in range(1, 9):
        assert answers(run(story, seed)) == ["applied"]


def test_a_command_that_stands_twice_in_the_log_is_applied_once() -> None:
    """The disks are so slow that it is asked for again before it is committed."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        for name in "ABC":
            world.slow_disk(name, 3_000)
        assert await member_of(world, follower).propose(Add(1)) == 1
        world.mend()
        await trio.sleep(10)
        await world.settled()
        assert [world[name].state for name in "ABC"] == [1, 1, 1]
        node = world.slots[follower].node
        assert node is not None
        log = node.raft.log
        asked = [entry.request for entry in log.slice(1, log.last_index) if entry.request is not None]
        assert len(asked) >= 2
        assert len(set(asked)) == 1

    assert answers(run(story)) == ["applied"]


def test_who_does_not_lead_any_more_declines() -> None:
    """The asked node has stepped down and the asker has not noticed: it is told, and asks the next leader."""
    declined = 0
    for seed in range(1, 30):
        told = list[str]()

        async def story(world: World, told: list[str] = told) -> None:
            leader = await elected(world)
            believer, other = names_without(leader)
            for src, dst in ((leader, believer), (leader, other), (other, leader)):
                world.cut_one_way(src, dst)
            await world.until(lambda: world[leader].role != "leader" or world[believer].leader != leader)
            if world[believer].leader != leader:
                return  # the luck of this seed: it noticed first
            world.heal()
            assert await member_of(world, believer).propose(Add(1)) == 1
            await world.settled()
            assert [world[name].state for name in "ABC"] == [1, 1, 1]
            told.extend(
                event.note.peer
                for event in world.history.of(Delivered)
                if event.note.message == "Decline" and event.node == believer
            )

        run(story, seed)
        declined += len(told)
    assert declined >= 3


def test_a_late_copy_of_an_answered_command_is_not_applied_again() -> None:
    """It comes when its client has long asked for more, so that its answer is forgotten: still it counts as applied."""

    async def story(world: World) -> None:
        leader = await elected(world)
        follower = names_without(leader)[0]
        world.rewire(duplicate=1.0, delay_chance=0.5, delay=4)
        for number in range(5):
            assert await member_of(world, follower).propose(Add(1)) == number + 1
        world.rewire(duplicate=0.0, delay_chance=0.0)
        await trio.sleep(20)
        assert [world[name].state for name in "ABC"] == [5, 5, 5]

    for seed in range(1, 20):
        run(story, seed)


BITS = 40


@settings(max_examples=settings().max_examples // 2)
@given(gusts=weather("ABC", 10, without=("latency", "delays", "duplicates")), seed=seeds())
def test_whatever_a_proposer_is_told_is_true(gusts: Weather, seed: int) -> None:
    """Each command adds a bit of its own, on wires that repeat and delay: what is applied shows, and what twice.

    Acknowledged: it is there. `NoLeader`: it is not, and will not be. Nothing is there twice.
    """

    async def story(world: World) -> None:
        ends: dict[int, str] = {}

        async def client(bit: int) -> None:
            await trio.sleep(bit * 0.11)
            node = "ABC"[bit % 3]
            if world[node].up:
                ends[bit] = "unknown"
                with suppress(OutcomeUnknown):
                    try:
                        await world.ask(node, Add(1 << bit))
                        ends[bit] = "applied"
                    except NoLeader:
                        ends[bit] = "never"

        world.start("ABC", Adder)
        world.rewire(duplicate=0.3, delay_chance=0.2, delay=1.5)
        async with trio.open_nursery() as nursery:
            for bit in range(BITS):
                nursery.start_soon(client, bit)
            await world.suffer(gusts)
            await trio.sleep(2)
            world.mend()
        await trio.sleep(5)  # the last late copy has come
        await world.settled()
        state = world["A"].state
        assert [world[name].state for name in "ABC"] == [state] * 3
        applied = {bit for bit in range(BITS) if state >> bit & 1}
        assert state < 1 << BITS
        assert {bit for bit, end in ends.items() if end == "applied"} <= applied <= set(ends)
        assert not {bit for bit, end in ends.items() if end == "never"} & applied

    run(story, seed, timing=Timing(operation=1_200 * MILLISECOND))


def test_a_proposal_says_its_name() -> None:
    """The trace knows each by client and serial: the node's name, its life, and a count."""

    async def story(world: World) -> None:
        leader = await elected(world)
        for _ in range(2):
            await member_of(world, leader).propose(Add(0))
        world.restart(leader)
        await world.until(lambda: world[leader].up)
        await world.settled()
        await member_of(world, leader).propose(Add(0), 20_000 * MILLISECOND)

    proposed = run(story).history.of(Proposed)
    first = proposed[0].node
    assert [event.note.request for event in proposed] == [f"{first}#1/1", f"{first}#1/2", f"{first}#2/1"]
