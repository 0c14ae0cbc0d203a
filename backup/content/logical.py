"""The format of a logical backup: the contents of a copy as one stream of sections in RavenDB's order, with a seal at its end.

`LogicalWriter` turns contents into chunks of a file and `LogicalReader` turns chunks into items; both hold one piece at
a time in memory. Sections that the model does not support are written empty, and counted when they are read.
"""

import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import attrs

from backup.content import definitions, texts
from backup.content.compression import EndlessFrame, compressed, decompressed
from backup.content.manifest import (
    SECTION,
    DamagedBackup,
    Manifest,
    UnreadableBackup,
    as_section,
    from_section,
)
from backup.content.sections import DocumentLine, SectionItem, Sections
from backup.content.snapshot import MAGIC, read_snapshot_manifest
from backup.database.agreed_values import NOTHING, IndexDefinition, Values
from backup.database.contents import Contents
from backup.database.items import Blob, Document, Item, Revision, Tombstone, key_of, text_of

BUILD_VERSION = 54_000
"""The build of RavenDB whose sections, and whose order of sections, the stream has. No server of RavenDB's writes this number."""
BEGINNING = b'{"BuildVersion":'
FOREIGN = re.compile(rb'\{"BuildVersion":(?!%d\b)(\d{5,6}),' % BUILD_VERSION)
"""The first bytes of a file that RavenDB wrote."""
AFTER_TOMBSTONES = ("Docs", "Conflicts")
AFTER_EXCHANGED = (
    "CounterGroups",
    "Subscriptions",
    "TimeSeriesDeletedRanges",
    "TimeSeries",
    "ReplicationHubCertificates",
)
FIRST = 32
"""How many first bytes of a stream suffice for `FOREIGN`."""
CHUNK = 1 << 17
MANIFEST_SPACE = 1 << 16
"""How many last bytes of a stream are searched for the manifest."""
SEAL = 64
TAIL = '"}]}'
"""What follows the seal: the end of the manifest, of its section, and of the stream."""
OLD_TAIL = '"}}'
"""The same in format 2."""
Unreadable = (AttributeError, KeyError, TypeError, ValueError)
"""The errors that reading an item's fields raises when its JSON is not of the expected form."""


class LogicalWriter:
    """Writes one logical backup. Iterate `chunks` once, to the end; then `manifest` is the complete manifest of the file."""

    def __init__(
        self, contents: Contents, record: Mapping[str, Any], manifest: Manifest, values: Values = NOTHING
    ) -> None:
        """A writer of the backup that `manifest` has begun (`begun_manifest`).

        `contents`: the copy's contents at the start of the run. `record`: the database record as a JSON object, which every
        file holds whole (rule 18.4). `values`: the agreed values at the manifest's log index; an incremental holds
        those that changed after `from_raft_index` (rule 18.3), and every index definition.
        """
        self._contents = contents
        self._values = values
        self._record = text_of({**record, "Revisions": definitions.revisions_json(values.policies.policies)})
        self._attached: set[str] = set()
        """Hashes of the attachment contents that are in the file."""
        self.taken = 0
        """How many items were written into the stream so far."""
        self.manifest = manifest

    def chunks(self) -> Iterator[bytes]:
        """The file in chunks: one zstd frame with a checksum of its content. Equal input gives equal bytes."""
        return compressed(self._sealed())

    def _sealed(self) -> Iterator[bytes]:
        seal = hashlib.sha256()
        gathered: list[str] = []
        size = 0
        for part in self._parts():
            if isinstance(part, str):
                gathered.append(part)
                size += len(part)
                if size < CHUNK:
                    continue
                chunk = "".join(gathered).encode()
            else:
                chunk = "".join(gathered).encode() + part
            gathered, size = [], 0
            seal.update(chunk)
            yield chunk
        chunk = "".join(gathered).encode()
        seal.update(chunk)
        self.manifest = attrs.evolve(self.manifest, content_sha256=seal.hexdigest())
        yield chunk + (self.manifest.content_sha256 + TAIL).encode()

    def _parts(self) -> Iterator[str | bytes]:
        """The stream in parts: text, and the contents of attachments as bytes."""
        contents, after = self._contents, self.manifest.from_etag
        yield f'{{"BuildVersion":{BUILD_VERSION},"DatabaseRecord":{self._record},"Docs":['
        documents = yield from self._items(contents.documents(after), texts.document_parts)
        yield '\n],"RevisionDocuments":['  # a line break ends each document, also the last one
        revisions = yield from self._items(contents.revisions(after), texts.revision_parts)
        yield '],"Tombstones":['
        tombstones = yield from self._items(contents.tombstones(after), texts.tombstone_parts)
        yield "]" + "".join(f',"{section}":[]' for section in AFTER_TOMBSTONES)
        identities, exchanged = yield from self._agreed()
        yield "".join(f',"{section}":[]' for section in AFTER_EXCHANGED)
        self.manifest = attrs.evolve(
            self.manifest,
            documents=documents,
            revisions=revisions,
            tombstones=tombstones,
            attachments=len(self._attached),
            identities=identities,
            exchanged=exchanged,
        )
        section = text_of(as_section(self.manifest))
        assert section.endswith('"ContentSha256":""}')
        yield f',"{SECTION}":[{section[:-2]}'  # without the end, where the seal is put

    def _items(
        self, items: Iterable[Any], parts_of_item: Callable[[Any], Iterator[str]]
    ) -> Generator[str | bytes, None, int]:
        """The items of a section, each after the attachment contents that are new with it. Returns how many items."""
        before = self.taken
        comma = ""
        for item in items:
            for attachment in getattr(item, "attachments", ()):
                content = self._contents.blob(attachment.hash, self.manifest.from_etag)
                if content is not None and attachment.hash not in self._attached:
                    self._attached.add(attachment.hash)
                    yield comma + texts.blob_text(Blob(attachment.hash, content), item.id, attachment)
                    yield content
                    comma = ",\n"
            self.taken += 1
            yield comma
            yield from parts_of_item(item)
            comma = ",\n"
        return self.taken - before

    def _agreed(self) -> Generator[str, None, tuple[int, int]]:
        """The sections of agreed values. Returns how many identities and compare-exchange values are in them."""
        values, after = self._values, self.manifest.from_raft_index
        indexes = [text_of(definitions.index_json(definition)) for _, definition in sorted(values.indexes.items())]
        identities = [
            text_of(definitions.identity_json(each))
            for _, each in sorted(values.identities.items())
            if each.index > after
        ]
        exchanged = [
            text_of(definitions.exchanged_json(each))
            for _, each in sorted(values.exchanged.items())
            if each.index > after
        ]
        gone = [text_of({"Key": key}) for key, index in sorted(values.tombstones.items()) if index > after]
        for section, rows in (
            ("Indexes", indexes),
            ("Identities", identities),
            ("CompareExchange", exchanged),
            ("CompareExchangeTombstones", gone),
        ):
            yield f',"{section}":[{",".join(rows)}]'
        return len(identities), len(exchanged)


class LogicalReader:
    """Reads one logical backup. Iterate `items` once, to the end: only then is the file known to be whole."""

    def __init__(self, name: str, chunks: Iterable[bytes], *, unsealed: bool = False) -> None:
        """A reader of the file `name`, whose bytes are `chunks`.

        `unsealed` also accepts files without a manifest, as RavenDB writes them. Such a file cannot be verified: most
        single flipped bits go unnoticed.
        """
        self.name = name
        self.record: dict[str, Any] = {}
        """The database record in the file."""
        self.identities: list[tuple[str, int]] = []
        """Key and number of each identity in the file."""
        self.exchanged: list[tuple[str, str]] = []
        """Key and value as JSON of each compare-exchange value in the file."""
        self.exchange_tombstones: list[str] = []
        """Keys of the deleted compare-exchange values in the file."""
        self.indexes: list[IndexDefinition] = []
        """All index definitions of the database at that time."""
        self.manifest: Manifest | None = None
        """The manifest of the file; None until it is read, and for an unsealed file."""
        self.left_out: dict[str, int] = {}
        """How often something was met that the model does not support, by section or metadata field."""
        self.counts = {Document: 0, Revision: 0, Tombstone: 0, Blob: 0}
        """How many items of each class were read so far."""
        self._unsealed = unsealed
        self._chunks = chunks
        self._seal = hashlib.sha256()
        self._tail = b""

    def items(self) -> Iterator[Item | Blob]:
        """Documents, revisions, then tombstones; each attachment content comes before the first item that refers to it.

        Raises DamagedBackup, at the end at the latest, if the file is not what was written, and UnreadableBackup if it
        has no manifest or another version wrote it.
        """
        counts = self.counts
        for found in Sections(self.name, self._watched(), lines_of="" if self._unsealed else "Docs"):
            try:
                item = self._item(found)
            except (DamagedBackup, UnreadableBackup):
                raise
            except Unreadable as error:
                section = "Docs" if isinstance(found, DocumentLine) else found.section
                raise DamagedBackup(self.name, f"an item of {section!r} makes no sense ({error})") from error
            if item is not None:
                counts[type(item)] += 1
                yield item
        self._verify()

    def _item(self, found: SectionItem | DocumentLine) -> Item | Blob | None:
        """The item to yield; None if an attribute of the reader has taken the content, or if it is left out."""
        if isinstance(found, DocumentLine):
            return texts.document_on_line(found, self._leave_out)
        section, content = found.section, found.content
        if found.listed and isinstance(content, dict):
            if found.raw is not None and texts.is_attachment(content):
                return texts.blob_of(content, found.raw)
            match section:
                case "Docs":
                    return texts.document_of(content, self._leave_out)
                case "RevisionDocuments":
                    return texts.revision_of(content, self._leave_out)
                case "Tombstones" if content.get("Type") == "Document":
                    return texts.tombstone_of(content)
                case "Identities":
                    self.identities.append((str(content["Key"]), int(content["Value"])))
                    return None
                case "CompareExchange":
                    self.exchanged.append(definitions.exchanged_of(content))
                    return None
                case "CompareExchangeTombstones":
                    self.exchange_tombstones.append(key_of(content["Key"]))
                    return None
                case "Indexes" if (definition := definitions.index_of(content)) is not None:
                    self.indexes.append(definition)
                    return None
        match found:
            case SectionItem("DatabaseRecord", dict()):
                self.record = content
            case SectionItem("BuildVersion", int()):
                pass
            case SectionItem(name) if name == SECTION:
                self.manifest = from_section(self.name, content)
            case _:
                self._leave_out(section)
        return None

    def _verify(self) -> None:
        if self.manifest is None:
            if self._unsealed:
                return
            raise unsealed_backup(self.name)
        manifest = self.manifest
        unsealed = _unsealed_bytes(self._tail)
        self._seal.update(self._tail[:-unsealed])
        if not _is_sealed(manifest, self._tail[-unsealed:], self._seal.hexdigest()):
            raise DamagedBackup(self.name, "its content is not what its seal (SHA-256) was made of")
        found = (*self.counts.values(), len(self.identities), len(self.exchanged))
        counted = (
            manifest.documents,
            manifest.revisions,
            manifest.tombstones,
            manifest.attachments,
            manifest.identities,
            manifest.exchanged,
        )
        if found != counted:
            raise DamagedBackup(self.name, f"it holds {found} things of each kind where its manifest counts {counted}")

    def _watched(self) -> Iterator[bytes]:
        """The uncompressed pieces. All bytes but the last, which may hold the seal, are hashed on the way."""
        held = SEAL + len(TAIL)
        for piece in decompressed(self.name, self._chunks, open_ended=self._unsealed):
            unhashed = self._tail + piece
            self._seal.update(unhashed[:-held])
            self._tail = unhashed[-held:]
            yield piece

    def _leave_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1


def read_manifest(name: str, chunks: Iterable[bytes]) -> Manifest:
    """The manifest of the file `name`, a logical backup or a snapshot, after verifying its seal.

    It costs less than reading the items. Raises DamagedBackup if the file is not what was written, and UnreadableBackup
    if it has no manifest or another version wrote it.
    """
    first, chunks = peeked(chunks)
    if first.startswith(MAGIC):
        return read_snapshot_manifest(name, chunks)
    seal = hashlib.sha256()
    head = tail = b""
    try:
        for piece in decompressed(name, chunks):
            head += piece[: FIRST - len(head)]
            if not head.startswith(BEGINNING[: len(head)]):
                raise DamagedBackup(name, "it does not begin as a backup does")
            tail += piece
            if len(tail) > MANIFEST_SPACE:
                seal.update(tail[:-MANIFEST_SPACE])
                tail = tail[-MANIFEST_SPACE:]
    except EndlessFrame:
        if FOREIGN.match(head) and tail.endswith(b"}"):  # as RavenDB leaves a frame
            raise unsealed_backup(name) from None
        raise
    unsealed = _unsealed_bytes(tail)
    seal.update(tail[:-unsealed])
    # Inside a JSON string the quotes would be escaped, so the last occurrence is the section itself.
    begin = tail.rfind(f',"{SECTION}":'.encode())
    if begin < 0:
        raise unsealed_backup(name)
    try:
        section = json.loads(tail[begin + len(SECTION) + 4 : -1])
    except (ValueError, RecursionError) as error:
        raise DamagedBackup(name, f"its manifest is unreadable ({error})") from error
    manifest = from_section(name, section[0] if isinstance(section, list) and len(section) == 1 else section)
    if not _is_sealed(manifest, tail[-unsealed:], seal.hexdigest()):
        raise DamagedBackup(name, "its content is not what its seal (SHA-256) was made of")
    return manifest


def _unsealed_bytes(tail: bytes) -> int:
    """How many last bytes of a stream the seal does not cover: itself, and what follows it in the format of the file."""
    return SEAL + len(TAIL if tail.endswith(TAIL.encode()) else OLD_TAIL)


def _is_sealed(manifest: Manifest, end: bytes, seal: str) -> bool:
    """Whether the seal in the manifest is the one at the end of the file, and that of all before it."""
    written = manifest.content_sha256
    return end in ((written + TAIL).encode(), (written + OLD_TAIL).encode()) and seal == written


def peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """The first bytes of a file, which suffice to compare them with `MAGIC`; and all chunks of the file."""
    rest = iter(chunks)
    first = next(rest, b"")
    while len(first) < len(MAGIC) and (more := next(rest, None)) is not None:
        first += more
    return first, chain([first], rest)


def unsealed_backup(name: str) -> UnreadableBackup:
    """The error for a file without a manifest."""
    return UnreadableBackup(
        f"{name} has no seal, as RavenDB writes its files, so that nobody can say whether it is whole: "
        "read it as it is with --unsealed (in Python unsealed=True)"
    )
