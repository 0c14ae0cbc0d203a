"""The cost of many tasks while they have nothing to do: 7 nodes, hundreds of databases, thousands of tasks.

Three figures: an hour in which no task is due, with quiet time skipped and with every heartbeat simulated; and an hour in
which every task is due once and finds nothing new (rule 9.7). All are given by the number of tasks, to show what grows with it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import trio

from backup.destinations.local import LocalFolder
from backup.node.service import backups
from backup.notes import BackupSkipped
from backup.record.database_commands import CreateDatabase
from backup.record.record import Task
from backup.record.rules import rules_named
from backup.record.task_commands import DefineTask
from cluster.sim.world import World
from scenarios.bench.load import NAMES, held

HOUR = 3_600.0
DATABASES = (5, 50, 500)
TASKS_OF_A_DATABASE = 20
RULES = attrs.evolve(rules_named("unkindness"), name="many slots", concurrent_backups=1_000)
"""With the four slots that a node has by default, tasks of one minute would queue for hours (rule 9.4) and never be idle."""


def idle(databases: int, nodes: int = 7) -> dict[str, Any]:
    """Measure one size. CPU seconds of

    - `define`: defining all databases and tasks, with the promises watched;
    - `idle_hour`: an hour in which nothing is due, with quiet time skipped as in any run;
    - `lived_minute`: a minute in which every report and every round of the observer is simulated;
    - `due_hour`: an hour in which each task is due once and has nothing new; its cost for each task is given in µs.
    """
    cost: dict[str, float] = {}
    runs: list[int] = []
    tasks = databases * TASKS_OF_A_DATABASE

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        cost[name] = time.process_time() - began

    async def story(world: World) -> None:
        world.start(NAMES[:nodes], backups(RULES))
        leader = await world.elected()
        with timed("define"):
            for number in range(databases):
                group = tuple(NAMES[(number + place) % nodes] for place in range(3))
                await world.ask(leader, CreateDatabase(f"db{number}", members=group))
                for place in range(TASKS_OF_A_DATABASE):
                    minute = (number * TASKS_OF_A_DATABASE + place) % 60  # due at one in the morning, and at noon
                    full, incremental = f"{minute} 1 * * *", f"{minute} 12 * * *"
                    task = Task(full=full, incremental=incremental, destinations=(LocalFolder("b"),))
                    await world.ask(leader, DefineTask(f"db{number}", task))
            await trio.sleep(60)
        await trio.sleep(4 * HOUR - world.now)
        with timed("idle_hour"):
            await trio.sleep(HOUR)
        with timed("lived_minute"), lived(world):
            await trio.sleep(60)
        await trio.sleep(12 * HOUR - world.now)
        before = len(world.history)
        with timed("due_hour"):
            await trio.sleep(HOUR)
        runs.append(sum(isinstance(event.note, BackupSkipped) for event in world.history.events[before:]))

    held(story)
    return {
        "databases": databases,
        "define_seconds": round(cost["define"], 2),
        "idle_hour_seconds": round(cost["idle_hour"], 3),
        "lived_minute_seconds": round(cost["lived_minute"], 2),
        "due_hour_seconds": round(cost["due_hour"], 2),
        "microseconds_per_idle_task_hour": round((cost["due_hour"] - cost["idle_hour"]) / tasks * 1e6),
        "runs": runs[0],
    }


@contextmanager
def lived(world: World) -> Iterator[None]:
    """Skip no stretch of quiet time during the `with` block."""
    before, world.skipping = world.skipping, False
    world.clock.quiet_after, kept = 1 << 62, world.clock.quiet_after
    yield
    world.skipping, world.clock.quiet_after = before, kept


def tasks(sizes: tuple[int, ...] = DATABASES) -> dict[str, Any]:
    """The cost of thousands of idle backup tasks on seven nodes: one row for each number of tasks."""
    return {"tasks": {str(size * TASKS_OF_A_DATABASE): idle(size) for size in sizes}}


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    return [
        "backup tasks with nothing to do, 7 nodes, 20 tasks a database, all promises watched; CPU seconds",
        "   tasks   databases   to define   hour, none due   minute lived   hour, each due once   µs per task",
        *[
            f"  {count:>6} {row['databases']:>11} {row['define_seconds']:>11.2f} {row['idle_hour_seconds']:>16.3f}"
            f" {row['lived_minute_seconds']:>14.2f} {row['due_hour_seconds']:>21.2f}"
            f" {row['microseconds_per_idle_task_hour']:>13,}"
            for count, row in result["tasks"].items()
        ],
    ]
