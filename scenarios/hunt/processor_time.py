"""A seed gets so much processor time and no more: a story without an end, or one that never waits, must not hold up a hunt."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cluster.sim.errors import OutOfBudget

LONGEST = 120.0
"""The CPU seconds that one seed may take: twenty times what the longest of ours takes, an hour of a storm."""
AGAIN = 1.0
"""The CPU seconds after which a run that was asked to end has not heeded it: code of the story's goes on and on."""


TOO_LONG = "it was not finished when its processor time was used up: let the story end sooner"


class SeedTookTooLong(OutOfBudget):
    """The processor time of a seed is used up: no verdict."""


class ProcessorTime:
    """Whether the processor time of a seed is used up."""

    def __init__(self) -> None:
        self.is_over = False


@contextmanager
def limited_cpu(seconds: float = LONGEST) -> Iterator[ProcessorTime]:
    """Count the processor time of the block. Once so much is used, a run has to end; SeedTookTooLong where it does not.

    A run that is asked is left in order. One that does not ask any more is told by an exception, in the midst of the code that
    never waits, again and again. Only the main thread of a process can be told, and only where there are such timers.
    """
    processor_time = ProcessorTime()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield processor_time
        return

    def tell(_: int, __: FrameType | None) -> None:
        if processor_time.is_over:
            raise SeedTookTooLong(f"{TOO_LONG} ({seconds:g} s)")
        processor_time.is_over = True

    before = signal.signal(signal.SIGVTALRM, tell)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN)
    try:
        yield processor_time
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
