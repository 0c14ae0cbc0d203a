"""Clients' requests about documents, attachments, revisions, compare-exchange values and indexes, one frozen class each.

Documents need no leader (rules 3.39, 19.1), except for an id that ends in `|`. All raise `Refused` if the request cannot
be met. Requests are answered in backup/node/document_handler.py.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from backup.database.agreed_values import CompareExchange
from backup.database.items import Document, Revision, body_of
from cluster.member import ClientRequest
from cluster.value import value


@value(repr=False)
class PutDocuments(ClientRequest[int]):
    """Write documents, each (id, collection, JSON object as text), as one change. Answers how many."""

    database: str
    documents: tuple[tuple[str, str, str], ...]

    @staticmethod
    def of(database: str, objects: Mapping[str, Mapping[str, Any]], collection: str) -> "PutDocuments":
        """The request for JSON objects by id, all of one collection. ValueError for an object that has no JSON form."""
        return PutDocuments(database, tuple((id, collection, body_of(id, data)) for id, data in objects.items()))

    def __repr__(self) -> str:
        return f"PutDocuments({self.database!r}, <{len(self.documents)} documents, {_digest(self.documents)}>)"

    def says(self) -> str:
        return f"writes {_counted(len(self.documents))} in {self.database}"


@value
class PatchDocument(ClientRequest[None]):
    """Replace top-level fields of a document, those of a JSON object as text; null removes one. Answers None."""

    database: str
    id: str
    changes: str

    def says(self) -> str:
        return f"changes document {self.id} in {self.database}"


@value(repr=False)
class DeleteDocuments(ClientRequest[int]):
    """Delete documents. Answers how many of them existed."""

    database: str
    ids: tuple[str, ...]

    def __repr__(self) -> str:
        if len(self.ids) <= 3:
            return f"DeleteDocuments({self.database!r}, {self.ids!r})"
        return f"DeleteDocuments({self.database!r}, <{len(self.ids)} ids, {_digest((self.ids,))}>)"

    def says(self) -> str:
        return f"deletes {_counted(len(self.ids))} in {self.database}"


@value
class GetDocument(ClientRequest[Document | None]):
    """Read a document. Answers the `Document`, or None if this node's copy has none of that id."""

    database: str
    id: str

    def says(self) -> str:
        return f"reads document {self.id} in {self.database}"


@value(repr=False)
class StoreDocument(ClientRequest[str]):
    """Write one document. Answers its id, which is the given one unless the server is to complete it:

    `orders/` becomes `orders/0000012-A` without a leader, `orders|` becomes `orders/7` by the identity of that key.
    """

    database: str
    id: str
    collection: str
    body: str
    """A JSON object as text."""

    def __repr__(self) -> str:
        return f"StoreDocument({self.database!r}, {self.id!r}, <{_digest(((self.collection, self.body),))}>)"

    def says(self) -> str:
        return f"writes document {self.id} in {self.database}"


@value(repr=False)
class Attach(ClientRequest[str | None]):
    """Add an attachment to a document. Answers the hash of its content; None if it was removed again meanwhile."""

    database: str
    id: str
    name: str
    content: bytes
    content_type: str = ""

    def __repr__(self) -> str:
        return f"Attach({self.database!r}, {self.id!r}, {self.name!r}, <{len(self.content)} bytes>)"

    def says(self) -> str:
        return f"attaches {self.name} to document {self.id} in {self.database}"


@value
class Detach(ClientRequest[bool]):
    """Remove an attachment. Answers whether there was one of that name."""

    database: str
    id: str
    name: str

    def says(self) -> str:
        return f"takes {self.name} from document {self.id} in {self.database}"


@value
class GetAttachment(ClientRequest[bytes | None]):
    """Read an attachment. Answers its content, or None if this node's copy has none of that name."""

    database: str
    id: str
    name: str

    def says(self) -> str:
        return f"reads {self.name} of document {self.id} in {self.database}"


@value
class GetRevisions(ClientRequest[tuple[Revision, ...]]):
    """Read the revisions of a document. Answers a tuple of `Revision`, the oldest first."""

    database: str
    id: str

    def says(self) -> str:
        return f"reads the revisions of document {self.id} in {self.database}"


@value
class GetCompareExchange(ClientRequest[CompareExchange | None]):
    """Read a compare-exchange value. Answers the `CompareExchange` as this node has applied it, or None if there is none."""

    database: str
    key: str

    def says(self) -> str:
        return f"reads value {self.key} of {self.database}"


@value
class QueryResult:
    """The answer of an index to a query."""

    stale: bool
    """Whether the copy has changes that are not in the index yet."""
    etag: int
    """Etag of the copy up to which the index has all changes."""
    rows: tuple[str, ...]
    """JSON objects as text: for documents `id` and the fields; for groups the field, `Count` and the sums."""


@value
class QueryIndex(ClientRequest[QueryResult]):
    """Query an index. Answers a `QueryResult` from this node's own data, however stale that is."""

    database: str
    index: str
    where: tuple[tuple[str, str], ...] = ()
    """Fields, each with the value, as JSON text, that a row must have there."""

    def says(self) -> str:
        return f"asks index {self.index} of {self.database}"


Write = PutDocuments | PatchDocument | DeleteDocuments | StoreDocument | Attach | Detach
DocumentRequest = Write | GetDocument | GetAttachment | GetRevisions | GetCompareExchange | QueryIndex


def _counted(count: int) -> str:
    return f"{count:,} document" if count == 1 else f"{count:,} documents"


def _digest(parts: Iterable[tuple[str, ...]]) -> str:
    """8 hex digits of a hash of the texts, to tell one large request from another."""
    found = blake2b(digest_size=4)
    for part in parts:
        for text in part:
            found.update(b"%d:%s" % (len(text.encode()), text.encode()))
    return found.hexdigest()
