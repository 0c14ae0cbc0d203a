"""The programs of a node, and what wakes them: a nursery, a count of changes, periodic talk; and their host. Never here: the law.

A program waits in a task of its own. It is woken through the host, one task at a time; what it does periodically is done in
the event of the instant, without a task.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import trio

from cluster.member import Dice, Disk
from cluster.periodic_talk import Grid
from cluster.ports import Host, Waiter
from cluster.trace import Note

T = TypeVar("T")


class Programs:
    """The programs of one incarnation of a node, which is one of these; and that half of `Member` which knows no law.

    A program may hold it longer than the incarnation lasts: the host is unplugged first, and does nothing from then on.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = host.name
        self.version = 0
        """Counts the changes a program may wait for."""
        self.waiters: list[Waiter] = []
        self.grids: list[Grid] = []
        self.sent = 0
        """How many messages the programs sent."""
        self.cancel_scope = trio.CancelScope()
        self.nursery: trio.Nursery | None = None

    # -- one nursery

    async def live(self) -> None:
        """The life of this incarnation."""
        with self.cancel_scope:
            async with trio.open_nursery() as self.nursery:
                await self._guarded(self.run)
                await trio.sleep_forever()

    async def run(self) -> None:
        """The first program: the application."""
        raise NotImplementedError  # the node knows it

    async def _guarded(self, program: Callable[..., Any], *args: Any) -> None:
        try:
            await program(*args)
        except Exception as error:  # a program's bug must name its place, not unwind the world through a nursery
            self.host.failed(error)

    def spawn(self, program: Callable[..., Any], *args: Any) -> None:
        """Start a program; one at a time becomes runnable."""
        self.host.boot(self._start_program, (program, args))

    def _start_program(self, what: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        if self.nursery is not None:
            self.nursery.start_soon(self._guarded, what[0], *what[1])
            self.host.made_runnable()

    # -- what wakes them

    def stir(self) -> None:
        """Wake whoever waits for a change."""
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

    def every(self, period: int, act: Callable[[int], int], *, judges: bool = False) -> None:
        """See `Member.every`."""
        grid = Grid(period, self.host.phase(period, len(self.grids)), act, judges)
        self.grids.append(grid)
        grid.number = grid.first_at(self.host.monotonic())
        self.appoint_grid(grid)

    def appoint_grid(self, grid: Grid) -> None:
        """Put the grid's next number on the agenda."""
        self.host.appoint_grid(grid.instant(grid.number), self.grids.index(grid), self._on_grid, (grid, grid.number))

    def _on_grid(self, what: tuple[Grid, int]) -> None:
        grid, number = what
        if number != grid.number:
            return  # quiet time has moved the grid on
        sent = self.sent
        grid.quiet_until = grid.act(number)
        grid.sends = self.sent - sent
        grid.number = max(number + 1, grid.first_at(self.host.monotonic() + 1))
        self.appoint_grid(grid)
        if not grid.quiet_until:
            self.host.stirred()

    def talk_again(self) -> None:
        """The clock runs differently now: appoint every talk anew, and wake who worked something out by the wall clock."""
        for grid in self.grids:
            grid.number = max(grid.number, grid.first_at(self.host.monotonic()))
            self.appoint_grid(grid)
        self.stir()

    # -- the host, as programs see it

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

    async def outside(self, work: Callable[[], T], cost: int) -> T:
        """See `Member.outside`."""
        return await self.host.outside(work, cost)

    def note(self, note: Note) -> int:
        """See `Member.note`."""
        return self.host.note(note)

    def dice(self, *name: object) -> Dice:
        """See `Member.dice`."""
        return self.host.dice(*name)
