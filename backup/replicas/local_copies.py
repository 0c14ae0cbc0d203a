"""A node's copies of databases: in memory, and as journals on its disk, from which a restarted node recovers them.

The memory may be ahead of the journal for a moment; until the journal is durable, nothing of the change leaves the node.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence, Set
from typing import Protocol

import attrs

from backup.database.documents import Contents, Store
from backup.database.items import Item
from backup.database.journal import DamagedJournal
from backup.database.revisions import Policies
from backup.notes import CopyClosed, CopyHolds, CopyLost, CopyOpened
from backup.record.record import Database, Record
from backup.replicas.node_reports import DatabaseReport
from cluster.member import Member
from cluster.time_units import SECOND

PREFIX = "copies/"
PUT_BY = "put by/"
"""Folder on the node's disk for the files of copies that were given up but not deleted; they are never read."""
LONG = 1 << 20
"""A journal is rewritten once it has grown by this many bytes and to twice the size of the copy."""
RETRY = 5 * SECOND
"""How long (µs) until a copy that could not be created because the disk is full is tried again."""


class CopyListener(Protocol):
    """A listener to the changes of a node's copies (backup/node/node_parts.py)."""

    def copy_changed(self, copy: "LocalCopy") -> None:
        """A copy was opened, or a change of it became durable."""

    def copy_arrived(self, copy: "LocalCopy") -> None:
        """A peer, or the destination of an external replication, may have more of a copy than before."""

    def copy_closed(self, database_id: int) -> None:
        """A copy was given up because this node has left its group."""


class LocalCopy:
    """This node's copy of one database, with its journal on the disk."""

    def __init__(
        self, member: Member, database_id: int, store: Store, journal_size: int, changed: Callable[["LocalCopy"], None]
    ) -> None:
        self.id = database_id
        """Id of the database in the record; the store has an id of its own."""
        self.store = store
        self.changes = 0
        """Counter of durable changes."""
        self._member = member
        self._changed = changed
        self._size = self._needed = journal_size
        self._busy = False
        self._report: tuple[int, DatabaseReport] | None = None

    @property
    def settled(self) -> bool:
        """Whether all that is in memory is durable: only then may anything of it leave the node."""
        return not self._busy

    async def settle(self) -> None:
        """Wait until the copy is settled."""
        while self._busy:
            await self._member.changed(self._member.version)

    async def change(self, act: Callable[[Store], Sequence[Item]], *, learned: bool = False) -> Sequence[Item]:
        """Run `act` on the store, one call at a time, and make its changes durable; return the items that it changed.

        `learned`: also store what the store has learnt that is in no item. OSError if the disk takes nothing; then, and
        whenever `act` raises, the copy goes back to what its journal holds.
        """
        await self.settle()
        self._busy = True
        etag = self.store.etag
        try:
            items = act(self.store)
            frames = [*self.store.frames_after(etag)]
            if learned:
                frames.append(self.store.state_frame())
            await self._append(frames)
        except Exception as error:
            if self.store.etag != etag or isinstance(error, OSError):
                self.store = Store.recover([await self._member.disk.read(_file(self.id))])
            raise
        finally:
            self._busy = False
            self._member.stir()  # wakes the programs that wait in `settle`
        self._changed_now()
        return items

    async def replace(self, store: Store) -> None:
        """Replace the copy's content by `store`. OSError if the disk takes nothing."""
        await self.settle()
        self._busy = True
        try:
            content = b"".join(store.frames())
            await self._member.disk.write(_file(self.id), content)
            self.store, self._size, self._needed = store, len(content), len(content)
        finally:
            self._busy = False
            self._member.stir()
        self._changed_now()

    async def configure(self, policies: Policies) -> None:
        """Keep revisions by these policies, as soon as the disk has room for the change."""

        def act(store: Store) -> Sequence[Item]:
            store.configure(policies)
            return ()

        while True:
            try:
                await self.change(act, learned=True)
            except OSError:
                await self._member.sleep(RETRY)
            else:
                return

    async def frozen(self) -> Contents:
        """Wait until the copy is settled, then return its content as an immutable value."""
        await self.settle()
        return self.store.frozen_at()

    def report(self, name: str) -> DatabaseReport:
        """The copy's report to the leader: the same object while nothing changes."""
        # only what is durable is reported
        if self._report is None or (self._report[0] != self.changes and self.settled):
            told = DatabaseReport(name, True, self.store.etag, self.store.change_vector)
            self._report = (self.changes, told)
        return self._report[1]

    def _changed_now(self) -> None:
        self.changes += 1
        self._member.note(CopyHolds(self.id, self.store.etag, self.store.fingerprint))
        self._changed(self)

    async def _append(self, frames: list[bytes]) -> None:
        """Make these frames durable; the list is emptied if the whole journal is written anew, which has them too."""
        size = sum(map(len, frames))
        if self._size + size > 2 * self._needed + LONG:
            frames.clear()
            content = b"".join(self.store.frames())
            await self._member.disk.write(_file(self.id), content)
            self._size = self._needed = len(content)
        elif size:
            await self._member.disk.append(_file(self.id), b"".join(frames))
            self._size += size


@attrs.define(eq=False)
class LocalCopies:
    """All copies of one node, by database id."""

    _member: Member
    _listener: CopyListener
    _hard_on_leaving: bool
    """`Rules.hard_delete_on_leaving`."""
    _copies: dict[int, LocalCopy] = attrs.field(factory=dict, init=False)
    _opening: dict[int, None] = attrs.field(factory=dict, init=False)
    _made: int = attrs.field(default=0, init=False)
    _names: dict[int, str] = attrs.field(factory=dict, init=False)
    _reports: tuple[DatabaseReport, ...] | None = attrs.field(default=None, init=False)
    """The cached reports of all copies; None: they must be made anew."""

    def get(self, database_id: int) -> LocalCopy | None:
        """The copy of that database; None if it is not open."""
        return self._copies.get(database_id)

    def database(self, database_id: int) -> Database | None:
        """The record of that database, as this node has applied it; None if there is none."""
        record: Record = self._member.state
        found = record.database(self._names.get(database_id, ""))
        return found if found is not None and found.id == database_id else None

    @property
    def databases(self) -> set[int]:
        """Ids of the databases that this node has copies of."""
        return set(self._copies)

    def reports(self) -> tuple[DatabaseReport, ...]:
        """The reports of all copies to the leader, by database id: the same object while nothing changes."""
        if self._reports is not None:
            return self._reports
        told = tuple(
            [self._copies[each].report(self._names[each]) for each in sorted(self._copies) if each in self._names]
        )
        if all(copy.settled for copy in self._copies.values()):  # else the reports are about to change
            self._reports = told
        return told

    async def opened(self, database_id: int) -> LocalCopy:
        """Wait until the copy is open, and return it."""
        while (copy := self._copies.get(database_id)) is None:
            await self._member.changed(self._member.version)
        return copy

    def unused_id(self, database_id: int) -> str:
        """An id for a new store: no copy of that database, here or elsewhere, ever had it."""
        self._made += 1
        drawn = self._member.dice("copy", database_id, self._made).below(1 << 128).to_bytes(16)
        return b64encode(drawn).decode().rstrip("=")  # 22 characters, as RavenDB's parser wants (rule 26.6)

    async def recover(self) -> None:
        """Open the copies on the disk; one with a damaged journal is thrown away, and its peers fill a new one."""
        disk = self._member.disk
        for file in [name for name in disk.names() if name.startswith(PREFIX)]:
            database_id = int(file.removeprefix(PREFIX))
            content = await disk.read(file)
            try:
                store = Store.recover([content])
            except DamagedJournal as error:
                self._member.note(CopyLost(database_id, str(error)))
                await disk.remove(file)
            else:
                self._open(database_id, store, len(content))

    def follow(self, database: Database) -> None:
        """The database is new or has changed: create a copy if this node is in its group. If it has left, see `leave`."""
        if database.id not in self._names:
            self._names[database.id], self._reports = database.name, None
        if self._member.name not in database.topology.nodes:
            return
        if (copy := self._copies.get(database.id)) is not None:
            self._configure(copy, database)
        elif database.id not in self._opening:
            self._opening[database.id] = None
            self._member.spawn(self._make, database.id)

    def _configure(self, copy: LocalCopy, database: Database) -> None:
        if database.values.policies.index > copy.store.policies.index:
            self._member.spawn(copy.configure, database.values.policies)

    def forget(self, known: Set[int]) -> None:
        """Close copies of databases that are gone."""
        record: Record = self._member.state
        for database_id in [each for each in self._names if each not in known]:
            del self._names[database_id]
        for database_id in [each for each in self._copies if each not in known]:
            # else the database is not removed: this node has restarted and is behind
            if database_id <= self._member.applied:
                self._close(self._copies[database_id], -1, hard=database_id not in record.put_by)

    def leave(self, copy: LocalCopy, told: int) -> None:
        """Give the copy up: this node is out of the group, and another has everything up to etag `told` (rule 5.15)."""
        self._close(copy, told, hard=self._hard_on_leaving)
        self._listener.copy_closed(copy.id)

    def _close(self, copy: LocalCopy, told: int, *, hard: bool) -> None:
        del self._copies[copy.id]
        self._reports = None
        self._member.note(CopyClosed(copy.id, copy.store.database_id, copy.store.etag, told, hard))
        self._member.spawn(self._member.disk.remove if hard else self._put_by, _file(copy.id))

    async def _put_by(self, file: str) -> None:
        disk = self._member.disk
        try:
            await disk.write(PUT_BY + file.removeprefix(PREFIX), await disk.read(file))
        except OSError:  # no room for two files: it stays where it is, and is moved after the next restart
            return
        await disk.remove(file)

    async def _make(self, database_id: int) -> None:
        store = Store(self._member.name, self.unused_id(database_id))
        content = b"".join(store.frames())
        while True:
            try:
                await self._member.disk.write(_file(database_id), content)
            except OSError:
                await self._member.sleep(RETRY)
            else:
                break
        del self._opening[database_id]
        self._open(database_id, store, len(content))

    def _changed(self, copy: LocalCopy) -> None:
        self._reports = None
        self._listener.copy_changed(copy)

    def _open(self, database_id: int, store: Store, size: int) -> None:
        copy = self._copies[database_id] = LocalCopy(self._member, database_id, store, size, self._changed)
        self._reports = None
        self._member.note(CopyOpened(database_id, store.database_id, store.etag))
        self._member.note(CopyHolds(database_id, store.etag, store.fingerprint))
        self._member.stir()
        self._listener.copy_changed(copy)
        for database in self._member.state.databases.values():
            if database.id == database_id:
                self._configure(copy, database)


def _file(database_id: int) -> str:
    return f"{PREFIX}{database_id}"
