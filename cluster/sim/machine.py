"""One incarnation of a simulated machine: the `Host` of a node. After `unplug` it can change nothing in the world."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import outcome
import trio

from cluster.member import BadApplication
from cluster.sim.clock import BOOT, GRID, OUTSIDE, SLEEP, TIMER, WAKE, Clock, Parked
from cluster.sim.dice import Dice, luck, seed_of
from cluster.sim.disk import Files, View
from cluster.sim.hardware import Hardware
from cluster.sim.history import History
from cluster.sim.network import Network
from cluster.time_units import FOREVER

T = TypeVar("T")


class Machine:
    """The host of one incarnation of a node."""

    def __init__(
        self,
        hardware: Hardware,
        files: View,
        clock: Clock,
        history: History,
        network: Network,
        seed: int,
        *,
        on_disk_failure: Callable[[OSError], None],
        on_program_failure: Callable[[Exception], None],
    ) -> None:
        """`files`: the hardware's disk as this incarnation sees it. `seed`: the world's.

        The failure callbacks, for the log's disk and for a program of the node, are called only while this incarnation
        is plugged in.
        """
        self._clock = clock
        self._history = history
        self._network = network
        self._hardware = hardware
        self._clocks = hardware.clocks
        self._seed = seed
        self._on_disk_failure, self._on_program_failure = on_disk_failure, on_program_failure
        self.name = hardware.name
        self.incarnation = hardware.incarnation
        self.files = files
        """The raw files, for the log."""
        self.disk = Files(files, self._wait)
        self.plugged = True
        self.change_luck(seed)
        self._sleeps: dict[int, tuple[int, Callable[[Any], None], Any]] = {}
        self.note: Callable[..., int] = partial(history.add, hardware.name)
        """Adds to the trace. Until `unplug` it is the history's own function, since it is called at every event."""
        self._wall_waits: list[tuple[int, Callable[[Any], None], Any]] = []

    def unplug(self) -> None:
        """End this incarnation: whatever it still does has no effect."""
        self.plugged = False
        self.note = lambda note, cause=None: 0
        self.files.unplug()

    async def _wait(self, start: Callable[[Callable[[], None]], None]) -> None:
        parked, cause = Parked(), self._history.cause

        def done() -> None:
            self._history.cause = cause
            self.wake(parked, None)

        start(done)
        await parked.wait()

    # -- clocks

    @property
    def zone(self) -> ZoneInfo:
        return self._clocks.zone

    def monotonic(self) -> int:
        now, ahead = self._clock.now, self._clocks.ahead
        return self._clocks.monotonic(now) if ahead is None else now + ahead  # called at every step

    def wall(self) -> int:
        return self._clocks.wall(self._clock.now)

    @property
    def short_of(self) -> tuple[str, ...]:
        return self._hardware.short_of

    # -- appointments

    def _entry(self, t: int, rank: int, number: int, act: Callable[[Any], None], arg: Any) -> None:
        self._clock.at(max(t, self._clock.now), rank, self._hardware.index, number, self._if_plugged, (act, arg))

    def _if_plugged(self, what: tuple[Callable[[Any], None], Any]) -> None:
        if not self.plugged:
            return
        act, arg = what
        if self._hardware.paused:
            self._hardware.backlog.append((self._if_plugged, what))
            return
        self._history.cause = 0
        try:
            act(arg)
        except Exception as error:
            self.failed(error)
            raise

    def appoint(self, monotonic: int, act: Callable[[Any], None], arg: Any) -> None:
        """Call at a monotonic instant. For consensus: skipped quiet time may pass over it."""
        self._entry(self._clocks.true(monotonic), TIMER, 0, act, arg)

    def appoint_grid(self, monotonic: int, number: int, act: Callable[[Any], None], arg: Any) -> None:
        self._entry(self._clocks.true(monotonic), GRID, number, act, arg)

    def appoint_sleep(self, monotonic: int, waiter: Parked) -> None:
        self.appoint_later(monotonic, self._fire, waiter)

    def appoint_later(self, monotonic: int, act: Callable[[Any], None], arg: Any) -> None:
        """Call at a monotonic instant. For programs: skipped quiet time never passes over it."""
        number = self._hardware.count()
        self._sleeps[number] = (monotonic, act, arg)
        self._entry(self._clocks.true(monotonic), SLEEP, number, self._on_sleep, number)

    def _on_sleep(self, number: int) -> None:
        if number not in self._sleeps:
            return
        monotonic, act, arg = self._sleeps[number]
        if self.monotonic() >= monotonic:  # else the clock was slowed meanwhile, and a later entry exists
            del self._sleeps[number]
            act(arg)

    def at_wall(self, wall: int, act: Callable[[Any], None], arg: Any) -> None:
        if wall >= FOREVER:
            return
        self._wall_waits.append((wall, act, arg))
        self._appoint_wall((wall, act, arg))

    def _appoint_wall(self, what: tuple[int, Callable[[Any], None], Any]) -> None:
        at, number = self._clocks.true_of_wall(what[0]), self._hardware.count()
        if at < FOREVER:  # else the clock stands still: when it goes on, every appointment is made anew
            self._entry(at, SLEEP, number, self._on_wall, what)

    def _on_wall(self, what: tuple[int, Callable[[Any], None], Any]) -> None:
        if what not in self._wall_waits:
            return
        wall, act, arg = what
        if self.wall() < wall:  # the clock was set back meanwhile
            self._appoint_wall(what)
            return
        self._wall_waits.remove(what)
        act(arg)

    def forget_wall(self, arg: Any) -> None:
        """Drop every call that `at_wall` was to make with this argument."""
        if self._wall_waits:
            self._wall_waits = [what for what in self._wall_waits if what[2] is not arg]

    def clocks_changed(self) -> None:
        """The clocks run differently now: make every appointment anew."""
        for number, sleep in self._sleeps.items():
            self._entry(self._clocks.true(sleep[0]), SLEEP, number, self._on_sleep, number)
        for what in self._wall_waits:
            self._appoint_wall(what)

    # -- waking tasks

    def waiter(self) -> Parked:
        return Parked()

    def wake(self, waiter: Parked, value: object) -> None:
        """Wake a task through the agenda, so that one task at a time becomes runnable."""
        if self.plugged:
            self._clock.stirred = self._clock.now
            entry = (waiter, value, self._history.cause)
            self._clock.at(self._clock.now, WAKE, self._hardware.index, self._hardware.count(), self._wake, entry)

    def _wake(self, what: tuple[Parked, object, int]) -> None:
        if self.plugged and self._hardware.paused:
            self._hardware.backlog.append((self._wake, what))
        elif self.plugged:
            self._history.cause = what[2]
            self._clock.fire(what[0], what[1])

    def _fire(self, waiter: Parked) -> None:
        self._clock.stirred = self._clock.now
        self._clock.fire(waiter)

    def boot(self, act: Callable[[Any], None], arg: Any) -> None:
        self._entry(self._clock.now, BOOT, self._hardware.count(), act, arg)

    def made_runnable(self) -> None:
        self._clock.stirred = self._clock.now
        self._clock.made_runnable()

    def begins(self, effect: str) -> None:
        if self.plugged and self._history.heeding:
            self._history.heed(self.name, effect)

    def stirred(self) -> None:
        """Something happened that is not chatter and leaves no note."""
        self._clock.stirred = self._clock.now

    # -- messages and failures

    @property
    def cause(self) -> int:
        return self._history.cause

    @cause.setter
    def cause(self, seq: int) -> None:
        self._history.cause = seq

    def send(self, to: str, kind: str, data: bytes, beat: int, term: int) -> None:
        if to == self.name:
            raise BadApplication(f"node {to} sends {kind} to itself: a node has no link to itself, so call its handler")
        if self.plugged:
            self._network.send(self.name, to, kind, data, beat, term, self._history.cause)

    def reaches(self, to: str) -> bool:
        return self._network.reaches(self.name, to)

    def disk_failed(self, error: OSError) -> None:
        """The log's disk failed: the node must stop, since nothing that is not yet durable will become so."""
        if self.plugged:
            self._on_disk_failure(error)

    def failed(self, error: Exception) -> None:
        if self.plugged:
            self._on_program_failure(error)

    # -- luck

    def luck(self, draws: int) -> float:
        """The luck of the node's draw number `draws` for election timeouts, in this incarnation."""
        return luck(self._luck, self.incarnation, 0, draws)

    def change_luck(self, seed: int) -> None:
        """Let election timeouts come out as with this seed of a world from now on."""
        self._luck = seed_of(seed, "host", self.name, "election")

    def phase(self, period: int, number: int) -> int:
        """The offset of a periodic talk within its period, so that nodes do not talk in step. It is the same after a restart."""
        return seed_of(self._seed, "phase", self.name, number) % period

    def dice(self, *name: object) -> Dice:
        return Dice(self._seed, ("host", self.name, self.incarnation, *name))

    # -- real input and output

    async def outside(self, work: Callable[[], T], cost: int, *, in_memory: bool) -> T:
        """Run `work` while virtual time stands still, in a thread unless it is `in_memory`; its result comes after `cost` µs."""
        clock = self._clock
        waiter = Parked()
        cause = self._history.cause
        clock.stirred = clock.now
        if not self.plugged:
            await trio.sleep_forever()
        entry = (waiter, None, cause)
        clock.at(clock.now + cost, OUTSIDE, self._hardware.index, self._hardware.count(), self._wake, entry)
        if in_memory:
            ended = outcome.capture(work)
        else:
            clock.held += 1
            try:
                with trio.CancelScope(shield=True):
                    ended = await trio.to_thread.run_sync(outcome.capture, work)
            finally:
                clock.held -= 1
        await waiter.wait()
        return ended.unwrap()  # an error costs as much as a result, else real time would decide
