"""How a node answers clients' requests about documents, attachments, revisions, compare-exchange values and indexes.

What a copy does with a write is in backup/database/documents.py.
"""

from collections import Counter
from json import loads
from typing import Any

import attrs

from backup.database.agreed_values import NextIdentity
from backup.database.documents import NoDocument, Store
from backup.database.items import Item, body_of, fields_of, text_of
from backup.notes import DocumentsWritten
from backup.replicas.indexer import Indexer
from backup.replicas.local_copies import LocalCopies, LocalCopy
from backup.requests import document_requests as requests
from cluster.member import Member, Refused


@attrs.define(eq=False)
class DocumentHandler:
    """Answers document requests for one node."""

    _member: Member
    _copies: LocalCopies
    _indexer: Indexer

    async def answer(self, request: requests.DocumentRequest) -> Any:
        """Answer a document request as its class documents."""
        if isinstance(request, requests.Write):
            return await self._write(await self._completed(request))
        copy = await self._copy(request.database)
        await copy.settle()
        match request:
            case requests.GetDocument(_, document_id):
                return copy.store.get(document_id)
            case requests.GetAttachment(_, document_id, name):
                return copy.store.attachment(document_id, name)
            case requests.GetRevisions(_, document_id):
                return copy.store.revisions(document_id)
            case requests.GetCompareExchange(name, key):
                database = self._member.state.database(name)
                return database.values.exchanged.get(key.lower()) if database is not None else None
            case requests.QueryIndex():
                return self._query(copy, request)

    def _query(self, copy: LocalCopy, request: requests.QueryIndex) -> requests.QueryResult:
        data = self._indexer.get(copy.id, request.index)
        if data is None:
            raise Refused(f"node {self._member.name} has no index {request.index!r}: define it, or ask again soon")
        wanted = {field: loads(text) for field, text in request.where}
        rows = (row for row in data.rows() if all(row.get(field) == held for field, held in wanted.items()))
        return requests.QueryResult(data.etag < copy.store.etag, data.etag, tuple(text_of(row) for row in rows))

    async def _copy(self, name: str) -> LocalCopy:
        """This node's copy. Documents need no leader, only a node of the group (rules 3.39, 19.1)."""
        member = self._member
        database = member.state.database(name)
        if database is None:
            raise Refused(
                f"node {member.name} knows no database {name!r}: create it, or ask again when it has heard of it"
            )
        if member.name not in database.topology.nodes:
            where = " ".join(database.topology.nodes)
            raise Refused(f"database {name!r} is not on node {member.name}: ask one of {where}")
        if database.restoring is not None:
            raise Refused(f"database {name!r} is being restored: ask again when it is open")
        return await self._copies.opened(database.id)

    async def _completed(self, request: requests.Write) -> requests.Write:
        """The request with every id that ends in `|` completed by its identity: `orders|` becomes `orders/7`."""
        match request:
            case requests.StoreDocument(database, document_id, collection, body) if document_id.endswith("|"):
                number = await self._member.propose(NextIdentity(database, document_id))
                return requests.StoreDocument(database, f"{document_id[:-1]}/{number}", collection, body)
            case requests.PutDocuments(database, documents):
                wanted = Counter(id for id, _, _ in documents if id.endswith("|"))
                if not wanted:
                    return request
                given = {
                    key: await self._member.propose(NextIdentity(database, key, count)) - count
                    for key, count in wanted.items()
                }
                completed = []
                for document_id, collection, body in documents:
                    if document_id in given:
                        given[document_id] += 1
                        document_id = f"{document_id[:-1]}/{given[document_id]}"
                    completed.append((document_id, collection, body))
                return requests.PutDocuments(database, tuple(completed))
            case _:
                return request

    async def _write(self, request: requests.Write) -> Any:
        copy = await self._copy(request.database)
        try:
            items = await copy.change(lambda store: _written(store, request, self._member.wall()))
        except NoDocument as error:
            raise Refused(str(error)) from error
        except ValueError as error:
            raise Refused(f"nothing was written: {error}") from error
        if items:
            note = DocumentsWritten(request.database, copy.store.database_id, len(items), copy.store.etag)
            self._member.note(note)
        match request:
            case requests.PutDocuments() | requests.DeleteDocuments():
                return len(items)
            case requests.StoreDocument():
                return items[0].id
            case requests.Attach(_, document_id, name):
                document = copy.store.get(document_id)
                named = document.attachments if document is not None else ()
                return next((each.hash for each in named if each.name.lower() == name.lower()), None)
            case requests.Detach():
                return bool(items)
            case requests.PatchDocument():
                return None


def _written(store: Store, request: requests.Write, at: int) -> list[Item]:
    """Carry out a write request and return the items it wrote."""
    match request:
        case requests.PutDocuments(documents=documents):
            return [store.put_body(id, _canonical(id, text), at, collection) for id, collection, text in documents]
        case requests.StoreDocument(_, document_id, collection, text):
            return [store.put_body(document_id, _canonical(document_id, text), at, collection)]
        case requests.PatchDocument(_, document_id, changes):
            return [store.patch(document_id, _object(document_id, changes), at)]
        case requests.Attach(_, document_id, name, content, content_type):
            return [store.attach(document_id, name, content, at, content_type)]
        case requests.Detach(_, document_id, name):
            changed = store.detach(document_id, name, at)
            return [] if changed is None else [changed]
        case requests.DeleteDocuments(ids=ids):
            return [gone for document_id in ids if (gone := store.delete(document_id, at)) is not None]


def _canonical(document_id: str, text: str) -> str:
    body = body_of(document_id, _object(document_id, text))
    return text if body == text else body  # one text in memory, not two equal ones


def _object(document_id: str, text: str) -> dict[str, Any]:
    try:
        data = fields_of(text)
    except ValueError as error:
        raise ValueError(f"what is given for document {document_id!r} is no JSON ({error}): correct it") from error
    if not isinstance(data, dict):
        raise ValueError(f"what is given for document {document_id!r} is no JSON object: wrap it in one")
    return data
