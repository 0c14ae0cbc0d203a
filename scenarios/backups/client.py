"""A client of the cluster: the requests that concern no existing database, such as new nodes, a new database, a restore.

It also remembers what each copy held when a backup of it began, so that a story can compare what comes back.
"""

from collections.abc import Iterable
from typing import Any

from backup.database.documents import Contents, Store
from backup.destinations.local import LocalFolder
from backup.destinations.registry import AnySettings, is_remote
from backup.destinations.world_destinations import WorldDestinations
from backup.node.service import Backups
from backup.node.task_admission import Allowed
from backup.notes import BackupStarted
from backup.record.database_commands import CreateDatabase
from backup.record.encryption_keys import SIZE, Encryption, Key
from backup.record.key_ring import KeyRing
from backup.record.record import Database as Recorded
from backup.record.record import Record, Template
from backup.record.record import Task as Definition
from backup.record.rules import Rules
from backup.record.server_wide import DefineServerWide
from backup.record.task import Kind, SnapshotSettings
from backup.requests.restore_requests import RestoreDatabase
from backup.restore.chain_reader import NothingToRestore
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.dice import Dice
from cluster.sim.world import Cluster, Misuse, World
from cluster.trace import Happened
from cluster.written_times import Instant, Span, instant
from scenarios.backups.database import Database
from scenarios.backups.restored import RestoredDatabase
from scenarios.backups.server_wide import ServerWide
from scenarios.backups.task import FOLDER, Task, retained


@checked_verbs
class Client:
    """A client that sends its requests to any node that is up; made by `backups(world)`."""

    def __init__(self, world: World, first: "Client | None" = None, nodes: tuple[str, ...] = ()) -> None:
        """`first`: the client of the first cluster of the world, if this one is of another, which these `nodes` founded."""
        self.world = world
        self._founders = nodes
        self.cluster: Cluster[Backups] = Cluster(world)
        """The cluster's nodes, to look at."""
        self.held: dict[tuple[str, str], Contents] = {} if first is None else first.held
        """The contents of a copy at the moment when a backup of it started: by the folder and the name of its file."""
        self.destinations: WorldDestinations = WorldDestinations(world.places) if first is None else first.destinations
        """The folders and clouds to which the nodes write."""
        self.keys: KeyRing = KeyRing() if first is None else first.keys
        """Every key and secret that the story has named."""
        world.history.followers.append(self._remember)
        if first is None:
            world.roles.add("owner", self._owner_of, "await task.assigned()")

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes of this client's cluster, in the order of their start."""
        return self.world.nodes_beside((self._founders or self.world.names)[0]) if self.world.names else ()

    async def found(self, names: str) -> "Client":
        """Found another cluster of these nodes, wait for its leader, and return a client of it.

        What it stores is its own; the folders and clouds are those of the world. `define_replication` to a database of it
        is off-site.
        """
        nodes = self.world.found(names)
        await self.world.elected(beside=nodes[0])
        return Client(self.world, self, nodes)

    def start(
        self, names: Iterable[str], rules: Rules | str | None = None, allowed: Allowed | None = None, clouds: str = ""
    ) -> Cluster[Backups]:
        """Bring the nodes up with the backup service, under these rules or those the run was given.

        `clouds="real"`: what tasks send to clouds goes to the real ones that their blocks name; else they are simulated.
        """
        if clouds:
            self.destinations.choose_clouds(clouds)
        known = rules or self.world.options.get("rules") or "unkindness"
        return self.world.start(names, lambda: Backups(known, self.destinations, self.keys, allowed))

    async def shop(self, nodes: str = "ABC", documents: int = 40, **group: Any) -> "Database":
        """Begin as most stories do: start these nodes, wait for a leader, and fill a database *Shop* with that many documents.

        `group`: as for `create_database`; three nodes if nothing is said.
        """
        self.start(nodes)
        await self.world.elected()
        shop = await self.create_database("Shop", **(group or {"replication_factor": 3}))
        await shop.fill(documents)
        return shop

    def somebody(self, database: str = "") -> str:
        """The first node that is up (and has that database, if any node that is up knows of it); Misuse if there is none."""
        up = [self.world[name] for name in self.names if self.world[name].up]
        up.sort(key=lambda view: view.passive)  # a node that belongs to no cluster is asked last
        if not up:
            raise Misuse("no node is up, so nobody can be asked: wait with `await world.elected()`, or restart one")
        record = self.recorded(database) if database else None
        for view in up:
            if record is None or view.name in record.topology.nodes:
                return view.name
        group = " ".join(record.topology.nodes) if record is not None else ""
        raise Misuse(f"every node that has {database} is down, so nobody can be asked: restart one of {group}")

    @property
    def record(self) -> Record:
        """The database record as the node that has applied most entries has it; empty while all nodes are down."""
        up = [self.cluster[name] for name in self.names if self.world[name].up]
        return max(up, key=lambda view: view.applied).state if up else Record()

    def recorded(self, database: str) -> Recorded | None:
        """That database in the record; None if it is deleted, or if all nodes are down."""
        return self.record.database(database)

    def key(self, name: str) -> Key:
        """A key of the story's own: the same for the same seed and name."""
        dice = Dice(self.world.seed, ("key", name))
        key = Key(bytes(dice.below(256) for _ in range(SIZE)))
        self.keys.came_from_elsewhere(key)
        return key

    async def create_database(
        self,
        name: str,
        replication_factor: int = 1,
        members: Iterable[str] = (),
        key: Key | None = None,
        dynamic: bool = False,
        order: Iterable[str] = (),
    ) -> "Database":
        """Create a database in a group of that many nodes, or of the nodes named; `key` encrypts it.

        `dynamic`: the observer may replace nodes that are gone for long. `order`: members that are to stand first.
        """
        world = self.world
        await world.ask(
            self.somebody(), CreateDatabase(name, tuple(members), replication_factor, key, dynamic, tuple(order))
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
        at: Instant | None = None,
        database: str = "",
        encryption: Encryption | None = None,
        key: Key | None = None,
        tasks: bool = False,
        skip_indexes: bool = False,
        source: AnySettings | None = None,
    ) -> RestoredDatabase:
        """Restore into a new database at `node`, from its own local folder (`path`) or a cloud (`source`).

        `folder`: of the chain, as `run.folder` has it, and `last_file` in it (all of it without one); or `at`: an instant by the
        clocks of the nodes, such as "02:30" or "2024-01-05 09:03", or seconds (17.1), and `database` if several are there.
        `skip_indexes`: restore no index. `tasks`: restored tasks are enabled; without it they are disabled, which suits a copy
        that is only looked at (17.9). NothingToRestore if there is nothing of that kind, with what there is.
        """
        node = self.world.roles.node(node)
        upto = int(instant(at)) if at is not None else None
        request = RestoreDatabase(
            name, node, path, folder, last_file, upto, database, encryption, key, not tasks, skip_indexes, source
        )
        try:
            result = await self.world.ask(node, request)
        except NothingToRestore as error:
            raise NothingToRestore(f"{error}{self._elsewhere(folder, path, source)}") from None
        return RestoredDatabase(self, name, node, result)

    def _elsewhere(self, folder: str, path: str, source: AnySettings | None) -> str:
        """`; C has it: …` where a folder is that is not where it was looked for; empty if it is nowhere."""
        if not folder:
            return ""
        if source is None and not is_remote(path):
            nodes = [name for name in self.names if folder in self.destinations.place(name, path).folders()]
            return f"; {' and '.join(nodes)} {'has' if len(nodes) == 1 else 'have'} it: restore there" if nodes else ""
        tasks = (task for database in self.record.databases.values() for task in database.tasks.values())
        clouds = {each.address: None for task in tasks for each in task.usable if is_remote(each.address)}
        there = [each for each in clouds if folder in self.destinations.place("", each).folders()]
        return f"; {there[0]} has it: give that cloud as `source`" if there else ""

    def database(self, name: str) -> "Database":
        """A handle of a database that exists already."""
        return Database(self, name)

    async def define_server_wide(
        self,
        full: str = "",
        incremental: str = "",
        path: str = FOLDER,
        excluded: tuple[str, ...] = (),
        name: str = "",
        mentor: str | None = None,
        pinned: bool = False,
        encryption: Encryption | None = None,
        keep: Span | None = None,
        kind: Kind = Kind.BACKUP,
        to: Iterable[AnySettings] = (),
        snapshot: SnapshotSettings = SnapshotSettings(),  # a frozen value
    ) -> "ServerWide":
        """Define a backup task for every database except those named (section 16); the rest as for `Database.define`.

        Each database has its own folder below that of every destination.
        """
        definition = Definition(
            full=full,
            incremental=incremental,
            destinations=tuple(to) or (LocalFolder(path),),
            name=name,
            mentor=mentor,
            pinned=pinned,
            encryption=encryption,
            retention=retained(keep),
            kind=kind,
            snapshot=snapshot,
        )
        number = await self.world.ask(self.somebody(), DefineServerWide(Template(0, definition, excluded)))
        return ServerWide(self, number)

    def _owner_of(self, name: str) -> tuple[str, ...]:
        """The responsible node of the task of that name or id, or of the one task of a database of that name; () without one."""
        tasks = [(database, task) for database in self.record.databases.values() for task in database.tasks.values()]
        meant = [(database, task) for database, task in tasks if name in (task.name, str(task.id))]
        meant = meant or [(database, task) for database, task in tasks if database.name.lower() == name.lower()]
        if len(meant) != 1:
            known = ", ".join(task.name for _, task in tasks) or "none"
            raise Misuse(f"owner of {name}: {len(meant) or 'no'} tasks are called so: the tasks are {known}")
        (database, task), *_ = meant
        found = Task(Database(self, database.name), task.id, FOLDER).owner
        return (found,) if found is not None else ()

    def _remember(self, event: Happened) -> None:
        note = event.note
        if isinstance(note, BackupStarted) and event.node in self.names:
            contents = self.store(event.node, note.database)
            if contents is not None:
                self.held[note.folder, note.file] = contents.frozen_at()

    def is_fresh(self, node: str, database: str, index: str) -> bool:
        """Whether that node's index covers every change of its copy."""
        view, store = self.cluster[node], self.store(node, database)
        record = view.state.database(database) if view.up else None
        data = view.application.index(record.id, index) if record is not None else None
        return store is not None and data is not None and data.etag == store.etag

    def store(self, node: str, database: str) -> Store | None:
        """The copy of a database on a node; None if the node has none."""
        view = self.cluster[node]
        record = view.state.database(database) if view.up else None
        return view.application.store(record.id) if record is not None else None


def owner(task: str) -> str:
    """The responsible node of a task, wherever a node is named: `world.crash(owner("nightly"))`.

    It is looked up when the verb acts, or the fault strikes. `task`: its name or id, or the name of a database that has one task.
    """
    return f"owner of {task}"


def backups(world: World) -> Client:
    """Make the client of this world's backup service."""
    return Client(world)
