"""The words of the stories about backups: one database, one task, documents, and what came of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from backup.destinations.local import LocalFolder
from backup.node.service import backups
from backup.notes import OwnerChanged
from backup.record.database_commands import CreateDatabase
from backup.record.record import Task
from backup.record.rules import Rules
from backup.record.task_commands import DefineTask
from backup.requests.document_requests import GetDocument, PutDocuments
from cluster.sim.run import Outcome, run
from cluster.sim.world import World
from cluster.trace import Agreed, Happened, Note
from scenarios.inspect.backup_results import counts
from scenarios.inspect.run_history import RunHistory

N = TypeVar("N", bound=Note)
FOLDER = LocalFolder("/backups")
HOURLY = Task(full="0 0 * * *", incremental="0 * * * *", destinations=(FOLDER,))


class Told:
    """A finished run of a story, for looking at."""

    def __init__(self, outcome: Outcome, world: World) -> None:
        self.outcome = outcome
        self.world = world

    def events(self, kind: type[N], node: str = "") -> list[Happened[N]]:
        """The events of a kind (of a node), in order; agreed ones only where they were told first."""
        found = self.outcome.history.of(kind, node)
        if not issubclass(kind, Agreed):
            return found
        first: dict[Note, Happened[N]] = {}
        for event in found:
            first.setdefault(event.note, event)
        return list(first.values())

    def all(self, kind: type[N], node: str = "") -> list[N]:
        """The notes of a kind (of a node), in order; agreed ones once."""
        return [event.note for event in self.events(kind, node)]

    def counts(self) -> dict[str, int]:
        """See `scenarios.inspect.result.counts`."""
        return counts(RunHistory(self.outcome.history.events), self.world.watchers)


def played(
    story: Callable[[World], Awaitable[None]],
    folder: Path | None = None,
    *,
    rules: Rules | str = "unkindness",
    nodes: str = "ABC",
    seed: int = 1,
    **options: Any,
) -> Told:
    """Play a story on nodes with backups, every promise watched; raise what broke it."""
    worlds: list[World] = []
    places = {} if folder is None else {"backups": str(folder)}

    async def whole(world: World) -> None:
        worlds.append(world)
        world.start(nodes, backups(rules, world.places))
        await world.elected()
        await story(world)
        up = next(name for name in world.names if world[name].up)
        await world.ask(up, GetDocument("Shop", "the/end"))  # an event, so that watchers know how late it is

    return Told(run(whole, seed, places=places, **options), worlds[0])


def orders(first: int, last: int, text: str = "as it was") -> PutDocuments:
    """Documents orders/first to orders/last."""
    objects = {f"orders/{number}": {"number": number, "text": text} for number in range(first, last + 1)}
    return PutDocuments.of("Shop", objects, "Orders")


async def open_shop(world: World, task: Task = HOURLY, documents: int = 20, replication_factor: int = 3) -> int:
    """Make the database and the task, at A, and wait until all know its owner; the task's id."""
    await world.ask("A", CreateDatabase("Shop", replication_factor=replication_factor))
    await world.ask("A", orders(1, documents))
    task_id = int(await world.ask("A", DefineTask("Shop", task)))
    if world["A"].application.rules.assigned:
        await world.seen(OwnerChanged, task=task_id)
        await world.settled()
    return task_id


def owner(world: World, task_id: int) -> str:
    """Who owns the task, as the first node that is up has it."""
    node = next(world[name] for name in world.names if world[name].up)
    return str(node.state.database("Shop").assignments[task_id].node)
