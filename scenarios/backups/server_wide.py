"""One server-wide task, as a client sees it: its copies, the excluded databases, enabling and disabling."""

from typing import TYPE_CHECKING, Any

import attrs

from backup.record.record import Template
from backup.record.server_wide import DefineServerWide, RemoveServerWide, ToggleServerWide
from backup.requests.answers import ServerWideView
from backup.requests.backup_requests import ShowServerWide
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.world import Misuse
from scenarios.backups.database import Database
from scenarios.backups.task import Task, edited

if TYPE_CHECKING:
    from scenarios.backups.client import Client


@checked_verbs
class ServerWide:
    """One server-wide task, as a client sees it."""

    def __init__(self, client: "Client", number: int) -> None:
        self.client = client
        self.id = number

    def copies(self) -> list[Task]:
        """The copies of the task as the node that has applied most entries has them, in the order of their databases."""
        return [
            Task(
                Database(self.client, database.name),
                task.id,
                task.destinations[0].address,
                task.encryption,
                task.destinations,
            )
            for database in self.client.record.databases.values()
            for task in database.tasks.values()
            if task.server_wide == self.id
        ]

    async def show(self, on: str = "") -> ServerWideView:
        """The task, the databases that are left out, and the copies, as that node knows them, or any that is up."""
        views = await self.client.world.ask(on or self.client.somebody(), ShowServerWide())
        found = next((each for each in views if each.id == self.id), None)
        if found is None:
            raise Misuse(f"server-wide task {self.id} is gone: it cannot be shown")
        return found

    async def edit(self, of: ServerWideView | None = None, **changes: Any) -> None:
        """Change fields of the task, and so of every copy, as `Task.edit` does.

        `of`: the view that was edited; without it, what is there now.

        `Refused` if somebody has changed the task since that view (26.9).
        """
        template = self._template(of)
        task = edited(template.task, changes)
        await self.client.world.ask(self.client.somebody(), DefineServerWide(attrs.evolve(template, task=task)))

    async def leave_out(self, *databases: str, of: ServerWideView | None = None) -> None:
        """Exclude these databases and no others: they have no copy of the task from now on. `of`: as for `edit`."""
        template = attrs.evolve(self._template(of), excluded=databases)
        await self.client.world.ask(self.client.somebody(), DefineServerWide(template))

    def _template(self, of: ServerWideView | None) -> Template:
        """What is there now, as an edit of that view."""
        found = self.client.record.templates.get(self.id)
        if found is None:
            raise Misuse(f"server-wide task {self.id} is gone, or everybody is down: it cannot be edited")
        return found if of is None else attrs.evolve(found, edited=of.edited)

    async def disable(self) -> None:
        """Disable every copy of the task."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=True))

    async def enable(self) -> None:
        """Enable every copy of the task."""
        await self.client.world.ask(self.client.somebody(), ToggleServerWide(self.id, disabled=False))

    async def remove(self) -> None:
        """Delete the task with its copies; their backup files stay."""
        await self.client.world.ask(self.client.somebody(), RemoveServerWide(self.id))
