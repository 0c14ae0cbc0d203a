"""Backups as an application of a cluster: one instance per incarnation of a node. It dispatches clients' requests.

The parts of an incarnation are in node_parts.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from backup.checks import backup_watchers
from backup.database import replication
from backup.database.agreed_values import CompareExchangeResult
from backup.database.documents import Store
from backup.database.indexes import IndexData
from backup.destinations import registry
from backup.destinations.faults import Loss, Trouble, Well
from backup.destinations.world_destinations import WorldDestinations
from backup.node.admin_handler import administer, observe
from backup.node.node_parts import NodeParts
from backup.node.task_admission import Allowed, admit
from backup.notes import FileLost
from backup.record import cluster_nodes, commands
from backup.record.commands import Command
from backup.record.key_ring import KeyRing
from backup.record.record import WORDS as RECORD_WORDS
from backup.record.record import Record, RunElsewhere, Task
from backup.record.record_changes import tell
from backup.record.rules import Rules, rules_named
from backup.replicas import external_replicator, node_reports
from backup.requests import restore_requests
from backup.requests.admin_requests import Act, ObserverRequest
from backup.requests.answers import BackupsView
from backup.requests.backup_requests import Action
from backup.requests.document_requests import DocumentRequest
from cluster.argument_kinds import misfit
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
    *(RunElsewhere, node_reports.RunReport),
    CompareExchangeResult,
)
"""Every class that is sent or stored, in a fixed order: new ones go to the end."""


def backups(
    rules: Rules | str = "unkindness", places: Mapping[str, str] | None = None, allowed: Allowed | None = None
) -> Callable[[], "Backups"]:
    """A factory for the nodes of one world, for `world.start("ABC", backups(places=world.places))`.

    Files go to `places["backups"]`, a real folder; without that entry, to memory that outlives the nodes.
    """
    destinations, keys = WorldDestinations(places), KeyRing()
    return lambda: Backups(rules, destinations, keys, allowed)


class Backups(Application[Record]):
    """The backup application of one node."""

    def __init__(
        self,
        rules: Rules | str = "unkindness",
        destinations: WorldDestinations | None = None,
        keys: KeyRing | None = None,
        allowed: Allowed | None = None,
    ) -> None:
        """All instances of a world must share its `destinations`, where files are kept, and its key ring `keys`.

        ValueError for rules of an unknown name.
        """
        self.rules = rules_named(rules) if isinstance(rules, str) else rules
        self._destinations = WorldDestinations() if destinations is None else destinations
        self._keys = KeyRing() if keys is None else keys
        self._allowed = allowed or Allowed()
        self._member: Member | None = None
        self._node: NodeParts | None = None

    # ---- the replicated state

    @property
    def words(self) -> Sequence[type]:
        return WORDS

    def empty(self) -> Record:
        return Record()

    def apply(self, state: Record, command: Command, index: int) -> tuple[Record, object]:
        return commands.apply(state, command, index)

    def reconfigured(self, state: Record, members: Sequence[str], index: int) -> Record:
        return cluster_nodes.reconfigured(state, tuple(members), index)

    def tell(
        self, before: Record, after: Record, command: Command | tuple[str, ...], answer: object, index: int
    ) -> Iterable[Note]:
        return tell(before, after, command, answer, index, self.rules)

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        return backup_watchers(self.rules, self._destinations, self._keys)

    def disturb(self, node: str, trouble: Any) -> Iterable[Note]:
        """Apply a fault to a destination of a node (backup/destinations/faults.py). ValueError if `trouble` is not such a fault."""
        if isinstance(trouble, Loss):
            folder, file = self._destinations.lose(node, trouble)
            return (FileLost(trouble.path, folder, file, type(trouble).__name__.lower()),)
        if not isinstance(trouble, Trouble | Well):
            raise ValueError(f"{trouble!r} is no trouble: use the classes of backup.destinations.faults")
        self._destinations.disturb(node, trouble)
        return ()

    def mend(self) -> None:
        """End the faults of every destination."""
        self._destinations.mend()

    def never_struck(self) -> Iterable[str]:
        """The faults of destinations that never met anything."""
        return self._destinations.never_struck()

    def warnings(self) -> Iterable[str]:
        """What is unsafe about the destinations that were named."""
        return self._destinations.warnings

    # ---- the program

    async def run(self, member: Member) -> None:
        """Read what the disk holds, before anything else; then receive and send messages, and run the loop."""
        self._member = member
        parts = NodeParts(member, self.rules, self._destinations, self._keys)
        await parts.begin()
        self._node = parts
        member.stir()  # for requests that came too early
        await parts.live()

    # ---- for inspection

    def store(self, database_id: int) -> Store | None:
        """This node's copy of a database, for inspection; None while it has none."""
        copy = self._node.copies.get(database_id) if self._node is not None else None
        return copy.store if copy is not None else None

    def index(self, database_id: int, name: str) -> IndexData | None:
        """This node's data of an index, for inspection; None while it has none."""
        return self._node.indexer.get(database_id, name) if self._node is not None else None

    def look(self, database: str) -> BackupsView | None:
        """The state of a database's backups, as this node knows it; None before its program has begun.

        `Refused` if the database is not here.
        """
        return self._node.backup_handler.backups(database) if self._node is not None else None

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of this node's schedules and file names; None before its program has begun."""
        return self._member.zone if self._member is not None else None

    async def _admit(self, task: Task) -> None:
        """Raise `Refused` for a definition that this node does not allow."""
        assert self._member is not None, "a node judges when its program has begun"
        await admit(task, self._member, self._destinations, self._allowed)

    # ---- clients

    async def serve(self, request: Any) -> Any:
        """Answer a client (backup/requests). Refused if a field is of a wrong kind, TypeError if `request` is no request."""
        while self._member is None or self._node is None:
            assert self._member is not None, "a node serves when its program has begun"
            await self._member.changed(self._member.version)
        member, parts = self._member, self._node
        self._keys.add(restore_requests.keys_of(request), restore_requests.secrets_of(request))
        said = misfit(request) if attrs.has(type(request)) else ""
        if said:
            raise Refused(f"{type(request).__name__} is refused: {said}")
        if isinstance(request, DocumentRequest):
            return await parts.document_handler.answer(request)
        if isinstance(request, Action):
            return await parts.backup_handler.serve(request, self._admit)
        if isinstance(request, Act):
            return await administer(member, request, self._admit)
        if isinstance(request, ObserverRequest):
            return observe(parts.observer_loop, request)
        if isinstance(request, restore_requests.RestoreDatabase):
            return await parts.restores.restore(request)
        raise TypeError(f"{request!r} is no request: use the classes of backup.requests")
