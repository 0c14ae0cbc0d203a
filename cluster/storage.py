"""Term, vote, log and snapshot of a node in one file: written frame by frame, recovered after a torn last write.

The file is one byte of format version, then frames: length u32, CRC-32 u32 (both big-endian), and the record as written
by `cluster.wire`. One `Save` is one frame, so term and vote are never separated (zoo D2), and a log is cut by the index
after which the new entries stand (zoo D6). The CRC covers the length too, and frames are numbered, so a missing or
repeated frame is detected. Recovery checks frames and whether they fit together, not the rules of voting.

A snapshot begins a new file, with the entries that the log still has, and that file replaces the old one atomically:
the log's beginning is never gone before the snapshot is there.
"""

from collections.abc import Callable
from struct import Struct
from zlib import crc32

from cluster.ports import DiskPort
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Reconfiguration, Request, Snapshot
from cluster.raft.state import Save, SaveSnapshot
from cluster.value import value
from cluster.wire import Codec, WireError

VERSION = 1
WITH_SNAPSHOT = 2
"""The version of a file that begins with a snapshot; the format is otherwise the same."""
FILE = "raft.log"
HEADER = Struct(">II")
LENGTH = Struct(">I")


class StorageDamaged(ValueError):
    """What was durable differs from what was written. No part of the file can be trusted, so nothing was read from it."""


class StorageTooNew(ValueError):
    """The file was written by a later version of unkindness. It was not changed."""


@value
class SaveFrame:
    """The frame of a `Save`."""

    number: int
    """The number of the frame in the file, from 1, counting every kind."""
    term: int
    vote: str | None
    after: int
    """The log is cut to this index, then extended by `entries`; -1 leaves it as it is."""
    entries: tuple[Entry, ...]
    commit: int
    """The commit index that was known when this was written."""


@value
class CommitRecord:
    """A frame that only holds the commit index, written when no Save comes in time to hold it."""

    number: int
    """As in `SaveFrame`."""
    commit: int


@value
class SnapshotRecord:
    """The first frame of a file that begins with a snapshot. The frame after it was written together with it."""

    number: int
    """Always 1."""
    snapshot: Snapshot
    base: int
    """The log after it begins behind this entry, which is at or before the snapshot's."""
    base_term: int


RECORDS = Codec((SaveFrame, Entry, Request, CommitRecord, Configuration, Reconfiguration, SnapshotRecord, Snapshot))


@value
class RecoveredFile:
    """What a file holds: all that was synced, and possibly more."""

    term: int
    vote: str | None
    log: Log
    commit: int
    """The commit index that the node knew: it may apply the log up to here before it hears from any other node."""
    torn_bytes: int
    """Length in bytes of an unfinished last write, which does not count."""
    frames: int
    """How many frames were read."""
    snapshot: Snapshot | None = None


class Storage:
    """The open file of one incarnation. `Storage.open` makes it."""

    def __init__(self, disk: DiskPort, file: str, recovered: RecoveredFile, failed: Callable[[OSError], None]) -> None:
        self._disk = disk
        self._file = file
        self._frames = recovered.frames
        self._written = (recovered.term, recovered.vote)
        self._commit = recovered.commit
        self._failed = failed
        self._sound = True

    @classmethod
    def open(
        cls, disk: DiskPort, failed: Callable[[OSError], None], file: str = FILE
    ) -> tuple["Storage", RecoveredFile]:
        """Recover the file, cut its torn end or create it, and return it ready for saves.

        `failed(error)` is called once if a write or a sync fails: the node must stop, since nothing that is not yet
        durable will become so. A failed write calls it from inside `open` or `save`. Raises what `recover` raises.
        """
        try:
            content = disk.read(file)
        except FileNotFoundError:
            content = b""
        recovered = recover(content, file)
        storage = cls(disk, file, recovered, failed)
        if not content:
            storage._attempt(lambda: disk.replace(file, bytes([VERSION])))  # atomic: the version byte is never torn
        elif recovered.torn_bytes:
            storage._attempt(lambda: disk.truncate(file, len(content) - recovered.torn_bytes))
        return storage, recovered

    def save(self, save: Save, done: Callable[[], None], commit: int = 0) -> None:
        """Write one frame, or none if the Save says nothing new; call `done` when it and all before it are durable.

        The frame also holds `commit`, the known commit index. After a failure `done` is never called again, even if a
        later sync succeeds (zoo D4).
        """
        vote = (save.term, save.vote)
        if save.after >= 0 or vote != self._written:
            if commit > self._commit:
                self._commit = commit
            if not self._append(SaveFrame(self._frames + 1, *vote, save.after, save.entries, self._commit)):
                return
            self._written = vote
        if self._sound:
            self._disk.sync(lambda: done() if self._sound else None, self._give_up)

    def save_snapshot(self, save: SaveSnapshot, done: Callable[[], None], commit: int) -> None:
        """Begin a new file with the snapshot and the entries that the log has after it; call `done` when that is durable.

        After a crash before that there is the old file, whole, or the new one.
        """
        if not self._sound:
            return
        log = save.log
        first = SnapshotRecord(1, save.snapshot, log.base, log.base_term)
        entries = log.slice(log.base + 1, log.last_index)
        rest = SaveFrame(2, save.term, save.vote, log.base, entries, commit)
        try:
            self._disk.replace(self._file, bytes([WITH_SNAPSHOT]) + _frame(first) + _frame(rest))
        except OSError as error:
            self._give_up(error)
            return
        self._frames, self._written, self._commit = 2, (save.term, save.vote), commit
        self._disk.sync(lambda: done() if self._sound else None, self._give_up)

    def committed(self, index: int) -> None:
        """Write the commit index, unless a Save has done so. Nothing waits until it is durable."""
        if index > self._commit and self._append(CommitRecord(self._frames + 1, index)):
            self._commit = index
            self._disk.sync(_nothing, self._give_up)

    def _append(self, record: SaveFrame | CommitRecord) -> bool:
        """Write the frame; return whether that succeeded. After a failure no frame is written, so that none follows a gap."""
        if not self._sound:
            return False
        try:
            self._disk.append(self._file, _frame(record))
        except OSError as error:
            self._give_up(error)
            return False
        self._frames = record.number
        return True

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._sound:
            self._sound = False
            self._failed(error)


def recover(content: bytes, file: str = FILE) -> RecoveredFile:
    """Term, vote, log and snapshot in the content of a file; the initial state if it is empty.

    A last frame that is incomplete or does not match its checksum was never promised: it is left out and counted.
    Raises StorageTooNew for a later format, StorageDamaged for damage anywhere before.
    """
    if not content:
        return RecoveredFile(0, None, Log.of(), commit=0, torn_bytes=0, frames=0)
    if content[0] > WITH_SNAPSHOT:
        raise StorageTooNew(
            f"{file} has format {content[0]}, and this version of unkindness knows none after {WITH_SNAPSHOT}: "
            "start the node with the version that wrote it"
        )
    if content[0] not in (VERSION, WITH_SNAPSHOT):
        raise _damaged(file, 0, f"begins with byte {content[0]}, which is no format")
    view = memoryview(content)
    begun = _begun(file, content, view) if content[0] == WITH_SNAPSHOT else None
    term, vote, entries = 0, None, list[Entry]()
    base, base_term = (begun.base, begun.base_term) if begun is not None else (0, 0)
    snapshot = begun.snapshot if begun is not None else None
    commit = snapshot.index if snapshot is not None else 0
    offset, frames, last = 1, 0, base
    while (end := _frame_end(view, offset)) is not None:
        record = _record(file, content, offset, end)
        frames += 1
        if record.number != frames:
            raise _damaged(file, offset, f"has frame {record.number} where frame {frames} should stand")
        if isinstance(record, SnapshotRecord):
            if frames > 1 or begun is None:
                raise _damaged(file, offset, "holds a snapshot, which only stands at the beginning of a file")
            offset = end
            continue
        if isinstance(record, CommitRecord):
            if record.commit > last:
                raise _damaged(file, offset, f"commits up to {record.commit}, but the log ends at {last}")
            commit, offset = record.commit, end
            continue
        if begun is not None and frames == 2:
            if record.after != base or base + len(record.entries) < commit:
                raise _damaged(file, offset, f"lacks a part of the log between {base} and its snapshot of {commit}")
        elif 0 <= record.after < commit:
            raise _damaged(file, offset, f"cuts the log to {record.after}, but it is committed up to {commit}")
        if record.after > last:
            raise _damaged(file, offset, f"puts entries after {record.after}, but the log ends at {last}")
        term, vote = record.term, record.vote
        if record.after >= 0:
            entries[record.after - base :] = record.entries
            last = base + len(entries)
        if record.commit > last:
            raise _damaged(file, offset, f"commits up to {record.commit}, but the log ends at {last}")
        commit = max(commit, record.commit)
        offset = end
    for later in range(offset + 1, len(content) - HEADER.size):
        if _frame_end(view, later) is not None:
            raise _damaged(file, offset, f"has no sound frame here, but one at {later}, so this is no torn end")
    log = Log.of(entries, base, base_term)
    return RecoveredFile(term, vote, log, commit, len(content) - offset, frames, snapshot)


def _begun(file: str, content: bytes, view: memoryview) -> SnapshotRecord:
    """The snapshot with which a file begins. This frame and the next are never torn: the file was put in place with them."""
    first = _frame_end(view, 1)
    if first is None or _frame_end(view, first) is None:
        raise _damaged(file, 1, "should begin with a snapshot and the log behind it, and does not")
    record = _record(file, content, 1, first)
    if not isinstance(record, SnapshotRecord):
        raise _damaged(file, 1, f"begins with a {type(record).__name__} where a snapshot should be")
    if crc32(record.snapshot.content) != record.snapshot.checksum:
        raise _damaged(file, 1, "holds a snapshot that does not match its own checksum")
    if not isinstance(_record(file, content, first, _frame_end(view, first) or 0), SaveFrame):
        raise _damaged(file, first, "has no log behind its snapshot")
    return record


def _nothing() -> None:
    """Do nothing when the frame is durable."""


def _frame_end(content: memoryview, offset: int) -> int | None:
    """The offset at which the sound frame that begins at `offset` ends; None if there is no sound frame."""
    if offset + HEADER.size > len(content):
        return None
    length: int
    length, checksum = HEADER.unpack_from(content, offset)
    end = offset + HEADER.size + length
    if not length or end > len(content) or checksum != _checksum(content[offset + HEADER.size : end]):
        return None
    return end


def _frame(record: SaveFrame | CommitRecord | SnapshotRecord) -> bytes:
    payload = RECORDS.encode(record)
    length = len(payload)
    return HEADER.pack(length, crc32(payload, crc32(LENGTH.pack(length)))) + payload


def _checksum(payload: bytes | memoryview) -> int:
    return crc32(payload, crc32(LENGTH.pack(len(payload))))


def _record(file: str, content: bytes, offset: int, end: int) -> SaveFrame | CommitRecord | SnapshotRecord:
    try:
        record = RECORDS.decode(content[offset + HEADER.size : end])
    except WireError as error:
        raise _damaged(file, offset, f"holds a frame that matches its checksum and is no record ({error})") from error
    if not isinstance(record, SaveFrame | CommitRecord | SnapshotRecord):
        raise _damaged(file, offset, f"holds a {type(record).__name__} where a record should be")
    return record


def _damaged(file: str, offset: int, what: str) -> StorageDamaged:
    return StorageDamaged(
        f"{file} at byte {offset} {what}: take the node out of the cluster, wipe its disk and add it as a new one"
    )
