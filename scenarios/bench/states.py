"""How many states of a tiny cluster `unkindness explore` searches a second of CPU time, beside two bare trio tasks of the same run."""

import time
from typing import Any

from scenarios.bench import yardsticks
from scenarios.explore import Bounds, explore

STATES = 300_000
BARE = 40_000


def states(most: int = STATES) -> dict[str, Any]:
    """The search of three nodes, two terms and one entry up to so many states; a state and its renamings count once."""
    bare = yardsticks.trio_ping_pong(BARE)
    began = time.process_time()
    found = explore(Bounds(), states=most)
    cpu = time.process_time() - began
    return {
        "states": found.distinct,
        "steps": found.generated,
        "states_per_cpu_second": round(found.distinct / cpu),
        "of_bare": round(found.distinct / cpu / bare, 3),
    }


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    return [
        "explore, three nodes, two terms, one entry: every interleaving, one core",
        f"  {result['states']:,} states by {result['steps']:,} steps; {result['states_per_cpu_second']:,} states a CPU second, "
        f"{result['of_bare']:.2f} of the messages of two bare trio tasks on our clock",
    ]
