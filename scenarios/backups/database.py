"""One database, as a client sees it: its documents and their extensions, compare-exchange values, its group and its tasks.

Never here: what a task does (`task`, `replica`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from backup.database import agreed_values as values
from backup.database.items import Revision, body_of, text_of
from backup.database.revisions import RevisionPolicy
from backup.destinations.local import LocalFolder
from backup.destinations.registry import AnySettings
from backup.notes import ObserverDecided
from backup.record.database_commands import RemoveDatabase
from backup.record.encryption_keys import Encryption, Key
from backup.record.external_replication import DefineReplication
from backup.record.group_commands import AddNode, Distribute, RemoveNode, ReorderMembers
from backup.record.record import ONE_TIME, Replication, Topology
from backup.record.record import Task as Definition
from backup.record.task import Kind, SnapshotSettings
from backup.record.task_commands import DefineTask
from backup.requests import document_requests as requests
from backup.requests.answers import BackupsView
from backup.requests.backup_requests import BackupOnce, ShowBackups
from cluster.argument_kinds import shown
from cluster.member import ClientRequest
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.errors import Misuse
from cluster.trace import Happened
from cluster.written_times import Span, microseconds
from scenarios.backups.replica import Replica
from scenarios.backups.task import FOLDER, Ran, Task, retained
from scenarios.sample_documents import documents as documents_from

if TYPE_CHECKING:
    from scenarios.backups.client import Client

A = TypeVar("A")

BATCH = 500
"""Documents that a client writes in one request."""
BATCH_SIZE = 1 << 22
"""Characters of them, roughly: with the document that reaches so many a request ends."""


@checked_verbs
class Database:
    """One database, as a client sees it."""

    def __init__(self, client: "Client", name: str, key: Key | None = None) -> None:
        self.client = client
        self.world = client.world
        self.name = name
        self.key = key

    async def put(self, objects: Mapping[str, Mapping[str, Any]], collection: str = "Orders", on: str = "") -> None:
        """Write documents by id, at that node or at any that is up; no leader is needed (3.39)."""
        for batch in _batches([(id, collection, body_of(id, data)) for id, data in objects.items()]):
            await self.ask(requests.PutDocuments(self.name, batch), on)

    async def fill(self, count: int = 40, on: str = "", *, generated: bool = False) -> int:
        """Write the documents that the run was given with `--data`, or else `count` generated ones; return how many.

        `generated`: the latter, `orders/1` and so on, in any case, for a story that asks for their fields.
        """
        if count < 0:
            raise Misuse(f"fill: count is {count}: give 0 or more documents")
        source = self.world.options.get("data")
        written = 0
        if generated or not source:
            made_up = {f"orders/{number}": order(self.world.seed, number) for number in range(1, count + 1)}
            await self.put(made_up, on=on)
            written = count
        if source:
            for batch in _batches((each.id, each.collection, each.body) for each in documents_from(source)):
                await self.ask(requests.PutDocuments(self.name, batch), on)
                written += len(batch)
        return written

    async def store(self, data: Mapping[str, Any], id: str, collection: str = "Orders", on: str = "") -> str:
        """Store one document and return its id; for an id such as `orders/` or `orders|` the server adds the number."""
        return await self.ask(requests.StoreDocument(self.name, id, collection, body_of(id, data)), on)

    async def attach(self, id: str, name: str, content: bytes, content_type: str = "", on: str = "") -> None:
        """Add an attachment to a document."""
        await self.ask(requests.Attach(self.name, id, name, content, content_type), on)

    async def detach(self, id: str, name: str, on: str = "") -> None:
        """Delete an attachment."""
        await self.ask(requests.Detach(self.name, id, name), on)

    async def attachment(self, id: str, name: str, on: str = "") -> bytes | None:
        """The content of an attachment, as that node's copy has it."""
        return await self.ask(requests.GetAttachment(self.name, id, name), on)

    async def revisions(self, id: str, on: str = "") -> tuple[Revision, ...]:
        """The revisions of a document, the oldest first, as that node's copy has them."""
        return await self.ask(requests.GetRevisions(self.name, id), on)

    async def configure_revisions(self, **minimum_to_keep: int | None) -> None:
        """Keep revisions of these collections and of no others: that many of each document; None keeps all of them."""
        policies = tuple(RevisionPolicy(collection, kept) for collection, kept in minimum_to_keep.items())
        await self.ask(values.ConfigureRevisions(self.name, policies))

    async def next_identity(self, key: str) -> int:
        """The next number of an identity, `orders|`: no two clients get the same; needs a leader."""
        return await self.ask(values.NextIdentity(self.name, key))

    async def put_compare_exchange(self, key: str, data: object, index: int = 0) -> values.CompareExchangeResult:
        """Set a compare-exchange value if its index is still this one (0: there is none yet); needs a leader."""
        return await self.ask(values.PutCompareExchange(self.name, key, _json("put_compare_exchange", data), index))

    async def delete_compare_exchange(self, key: str, index: int) -> values.CompareExchangeResult:
        """Delete a compare-exchange value if its index is still this one; needs a leader."""
        return await self.ask(values.DeleteCompareExchange(self.name, key, index))

    async def define_index(
        self, name: str, collection: str, fields: Iterable[str], group_by: str = "", sums: Iterable[str] = ()
    ) -> None:
        """Define an index of these fields of a collection; with `group_by` it counts each group and computes these sums."""
        definition = values.IndexDefinition(name, collection, tuple(fields), group_by, tuple(sums))
        await self.ask(values.DefineIndex(self.name, definition))

    async def query(self, index: str, on: str = "", **where: object) -> requests.QueryResult:
        """The results of that node's index, and whether it is stale."""
        fields = tuple((field, _json("query", wanted)) for field, wanted in where.items())
        return await self.ask(requests.QueryIndex(self.name, index, fields), on)

    async def indexed(self, index: str, on: str, within: Span = 600) -> requests.QueryResult:
        """Wait until that node's index is not stale; return its results."""
        await self.world.until(
            lambda: self.client.is_fresh(on, self.name, index), within, f"an index {index} on {on} that is not stale"
        )
        return await self.query(index, on)

    async def ask(self, request: ClientRequest[A], on: str = "") -> A:
        """Send a request to that node, or to any that is up and has the database; return the answer."""
        return await self.world.ask(on or self.client.somebody(self.name), request)

    async def delete(self, *ids: str, on: str = "") -> None:
        """Delete documents."""
        await self.ask(requests.DeleteDocuments(self.name, ids), on)

    async def define_replication(
        self, destination: "Database", delay: Span = 0, mentor: str | None = None, pinned: bool = False, name: str = ""
    ) -> "Replica":
        """Define an external replication to another database, of this cluster or of another one (`Client.found`).

        Each change is sent that `delay` after it is made (19.4).
        """
        nodes = () if destination.client.names == self.client.names else destination.client.names
        task = Replication(destination.name, name, int(microseconds(delay)), mentor, pinned, nodes=nodes)
        number = await self.ask(DefineReplication(self.name, task))
        return Replica(self, destination, number)

    @property
    def decisions(self) -> list[Happened[ObserverDecided]]:
        """The decisions of observers about this database, with time and reason (5.12)."""
        every = self.world.history.of(ObserverDecided)
        return [event for event in every if event.note.database.lower() == self.name.lower()]

    async def add_node(self, node: str = "") -> str:
        """Add a node to the database group; return which node."""
        return await self.ask(AddNode(self.name, node))

    async def remove_node(self, node: str) -> None:
        """Remove a node from the database group."""
        await self.ask(RemoveNode(self.name, node))

    async def reorder_members(self, *order: str, fixed: bool = False) -> None:
        """Reorder the members of the group; `fixed`: the observer must keep this order."""
        await self.ask(ReorderMembers(self.name, order, fixed))

    async def distribute(self, dynamic: bool = True) -> None:
        """Allow or forbid the observer to replace nodes that are gone for long."""
        await self.ask(Distribute(self.name, dynamic))

    async def remove(self, hard: bool = True) -> None:
        """Delete the database, and its files if `hard`."""
        await self.ask(RemoveDatabase(self.name, hard))

    @property
    def group(self) -> Topology | None:
        """The database group as the node that has applied most entries has it; None if all nodes are down or it is deleted."""
        record = self.client.recorded(self.name)
        return record.topology if record is not None else None

    async def grouped(self, members: str = "", rehabs: str = "", within: Span = 1_200) -> None:
        """Wait until the group has these members, in any order, and (if given) these nodes in rehab."""

        def is_so() -> bool:
            group = self.group
            return (
                group is not None
                and (not members or sorted(group.members) == sorted(members))
                and (not rehabs or sorted(group.rehabs) == sorted(rehabs))
            )

        await self.world.until(is_so, within, f"{self.name} on {members or 'its nodes'}, in rehab {rehabs or 'anyone'}")

    def documents(self, on: str = "") -> list[str]:
        """The ids of the documents in a node's copy, sorted; in that of any node that is up, if no node is named."""
        store = self.client.store(on or self.client.somebody(self.name), self.name)
        return sorted(each.id for each in store.frozen_at().documents()) if store is not None else []

    def document(self, id: str, on: str = "") -> dict[str, Any] | None:
        """The fields of a document in a node's copy, `{"total": 12}`, or in that of any node that is up; None if it has none."""
        store = self.client.store(on or self.client.somebody(self.name), self.name)
        found = store.get(id) if store is not None else None
        return found.data if found is not None else None

    async def define(
        self,
        full: str = "",
        incremental: str = "",
        mentor: str | None = None,
        pinned: bool = False,
        name: str = "",
        path: str = FOLDER,
        on: str = "",
        encryption: Encryption | None = None,
        keep: Span | None = None,
        kind: Kind = Kind.BACKUP,
        to: Iterable[AnySettings] = (),
        disabled: bool = False,
        snapshot: SnapshotSettings = SnapshotSettings(),  # a frozen value
    ) -> "Task":
        """Define a backup task: cron texts, preferred node (`mentor`; `pinned`: there or nowhere), local folder (`path`), key, kind.

        `name`: without one it is called after its destinations, `Backup to Local`, and a second one `Backup to Local #2`. `keep`:
        how long backups are kept at least, a day or more. Older chains are removed by each full backup that succeeds, within a
        second or so of its end: `await world.seen(FolderRemoved)`. `to`: the destinations, instead of that one local folder.
        `disabled`: it rests until `enable`. `snapshot`: how a Snapshot is compressed, and whether with its indexes.
        """
        places = tuple(to) or (LocalFolder(path),)
        definition = Definition(
            full=full,
            incremental=incremental,
            destinations=places,
            name=name,
            mentor=mentor,
            pinned=pinned,
            encryption=encryption,
            retention=retained(keep),
            kind=kind,
            disabled=disabled,
            snapshot=snapshot,
        )
        number = await self.ask(DefineTask(self.name, definition), on)
        return Task(self, number, places[0].address, encryption, places)

    async def backup_once(
        self,
        path: str = FOLDER,
        kind: Kind = Kind.BACKUP,
        encryption: Encryption | None = None,
        on: str = "",
        within: Span = 600,
        to: Iterable[AnySettings] = (),
        snapshot: SnapshotSettings = SnapshotSettings(),  # a frozen value
    ) -> Ran:
        """Make a one-time backup, at that node or at any that is up; return when it is done.

        `to`: the destinations, instead of that one local folder. `snapshot`: as for `define`.
        """
        places = tuple(to) or (LocalFolder(path),)
        once = Task(self, ONE_TIME, places[0].address, encryption, places)
        before = len(once.runs)
        await self.ask(BackupOnce(self.name, places, kind, encryption, snapshot), on)
        await self.world.until(lambda: len(once.runs) > before, within, f"a one-time backup of {self.name}")
        return once.runs[-1]

    async def show(self, on: str = "") -> BackupsView:
        """The state of the backups of this database, as that node knows it."""
        return await self.ask(ShowBackups(self.name), on)

    async def tasks(self, on: str = "") -> BackupsView:
        """The same as `show`, and note each task's panel in the timeline, in the time and zone of that node."""
        from scenarios.inspect.backups_page import task_lines, tombstone_lines

        node = on or self.client.somebody(self.name)
        view = await self.show(node)
        zone = self.client.cluster[node].application.zone
        assert zone is not None, "a node that answers has begun its program"
        for line in tombstone_lines(view, 80) if view.tombstones else ():
            self.world.say(line)
        for task in view.tasks:
            for line in task_lines(task, self.world[node].wall, zone, 80):
                self.world.say(line)
        return view


def _json(verb: str, data: object) -> str:
    """The data as JSON text; Misuse for what has none."""
    try:
        return text_of(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise Misuse(f"{verb}: {shown(data)} has no JSON form: use objects, lists, text, finite numbers") from error


def _batches(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[tuple[str, str, str], ...]]:
    batch: list[tuple[str, str, str]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row[2])
        if len(batch) == BATCH or size > BATCH_SIZE:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def order(seed: int, number: int) -> dict[str, Any]:
    """A generated order: the same for the same seed and number."""
    return {
        "company": f"companies/{(number * 7 + seed) % 91}",
        "lines": [
            {"product": f"products/{(number * 13 + line) % 77}", "quantity": 1 + (number + line) % 9}
            for line in range(3)
        ],
        "freight": (number * 37 % 1000) / 100,
    }
