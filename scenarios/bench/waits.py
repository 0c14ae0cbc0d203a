"""What people wait for: bad nights from many seeds, and a year in which next to nothing happens.

Each figure is CPU time, and stands beside a yardstick of the same process: how many messages two bare trio tasks on the
same clock would have exchanged meanwhile (`yardsticks.trio_ping_pong`).
"""

import json
import subprocess
import sys
import time
from typing import Any

import trio

from cluster.sim.run import Outcome, Story
from cluster.sim.world import World
from scenarios.backups import backups
from scenarios.bench import yardsticks
from scenarios.bench.load import held
from scenarios.bench.resident import peak
from scenarios.zoo.night import migration, night

DAY = 86_400.0
SEEDS = 6
TASKS = 10
BARE = 40_000
HOUR = 3_600.0
SPACED = "six minutes apart"
WRITES = "one, and a write before every run"
WAYS = ("at the full hour", SPACED, WRITES)


def nights(seeds: int = SEEDS) -> dict[str, Any]:
    """Seeds a CPU minute of the keepers of backups: a bad night, and one in which nodes come and go."""
    return {name: _kept(story, seeds) for name, story in (("night", night()), ("migration", migration()))}


def _kept(story: Story, seeds: int) -> dict[str, Any]:
    bare = yardsticks.trio_ping_pong(BARE)
    began, played = time.process_time(), [held(story, seed=seed) for seed in range(1, seeds + 1)]
    cpu = time.process_time() - began
    return {
        "seeds": seeds,
        "seeds_per_cpu_minute": round(60 * seeds / cpu, 1),
        "bare_messages_a_seed": round(cpu * bare / seeds),
        "lived": round(1 - sum(map(_skipped, played)) / sum(each.virtual_seconds for each in played), 3),
    }


def _skipped(outcome: Outcome) -> float:
    return sum(stretch.until - stretch.start for stretch in outcome.history.stretches) / 1e6


def year(days: int = 365) -> dict[str, Any]:
    """Five nodes for `days` days, each way in a process: ten hourly tasks and nothing to back up, all in one call of
    `trio.sleep`; or one task and a write before each of its runs, of which all but the first are incremental.
    """
    return {"days": days, **{way: _child(way, days) for way in WAYS}}


def _child(way: str, days: int) -> dict[str, Any]:
    code = f"from scenarios.bench.waits import child\nchild({way!r}, {days})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def child(way: str, days: int) -> None:
    """Measure one way in this process and print its figures as JSON."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABCDE")
        await world.elected()
        shop = await client.create_database("Shop", members="ABCDE")
        await shop.fill(20)
        if way == WRITES:
            await shop.define(full="0 0 1 1 *", incremental="0 * * * *")
            await trio.sleep(HOUR / 2)
            for number in range(24 * days):
                await shop.put({f"orders/{number}": {"number": number}})
                await trio.sleep(HOUR)
            return
        for number in range(TASKS):
            minute = 6 * number if way == SPACED else 0
            await shop.define(full=f"{minute} 0 1 1 *", incremental=f"{minute} * * * *")
        await trio.sleep(days * DAY)

    bare = yardsticks.trio_ping_pong(BARE)
    began = time.process_time()
    outcome = held(story)
    cpu = time.process_time() - began
    figures = {
        "cpu_seconds": round(cpu, 1),
        "bare_messages": round(cpu * bare),
        "virtual_seconds_per_cpu_second": round(outcome.virtual_seconds / cpu),
        "peak_mebibytes": peak(),
    }
    sys.stdout.write(json.dumps(figures))


def nights_as_lines(result: dict[str, Any]) -> list[str]:
    """The figures of nights as lines for people."""
    return ["seeds of a keeper a CPU minute"] + [
        f"  {name:<10} {row['seeds_per_cpu_minute']:>6.1f}   {row['lived']:.1%} of its time is lived; "
        f"a seed costs as much as {row['bare_messages_a_seed']:,} messages of two bare trio tasks"
        for name, row in result.items()
    ]


def year_as_lines(result: dict[str, Any]) -> list[str]:
    """The figures of a year as lines for people."""
    rows = [(way, result[way]) for way in WAYS]
    return [f"{result['days']} days of 5 nodes with {TASKS} hourly tasks and nothing to back up, or as said"] + [
        f"  tasks {way:<33} {row['cpu_seconds']:>7.1f} s of CPU time, {row['peak_mebibytes']:,.0f} MiB; "
        f"as much as {row['bare_messages']:,} messages of two bare trio tasks"
        for way, row in rows
    ]
