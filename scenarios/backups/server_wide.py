"""One server-wide task, as a client sees it: its copies, which databases it leaves out, switched off and on."""

from typing import TYPE_CHECKING

import attrs

from backup.record.server_wide import DefineServerWide, RemoveServerWide, ToggleServerWide
from scenarios.backups.database import Database
from scenarios.backups.task import Task

if TYPE_CHECKING:
    from scenarios.backups.client import Client


class ServerWide:
    """One server-wide task, as a client sees it."""

    def __init__(self, client: "Client", number: int, path: str) -> None:
        self.client = client
        self.id = number
        self.path = path

    def copies(self) -> list[Task]:
        """Its copies, as the node that has applied most has them, in the order of their databases."""
        return [
            Task(Database(self.client, database.name), task.id, f"{self.path}/{database.name}")
            for database in self.client.record.databases.values()
            for task in database.tasks.values()
            if task.server_wide == self.id
        ]

    async def leave_out(self, *databases: str) -> None:
        """These, and no others, have no copy from now on."""
        node = self.client.somebody()
        template = self.client.cluster[node].state.templates[self.id]
        await self.client.world.ask(node, DefineServerWide(attrs.evolve(template, excluded=databases)))

    async def disable(self) -> None:
        """No copy runs any more."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=True))

    async def enable(self) -> None:
        """They run again."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=False))

    async def remove(self) -> None:
        """It goes, with its copies; their files stay."""
        await self.client.world.ask(self.client.somebody(), RemoveServerWide(self.id))
