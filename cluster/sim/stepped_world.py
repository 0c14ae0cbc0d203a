"""A world that a plain program drives step by step: time stands still between the calls, and each call is over when it returns.

trio runs as a guest of the caller, in the caller's own thread: its loop gets turns only while a call is under way, so that nothing is
left to the scheduler and no thread is needed. Never here: what is called.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Self, TypeVar

import trio

from cluster.sim.clock import Clock
from cluster.sim.errors import Misuse
from cluster.sim.world import World

T = TypeVar("T")


class SteppedWorld:
    """A world for a program without `async`; a context manager, as it has to be ended."""

    def __init__(self, seed: int = 1, **options: Any) -> None:
        """`options` as for `World`, and what it raises."""
        self._turns: deque[Callable[[], object]] = deque()
        self._asked: Callable[[], Awaitable[Any]] | None = None
        self._answer: Any = None
        self._error: BaseException | None = None
        self._is_idle = self._is_over = False
        self._clock = Clock()
        self.world: World
        trio.lowlevel.start_guest_run(
            self._main,
            seed,
            options,
            run_sync_soon_threadsafe=self._turns.append,
            done_callback=self._done,
            clock=self._clock,
            restrict_keyboard_interrupt_to_checkpoints=True,
            host_uses_signal_set_wakeup_fd=True,
        )
        self._go_on()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.end()

    def wait(self, seconds: float) -> None:
        """Let that much virtual time pass. Raises what broke the world meanwhile."""
        self.call(partial(trio.sleep, seconds))

    def call(self, waits: Callable[[], Awaitable[T]]) -> T:
        """Call a verb that waits, `call(lambda: world.elected())`; return what it gives. Raises what it raises, or what broke the world."""
        if self._is_over:
            raise Misuse("this world has ended: make another")
        self._do(waits)
        answer: T = self._answer
        return answer

    def end(self) -> None:
        """End the world; watchers judge what only the end can tell. Raises what broke it, once."""
        if not self._is_over:
            self._do(self._stop)

    def _do(self, waits: Callable[[], Awaitable[Any]]) -> None:
        """Raises what ended the call; whoever reports it finds the world in its attribute `world`."""
        self._asked, self._is_idle = waits, False
        self._go_on()
        error, self._error = self._error, None
        if error is not None:
            vars(error)["world"] = self.world
            raise error

    def _go_on(self) -> None:
        """Give trio turns until the call is over."""
        while not (self._is_idle or self._is_over):
            self._turns.popleft()()

    async def _stop(self) -> None:
        raise _Stopped

    async def _main(self, seed: int, options: dict[str, Any]) -> None:
        async with World(seed, clock=self._clock, **options) as self.world:
            while True:
                self._is_idle = True
                while self._asked is None:
                    await trio.lowlevel.checkpoint()
                asked, self._asked = self._asked, None
                try:
                    self._answer = await asked()
                except _Stopped:
                    return
                except Exception as error:
                    if self.world.failure is not None:
                        raise
                    self._error = error

    def _done(self, outcome: Any) -> None:
        self._is_over = True
        self._error = getattr(outcome, "error", None)


class _Stopped(BaseException):
    """The world is to end."""
