"""Items as they stand in the stream of a logical backup, and back: RavenDB's JSON for documents, revisions, tombstones.

Never here: sections, files, or what is done with an item.
"""

from collections.abc import Callable, Mapping
from typing import Any

from backup.content.manifest import instant_of, stamp
from backup.database.change_vector import ChangeVector
from backup.database.items import (
    METADATA,
    NO_COLLECTION,
    Attachment,
    Blob,
    Document,
    Revision,
    Tombstone,
    body_of,
    hash_of,
    key_of,
    text_of,
)

KNOWN_METADATA = frozenset({"@collection", "@id", "@change-vector", "@last-modified", "@flags", "@attachments"})
KNOWN_FLAGS = frozenset({"HasAttachments", "HasRevisions", "Revision", "DeleteRevision"})
LeaveOut = Callable[[str], None]
"""Called with the name of what has no place in the model, each time it is met."""


def document_text(document: Document) -> str:
    """A document with its metadata."""
    flags = "HasRevisions" if document.revised else ""
    return _with_metadata(document, flags)


def revision_text(revision: Revision) -> str:
    """A revision with its metadata; its flags tell it from a document."""
    return _with_metadata(revision, "HasRevisions, DeleteRevision" if revision.deleted else "HasRevisions, Revision")


def _with_metadata(item: Document | Revision, flags: str) -> str:
    comma = "," if len(item.body) > 2 else ""
    attachments = ""
    if item.attachments:
        listed = [
            {"Name": each.name, "Hash": each.hash, "ContentType": each.content_type, "Size": each.size}
            for each in item.attachments
        ]
        attachments = f'"@attachments":{text_of(listed)},'
        flags = f"{flags}, HasAttachments" if flags else "HasAttachments"
    flagged = f'"@flags":"{flags}",' if flags else ""
    return (
        f'{item.body[:-1]}{comma}"{METADATA}":{{{attachments}"@collection":{text_of(item.collection)},'
        f'"@change-vector":"{item.change_vector.text()}",{flagged}"@id":{text_of(item.id)},'
        f'"@last-modified":"{stamp(item.last_modified)}"}}}}'
    )


def tombstone_text(tombstone: Tombstone) -> str:
    """A tombstone."""
    return (
        f'{{"Key":{text_of(tombstone.id)},"Type":"Document","Collection":{text_of(tombstone.collection)},"Flags":"None",'
        f'"ChangeVector":"{tombstone.change_vector.text()}","DeletedEtag":{tombstone.deleted_etag},'
        f'"Etag":{tombstone.etag},"LastModified":"{stamp(tombstone.last_modified)}"}}'
    )


def blob_text(blob: Blob, document_id: str, attachment: Attachment) -> str:
    """What stands before an attachment's bytes: its hash and size, and a tag that names the first to have it."""
    tag = f"{key_of(document_id)}|d|{attachment.name.lower()}|{attachment.hash}|{attachment.content_type.lower()}"
    return (
        f'{{"{METADATA}":{{"@export-type":"Attachment"}},"Hash":{text_of(blob.hash)},'
        f'"Size":{len(blob.content)},"Tag":{text_of(tag)}}}'
    )


# ---- and back; KeyError, TypeError, ValueError or AttributeError for what makes no sense


def is_attachment(content: Mapping[str, Any]) -> bool:
    """Whether an item is an attachment's content, which stands before the first item that names it."""
    match content:
        case {"@metadata": {"@export-type": "Attachment"}}:
            return True
        case _:
            return False


def blob_of(content: Mapping[str, Any], raw: bytes) -> Blob:
    """The content of an attachment. ValueError if it is not what its hash says."""
    blob = Blob(str(content["Hash"]), raw)
    if hash_of(raw) != blob.hash:
        raise ValueError(f"the attachment {content['Tag']!r} is not what its hash was made of")
    return blob


def document_of(content: dict[str, Any], leave_out: LeaveOut) -> Document:
    """A document; `content` is used up."""
    metadata = content.pop(METADATA)
    return document_with(body_of(str(metadata["@id"]), content), metadata, leave_out)


def document_with(body: str, metadata: Mapping[str, Any], leave_out: LeaveOut) -> Document:
    """A document of that canonical text."""
    flags: frozenset[str] = frozenset()
    attachments: tuple[Attachment, ...] = ()
    if len(metadata) > 4:
        flags, attachments = _beside(metadata, leave_out)
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
    """A revision; `content` is used up."""
    metadata = content.pop(METADATA)
    flags, attachments = _beside(metadata, leave_out)
    document_id = metadata["@id"]
    key_of(document_id)
    return Revision(
        document_id,
        str(metadata.get("@collection", NO_COLLECTION)),
        body_of(document_id, content),
        ChangeVector.parse(metadata["@change-vector"]),
        0,
        instant_of(metadata["@last-modified"]),
        attachments,
        "DeleteRevision" in flags,
    )


def _beside(metadata: Mapping[str, Any], leave_out: LeaveOut) -> tuple[frozenset[str], tuple[Attachment, ...]]:
    for field in sorted(metadata.keys() - KNOWN_METADATA):
        leave_out(field)
    flags = frozenset(flag for flag in str(metadata.get("@flags", "")).split(", ") if flag)
    for flag in sorted(flags - KNOWN_FLAGS):
        leave_out(f"@flags {flag}")
    attachments = tuple(
        Attachment(str(each["Name"]), str(each["Hash"]), str(each["ContentType"]), int(each["Size"]))
        for each in metadata.get("@attachments", ())
    )
    return flags, attachments


def tombstone_of(content: Mapping[str, Any]) -> Tombstone:
    """A tombstone of a document."""
    return Tombstone(
        key_of(content["Key"]),
        str(content["Collection"]),
        ChangeVector.parse(content["ChangeVector"]),
        int(content["Etag"]),
        int(content["DeletedEtag"]),
        instant_of(content["LastModified"]),
    )
