"""The virtual clock and its agenda: sleeping is jumping.

trio asks its clock how long to sleep only when no task can run. This clock answers by doing the next things on the
agenda and returns as soon as one of them made a task runnable, so that at most one task becomes runnable at a time and
no order is ever left to trio. An exception inside an entry is kept and reported through `on_failure`, because trio
takes any exception out of a clock for a bug of its own.
"""

import math
import sys
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from types import FrameType
from typing import Any

import outcome
import trio

from cluster.sim.trio_scheduler import end_ready_tasks
from cluster.time_units import FOREVER, LAST, SECOND

# The ranks of entries within one instant, first to last. Entries of one rank are ordered by node, then by number.
STEP, WAKE, STORED, MESSAGE, CHATTER, TIMER, GRID, SLEEP, OUTSIDE, BOOT, SERVE, LOOK = range(12)
CHATTY = frozenset({CHATTER, TIMER, GRID})
"""Ranks whose entries say nothing new while the cluster is quiet."""

RANK_SHIFT, NODE_SHIFT, SENDER_SHIFT, KIND_SHIFT = 62, 54, 46, 42
"""Where the parts of a sort key begin: rank, node (8 bits) and number; the number of a message is sender, kind of chatter, count."""
NODES = 1 << NODE_SHIFT - SENDER_SHIFT
"""How many nodes a key can tell apart."""
POPS_A_PASS = 512
"""How many entries are done before trio's loop gets a turn, so that Ctrl-C and `stop` are noticed."""
LOOKS_AN_INSTANT = 100_000
"""How often the time may be looked at until it must have been let go on: a task that is always ready never lets it."""


def key_of(rank: int, node: int, number: int) -> int:
    """The sort key of an entry within its instant, made of rank, node and number."""
    return (rank << RANK_SHIFT) | (node << NODE_SHIFT) | number


Entry = tuple[int, int, int, Callable[[Any], None], Any]


class Parked:
    """A task that waits for one wake-up. Whoever waits makes it; an entry of the agenda fires it."""

    __slots__ = ("cause", "task")

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.cause = 0

    async def wait(self) -> Any:
        """Park the current task until it is fired."""
        self.task = trio.lowlevel.current_task()

        def abort(_: object) -> trio.lowlevel.Abort:
            self.task = None  # unlink and return: an abort function must not trace, draw or send
            return trio.lowlevel.Abort.SUCCEEDED

        return await trio.lowlevel.wait_task_rescheduled(abort)


class Clock(trio.abc.Clock):
    """Virtual time in µs for a world; a `trio.abc.Clock` for trio."""

    def __init__(self) -> None:
        self.now = 0
        """True time in µs since 2024-01-01T00:00Z."""
        self.heap: list[Entry] = []
        self.held = 0
        """The number of real inputs and outputs under way: while it is above zero, virtual time does not move."""
        self.over = False
        """Whether the story is over: then the agenda is ignored."""
        self.stirred = 0
        """True time in µs at which something other than chatter last happened."""
        self.quiet_after = FOREVER
        """The time in µs without such an event after which `on_quiet` is called to skip ahead."""
        self.look_at = 0
        """True time in µs before which it is not called again."""
        self.pops = 0
        self.on_quiet: Callable[[int], None] = lambda horizon: None
        self.on_failure: Callable[[BaseException], None] = lambda failure: None
        self.on_pass: Callable[[], None] = lambda: None
        self.on_deadline: Callable[[], None] = lambda: None
        """Called when a `trio.sleep` of the story ends with no entry of the agenda before it."""
        self.on_deadlock: Callable[[], None] = lambda: None
        self.on_last: Callable[[], None] = lambda: None
        """Called when whatever comes next lies after `ends`."""
        self.ends = LAST
        """The last instant that this run may come to."""
        self.on_standstill: Callable[[FrameType | None], None] = lambda frame: None
        """Called when tasks run on and on within one instant and never all wait; with who looks at the time, if one does."""
        self._seconds = 0.0
        """The last deadline that was reached. trio compares floats, so its time must not lie slightly before the deadline."""
        self._woken = False
        self._serial = 0
        self._idle_passes = 0
        self._looks = 0
        self._stands_still = False

    # -- for trio

    def start_clock(self) -> None:
        """Does nothing: time moves only by jumping."""

    def current_time(self) -> float:
        """Virtual time in seconds."""
        self._looks = looks = self._looks + 1  # trio's loop looks at each of its rounds
        if looks > LOOKS_AN_INSTANT:
            self._stand_still()
        return max(self._seconds, self.now / SECOND)

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Jump to whatever comes next; return 0 as soon as a task may run."""
        self._looks = 0
        if self.held:
            return math.inf  # a thread is working: really wait for it
        if self.over:
            if deadline < math.inf:  # a cleanup of the story sleeps; the agenda is over
                self._seconds = max(self._seconds, deadline)
                return 0
            return math.inf
        try:
            return self._jump(deadline)
        except BaseException as failure:
            self.on_failure(failure)
            return 0

    def _jump(self, deadline: float) -> float:
        horizon = FOREVER if deadline == math.inf else round(deadline * SECOND)
        last, heap = min(horizon, self.ends), self.heap
        self._woken = False
        self.on_pass()
        if self.over:
            return 0
        for _ in range(POPS_A_PASS):
            if not heap or (due := heap[0][0]) > last:
                break
            if due - self.stirred > self.quiet_after and due > self.look_at:
                before = self.now
                self.on_quiet(horizon)
                if self.over:
                    return 0  # type: ignore[unreachable]  # the call above may end the world
                if self.now != before:
                    continue  # another entry is the next now, or none is
            _, _, _, do, arg = heappop(heap)
            self.pops += 1
            if due > self.now:
                self.now = due
            do(arg)
            if self._woken or self.over:
                self._idle_passes = 0
                return 0
        else:
            return 0
        if last < horizon and (horizon < FOREVER or heap):
            self.on_last()
            return 0
        if horizon < FOREVER:
            self.on_deadline()
            self.now = max(self.now, horizon)
            self.stirred = self.now
            self._seconds = max(self._seconds, deadline)
            self._idle_passes = 0
            return 0
        self._idle_passes += 1  # trio's shutdown comes here once with nothing to wait for
        if self._idle_passes > 2:
            self.on_deadlock()
        return 0.001

    def _stand_still(self) -> None:
        """Tell it; whoever goes on all the same (a task in a shield, a loop that reads the time) is ended by an error."""
        self._looks = 0
        again, self._stands_still = self._stands_still, True
        error = RuntimeError("time stands still in this loop: let it wait for something")
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_name in ("current_time", "cancel_called", "deadline"):
            frame = frame.f_back
        looping = frame is None or frame.f_code.co_name != "unrolled_run"
        self.on_standstill(frame if looping else None)
        if looping:
            raise error
        if again:  # the loop of trio looks at the time: nobody was cancelled by what was told
            end_ready_tasks(error)

    # -- for the world

    def at(self, t: int, rank: int, node: int, number: int, do: Callable[[Any], None], arg: Any) -> None:
        """Put an entry on the agenda: `do(arg)` at true time `t`, never before now."""
        self.put(t, key_of(rank, node, number), do, arg)

    def put(self, t: int, key: int, do: Callable[[Any], None], arg: Any) -> None:
        """`at` for a caller that has made the key (`key_of`) already."""
        self._serial = serial = self._serial + 1
        heappush(self.heap, (t, key, serial, do, arg))

    def horizon(self) -> int:
        """True time of the first entry that is not chatter; `FOREVER` if there is none."""
        return min((entry[0] for entry in self.heap if entry[1] >> RANK_SHIFT not in CHATTY), default=FOREVER)

    def leap(self, t: int) -> list[Entry]:
        """Move to `t` and drop all chatter from the agenda; return the dropped entries."""
        dropped = [entry for entry in self.heap if entry[1] >> RANK_SHIFT in CHATTY]
        self.heap[:] = [entry for entry in self.heap if entry[1] >> RANK_SHIFT not in CHATTY]
        heapify(self.heap)
        self.now = t
        return dropped

    def made_runnable(self) -> None:
        """A task became runnable: let trio run it before anything else happens."""
        self._woken = True

    def fire(self, parked: Parked, value: object = None) -> None:
        """Make a parked task runnable now. Only an entry may call this, and only once."""
        if parked.task is not None:
            task, parked.task = parked.task, None
            trio.lowlevel.reschedule(task, outcome.Value(value))
            self._woken = True
