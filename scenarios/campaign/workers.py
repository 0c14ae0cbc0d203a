"""The processes that judge units, one per processor: units go out as they are free, results come back as they are done.

Ctrl-C ends them at once, and so does the end of the process that started them, however it ends. Never here: what is kept.
"""

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from time import perf_counter
from typing import Any

from scenarios.campaign.parts import Finding, part_named, running
from scenarios.worker_processes import end_at_once, next_done, process_pool


class WorkersDied(Exception):
    """A process died while it judged one of these units: the machine ran out of memory, or somebody killed it."""

    def __init__(self, part: str, units: Iterable[str]) -> None:
        super().__init__(f"a process died in part {part}, at one of {', '.join(sorted(units))}")


class Workers:
    """The processes of a campaign, used in a `with` block."""

    def __init__(self, processes: int) -> None:
        self._ahead = 2 * processes
        """The number of units that are handed out at a time, so that no process waits for its next."""
        self._pool = process_pool(processes, _end_tests)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._pool.shutdown()
        else:
            end_at_once(self._pool)

    def judge(self, part: str, units: Iterable[str]) -> Iterator[tuple[str, float, Finding | None]]:
        """The result of each unit, in the order in which they are done: unit, wall seconds, finding. May raise WorkersDied."""
        rest = iter(units)
        under_way: dict[Future[Any], str] = {}
        try:
            while True:
                while len(under_way) < self._ahead and (unit := next(rest, None)) is not None:
                    under_way[self._pool.submit(_judge, part, unit)] = unit
                if not under_way:
                    return
                for unit, result in next_done(under_way):
                    yield (unit, *result)
        except BrokenProcessPool as error:
            raise WorkersDied(part, under_way.values()) from error


def _judge(part: str, unit: str) -> tuple[float, Finding | None]:
    began = perf_counter()
    try:
        finding = part_named(part).judge(unit)
    except Exception as error:  # an error of ours is a finding too, and the other units go on
        finding = Finding(f"{type(error).__name__}: {error}")
    return perf_counter() - began, finding


def _end_tests() -> None:
    """End the test process that this worker waits for."""
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
