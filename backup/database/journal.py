"""The journal of a copy of a database: its changes as frames, from which a node recovers the copy after a crash.

A frame is length (u32), CRC-32 (u32), msgpack. A journal opens with a `JournalState`. Each change of the copy adds the
frame of the changed item, preceded by those of attachment contents that are new with it. Another `JournalState` follows
whenever one of its fields changed. The functions here convert between values and bytes; they read and write no disk.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgpack

from backup.database.change_vector import ChangeVector
from backup.database.items import (
    NOTHING_FORGOTTEN,
    Attachment,
    Blob,
    CleanedTombstones,
    Document,
    Item,
    Revision,
    Tombstone,
)
from backup.database.revisions import Policies, RevisionPolicy
from cluster.value import value

HEAD = struct.Struct("<II")
LARGEST = 1 << 28
"""The most bytes of a frame that `decode_stream` takes."""


@value
class JournalState:
    """The state of a copy beside its items."""

    node: str
    database_id: str
    etag: int
    change_vector: ChangeVector
    received: tuple[tuple[str, int], ...]
    """Database id of each other copy and the etag up to which its changes arrived, sorted."""
    policies: Policies = Policies()
    """The revision policies that the copy applies from this frame on."""
    forgotten: CleanedTombstones = NOTHING_FORGOTTEN
    """The summary of the tombstones that are removed from this frame on."""


@value
class TornFrame:
    """An unfinished last frame, which is ignored."""

    size: int
    """How many bytes of it were found."""


class DamagedJournal(ValueError):
    """A journal is not what was written: a frame other than the last is broken, or frames do not fit together."""


def encode_change(item: Item | Blob) -> bytes:
    """The frame of one changed item, as the copy holds it now, or of an attachment's content."""
    match item:
        case Document(id, collection, body, vector, etag, last_modified, attachments, revised):
            fields = ("D", id, collection, body, vector.text(), etag, last_modified)
            return frame((*fields, _plain(attachments), revised) if attachments or revised else fields)
        case Tombstone(id, collection, vector, etag, deleted_etag, last_modified):
            return frame(("T", id, collection, vector.text(), etag, deleted_etag, last_modified))
        case Revision(id, collection, body, vector, etag, last_modified, attachments, deleted):
            named = _plain(attachments)
            return frame(("R", id, collection, body, vector.text(), etag, last_modified, named, deleted))
        case Blob(hash, content):
            return frame(("B", hash, content))


def encode_state(state: JournalState) -> bytes:
    """The frame of the state of a copy beside its items."""
    policies = state.policies
    kept = tuple((each.collection, each.minimum_to_keep, each.disabled) for each in policies.policies)
    vector = state.change_vector.text()
    fields = ("S", state.node, state.database_id, state.etag, vector, state.received, policies.index, kept)
    gone = state.forgotten
    if gone == NOTHING_FORGOTTEN:
        return frame(fields)
    return frame((*fields, (gone.etag, gone.change_vector.text(), gone.last_modified, gone.since)))


def decode(contents: Iterable[bytes]) -> Iterator[Item | Blob | JournalState | TornFrame]:
    """The values of the frames of the journal files `contents`, in order. A `TornFrame` can only be the last.

    Raises DamagedJournal as `frames_in` and `decoded` do.
    """
    return (fields if isinstance(fields, TornFrame) else decoded(fields) for fields in frames_in(contents))


def decode_stream(pieces: Iterable[bytes]) -> Iterator[Item | Blob | JournalState]:
    """The same of one journal file that comes in pieces, of which no more than a frame is held. It has no torn end.

    Raises DamagedJournal for a frame that is not what was written, before it is held if it claims more than `LARGEST`.
    """
    held = bytearray()
    length = checksum = -1
    for piece in pieces:
        held += piece
        while len(held) >= HEAD.size:
            if length < 0:
                length, checksum = HEAD.unpack_from(held)
                if not 0 < length <= LARGEST:
                    raise DamagedJournal(f"a frame of {length:,} bytes is none: they have 1 to {LARGEST:,}")
            end = HEAD.size + length
            if len(held) < end:
                break
            payload = bytes(held[HEAD.size : end])
            del held[:end]
            if zlib.crc32(payload) != checksum:
                raise DamagedJournal("a frame is not what its checksum was made of")
            length = -1
            yield decoded(msgpack.unpackb(payload, use_list=False))
    if held:
        raise DamagedJournal(f"the last frame has no end: {len(held):,} bytes of it are there")


def frames_in(contents: Iterable[bytes]) -> Iterator[tuple[Any, ...] | TornFrame]:
    """The fields of each frame of these files, in order. A `TornFrame` can only be the last.

    An unfinished or broken frame at the very end of the last file is a torn write, which was never reported as
    durable. Anywhere else it is damage, for which DamagedJournal is raised with file number and offset.
    """
    files = list(contents)
    for number, content in enumerate(files):
        offset = 0
        while offset < len(content):
            end = _frame_end(content, offset)
            payload = content[offset + HEAD.size : end]
            if end > len(content) or HEAD.unpack_from(content, offset)[1] != zlib.crc32(payload):
                if number == len(files) - 1 and end >= len(content) and not _frame_follows(content, offset + 1):
                    yield TornFrame(len(content) - offset)
                    return
                raise DamagedJournal(
                    f"journal file {number} is damaged at byte {offset}: "
                    "wipe this copy and let another member fill it again"
                )
            fields: tuple[Any, ...] = msgpack.unpackb(payload, use_list=False)
            yield fields
            offset = end


def frame(fields: tuple[Any, ...]) -> bytes:
    """The frame of these fields, which are scalars and tuples of scalars."""
    payload: bytes = msgpack.packb(fields)
    return HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _frame_end(content: bytes, offset: int) -> int:
    if offset + HEAD.size > len(content):
        return len(content) + 1
    length: int = HEAD.unpack_from(content, offset)[0]
    return offset + HEAD.size + length


def _frame_follows(content: bytes, offset: int) -> bool:
    """Whether a valid frame begins at `offset` or later: then the bytes before it are damaged, not a torn last write."""
    for start in range(offset, len(content) - HEAD.size):
        length, checksum = HEAD.unpack_from(content, start)
        end = start + HEAD.size + length
        if length > 0 and end <= len(content) and zlib.crc32(content[start + HEAD.size : end]) == checksum:
            return True
    return False


def _plain(attachments: tuple[Attachment, ...]) -> tuple[tuple[str, str, str, int], ...]:
    return tuple((each.name, each.hash, each.content_type, each.size) for each in attachments)


def _attachments(plain: Iterable[tuple[str, str, str, int]]) -> tuple[Attachment, ...]:
    return tuple(Attachment(*each) for each in plain)


def decoded(fields: tuple[Any, ...]) -> Item | Blob | JournalState:
    """The value of one frame. Raises DamagedJournal if the kind of the frame is unknown."""
    match fields:
        case ("D", id, collection, body, vector, etag, last_modified):
            return Document(id, collection, body, ChangeVector.parse(vector), etag, last_modified)
        case ("D", id, collection, body, vector, etag, last_modified, plain, revised):
            named = _attachments(plain)
            return Document(id, collection, body, ChangeVector.parse(vector), etag, last_modified, named, revised)
        case ("T", id, collection, vector, etag, deleted_etag, last_modified):
            return Tombstone(id, collection, ChangeVector.parse(vector), etag, deleted_etag, last_modified)
        case ("R", id, collection, body, vector, etag, last_modified, plain, deleted):
            named = _attachments(plain)
            return Revision(id, collection, body, ChangeVector.parse(vector), etag, last_modified, named, deleted)
        case ("B", hash, content):
            return Blob(hash, content)
        case ("S", node, database_id, etag, vector, received, index, kept, *rest):
            policies = Policies(index, tuple(RevisionPolicy(*each) for each in kept))
            forgotten = NOTHING_FORGOTTEN
            for gone_etag, gone_vector, latest, since in rest:
                forgotten = CleanedTombstones(gone_etag, ChangeVector.parse(gone_vector), latest, since)
            return JournalState(node, database_id, etag, ChangeVector.parse(vector), received, policies, forgotten)
        case _:
            raise DamagedJournal(
                f"the journal holds a frame of an unknown kind, {fields[:1]}: a newer version wrote it; use that"
            )
