"""The items of a database: documents, their revisions, and the tombstones that deletions leave. All are values.

A document keeps its JSON as canonical text, so that it can be shared, sent and written without being copied or
encoded again, and its numbers stay as they were written. Metadata of the user's own stands in it first. It names its
attachments and the hashes of their contents; each content is a separate `Blob`.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from backup.database import exact_json
from backup.database.change_vector import ChangeVector, merge
from cluster.value import value

METADATA = "@metadata"
NO_COLLECTION = "@empty"
LONGEST_ID = 512
"""Bytes of the longest id of a document, and of the longest key of a value, in UTF-8 (rule 26.8)."""
OWN = '{"@metadata":{'
"""The beginning of a body with metadata of the user's own."""
DATABASE_METADATA = frozenset({"@id", "@collection", "@change-vector", "@last-modified", "@flags", "@attachments"})
"""The fields of a document's metadata that the database writes."""
EXTENSION_METADATA = frozenset({"@counters", "@timeseries", "@counters-snapshot", "@timeseries-snapshot"})
"""Those that name what the model has no place for."""
RESERVED_METADATA = DATABASE_METADATA | EXTENSION_METADATA
"""Those that are never the user's own."""


@value
class Attachment:
    """An attachment of a document: a name, and the hash of its content."""

    name: str
    hash: str
    """`hash_of` the content; equal contents are kept once, however many attachments refer to them."""
    content_type: str
    """The type that the client gave; may be empty."""
    size: int
    """Size of the content in bytes."""


@value
class Document:
    """One version of one document."""

    id: str
    """The id as the client wrote it; two ids that differ only in case name the same document."""
    collection: str
    body: str
    """The JSON object as canonical text (`body_of`), without the metadata that the database writes."""
    change_vector: ChangeVector
    etag: int
    """Number of this change in the copy that holds it; every copy numbers its own changes."""
    last_modified: int
    """Wall instant of the write in µs; always above that of the version it replaced."""
    attachments: tuple[Attachment, ...] = ()
    """Sorted by name in lower case."""
    revised: bool = False
    """Whether revisions of its collection were kept when it was written."""

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object without metadata, parsed anew at each call: changing it does not change the document."""
        return _data_of(self.body)


@value
class Revision:
    """A version of a document that is kept: each version if a policy asks for it, and each that lost a conflict."""

    id: str
    """The id of the document, with upper and lower case as in this version."""
    collection: str
    body: str
    """The JSON object of the version as canonical text; `{}` for a deletion."""
    change_vector: ChangeVector
    """The vector of the version, by which the revisions of a document are told apart in every copy and every backup."""
    etag: int
    """Number of the change that kept the revision, in the copy that holds it."""
    last_modified: int
    """Wall instant of the write of the version in µs."""
    attachments: tuple[Attachment, ...] = ()
    deleted: bool = False
    """Whether this version is the deletion of the document."""

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object without metadata, parsed anew at each call."""
        return _data_of(self.body)


@value
class Tombstone:
    """The mark of a deletion, from which other copies and incremental backups learn of it."""

    id: str
    """The key of the deleted document (`key_of`)."""
    collection: str
    change_vector: ChangeVector
    etag: int
    """Number of the deletion in the copy that holds it."""
    deleted_etag: int
    """Etag that the deleted document had in this copy; 0 if the copy never held it."""
    last_modified: int
    """Wall instant of the deletion in µs."""


Item = Document | Tombstone | Revision


@value
class CleanedTombstones:
    """A summary of the tombstones that a copy cleaned (rule 18.5), so that a new document is newer than all of them."""

    etag: int = 0
    """Etag up to which every tombstone of the copy is removed."""
    change_vector: ChangeVector = ChangeVector()
    """The merged change vectors of the removed tombstones."""
    last_modified: int = 0
    """The latest `last_modified` of the removed tombstones (wall instant in µs)."""
    since: int = 0
    """A copy that has received fewer changes than up to this etag may lack some of the removed deletions."""

    def joined(self, other: "CleanedTombstones") -> "CleanedTombstones":
        """The summary of the tombstones of both."""
        return CleanedTombstones(
            max(self.etag, other.etag),
            merge((self.change_vector, other.change_vector)),
            max(self.last_modified, other.last_modified),
            max(self.since, other.since),
        )


NOTHING_FORGOTTEN = CleanedTombstones()


@value(repr=False)
class Blob:
    """The content of an attachment."""

    hash: str
    content: bytes

    def __repr__(self) -> str:
        return f"Blob({self.hash!r}, <{len(self.content)} bytes>)"


def key_of(document_id: str) -> str:
    """The key of a document: its id in lower case. Raises ValueError if the id is empty or not printable."""
    if not document_id or not document_id.isprintable():
        raise ValueError(f"{document_id!r} is no document id: give at least one character, all of them printable")
    key = document_id.lower()
    return document_id if key == document_id else key  # saves memory: one text instead of two equal ones


def check_new_id(document_id: str, what: str = "document id") -> None:
    """Raise ValueError for an id that is longer than RavenDB allows (rule 26.8). `what` it is, for the error.

    It concerns what is written from now on: a longer one in an old file is read.
    """
    size = len(document_id.encode())
    if size > LONGEST_ID:
        raise ValueError(f"{document_id[:40]!r}… is a {what} of {size:,} bytes: give {LONGEST_ID} or fewer, in UTF-8")


def hash_of(content: bytes) -> str:
    """The hash that identifies an attachment's content: BLAKE2b of 256 bits in base 64, as in RavenDB's files."""
    return b64encode(blake2b(content, digest_size=32).digest()).decode()


def text_of(data: object) -> str:
    """Compact JSON text of the data, which can be written as UTF-8; keys keep their order.

    Raises ValueError or TypeError if the data has no such text.
    """
    text = exact_json.encoded(data)
    if not text.isascii():
        try:
            text.encode()  # a lone surrogate cannot be written as UTF-8: refuse it now, not when a backup is written
        except UnicodeEncodeError as error:
            raise ValueError(f"{text[error.start]!r} is half a character, a lone surrogate: give whole ones") from error
    return text


def fields_of(text: str, *, strict: bool = False) -> Any:
    """The value of a document's text (`exact_json.decoded`); of a long one only metadata, `id` and `collection` are values."""
    if len(text) > exact_json.LONG:
        return exact_json.decoded_long(text, strict=strict, whole=(METADATA, "id", "collection"))
    return exact_json.decoded(text, strict=strict)


def body_of(document_id: str, data: Mapping[str, Any]) -> str:
    """The canonical text of a document's JSON object; metadata of the user's own is put first.

    Raises ValueError, which names the document and what is wrong.
    """
    if METADATA in data:
        data = _with_own_first(document_id, data)
    try:
        return text_of(dict(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"document {document_id!r} has no JSON form ({error}): use objects, lists, text, finite numbers"
        ) from error


def _with_own_first(document_id: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = data[METADATA]
    if not isinstance(metadata, Mapping):
        raise ValueError(f"document {document_id!r} holds {METADATA} that is no object: make it one, or leave it out")
    if written := sorted(metadata.keys() & RESERVED_METADATA):
        raise ValueError(
            f"document {document_id!r} holds {METADATA} with {', '.join(written)}, which the database writes: leave it out"
        )
    own = {METADATA: dict(metadata)} if metadata else {}
    return own | {name: field for name, field in data.items() if name != METADATA}


def body_and_metadata(body: str) -> tuple[str, str]:
    """A body without metadata, and the metadata of the user's own as the text of a JSON object; empty: it has none."""
    if not body.startswith(OWN):
        return body, ""
    _, end = _plain.raw_decode(body, len(OWN) - 1)
    rest = body[end:]
    return (f"{{{rest[1:]}" if rest[0] == "," else "{}"), body[len(OWN) - 1 : end]


def with_metadata(body: str, metadata: str) -> str:
    """A body without metadata, joined by that object as text."""
    return f"{OWN[:-1]}{metadata}{',' if len(body) > 2 else ''}{body[1:]}"


_plain = json.JSONDecoder()


def _data_of(body: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(body_and_metadata(body)[0])
    return data


def rank(item: Item) -> tuple[int, str]:
    """A sort key: of conflicting versions the highest wins (rule 19.3), by `last_modified`, then by the vector's text."""
    return item.last_modified, item.change_vector.text()


def size_of(item: Item) -> int:
    """Approximate size of the item in a backup in bytes, before compression, for models of cost."""
    return 200 if isinstance(item, Tombstone) else 200 + len(item.body)
