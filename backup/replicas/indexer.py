"""The indexes of a node's copies: built in the background, which takes time, and kept on the disk (rule 18.1).

An index lags behind its copy: recent changes are not in it yet, and the answer to a query says so. Its data is in
backup/database/indexes.py.
"""

from collections.abc import Mapping, Set

import attrs

from backup.database.agreed_values import IndexDefinition
from backup.database.indexes import IndexData, IndexHeader
from backup.database.journal import DamagedJournal
from backup.destinations import io_costs
from backup.notes import IndexCaughtUp
from backup.record.record import Database
from backup.replicas.local_copies import LocalCopies, LocalCopy
from cluster.member import Member
from cluster.time_units import FOREVER, SECOND

PREFIX = "indexes/"
LONG = 1 << 20
"""A file is rewritten once it has grown by this many bytes and to twice the size of its data."""
RETRY = 5 * SECOND


@attrs.define(eq=False)
class LocalIndex:
    """One index of one copy, and its file."""

    data: IndexData
    size: int
    """Bytes in the file; 0 while there is none."""
    needed: int = attrs.field(init=False)
    is_busy: bool = False
    taken: int = 0
    """Number of changes indexed since it was last noted to be caught up."""
    told: int = -1
    """Etag up to which it was last noted to be caught up; -1: never."""
    _gone: bool = False

    def __attrs_post_init__(self) -> None:
        self.needed = self.size

    def drop(self) -> None:
        """Mark the index as no longer wanted."""
        self._gone = True

    def is_gone(self) -> bool:
        """Whether the index is no longer wanted; its program then ends."""
        return self._gone


@attrs.define(eq=False)
class Indexer:
    """The indexes of all copies of one node."""

    _member: Member
    _copies: LocalCopies
    _indexes: dict[tuple[int, str], LocalIndex] = attrs.field(factory=dict, init=False)
    """By database id and lower-case name of the index."""

    async def recover(self) -> None:
        """Read what the disk holds; a damaged index is rebuilt."""
        disk = self._member.disk
        for file in [name for name in disk.names() if name.startswith(PREFIX)]:
            database_id, _, name = file.removeprefix(PREFIX).partition("-")
            content = await disk.read(file)
            try:
                self._indexes[int(database_id), name] = LocalIndex(IndexData.recover([content]), len(content))
            except DamagedJournal:
                await disk.remove(file)

    # ---- index definitions

    def follow(self, database: Database) -> None:
        """The database is new or has changed: keep the indexes that it defines and no others."""
        wanted = database.values.indexes if self._member.name in database.topology.nodes else {}
        for key, index in [each for each in self._indexes.items() if each[0][0] == database.id]:
            if wanted.get(key[1]) != index.data.definition and self._member.applied >= index.data.header.defined:
                self._drop(key)  # else the index is not removed: this node has restarted and is behind
        copy = self._copies.get(database.id)
        if copy is not None:
            self._define(copy, wanted, database.values.changed)

    def forget(self, known: Set[int]) -> None:
        """Drop the indexes of databases that are gone."""
        for key in [each for each in self._indexes if each[0] not in known and each[0] <= self._member.applied]:
            self._drop(key)

    def changed(self, copy: LocalCopy) -> None:
        """The copy was opened, or a change of it became durable."""
        for database in self._member.state.databases.values():
            if database.id == copy.id:
                self._define(copy, database.values.indexes, database.values.changed)

    def _define(self, copy: LocalCopy, wanted: Mapping[str, IndexDefinition], defined: int) -> None:
        for name, definition in wanted.items():
            index = self._indexes.get((copy.id, name))
            if index is not None and index.data.header.copy != copy.store.database_id:
                self._drop((copy.id, name))  # the copy was wiped: its etags begin anew
                index = None
            if index is None:
                data = IndexData(IndexHeader(definition, copy.store.database_id, defined))
                index = self._indexes[copy.id, name] = LocalIndex(data, 0)
            elif index.data.header.defined == FOREVER:
                index.data.of_copy(copy.store.database_id, defined)
            if not index.is_busy and (index.data.etag < copy.store.etag or index.told < 0):
                index.is_busy = True
                self._member.spawn(self._build, copy, index, name)

    def _drop(self, key: tuple[int, str]) -> None:
        index = self._indexes.pop(key)
        index.drop()
        if not index.is_busy:
            self._member.spawn(self._remove, key)

    async def _remove(self, key: tuple[int, str]) -> None:
        if key not in self._indexes:
            await self._member.disk.remove(_file(*key))

    def plant(self, copy: LocalCopy, data: IndexData) -> None:
        """Adopt an index of a snapshot, which was built from the same changes; to be called before the index is defined."""
        planted = data.of_copy(copy.store.database_id, FOREVER)
        self._indexes[copy.id, data.definition.name.lower()] = LocalIndex(planted, 0)

    # ---- building

    async def _build(self, copy: LocalCopy, index: LocalIndex, name: str) -> None:
        """Bring the index up to its copy, a slice at a time, while there are new changes."""
        data = index.data
        while not index.is_gone():
            await copy.settle()
            store = copy.store
            if store.database_id != data.header.copy or (data.etag >= store.etag and index.told == data.etag):
                break
            reached, changes = store.etag, list(store.changes_after(data.etag))
            for start in range(0, len(changes), io_costs.INDEX_SLICE_ITEMS):
                part = changes[start : start + io_costs.INDEX_SLICE_ITEMS]
                await self._member.sleep(io_costs.index(len(part)))
                if index.is_gone():
                    break
                index.taken += len(part)
                await self._keep(index, copy.id, name, data.take(part))
            else:
                if data.etag < reached:  # the last of its changes were replaced since
                    await self._keep(index, copy.id, name, data.reach(reached))
                index.told = data.etag
                await self._note(copy, index)
        index.is_busy = False
        if index.is_gone():
            await self._remove((copy.id, name))

    async def _note(self, copy: LocalCopy, index: LocalIndex) -> None:
        """Note what the index holds and what it should hold, unless the copy has changed meanwhile."""
        await copy.settle()
        store, data = copy.store, index.data
        definition = data.definition
        if store.etag == data.etag and store.database_id == data.header.copy:
            of = definition.collection.lower()
            held = sum(count for name, count in store.collections().items() if name.lower() == of)
            contents, taken, index.taken = f"{data.fingerprint_sum:032x}", index.taken, 0
            about = (copy.id, definition.name, data.etag, len(data), held)
            self._member.note(IndexCaughtUp(*about, contents, store.fingerprint, taken))

    async def _keep(self, index: LocalIndex, database_id: int, name: str, frame: bytes) -> None:
        """Make the frame durable; if the disk is full, wait until there is room."""
        file, disk = _file(database_id, name), self._member.disk
        while not index.is_gone():
            try:
                if not index.size or index.size + len(frame) > 2 * index.needed + LONG:
                    content = b"".join(index.data.frames())
                    await disk.write(file, content)
                    index.size = index.needed = len(content)
                else:
                    await disk.append(file, frame)
                    index.size += len(frame)
            except OSError:
                await self._member.sleep(RETRY)
                index.size = 0  # a failed append may have left anything: rewrite the file
            else:
                return

    # ---- looking

    def get(self, database_id: int, name: str) -> IndexData | None:
        """The data of an index, if this node has any."""
        index = self._indexes.get((database_id, name.lower()))
        return index.data if index is not None else None

    def all_of(self, copy: LocalCopy) -> list[tuple[str, bytes]]:
        """Name and file content of every index of a copy as of now, in the order of names."""
        return [
            (index.data.definition.name, b"".join(index.data.frames()))
            for key, index in sorted(self._indexes.items())
            if key[0] == copy.id and index.data.header.copy == copy.store.database_id
        ]


def _file(database_id: int, name: str) -> str:
    return f"{PREFIX}{database_id}-{name}"
