"""Backups as an application of a cluster: one instance an incarnation of a node. It ties the parts together.

The loop of a node is `_live`: it hands what changed in the record to each part, and lets the scheduler do what is due.
Never here: what any part decides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from backup.checks import backup_watchers
from backup.database import replication
from backup.database.documents import Store
from backup.database.indexes import IndexData
from backup.destinations import registry
from backup.destinations.faults import Trouble, Well
from backup.destinations.world_destinations import WorldDestinations
from backup.node.admin_handler import operate
from backup.node.backup_handler import BackupHandler, serve_server_wide
from backup.node.document_handler import DocumentHandler
from backup.node.task_admission import Allowed, admit
from backup.node.tombstone_cleaner import TombstoneCleaner
from backup.observer.observer_loop import ObserverLoop
from backup.record import commands
from backup.record.commands import Command
from backup.record.key_ring import KeyRing
from backup.record.record import WORDS as RECORD_WORDS
from backup.record.record import Record, Task
from backup.record.record_changes import tell
from backup.record.rules import Rules, rules_named
from backup.replicas import external_replicator, node_reports
from backup.replicas.external_replicator import ExternalReplicator
from backup.replicas.indexer import Indexer
from backup.replicas.local_copies import LocalCopies, LocalCopy
from backup.replicas.replicator import Replicator
from backup.requests import admin_requests, backup_requests, database_requests
from backup.requests.answers import BackupsView
from backup.restore.restore_operation import RestoreOperations
from backup.runs.local_status import LocalStatuses
from backup.runs.runner import Runner
from backup.runs.scheduler import Scheduler
from backup.runs.status_reporter import StatusReporter
from cluster.checks import Watcher
from cluster.member import Application, Member, Refused
from cluster.trace import Note

WORDS: tuple[type, ...] = (
    *commands.WORDS,
    *replication.WORDS,
    *node_reports.WORDS,
    *external_replicator.WORDS,
    *RECORD_WORDS,
    *registry.LATER_WORDS,
)
"""Every class that travels, in a fixed order: new ones go to the end."""


def backups(
    rules: Rules | str = "unkindness", places: Mapping[str, str] | None = None, allowed: Allowed | None = None
) -> Callable[[], "Backups"]:
    """A factory for the nodes of one world, for `world.start("ABC", backups(places=world.places))`.

    Files go to `places["backups"]`, a real folder; without it to memory that outlives the nodes.
    """
    destinations, keys = WorldDestinations(places), KeyRing()
    return lambda: Backups(rules, destinations, keys, allowed)


class Backups(Application[Record]):
    """One node's backups: an `Application`."""

    def __init__(
        self,
        rules: Rules | str = "unkindness",
        destinations: WorldDestinations | None = None,
        keys: KeyRing | None = None,
        allowed: Allowed | None = None,
    ) -> None:
        """All instances of a world must share its `destinations`, where files are kept, and the ring of its `keys`.

        ValueError for rules of an unknown name.
        """
        self.rules = rules_named(rules) if isinstance(rules, str) else rules
        self._destinations = WorldDestinations() if destinations is None else destinations
        self._keys = KeyRing() if keys is None else keys
        self._allowed = allowed or Allowed()
        self._member: Member | None = None
        self._node: NodeParts | None = None

    # ---- the state all agree on

    @property
    def words(self) -> Sequence[type]:
        return WORDS

    def empty(self) -> Record:
        return Record()

    def apply(self, state: Record, command: Command, index: int) -> tuple[Record, object]:
        return commands.apply(state, command, index)

    def tell(self, before: Record, after: Record, command: Command, answer: object, index: int) -> Iterable[Note]:
        return tell(before, after, command, answer, index, self.rules)

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        return backup_watchers(self.rules, self._destinations, self._keys)

    def disturb(self, node: str, trouble: Any) -> None:
        """Let a place of a node suffer (backup/destinations/faults.py). ValueError for what is no trouble of ours."""
        if not isinstance(trouble, Trouble | Well):
            raise ValueError(f"{trouble!r} is no trouble: use the classes of backup.destinations.faults")
        self._destinations.disturb(node, trouble)

    def mend(self) -> None:
        """Every place is well."""
        self._destinations.mend()

    # ---- the program

    async def run(self, member: Member) -> None:
        """Read what the disk holds, before anything else; then listen, talk, and turn the loop."""
        self._member = member
        parts = NodeParts(member, self.rules, self._destinations, self._keys)
        await parts.indexer.recover()
        await parts.copies.recover()
        await parts.ledger.recover()
        parts.replicator.start()
        parts.exporter.start()
        parts.watch.start()
        self._node = parts
        member.stir()  # for requests that came too early
        await parts.live()

    # ---- for whoever looks

    def store(self, database_id: int) -> Store | None:
        """This node's copy of a database, to look at; None while it has none."""
        copy = self._node.copies.get(database_id) if self._node is not None else None
        return copy.store if copy is not None else None

    def index(self, database_id: int, name: str) -> IndexData | None:
        """This node's data of an index, to look at; None while it has none."""
        return self._node.indexer.get(database_id, name) if self._node is not None else None

    def look(self, database: str) -> BackupsView | None:
        """How the backups of a database stand, as this node knows it; None before its program has begun. Refused if the
        database is not here."""
        return self._node.by_hand.backups(database) if self._node is not None else None

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone that its schedules and names are in; None before its program has begun."""
        return self._member.zone if self._member is not None else None

    async def _admit(self, task: Task) -> None:
        """Refused for a definition that this node does not let in."""
        assert self._member is not None, "a node judges when its program has begun"
        await admit(task, self._member, self._destinations, self._allowed)

    # ---- clients

    async def serve(self, request: Any) -> Any:
        """Answer a client (backup/requests/database_requests.py). TypeError for what is no request."""
        while self._member is None or self._node is None:
            assert self._member is not None, "a node serves when its program has begun"
            await self._member.changed(self._member.version)
        member, parts = self._member, self._node
        self._keys.add(database_requests.keys_of(request), database_requests.secrets_of(request))
        if isinstance(request, database_requests.DocumentRequest):
            return await parts.desk.answer(request)
        if isinstance(request, backup_requests.Action):
            return await parts.by_hand.serve(request, self._admit)
        if isinstance(request, backup_requests.ServerWideAction):
            return await serve_server_wide(member, request, self._admit)
        match request:
            case database_requests.NewDatabase(name, replication_factor, members, key, dynamic, order):
                group = members or member.members[:replication_factor]
                if any(node not in member.members for node in group) or len(group) < replication_factor:
                    raise Refused(
                        f"database {name!r} cannot be on {replication_factor} nodes, {' '.join(group)}: "
                        f"the cluster has {' '.join(member.members)}"
                    )
                return await member.propose(
                    commands.CreateDatabase(name, group, member.wall(), member.term, 0, dynamic, order, key)
                )
            case database_requests.RemoveDatabase(name, hard):
                return await member.propose(commands.DeleteDatabase(name, hard))
            case database_requests.Define(database, task):
                await self._admit(task)
                return await member.propose(commands.DefineTask(database, task, member.wall()))
            case database_requests.RemoveTask(database, task_id):
                return await member.propose(commands.DeleteTask(database, task_id))
            case database_requests.EnableTask(database, task_id):
                return await member.propose(commands.ToggleTask(database, task_id, disabled=False))
            case database_requests.DisableTask(database, task_id):
                return await member.propose(commands.ToggleTask(database, task_id, disabled=True))
            case database_requests.RestoreDatabase():
                return await parts.restores.restore(request)
            case _ if isinstance(request, admin_requests.Operation):
                return await operate(member, parts.watch, request)
            case _:
                raise TypeError(f"{request!r} is no request: use the classes of backup.requests or backup.operations")


class NodeParts:
    """What one incarnation is made of."""

    def __init__(self, member: Member, rules: Rules, destinations: WorldDestinations, keys: KeyRing) -> None:
        self._member = member
        self._unsure = True
        """The disk may hold what is of a database that is gone, or that this node has not heard of yet."""
        self.copies = LocalCopies(member, hard_on_leaving=rules.hard_delete_on_leaving)
        self.indexer = Indexer(member, self.copies)
        self.desk = DocumentHandler(member, self.copies, self.indexer)
        self.replicator = Replicator(member, self.copies)
        self.exporter = ExternalReplicator(member, rules, self.copies)
        self.copies.changed = self._copy_changed
        self.ledger = LocalStatuses(member, rules)
        self.reporter = StatusReporter(member, rules, self.ledger)
        self.runner = Runner(member, rules, self.copies, self.ledger, self.reporter, destinations, keys)
        self.runner.indexes = self.indexer.all_of
        self.scheduler = Scheduler(member, rules, self.ledger, self.runner)
        self.forgetting = TombstoneCleaner(
            member, rules, self.copies, self.replicator, self.exporter, self.ledger, self.scheduler
        )
        self.replicator.moved = self.exporter.moved = self.forgetting.changed
        self.runner.kept = self.forgetting.ended
        self.copies.closed = self._copy_closed
        self.by_hand = BackupHandler(member, rules, self.ledger, self.scheduler, self.runner, self.forgetting)
        self.watch = ObserverLoop(member, rules, self.copies)
        self.restores = RestoreOperations(member, rules, self.copies, destinations)
        self.restores.plant = self.indexer.plant
        self._followers: tuple[
            LocalCopies
            | Indexer
            | Replicator
            | ExternalReplicator
            | LocalStatuses
            | Scheduler
            | RestoreOperations
            | TombstoneCleaner,
            ...,
        ] = (
            self.copies,
            self.indexer,
            self.replicator,
            self.exporter,
            self.ledger,
            self.scheduler,
            self.restores,
            self.forgetting,
        )

    def _copy_changed(self, copy: LocalCopy) -> None:
        self.replicator.changed(copy)
        self.exporter.changed(copy)
        self.indexer.changed(copy)
        self.forgetting.changed(copy)

    def _copy_closed(self, database_id: int) -> None:
        database = self.copies.database(database_id)
        if database is not None:
            self.forgetting.follow(database)

    async def live(self) -> None:
        """The loop: what changed, then what is due, then wait for either."""
        member = self._member
        seen, zone = Record(), member.zone
        self.reporter.owe()
        while True:
            version, record = member.version, member.state
            self.exporter.look()
            self.forgetting.look()
            if member.zone is not zone:  # every schedule means other instants now
                seen, zone = Record(), member.zone
            if record is not seen:
                self._follow(seen, record)
                seen = record
            await member.changed(version, self.scheduler.turn())

    def _follow(self, before: Record, record: Record) -> None:
        """Tell each part of the databases that are new, changed, or gone; it costs what changed."""
        known, gone = before.databases, self._unsure
        changed = []
        for name, database in record.databases.items():
            earlier = known.get(name)
            if earlier is not database:
                changed.append(database)
                gone = gone or (earlier is not None and earlier.id != database.id)
        if gone or len(record.databases) - sum(each.name.lower() not in known for each in changed) < len(known):
            for follower in self._followers:
                follower.forget(record)
            ids = {database.id for database in record.databases.values()}
            self._unsure = not (self.copies.databases | self.ledger.databases) <= ids
        for database in changed:
            for follower in self._followers:
                follower.follow(database)
