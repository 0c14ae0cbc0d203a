"""The format of a snapshot: the journal of a copy and the data of its indexes in a zip archive that any unzip reads (rule 18.1).

The members are stored in the order in which they are read, each with its size and CRC-32 before it, so that a reader can
stream. The comment of the archive is the SHA-256 of everything before it, so that no bit can change unnoticed.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from backup.content import definitions
from backup.content.manifest import DamagedBackup, Manifest, UnreadableBackup, as_section, from_section
from backup.database import journal
from backup.database.agreed_values import NOTHING, Values
from backup.database.contents import Contents
from backup.database.items import text_of

MAGIC = b"PK\x03\x04"
LOCAL = struct.Struct("<4s5H3I2H")
"""The header of a zip member: signature, version, flags, method, time, date, CRC-32, packed size, size, length of the name,
length of the extra field."""
STREAMED = 0x8
"""The flag of a member whose size stands behind it, as .NET writes archives and we never do."""
PIECE = 1 << 20
"""Approximate size in bytes of a member that holds a part of the journal."""
MOST_AT_ONCE = 1 << 18
"""How many bytes of a member are unpacked at once."""
SMALL, LARGE = 1 << 20, 1 << 28
"""The most bytes of a manifest, and of any other member that is read as a whole."""
SEAL = 64
DOCUMENTS, INDEXES = "Documents/", "Indexes/"
RECORD, VALUES, MANIFEST = "DatabaseRecord.json", "Values.json", "Manifest.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: a constant, so that equal input gives equal bytes."""


class _Sink(io.BytesIO):
    """The file to which `zipfile` writes. It can seek within what was written since the last `taken`, no further back."""

    def __init__(self) -> None:
        super().__init__()
        self._gone = 0

    def tell(self) -> int:
        return self._gone + super().tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._gone + super().seek(offset - self._gone if whence == 0 else offset, whence)

    def taken(self) -> bytes:
        """The bytes that were written since the last call."""
        content = self.getvalue()
        self._gone += len(content)
        super().seek(0)
        self.truncate()
        return content


class SnapshotWriter:
    """Writes one snapshot. Iterate `chunks` once, to the end; then `manifest` is the complete manifest of the file."""

    def __init__(
        self,
        contents: Contents,
        record: Mapping[str, Any],
        manifest: Manifest,
        values: Values = NOTHING,
        *,
        indexes: Iterable[tuple[str, bytes]] = (),
        level: int = 1,
    ) -> None:
        """A writer of the snapshot that `manifest` has begun; `contents`, `record` and `values` as for `LogicalWriter`.

        `indexes`: name and journal frames of each index's data. `level`: of deflate, 0 for no compression.
        """
        self._contents = contents
        self._record = {**record, "Revisions": definitions.revisions_json(values.policies.policies)}
        self._values = values
        self._indexes = tuple(indexes)
        self._level = level
        self.taken = 0
        """How many items were written into the archive so far."""
        size = contents.size
        self.manifest = attrs.evolve(
            manifest,
            documents=size.documents,
            tombstones=size.tombstones,
            revisions=size.revisions,
            attachments=size.attachments,
            identities=len(values.identities),
            exchanged=len(values.exchanged),
        )

    def chunks(self) -> Iterator[bytes]:
        """The archive in chunks. Equal input gives equal bytes in one version of zlib."""
        whole = hashlib.sha256()
        sink = _Sink()
        with zipfile.ZipFile(sink, "w") as archive:
            for name, content in self._members():
                information = zipfile.ZipInfo(name, EPOCH)
                information.compress_type = zipfile.ZIP_DEFLATED if self._level else zipfile.ZIP_STORED
                information.create_system = 3
                archive.writestr(information, content, compresslevel=self._level or None)
                chunk = sink.taken()
                whole.update(chunk)
                yield chunk
            archive.comment = b"0" * SEAL
        tail = sink.taken()[:-SEAL]
        whole.update(tail)
        yield tail + whole.hexdigest().encode()

    def _members(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each member in order. The manifest comes last and holds the hash of all contents before it."""
        seal = hashlib.sha256()
        for name, content in self._contents_of_members():
            seal.update(content)
            yield name, content
        self.manifest = attrs.evolve(self.manifest, content_sha256=seal.hexdigest())
        yield MANIFEST, text_of(as_section(self.manifest)).encode()

    def _contents_of_members(self) -> Iterator[tuple[str, bytes]]:
        number, gathered = 1, bytearray()
        for frame in self._frames():
            gathered += frame
            if len(gathered) >= PIECE:
                yield f"{DOCUMENTS}{number:08d}", bytes(gathered)
                number, gathered = number + 1, bytearray()
        yield f"{DOCUMENTS}{number:08d}", bytes(gathered)
        for place, (_, content) in enumerate(self._indexes, 1):
            yield f"{INDEXES}{place:04d}", content
        yield VALUES, text_of(_values_json(self._values)).encode()
        yield RECORD, text_of(self._record).encode()

    def _frames(self) -> Iterator[bytes]:
        held = self._contents
        state = journal.JournalState(
            held.node,
            held.database_id,
            held.etag,
            held.change_vector,
            held.received,
            held.policies,
            held.forgotten,
        )
        yield journal.encode_state(state)
        yield from map(journal.encode_change, held.blobs())
        for item in held.items():
            self.taken += 1
            yield journal.encode_change(item)


def _values_json(values: Values) -> dict[str, Any]:
    return {
        "Identities": [definitions.identity_json(each) for _, each in sorted(values.identities.items())],
        "CompareExchange": [definitions.exchanged_json(each) for _, each in sorted(values.exchanged.items())],
        "Indexes": [definitions.index_json(each) for _, each in sorted(values.indexes.items())],
    }


class SnapshotReader:
    """Reads one snapshot. Iterate `members` once, to the end: only then is the file known to be whole."""

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        """A reader of the file `name`, whose bytes are `chunks`."""
        self.name = name
        self.manifest: Manifest | None = None
        """The manifest of the file; None until `members` has ended."""
        self._chunks = iter(chunks)
        self._buffer = bytearray()
        self._whole = hashlib.sha256()
        self._is_first = True

    def members(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and content of each member but the manifest; a content has to be read before the next member.

        Raises DamagedBackup, at the end at the latest, if the file is not what was written, and UnreadableBackup if it
        has no manifest.
        """
        seal = hashlib.sha256()
        while self._need(4) and self._buffer[:4] == MAGIC:
            name, pieces = self._member()
            if name == MANIFEST:
                content = joined(self.name, name, pieces, SMALL)
                try:
                    self.manifest = from_section(self.name, json.loads(content))
                except (ValueError, RecursionError) as error:
                    raise DamagedBackup(self.name, f"its manifest is unreadable ({error})") from error
            else:
                rest = _hashed(pieces, seal)
                yield name, rest
                for _ in rest:
                    pass
        while self._more():
            self._pass(max(0, len(self._buffer) - SEAL))
        self._pass(max(0, len(self._buffer) - SEAL))
        if bytes(self._buffer) != self._whole.hexdigest().encode():
            raise DamagedBackup(self.name, "it is not what its seal (SHA-256) was made of, or it was cut short")
        if self.manifest is None:
            raise UnreadableBackup(f"{self.name} has no manifest: this version reads snapshots that it has written")
        if self.manifest.content_sha256 != seal.hexdigest():
            raise DamagedBackup(self.name, "its content is not what its manifest says")

    def _member(self) -> tuple[str, Iterator[bytes]]:
        if not self._need(LOCAL.size):
            raise DamagedBackup(self.name, "it is cut short")
        _, _, flags, method, _, _, crc, packed, size, name_length, extra = LOCAL.unpack_from(self._buffer)
        begin = LOCAL.size + name_length + extra
        if flags & STREAMED and self._is_first:
            raise UnreadableBackup(
                f"{self.name} is a Snapshot of RavenDB's own storage, which only RavenDB reads: restore it there, "
                "and back it up as a logical backup (of type Backup)"
            )
        self._is_first = False
        if flags & ~0x806 or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or not self._need(begin + packed):
            raise DamagedBackup(self.name, "a member in it is no member of a snapshot, or it is cut short")
        name = self._buffer[LOCAL.size : LOCAL.size + name_length].decode("utf-8", "replace")
        content = bytes(self._buffer[begin : begin + packed])
        self._pass(begin + packed)
        return name, self._unpacked(name, content, method == zipfile.ZIP_DEFLATED, size, crc)

    def _unpacked(self, name: str, content: bytes, deflated: bool, size: int, crc: int) -> Iterator[bytes]:
        """The content of a member, piece by piece, no more of it than its header says."""
        given = sum_so_far = 0
        for piece in self._inflated(content) if deflated else iter((content,)):
            given, sum_so_far = given + len(piece), zlib.crc32(piece, sum_so_far)
            if given > size:
                break
            yield piece
        if given != size or sum_so_far != crc:
            raise DamagedBackup(self.name, f"its member {name} is not what its checksum was made of")

    def _inflated(self, content: bytes) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-15)
        try:
            while content and not inflater.eof:
                yield inflater.decompress(content, MOST_AT_ONCE)
                content = inflater.unconsumed_tail
            yield inflater.flush()
        except zlib.error as error:
            raise DamagedBackup(self.name, f"zlib says: {error}") from error

    def _need(self, size: int) -> bool:
        while len(self._buffer) < size:
            if not self._more():
                return False
        return True

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._buffer += chunk
        return True

    def _pass(self, size: int) -> None:
        self._whole.update(self._buffer[:size])
        del self._buffer[:size]


def joined(file: str, member: str, pieces: Iterable[bytes], most: int) -> bytes:
    """The content of a member as a whole. DamagedBackup for more than so many bytes."""
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > most:
            raise DamagedBackup(file, f"its member {member} has more than {most:,} bytes")
    return bytes(content)


def _hashed(pieces: Iterable[bytes], seal: Any) -> Iterator[bytes]:
    for piece in pieces:
        seal.update(piece)
        yield piece


def read_snapshot_manifest(name: str, chunks: Iterable[bytes]) -> Manifest:
    """The manifest of the snapshot `name`, after verifying its seal. Raises DamagedBackup or UnreadableBackup."""
    reader = SnapshotReader(name, chunks)
    for _, pieces in reader.members():
        for _ in pieces:
            pass
    assert reader.manifest is not None, "it has been read to its end"
    return reader.manifest
