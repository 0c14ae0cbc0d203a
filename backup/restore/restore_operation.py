"""A database made from a backup (17.5 to 17.8): read first, then made through the log, filled, and only then opened.

Files that cannot be restored leave nothing behind, and nobody ever sees a database that is half full: a restore that
ends with its node's life is taken back when the node returns. Never here: what is in the files (chain_reader.py).
"""

from collections.abc import Set
from functools import partial

import attrs

from backup.content.manifest import FileKind
from backup.database.agreed_values import NOTHING
from backup.destinations import io_costs
from backup.destinations.faults import slowness
from backup.destinations.port import Destination
from backup.destinations.registry import is_remote
from backup.destinations.world_destinations import WorldDestinations
from backup.notes import DatabaseRestored, RestoreAbandoned, TaskNotRestored
from backup.record.database_commands import AbandonRestore, CreateDatabase, OpenDatabase, check_new_name
from backup.record.encryption_keys import Key, KeyRefused, key_to_read
from backup.record.record import Database, Restoring
from backup.record.rules import Rules
from backup.record.task_commands import DefineTask, ToggleTask
from backup.record.task_json import LeftOut, tasks_of
from backup.replicas.indexer import Indexer
from backup.replicas.local_copies import LocalCopies
from backup.requests.restore_requests import RestoreDatabase, RestoreResult
from backup.restore import chain_reader, restore_points
from backup.restore.assembly import DatabaseAssembly, restore_command
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused
from cluster.time_units import SECOND

AGAIN = 5 * SECOND
"""How long after a vain attempt to take a database back another is made."""


@attrs.define(eq=False)
class RestoreOperations:
    """The restores of one node."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _indexer: Indexer
    _destinations: WorldDestinations
    _under_way: set[str] = attrs.field(factory=set, init=False)
    """Names of databases, in lower case."""

    # ---- doing it

    async def restore(self, request: RestoreDatabase) -> RestoreResult:
        """Do it. Raises what `RestoreDatabase` says; then there is no new database (rule 17.8)."""
        name = request.name.lower()
        check_new_name(self._member.state, request.name)  # rule 17.6
        if name in self._under_way:
            raise Refused(f"database {request.name!r} is being restored already: wait, or choose another name")
        self._under_way.add(name)
        try:
            return await self._restore(request)
        finally:
            self._under_way.discard(name)

    async def _restore(self, request: RestoreDatabase) -> RestoreResult:
        member = self._member
        key = key_to_read(request.encryption, request.key)
        place = self._source(request)
        keys = tuple(each for each in (key, request.key) if each is not None)  # a snapshot has its database's (13.4)
        pace = slowness(place)
        find = partial(self._find, place, request, keys)
        folder, last_file, cost = await member.outside(find, io_costs.START * pace)
        unused = self._copies.unused_id(0)

        def read() -> DatabaseAssembly:
            return chain_reader.restore(
                place, folder, last_file, node=member.name, database_id=unused, keys=keys, rules=self._rules
            )

        restored = await member.outside(read, cost * pace)
        if request.skip_indexes:
            restored.drop_indexes()
        database_id = await self._fill(request, restored)
        documents, files, fingerprint = restored.store.size.documents, restored.files, restored.fingerprint
        member.note(DatabaseRestored(request.name, folder, len(files), documents, fingerprint))
        return RestoreResult(database_id, files, documents, fingerprint)

    def _source(self, request: RestoreDatabase) -> Destination:
        """Where the files are (rule 12.4)."""
        source = request.source
        if source is None and is_remote(request.path):
            raise Refused(
                f"{request.path} is no local folder of {request.node}: give the block of that cloud as source"
            )
        if source is None:
            return self._destinations.of_path(request.node, request.path)
        if not source.restores:
            raise Refused(
                f"nothing is restored from {source.word} directly: "
                f"copy the folder from {source.address} into a local folder of {request.node}, and restore from there"
            )
        return self._destinations.of_settings(self._member.name, source)

    def _find(self, place: Destination, request: RestoreDatabase, keys: tuple[Key, ...]) -> tuple[str, str | None, int]:
        """Folder, last file, and the µs that reading them takes. Refuses what rule 13.5 says of snapshots."""
        folder, last_file = request.folder, request.last_file
        if request.at is not None:
            point = restore_points.point_at(place, request.at, request.database, keys=keys)
            folder, last_file = point.folder, point.file
        known = chain_reader.restore_points(place, folder)
        if known and known[0].snapshot:
            _check_snapshot(known[0], request.key)
        needed = [each for each in known if last_file is None or each.file.lower() <= last_file.lower()] or known
        cost = 0
        for manifest in [restore_points.manifest_of(place, each, keys) for each in needed]:
            items = manifest.documents + manifest.tombstones + manifest.revisions
            is_raw = manifest.kind is FileKind.SNAPSHOT
            cost += io_costs.restore_snapshot(1_000 * items) if is_raw else io_costs.restore(items, 1_000 * items)
        return folder, last_file, cost

    async def _fill(self, request: RestoreDatabase, restored: DatabaseAssembly) -> int:
        """Make the database, fill it, open it (rule 17.7); its id."""
        member = self._member
        create = CreateDatabase(
            request.name,
            (member.name,),
            key=request.key,
            restoring=Restoring(member.name, member.incarnation),
            at=member.wall(),
            term=member.term,
        )
        database_id: int = await member.propose(create)
        copy = await self._copies.opened(database_id)
        try:
            await copy.replace(restored.store)
            for data in restored.indexes:
                self._indexer.plant(copy, data)
            if restored.values != NOTHING:
                await member.propose(restore_command(request.name, restored.values))
            wanted = await self._define_tasks(request, restored)
            await self._open(request.name, database_id)
        except (OSError, NoLeader, OutcomeUnknown, Refused) as error:  # no room, or nobody to tell
            member.spawn(self._take_back, request.name, database_id, self._destinations.plain(error))
            raise
        await self._enable(request.name, wanted)
        return database_id

    async def _define_tasks(self, request: RestoreDatabase, restored: DatabaseAssembly) -> list[int]:
        """The tasks of the last file's record (rule 17.5), disabled while nobody may look; those to enable after that."""
        wanted = []
        for found in tasks_of(restored.record):
            if isinstance(found, LeftOut):
                self._member.note(TaskNotRestored(request.name, found.name, found.why))
                continue
            define = DefineTask(request.name, attrs.evolve(found, disabled=True), at=self._member.wall())
            try:
                task_id: int = await self._member.propose(define)
            except Refused as error:
                self._member.note(TaskNotRestored(request.name, found.name, str(error)))
            else:
                if not (found.disabled or request.disable_ongoing_tasks):  # rule 17.9
                    wanted.append(task_id)
        return wanted

    async def _enable(self, name: str, tasks: list[int]) -> None:
        """The database is open, and its tasks may run; one that nobody could be told of stays disabled, and is named."""
        for task_id in tasks:
            try:
                await self._member.propose(ToggleTask(name, task_id, disabled=False))
            except (NoLeader, OutcomeUnknown, Refused) as error:
                self._member.note(TaskNotRestored(name, f"task {task_id}", f"it is disabled: {error}"))

    async def _open(self, name: str, database_id: int) -> None:
        """Tell all, as often as a report is told (rules 9.14, 17.7)."""
        for attempt in range(self._rules.report_attempts, 0, -1):
            try:
                await self._member.propose(OpenDatabase(name, database_id))
            except (NoLeader, OutcomeUnknown):
                if attempt == 1:
                    raise
            except Refused:
                if self._half_made(name, database_id) is not None:
                    raise
                return  # an attempt whose outcome nobody knew has done it
            else:
                return

    # ---- taking back what was not done (rule 17.8)

    def follow(self, database: Database) -> None:
        """The database is new or has changed: if an earlier life of this node was to fill it, it never will."""
        restoring = database.restoring
        if restoring is None or restoring.node != self._member.name:
            return
        if restoring.life != self._member.incarnation:
            self._member.spawn(self._take_back, database.name, database.id, "the node went down meanwhile")
        elif database.name.lower() not in self._under_way:  # it was asked for, and nobody knew whether it came to be
            self._member.spawn(self._take_back, database.name, database.id, "it was made when nobody waited any more")

    def forget(self, known: Set[int]) -> None:
        """Nothing is kept of databases."""

    async def _take_back(self, name: str, database_id: int, why: str) -> None:
        member = self._member
        while self._half_made(name, database_id) is not None:
            try:
                await member.propose(AbandonRestore(name, database_id))
            except (NoLeader, OutcomeUnknown):
                await member.sleep(AGAIN)
            except Refused:
                return  # this node has restarted and was behind: it is open, or gone
            else:
                member.note(RestoreAbandoned(name, why))
                return

    def _half_made(self, name: str, database_id: int) -> Database | None:
        found: Database | None = self._member.state.database(name)
        return found if found is not None and found.id == database_id and found.restoring is not None else None


def _check_snapshot(point: chain_reader.RestorePoint, key: Key | None) -> None:
    """Rule 13.5."""
    if point.encrypted and key is None:
        raise KeyRefused(f"snapshot {point.file} is encrypted as its database was: give that key as EncryptionKey")
    if not point.encrypted and key is not None:
        raise KeyRefused(
            f"snapshot {point.file} is of a database that was not encrypted, and cannot be restored into one that is: "
            "leave EncryptionKey out"
        )
