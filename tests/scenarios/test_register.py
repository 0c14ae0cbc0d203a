"""A second application, so small that it proves the boundary: registers, read and written through the log."""

from collections.abc import Iterable
from typing import Any

import pytest
import trio

from cluster.checks import Violation
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.run import HELD, play, run
from cluster.sim.world import World
from cluster.trace import Happened, Note
from scenarios.register import Get, Put, Register, Swap
from scenarios.register_promises import Answer, Asked, Linearizable, Once
from scenarios.zoo.storm import storm


def test_a_register_holds_what_was_put() -> None:
    """Pure: the state after, and for the answer its index; the state before stays as it was."""
    register = Register()
    empty = register.empty()
    first, answer = register.apply(empty, Put("x", 1), 2)
    assert (first, answer, empty) == ({"x": 1}, (2, None), {})
    second, answer = register.apply(first, Put("x", 5), 3)
    assert (second, answer, first) == ({"x": 5}, (3, 1), {"x": 1})
    assert register.apply(second, Get("x"), 4) == (second, (4, 5))
    assert register.apply(second, Get("y"), 5) == (second, (5, None))
    assert register.apply(second, Swap("x", 5, 6), 6) == ({"x": 6}, (6, 6))
    assert register.apply(second, Swap("y", None, 1), 7) == ({"x": 5, "y": 1}, (7, 1))
    with pytest.raises(Refused, match="register 'x' holds 5, not 4: read it and try again"):
        register.apply(second, Swap("x", 4, 6), 8)


def test_clients_of_every_node_see_one_register() -> None:
    """Asked at a follower it is answered as at the leader; of two swaps from the same content one wins."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        await world.elected()
        assert await world.ask("A", Put("x", 1)) is None
        assert [await world.ask(name, Get("x")) for name in "ABC"] == [1, 1, 1]
        won: list[str] = []

        async def swap(name: str, new: int) -> None:
            try:
                await world.ask(name, Swap("x", 1, new))
                won.append(name)
            except Refused:
                pass

        async with trio.open_nursery() as nursery:
            for new, name in enumerate("ABC", 10):
                nursery.start_soon(swap, name, new)
        assert len(won) == 1
        assert await world.ask("A", Get("x")) == 10 + "ABC".index(won[0])

    for seed in range(1, 6):
        run(story, seed)


def test_an_answer_says_itself() -> None:
    """For the timeline."""
    assert Answer(1, "Get", "x", None, None, 3).text() == "answers Get x: nothing"
    assert Answer(1, "Put", "x", 4, 2, 3).text() == "answers Put x: 2"
    assert Asked("Get", "x").text() == "is asked to Get x"


# ---- linearizability ----


def watch(notes: Iterable[tuple[int, Answer]]) -> None:
    """Tell a fresh watcher answers at these seqs."""
    watcher = Linearizable()
    for seq, note in notes:
        for kind, see in watcher.sees():
            if isinstance(note, kind):
                see(Happened(seq, seq, "A", 0, note))
    watcher.finish()


def answered(asked: int, index: int) -> Answer:
    """An operation asked after so many events, which stands at that index."""
    return Answer(asked, "Get", "x", None, None, index)


GOOD: dict[str, list[tuple[int, Answer]]] = {
    "one after the other": [(10, answered(1, 5)), (20, answered(11, 6)), (30, answered(21, 7))],
    "two at once, in either order": [(10, answered(1, 6)), (11, answered(2, 5))],
    "a slow one": [(10, answered(5, 6)), (20, answered(11, 7)), (30, answered(1, 5))],
}
BAD: dict[str, list[tuple[int, Answer]]] = {
    "it stands before one that was answered when it was asked": [(10, answered(1, 6)), (20, answered(11, 5))],
    "of several that were answered, the highest counts": [
        (10, answered(1, 9)),
        (12, answered(2, 3)),
        (14, answered(3, 4)),
        (30, answered(15, 8)),
    ],
    "a second answer at the same place": [(10, answered(1, 6)), (20, answered(11, 6))],
}


@pytest.mark.parametrize("notes", GOOD.values(), ids=GOOD)
def test_an_order_between_question_and_answer_is_taken(notes: list[tuple[int, Answer]]) -> None:
    """Each lies between its own two ends."""
    watch(notes)


@pytest.mark.parametrize("notes", BAD.values(), ids=BAD)
def test_an_order_against_time_is_not(notes: list[tuple[int, Answer]]) -> None:
    """Named by what was asked too late to stand where it stands."""
    with pytest.raises(Violation, match=r"linearizability: Get x was asked after entry \d was answered and stands at"):
        watch(notes)


class Stale(Register):
    """A register that answers what the node has applied, which may be old."""

    async def serve(self, request: Any) -> int | None:
        member = self.member
        if not isinstance(request, Get) or member is None:
            return await super().serve(request)
        asked = member.note(Asked("Get", request.name))
        answer: int | None = member.state.get(request.name)
        member.note(Answer(asked, "Get", request.name, None, answer, member.applied))
        return answer


def test_a_read_past_the_log_is_caught() -> None:
    """A node that is cut off answers what it has: the others know better by then."""

    async def story(world: World) -> None:
        world.start("ABC", Stale)
        leader = await world.elected()
        await world.ask(leader, Put("x", 1))
        await world.settled()
        behind = "ABC".replace(leader, "")[0]
        world.isolate(behind)
        await world.ask(leader, Put("x", 2))
        await world.ask(behind, Get("x"))

    with pytest.raises(Violation, match="linearizability: Get x was asked after entry 3 was answered and stands at 2"):
        run(story)


@pytest.mark.parametrize("names", ["ABC", "ABCDE"])
def test_answers_are_linearizable_in_any_storm(names: str) -> None:
    """Clients read and swap everywhere meanwhile; every answer is watched."""

    async def story(world: World) -> None:
        async def client(name: str, offset: float) -> None:
            await trio.sleep(1 + offset)
            number = 0
            while True:
                await trio.sleep(0.2)
                number += 1
                if world[name].up:
                    try:
                        with trio.move_on_after(1):
                            held = await world.ask(name, Get("y"))
                            await world.ask(name, Swap("y", held, number))
                    except (NoLeader, OutcomeUnknown, Refused):
                        continue

        async with trio.open_nursery() as nursery:
            for place, name in enumerate(names):
                nursery.start_soon(client, name, place / 100)
            await storm(names)(world)
            nursery.cancel_scope.cancel()

    notes: list[Note] = []
    for seed in range(1, 6):
        outcome = play(story, seed)
        assert (outcome.verdict, outcome.failure) == (HELD, None)
        notes += [event.note for event in outcome.history.of(Answer)]
    assert sum(isinstance(note, Answer) and note.operation == "Swap" for note in notes) > 50


# ---- once ----


def put(index: int, content: int, held: int | None) -> Answer:
    """The answer to a Put that stands there and found `held`."""
    return Answer(1, "Put", "x", content, held, index)


def answered_with(index: int, held: int | None) -> Answer:
    """The answer to a Get that stands there."""
    return Answer(1, "Get", "x", None, held, index)


def looked(index: int, held: int) -> Answer:
    """The answer to a Look after that entry."""
    return Answer(1, "Look", "x", None, held, index)


ASKED = tuple(Asked("Put", "x", content) for content in (1, 2))
ONCE: dict[str, list[Note]] = {
    "one after the other": [*ASKED, put(5, 1, None), put(6, 2, 1), answered_with(7, 2)],
    "told in another order": [*ASKED, answered_with(7, 2), put(6, 2, 1), put(5, 1, None)],
    "seen where it was not yet written over": [*ASKED, put(5, 1, None), put(7, 2, 1), answered_with(6, 1)],
    "a read beside the last write": [*ASKED, put(5, 1, None), put(7, 2, 1), looked(6, 1), looked(7, 2)],
    "asked for again": [*ASKED, ASKED[0], put(5, 1, None), put(6, 2, 1), answered_with(9, 1)],
    "never told of": [*ASKED, put(6, 2, None), answered_with(9, 1)],
    "another register": [*ASKED, put(5, 1, None), Answer(1, "Put", "y", 2, None, 6), answered_with(9, 1)],
}
TWICE: dict[str, list[Note]] = {
    "seen after it was written over": [*ASKED, put(5, 1, None), put(6, 2, 1), answered_with(9, 1)],
    "the next write finds it": [*ASKED, Asked("Put", "x", 3), put(5, 1, None), put(6, 2, 1), put(9, 3, 1)],
    "the write is told of last": [*ASKED, put(5, 1, None), answered_with(9, 1), put(6, 2, 1)],
    "a read beside the write over it": [*ASKED, put(5, 1, None), put(6, 2, 1), looked(6, 1)],
    "it was lost": [*ASKED, put(5, 1, None), answered_with(9, None)],
}


def told(notes: Iterable[Note]) -> None:
    """Tell a fresh watcher these notes, in order."""
    watcher = Once()
    sees = dict(watcher.sees())
    for seq, note in enumerate(notes, 1):
        sees[type(note)](Happened(seq, seq, "A", 0, note))
    watcher.finish()


@pytest.mark.parametrize("notes", ONCE.values(), ids=ONCE)
def test_what_was_written_over_is_gone(notes: list[Note]) -> None:
    """In whatever order clients are told; what they asked for again may come again."""
    told(notes)


@pytest.mark.parametrize("notes", TWICE.values(), ids=TWICE)
def test_what_was_written_over_does_not_come_back(notes: list[Note]) -> None:
    """Named by what it was written over with, and where."""
    with pytest.raises(Violation, match=r"once: x was set to \d at entry \d and held (\d|nothing) after that"):
        told(notes)
