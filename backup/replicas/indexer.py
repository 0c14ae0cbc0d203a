"""The indexes of a node's copies: built in the background, which takes its time, and kept on the disk (rule 18.1).

An index follows its copy: what was written a moment ago is not in it yet, and whoever asks is told so. Never here: what an
index holds (database/indexes.py).
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
"""A file is written anew when it has grown by so many bytes, and to twice what the data needs."""
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
    """Changes since then."""
    told: int = -1
    """Etag up to which it was last said to be caught up."""
    _gone: bool = False

    def __attrs_post_init__(self) -> None:
        self.needed = self.size

    def drop(self) -> None:
        """It is no longer wanted."""
        self._gone = True

    def is_gone(self) -> bool:
        """Whether it is no longer wanted: its program ends."""
        return self._gone


@attrs.define(eq=False)
class Indexer:
    """All indexes of one node."""

    _member: Member
    _copies: LocalCopies
    _indexes: dict[tuple[int, str], LocalIndex] = attrs.field(factory=dict, init=False)
    """By database id and name in lower case."""

    async def recover(self) -> None:
        """Read what the disk holds; what is damaged is built anew."""
        disk = self._member.disk
        for file in [name for name in disk.names() if name.startswith(PREFIX)]:
            database_id, _, name = file.removeprefix(PREFIX).partition("-")
            content = await disk.read(file)
            try:
                self._indexes[int(database_id), name] = LocalIndex(IndexData.recover([content]), len(content))
            except DamagedJournal:
                await disk.remove(file)

    # ---- what is defined

    def follow(self, database: Database) -> None:
        """The database is new or has changed: have its indexes and no others."""
        wanted = database.values.indexes if self._member.name in database.topology.nodes else {}
        for key, index in [each for each in self._indexes.items() if each[0][0] == database.id]:
            if wanted.get(key[1]) != index.data.definition and self._member.applied >= index.data.header.defined:
                self._drop(key)  # else it is not gone: this node has restarted and is behind
        copy = self._copies.get(database.id)
        if copy is not None:
            self._define(copy, wanted, database.values.changed)

    def forget(self, known: Set[int]) -> None:
        """Let go of the indexes of databases that are gone."""
        for key in [each for each in self._indexes if each[0] not in known and each[0] <= self._member.applied]:
            self._drop(key)

    def changed(self, copy: LocalCopy) -> None:
        """The copy was opened, or holds something new, and it is durable."""
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
        """Begin with data that came from elsewhere and was made of the same changes (a snapshot); before it is defined."""
        planted = data.of_copy(copy.store.database_id, FOREVER)
        self._indexes[copy.id, data.definition.name.lower()] = LocalIndex(planted, 0)

    # ---- building

    async def _build(self, copy: LocalCopy, index: LocalIndex, name: str) -> None:
        """Bring it up to its copy, a slice at a time, for as long as there is something new."""
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
        """Say what it holds now, and what it should, unless the copy has gone on."""
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
        """Make it durable; on a full disk go on when there is room."""
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
                index.size = 0  # what an append left behind is not known: write it whole
            else:
                return

    # ---- looking

    def get(self, database_id: int, name: str) -> IndexData | None:
        """The data of an index, if this node has any."""
        index = self._indexes.get((database_id, name.lower()))
        return index.data if index is not None else None

    def all_of(self, copy: LocalCopy) -> list[tuple[str, bytes]]:
        """Name and file of every index of a copy, as of this moment, by name."""
        return [
            (index.data.definition.name, b"".join(index.data.frames()))
            for key, index in sorted(self._indexes.items())
            if key[0] == copy.id and index.data.header.copy == copy.store.database_id
        ]


def _file(database_id: int, name: str) -> str:
    return f"{PREFIX}{database_id}-{name}"
