"""Restore operations (rules 17.5 to 17.8): the files are read, the database created through the log, filled, then opened.

Files that cannot be restored leave nothing behind, and no client ever sees a half-filled database: a restore that its
node's crash cut off is undone when the node restarts. The files are read in chain_reader.py.
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
"""How long (µs) after a failed attempt to remove an unfinished database the next is made."""


@attrs.define(eq=False)
class RestoreOperations:
    """The restores of one node."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _indexer: Indexer
    _destinations: WorldDestinations
    _under_way: set[str] = attrs.field(factory=set, init=False)
    """Lower-case names of the databases whose restore is under way."""

    # ---- the restore

    async def restore(self, request: RestoreDatabase) -> RestoreResult:
        """Restore a database. Raises as `RestoreDatabase` documents; then there is no new database (rule 17.8)."""
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
        # a snapshot is encrypted with its database's key (13.4)
        keys = tuple(each for each in (key, request.key) if each is not None)
        pace = slowness(place)
        try:
            find = partial(self._find, place, request, keys)
            folder, last_file, cost = await member.outside(find, io_costs.START * pace)
            unused = self._copies.unused_id(0)

            def read() -> DatabaseAssembly:
                return chain_reader.restore(
                    place, folder, last_file, node=member.name, database_id=unused, keys=keys, rules=self._rules
                )

            restored = await member.outside(read, cost * pace)
        except chain_reader.NothingToRestore as error:
            where = request.source.address if request.source is not None else f"{request.path} of {member.name}"
            raise chain_reader.NothingToRestore(f"{error} (looked in {where})") from None
        if request.skip_indexes:
            restored.drop_indexes()
        database_id = await self._fill(request, restored)
        documents, files, fingerprint = restored.store.size.documents, restored.files, restored.fingerprint
        member.note(DatabaseRestored(request.name, folder, len(files), documents, fingerprint))
        return RestoreResult(database_id, files, documents, fingerprint)

    def _source(self, request: RestoreDatabase) -> Destination:
        """The destination that holds the files (rule 12.4)."""
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
        """Folder, last file (None: all), and the µs that reading them takes. KeyRefused by rule 13.5."""
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
        """Create the database, fill it and open it (rule 17.7); return its id."""
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
        except (OSError, NoLeader, OutcomeUnknown, Refused) as error:
            # the disk is full, or the log could not be reached
            member.spawn(self._take_back, request.name, database_id, self._destinations.plain(error))
            raise
        await self._enable(request.name, wanted)
        return database_id

    async def _define_tasks(self, request: RestoreDatabase, restored: DatabaseAssembly) -> list[int]:
        """Define the tasks of the last file's record (rule 17.5), disabled at first; return the ids of those to enable later."""
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
        """Enable the tasks of the opened database; one whose command fails stays disabled, and is named in a note."""
        for task_id in tasks:
            try:
                await self._member.propose(ToggleTask(name, task_id, disabled=False))
            except (NoLeader, OutcomeUnknown, Refused) as error:
                self._member.note(TaskNotRestored(name, f"task {task_id}", f"it is disabled: {error}"))

    async def _open(self, name: str, database_id: int) -> None:
        """Propose opening the database, as often as a report is tried (rules 9.14, 17.7)."""
        for attempt in range(self._rules.report_attempts, 0, -1):
            try:
                await self._member.propose(OpenDatabase(name, database_id))
            except (NoLeader, OutcomeUnknown):
                if attempt == 1:
                    raise
            except Refused:
                if self._half_made(name, database_id) is not None:
                    raise
                return  # an earlier attempt with unknown outcome has opened it
            else:
                return

    # ---- undoing an unfinished restore (rule 17.8)

    def follow(self, database: Database) -> None:
        """The database is new or has changed: undo it if an earlier incarnation of this node was restoring it."""
        restoring = database.restoring
        if restoring is None or restoring.node != self._member.name:
            return
        if restoring.life != self._member.incarnation:
            self._member.spawn(self._take_back, database.name, database.id, "the node went down meanwhile")
        elif database.name.lower() not in self._under_way:  # it was proposed, and the outcome was unknown
            self._member.spawn(self._take_back, database.name, database.id, "it was made when nobody waited any more")

    def forget(self, known: Set[int]) -> None:
        """Do nothing, as no state is kept per database."""

    async def _take_back(self, name: str, database_id: int, why: str) -> None:
        member = self._member
        while self._half_made(name, database_id) is not None:
            try:
                await member.propose(AbandonRestore(name, database_id))
            except (NoLeader, OutcomeUnknown):
                await member.sleep(AGAIN)
            except Refused:
                return  # this node had restarted and was behind: the database is open, or gone
            else:
                member.note(RestoreAbandoned(name, why))
                return

    def _half_made(self, name: str, database_id: int) -> Database | None:
        found: Database | None = self._member.state.database(name)
        return found if found is not None and found.id == database_id and found.restoring is not None else None


def _check_snapshot(point: chain_reader.RestorePoint, key: Key | None) -> None:
    """KeyRefused if the key given for a snapshot breaks rule 13.5."""
    if point.encrypted and key is None:
        raise KeyRefused(f"snapshot {point.file} is encrypted as its database was: give that key as EncryptionKey")
    if not point.encrypted and key is not None:
        raise KeyRefused(
            f"snapshot {point.file} is of a database that was not encrypted, and cannot be restored into one that is: "
            "leave EncryptionKey out"
        )
