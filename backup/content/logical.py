"""The content of a logical backup: what a copy held, as one stream of sections in RavenDB's order, sealed at its end.

`LogicalWriter` turns contents into chunks of a file, `LogicalReader` chunks into items; both hold one piece at a time. Sections for
which the model has no place are written empty, and counted when read. Never here: where files are, what they are called,
how a chain of them is restored.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import attrs

from backup.content import definitions, texts
from backup.content.compression import compressed, decompressed
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
"""The generation of RavenDB whose sections and order these are."""
AFTER_TOMBSTONES = ("Docs", "Conflicts")
AFTER_EXCHANGED = (
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
Unreadable = (AttributeError, KeyError, TypeError, ValueError)
"""What code that takes JSON apart raises when something else is in it than there should be."""


class LogicalWriter:
    """Writes one backup. Iterate `chunks` once, to the end; then `manifest` is what the file says of itself."""

    def __init__(
        self, contents: Contents, record: Mapping[str, Any], manifest: Manifest, values: Values = NOTHING
    ) -> None:
        """The backup that `manifest` has begun.

        `contents` frozen at the start, `record` as a JSON object (written whole in every file, rule 18.4), `values` as
        of the log index of the manifest, of which an incremental holds those changed after `from_raft_index` (rule
        18.3), and every index definition.
        """
        self._contents = contents
        self._values = values
        self._record = text_of({**record, "Revisions": definitions.revisions_json(values.policies.policies)})
        self._attached: set[str] = set()
        """Hashes of the contents that are in the file."""
        self.taken = 0
        """Items that were taken into the stream so far."""
        self.manifest = manifest

    def chunks(self) -> Iterator[bytes]:
        """The file, piece by piece: one zstd frame with content checksum. Equal input gives equal bytes."""
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
            seal.update(chunk)
            yield chunk
            gathered, size = [], 0
        chunk = "".join(gathered).encode()
        seal.update(chunk)
        self.manifest = attrs.evolve(self.manifest, content_sha256=seal.hexdigest())
        yield chunk + (self.manifest.content_sha256 + TAIL).encode()

    def _parts(self) -> Iterator[str | bytes]:
        """The stream: text, and the bytes of attachments."""
        contents, after = self._contents, self.manifest.from_etag
        yield f'{{"BuildVersion":{BUILD_VERSION},"DatabaseRecord":{self._record},"Docs":['
        documents = yield from self._items(contents.documents(after), texts.document_text)
        yield '\n],"RevisionDocuments":['  # each document ends with its line, the last one too
        revisions = yield from self._items(contents.revisions(after), texts.revision_text)
        yield '],"Tombstones":['
        tombstones = yield from self._items(contents.tombstones(after), texts.tombstone_text)
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
        yield f',"{SECTION}":{section[:-2]}'  # up to where the seal goes

    def _items(self, items: Iterable[Any], text_of_item: Callable[[Any], str]) -> Generator[str | bytes, None, int]:
        """The items of a section; before the first that names an attachment its content. Returns how many there are."""
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
            yield comma + text_of_item(item)
            comma = ",\n"
        return self.taken - before

    def _agreed(self) -> Generator[str, None, tuple[int, int]]:
        """What was agreed through the log. Returns how many identities and compare-exchange values there are."""
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
    """Reads one backup. Iterate `items` once, to the end: only then is the file known to be whole."""

    def __init__(self, name: str, chunks: Iterable[bytes], *, unsealed: bool = False) -> None:
        """The file `name` as `chunks`. `unsealed` also accepts files without a manifest, as RavenDB writes them.

        Of such a file nobody can say whether it is what was written: most single flipped bits go unnoticed.
        """
        self.name = name
        self.record: dict[str, Any] = {}
        """The database record in the file."""
        self.identities: list[tuple[str, int]] = []
        """Key and number of those in the file."""
        self.exchanged: list[tuple[str, str]] = []
        """Key and JSON text of the compare-exchange values in the file."""
        self.exchange_tombstones: list[str] = []
        """Keys of compare-exchange values that were deleted."""
        self.indexes: list[IndexDefinition] = []
        """Every index of the database at that time."""
        self.manifest: Manifest | None = None
        """What the file says of itself; None for an unsealed one."""
        self.left_out: dict[str, int] = {}
        """What was met and has no place in the model, by section or metadata field, and how often."""
        self.counts = {Document: 0, Revision: 0, Tombstone: 0, Blob: 0}
        """Items read so far."""
        self._unsealed = unsealed
        self._chunks = chunks
        self._seal = hashlib.sha256()
        self._tail = b""

    def items(self) -> Iterator[Item | Blob]:
        """Documents, revisions, then tombstones, each content of an attachment before the first item that names it.

        DamagedBackup, at the end at the latest, if the file is not as written.
        """
        counts = self.counts
        for found in Sections(self.name, self._watched(), lines_of="" if self._unsealed else "Docs"):
            try:
                item = self._item(found)
            except (DamagedBackup, UnreadableBackup):
                raise
            except Unreadable as error:
                raise DamagedBackup(self.name, f"an item of {found.section!r} makes no sense ({error})") from error
            if item is not None:
                counts[type(item)] += 1
                yield item
        self._verify()

    def _item(self, found: SectionItem) -> Item | Blob | None:
        """The item, or None for what is kept aside or has no place."""
        section, content = found.section, found.content
        if type(content) is DocumentLine:
            return texts.document_with(content.body, content.metadata, self._leave_out)
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
        if self._tail != (manifest.content_sha256 + TAIL).encode() or self._seal.hexdigest() != manifest.content_sha256:
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
        """The uncompressed pieces; all but the last bytes, which hold the seal, go into our own."""
        held = SEAL + len(TAIL)
        for piece in decompressed(self.name, self._chunks, open_ended=self._unsealed):
            unhashed = self._tail + piece
            self._seal.update(unhashed[:-held])
            self._tail = unhashed[-held:]
            yield piece

    def _leave_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1


def read_manifest(name: str, chunks: Iterable[bytes]) -> Manifest:
    """What the file `name` says of itself, its seal verified, without reading its items: the cheap way to check a file.

    A snapshot too. DamagedBackup if it is not what was written; UnreadableBackup if it has no manifest or a newer
    version wrote it.
    """
    first, chunks = peeked(chunks)
    if first.startswith(MAGIC):
        return read_snapshot_manifest(name, chunks)
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


def peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """The first bytes of a file, and all of it."""
    rest = iter(chunks)
    first = next(rest, b"")
    while len(first) < len(MAGIC) and (more := next(rest, None)) is not None:
        first += more
    return first, chain([first], rest)


def unsealed_backup(name: str) -> UnreadableBackup:
    """The error for a file without a manifest."""
    return UnreadableBackup(
        f"{name} has no manifest, so nobody can say whether it is whole: "
        "allow unsealed files to read one that RavenDB wrote"
    )
