"""The content of a logical backup: what a copy held, as one stream of sections in RavenDB's order, sealed at its end.

`Writer` turns contents into chunks of a file, `Reader` chunks into documents and tombstones; both hold one piece at a
time. Sections for which the model has no place yet are written empty, and counted when read. Never here: where files
are, what they are called, how a chain of them is restored.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from backup.content.compression import compressed, decompressed
from backup.content.manifest import (
    SECTION,
    DamagedBackup,
    FileKind,
    Manifest,
    UnreadableBackup,
    as_section,
    from_section,
    instant_of,
    stamp,
)
from backup.content.sections import Found, Sections
from backup.database.change_vector import ChangeVector
from backup.database.documents import Contents
from backup.database.items import METADATA, NO_COLLECTION, Document, Item, Tombstone, body_of, key_of, text_of

BUILD_VERSION = 54_000
"""The generation of RavenDB whose sections and order these are."""
AFTER_DOCS = ("RevisionDocuments",)
AFTER_TOMBSTONES = (
    "Docs",
    "Conflicts",
    "Indexes",
    "Identities",
    "CompareExchange",
    "CompareExchangeTombstones",
    "CounterGroups",
    "Subscriptions",
    "TimeSeriesDeletedRanges",
    "TimeSeries",
    "ReplicationHubCertificates",
)
CHUNK = 1 << 17
MANIFEST_SPACE = 1 << 16
"""The manifest is looked for in so many last bytes."""
SEAL = 64
TAIL = '"}}'
KNOWN_METADATA = frozenset({"@collection", "@id", "@change-vector", "@last-modified"})


class Writer:
    """Writes one backup. Iterate `chunks` once, to the end; then `manifest` is what the file says of itself."""

    def __init__(
        self,
        contents: Contents,
        record: Mapping[str, Any],
        *,
        file: str,
        database: str,
        task_id: int,
        started_at: int,
        raft_index: int = 0,
        from_etag: int | None = None,
        previous: str = "",
    ) -> None:
        """The backup `file`: a full one, or with `from_etag` and `previous` (the file it continues) an incremental one.

        `contents` frozen at the start, `record` as a JSON object (written whole in every file, rule 18.4),
        `started_at` in µs by the node's wall clock. ValueError if an incremental names no file, or a full one does.
        """
        if (from_etag is None) != (not previous):
            raise ValueError(
                f"from_etag {from_etag} and previous {previous!r} do not fit: an incremental has both, a full neither"
            )
        self._contents = contents
        self._record = text_of(dict(record))
        self.manifest = Manifest(
            kind=FileKind.FULL if from_etag is None else FileKind.INCREMENTAL,
            file=file,
            database=database,
            database_id=contents.database_id,
            node=contents.node,
            task_id=task_id,
            started_at=started_at,
            from_etag=from_etag or 0,
            last_etag=contents.etag,
            change_vector=contents.change_vector.text(),
            raft_index=raft_index,
            previous=previous,
        )

    def chunks(self) -> Iterator[bytes]:
        """The file, piece by piece: one zstd frame with content checksum. Equal input gives equal bytes."""
        return compressed(self._sealed())

    def _sealed(self) -> Iterator[bytes]:
        seal = hashlib.sha256()
        gathered: list[str] = []
        size = 0
        for text in self._texts():
            gathered.append(text)
            size += len(text)
            if size >= CHUNK:
                chunk = "".join(gathered).encode()
                seal.update(chunk)
                yield chunk
                gathered, size = [], 0
        chunk = "".join(gathered).encode()
        seal.update(chunk)
        self.manifest = attrs.evolve(self.manifest, content_sha256=seal.hexdigest())
        yield chunk + (self.manifest.content_sha256 + TAIL).encode()

    def _texts(self) -> Iterator[str]:
        after = self.manifest.from_etag
        documents = tombstones = 0
        yield f'{{"BuildVersion":{BUILD_VERSION},"DatabaseRecord":{self._record},"Docs":['
        for documents, document in enumerate(self._contents.documents(after), 1):
            yield document_text(document) if documents == 1 else ",\n" + document_text(document)
        yield "]" + "".join(f',"{section}":[]' for section in AFTER_DOCS) + ',"Tombstones":['
        for tombstones, tombstone in enumerate(self._contents.tombstones(after), 1):
            yield tombstone_text(tombstone) if tombstones == 1 else ",\n" + tombstone_text(tombstone)
        yield "]" + "".join(f',"{section}":[]' for section in AFTER_TOMBSTONES)
        self.manifest = attrs.evolve(self.manifest, documents=documents, tombstones=tombstones)
        section = text_of(as_section(self.manifest))
        assert section.endswith('"ContentSha256":""}')
        yield f',"{SECTION}":{section[:-2]}'  # up to where the seal goes


class Reader:
    """Reads one backup. Iterate `items` once, to the end: only then is the file known to be whole."""

    def __init__(self, name: str, chunks: Iterable[bytes], *, unsealed: bool = False) -> None:
        """The file `name` as `chunks`. `unsealed` also accepts files without a manifest, as RavenDB writes them.

        Of such a file nobody can say whether it is what was written: most single flipped bits go unnoticed.
        """
        self.name = name
        self.record: dict[str, Any] = {}
        """The database record in the file."""
        self.manifest: Manifest | None = None
        """What the file says of itself; None for an unsealed one."""
        self.left_out: dict[str, int] = {}
        """What was met and has no place in the model, by section or metadata field, and how often."""
        self._unsealed = unsealed
        self._chunks = chunks
        self._seal = hashlib.sha256()
        self._tail = b""

    def items(self) -> Iterator[Item]:
        """Documents, then tombstones. DamagedBackup, at the end at the latest, if the file is not as written."""
        documents = tombstones = 0
        for found in Sections(self.name, self._watched()):
            match found:
                case Found("Docs", dict(), listed=True) if not is_attachment(found.content):
                    documents += 1
                    yield self._document(found.content)
                case Found("Tombstones", dict(), listed=True) if found.content.get("Type") == "Document":
                    tombstones += 1
                    yield self._tombstone(found.content)
                case Found("DatabaseRecord", dict()):
                    self.record = found.content
                case Found("BuildVersion", int()):
                    pass
                case Found(section) if section == SECTION:
                    self.manifest = from_section(self.name, found.content)
                case _:
                    self._leave_out("Attachments" if found.section == "Docs" else found.section)
        self._verify(documents, tombstones)

    def _verify(self, documents: int, tombstones: int) -> None:
        if self.manifest is None:
            if self._unsealed:
                return
            raise unsealed_backup(self.name)
        if (
            self._tail != (self.manifest.content_sha256 + TAIL).encode()
            or self._seal.hexdigest() != self.manifest.content_sha256
        ):
            raise DamagedBackup(self.name, "its content is not what its seal (SHA-256) was made of")
        if (documents, tombstones) != (self.manifest.documents, self.manifest.tombstones):
            raise DamagedBackup(
                self.name,
                f"it holds {documents} documents and {tombstones} tombstones where its manifest counts "
                f"{self.manifest.documents} and {self.manifest.tombstones}",
            )

    def _watched(self) -> Iterator[bytes]:
        """The uncompressed pieces; all but the last bytes, which hold the seal, go into our own."""
        held = SEAL + len(TAIL)
        for piece in decompressed(self.name, self._chunks, open_ended=self._unsealed):
            unhashed = self._tail + piece
            self._seal.update(unhashed[:-held])
            self._tail = unhashed[-held:]
            yield piece

    def _document(self, content: dict[str, Any]) -> Document:
        try:
            metadata = content.pop(METADATA)
            if len(metadata) > len(KNOWN_METADATA):
                for field in sorted(metadata.keys() - KNOWN_METADATA):
                    self._leave_out(field)
            document_id = metadata["@id"]
            key_of(document_id)
            return Document(
                document_id,
                str(metadata.get("@collection", NO_COLLECTION)),
                body_of(document_id, content),
                ChangeVector.parse(metadata["@change-vector"]),
                0,
                instant_of(metadata["@last-modified"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DamagedBackup(self.name, f"a document in it makes no sense ({error})") from error

    def _tombstone(self, content: dict[str, Any]) -> Tombstone:
        try:
            return Tombstone(
                key_of(content["Key"]),
                str(content["Collection"]),
                ChangeVector.parse(content["ChangeVector"]),
                int(content["Etag"]),
                int(content["DeletedEtag"]),
                instant_of(content["LastModified"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DamagedBackup(self.name, f"a tombstone in it makes no sense ({error})") from error

    def _leave_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1


def read_manifest(name: str, chunks: Iterable[bytes]) -> Manifest:
    """What the file `name` says of itself, its seal verified, without reading its items: the cheap way to check a file.

    DamagedBackup if it is not what was written; UnreadableBackup if it has no manifest or a newer version wrote it.
    """
    held = SEAL + len(TAIL)
    seal = hashlib.sha256()
    tail = b""
    for piece in decompressed(name, chunks):
        tail += piece
        if len(tail) > MANIFEST_SPACE:
            seal.update(tail[:-MANIFEST_SPACE])
            tail = tail[-MANIFEST_SPACE:]
    seal.update(tail[:-held])
    begin = tail.rfind(f',"{SECTION}":'.encode())  # in text, its quotes would be escaped: the last one is no item's
    if begin < 0:
        raise unsealed_backup(name)
    try:
        section = json.loads(tail[begin + len(SECTION) + 4 : -1])
    except ValueError as error:
        raise DamagedBackup(name, f"its manifest is unreadable ({error})") from error
    manifest = from_section(name, section)
    if tail[-held:] != (manifest.content_sha256 + TAIL).encode() or seal.hexdigest() != manifest.content_sha256:
        raise DamagedBackup(name, "its content is not what its seal (SHA-256) was made of")
    return manifest


def unsealed_backup(name: str) -> UnreadableBackup:
    """The error for a file without a manifest."""
    return UnreadableBackup(
        f"{name} has no manifest, so nobody can say whether it is whole: "
        "allow unsealed files to read one that RavenDB wrote"
    )


def is_attachment(content: Mapping[str, Any]) -> bool:
    """Whether an item among the documents is an attachment's content, which stands before its document."""
    match content:
        case {"@metadata": {"@export-type": "Attachment"}}:
            return True
        case _:
            return False


def document_text(document: Document) -> str:
    """A document with its metadata as it stands in the stream."""
    comma = "," if len(document.body) > 2 else ""
    return (
        f'{document.body[:-1]}{comma}"{METADATA}":{{"@collection":{text_of(document.collection)},'
        f'"@change-vector":"{document.change_vector.text()}","@id":{text_of(document.id)},'
        f'"@last-modified":"{stamp(document.last_modified)}"}}}}'
    )


def tombstone_text(tombstone: Tombstone) -> str:
    """A tombstone as it stands in the stream."""
    return (
        f'{{"Key":{text_of(tombstone.id)},"Type":"Document","Collection":{text_of(tombstone.collection)},"Flags":"None",'
        f'"ChangeVector":"{tombstone.change_vector.text()}","DeletedEtag":{tombstone.deleted_etag},'
        f'"Etag":{tombstone.etag},"LastModified":"{stamp(tombstone.last_modified)}"}}'
    )
