"""The programs of a node: the nursery they run in, the count of changes that wakes them, periodic talk, and the host.

A program waits in a task of its own. The host wakes these tasks one at a time. Periodic talk is called at its instant
and needs no task.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs
import trio

from cluster.member import Dice, Disk
from cluster.periodic_talk import Grid
from cluster.ports import Host, Waiter
from cluster.time_units import FOREVER
from cluster.trace import Note

T = TypeVar("T")


def _without_beat(message: Any) -> object:
    return attrs.evolve(message, beat=0) if getattr(message, "beat", 0) else message


class Programs:
    """The programs of one incarnation of a node, and the half of `Member` that does not concern consensus.

    A program may hold this object after the incarnation has ended: its host is unplugged and does nothing any more.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = host.name
        self.version = 0
        """The number of changes so far that a program may wait for."""
        self.waiters: list[Waiter] = []
        self.grids: list[Grid] = []
        self.said: list[tuple[str, object]] | None = None
        """Receiver and message of what a periodic talk has sent so far; None while no talk is being called."""
        self.cancel_scope = trio.CancelScope()
        self.nursery: trio.Nursery | None = None

    # -- the nursery

    async def live(self) -> None:
        """Run all programs of this incarnation until it is cancelled."""
        with self.cancel_scope:
            async with trio.open_nursery() as self.nursery:
                await self._guarded(self.run)
                await trio.sleep_forever()

    async def run(self) -> None:
        """Run the first program: the application."""
        raise NotImplementedError  # `Node` implements it

    async def _guarded(self, program: Callable[..., Any], *args: Any) -> None:
        try:
            await program(*args)
        except Exception as error:  # report it with the program, not as an exception of a nursery
            self.host.failed(error)

    def spawn(self, program: Callable[..., Any], *args: Any) -> None:
        """Start a program; the agenda makes one task runnable at a time."""
        self.host.boot(self._start_program, (program, args))

    def _start_program(self, what: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        if self.nursery is not None:
            self.nursery.start_soon(self._guarded, what[0], *what[1])
            self.host.made_runnable()

    # -- waking programs

    def stir(self) -> None:
        """Count a change and wake every program that waits for one."""
        if not self.host.plugged:
            return
        self.version += 1
        if self.waiters:
            waiters, self.waiters = self.waiters, []
            for waiter in waiters:
                self.host.wake(waiter, None)

    async def changed(self, since: int, until: int | None = None) -> None:
        """See `Member.changed`."""
        if self.version != since or (until is not None and self.host.wall() >= until):
            return
        waiter = self.host.waiter()
        self.waiters.append(waiter)
        if until is not None:
            self.host.at_wall(until, self._due, waiter)
        await waiter.wait()
        self.host.forget_wall(waiter)

    def _due(self, waiter: Waiter) -> None:
        if waiter in self.waiters:
            self.waiters.remove(waiter)
            self.host.wake(waiter, None)

    # -- periodic talk

    def every(
        self,
        period: int,
        act: Callable[[int], int],
        *,
        judges: bool = False,
        forgives: int = 0,
        foresees: Callable[[], int] | None = None,
    ) -> None:
        """See `Member.every`."""
        grid = Grid(period, self.host.phase(period, len(self.grids)), act, judges, forgives, foresees)
        self.grids.append(grid)
        grid.number = grid.first_at(self.host.monotonic())
        self.appoint_grid(grid)

    def appoint_grid(self, grid: Grid) -> None:
        """Put the next instant of a periodic talk on the agenda."""
        self.host.appoint_grid(grid.instant(grid.number), self.grids.index(grid), self._on_grid, (grid, grid.number))

    def _on_grid(self, what: tuple[Grid, int]) -> None:
        grid, number = what
        if number != grid.number:
            return  # skipped quiet time has moved this talk on
        said: list[tuple[str, object]] = []
        self.said = said
        grid.quiet_until = grid.act(number)
        self.said = None
        grid.said = tuple([(to, type(each).__name__, getattr(each, "beat", 0) - number) for to, each in said])
        grid.number = max(number + 1, grid.first_at(self.host.monotonic() + 1))
        self.appoint_grid(grid)
        if grid.quiet_until:
            grid.news = []
        elif self._says_in_vain(grid, said):
            grid.quiet_until = FOREVER
        else:
            self.host.stirred()

    def _says_in_vain(self, grid: Grid, said: list[tuple[str, object]]) -> bool:
        """Whether a talk has repeated its news of the last call, apart from the beat, and nobody can hear it."""
        before, grid.news = grid.news, [(to, _without_beat(message)) for to, message in said]
        return bool(said) and grid.news == before and not any(self.host.reaches(to) for to, _ in said)

    def talk_again(self) -> None:
        """The clocks run differently now: appoint every talk anew, and wake the programs that wait for a wall clock time."""
        for grid in self.grids:
            grid.number = max(grid.number, grid.first_at(self.host.monotonic()))
            self.appoint_grid(grid)
        self.stir()

    # -- the host as programs see it

    @property
    def incarnation(self) -> int:
        """See `Member.incarnation`."""
        return self.host.incarnation

    @property
    def zone(self) -> ZoneInfo:
        """See `Member.zone`."""
        return self.host.zone

    @property
    def disk(self) -> Disk:
        """See `Member.disk`."""
        return self.host.disk

    @property
    def short_of(self) -> tuple[str, ...]:
        """See `Member.short_of`."""
        return self.host.short_of

    def monotonic(self) -> int:
        """See `Member.monotonic`."""
        return self.host.monotonic()

    def wall(self) -> int:
        """See `Member.wall`."""
        return self.host.wall()

    async def sleep(self, duration: int) -> None:
        """See `Member.sleep`."""
        waiter = self.host.waiter()
        self.host.appoint_sleep(self.host.monotonic() + duration, waiter)
        await waiter.wait()

    async def outside(self, work: Callable[[], T], cost: int, *, in_memory: bool = False) -> T:
        """See `Member.outside`."""
        return await self.host.outside(work, cost, in_memory=in_memory)

    def note(self, note: Note) -> int:
        """See `Member.note`."""
        return self.host.note(note)

    def dice(self, *name: object) -> Dice:
        """See `Member.dice`."""
        return self.host.dice(*name)
