"""A copy of a database as frames in a file, so that a node finds it again after a crash: bytes and back.

A frame is length (u32), CRC-32 (u32), msgpack. A journal opens with a `State`; each change of the copy adds the frame
of the changed item, and a `State` again when the copy learned something that no item says. Never here: a disk.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgpack

from backup.database.change_vector import ChangeVector
from backup.database.items import Document, Item, Tombstone
from cluster.value import value

HEAD = struct.Struct("<II")


@value
class State:
    """What a copy knows beside its items."""

    node: str
    database_id: str
    etag: int
    change_vector: ChangeVector
    received: tuple[tuple[str, int], ...]
    """Database id of each other copy and the etag up to which its changes arrived, sorted."""


@value
class Torn:
    """How many bytes of an unfinished last frame were dropped."""

    size: int


class DamagedJournal(ValueError):
    """A journal is not what was written: something other than its last frame is broken."""


def encode_change(item: Item) -> bytes:
    """The frame of one changed item, as the copy holds it now."""
    vector = item.change_vector.text()
    match item:
        case Document():
            return _frame(("D", item.id, item.collection, item.body, vector, item.etag, item.last_modified))
        case Tombstone():
            return _frame(("T", item.id, item.collection, vector, item.etag, item.deleted_etag, item.last_modified))


def encode_state(state: State) -> bytes:
    """The frame of what a copy knows beside its items."""
    return _frame(("S", state.node, state.database_id, state.etag, state.change_vector.text(), state.received))


def decode(contents: Iterable[bytes]) -> Iterator[Item | State | Torn]:
    """The frames of the journal files `contents`, in their order; at most one `Torn`, at the end.

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
                    yield Torn(len(content) - offset)
                    return
                raise DamagedJournal(
                    f"journal file {number} is damaged at byte {offset}: "
                    "wipe this copy and let another member fill it again"
                )
            yield _decoded(msgpack.unpackb(payload, use_list=False))
            offset = end


def _frame(fields: tuple[Any, ...]) -> bytes:
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


def _decoded(fields: tuple[Any, ...]) -> Item | State:
    match fields:
        case ("D", id, collection, body, vector, etag, last_modified):
            return Document(id, collection, body, ChangeVector.parse(vector), etag, last_modified)
        case ("T", id, collection, vector, etag, deleted_etag, last_modified):
            return Tombstone(id, collection, ChangeVector.parse(vector), etag, deleted_etag, last_modified)
        case ("S", node, database_id, etag, vector, received):
            return State(node, database_id, etag, ChangeVector.parse(vector), received)
        case _:
            raise DamagedJournal(
                f"the journal holds a frame of an unknown kind, {fields[:1]}: a newer version wrote it; use that"
            )
