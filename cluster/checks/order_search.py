"""Is there an order of these operations in which each lies between its call and its return, and every result fits?

The search of Wing and Gong with Lowe's memory of what was tried, one operation after another as a run goes on: an order that
was found is kept and made longer, and given up only as far as a new result contradicts it. What was found to lead nowhere leads
nowhere for all that comes later, since the operations of a history that fits fit up to each of its events.
Never here: what an operation is called, and which operations belong together.
"""

from bisect import insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from cluster.checks import BadStep

Step = Callable[[Any, Any, Any], Iterable[Hashable]]
"""`step(state, request, result)`: the states after the request, if it may have this result in this state; none if it may not."""


class Unknown:
    """The result of an operation that nobody was told: it may have happened, or may still, or never."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


class TooMany(Exception):
    """The budget is used up: whether there is an order is not known."""


class OrderSearch:
    """The operations on one object. Calls and returns are told in the order in which they happened.

    BadStep, from wherever the step is called, if what it gives is no collection of states.
    """

    def __init__(self, start: Hashable, step: Step, budget: int) -> None:
        """`start`: the first state. `budget`: how often `step` may be called in all."""
        self._step, self._left = step, budget
        self._now = 0
        self.requests: list[Any] = []
        self.results: list[Any] = []
        """Of each operation; `UNKNOWN` while it has not returned."""
        self.called: list[int] = []
        """The place of each call among all calls and returns."""
        self.returned: list[int | None] = []
        self._rest: list[int] = []
        """The operations that are not in the order, as they were called."""
        self._owed = 0
        """How many of them have returned, and have to be in it."""
        self._answered = 0
        """The operations that have returned, as bits."""
        self._done = 0
        """The operations in the order, as bits."""
        self._state = start
        self._order: list[tuple[int, Hashable]] = []
        """The operations in the order, each with the state before it."""
        self._tried: set[tuple[int, Hashable]] = set()
        """Operations done and state, of every place that the search has been at."""
        self._hopeless: dict[tuple[int, Hashable], list[int]] = {}
        """Returned operations done and state, of places that lead nowhere: each with the operations of no result that were done."""
        self.furthest: tuple[tuple[int, ...], Hashable] = ((), start)
        """Of the last search: the longest order that could not be made longer, and the state after it."""

    def call(self, request: Any) -> int:
        """An operation begins; returns its number."""
        number = len(self.requests)
        self.requests.append(request)
        self.results.append(UNKNOWN)
        self.called.append(self._tick())
        self.returned.append(None)
        self._rest.append(number)
        return number

    def answer(self, number: int, result: Any) -> bool:
        """An operation returns; tells whether there still is an order. TooMany if the budget is used up."""
        self.results[number] = result
        self.returned[number] = self._tick()
        self._answered |= 1 << number
        if self._done >> number & 1:
            place = self._place(number)
            before = self._order[place][1]
            after = self._order[place + 1][1] if place + 1 < len(self._order) else self._state
            if after not in self._after(before, number):
                self._undo(place)
        self._owed = sum(self.returned[each] is not None for each in self._rest)
        return self._search()

    def never(self, number: int) -> bool:
        """An operation has not happened and will not; tells whether there still is an order. TooMany as above."""
        if self._done >> number & 1:
            self._undo(self._place(number))
        self._rest.remove(number)
        self._owed = sum(self.returned[each] is not None for each in self._rest)
        return self._search()

    def operations(self) -> list[int]:
        """Those that have happened or may have, as they were called."""
        return sorted([*self._rest, *(number for number, _ in self._order)])

    def _place(self, number: int) -> int:
        """Where an operation stands in the order."""
        return next(at for at, (each, _) in enumerate(self._order) if each == number)

    def _tick(self) -> int:
        self._now += 1
        return self._now

    def _search(self) -> bool:
        self.furthest = (), self._order[0][1] if self._order else self._state
        while self._owed:
            if not self._forward():
                if len(self._order) > len(self.furthest[0]):
                    self.furthest = tuple(number for number, _ in self._order), self._state
                if not self._order:
                    return False
                self._back()
        return True

    def _forward(self) -> bool:
        """Take one more operation into the order; False if none leads to a place that is new."""
        returned, called = self.returned, self.called
        until = min(end for each in self._rest if (end := returned[each]) is not None)
        may = [each for each in self._rest if called[each] < until]  # nobody else had returned when it was called
        for number in sorted(may, key=lambda each: returned[each] is None):
            done = self._done | 1 << number
            for after in self._after(self._state, number):
                if (done, after) not in self._tried and not self._is_hopeless(done, after):
                    self._tried.add((done, after))
                    self._order.append((number, self._state))
                    self._done, self._state = done, after
                    self._rest.remove(number)
                    self._owed -= returned[number] is not None
                    return True
        return False

    def _back(self) -> None:
        """Take the last operation out of the order: from here no order is to be had."""
        returned = self._done & self._answered
        self._hopeless.setdefault((returned, self._state), []).append(self._done & ~self._answered)
        self._pop()

    def _pop(self) -> None:
        number, self._state = self._order.pop()
        self._done ^= 1 << number
        insort(self._rest, number)
        self._owed += self.returned[number] is not None

    def _undo(self, place: int) -> None:
        """Take all from this place on out of the order: not as hopeless, but as what was guessed was wrong."""
        while len(self._order) > place:
            self._tried.discard((self._done, self._state))
            self._pop()

    def _is_hopeless(self, done: int, state: Hashable) -> bool:
        """Whether the same place with fewer operations of unknown result done, which leaves more to choose from, leads nowhere."""
        known = self._hopeless.get((done & self._answered, state))
        if known is None:
            return False
        unknown = done & ~self._answered
        return any(each & unknown == each for each in known)

    def _after(self, state: Hashable, number: int) -> tuple[Hashable, ...]:
        if not self._left:
            raise TooMany
        self._left -= 1
        request = self.requests[number]
        given = self._step(state, request, self.results[number])
        if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
            raise BadStep(
                f"the step gave {given!r} for {request!r}: give the states that may be after it in a tuple, () if none"
            )
        after = tuple(given)
        try:
            frozenset(after)
        except TypeError as error:
            raise BadStep(
                f"the step gave {after!r} for {request!r}, which cannot be hashed: give states of numbers, texts, tuples and values"
            ) from error
        return after
