"""Linearizability of any application: published histories, a plain checker that tries every order, and a run that breaks it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import permutations
from time import process_time
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from cluster.checks import Violation
from cluster.checks.linearizability import Linearizability, answering
from cluster.checks.order_search import UNKNOWN, OrderSearch, TooMany
from cluster.member import Application, ClientRequest, Member, NoLeader, OutcomeUnknown, Refused
from cluster.sim.dice import Dice
from cluster.sim.run import BROKEN, HELD, INCONCLUSIVE, MISTAKE, play
from cluster.sim.world import World
from cluster.steps import Ask, Crash
from cluster.time_units import SECOND
from cluster.trace import ClientTold, Happened, Proposed, Stepped
from cluster.value import value

Line = tuple[str, str, Any]
"""Who, `call` and the request, or `ok` and the result."""


def register(state: int, request: tuple[str, Any], result: Any) -> Sequence[int]:
    """One register: `("w", 1)`, `("r", None)`, `("cas", (old, new))`, which is answered by whether it took place."""
    kind, argument = request
    if kind == "w":
        return (argument,)
    if kind == "r":
        return (state,) if result in (UNKNOWN, state) else ()
    old, new = argument
    if result is UNKNOWN:
        return (new if state == old else state,)
    return ((new if result else state),) if result is (state == old) else ()


def queue(state: tuple[int, ...], request: tuple[str, Any], result: Any) -> Sequence[tuple[int, ...]]:
    """A queue that answers `deq` with its oldest element, or None."""
    kind, argument = request
    if kind == "enq":
        return ((*state, argument),)
    first = state[0] if state else None
    return (state[1:],) if result in (UNKNOWN, first) else ()


def fits(lines: Sequence[Line], step: Any = register, start: Any = 0, budget: int = 100_000) -> bool:
    """Whether a history fits."""
    search, open_calls = OrderSearch(start, step, budget), dict[str, int]()
    for who, kind, what in lines:
        if kind == "call":
            open_calls[who] = search.call(what)
        elif kind == "never":
            if not search.never(open_calls.pop(who)):
                return False
        elif not search.answer(open_calls.pop(who), what):
            return False
    return True


def told(text: str) -> list[Line]:
    """A history in short: `a(w1 b(r a) b=1`; `a(` calls, `a)` and `a=1` return, and without a return nobody knows."""
    lines: list[Line] = []
    for word in text.split():
        who, sign, rest = word[0], word[1], word[2:]
        if sign == "(":
            kind = rest.rstrip("0123456789,")
            numbers = tuple(int(each) for each in rest[len(kind) :].split(",") if each)
            lines.append((who, "call", (kind, numbers if kind == "cas" else numbers[0] if numbers else None)))
        elif sign == ")":
            lines.append((who, "ok", None))
        else:
            lines.append(
                (who, "ok", {"T": True, "F": False, "-": None}.get(rest, rest and rest.isdigit() and int(rest)))
            )
    return lines


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("a(w1 a) b(r b=1", True),
        ("a(w1 a) b(r b=0", False),  # a stale read
        ("a(w100 b(r c(r c=0 b=100 a)", True),  # Porcupine's first example: two reads while a write is under way
        ("a(w200 b(r b=200 c(r c=0 a)", False),  # and its second: a later read goes back
        ("a(w1 b(w2 a) b) c(r c=1 d(r d=2", False),  # two reads in a row disagree about the end of two writes
        ("a(w1 b(w2 a) b) c(r d(r c=1 d=2", False),
        ("a(w1 b(w2 c(r c=1 d(r a) b) d=2", True),
        ("a(w1 b(r b=0 b(r b=1", True),  # the outcome of the write is not known: it happened between the reads
        ("a(w1 b(r b=1 b(r b=0", False),  # and does not unhappen
        ("a(w1 b(w2 b) b(r b=1 b(r b=2", False),
        ("a(w1 b(w2 b) b(r b=2 b(r b=1", True),  # it may happen late
        ("a(w1 a) b(cas1,2 b=T c(r c=2", True),
        ("a(w1 a) b(cas1,2 c(cas1,3 b=T c=T", False),  # two compare-and-set of one value
        ("a(w1 a) b(cas1,2 c(cas1,3 b=T c=F", True),
        ("a(cas0,1 b(cas1,2 c(r c=2", True),  # Knossos: two unknown ones that are needed both
        ("a(cas1,2 b(r b=2", False),
    ],
)
def test_a_published_history_is_judged_rightly(history: str, expected: bool) -> None:
    """Of registers: of Porcupine's and Knossos' kind."""
    assert fits(told(history)) is expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("a(enq1 b(enq2 a) b) a(deq b(deq a=2 b=1", True),
        ("a(enq1 a) b(enq2 b) a(deq a=2", False),  # the figures of Herlihy and Wing: first in, first out
        ("a(enq1 a) b(deq c(deq b=1 c=1", False),
        ("a(enq1 b(deq b=1", True),
        ("b(deq b=- a(enq1 a) b(deq b=1", True),
    ],
)
def test_a_queue_is_judged_rightly(history: str, expected: bool) -> None:
    """Herlihy and Wing, figure 1."""
    assert fits(told(history), queue, ()) is expected


# ---- beside a checker that tries everything ----


def plainly_fits(lines: Sequence[Line]) -> bool:
    """Every subset of what nobody knows, in every order."""
    operations: list[list[Any]] = []
    open_calls: dict[str, list[Any]] = {}
    for at, (who, kind, what) in enumerate(lines):
        if kind == "call":
            open_calls[who] = [at, None, what, UNKNOWN]
            operations.append(open_calls[who])
        elif kind == "never":
            operations.remove(open_calls.pop(who))
        else:
            open_calls[who][1], open_calls[who][3] = at, what
            del open_calls[who]
    known = [each for each in operations if each[1] is not None]
    rest = [each for each in operations if each[1] is None]
    for chosen in range(1 << len(rest)):
        some = known + [each for at, each in enumerate(rest) if chosen >> at & 1]
        if any(in_order(order) for order in permutations(some)):
            return True
    return False


def in_order(order: Sequence[Sequence[Any]]) -> bool:
    """Whether this order keeps to time, and every result fits."""
    states = {0}
    for at, (_, returned, request, result) in enumerate(order):
        if returned is not None and any(earlier[0] > returned for earlier in order[:at]):
            return False
        states = {after for state in states for after in register(state, request, result)}
    return bool(states)


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    """Some clients of a register with small values; some are never answered, and some are told that nothing happened."""
    lines: list[Line] = []
    open_calls: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 9))):
        who = draw(st.sampled_from("abcd"))
        if who in open_calls:
            request = open_calls.pop(who)
            if draw(st.integers(0, 7)) == 7:
                lines.append((who, "never", None))
                continue
            result = {"w": st.none(), "r": st.integers(0, 2), "cas": st.booleans()}[request[0]]
            lines.append((who, "ok", draw(result)))
        else:
            request = draw(
                st.sampled_from([("r", None), ("w", 1), ("w", 2), ("cas", (0, 1)), ("cas", (1, 2)), ("cas", (2, 0))])
            )
            open_calls[who] = request
            lines.append((who, "call", request))
    return lines


@given(lines=histories())
def test_the_search_finds_what_a_plain_checker_finds(lines: list[Line]) -> None:
    """Of every history of up to nine lines."""
    assert fits(lines) is plainly_fits(lines)


# ---- how far it goes ----


def busy(operations: int, keys: int, clients: int, lose: int) -> Iterator[tuple[int, Line]]:
    """A history that fits, of many clients; one answer in `lose` is lost. Each line with its key."""
    dice, contents = Dice(1, ("busy",)), dict.fromkeys(range(keys), 0)
    idle, under_way = [str(each) for each in range(clients)], list[list[Any]]()
    asked = fresh = 0
    while asked < operations or under_way:
        if asked < operations and idle and (dice.below(2) or not under_way):
            who, key, kind = idle.pop(dice.below(len(idle))), dice.below(keys), dice.below(3)
            value_of = dice.below(5)
            request = (("w", value_of), ("r", None), ("cas", (value_of, dice.below(5))))[kind]
            under_way.append([who, key, request, False, None])
            asked += 1
            yield key, (who, "call", request)
            continue
        operation = under_way[dice.below(len(under_way))]
        who, key, request, happened, result = operation
        if not happened:
            state = contents[key]
            (contents[key],) = register(state, request, UNKNOWN)
            operation[3] = True
            operation[4] = state if request[0] == "r" else request[0] == "cas" and state == request[1][0]
            continue
        under_way.remove(operation)
        if lose and not dice.below(lose):
            fresh += 1
            idle.append(f"new {fresh}")  # its process is never heard of again
        else:
            idle.append(who)
            yield key, (who, "ok", result)


@pytest.mark.parametrize(("clients", "lose"), [(20, 0), (20, 200), (50, 100)])
def test_ten_thousand_operations_over_twenty_keys_take_seconds(clients: int, lose: int) -> None:
    """With twenty clients and with a hundred, and with answers that are lost."""
    by_key: dict[int, list[Line]] = {}
    for key, line in busy(10_000, 20, clients, lose):
        by_key.setdefault(key, []).append(line)
    began = process_time()
    assert all(fits(lines, budget=1_000_000) for lines in by_key.values())
    assert process_time() - began < 10


# ---- in a world ----


@value
class Write(ClientRequest[None]):
    """Set a named register."""

    name: str
    content: int


@value
class Read(ClientRequest[int]):
    """Read it."""

    name: str


class Copies(Application[Mapping[str, int]]):
    """Named registers. `looks`: whether reads are answered from the node's own copy, which is the bug."""

    words = (Write, Read)
    member: Member[Mapping[str, int]]

    def __init__(self, looks: bool = False) -> None:
        self.looks = looks

    def empty(self) -> Mapping[str, int]:
        return {}

    def apply(self, state: Mapping[str, int], command: Any, index: int) -> tuple[Mapping[str, int], int | None]:
        if isinstance(command, Write):
            if command.content < 0:
                raise Refused("a negative content: give 0 or more")
            return {**state, command.name: command.content}, None
        return state, state.get(command.name, 0)

    async def run(self, member: Member[Mapping[str, int]]) -> None:
        self.member = member

    async def serve(self, request: Any) -> Any:
        if self.looks and isinstance(request, Read):
            return self.member.state.get(request.name, 0)
        return await self.member.propose(request)


def one_copy(state: int, request: Any) -> tuple[int, int | None]:
    """What one register does."""
    if isinstance(request, Read):
        return state, state
    if request.content < 0:
        raise Refused("no")
    return request.content, None


def promise(budget: int = 1_000_000) -> Linearizability:
    """Of these registers, each by itself."""
    return Linearizability(0, answering(one_copy), of=lambda request: request.name, budget=budget)


async def busy_story(world: World, looks: bool, budget: int = 1_000_000) -> None:
    """Clients that write and read on every node, while nodes come and go."""
    world.watch(promise(budget))
    world.start("ABC", partial(Copies, looks))
    await world.elected()
    world.when(Proposed, Crash(""), count=20)

    async def client(number: int) -> None:
        for count in range(30):
            await trio.sleep(0.03)
            node = "ABC"[(number + count) % 3]
            if world[node].up:
                name, content = "xyz"[count % 3], number * 100 + count - (count % 10 == 9) * 1_000
                with suppress(NoLeader, OutcomeUnknown, Refused):
                    await world.ask(node, Read(name) if (number + count) % 2 else Write(name, content))

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(client, number)
        await trio.sleep(0.3)
        leader = await world.elected()
        world.crash(leader)
        await trio.sleep(1)
        world.mend()


def test_an_application_of_anybodys_is_judged() -> None:
    """Writes, reads and refusals under crashes: with unknown outcomes, by three registers."""
    outcome = play(partial(busy_story, looks=False), 3)
    assert outcome.verdict == HELD, outcome.failure
    outcomes = [event.note.outcome for event in outcome.history.of(ClientTold)]
    assert outcomes.count("answered") > 60
    assert "unknown" in outcomes


def test_a_read_from_a_copy_is_told_with_a_drawing() -> None:
    """ClientTold at the answer that fits nowhere, with request and answer, and the operations before it as bars."""
    outcome = play(partial(busy_story, looks=True), 3)
    assert outcome.verdict == BROKEN
    text, notes = str(outcome.failure), outcome.failure.__notes__ if outcome.failure else []
    assert "linearizability: no order of the operations on '" in text
    assert "Read(name=" in text
    assert "at best the state then was" in text
    assert notes[0].startswith("the operations, their places in the longest order that fits")
    wrong = [line for line in notes if "fits nowhere" in line]
    assert len(wrong) == 1
    assert "|" in wrong[0]
    last = outcome.history.events[-1].note
    assert isinstance(last, ClientTold), "it is told when it happens"


@pytest.mark.parametrize("is_first", [True, False])
def test_what_did_not_happen_is_not_drawn_as_unknown(is_first: bool) -> None:
    """A read that saw it fits nowhere; if its client is told later, that is what fits nowhere."""
    asked = [Stepped(Ask("A", Write("x", 1))), Stepped(Ask("B", Read("x")))]
    ends = [ClientTold(1, ClientTold.NEVER, NoLeader("nobody leads")), ClientTold(2, ClientTold.ANSWERED, 1)]
    watcher = promise()
    see = dict(watcher.sees())
    with pytest.raises(Violation) as caught:
        for seq, note in enumerate([*asked, *(ends if is_first else reversed(ends))], 1):
            see[type(note)](Happened(seq, seq * SECOND, "A", 0, note))
    _, *lines = caught.value.__notes__
    assert "not known" not in "".join(lines)
    if is_first:
        assert "Read(name='x') was answered 1" in str(caught.value)
        assert ["Read(name='x'): 1" in line for line in lines] == [True]
    else:
        assert "Write(name='x', content=1) did not happen, as its client was told" in str(caught.value)
        assert [line.endswith("Write(name='x', content=1): did not happen") for line in lines] == [True, False]


def test_beyond_its_budget_a_run_is_inconclusive() -> None:
    """And says so: never that it held."""
    outcome = play(partial(busy_story, looks=False, budget=10), 3)
    assert outcome.verdict == INCONCLUSIVE
    assert "the budget of 10 steps an object is used up" in str(outcome.failure)
    with pytest.raises(TooMany):
        fits(told("a(w1 a) b(r b=1"), budget=1)


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (None, "the step gave None for Write("),
        ({"x": 1}, "the step gave {'x': 1} for Write("),
        (({"x": 1},), "which cannot be hashed: give states of numbers, texts, tuples and values"),
    ],
)
def test_a_step_that_gives_no_states_is_a_mistake(gives: Any, says: str) -> None:
    """One sentence with what it gave, and no traceback of ours."""

    async def story(world: World) -> None:
        world.watch(Linearizability(0, lambda state, request, result: gives))
        world.start("ABC", Copies)
        await world.ask(await world.elected(), Write("x", 1))

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)


def test_answers_are_recorded_only_for_who_watches() -> None:
    """No other run gets another digest."""

    async def story(world: World) -> None:
        world.start("ABC", Copies)
        await world.ask(await world.elected(), Write("x", 1))

    assert not play(story).history.of(ClientTold)


def test_a_break_is_told_once_in_a_run_that_goes_on() -> None:
    """What follows may follow from it."""
    outcome = play(partial(busy_story, looks=True), 3, keep_going=True)
    assert [str(each.failure).partition(":")[0] for each in outcome.broken] == ["linearizability"]
