"""Linearizability of any application (Herlihy and Wing 1990): its clients cannot tell the cluster from one copy.

A user says what one copy would do, as a pure step, and which requests are about one object; every request of `world.ask` is
then an operation, from the step of the story that asked to the answer. Each object is judged by itself, as a history fits if it
does for each (Herlihy and Wing, theorem 1). A break is told at the answer that fits nowhere.
Never here: how an order is searched for (order_search.py).
"""

from collections.abc import Callable, Hashable
from typing import Any

from cluster.checks import Sees, Undecided, Violation, Watcher, on
from cluster.checks.order_search import UNKNOWN, OrderSearch, Step, TooMany
from cluster.steps import Ask
from cluster.time_units import clock_text
from cluster.trace import ClientTold, Happened, Stepped

BUDGET = 1_000_000
"""How often a step is called for one object, if nothing else is said: some seconds."""
SHOWN = 12
"""How many operations a drawing has at most, the last ones."""
LONGEST = 48
"""How many signs of a request and its answer a drawing shows."""


def same_object(request: Any) -> Hashable:
    """All requests are about one object."""
    return ""


class Linearizability(Watcher):
    """Every answer is one that a single copy could have given at some moment between question and answer.

    `Linearizability(start, step, of)` with the state of a new object, the step of one copy, and the object of a request.
    """

    promise = "linearizability"
    says = "clients are answered as if every request happened at one moment between question and answer"

    def __init__(
        self,
        start: Hashable,
        step: Step,
        of: Callable[[Any], Hashable | None] = same_object,
        budget: int = BUDGET,
    ) -> None:
        """`step(state, request, result)` gives every state that may be after it, and none if the result does not fit the state.

        States can be hashed, and nothing is changed. `result` is the answer, or the exception that the client got (a `Refused`);
        `UNKNOWN` if nobody was told, when the request may have happened. A request that ended with NoLeader or Overloaded did not
        happen, and is no operation. `of` gives None for a request that is not judged. `budget`: how often `step` may be called
        for one object; beyond it the run is inconclusive.
        """
        self.start, self.step, self.of, self.budget = start, step, of, budget
        self.objects: dict[Hashable, OrderSearch] = {}
        self.undecided: dict[Hashable, int] = {}
        """The objects whose budget was used up, each with the number of its operations then."""
        self._places: dict[int, tuple[Hashable, int]] = {}
        """Object and number of each operation without an answer, by the `seq` of its step."""
        self._events: dict[Hashable, list[tuple[int, str, int | None]]] = {}
        """Of each operation: when it was asked, which node, and when that was answered."""

    def sees(self) -> Sees:
        return [on(Stepped, self._asked), on(ClientTold, self._told)]

    def _asked(self, event: Happened[Stepped]) -> None:
        step = event.note.step
        if not isinstance(step, Ask) or (key := self.of(step.request)) is None or key in self.undecided:
            return
        search = self.objects.get(key)
        if search is None:
            search = self.objects[key] = OrderSearch(self.start, self.step, self.budget)
            self._events[key] = []
        self._places[event.seq] = key, search.call(step.request)
        self._events[key].append((event.t, step.node, None))

    def _told(self, event: Happened[ClientTold]) -> None:
        note = event.note
        key, number = self._places.pop(note.asked, ("", -1))
        if number < 0 or note.outcome == ClientTold.UNKNOWN or key in self.undecided:
            return
        search, events = self.objects[key], self._events[key]
        try:
            if note.outcome == ClientTold.NEVER:
                fits = search.never(number)
            else:
                asked, node, _ = events[number]
                events[number] = asked, node, event.t
                fits = search.answer(number, note.answer)
        except TooMany:
            self.undecided[key] = len(search.requests)
            del self.objects[key], self._events[key]
            return
        if not fits:
            raise self._broken(key, number)

    def finish(self) -> None:
        if self.undecided:
            key, count = next(iter(self.undecided.items()))
            more = f", and of {len(self.undecided) - 1} more" if len(self.undecided) > 1 else ""
            raise Undecided(
                f"{self.promise}: not known of {_named(key)}after {count:,} operations{more}: "
                f"the budget of {self.budget:,} steps an object is used up; give a greater one, or ask less at a time"
            )

    def _broken(self, key: Hashable, number: int) -> Violation:
        search = self.objects[key]
        state = search.furthest[1]
        has_returned = search.returned[number] is not None
        end = (
            f"was answered {_shown(search.results[number])}"
            if has_returned
            else "did not happen, as its client was told"
        )
        what = f"{search.requests[number]!r} {end}"
        violation = self.broken(
            f"no order of the operations {_on(key)}fits: {what}; at best the state then was {state!r}"
        )
        for line in drawn(search, self._events[key], number):
            violation.add_note(line)
        return violation


def _named(key: Hashable) -> str:
    return f"{key!r} " if key != "" else ""


def _on(key: Hashable) -> str:
    return f"on {key!r} " if key != "" else ""


def _shown(result: Any) -> str:
    return f"{type(result).__name__}" if isinstance(result, Exception) else repr(result)


def drawn(search: OrderSearch, events: list[tuple[int, str, int | None]], wrong: int) -> list[str]:
    """The last operations as bars over time, each with its place in the longest order that fits."""
    place = {number: at for at, number in enumerate(search.furthest[0], 1)}
    happened = search.operations()
    shown = sorted({*happened[-SHOWN:], wrong})
    marks = sorted({moment for each in shown for moment in (search.called[each], search.returned[each]) if moment})
    column = {moment: at for at, moment in enumerate(marks)}
    lines = []
    for each in shown:
        asked, node, answered = events[each]
        begin, end = column[search.called[each]], search.returned[each]
        bar = " " * begin + "|" + ("-" * (column[end] - begin - 1) + "|" if end else "-" * (len(marks) - begin) + ">")
        open_end = "not known" if each in happened else "did not happen"
        said = f"{search.requests[each]!r}: {_shown(search.results[each]) if answered is not None else open_end}"
        order = "fits nowhere" if each == wrong and each not in place else f"{place.get(each, '-')}"
        until = clock_text(answered) if answered is not None else "-"
        lines.append(
            f"  {clock_text(asked)}  {until:>12}  {node}  {bar:<{len(marks) + 2}}  {order:>12}  {said[:LONGEST]}"
        )
    left = len({*happened} - {*shown})
    first = f"the operations, their places in the longest order that fits{f' ({left} earlier ones are left out)' if left else ''}:"
    return [first, *lines]


def answering(copy: Callable[[Any, Any], tuple[Hashable, Any]]) -> Step:
    """The step of a copy that is told as `copy(state, request) -> (state, answer)`; what it raises is the exception of the client."""

    def step(state: Hashable, request: Any, result: Any) -> tuple[Hashable, ...]:
        try:
            after, answer = copy(state, request)
        except Exception as refusal:
            return (state,) if result is UNKNOWN or type(result) is type(refusal) else ()
        return (after,) if result is UNKNOWN or result == answer else ()

    return step
