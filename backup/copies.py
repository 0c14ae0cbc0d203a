"""A node's copies of databases: in memory, and as journals on its disk, so that each is found again after a crash.

What is in memory may be ahead of the journal for a moment; nothing leaves the copy in that moment. Never here: what is
said to other nodes, and what backups do with a copy.
"""

from collections.abc import Callable, Iterable, Sequence

from backup.database.documents import Contents, Store
from backup.database.items import Item
from backup.database.journal import DamagedJournal, encode_change
from backup.notes import CopyLost
from backup.record import Database, Record
from backup.sightings import DatabaseReport
from cluster.instant import SECOND
from cluster.member import Member

PREFIX = "copies/"
LONG = 1 << 20
"""A journal is written anew when it has grown to twice what the copy needs, and by so many bytes."""
RETRY = 5 * SECOND


class Copy:
    """This node's copy of one database."""

    def __init__(self, member: Member, database_id: int, store: Store, journal_size: int) -> None:
        """A copy whose journal is on the disk. `database_id` is that of the record; the store has an id of its own."""
        self.id = database_id
        self.store = store
        self.changes = 0
        """Counts up whenever something changed, and is durable."""
        self._member = member
        self._busy = False
        self._size = journal_size
        self._needed = journal_size
        self._report: tuple[int, DatabaseReport] | None = None

    @property
    def settled(self) -> bool:
        """Whether all that is in memory is durable: only then may anything of it leave the node."""
        return not self._busy

    async def settle(self) -> None:
        """Wait until it is settled."""
        while self._busy:
            await self._member.changed(self._member.version)

    async def change(self, act: Callable[[Store], Sequence[Item]], *, learned: bool = False) -> Sequence[Item]:
        """Do `act`, one at a time, and make what it changed durable: the items it returns, and with `learned` the state.

        OSError if the disk takes nothing; then, and whenever `act` raises, the copy is what its journal says.
        """
        await self.settle()
        self._busy = True
        try:
            items = act(self.store)
            frames = [encode_change(item) for item in items]
            if learned:
                frames.append(self.store.state_frame())
            await self._append(b"".join(frames))
            self.changes += 1
        except Exception:
            self.store = Store.recover([await self._member.disk.read(_file(self.id))])
            raise
        finally:
            self._busy = False
            self._member.stir()
        return items

    async def replace(self, store: Store) -> None:
        """Hold what `store` holds instead."""
        await self.settle()
        self._busy = True
        try:
            content = b"".join(store.frames())
            await self._member.disk.write(_file(self.id), content)
            self.store, self._size, self._needed = store, len(content), len(content)
            self.changes += 1
        finally:
            self._busy = False
            self._member.stir()

    async def frozen(self) -> Contents:
        """What it holds now, durable and for ever."""
        await self.settle()
        return self.store.frozen_at()

    def report(self, name: str) -> DatabaseReport:
        """What the leader is told of it: the same object while nothing changes."""
        if self._report is None or self._report[0] != self.changes:
            told = DatabaseReport(name, True, self.store.etag, self.store.change_vector)
            self._report = (self.changes, told)
        return self._report[1]

    async def _append(self, content: bytes) -> None:
        if self._size + len(content) > 2 * self._needed + LONG:
            content = b"".join(self.store.frames())
            await self._member.disk.write(_file(self.id), content)
            self._size = self._needed = len(content)
        elif content:
            await self._member.disk.append(_file(self.id), content)
            self._size += len(content)


class Copies:
    """All copies of one node."""

    def __init__(self, member: Member, changed: Callable[[Copy], None]) -> None:
        """`changed` is called for each copy that is opened, and after each change that became durable."""
        self._member = member
        self._changed = changed
        self._copies: dict[int, Copy] = {}
        self._opening: set[int] = set()
        self._made = 0

    def __iter__(self) -> Iterable[Copy]:  # type: ignore[override]
        return iter(self._copies.values())

    def get(self, database_id: int) -> Copy | None:
        """The copy of that database, if it is open."""
        return self._copies.get(database_id)

    async def opened(self, database_id: int) -> Copy:
        """The copy, once it is open."""
        while (copy := self._copies.get(database_id)) is None:
            await self._member.changed(self._member.version)
        return copy

    def unused_id(self, database_id: int) -> str:
        """An id for a new store: no copy of that database, here or elsewhere, ever had it."""
        self._made += 1
        return f"{self._member.dice('copy', database_id, self._made).below(1 << 64):016x}"
