"""`unkindness bench`: each benchmark by name, and its figures as a table for people or one JSON object."""

import cProfile
import gc
import pstats
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

from scenarios.bench import backup, data, features, load, start, states, tasks, waits, yardsticks
from scenarios.bench.load import PROPOSALS, ROUNDS

SIZES = (3, 5, 25, 101)
BUSY_PROPOSALS = {3: 1_500, 5: 1_000, 25: 120, 101: 30}
LIVED = {3: 300.0, 5: 300.0, 25: 60.0, 101: 15.0}
IDLE_DAYS = 1.0


class NoYardstick(RuntimeError):
    """SimPy is not installed."""


def messages(rounds: int = ROUNDS) -> dict[str, Any]:
    """Full-stack messages per CPU second in a five-node cluster, against SimPy and two bare tasks: medians of
    interleaved rounds, after one that is not counted."""
    try:
        import simpy  # noqa: F401  # only to say early that it is missing
    except ModuleNotFoundError as error:
        raise NoYardstick("the yardstick SimPy is not installed: pip install 'unkindness[bench]'") from error
    contestants: dict[str, Callable[[], float]] = {
        "unkindness": lambda: load.replication(5, PROPOSALS).messages_per_second,
        "simpy": lambda: yardsticks.simpy_ping_pong(40_000),
        "bare": lambda: yardsticks.trio_ping_pong(20_000),
    }
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, measure in contestants.items():
            figure = measure()
            if number:
                taken[name].append(figure)
    figures = {name: median(rates) for name, rates in taken.items()}
    ratios = {
        name: median([ours / theirs for ours, theirs in zip(taken["unkindness"], taken[name], strict=True)])
        for name in ("simpy", "bare")
    }
    return {
        "messages_per_cpu_second": {name: round(rate) for name, rate in figures.items()},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "rounds": rounds,
        "next": profile(),
    }


def profile(top: int = 6) -> list[str]:
    """The functions in which a profile spends the time of a message, each with its own share."""
    gc.collect()  # else this run would pay for collecting the garbage of the loads before
    profiler = cProfile.Profile()
    profiler.enable()
    load.replication(5, 400)
    profiler.disable()
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # the one way to read them
    own = {place: entry[2] for place, entry in stats.items()}
    total = sum(own.values())
    costly = sorted(own, key=lambda place: own[place], reverse=True)[:top]
    return [f"{place[0].rpartition('/')[2]}:{place[2]} {own[place] / total:.0%}" for place in costly]


def time() -> dict[str, Any]:
    """Virtual seconds per CPU second: busy (one client that never rests), idle, and idle with every heartbeat simulated."""
    rows: dict[str, Any] = {}
    for nodes in SIZES:
        busy = load.replication(nodes, BUSY_PROPOSALS[nodes], clients=1)
        quiet = load.idle(nodes, IDLE_DAYS * 86_400)
        lived = load.idle(nodes, LIVED[nodes], skipping=False)
        rows[str(nodes)] = {"busy": round(busy.speed), "idle": round(quiet.speed), "idle_lived": round(lived.speed)}
        rows[str(nodes)]["microseconds_a_message"] = round(1e6 / busy.messages_per_second, 1)
    return {"virtual_seconds_per_cpu_second": rows}


def memory() -> dict[str, Any]:
    """Peak resident memory in MiB of a process for each of these loads, and of one that only imports the packages."""
    programs = {"imports": "pass"}
    for nodes in SIZES:
        programs[f"busy_{nodes}"] = f"load.replication({nodes}, {BUSY_PROPOSALS[nodes]}, clients=1)"
        programs[f"idle_{nodes}"] = f"load.idle({nodes}, 86_400.0)"
    return {"peak_mebibytes": {name: _peak(program) for name, program in programs.items()}}


def _peak(program: str) -> float:
    code = f"from scenarios.bench import load, resident\n{program}\nprint(resident.peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


ELECTIONS = "elections"
"""The benchmark that runs only if it is named, because it judges and takes two minutes: `scenarios.bench.elections`."""
QUICK = ("messages", "time", "memory", "backup", "nights")
"""The benchmarks that run if none is named."""
BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {
    "messages": messages,
    "time": time,
    "memory": memory,
    "backup": backup.backup,
    "tasks": tasks.tasks,
    "features": features.features,
    "nights": waits.nights,
    "year": waits.year,
    "start": start.start,
    "explore": states.states,
    "data": data.data,
}


def as_text(name: str, result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    match name:
        case "messages":
            rates, ratios = result["messages_per_cpu_second"], result["ratios"]
            return [
                f"messages per CPU second, medians of {result['rounds']} interleaved rounds",
                f"  unkindness, 5 nodes, all promises watched  {rates['unkindness']:>9,}",
                f"  SimPy, bare ping-pong                      {rates['simpy']:>9,}   ours is {ratios['simpy']:.2f} of it",
                f"  two bare trio tasks on our clock           {rates['bare']:>9,}   ours is {ratios['bare']:.2f} of it",
                "  a profile says the time goes to: " + ", ".join(result["next"]),
            ]
        case "time":
            head = (
                "virtual seconds per CPU second     busy        idle   idle, every heartbeat lived   µs a message, busy"
            )
            return [head] + [
                f"  {nodes:>3} nodes                   {row['busy']:>9,} {row['idle']:>11,} {row['idle_lived']:>9,}"
                f" {row['microseconds_a_message']:>39}"
                for nodes, row in result["virtual_seconds_per_cpu_second"].items()
            ]
        case "features":
            return features.as_lines(result)
        case "backup":
            return backup.as_lines(result)
        case "nights":
            return waits.nights_as_lines(result)
        case "year":
            return waits.year_as_lines(result)
        case "explore":
            return states.as_lines(result)
        case "start":
            return start.as_lines(result)
        case "data":
            return data.as_lines(result)
        case "tasks":
            return tasks.as_lines(result)
        case _:
            return ["peak memory of a process, MiB"] + [
                f"  {program:<10} {peak:>8.1f}" for program, peak in result["peak_mebibytes"].items()
            ]
