"""What one run does, from the frozen copy to the file that was read back (rules 8.7, 9.6 to 9.12, section 11).

A crash leaves what a crash leaves; an error leaves nothing behind. Never here: when a run is due (scheduler.py), how
many may run (runner.py), who is told (reports.py).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from backup import actions, calendar, costs, names, progress
from backup.content.encryption import HEADER, NoKey, WrongKey, encrypted, is_opened_by, opening_of, plain
from backup.content.logical import Writer, read_manifest
from backup.content.manifest import DamagedBackup, Manifest, UnreadableBackup
from backup.content.snapshot import SnapshotWriter
from backup.database.contents import Contents
from backup.database.values import combined, kept_by
from backup.definition import Kind
from backup.destinations.memory import Vault
from backup.destinations.port import Destination, DestinationError, Upload
from backup.destinations.troubles import slowness
from backup.keys import Key, key_to_write
from backup.ledger import Chain
from backup.notes import BackupFinished, BackupSkipped, BackupStarted
from backup.record import Database, Sent, Status, Task
from backup.rules import Rules
from backup.task_json import task_json
from backup.uploads import NoLongerWanted, Parcel, Remote, Uploads, withdraw
from cluster.member import Member
from cluster.trace import Note
from cluster.value import value

T = TypeVar("T")
UTC = ZoneInfo("UTC")
DEFLATE = {"NoCompression": 0, "Fastest": 1, "Optimal": 6, "SmallestSize": 9}
"""Levels of deflate by the names that .NET gives them (rule 6.1); what asks for Zstd gets it too, so that any unzip reads it."""


@value
class Done:
    """How a run came to its end."""

    status: Status
    chain: Chain | None
    note: Note


@value
class Opened:
    """What the first look at the destination settled."""

    folder: str
    file: str
    upload: Upload
    chain: Chain | None
    """What the file continues; None for a full one."""
    items: int
    size: int
    """Bytes before compression, roughly."""


@value
class Places:
    """Where a run keeps what it makes."""

    base: Destination
    """Where the file is built: the local folder, or else a temporary place (rule 11.8)."""
    path: str
    """That local folder as the task names it; empty: it is temporary."""
    remotes: tuple[Remote, ...] = ()

    @property
    def lasting(self) -> tuple[tuple[Destination, str], ...]:
        """Every place in which the file is to stay, with its address."""
        local = ((self.base, self.path),) if self.path else ()
        return (*local, *((remote.place, remote.address) for remote in self.remotes))


class NotEverywhere(DestinationError):
    """Some of the clouds did not take the file, and with that the run has failed (rule 9.8)."""


class Work:
    """One run."""

    def __init__(
        self,
        member: Member,
        rules: Rules,
        find_places: Callable[[], Awaitable[Places]],
        plain_error: Callable[[BaseException], str],
        database: Database,
        task: Task,
        plan: calendar.Plan,
        contents: Contents,
        before: Status | None,
        chain: Chain | None,
        operation: int,
        is_wanted: Callable[[], bool],
        indexes: Sequence[tuple[str, bytes]] = (),
        started_at: int | None = None,
    ) -> None:
        """`find_places` says where the file is to be, `plain_error` an error without real paths.

        `before`: the status to go on from; `chain`: the files to continue; `started_at`: wall µs of the start, where that
        is not now.
        """
        self._member = member
        self._rules = rules
        self._find_places = find_places
        self.places = Places(Vault(), "")
        self._plain_error = plain_error
        self._length = 0
        """Bytes of the file."""
        self.sent: tuple[Sent, ...] = ()
        """How the uploads came out."""
        self._database = database
        self._task = task
        self._contents = contents
        self._indexes = indexes
        self._values = kept_by(database.values, contents.policies)
        self._by_hand = plan.by_hand
        self._before = before
        self._chain = chain
        self._is_wanted = is_wanted
        self._began = member.monotonic()
        self.started_at = member.wall() if started_at is None else started_at
        self._occurrence = progress.answered(task, plan, self.started_at, member.zone)
        self.progress: actions.Progress | None = None
        """How far it has come; None before its file is begun."""
        self._key: Key | None = None
        """Of the file that is written; settled when it is opened."""
        self._run = progress.Begun(
            task.id, task.kind, member.name, self.started_at, plan.full, database.raft_index, operation
        )

    @property
    def _duration(self) -> int:
        return self._member.monotonic() - self._began

    async def do(self) -> Done:
        """Do it. NoLongerWanted, OSError and ValueError say why not, and leave nothing behind (rule 9.6c)."""
        self.places = await self._find_places()
        opened = await self._outside(self._open, costs.LOOK)
        if opened is None:
            assert self._before is not None, "what was never run is not skipped"
            status = progress.skipped(self._before, self._run)
            name, task, etag = self._database.name, self._task.id, self._contents.etag
            return Done(status, self._chain, BackupSkipped(name, task, self._occurrence, self.started_at, etag))
        self._note_start(opened)
        try:
            writer = await self._write(opened)
            await self._read_back(opened, writer.manifest)
        except (NoLongerWanted, OSError, ValueError) as error:
            await self._outside(partial(self._remove, opened, error), costs.LOOK)
            raise
        except BaseException:
            opened.upload.abandon()  # a crash: the file stays as it is
            raise
        if self.places.remotes:
            await self._send(opened, writer.manifest)
        return self._success(opened, writer.manifest)

    def failure(self, error: str) -> Status:
        """The status after an error (rule 9.11)."""
        return progress.failed(self._before, self._run, error, self._member.wall(), self._duration, self.sent)

    @property
    def is_full(self) -> bool:
        """Whether it is, or was to be, a full backup."""
        return self._run.full

    @property
    def keys(self) -> tuple[Key, ...]:
        """What its file was written under; () for a plain one."""
        return () if self._key is None else (self._key,)

    @property
    def occurrence(self) -> int:
        """The occurrence it answers."""
        return self._occurrence

    # ---- the steps

    async def _outside(self, work: Callable[[], T], cost: int) -> T:
        """Do something at the destination, which may be slower than it should."""
        return await self._member.outside(work, cost * slowness(self.places.base))

    def _open(self) -> Opened | None:
        """Look at the destination, decide for the last time whether it is full, and begin the file; None: skip it."""
        if not self.places.path:
            for folder in self.places.base.folders():
                self.places.base.delete_folder(folder)  # a crash left it
        self._key = self._key_of(full=self._run.full)
        chain = self._continued() if not self._run.full else None
        if chain is None and not self._run.full:  # rule 8.7: there is nothing here to build on
            self._run = progress.Begun(
                self._run.task_id,
                self._run.kind,
                self._run.node,
                self._run.started_at,
                True,
                self._run.raft_index,
                self._run.operation,
            )
            self._key = self._key_of(full=True)
        if chain is not None and chain == self._chain and self._is_unchanged():
            return None
        folder, file = self._names(chain)
        held = self._contents.size_after(chain.last_etag if chain is not None else 0)
        size = held.bytes
        if self._is_snapshot:
            size = costs.SNAPSHOT_PAGES * (size + sum(len(content) for _, content in self._indexes))
        return Opened(folder, file, self.places.base.start(f"{folder}/{file}"), chain, held.items, size)

    def _looked(self, look: Callable[[Destination], tuple[str, ...]]) -> list[tuple[Destination, tuple[str, ...]]]:
        """What the places hold, as far as they give it back; a cloud out of reach is passed over if another is not."""
        found: list[tuple[Destination, tuple[str, ...]]] = []
        errors: list[DestinationError] = []
        for place, path in self.places.lasting:
            try:
                if place.gives_back:
                    found.append((place, look(place)))
            except DestinationError as error:
                if path == self.places.path:
                    raise
                errors.append(error)
        if errors and not found:
            raise errors[0]
        return found

    @property
    def _is_snapshot(self) -> bool:
        return self._run.full and self._task.kind is Kind.SNAPSHOT

    def _key_of(self, *, full: bool) -> Key | None:
        """The key that such a file is to be written with. KeyRefused (rule 13.3)."""
        return key_to_write(
            self._task.encryption, self._database.key, snapshot=full and self._task.kind is Kind.SNAPSHOT
        )

    def _continued(self) -> Chain | None:
        """The chain that an incremental continues, if it is whole as far as can be seen and of this very copy."""
        chain, before = self._chain, self._before
        if chain is None or before is None or before.folder != chain.folder:
            return None
        if chain.copy != self._contents.database_id or chain.raft_index > self._run.raft_index:
            return None  # the file before holds what this node, just restarted, has not heard of yet
        looked = [(place, _finished(files)) for place, files in self._looked(partial(_files_in, chain.folder))]
        for _, files in looked:
            if chain.file not in files or not any(files.values()):
                return None
        if not looked:  # nobody can look into a vault: the ledger's word is all there is
            return chain
        place, here = looked[0]
        if not self._has_our_key(place, chain):
            return None  # the task was edited: one key opens one chain
        for file in here:
            if (
                file > chain.file
                and len(looked) == len(self.places.lasting)
                and all(file in files for _, files in looked)
            ):
                chain = self._adopted(place, chain, file)  # finished just before a crash, and forgotten
        return chain

    def _has_our_key(self, place: Destination, chain: Chain) -> bool:
        """Whether the chain is encrypted as the next file is to be."""
        parsed = names.parse_file(chain.file, UTC)
        if parsed is None or parsed.snapshot:
            return True  # a snapshot is as its database is (rule 13.4), whatever the task says
        if not parsed.encrypted or self._key is None:
            return parsed.encrypted == (self._key is not None)
        return is_opened_by(opening_of(place.read(f"{chain.folder}/{chain.file}")), self._key)

    def _adopted(self, place: Destination, chain: Chain, file: str) -> Chain:
        try:
            found = read_manifest(file, self._read(place, f"{chain.folder}/{file}"))
        except (UnreadableBackup, WrongKey, NoKey):  # not one of ours
            return chain
        if (found.previous, found.from_etag, found.database_id) != (chain.file, chain.last_etag, chain.copy):
            return chain
        return Chain(chain.folder, file, found.last_etag, chain.copy, found.raft_index)

    def _read(self, place: Destination, name: str) -> Iterable[bytes]:
        """What a file holds, under our key if it is encrypted."""
        return plain(name.rpartition("/")[2], place.read(name), self.keys)

    def _is_unchanged(self) -> bool:
        """Rule 9.7."""
        assert self._before is not None, "an incremental goes on from a status"
        return (self._contents.etag, self._contents.change_vector.text(), self._run.raft_index) == (
            self._before.last_etag,
            self._before.last_change_vector,
            self._before.last_raft_index,
        )

    def _names(self, chain: Chain | None) -> tuple[str, str]:
        """Folder and file (rules 11.1 to 11.5)."""
        kind, zone = self._task.kind, self._member.zone
        if chain is not None:
            list_files = partial(_files_in, chain.folder)
            taken = [file for _, files in self._looked(list_files) for file in files]
            name = partial(_file_name, kind, False, self._key is not None, zone)
            return chain.folder, names.first_free(name, self.started_at, taken)[0]

        def folder_at(at: int) -> str:
            return names.folder_name(self._database.name, self._member.name, kind, at, zone)

        others = [folder for _, folders in self._looked(lambda place: place.folders()) for folder in folders]
        folder, at = names.first_free(folder_at, self.started_at, others)
        return folder, names.file_name(kind, True, at, zone, encrypted=self._key is not None)

    def _note_start(self, opened: Opened) -> None:
        self._member.note(
            BackupStarted(
                self._database.name,
                self._task.id,
                self._occurrence,
                self.started_at,
                self._run.full,
                self.places.path,
                opened.folder,
                opened.file,
                self._contents.etag,
                combined(self._contents.fingerprint_sum, self._values),
                self._by_hand,
                tuple(remote.address for remote in self.places.remotes),
            )
        )

    def _writer(self, opened: Opened) -> Writer | SnapshotWriter:
        """Incrementals of a Snapshot task are logical backups (rule 11.6)."""
        chain = opened.chain
        if self._is_snapshot:
            settings = self._task.snapshot
            return SnapshotWriter(
                self._contents,
                record_of(self._database),
                file=opened.file,
                database=self._database.name,
                task_id=self._task.id,
                started_at=self.started_at,
                raft_index=self._run.raft_index,
                values=self._values,
                indexes=() if settings.exclude_indexes else self._indexes,
                level=0 if settings.compression == "None" else DEFLATE[settings.level],
            )
        return Writer(
            self._contents,
            record_of(self._database),
            file=opened.file,
            database=self._database.name,
            task_id=self._task.id,
            started_at=self.started_at,
            raft_index=self._run.raft_index,
            from_etag=chain.last_etag if chain is not None else None,
            from_raft_index=chain.raft_index if chain is not None else 0,
            previous=chain.file if chain is not None else "",
            values=self._values,
        )

    async def _write(self, opened: Opened) -> Writer | SnapshotWriter:
        """Write the file in slices, so that there is time for things to happen in between."""
        writer = self._writer(opened)
        chunks = writer.chunks()
        if self._key is not None:
            luck = self._member.dice("encryption", self._run.operation)  # one header for each run of each life
            chunks = encrypted(chunks, self._key, bytes(luck.below(256) for _ in range(HEADER)))
        count = costs.slices(opened.items)
        self._has_written(opened, 0, count)

        def write_up_to(taken: int) -> None:
            while writer.taken < taken and (chunk := next(chunks, None)) is not None:
                write(chunk)

        def write_rest() -> None:
            for chunk in chunks:
                write(chunk)

        def write(chunk: bytes) -> None:
            opened.upload.write(chunk)
            self._length += len(chunk)

        cost = costs.START
        for number in range(1, count + 1):
            self._need_wanted()
            cost += costs.write_slice(opened.items, opened.size)
            step = write_rest if number == count else partial(write_up_to, opened.items * number // count)
            await self._outside(step, cost)
            self._has_written(opened, number, count)
            cost = 0
        self._need_wanted()
        await self._outside(opened.upload.finish, costs.FINISH)
        return writer

    def _has_written(self, opened: Opened, slices: int, of: int) -> None:
        items, size = opened.items * slices // of, opened.size * slices // of
        self.progress = actions.Progress(items, opened.items, size, opened.size, verifying=slices == of)

    async def _read_back(self, opened: Opened, written: Manifest) -> None:
        """A file counts when what the destination gives back is what was written."""

        check = partial(self._check, opened, written, self.places.base)
        await self._outside(check, costs.read_back(opened.size))

    def _check(self, opened: Opened, written: Manifest, place: Destination) -> None:
        if read_manifest(opened.file, self._read(place, f"{opened.folder}/{opened.file}")) != written:
            raise DamagedBackup(opened.file, "read back, it says other things of itself than were written")

    async def _send(self, opened: Opened, written: Manifest) -> None:
        """To every cloud (rule 9.6e); then what was only for that goes (rule 9.6f). NotEverywhere, NoLongerWanted."""
        parcel = Parcel(
            self._database.name,
            self._task.id,
            self.started_at,
            self._run.full,
            opened.folder,
            opened.file,
            opened.items,
            opened.size,
            self._length,
        )
        uploads = Uploads(
            self._member,
            self._rules,
            self.places.base,
            parcel,
            partial(self._check, opened, written),
            self._is_wanted,
            self._plain_error,
            self._before.uploads if self._before is not None else (),
        )
        try:
            self.sent = await uploads.send(self.places.remotes)
        except NoLongerWanted:  # rule 9.12: nothing of it is kept
            await self._outside(partial(withdraw, self.places.remotes, parcel.name), costs.LOOK)
            await self._outside(partial(self.places.base.delete, parcel.name), costs.LOOK)
            raise
        if not self.places.path:
            await self._outside(partial(self.places.base.delete_folder, opened.folder), costs.LOOK)
        failed = [each.address for each in self.sent if each.error]
        if failed:
            kept = " and ".join(path for _, path in self.places.lasting if path not in failed)
            raise NotEverywhere(
                "; ".join(uploads.given_up),
                f"{len(failed)} of {len(self.sent)} upload{'s' if len(self.sent) > 1 else ''} failed, and with that the backup",
                f"the file is in {kept or 'no place'}, and the next run tries all of them again",
            )

    def _remove(self, opened: Opened, error: Exception) -> None:
        try:
            opened.upload.discard()
            if not isinstance(error, FileExistsError):
                self.places.base.delete(f"{opened.folder}/{opened.file}")
        except OSError:  # the place is out of order: what is left there is no part of any chain
            opened.upload.abandon()

    def _need_wanted(self) -> None:
        if not self._is_wanted():
            raise NoLongerWanted

    def _success(self, opened: Opened, manifest: Manifest) -> Done:
        duration = self._duration
        status = progress.succeeded(self._before, self._run, manifest, opened.folder, opened.file, duration, self.sent)
        chain = Chain(opened.folder, opened.file, manifest.last_etag, manifest.database_id, manifest.raft_index)
        note = BackupFinished(
            self._database.name,
            self._task.id,
            self.started_at,
            self._run.full,
            opened.folder,
            opened.file,
            manifest.documents,
            manifest.tombstones,
            duration,
        )
        return Done(status, chain, note)


def _files_in(folder: str, place: Destination) -> tuple[str, ...]:
    return place.files(folder)


def _finished(files: Iterable[str]) -> dict[str, bool]:
    """Those of a folder's files that are backups and finished, in order, each with whether it is full."""
    found = ((file, names.parse_file(file, UTC)) for file in files)
    return {file: parsed.full for file, parsed in found if parsed is not None and not parsed.in_progress}


def _file_name(kind: Any, full: bool, encrypted: bool, zone: ZoneInfo, at: int) -> str:
    return names.file_name(kind, full, at, zone, encrypted=encrypted)


def record_of(database: Database) -> dict[str, Any]:
    """The database record as it stands in a file: a JSON object (rule 18.4), without any key."""
    topology = database.topology
    return {
        "DatabaseName": database.name,
        "Encrypted": database.key is not None,
        "Topology": {
            "Members": list(topology.members),
            "Promotables": list(topology.promotables),
            "Rehabs": list(topology.rehabs),
            "ReplicationFactor": topology.replication_factor,
        },
        "PeriodicBackups": [task_json(task) for task in database.tasks.values()],
    }
