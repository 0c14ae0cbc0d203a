"""Seeds are handed in lots to an executor, and results come back as they are done.

The executor is any of the standard interface: processes of this machine, or an engine over many machines. A process that
dies takes its lots with it; they are played again, seed by seed, and the seed that kills a process twice is a finding.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from itertools import islice
from typing import Any

from scenarios.hunt.cause import Cause
from scenarios.hunt.machines import Machines
from scenarios.hunt.played_seed import Break, PlayedSeed, play_seeds
from scenarios.inspect.result import RunRequest
from scenarios.worker_processes import next_done

A_LOT = 0.5
"""The CPU seconds that one lot of seeds is meant to take: long beside handing it over, short beside a person's patience."""
LARGEST = 100
"""The most seeds of a lot."""
DIED = "died"
"""The verdict of a seed whose process died, each time it was played."""
Lot = tuple[int, ...]


def results(
    machines: Machines,
    request: RunRequest,
    seeds: Iterable[int],
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[PlayedSeed]:
    """The result of each seed, in the order in which they are done. Once `enough()`, no more seeds are handed out.

    On any exception, Ctrl-C too, what is under way is ended at once.
    """
    rest, executor, suspects, lot = iter(seeds), machines.executor(), list[int](), 1
    under_way: dict[Future[Any], Lot] = {}
    try:
        while True:
            alone = bool(suspects)  # one seed at a time, so that it is known which one kills
            while len(under_way) < (1 if alone else 2 * machines.workers) and not enough():
                seeds_next = (suspects.pop(0),) if alone else tuple(islice(rest, lot))
                if not seeds_next:
                    break
                under_way[executor.submit(play_seeds, request, seeds_next)] = seeds_next
            if not under_way:
                return
            try:
                for _, played in next_done(under_way):
                    yield from played
                    lot = _next_lot(played)
            except Exception as error:  # the death of a process, as every engine has its own word for it
                lost = sorted(seed for seeds_lost in under_way.values() for seed in seeds_lost)
                under_way.clear()
                machines.end(executor)
                executor = machines.executor()
                if alone:
                    yield _dead(lost[0], error)
                else:
                    suspects += lost
    finally:
        machines.end(executor)


def _next_lot(played: tuple[PlayedSeed, ...]) -> int:
    each = sum(seed.cpu_seconds for seed in played) / len(played)
    return max(1, min(LARGEST, round(A_LOT / each))) if each else LARGEST


def _dead(seed: int, error: Exception) -> PlayedSeed:
    kind, text = type(error).__name__, f"it cannot be played: {error}"
    if isinstance(error, BrokenExecutor) or kind == "KilledWorker":
        text = "the process that played it died, twice: it may need more memory than there is"
    return PlayedSeed(seed, DIED, (Break(Cause(f"{DIED}, {kind}", ""), text, 0),), 0, 0, 0.0)
