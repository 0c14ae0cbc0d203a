"""How long a command takes to start: a short run from its first line to its last, and the help, as processes of their own.

Each figure is CPU time and the median of several processes, beside a yardstick of the same kind in the same minute: a Python that
imports trio, attrs and msgpack, without which nothing of ours could run.
"""

import resource
import subprocess
import sys
from statistics import median
from typing import Any

ROUNDS = 5
COMMANDS = {
    "run": ("-m", "scenarios", "run", "split_vote", "-q"),
    "help": ("-m", "scenarios", "--help"),
    "imports": ("-c", "import trio, attrs, msgpack"),
}


def start(rounds: int = ROUNDS) -> dict[str, Any]:
    """CPU milliseconds of each process: medians of interleaved rounds, after one that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, words in COMMANDS.items():
            cost = _cost(words)
            if number:
                taken[name].append(cost)
    figures = {name: median(costs) for name, costs in taken.items()}
    return {
        "cpu_milliseconds": {name: round(1_000 * figure) for name, figure in figures.items()},
        "of_imports": {name: round(figures[name] / figures["imports"], 2) for name in ("run", "help")},
        "rounds": rounds,
    }


def _cost(words: tuple[str, ...]) -> float:
    """CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    cost, ratio = result["cpu_milliseconds"], result["of_imports"]
    return [
        f"CPU time of a process, ms, medians of {result['rounds']} interleaved rounds",
        f"  python -c 'import trio, attrs, msgpack'   {cost['imports']:>6,}",
        f"  unkindness --help                         {cost['help']:>6,}   {ratio['help']:.1f} times as much",
        f"  unkindness run split_vote -q              {cost['run']:>6,}   {ratio['run']:.1f} times as much",
    ]
