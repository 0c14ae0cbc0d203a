"""What a database holds: documents, their revisions, and the tombstones that deletions leave. Values with JSON as text.

A document keeps its JSON as canonical text, so that it can be shared, sent and written without being copied or
encoded again; of an attachment it keeps what it is called and the hash of its content, which stands beside it as a
`Blob`. Never here: where they are kept, who wins a conflict, what a backup file looks like.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from backup.database.change_vector import ChangeVector, merge
from cluster.value import value

METADATA = "@metadata"
NO_COLLECTION = "@empty"
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@value
class Attachment:
    """A name that a document has for some content."""

    name: str
    hash: str
    """Of the content (`hash_of`): equal content is kept once, whoever names it."""
    content_type: str
    """As the client gave it; may be empty."""
    size: int
    """Bytes."""


@value
class Document:
    """One version of one document."""

    id: str
    """As it was written; two ids that differ only in case name the same document."""
    collection: str
    body: str
    """The JSON object as canonical text (`body_of`), without metadata."""
    change_vector: ChangeVector
    etag: int
    """Number of this change in the copy that holds it; every copy counts for itself."""
    last_modified: int
    """Wall instant of the write in µs; always above that of the version it replaced."""
    attachments: tuple[Attachment, ...] = ()
    """Sorted by name, in any case."""
    revised: bool = False
    """Whether revisions of its collection were kept when it was written."""

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object, parsed anew at each call: changing it changes nothing."""
        data: dict[str, Any] = json.loads(self.body)
        return data


@value
class Revision:
    """A version of a document that is kept: each one where its collection keeps them, and whatever lost a conflict."""

    id: str
    """As the document had it."""
    collection: str
    body: str
    """`{}` for a deletion."""
    change_vector: ChangeVector
    """That of the version: it tells the revisions of a document apart, in every copy and in every backup."""
    etag: int
    """Number of the change that kept it, in the copy that holds it."""
    last_modified: int
    attachments: tuple[Attachment, ...] = ()
    deleted: bool = False
    """It says that the document was deleted then."""

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object, parsed anew at each call."""
        data: dict[str, Any] = json.loads(self.body)
        return data


@value
class Tombstone:
    """What a deletion leaves, so that replicas and incremental backups learn of it."""

    id: str
    """In lower case, as `key_of` gives it."""
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
    """What is left of tombstones that were cleaned (rule 18.5): enough that a new document follows them all."""

    etag: int = 0
    """Every tombstone up to this change of the copy is gone."""
    change_vector: ChangeVector = ChangeVector()
    """What all of them together had seen."""
    last_modified: int = 0
    """Of the latest of them."""
    since: int = 0
    """Who has less than this of the copy's changes has not heard of it."""

    def joined(self, other: "CleanedTombstones") -> "CleanedTombstones":
        """What is left of the tombstones of both."""
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
    """What tells documents apart: the id in lower case. ValueError for an id that is none."""
    if not document_id or not document_id.isprintable():
        raise ValueError(f"{document_id!r} is no document id: give at least one character, all of them printable")
    key = document_id.lower()
    return document_id if key == document_id else key  # one text, not two equal ones


def hash_of(content: bytes) -> str:
    """What names an attachment's content: its BLAKE2b of 256 bits in base 64, as in RavenDB's files."""
    return b64encode(blake2b(content, digest_size=32).digest()).decode()


def text_of(data: object) -> str:
    """Compact JSON text that can be written as UTF-8, keys in order; ValueError, TypeError if there is none."""
    text = _encode(data)
    if not text.isascii():
        text.encode()  # a lone surrogate cannot be written: refuse it now, not in the backup
    return text


def body_of(document_id: str, data: Mapping[str, Any]) -> str:
    """The canonical text of a document's JSON object; ValueError names the document and what is wrong."""
    if METADATA in data:
        raise ValueError(f"document {document_id!r} holds {METADATA}, which the database writes: leave it out")
    try:
        return text_of(dict(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"document {document_id!r} has no JSON form ({error}): use objects, lists, text, finite numbers"
        ) from error


def rank(item: Item) -> tuple[int, str]:
    """The order in which conflicting versions win (rule 19.3): the latest; of equally late ones the higher vector."""
    return item.last_modified, item.change_vector.text()


def size_of(item: Item) -> int:
    """Roughly how many bytes the item takes in a backup before compression: for cost models."""
    return 200 if isinstance(item, Tombstone) else 200 + len(item.body)
