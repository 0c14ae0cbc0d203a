"""The verbs of a story about backups: what a client of the cluster would do, in a story's words.

Every verb is a request that some node is asked, so it is a step of the recording like any other. What a story may look
at (runs, owners, files) is read from the history and from the nodes; nothing here steers.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from backup.actions import (
    BackupNow,
    BackupOnce,
    CancelBackup,
    DefineServerWide,
    Operation,
    Postponed,
    PutOff,
    RemoveServerWide,
    ShowBackups,
    ShowTask,
    SwitchServerWide,
)
from backup.admission import Allowed
from backup.database.documents import Contents, Store
from backup.database.items import Revision, body_of, text_of
from backup.database.revisions import RevisionPolicy
from backup.database.values import (
    CompareExchangeResult,
    ConfigureRevisions,
    DefineIndex,
    DeleteCompareExchange,
    IndexDefinition,
    NextIdentity,
    PutCompareExchange,
)
from backup.decisions import Decision, decisions
from backup.definition import Kind
from backup.keys import SIZE, Encryption, EncryptionMode, Key
from backup.notes import (
    BackupFailed,
    BackupFinished,
    BackupSkipped,
    BackupStarted,
    ReplicationStarted,
    ReplicationStopped,
    Reported,
)
from backup.operations import (
    AddNodeToDatabase,
    DefineReplication,
    DistributeDynamically,
    RemoveNodeFromDatabase,
    RemoveReplication,
    ReorderGroup,
    ToggleReplication,
)
from backup.ownership import computed_owner
from backup.premises import Premises
from backup.record import ONE_TIME, LocalFolder, Replication, Topology
from backup.record import Database as Recorded
from backup.record import Task as Definition
from backup.refusals import AskAnother
from backup.requests import (
    Attach,
    ChangeValues,
    Define,
    DeleteDocuments,
    Detach,
    DisableTask,
    EnableTask,
    GetAttachment,
    GetRevisions,
    NewDatabase,
    PutDocuments,
    QueryIndex,
    QueryResult,
    RemoveDatabase,
    RemoveTask,
    RestoreDatabase,
    RestoreResult,
    StoreDocument,
)
from backup.restore import Comparison, equal_contents
from backup.retention import Retention
from backup.rules import Rules, rules_named
from backup.service import Backups
from backup.shelves import Shelves
from backup.views import BackupsView, TaskView
from cluster.instant import SECOND
from cluster.sim.dice import Dice
from cluster.sim.world import Misuse, World
from cluster.trace import Crashed, Happened
from cluster.value import value
from scenarios.data import documents as documents_from

BATCH = 500
"""Documents a client writes in one request."""
FOLDER = "backups"
"""What a task calls its local folder if the story does not say."""


@value
class Ran:
    """One finished run of a task."""

    node: str
    started_at: int
    """Wall µs of that node."""
    t: int
    """True time in µs at which it started."""
    occurrence: int
    full: bool
    outcome: str
    """`written`, `skipped` (nothing new, rule 9.7) or `failed`."""
    folder: str
    file: str


class Client:
    """Talks to whichever node is up; made by `backups(world)`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held: dict[tuple[int, str, int], Contents] = {}
        """What a copy held when a backup of it started: by task, node and start."""
        self._premises = Premises()
        self.shelves = Shelves(world.places, self._premises)
        """Where the nodes keep their files."""
        world.history.followers.append(self._remember)

    def start(self, names: str, rules: Rules | str | None = None, allowed: Allowed | None = None) -> None:
        """Bring the nodes up with the backup service, under these rules or those the run was given."""
        known = rules or self.world.options.get("rules") or "unkindness"
        self.world.start(names, lambda: Backups(known, self.world.places, self._premises, allowed))

    def somebody(self, database: str = "") -> str:
        """The first node that is up (and has that database, if one that is up knows of it); Misuse if there is none."""
        up = [self.world[name] for name in self.world.names if self.world[name].up]
        if not up:
            raise Misuse("no node is up, so nobody can be asked: wait with `await world.elected()`, or restart one")
        record = max(up, key=lambda view: view.applied).state.database(database) if database else None
        for view in up:
            if record is None or view.name in record.topology.nodes:
                return view.name
        group = " ".join(record.topology.nodes) if record is not None else ""
        raise Misuse(f"every node that has {database} is down, so nobody can be asked: restart one of {group}")

    def key(self, name: str) -> Key:
        """A key of the story's own: the same for the same seed and name."""
        dice = Dice(self.world.seed, ("key", name))
        return Key(bytes(dice.below(256) for _ in range(SIZE)))

    async def create_database(
        self,
        name: str,
        replication_factor: int = 1,
        members: Iterable[str] = (),
        key: Key | None = None,
        dynamic: bool = False,
        order: Iterable[str] = (),
    ) -> "Database":
        """A database in a group of that many nodes, or of those; encrypted, if there is a key.

        `dynamic`: the observer may replace nodes that are gone for long. `order`: members that are to stand first.
        """
        world = self.world
        await world.ask(
            self.somebody(), NewDatabase(name, replication_factor, tuple(members), key, dynamic, tuple(order))
        )
        known = lambda: self.store(self.somebody(name), name) is not None  # noqa: E731  # one line, used once
        await world.until(known, within=60, what=f"a node that has {name}")
        return Database(self, name, key)

    async def restore(
        self,
        name: str,
        node: str,
        path: str = FOLDER,
        *,
        folder: str = "",
        last_file: str | None = None,
        at: int | None = None,
        database: str = "",
        encryption: Encryption | None = None,
        key: Key | None = None,
        tasks: bool = False,
    ) -> RestoreResult:
        """A new database at `node`, from its own local folder: up to a file, or (`at`, wall µs) to an instant (17.1).

        `tasks`: they run; without it they are there, disabled, as is fit for a copy to look at (17.9).
        """
        request = RestoreDatabase(name, node, path, folder, last_file, at, database, encryption, key, not tasks)
        result: RestoreResult = await self.world.ask(node, request)
        return result

    def database(self, name: str) -> "Database":
        """A database that is there already."""
        return Database(self, name)

    async def define_server_wide(
        self, full: str = "", incremental: str = "", path: str = FOLDER, excluded: tuple[str, ...] = (), name: str = ""
    ) -> "ServerWide":
        """One task for every database but those (16)."""
        definition = Definition(full=full, incremental=incremental, destinations=(LocalFolder(path),), name=name)
        number = await self.world.ask(self.somebody(), DefineServerWide(definition, excluded))
        return ServerWide(self, number, path)

    def _remember(self, event: Happened) -> None:
        note = event.note
        if isinstance(note, BackupStarted):
            contents = self.store(event.node, note.database)
            if contents is not None:
                self.held[note.task, event.node, note.started_at] = contents.frozen_at()

    def is_fresh(self, node: str, database: str, index: str) -> bool:
        """Whether that node has the index, and every change of its copy in it."""
        store = self.store(node, database)
        if store is None:
            return False
        view = self.world[node]
        data = view.application.index(view.state.database(database).id, index)
        return data is not None and data.etag == store.etag

    def store(self, node: str, database: str) -> Store | None:
        """A node's copy of a database; None if it has none now."""
        view = self.world[node]
        record = view.state.database(database) if view.up else None
        return view.application.store(record.id) if record is not None else None


def backups(world: World) -> Client:
    """The client of this world's backup service."""
    return Client(world)


class Database:
    """One database, as a client sees it."""

    def __init__(self, client: Client, name: str, key: Key | None = None) -> None:
        self.client = client
        self.world = client.world
        self.name = name
        self.key = key

    async def put(self, objects: Mapping[str, Mapping[str, Any]], collection: str = "Orders", on: str = "") -> None:
        """Write documents by id, at that node or at whoever is up; no leader is needed (3.39)."""
        rows = [(id, collection, body_of(id, data)) for id, data in objects.items()]
        for start in range(0, len(rows), BATCH):
            request = PutDocuments(self.name, tuple(rows[start : start + BATCH]))
            await self.world.ask(on or self.client.somebody(self.name), request)

    async def fill(self, count: int = 40, on: str = "") -> int:
        """Write the documents the run was given with `--data`, or `count` made up ones; return how many."""
        source = self.world.options.get("data")
        if not source:
            await self.put(
                {f"orders/{number}": order(self.world.seed, number) for number in range(1, count + 1)}, on=on
            )
            return count
        rows, written = [], 0
        for document in documents_from(source):
            rows.append((document.id, document.collection, body_of(document.id, document.data)))
            if len(rows) == BATCH:
                await self.world.ask(on or self.client.somebody(self.name), PutDocuments(self.name, tuple(rows)))
                written, rows = written + len(rows), []
        if rows:
            await self.world.ask(on or self.client.somebody(self.name), PutDocuments(self.name, tuple(rows)))
        return written + len(rows)

    async def store(self, data: Mapping[str, Any], id: str, collection: str = "Orders", on: str = "") -> str:
        """Write one document; return its id: `orders/` and `orders|` leave the number to the server."""
        stored: str = await self._ask(StoreDocument(self.name, id, collection, body_of(id, data)), on)
        return stored

    async def attach(self, id: str, name: str, content: bytes, content_type: str = "", on: str = "") -> None:
        """Give a document an attachment."""
        await self._ask(Attach(self.name, id, name, content, content_type), on)

    async def detach(self, id: str, name: str, on: str = "") -> None:
        """Take an attachment away."""
        await self._ask(Detach(self.name, id, name), on)

    async def attachment(self, id: str, name: str, on: str = "") -> bytes | None:
        """The content of an attachment, as that node's copy has it."""
        content: bytes | None = await self._ask(GetAttachment(self.name, id, name), on)
        return content

    async def revisions(self, id: str, on: str = "") -> tuple[Revision, ...]:
        """The revisions of a document, the oldest first, as that node's copy has them."""
        found: tuple[Revision, ...] = await self._ask(GetRevisions(self.name, id), on)
        return found

    async def keep_revisions(self, **minimum_to_keep: int | None) -> None:
        """Keep revisions of these collections and of no others: so many of each document, or all for None."""
        policies = tuple(RevisionPolicy(collection, kept) for collection, kept in minimum_to_keep.items())
        await self._ask(ChangeValues(ConfigureRevisions(self.name, policies)))

    async def next_number(self, key: str) -> int:
        """The next number of an identity, `orders|`: no two clients get the same; needs a leader."""
        number: int = await self._ask(ChangeValues(NextIdentity(self.name, key)))
        return number

    async def exchange(self, key: str, data: object, index: int = 0) -> CompareExchangeResult:
        """Write a compare-exchange value over the one of that index, 0 for none; needs a leader."""
        return await self._exchanged(PutCompareExchange(self.name, key, text_of(data), index))

    async def remove_exchanged(self, key: str, index: int) -> CompareExchangeResult:
        """Delete a compare-exchange value if it is still the one of that index; needs a leader."""
        return await self._exchanged(DeleteCompareExchange(self.name, key, index))

    async def define_index(
        self, name: str, collection: str, fields: Iterable[str], group_by: str = "", sums: Iterable[str] = ()
    ) -> None:
        """An index of these fields of a collection; with `group_by` it counts each group and has these sums."""
        definition = IndexDefinition(name, collection, tuple(fields), group_by, tuple(sums))
        await self._ask(ChangeValues(DefineIndex(self.name, definition)))

    async def query(self, index: str, on: str = "", **where: object) -> QueryResult:
        """What that node's index says, and whether it is stale."""
        fields = tuple((field, text_of(wanted)) for field, wanted in where.items())
        result: QueryResult = await self._ask(QueryIndex(self.name, index, fields), on)
        return result

    async def indexed(self, index: str, on: str, within: float = 600) -> QueryResult:
        """Wait until that node's index is not stale; what it says then."""
        await self.world.until(
            lambda: self.client.is_fresh(on, self.name, index), within, f"an index {index} on {on} that is not stale"
        )
        return await self.query(index, on)

    async def _exchanged(self, command: PutCompareExchange | DeleteCompareExchange) -> CompareExchangeResult:
        result: CompareExchangeResult = await self._ask(ChangeValues(command))
        return result

    async def _ask(self, request: Any, on: str = "") -> Any:
        return await self.world.ask(on or self.client.somebody(self.name), request)

    async def delete(self, *ids: str, on: str = "") -> None:
        """Delete documents."""
        await self.world.ask(on or self.client.somebody(self.name), DeleteDocuments(self.name, ids))

    async def replicate_to(
        self,
        destination: "Database",
        delay: float = 0,
        mentor: str | None = None,
        pinned: bool = False,
        name: str = "",
    ) -> "Replica":
        """Send every change to another database, that many seconds after it is made (19.4)."""
        task = Replication(destination.name, name, int(delay * 1_000_000), mentor, pinned)
        number = await self.world.ask(self.client.somebody(self.name), DefineReplication(self.name, task))
        return Replica(self, destination, number)

    @property
    def decisions(self) -> list[Decision]:
        """What observers have decided about it, and why (5.12)."""
        return decisions(self.world.history.events, self.name)

    async def add(self, node: str = "") -> str:
        """Have it on one node more; return which."""
        added: str = await self.world.ask(self.client.somebody(self.name), AddNodeToDatabase(self.name, node))
        return added

    async def drop(self, node: str) -> None:
        """Have it no longer on that node."""
        await self.world.ask(self.client.somebody(self.name), RemoveNodeFromDatabase(self.name, node))

    async def reorder(self, *order: str, fixed: bool = False) -> None:
        """Put the members in that order; `fixed`: to stay so."""
        await self.world.ask(self.client.somebody(self.name), ReorderGroup(self.name, order, fixed))

    async def distribute(self, dynamic: bool = True) -> None:
        """Let the observer replace nodes that are gone for long, or not."""
        await self.world.ask(self.client.somebody(self.name), DistributeDynamically(self.name, dynamic))

    async def remove(self, hard: bool = True) -> None:
        """Delete the database, and its files if `hard`."""
        await self.world.ask(self.client.somebody(self.name), RemoveDatabase(self.name, hard))

    @property
    def group(self) -> Topology | None:
        """Its group, as the node that has applied most knows it; None if all are down or it is gone."""
        views = [self.world[name] for name in self.world.names if self.world[name].up]
        record = max(views, key=lambda view: view.applied).state.database(self.name) if views else None
        return record.topology if record is not None else None

    async def grouped(self, members: str = "", rehabs: str = "", within: float = 1_200) -> None:
        """Wait until these are its members, in any order, and (if given) these are in rehab."""

        def is_so() -> bool:
            group = self.group
            return (
                group is not None
                and (not members or sorted(group.members) == sorted(members))
                and (not rehabs or sorted(group.rehabs) == sorted(rehabs))
            )

        await self.world.until(is_so, within, f"{self.name} on {members or 'its nodes'}, in rehab {rehabs or 'anyone'}")

    def documents(self, on: str = "") -> list[str]:
        """The ids of the documents that a node's copy holds, sorted; of whoever is up, if the story does not say."""
        store = self.client.store(on or self.client.somebody(self.name), self.name)
        return sorted(each.id for each in store.frozen_at().documents()) if store is not None else []

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
        keep: int | None = None,
        kind: Kind = Kind.BACKUP,
    ) -> "Task":
        """Define a backup task: cron texts, preferred node, local folder, key, how long (µs) backups are kept, kind."""
        definition = Definition(
            full=full,
            incremental=incremental,
            destinations=(LocalFolder(path),),
            name=name,
            mentor=mentor,
            pinned=pinned,
            encryption=encryption,
            retention=Retention(keep) if keep is not None else None,
            kind=kind,
        )
        number = await self.world.ask(on or self.client.somebody(self.name), Define(self.name, definition))
        return Task(self, number, path, encryption)

    async def back_up_once(
        self,
        path: str = FOLDER,
        kind: Kind = Kind.BACKUP,
        encryption: Encryption | None = None,
        on: str = "",
        within: float = 600,
    ) -> Ran:
        """A one-time backup, at that node or at whoever is up; wait until it is done."""
        node = on or self.client.somebody(self.name)
        request = BackupOnce(self.name, (LocalFolder(path),), kind, encryption)
        once = Task(self, ONE_TIME, path)
        before = len(once.runs)
        await self.world.ask(node, request)
        await self.world.until(lambda: len(once.runs) > before, within, f"a one-time backup of {self.name}")
        return once.runs[-1]

    async def show(self, on: str = "") -> BackupsView:
        """How its backups stand, as that node knows it."""
        view: BackupsView = await self.world.ask(on or self.client.somebody(self.name), ShowBackups(self.name))
        return view

    async def tasks(self, on: str = "") -> BackupsView:
        """The same, told in the timeline as well: the panel of each task, in the time and zone of that node."""
        from scenarios.tasks import task_lines

        node = on or self.client.somebody(self.name)
        view = await self.show(node)
        for task in view.tasks:
            for line in task_lines(task, self.world[node].wall, self.world[node].application.zone, 80):
                self.world.say(line)
        return view


class Replica:
    """One external replication, as a client sees it."""

    def __init__(self, database: Database, destination: Database, number: int) -> None:
        self.database, self.destination, self.id = database, destination, number
        self.world, self.client = database.world, database.client

    @property
    def owner(self) -> str | None:
        """Who sends now: who last began and did not stop; None if nobody does."""
        sending: dict[str, None] = {}
        for event in self.world.history.events:
            match event.note:
                case ReplicationStarted(task=self.id):
                    sending[event.node] = None
                case ReplicationStopped(task=self.id) | Crashed():
                    sending.pop(event.node, None)
        return next(reversed(sending), None)

    async def disable(self) -> None:
        """Nothing is sent any more."""
        await self._toggle(True)

    async def enable(self) -> None:
        """It goes on from where it was."""
        await self._toggle(False)

    async def _toggle(self, disabled: bool) -> None:
        name = self.database.name
        await self.world.ask(self.client.somebody(name), ToggleReplication(name, self.id, disabled))

    async def remove(self) -> None:
        """The task goes; what it sent stays."""
        name = self.database.name
        await self.world.ask(self.client.somebody(name), RemoveReplication(name, self.id))

    async def sent_by(self, other_than: str | None = None, within: float = 120) -> str:
        """Wait until somebody (else) sends; return who."""
        found = await self.world.until(
            lambda: self.owner if self.owner != other_than else None, within, f"an owner of task {self.id}"
        )
        assert found is not None
        return found

    async def followed(self, within: float = 300) -> None:
        """Wait until every copy of the destination that is up holds what the source's copies hold."""

        def prints(name: str) -> list[str]:
            stores = [self.client.store(node, name) for node in self.world.names if self.world[node].up]
            return [store.fingerprint for store in stores if store is not None]

        def same() -> bool:
            far, here = prints(self.destination.name), prints(self.database.name)
            return bool(far) and len({*far, *here}) == 1

        await self.world.until(same, within, f"{self.destination.name} to hold what {self.database.name} holds")


class Task:
    """One backup task, as a client sees it."""

    def __init__(self, database: Database, number: int, path: str, encryption: Encryption | None = None) -> None:
        self.database = database
        self.world = database.world
        self.client = database.client
        self.id = number
        self.path = path
        self.encryption = encryption
        self._read = 0
        """Events of the history that `runs` has looked at."""
        self._starts: dict[tuple[str, int], Happened] = {}
        self._runs: list[Ran] = []

    @property
    def runs(self) -> list[Ran]:
        """Every finished run, in the order of their ends. Costs what has happened since it was asked last."""
        events = self.world.history.events
        for event in events[self._read :]:
            self._learn(event)
        self._read = len(events)
        return list(self._runs)

    def _learn(self, event: Happened) -> None:
        note = event.note
        match note:
            case BackupStarted(task=self.id):
                self._starts[event.node, note.started_at] = event
            case BackupSkipped(task=self.id):
                self._runs.append(Ran(event.node, note.started_at, event.t, note.occurrence, False, "skipped", "", ""))
            case BackupFinished(task=self.id) | BackupFailed(task=self.id):
                started = self._starts.get((event.node, note.started_at))
                t = started.t if started else event.t
                begun = started.note if started else None
                occurrence = begun.occurrence if isinstance(begun, BackupStarted) else note.started_at
                written = isinstance(note, BackupFinished)
                folder, file = (note.folder, note.file) if isinstance(note, BackupFinished) else ("", "")
                outcome = "written" if written else "failed"
                self._runs.append(Ran(event.node, note.started_at, t, occurrence, note.full, outcome, folder, file))

    @property
    def owner(self) -> str | None:
        """The responsible node, as the node that has applied most stores or computes it; None while nobody is."""
        record = self._record()
        if record is None or self.id not in record.tasks:
            return None
        rules = rules_named(self.world.options.get("rules") or "unkindness")
        if rules.assigned:
            stored = record.assignments.get(self.id)
            return stored.node if stored is not None else None
        task, status = record.tasks[self.id], record.statuses.get(self.id)
        return computed_owner(task, record.topology, status, rules, leaderless=False).node

    def _record(self) -> "Recorded | None":
        """The database as the node that has applied most knows it; None if all are down or it is gone."""
        views = [self.world[name] for name in self.world.names if self.world[name].up]
        found: Recorded | None = (
            max(views, key=lambda view: view.applied).state.database(self.database.name) if views else None
        )
        return found

    def reports(self) -> int:
        """How many runs the cluster knows of, as the node that has applied most has it."""
        record = self._record()
        return sum(1 for run in record.history if run.task_id == self.id) if record is not None else 0

    async def ran(self, times: int = 1, within: float = 7_200) -> Ran:
        """Wait until it has that many more finished runs; return the last of them."""
        before = len(self.runs)
        await self.world.until(lambda: len(self.runs) >= before + times, within, f"{times} more runs of task {self.id}")
        return self.runs[-1]

    async def assigned(self, within: float = 120, other_than: str | None = None) -> str:
        """Wait until somebody (else) is responsible for it; return who."""
        found = await self.world.until(
            lambda: self.owner if self.owner != other_than else None, within, f"an owner of task {self.id}"
        )
        assert found is not None
        return found

    async def reported(self, within: float = 600) -> None:
        """Wait until the cluster has answered that it knows of every finished run."""

        def answered() -> bool:
            told = {
                (event.node, event.note.started_at)
                for event in self.world.history.events
                if isinstance(event.note, Reported) and event.note.task == self.id
            }
            return all((run.node, run.started_at) in told for run in self.runs)

        await self.world.until(answered, within, f"every report on task {self.id}")

    async def _at_owner(self, request: Any, on: str) -> Any:
        """Ask that node, or whoever is up, and then the one it sends us to (15.1)."""
        try:
            return await self.world.ask(on or self.client.somebody(self.database.name), request)
        except AskAnother as another:
            return await self.world.ask(another.node, request)

    async def backup_now(self, full: bool = True, on: str = "") -> Operation:
        """Run it now, wherever it belongs; returns when it has begun."""
        operation: Operation = await self._at_owner(BackupNow(self.database.name, self.id, full), on)
        return operation

    async def put_off(self, seconds: float, on: str = "") -> Postponed:
        """Let it not run for so long; what runs is cancelled."""
        request = PutOff(self.database.name, self.id, round(seconds * SECOND))
        postponed: Postponed = await self._at_owner(request, on)
        return postponed

    async def cancel(self, on: str = "") -> Operation:
        """End the run that is under way, at that node or at the owner."""
        node = on or self.owner or self.client.somebody(self.database.name)
        operation: Operation = await self.world.ask(node, CancelBackup(self.database.name, self.id))
        return operation

    async def show(self, on: str = "") -> TaskView:
        """How it stands, as that node knows it."""
        node = on or self.client.somebody(self.database.name)
        view: TaskView = await self.world.ask(node, ShowTask(self.database.name, self.id))
        return view

    async def edit(self, on: str = "", **changes: Any) -> None:
        """Change fields of its definition; it keeps its id."""
        record = self._record()
        if record is None or self.id not in record.tasks:
            raise Misuse(f"task {self.id} of {self.database.name} is gone, or everybody is down: it cannot be edited")
        changed = attrs.evolve(record.tasks[self.id], **changes)
        await self.world.ask(on or self.client.somebody(), Define(self.database.name, changed))
        for block in changed.usable:
            if isinstance(block, LocalFolder):
                self.path = block.path

    async def disable(self) -> None:
        """Nothing runs any more."""
        await self.world.ask(self.client.somebody(), DisableTask(self.database.name, self.id))

    async def enable(self) -> None:
        """It runs again."""
        await self.world.ask(self.client.somebody(), EnableTask(self.database.name, self.id))

    async def remove(self) -> None:
        """The task goes; its files stay."""
        await self.world.ask(self.client.somebody(), RemoveTask(self.database.name, self.id))

    def late_reports(self) -> int:
        """How many runs were reported after the operation timeout."""
        return sum(1 for event in self.world.history.events if isinstance(event.note, Reported) and event.note.late)

    def files(self, node: str) -> list[str]:
        """What lies in the task's local folder on that node, up or down, as `folder/file`; sorted."""
        place = self.client.shelves.place(node, self.path)
        return [f"{folder}/{file}" for folder in place.folders() for file in place.files(folder)]

    async def restore_newest(self, name: str) -> "RestoredDatabase":
        """Restore the newest chain into a new database, on the node that has the files."""
        written = [run for run in self.runs if run.outcome == "written"]
        if not written:
            raise Misuse(f"task {self.id} has written no backup yet: wait for one with `await task.ran()`")
        last = written[-1]
        provided = self.encryption is not None and self.encryption.mode is EncryptionMode.USE_PROVIDED_KEY
        key = None if provided else self.database.key
        result = await self.client.restore(
            name, last.node, self.path, folder=last.folder, encryption=self.encryption, key=key
        )
        return RestoredDatabase(self, name, last, result)


class ServerWide:
    """One server-wide task, as a client sees it."""

    def __init__(self, client: Client, number: int, path: str) -> None:
        self.client = client
        self.id = number
        self.path = path

    def copies(self) -> list[Task]:
        """Its copies, as the node that has applied most has them, in the order of their databases."""
        views = [self.client.world[name] for name in self.client.world.names if self.client.world[name].up]
        record = max(views, key=lambda view: view.applied).state
        return [
            Task(Database(self.client, database.name), task.id, f"{self.path}/{database.name}")
            for database in record.databases.values()
            for task in database.tasks.values()
            if task.server_wide == self.id
        ]

    async def leave_out(self, *databases: str) -> None:
        """These, and no others, have no copy from now on."""
        node = self.client.somebody()
        template = self.client.world[node].state.templates[self.id]
        await self.client.world.ask(node, DefineServerWide(template.task, databases, self.id))

    async def disable(self) -> None:
        """No copy runs any more."""
        await self.client.world.ask(self.client.somebody(), SwitchServerWide(self.id, on=False))

    async def enable(self) -> None:
        """They run again."""
        await self.client.world.ask(self.client.somebody(), SwitchServerWide(self.id, on=True))

    async def remove(self) -> None:
        """It goes, with its copies; their files stay."""
        await self.client.world.ask(self.client.somebody(), RemoveServerWide(self.id))


class RestoredDatabase:
    """A database made from a backup, and what it should hold."""

    def __init__(self, task: Task, name: str, run: Ran, result: RestoreResult) -> None:
        self.task, self.name, self.run, self.result = task, name, run, result

    def compared(self) -> Comparison:
        """Document for document, against what the source held when that backup started."""
        client = self.task.client
        restored = client.store(self.run.node, self.name)
        held = client.held[self.task.id, self.run.node, self.run.started_at]
        assert restored is not None, "the node that was asked to restore has the database"
        return equal_contents(restored, held)


def order(seed: int, number: int) -> dict[str, Any]:
    """A made-up order: the same for the same seed and number."""
    return {
        "company": f"companies/{(number * 7 + seed) % 91}",
        "lines": [
            {"product": f"products/{(number * 13 + line) % 77}", "quantity": 1 + (number + line) % 9}
            for line in range(3)
        ],
        "freight": (number * 37 % 1000) / 100,
    }
