"""Disks to run the contract on, and an agenda for them. A new implementation adds one line to `DISKS`."""

import heapq
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from cluster.member import Dice
from cluster.ports import DiskPort
from cluster.sim.disk import Disk, DiskModel


class Agenda:
    """Callbacks at instants in µs, done in order of time, then of asking."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._asked = 0

    def later(self, delay: int, do: Callable[[], None]) -> None:
        """Put `do()` on the agenda."""
        self._asked += 1
        heapq.heappush(self._heap, (self.now + delay, self._asked, do))

    def run(self, until: int | None = None) -> None:
        """Do everything that is due by `until`, or everything there is."""
        while self._heap and (until is None or self._heap[0][0] <= until):
            self.now, _, do = heapq.heappop(self._heap)
            do()
        self.now = self.now if until is None else until


class Machine(Protocol):
    """A disk that can lose power."""

    def start(self) -> DiskPort:
        """The files for a new incarnation."""
        ...

    def settle(self) -> None:
        """Let everything happen that is under way."""
        ...

    def crash(self, dice: Dice) -> None:
        """The incarnation is over, and what was not synced may be lost."""
        ...


class Simulated:
    """The simulated disk on an agenda of its own."""

    def __init__(self, model: DiskModel, seed: int = 1) -> None:
        self.agenda = Agenda()
        self.disk = Disk("A", model, seed, self.agenda.later)

    def start(self) -> DiskPort:
        return self.disk.view()

    def settle(self) -> None:
        self.agenda.run()

    def crash(self, dice: Dice) -> None:
        self.disk.crash(dice)

    async def wait(self, start: Callable[[Callable[[], None]], None]) -> None:
        """The waiting that a node would do: here the agenda runs until the callback came."""
        called: list[bool] = []
        start(lambda: called.append(True))
        assert not called, "a callback came from inside the call"
        self.agenda.run()
        assert called, "nothing is left to happen, and the callback never came"


DISKS: dict[str, Callable[[], Machine]] = {
    "simulated": lambda: Simulated(DiskModel()),
    "simulated, instant": lambda: Simulated(DiskModel(0, 0, 0)),
    "simulated, slow and uneven": lambda: Simulated(DiskModel(500, 100_000, 900_000)),
}


def never(error: OSError) -> None:
    """What a sync calls of which no failure is expected."""
    raise error


def finished(work: Coroutine[Any, Any, Any] | Awaitable[Any]) -> Any:
    """Run a coroutine that never really waits; return its value."""
    assert isinstance(work, Coroutine)
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited for something that is not on the agenda")
