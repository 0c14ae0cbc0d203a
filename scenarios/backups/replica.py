"""One external replication, as a client sees it: the sending node, enabling and disabling, and waiting for its progress."""

from typing import TYPE_CHECKING

from backup.notes import ReplicationStarted, ReplicationStopped
from backup.record.external_replication import RemoveReplication, ToggleReplication
from cluster.sim.checked_verbs import checked_verbs
from cluster.trace import Crashed
from cluster.written_times import Span

if TYPE_CHECKING:
    from scenarios.backups.database import Database


@checked_verbs
class Replica:
    """One external replication, as a client sees it."""

    def __init__(self, database: "Database", destination: "Database", number: int) -> None:
        self.database, self.destination, self.id = database, destination, number
        self.world, self.client = database.world, database.client

    @property
    def owner(self) -> str | None:
        """The node that sends now: the last one that began and has not stopped; None if no node sends."""
        sending: dict[str, None] = {}
        mine = self.client.names
        for event in self.world.history.events:
            if event.node not in mine:
                continue  # the cluster of the destination numbers its tasks by itself
            match event.note:
                case ReplicationStarted(task=self.id):
                    sending[event.node] = None
                case ReplicationStopped(task=self.id) | Crashed():
                    sending.pop(event.node, None)
        return next(reversed(sending), None)

    async def disable(self) -> None:
        """Disable the replication: no change is sent any more."""
        await self._toggle(True)

    async def enable(self) -> None:
        """Enable the replication: it goes on from where it stopped."""
        await self._toggle(False)

    async def _toggle(self, disabled: bool) -> None:
        await self.database.ask(ToggleReplication(self.database.name, self.id, disabled))

    async def remove(self) -> None:
        """Delete the replication; what it has sent stays."""
        await self.database.ask(RemoveReplication(self.database.name, self.id))

    async def sent_by(self, other_than: str | None = None, within: Span = 120) -> str:
        """Wait until a node (other than the one given) sends; return which."""
        return await self.world.until(
            lambda: self.owner if self.owner != other_than else None, within, f"an owner of task {self.id}"
        )

    async def followed(self, within: Span = 300) -> None:
        """Wait until every destination copy on a node that is up holds what the source's copies hold."""

        def prints(database: "Database") -> list[str]:
            client = database.client
            stores = [client.store(node, database.name) for node in client.names if self.world[node].up]
            return [store.fingerprint for store in stores if store is not None]

        def same() -> bool:
            far, here = prints(self.destination), prints(self.database)
            return bool(far) and len({*far, *here}) == 1

        await self.world.until(same, within, f"{self.destination.name} to hold what {self.database.name} holds")
