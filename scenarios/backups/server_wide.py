"""One server-wide task, as a client sees it: its copies, the excluded databases, enabling and disabling."""

from typing import TYPE_CHECKING

import attrs

from backup.record.server_wide import DefineServerWide, RemoveServerWide, ToggleServerWide
from cluster.sim.checked_verbs import checked_verbs
from scenarios.backups.database import Database
from scenarios.backups.task import Task

if TYPE_CHECKING:
    from scenarios.backups.client import Client


@checked_verbs
class ServerWide:
    """One server-wide task, as a client sees it."""

    def __init__(self, client: "Client", number: int, path: str) -> None:
        self.client = client
        self.id = number
        self.path = path

    def copies(self) -> list[Task]:
        """The copies of the task as the node that has applied most entries has them, in the order of their databases."""
        return [
            Task(Database(self.client, database.name), task.id, f"{self.path}/{database.name}")
            for database in self.client.record.databases.values()
            for task in database.tasks.values()
            if task.server_wide == self.id
        ]

    async def leave_out(self, *databases: str) -> None:
        """Exclude these databases and no others: they have no copy of the task from now on."""
        node = self.client.somebody()
        template = self.client.cluster[node].state.templates[self.id]
        await self.client.world.ask(node, DefineServerWide(attrs.evolve(template, excluded=databases)))

    async def disable(self) -> None:
        """Disable every copy of the task."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=True))

    async def enable(self) -> None:
        """Enable every copy of the task."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=False))

    async def remove(self) -> None:
        """Delete the task with its copies; their backup files stay."""
        await self.client.world.ask(self.client.somebody(), RemoveServerWide(self.id))
