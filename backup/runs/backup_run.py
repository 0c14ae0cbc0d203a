"""The steps of one run, from the frozen copy to the file that was read back (rules 6.1, 8.7, 9.6 to 9.12, 11, 18.4).

A crash may leave an unfinished file at a destination; an error leaves nothing. When a run is due is decided in
scheduler.py, how many may run in runner.py, which chain it continues in chain.py; status_reporter.py reports it.
"""

from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any, TypeVar

import attrs

from backup.content.encryption import HEADER, encrypted, plain
from backup.content.logical import LogicalWriter, read_manifest
from backup.content.manifest import DamagedBackup, FileKind, Manifest, begun_manifest
from backup.content.snapshot import SnapshotWriter
from backup.database.agreed_values import Values, combined, kept_by
from backup.destinations import io_costs
from backup.destinations.faults import time_at
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import Destination, DestinationError, delete_if_empty
from backup.notes import BackupFinished, BackupSkipped, BackupStarted, UploadFailed, UploadRepeated
from backup.record.encryption_keys import Key
from backup.record.record import ONE_TIME, Database, Sent, Status
from backup.record.rules import Rules
from backup.record.task_json import task_json
from backup.requests import answers
from backup.runs import run_status
from backup.runs.chain import chain_to_continue, free_names, looked_at
from backup.runs.local_status import ChainEnd, UnfinishedFiles
from backup.runs.run_inputs import RunInputs, RunPlaces
from backup.runs.uploads import BackupFile, NoLongerWanted, Uploads, is_last_attempt, pause, withdraw
from cluster.member import Member
from cluster.trace import Note
from cluster.value import value

T = TypeVar("T")
DEFLATE = {"NoCompression": 0, "Fastest": 1, "Optimal": 6, "SmallestSize": 9}
"""Levels of deflate by their .NET names (rule 6.1). A task that asks for Zstd gets deflate too, so that any unzip reads it."""


@value
class RunOutcome:
    """The outcome of a run."""

    status: Status
    chain: ChainEnd | None
    note: Note


class NotEverywhere(DestinationError):
    """Some of the clouds did not take the file, so the run has failed (rule 9.8)."""


class BackupRun:
    """One run of a backup task."""

    def __init__(
        self,
        member: Member,
        rules: Rules,
        inputs: RunInputs,
        find_places: Callable[[], Awaitable[RunPlaces]],
        plain_error: Callable[[BaseException], str],
        is_wanted: Callable[[], bool],
        unfinished: UnfinishedFiles,
    ) -> None:
        """`find_places` returns where the file is to go, `plain_error` the text of an error without real paths.

        `unfinished`: what earlier runs of the task may have left.
        """
        self._unfinished = unfinished
        self._member = member
        self._rules = rules
        self._inputs = inputs
        self._find_places = find_places
        self._plain_error = plain_error
        self._is_wanted = is_wanted
        self.places = RunPlaces(MemoryDestination(), "")
        self._length = 0
        """Bytes of the file."""
        self.sent: tuple[Sent, ...] = ()
        """The outcome of each upload."""
        self._values = kept_by(inputs.database.values, inputs.contents.policies)
        self._began = member.monotonic()
        self.occurrence = run_status.answered_occurrence(inputs.task, inputs.plan, inputs.started_at, member.zone)
        """Wall µs of the occurrence that this run answers."""
        self.progress: answers.RunProgress | None = None
        """How far the run has come; None before its file is begun."""
        self._key: Key | None = None
        """The key of the file; known once the file is opened. None: it is not encrypted."""
        self._run = inputs.begun(member.name)
        """The facts of this run's start; whether it is full is final once its file is opened."""

    @property
    def _duration(self) -> int:
        return self._member.monotonic() - self._began

    async def do(self) -> RunOutcome:
        """Do the run. If it raises NoLongerWanted, OSError or ValueError, no file is left behind (rule 9.6c)."""
        self.places = await self._find_places()
        target = await self._opened()
        if target is None:
            self._need_wanted()
            return self._skipped()
        try:
            self._need_wanted()  # a node may hear while it looks that the task is disabled, or another's
            self._note_start(target)
            writer = await self._write(target)
            await self._read_back(target, writer.manifest)
        except (NoLongerWanted, OSError, ValueError) as error:
            await self._outside(partial(self._remove, target, error), io_costs.LOOK)
            raise
        except BaseException:
            target.upload.abandon()  # the node crashes: the file stays as it is
            raise
        if self.places.remotes:
            await self._send(target, writer.manifest)
        return self._success(target, writer.manifest)

    def failure(self, error: str) -> Status:
        """The task's status after this run failed with `error` (rule 9.11)."""
        before, now = self._inputs.before, self._member.wall()
        return run_status.status_after_failure(before, self._run, error, now, self._duration, self.sent)

    @property
    def is_full(self) -> bool:
        """Whether the run is, or was meant to be, a full backup."""
        return self._run.full

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key its file was written under; () if the file is not encrypted."""
        return () if self._key is None else (self._key,)

    # ---- the steps

    async def _outside(self, work: Callable[[], T], cost: int) -> T:
        """Do `work` at the destination, which may be slower than usual."""
        return await self._member.outside(work, time_at(self.places.base, cost), in_memory=self.places.in_memory)

    async def _opened(self) -> BackupFile | None:
        """Begin the file, as `_open` does. If no place can be reached but clouds, it is tried as often as an upload is."""
        inputs, rules = self._inputs, self._rules
        for attempt in range(1, rules.upload_attempts + 1):
            try:
                return await self._member.outside(
                    self._open, self.places.time_to_look(io_costs.LOOK), in_memory=self.places.in_memory
                )
            except DestinationError as error:
                address = self.places.cloud_of(error)
                if not address:
                    raise
                self._need_wanted()
                why = self._plain_error(error)
                about = (inputs.database.name, inputs.task.id, inputs.started_at, address)
                if is_last_attempt(attempt, rules):
                    self._member.note(UploadFailed(*about, why))
                    raise
                self._member.note(UploadRepeated(*about, attempt, why))
                await pause(self._member, rules, is_real=self.places.are_real)
        raise AssertionError("the last attempt returns or raises")

    def _open(self) -> BackupFile | None:
        """Look at the destination, decide finally whether the run is full, and begin the file; None: skip the run."""
        inputs, places = self._inputs, self.places
        places.clear()
        self._key = inputs.key_of(full=self._run.full)
        look = cache(partial(looked_at, inputs, places))
        chain = chain_to_continue(inputs, places, look, self._key, self._rules) if not self._run.full else None
        if chain is None and not self._run.full:  # rule 8.7: there is nothing here to build on
            self._run = attrs.evolve(self._run, full=True)
            self._key = inputs.key_of(full=True)
        if chain is not None and chain == inputs.chain and inputs.is_unchanged:
            return None
        folder, file = free_names(inputs, self._member.name, self._member.zone, places, chain, look, self._key)
        held = inputs.contents.size_after(chain.last_etag if chain is not None else 0)
        size = held.bytes
        if inputs.is_snapshot(full=self._run.full):
            size = io_costs.SNAPSHOT_PAGES * (size + sum(len(content) for _, content in inputs.indexes))
        return BackupFile(folder, file, places.base.start(f"{folder}/{file}"), chain, held.items, size)

    def _note_start(self, target: BackupFile) -> None:
        inputs, places = self._inputs, self.places
        about = (inputs.database.name, inputs.task.id, self.occurrence, inputs.started_at, self._run.full)
        where = (places.path, target.folder, target.file)
        held = (inputs.contents.etag, combined(inputs.contents.fingerprint_sum, self._values))
        clouds = tuple(remote.address for remote in places.remotes)
        self._member.note(BackupStarted(*about, *where, *held, inputs.plan.by_hand, clouds))

    async def _write(self, target: BackupFile) -> LogicalWriter | SnapshotWriter:
        """Write the file in slices, so that other events can happen in between."""
        writer = writer_of(self._inputs, self._values, target.chain, target.file, full=self._run.full)
        chunks = writer.chunks()
        if self._key is not None:
            luck = self._member.dice("encryption", self._run.operation)  # one header for each run of each life
            chunks = encrypted(chunks, self._key, bytes(luck.below(256) for _ in range(HEADER)))
        count = io_costs.slices(target.items)
        self._has_written(target, 0, count)

        def write_up_to(taken: int | None) -> None:
            while (taken is None or writer.taken < taken) and (chunk := next(chunks, None)) is not None:
                target.upload.write(chunk)
                self._length += len(chunk)

        cost = io_costs.START
        for number in range(1, count + 1):
            self._need_wanted()
            cost += io_costs.write_slice(target.items, target.size)
            taken = None if number == count else target.items * number // count
            await self._outside(partial(write_up_to, taken), cost)
            self._has_written(target, number, count)
            cost = 0
        self._need_wanted()
        await self._outside(target.upload.finish, io_costs.FINISH)
        return writer

    def _has_written(self, target: BackupFile, slices: int, of: int) -> None:
        items, size = target.items * slices // of, target.size * slices // of
        self.progress = answers.RunProgress(items, target.items, size, target.size, verifying=slices == of)

    async def _read_back(self, target: BackupFile, written: Manifest) -> None:
        """Read the file back: it counts only if the destination gives back what was written."""
        await self._outside(partial(self._check, target, written, self.places.base), io_costs.read_back(target.size))

    def _check(self, target: BackupFile, written: Manifest, place: Destination) -> None:
        content = place.read(target.name)
        if read_manifest(target.file, plain(target.file, content, self.keys)) != written:
            raise DamagedBackup(target.file, "read back, it says other things of itself than were written")

    async def _send(self, target: BackupFile, written: Manifest) -> None:
        """Send the file to every cloud (rule 9.6e), then delete it if it was temporary (rule 9.6f).

        NotEverywhere if a cloud did not take it, NoLongerWanted if the run was ended.
        """
        uploads = Uploads(
            self._member,
            self._rules,
            self.places.base,
            target,
            self._length,
            written,
            partial(self._check, target, written),
            self._is_wanted,
            self._plain_error,
            {each.address: each for each in self._inputs.before.uploads} if self._inputs.before is not None else {},
            self._unfinished,
        )
        try:
            self.sent = await uploads.send(self.places.remotes)
        except NoLongerWanted:  # rule 9.12: no part of the file is kept
            await self._outside(partial(withdraw, self.places.remotes, target.name), io_costs.LOOK)
            await self._outside(partial(self.places.base.delete, target.name), io_costs.LOOK)
            raise
        if not self.places.path:
            await self._outside(partial(self.places.base.delete_folder, target.folder), io_costs.LOOK)
        failed = [each.address for each in self.sent if each.error]
        if failed:
            kept = " and ".join(path for _, path in self.places.lasting if path not in failed)
            raise NotEverywhere(
                "; ".join(uploads.given_up),
                f"{len(failed)} of {len(self.sent)} upload{'s' if len(self.sent) > 1 else ''} failed, and with that the backup",
                f"the file is in {kept or 'no place'}, and the next run tries all of them again",
            )

    def _remove(self, target: BackupFile, error: Exception) -> None:
        try:
            target.upload.discard()
            if not isinstance(error, FileExistsError):
                self.places.base.delete(target.name)
            delete_if_empty(self.places.base, target.folder)  # that of a full backup
        except OSError:  # the destination cannot be reached: the unfinished file left there is no part of any chain
            target.upload.abandon()

    def _need_wanted(self) -> None:
        if not self._is_wanted():
            raise NoLongerWanted

    def _skipped(self) -> RunOutcome:
        inputs = self._inputs
        assert inputs.before is not None, "what was never run is not skipped"
        status = run_status.status_after_skip(inputs.before, self._run)
        name, task, etag = inputs.database.name, inputs.task.id, inputs.contents.etag
        return RunOutcome(status, inputs.chain, BackupSkipped(name, task, self.occurrence, inputs.started_at, etag))

    def _success(self, target: BackupFile, manifest: Manifest) -> RunOutcome:
        inputs, run, duration, where = self._inputs, self._run, self._duration, (target.folder, target.file)
        status = run_status.status_after_success(inputs.before, run, manifest, *where, duration, self.sent)
        if inputs.task.id == ONE_TIME:
            status = attrs.evolve(status, destinations=tuple(block.word for block in inputs.task.usable))
        chain = ChainEnd(*where, manifest.last_etag, manifest.database_id, manifest.raft_index)
        about = (inputs.database.name, inputs.task.id, inputs.started_at, run.full)
        note = BackupFinished(*about, *where, manifest.documents, manifest.tombstones, duration)
        return RunOutcome(status, chain, note)


# ---- the file ----


def writer_of(
    inputs: RunInputs, values: Values, chain: ChainEnd | None, file: str, *, full: bool
) -> LogicalWriter | SnapshotWriter:
    """The writer of the file: a full one, or the next of that chain."""
    manifest = begun_manifest(
        inputs.contents,
        file=file,
        database=inputs.database.name,
        task_id=inputs.task.id,
        started_at=inputs.started_at,
        raft_index=inputs.database.raft_index,
        from_etag=chain.last_etag if chain is not None else None,
        from_raft_index=chain.raft_index if chain is not None else 0,
        previous=chain.file if chain is not None else "",
        snapshot=inputs.is_snapshot(full=full),
    )
    if manifest.kind is not FileKind.SNAPSHOT:
        return LogicalWriter(inputs.contents, record_of(inputs.database), manifest, values)
    settings = inputs.task.snapshot
    return SnapshotWriter(
        inputs.contents,
        record_of(inputs.database),
        manifest,
        values,
        indexes=() if settings.exclude_indexes else inputs.indexes,
        level=0 if settings.compression == "None" else DEFLATE[settings.level],
    )


def record_of(database: Database) -> dict[str, Any]:
    """The database record as a backup file holds it: a JSON object (rule 18.4), without any key."""
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
