"""The shell of a node: what it does in which order, what it applies and says, and what a program sees through it."""

from collections.abc import Iterable
from typing import Any

import pytest
import trio

from cluster.member import Member, Refused
from cluster.sim.disk import DiskModel
from cluster.sim.network import Wire
from cluster.sim.run import MISTAKE, play, run
from cluster.sim.world import World
from cluster.time_units import HOUR, MILLISECOND, SECOND
from cluster.trace import (
    Agreed,
    Answered,
    BecameLeader,
    Committed,
    Delivered,
    Note,
    Recovered,
    Voted,
    Wrote,
)
from cluster.value import value
from tests.sim.vocabulary import Add, Adder, Word, member_of


@value
class Applied(Agreed):
    """What this application says of each command."""

    amount: int
    refused: bool

    def text(self) -> str:
        return f"adds {self.amount}"


class Telling(Adder):
    """Says what it applies."""

    def tell(self, before: Any, after: Any, command: Any, answer: Any, index: int) -> Iterable[Note]:
        return (Applied(index, command.amount, isinstance(answer, Refused)),)


async def three(world: World) -> str:
    """A, B and C are up and agree; their leader."""
    world.start("ABC", Telling)
    leader = await world.elected()
    await world.settled()
    return leader


# ---- the driver ----


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_promise_leaves_after_its_save(seed: int) -> None:
    """Votes and acknowledgements wait for a disk that takes 80 ms: a leader has them no sooner (§5.2, §5.3)."""
    slow = DiskModel(sync_latency=80 * MILLISECOND, jitter=0)

    async def story(world: World) -> None:
        leader = await three(world)
        await world.ask(leader, Add(1))
        await world.settled()

    outcome = run(story, seed, disk=slow, wire=Wire(jitter=0))
    for won in outcome.history.of(BecameLeader):
        before = [vote for vote in outcome.history.of(Voted) if vote.seq < won.seq]
        assert sum(vote.note.term == won.note.term for vote in before) >= won.note.votes >= 2
    wrote = {(event.node, event.note.after): event.t for event in outcome.history.of(Wrote)}
    for event in outcome.history.of(Committed):
        index = event.note.index
        assert sum(event.t >= at + 80 * MILLISECOND for (_, after), at in wrote.items() if after == index - 1) >= 2


def test_what_is_noted_follows_from_what_came() -> None:
    """A committed command: asked, proposed, written here, delivered, written there, committed. Each names its cause."""

    async def story(world: World) -> None:
        leader = await three(world)
        await world.ask(leader, Add(1))

    outcome = run(story)
    answered = outcome.history.of(Answered)[0]
    events, chain, cause = outcome.history.events, list[str](), answered.cause
    while cause:
        chain.append(type(events[cause - 1].note).__name__)
        cause = events[cause - 1].cause
    assert chain[:3] == ["Delivered", "Delivered", "Stepped"], "the answer, the append, the client"


def test_a_cluster_at_rest_says_nothing() -> None:
    """Heartbeats and their answers leave no note, and no watcher costs anything."""

    async def story(world: World) -> None:
        await three(world)
        await trio.sleep(2)
        before = len(world.history)
        await trio.sleep(500)
        assert len(world.history) == before

    run(story, skipping=False)


def test_a_leader_leads_when_it_has_committed_in_its_term() -> None:
    """Rule 3.25: between winning and that, it is leader to itself and does not lead yet."""

    async def story(world: World) -> None:
        world.start("ABC", Telling)
        won = await world.seen(BecameLeader)
        member = member_of(world, won.node)
        assert (member.leader, member.leading) == (won.node, False)
        await world.seen(Committed, node=won.node)
        assert (member.leader, member.leading) == (won.node, True)
        world.isolate(won.node)
        await world.until(lambda: member.leader != won.node)
        assert not member.leading

    run(story)


# ---- what is applied ----


def test_every_node_applies_every_command_in_order_and_says_so() -> None:
    """The same notes everywhere, each at its index; a refusal is told with its answer and changes nothing."""

    async def story(world: World) -> None:
        leader = await three(world)
        for amount in (3, 4):
            await world.ask(leader, Add(amount))
        with pytest.raises(Refused, match="-5 cannot be added: add 0 or more"):
            await world.ask(leader, Add(-5))
        await world.settled()
        assert [world[name].state for name in "ABC"] == [7, 7, 7]

    outcome = run(story)
    told = [event.note for event in outcome.history.of(Applied, "A")]
    assert told == [Applied(2, 3, False), Applied(3, 4, False), Applied(4, -5, True)]
    assert [event.note for event in outcome.history.of(Applied, "B")] == told
    assert [event.note for event in outcome.history.of(Applied, "C")] == told


def test_a_restart_applies_committed_entries_again_without_notes() -> None:
    """The state is there at once, before anybody leads; what it did not know it hears again, aloud."""

    async def story(world: World) -> None:
        leader = await three(world)
        for _ in range(3):
            await world.ask(leader, Add(1))
        await trio.sleep(5)
        world.isolate("A")
        world.restart("A")
        await world.until(lambda: world["A"].up)
        assert (world["A"].state, world["A"].applied, world["A"].leader) == (3, 4, None)

    outcome = run(story)
    assert len(outcome.history.of(Applied, "A")) == 3
    recovered = outcome.history.of(Recovered, "A")[-1].note
    assert isinstance(recovered, Recovered)
    assert (recovered.index, recovered.commit) == (4, 4)


def test_a_request_stays_answered_over_a_restart() -> None:
    """What was applied once is known to be applied by who reads it from the disk: its repeat changes nothing."""

    async def story(world: World) -> None:
        leader = await three(world)
        follower = "ABC".replace(leader, "")[0]
        world.rewire(duplicate=1.0, delay_chance=1.0, delay=0.1)
        await member_of(world, follower).propose(Add(1))
        world.rewire(duplicate=0.0, delay_chance=0.0)
        for name in "ABC":
            world.restart(name)
        await world.elected()
        await world.settled()
        await trio.sleep(5)
        assert [world[name].state for name in "ABC"] == [1, 1, 1]

    run(story)


def test_an_error_in_apply_is_a_mistake_and_not_an_answer() -> None:
    """Only `Refused` is a state machine's no."""

    class Breaks(Adder):
        def apply(self, state: int, command: Add, index: int) -> tuple[int, int]:
            raise ZeroDivisionError("in apply")

    async def story(world: World) -> None:
        world.start("ABC", Breaks)
        await world.ask(await world.elected(), Add(1))

    outcome = play(story)
    assert isinstance(outcome.failure, ZeroDivisionError)
    assert outcome.verdict == MISTAKE


# ---- what a program sees ----


def test_a_member_knows_its_place() -> None:
    """Name, members, leader, term, state, life; clocks that go on; files of its own."""

    async def story(world: World) -> None:
        leader = await three(world)
        await world.ask(leader, Add(2))
        await world.settled()
        for name in "ABC":
            member = member_of(world, name)
            assert (member.name, member.members, member.leader) == (name, ("A", "B", "C"), leader)
            assert (member.leading, member.term, member.incarnation) == (name == leader, world[name].term, 1)
            assert (member.state, member.applied, member.zone.key) == (2, 2, "UTC")
            assert member.monotonic() == member.wall() == world.clock.now
            await member.disk.write("mine", name.encode())
            assert list(member.disk.names()) == ["mine"]
        assert await member_of(world, "B").disk.read("mine") == b"B"

    run(story)


def test_a_change_wakes_who_waits_for_one() -> None:
    """A new leader, a new state, a stir, and the wall clock; at once if it has changed already."""
    woken = list[tuple[str, float]]()

    async def story(world: World) -> None:
        async def wait(what: str, member: Member, until: int | None = None) -> None:
            await member.changed(member.version, until)
            woken.append((what, world.now))

        leader = await three(world)
        follower = "ABC".replace(leader, "")[0]
        member = member_of(world, follower)
        await trio.sleep(2 - world.now)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "stir", member)
            await trio.sleep(1)
            member.stir()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "state", member)
            await world.ask(leader, Add(1))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "leader", member)
            world.crash(leader)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "wall", member_of(world, follower), 100 * SECOND)
            await trio.sleep(50)
        before = member.version
        member.stir()
        await member.changed(before)
        await member.changed(member.version, until=HOUR // 100)

    run(story)
    assert [what for what, _ in woken] == ["stir", "state", "leader", "wall"]
    assert woken[0][1] == 3
    assert woken[3][1] <= 100


def test_a_change_counts_once_for_everybody() -> None:
    """Each change has a number; who looks at `version` first cannot miss one."""

    async def story(world: World) -> None:
        leader = await three(world)
        member = member_of(world, leader)
        before = member.version
        await world.ask(leader, Add(1))
        assert member.version > before
        version = member.version
        await trio.sleep(100)
        assert member.version == version, "chatter is no change"

    run(story)


def test_words_between_programs_go_to_whom_they_are_for() -> None:
    """Handled in the event of their arrival, with the sender's name; what nobody hears is dropped."""

    async def story(world: World) -> None:
        await three(world)
        member_of(world, "A").send("B", Word("hello"))
        event = await world.seen(Delivered, node="B", message="Word")
        assert world["B"].application.heard == [("A", "hello")]
        assert event.note.peer == "A"
        assert world["C"].application.heard == []
        node = world.slots["B"].node
        assert node is not None
        node.ears.clear()
        member_of(world, "A").send("B", Word("into the void"))
        await world.seen(Delivered, node="B", message="Word")
        assert world["B"].application.heard == [("A", "hello")]

    run(story)


def test_one_node_is_a_cluster_too() -> None:
    """It leads at once (rule 3.7), commits what its own disk has, and comes back to it."""

    async def story(world: World) -> None:
        world.start("A", Telling)
        assert await world.elected(within=1) == "A"
        assert await world.ask("A", Add(5)) == 5
        world.restart("A")
        await world.elected(within=1)
        assert await world.ask("A", Add(1)) == 6

    run(story)


def test_two_nodes_need_each_other() -> None:
    """A majority of two is two."""

    async def story(world: World) -> None:
        world.start("AB", Telling)
        leader = await world.elected()
        other = "B" if leader == "A" else "A"
        world.crash(other)
        await world.until(lambda: world[leader].leader is None, within=2)
        world.restart(other)
        await world.elected(within=10)

    run(story)
