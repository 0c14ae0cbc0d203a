"""The JSON form of items in a logical backup, which is RavenDB's: documents, revisions, tombstones, attachment contents.

The first functions write items as text; the others read them back.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backup.content.manifest import instant_of, stamp
from backup.content.sections import DocumentLine
from backup.database.change_vector import ChangeVector
from backup.database.exact_json import decoder
from backup.database.items import (
    EXTENSION_METADATA,
    METADATA,
    NO_COLLECTION,
    RESERVED_METADATA,
    Attachment,
    Blob,
    Document,
    Revision,
    Tombstone,
    body_and_metadata,
    body_of,
    hash_of,
    key_of,
    text_of,
    with_metadata,
)

KNOWN_FLAGS = frozenset({"HasAttachments", "HasRevisions", "Revision", "DeleteRevision"})
PLAIN_METADATA = re.compile(
    r'\{"@collection":"([^"\\\x00-\x1f]+)","@change-vector":"([A-Za-z?]{1,4}):([1-9]\d*)-([A-Za-z0-9+/=_-]+)",'
    r'"@id":"([^"\\\x00-\x1f]+)","@last-modified":"([^"\\]{28})"\}'
)
"""The metadata of nearly all documents: no flags, no attachments, a vector of one entry, and nothing that JSON escapes."""
PART = 1 << 20
"""The most characters of a body in one part of its text."""
LeaveOut = Callable[[str], None]
"""A function that is called with the name of a field or flag that the model does not support, each time it is met."""


def document_parts(document: Document) -> Iterator[str]:
    """The JSON text of a document with its metadata, in parts: a large body is nowhere held twice."""
    flags = "HasRevisions" if document.revised else ""
    return _with_metadata(document, flags)


def revision_parts(revision: Revision) -> Iterator[str]:
    """The JSON text of a revision with its metadata, whose flags distinguish it from a document, in parts."""
    return _with_metadata(revision, "HasRevisions, DeleteRevision" if revision.deleted else "HasRevisions, Revision")


def _with_metadata(item: Document | Revision, flags: str) -> Iterator[str]:
    body, own = body_and_metadata(item.body)
    comma = "," if len(body) > 2 else ""
    own = f"{own[1:-1]}," if own else ""
    attachments = ""
    if item.attachments:
        listed = [
            {"Name": each.name, "Hash": each.hash, "ContentType": each.content_type, "Size": each.size}
            for each in item.attachments
        ]
        attachments = f'"@attachments":{text_of(listed)},'
        flags = f"{flags}, HasAttachments" if flags else "HasAttachments"
    flagged = f'"@flags":"{flags}",' if flags else ""
    return in_parts(
        body,
        f'{comma}"{METADATA}":{{{own}{attachments}"@collection":{text_of(item.collection)},'
        f'"@change-vector":"{item.change_vector.text()}",{flagged}"@id":{text_of(item.id)},'
        f'"@last-modified":"{stamp(item.last_modified)}"}}}}',
    )


def in_parts(body: str, rest: str) -> Iterator[str]:
    """A body with `rest` in place of its closing brace, in parts, so that a large one is nowhere held twice."""
    begin, end = 0, len(body) - 1
    while end - begin > PART:
        yield body[begin : begin + PART]
        begin += PART
    yield f"{body[begin:end]}{rest}"


def tombstone_parts(tombstone: Tombstone) -> Iterator[str]:
    """The JSON text of a tombstone."""
    yield (
        f'{{"Key":{text_of(tombstone.id)},"Type":"Document","Collection":{text_of(tombstone.collection)},"Flags":"None",'
        f'"ChangeVector":"{tombstone.change_vector.text()}","DeletedEtag":{tombstone.deleted_etag},'
        f'"Etag":{tombstone.etag},"LastModified":"{stamp(tombstone.last_modified)}"}}'
    )


def blob_text(blob: Blob, document_id: str, attachment: Attachment) -> str:
    """The JSON text before an attachment's bytes: hash, size, and a tag that names the first document that refers to it."""
    tag = f"{key_of(document_id)}|d|{attachment.name.lower()}|{attachment.hash}|{attachment.content_type.lower()}"
    return (
        f'{{"{METADATA}":{{"@export-type":"Attachment"}},"Hash":{text_of(blob.hash)},'
        f'"Size":{len(blob.content)},"Tag":{text_of(tag)}}}'
    )


# ---- Reading items. These functions raise KeyError, TypeError, ValueError or AttributeError for JSON of another form.


def is_attachment(content: Mapping[str, Any]) -> bool:
    """Whether a parsed item announces an attachment's content."""
    match content:
        case {"@metadata": {"@export-type": "Attachment"}}:
            return True
        case _:
            return False


def blob_of(content: Mapping[str, Any], raw: bytes) -> Blob:
    """The attachment content of a parsed item and the bytes after it. Raises ValueError if the hash does not match."""
    blob = Blob(str(content["Hash"]), raw)
    if hash_of(raw) != blob.hash:
        raise ValueError(f"the attachment {content['Tag']!r} is not what its hash was made of")
    return blob


def document_of(content: dict[str, Any], leave_out: LeaveOut) -> Document:
    """The document of a parsed item; its metadata is removed from `content`. The etag is 0."""
    metadata = content.pop(METADATA)
    return document_with(body_of(str(metadata["@id"]), content), metadata, leave_out)


def document_on_line(line: DocumentLine, leave_out: LeaveOut) -> Document:
    """The document of a line, whose body is not parsed. The etag is 0."""
    plain = PLAIN_METADATA.fullmatch(line.metadata)
    if plain is None:
        try:
            return document_with(line.body, decoder.decode(line.metadata), leave_out)
        except RecursionError as error:
            raise ValueError("metadata that are nested too deeply") from error
    collection, tag, etag, database_id, document_id, last_modified = plain.groups()
    key_of(document_id)
    vector = ChangeVector(((tag, database_id, int(etag)),))
    return Document(document_id, collection, line.body, vector, 0, instant_of(last_modified))


def document_with(body: str, metadata: Mapping[str, Any], leave_out: LeaveOut) -> Document:
    """The document of a body in canonical text and its metadata. The etag is 0."""
    flags, attachments, own = _beside(metadata, leave_out)
    body = with_metadata(body, own) if own else body
    document_id = metadata["@id"]
    key_of(document_id)
    return Document(
        document_id,
        str(metadata.get("@collection", NO_COLLECTION)),
        body,
        ChangeVector.parse(metadata["@change-vector"]),
        0,
        instant_of(metadata["@last-modified"]),
        attachments,
        "HasRevisions" in flags,
    )


def revision_of(content: dict[str, Any], leave_out: LeaveOut) -> Revision:
    """The revision of a parsed item; its metadata is removed from `content`. The etag is 0."""
    metadata = content.pop(METADATA)
    flags, attachments, own = _beside(metadata, leave_out)
    document_id = metadata["@id"]
    key_of(document_id)
    body = body_of(document_id, content)
    return Revision(
        document_id,
        str(metadata.get("@collection", NO_COLLECTION)),
        with_metadata(body, own) if own else body,
        ChangeVector.parse(metadata["@change-vector"]),
        0,
        instant_of(metadata["@last-modified"]),
        attachments,
        "DeleteRevision" in flags,
    )


def _beside(metadata: Mapping[str, Any], leave_out: LeaveOut) -> tuple[frozenset[str], tuple[Attachment, ...], str]:
    """The flags, the attachments, and the metadata of the user's own as text; empty: there is none."""
    for field in sorted(metadata.keys() & EXTENSION_METADATA):
        leave_out(field)
    own = {name: field for name, field in metadata.items() if name not in RESERVED_METADATA}
    flags = frozenset(flag for flag in str(metadata.get("@flags", "")).split(", ") if flag)
    for flag in sorted(flags - KNOWN_FLAGS):
        leave_out(f"@flags {flag}")
    attachments = tuple(
        Attachment(str(each["Name"]), str(each["Hash"]), str(each["ContentType"]), int(each["Size"]))
        for each in metadata.get("@attachments", ())
    )
    return flags, attachments, text_of(own) if own else ""


def tombstone_of(content: Mapping[str, Any]) -> Tombstone:
    """The tombstone of a parsed item."""
    return Tombstone(
        key_of(content["Key"]),
        str(content["Collection"]),
        ChangeVector.parse(content["ChangeVector"]),
        int(content["Etag"]),
        int(content["DeletedEtag"]),
        instant_of(content["LastModified"]),
    )
