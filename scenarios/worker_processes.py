"""Processes that play runs, one per processor, by the executor of the standard library.

Ctrl-C is for the process that started them, and its end, however it comes, is theirs. Never here: what they play.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

U = TypeVar("U", str, tuple[int, ...])
"""What is handed out."""


def nothing() -> None:
    """What most workers have to do before they end."""


def process_pool(processes: int, before_end: Callable[[], None] = nothing) -> ProcessPoolExecutor:
    """So many new processes. `before_end`, a function of a module, is called in each when it is ended from outside."""
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin, (before_end,))


def next_done(under_way: dict[Future[Any], U]) -> Iterator[tuple[U, Any]]:
    """Wait until something is done; what it was and what came of it, in order. What raises stays among what is under way."""
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda each: under_way[each]):
        result = future.result()
        yield under_way.pop(future), result


def end_at_once(pool: ProcessPoolExecutor) -> None:
    """End the processes whatever they play; what was handed out is lost."""
    for child in multiprocessing.active_children():
        child.terminate()
    pool.shutdown(wait=False, cancel_futures=True)


def _begin(before_end: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end(before_end))
    threading.Thread(target=_end_with_parent, args=(before_end,), daemon=True).start()


def _end_with_parent(before_end: Callable[[], None]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker is always started by another process"
    parent.join()
    _end(before_end)


def _end(before_end: Callable[[], None]) -> None:
    before_end()
    os._exit(1)
