"""The verbs by which members come, go and take over: what they ask, of whom, and what a program on a node sees of it."""

import pytest
import trio

from cluster.admin_requests import HandOver, Wish
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.node import Node
from cluster.raft.configuration_change import Alteration, Change, MemberPlace
from cluster.raft.messages import Request
from cluster.raft.state import Leader
from cluster.sim.errors import Misuse
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import SECOND
from cluster.trace import ConfigurationChanged, PutOutside, ReadConfirmed, Said, Wished, WishEnded
from tests.sim.vocabulary import Add, Adder, member_of

NOBODY_LEFT = Change(tuple(Alteration(name, MemberPlace.Nowhere) for name in "ABC"))


async def a_follower(world: World) -> tuple[str, str, Node]:
    """Three nodes with a leader: its name, a follower's, and the node of that follower."""
    world.start("ABC", Adder)
    leader = await world.elected()
    follower = next(name for name in "ABC" if name != leader)
    node = world.slots[follower].node
    assert node is not None
    return leader, follower, node


def test_members_follow_the_log() -> None:
    """On every node, and again after a restart; a newcomer knows nobody until it is told."""

    async def story(world: World) -> None:
        world.start("AB", Adder)
        await world.elected()
        world.join("C")
        assert world.names == ("A", "B", "C")
        await world.until(lambda: world["C"].up, 1)
        assert member_of(world, "C").members == () if world["C"].application.member else True
        version = member_of(world, "A").version
        await world.joined("C")
        assert member_of(world, "A").members == ("A", "B", "C")
        assert member_of(world, "A").version > version, "whoever waits for a change is woken"
        await world.settled()
        world.restart("C")
        await world.settled()
        assert member_of(world, "C").members == ("A", "B", "C")
        assert (world["C"].members, world["C"].voters) == (("A", "B", "C"), ("A", "B", "C"))

    run(story)


def test_a_wish_is_brought_to_the_leader_from_anywhere() -> None:
    """And answered where it was asked; what cannot be is refused with its reason."""

    async def story(world: World) -> None:
        _, _, node = await a_follower(world)
        index = await node.admin_requests.ask(Change((Alteration("C", MemberPlace.Voter),)), None)
        assert index >= 2
        with pytest.raises(Refused, match="would leave no voter of A B C"):
            await node.admin_requests.ask(NOBODY_LEFT, None)

    run(story)


def test_a_wish_that_nobody_took_and_one_that_somebody_may_have() -> None:
    """Definite and indefinite, as for commands."""

    async def story(world: World) -> None:
        leader, _, other = await a_follower(world)
        old = world.slots[leader].node
        assert old is not None
        world.split("A", "B", "C")
        wish = Change((Alteration("C", MemberPlace.Watcher),))
        with pytest.raises(OutcomeUnknown, match="cannot tell within 5 s whether it is so: C becomes a watcher; look"):
            await old.admin_requests.ask(wish, 5 * SECOND)
        with pytest.raises(NoLeader, match="in vain for this: C becomes a watcher; no leader answered"):
            await other.admin_requests.ask(wish, 5 * SECOND)

    run(story)


def test_a_refusal_is_definite_once_nothing_is_under_way() -> None:
    """The first copy was lost, which nobody can know: a refusal for good by the same leader settles nothing."""

    async def story(world: World) -> None:
        leader, follower, node = await a_follower(world)
        world.cut_one_way(follower, leader)

        async def heal() -> None:
            await trio.sleep(0.1)
            world.heal()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(heal)
            with pytest.raises(OutcomeUnknown) as unknown:
                await node.admin_requests.ask(NOBODY_LEFT, 3 * SECOND)
        assert str(unknown.value) == (
            f"{follower} asked for this and cannot tell within 3 s whether it is so: A leaves, B leaves, C leaves; look; the "
            "last word was: this would leave no voter of A B C: keep one, or nothing can be decided ever again"
        )

    run(story)


def test_an_attempt_to_change_members_is_decided_once() -> None:
    """A copy of what was declined is not taken, nor is one that went to an earlier life; another attempt is."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        await world.settled()
        asker, other = (name for name in "ABC" if name != leader)
        node = world.slots[leader].node
        assert node is not None

        def asks(serial: int, name: str, place: MemberPlace, attempt: int = 1) -> None:
            wish = Change((Alteration(name, place),))
            node.admin_requests.heard(asker, Wish(Request(f"{asker}#1?", serial, 1), wish, attempt, node.raft.term))

        asks(1, other, MemberPlace.Watcher)
        asks(2, asker, MemberPlace.Watcher)  # not now, says the leader: one change at a time
        await world.joined(other, watcher=True)
        asks(2, asker, MemberPlace.Watcher)
        await world.settled()
        assert asker in node.raft.configuration.voters
        asks(2, asker, MemberPlace.Watcher, attempt=2)
        await world.joined(asker, watcher=True)

        world.restart(leader)
        await world.settled()
        again = world.slots[leader].node
        assert again is not None
        late = Wish(
            Request(f"{asker}#1?", 3, 1), Change((Alteration(asker, MemberPlace.Promotable),)), 1, node.raft.term
        )
        again.admin_requests.heard(asker, late)
        await trio.sleep(1)
        assert world[leader].voters == (leader,)

    run(story)


def test_verbs_ask_one_after_the_other() -> None:
    """Said in one breath, done one at a time; the trace tells each wish and its end."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        await world.elected()
        for name in "BCDE":
            world.join(name, watcher=name == "E")
        for name in "BCD":
            await world.joined(name)
        await world.joined("E", watcher=True)
        world.demote("B")
        await world.joined("B", watcher=True)
        world.promote("B")
        await world.joined("B")
        world.remove("E")
        await world.left("E")
        world.transfer("B")
        await world.led_by("B")
        world.reconfigure("BC", watchers="A")
        await world.reconfigured("BC", "A")
        await world.settled()
        assert await world.ask("A", Add(5)) == 5

    outcome = run(story)
    notes = [event.note for event in outcome.history.events]
    wished = [note for note in notes if isinstance(note, Wished)]
    ended = [note for note in notes if isinstance(note, WishEnded)]
    assert len(wished) == len(ended) == 9
    assert all(note.index >= 0 for note in ended)
    assert any(isinstance(note, ConfigurationChanged) and note.outgoing for note in notes)


def test_a_removal_that_is_made_again_is_told_again() -> None:
    """A leader removes itself and nobody hears it; the next one cuts that entry and does the same at a later index.

    The members are the same before and after the message, and the entry that says so is another one.
    """
    told: list[tuple[int, bool]] = []

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        old = await world.elected()
        world.isolate(old)
        world.remove(old)
        await world.until(lambda: old not in world[old].members, 1, "the change in the old leader's log")
        new = await world.elected(other_than=old)
        await world.ask(new, Add(1))
        third = next(name for name in "ABC" if name not in (old, new))
        world.pause(third)  # so that the second removal is not committed before the first is cut
        world.remove(old)
        world.heal()
        await trio.sleep(0.2)
        world.resume(third)
        await world.until(lambda: world[old].passive, 5, "the old leader to know that it is removed")
        told.extend((each.note.index, old in each.note.voters) for each in world.history.of(ConfigurationChanged, old))

    run(story)

    assert told == [(2, False), (4, False)]


def test_two_changes_in_one_message_are_both_told() -> None:
    """The first may be committed before the second: a node that loses its vote and is then removed has lost it by then."""
    told: list[tuple[int, bool, bool]] = []

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        away = next(name for name in "ABC" if name != leader)
        world.isolate(away)
        world.demote(away)
        await trio.sleep(1)
        third = next(name for name in "ABC" if name not in (leader, away))
        world.pause(third)  # so that the removal is not committed yet
        world.remove(away)
        world.heal()
        await trio.sleep(0.3)
        assert world[away].passive, "its vote ended with the first change, and that is committed"
        world.resume(third)
        changes = world.history.of(ConfigurationChanged, away)
        told.extend((each.t == changes[0].t, away in each.note.voters, away in each.note.learners) for each in changes)

    run(story)

    assert told == [(True, False, True), (True, False, False)]


def test_a_hand_over_that_fails_leaves_nothing_behind() -> None:
    """Who asked sees for itself who leads, so the leader keeps no request, however many fail in one reign."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        heir, asks = (name for name in "ABC" if name != leader)
        world.isolate(heir)
        asking, leading = world.slots[asks].node, world.slots[leader].node
        assert asking is not None
        assert leading is not None
        for _ in range(5):
            with pytest.raises(OutcomeUnknown):
                await asking.admin_requests.ask(HandOver(heir), 2 * SECOND)
        await trio.sleep(1)
        assert world[leader].role == "leader"
        assert isinstance(leading.raft.role, Leader)
        assert leading.raft.role.transfer is None
        assert leading.admin_requests._askers == {}

    run(story)


def test_verbs_that_mean_nothing_are_misuse() -> None:
    """An unknown node, no tag, one node too many."""

    async def story(world: World) -> None:
        world.start("ABC")
        with pytest.raises(Misuse, match="there is no node 'X'; nodes are A, B, C"):
            world.remove("X")
        with pytest.raises(Misuse, match="there is no node 'X'"):
            world.reconfigure("AX")
        with pytest.raises(Misuse, match="'toolong' is no node tag"):
            world.join("toolong")

    run(story)


def test_when_nobody_is_up_nobody_is_asked() -> None:
    """Said in the trace: an administrator at weather's hands may come at any time."""

    async def story(world: World) -> None:
        world.start("AB")
        await world.elected()
        world.crash("A")
        world.crash("B")
        world.remove("B")
        await trio.sleep(1)

    outcome = run(story)
    assert any(event.note == Said("nobody is up who could be asked") for event in outcome.history.events)


def test_notes_say_themselves() -> None:
    """For the timeline."""
    assert ConfigurationChanged(4, ("A", "B"), ("A",), ("C", "D"), ("D",)).text() == (
        "goes by voters A and A B, D coming, watched by C (entry 4)"
    )
    assert ConfigurationChanged(0, (), (), (), ()).text() == "goes by voters nobody (entry 0)"
    assert WishEnded("A#1?/1", "C leads", -1, "no").text() == "fails with this: no"
    assert ReadConfirmed("A#1?/1", 4).text() == "may read up to entry 4"
    assert PutOutside(3).text() == "is told that it is no member any more, and rests"
