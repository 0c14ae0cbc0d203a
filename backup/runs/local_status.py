"""The local status of one node's runs: the last status of each task, its chain of files, and unreported runs.

One small file (a page) per task on the node's disk is replaced as a whole, so that a restarted node goes on where it
was (rules 8.10, 9.15, 24.6). The cluster's copy is in backup/record/record.py; status_reporter.py reports to it.
"""

import json
from collections.abc import Iterable, Sequence, Set
from typing import Any

import attrs

from backup.record.record import ONE_TIME, Database, Kind, Sent, Status
from backup.record.rules import Rules
from backup.runs.schedule import scheduling_status
from cluster.member import Member
from cluster.time_units import SECOND
from cluster.value import value

PREFIX = "runs/"
RETRY = 5 * SECOND
"""How long (µs) until a file that could not be written because the disk is full is tried again."""

TaskKey = tuple[int, int]
"""Database id and task id."""


@value
class ChainEnd:
    """The last file this node wrote for a task: what the next incremental continues."""

    folder: str
    file: str
    last_etag: int
    copy: str
    """Database id of the store that the etag belongs to."""
    raft_index: int = 0
    """Log index up to which the chain holds the database's changes."""


@value
class LocalStatus:
    """The page of one task."""

    status: Status | None = None
    """This node's own status, where the rules keep one."""
    chain: ChainEnd | None = None
    unreported: tuple[Status, ...] = ()
    """Runs not yet reported to the cluster, in the order of their starts."""
    unfinished: tuple[tuple[str, str], ...] = ()
    """Address and name of each file that was being sent to a place where its beginning shows, and may lie there unfinished."""


NOTHING = LocalStatus()


@attrs.define(eq=False)
class LocalStatuses:
    """The pages of all tasks on one node."""

    _member: Member
    _rules: Rules
    _pages: dict[TaskKey, LocalStatus] = attrs.field(factory=dict, init=False)
    _of: dict[int, dict[TaskKey, None]] = attrs.field(factory=dict, init=False)
    """The pages of each database."""
    _owing: dict[TaskKey, None] = attrs.field(factory=dict, init=False)
    """Pages with unreported runs."""
    _in_memory: dict[TaskKey, Status] = attrs.field(factory=dict, init=False)
    """By task: the status of its last run in this incarnation, which the cluster may not have yet (rule 8.10)."""
    _unwritten: set[TaskKey] = attrs.field(factory=set, init=False)
    """Pages that wait for room on the disk."""

    async def recover(self) -> None:
        """Read what the disk holds."""
        disk = self._member.disk
        for file in [name for name in disk.names() if name.startswith(PREFIX)]:
            database_id, task_id = file.removeprefix(PREFIX).split("-")
            self._put((int(database_id), int(task_id)), _page(json.loads(await disk.read(file))))

    def _put(self, key: TaskKey, page: LocalStatus) -> None:
        self._pages[key] = page
        self._of.setdefault(key[0], {})[key] = None
        if page.unreported:
            self._owing[key] = None
        else:
            self._owing.pop(key, None)

    # ---- looking

    @property
    def databases(self) -> set[int]:
        """Ids of the databases that this node has pages of."""
        return {key[0] for key in self._pages}

    def own(self, key: TaskKey) -> Status | None:
        """This node's own status of a task, where the rules keep one."""
        return self._pages.get(key, NOTHING).status

    def chain(self, key: TaskKey) -> ChainEnd | None:
        """The end of the chain that the next incremental continues; None: there is none."""
        return self._pages.get(key, NOTHING).chain

    def status(self, key: TaskKey, cluster: Status | None) -> Status | None:
        """The status to schedule from, the cluster's copy being `cluster` (rule 8.10)."""
        kept = self.own(key) if self._rules.local_status else cluster
        return scheduling_status(kept, self._in_memory.get(key))

    def has_started(self, key: TaskKey, at: int) -> bool:
        """Whether a known run of this node began at wall µs `at`."""
        page, last = self._pages.get(key, NOTHING), self._in_memory.get(key)
        known = [*page.unreported, *([page.status] if page.status else []), *([last] if last else [])]
        return any(status.started_at == at for status in known)

    def unreported(self) -> list[tuple[TaskKey, Status]]:
        """All unreported runs with their tasks, in the order of their starts."""
        owed = [(key, status) for key in self._owing for status in self._pages[key].unreported]
        return sorted(owed, key=lambda each: (each[1].started_at, each[0]))

    # ---- writing

    def remember(self, key: TaskKey, status: Status) -> None:
        """Keep the status of the last run in memory, until the node goes down."""
        self._in_memory[key] = status

    async def keep(self, key: TaskKey, status: Status, chain: ChainEnd | None, *, owed: bool) -> None:
        """Keep the outcome of a run on the disk. `owed`: it is to be reported to the cluster from this page."""
        page = self._pages.get(key, NOTHING)
        unreported = (*page.unreported, status) if owed else page.unreported
        kept = status if self._rules.local_status else None
        self._put(key, LocalStatus(kept, chain, unreported, page.unfinished))
        await self._write(key)

    def unfinished(self, key: TaskKey, address: str) -> tuple[str, ...]:
        """The names of the files that may lie unfinished in the place of that address."""
        return tuple(name for at, name in self._pages.get(key, NOTHING).unfinished if at == address)

    async def set_unfinished(self, key: TaskKey, address: str, names: Iterable[str]) -> None:
        """Keep the names of the files that may lie unfinished there: before the first byte is sent, and when that is over."""
        page = self._pages.get(key, NOTHING)
        others = tuple(each for each in page.unfinished if each[0] != address)
        self._put(key, attrs.evolve(page, unfinished=(*others, *((address, name) for name in names))))
        await self._write(key)

    async def told(self, key: TaskKey, statuses: Sequence[Status]) -> None:
        """These runs were reported to the cluster: drop them from the page."""
        page = self._pages.get(key)
        if page is not None:
            rest = tuple(status for status in page.unreported if status not in statuses)
            self._put(key, attrs.evolve(page, unreported=rest))
            await self._write(key)

    def drop_status(self, key: TaskKey) -> None:
        """Drop this node's own status: its next run is full (rules 6.7, 8.12)."""
        self._in_memory.pop(key, None)
        page = self._pages.get(key)
        if page is not None and page.status is not None:
            self._put(key, attrs.evolve(page, status=None))
            self._member.spawn(self._write, key)

    def follow(self, database: Database) -> None:
        """The database has changed: forget tasks that are gone."""
        mine = self._of.get(database.id, {})
        self._forget(key for key in mine if key[1] not in database.tasks and key[1] != ONE_TIME)

    def forget(self, known: Set[int]) -> None:
        """Forget databases that are gone."""
        for database_id in [each for each in self._of if each not in known]:
            self._forget(self._of[database_id])

    def _forget(self, gone: Iterable[TaskKey]) -> None:
        for key in list(gone):
            if key[1] <= self._member.applied:  # else the task is not removed: this node has restarted and is behind
                del self._pages[key], self._of[key[0]][key]
                self._owing.pop(key, None)
                self._in_memory.pop(key, None)
                self._member.spawn(self._member.disk.remove, _file(key))

    async def _write(self, key: TaskKey) -> None:
        """Write a page; if the disk is full, return, and write it later when there is room."""
        if not await self._is_written(key) and key not in self._unwritten:
            self._unwritten.add(key)
            self._member.spawn(self._write_later, key)

    async def _write_later(self, key: TaskKey) -> None:
        while not await self._is_written(key):
            await self._member.sleep(RETRY)
        self._unwritten.discard(key)

    async def _is_written(self, key: TaskKey) -> bool:
        """Write a page; False if the disk is full."""
        page = self._pages.get(key)
        try:
            if page is not None:
                await self._member.disk.write(_file(key), _text(page).encode())
        except OSError:
            return False
        return True


@value
class UnfinishedFiles:
    """The files of one task that may lie unfinished somewhere, by its page, which outlives the node's crash."""

    statuses: LocalStatuses
    page: TaskKey

    def of(self, address: str) -> tuple[str, ...]:
        """Their names in the place of that address."""
        return self.statuses.unfinished(self.page, address)

    async def keep(self, address: str, names: Iterable[str]) -> None:
        """These are the names from now on."""
        await self.statuses.set_unfinished(self.page, address, names)


def _file(key: TaskKey) -> str:
    return f"{PREFIX}{key[0]}-{key[1]}"


# ---- a page as JSON and back


def _text(page: LocalStatus) -> str:
    return json.dumps(
        {
            "status": page.status and _fields(page.status),
            "chain": page.chain and attrs.asdict(page.chain),
            "unreported": [_fields(status) for status in page.unreported],
            **({"unfinished": page.unfinished} if page.unfinished else {}),
        }
    )


def _fields(status: Status) -> dict[str, Any]:
    return {**attrs.asdict(status), "kind": status.kind.value}


def _page(content: dict[str, Any]) -> LocalStatus:
    return LocalStatus(
        content["status"] and _status(content["status"]),
        content["chain"] and ChainEnd(**content["chain"]),
        tuple(_status(fields) for fields in content["unreported"]),
        tuple((address, name) for address, name in content.get("unfinished", ())),
    )


def _status(fields: dict[str, Any]) -> Status:
    uploads = tuple(Sent(**sent) for sent in fields.get("uploads", ()))
    words = tuple(fields.get("destinations", ()))
    return Status(**{**fields, "kind": Kind(fields["kind"]), "uploads": uploads, "destinations": words})
