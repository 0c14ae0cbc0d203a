"""A copy of a database as frames in a file, so that a node finds it again after a crash: bytes and back.

A frame is length (u32), CRC-32 (u32), msgpack. A journal opens with a `JournalState`; each change of the copy adds the frame
of the changed item, before it those of contents that no item named before, and a `JournalState` again when the copy learned
something that no item says. Never here: a disk.
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


@value
class JournalState:
    """What a copy knows beside its items."""

    node: str
    database_id: str
    etag: int
    change_vector: ChangeVector
    received: tuple[tuple[str, int], ...]
    """Database id of each other copy and the etag up to which its changes arrived, sorted."""
    policies: Policies = Policies()
    """Which revisions are kept from here on."""
    forgotten: CleanedTombstones = NOTHING_FORGOTTEN
    """Which tombstones are gone from here on."""


@value
class TornFrame:
    """How many bytes of an unfinished last frame were dropped."""

    size: int


class DamagedJournal(ValueError):
    """A journal is not what was written: something other than its last frame is broken."""


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
    """The frame of what a copy knows beside its items."""
    policies = state.policies
    kept = tuple((each.collection, each.minimum_to_keep, each.disabled) for each in policies.policies)
    vector = state.change_vector.text()
    fields = ("S", state.node, state.database_id, state.etag, vector, state.received, policies.index, kept)
    gone = state.forgotten
    if gone == NOTHING_FORGOTTEN:
        return frame(fields)
    return frame((*fields, (gone.etag, gone.change_vector.text(), gone.last_modified, gone.since)))


def decode(contents: Iterable[bytes]) -> Iterator[Item | Blob | JournalState | TornFrame]:
    """What the frames of the journal files `contents` say, in their order; at most one `TornFrame`, at the end."""
    return (fields if isinstance(fields, TornFrame) else decoded(fields) for fields in frames_in(contents))


def frames_in(contents: Iterable[bytes]) -> Iterator[tuple[Any, ...] | TornFrame]:
    """The fields of each frame of these files, in their order; at most one `TornFrame`, at the end.

    An unfinished or broken frame at the very end of the last file is a torn write: nobody was told that it is
    durable. Anywhere else it is damage: DamagedJournal with file number and offset.
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
    """One frame of scalars and tuples of them."""
    payload: bytes = msgpack.packb(fields)
    return HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _frame_end(content: bytes, offset: int) -> int:
    if offset + HEAD.size > len(content):
        return len(content) + 1
    length: int = HEAD.unpack_from(content, offset)[0]
    return offset + HEAD.size + length


def _frame_follows(content: bytes, offset: int) -> bool:
    """Whether a good frame begins somewhere from `offset` on: then what is before it was no last write."""
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
    """What one frame says; DamagedJournal for a kind that is unknown."""
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
