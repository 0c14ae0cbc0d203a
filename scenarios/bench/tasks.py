"""What many tasks cost while they have nothing to do: 7 nodes, hundreds of databases, thousands of tasks.

Three figures. An hour in which no task is due, skipped and lived beat by beat; and an hour in which every task is due
once and finds nothing new (rule 9.7). Both also by the number of tasks, so that what grows with it is seen.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import trio

from backup.destinations.local import LocalFolder
from backup.node.service import backups
from backup.record.database_commands import CreateDatabase
from backup.record.record import Task
from backup.record.rules import rules_named
from backup.record.task_commands import DefineTask
from cluster.sim.run import play
from cluster.sim.world import World
from cluster.value import value
from scenarios.bench.load import NAMES

HOUR = 3_600.0
TASKS_OF_A_DATABASE = 20
RULES = attrs.evolve(rules_named("unkindness"), name="many slots", concurrent_backups=1_000)
"""With the four slots a node has, tasks of one minute would queue for hours (rule 9.4), and idle time would not be idle."""


@value
class Idle:
    """What one size cost, in CPU seconds."""

    databases: int
    tasks: int
    defined: float
    """All databases and tasks, with the promises watched."""
    skipped_hour: float
    """An hour in which nothing is due, as users live it."""
    lived_minute: float
    """A minute in which every report and every look of the observer is lived."""
    due_hour: float
    """An hour in which each task is due once and has nothing new."""
    runs: int

    @property
    def microseconds_per_task_hour(self) -> float:
        """Of a task that is due once in the hour and has nothing new."""
        return (self.due_hour - self.skipped_hour) / self.tasks * 1e6


def idle(databases: int, nodes: int = 7) -> Idle:
    """Measure one size."""
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
        with timed("defined"):
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
        with timed("skipped_hour"):
            await trio.sleep(HOUR)
        with timed("lived_minute"), lived(world):
            await trio.sleep(60)
        await trio.sleep(12 * HOUR - world.now)
        before = len(world.history)
        with timed("due_hour"):
            await trio.sleep(HOUR)
        runs.append(sum(type(event.note).__name__ == "BackupSkipped" for event in world.history.events[before:]))

    outcome = play(story, seed=1)
    if outcome.failure is not None:
        raise outcome.failure
    return Idle(
        databases, tasks, cost["defined"], cost["skipped_hour"], cost["lived_minute"], cost["due_hour"], runs[0]
    )


@contextmanager
def lived(world: World) -> Iterator[None]:
    """No stretch of quiet time is skipped meanwhile."""
    before, world.skipping = world.skipping, False
    world.clock.quiet_after, kept = 1 << 62, world.clock.quiet_after
    yield
    world.skipping, world.clock.quiet_after = before, kept


def measured(sizes: tuple[int, ...]) -> dict[str, Any]:
    """A row a size."""
    return {
        str(found.tasks): {
            "databases": found.databases,
            "define_seconds": round(found.defined, 2),
            "idle_hour_seconds": round(found.skipped_hour, 3),
            "lived_minute_seconds": round(found.lived_minute, 2),
            "due_hour_seconds": round(found.due_hour, 2),
            "microseconds_per_idle_task_hour": round(found.microseconds_per_task_hour),
            "runs": found.runs,
        }
        for found in map(idle, sizes)
    }
