"""A database assembled from the files of one chain, one after the other (rules 17.4, 17.5)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backup.content import definitions
from backup.content.logical import LogicalReader, Unreadable, peeked
from backup.content.manifest import DamagedBackup, Manifest, UnreadableBackup
from backup.content.snapshot import DOCUMENTS, INDEXES, LARGE, MAGIC, RECORD, VALUES, SnapshotReader, joined
from backup.database.agreed_values import (
    NOTHING,
    RestoreValues,
    Values,
    combined,
    with_exchanged,
    with_identity,
    with_index,
    with_policies,
    without_exchanged,
    without_index,
    without_indexes,
)
from backup.database.documents import Store
from backup.database.indexes import IndexData
from backup.database.items import Blob, Document, Item, Tombstone
from backup.database.journal import JournalState, decode_stream
from backup.database.revisions import Policies


class DatabaseAssembly:
    """The result of the files read so far: a new copy with change vectors of its own (rule 17.10), values and indexes."""

    def __init__(self, node: str, database_id: str) -> None:
        """Begin with an empty copy that belongs to `node`, under an id of its own."""
        self.store = Store(node, database_id)
        self.values: Values = NOTHING
        self.record: Mapping[str, Any] = {}
        """The database record in the last file (rule 17.5)."""
        self.documents = 0
        """Documents read; one that changed between two files counts in each."""
        self.tombstones = 0
        self.left_out: dict[str, int] = {}
        """By section or metadata field that the model cannot hold: how often it occurred."""
        self.indexes: list[IndexData] = []
        """Index data of a snapshot, each as of an etag of the store, whose etags a snapshot keeps."""
        self.files: tuple[str, ...] = ()
        """Names of the files taken, in order."""
        self.manifest: Manifest | None = None
        """Manifest of the last file; None if the file has no seal."""
        self._policies_index = 0

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the copy, equal to `BackupStarted.fingerprint` of a copy that held the same."""
        return combined(self.store.fingerprint_sum, self.values)

    def take_file(self, name: str, chunks: Iterable[bytes], *, unsealed: bool = False) -> Manifest | None:
        """Apply one more file, a snapshot or a logical backup; return its manifest, None if it is unsealed.

        DamagedBackup or UnreadableBackup if the file cannot be read.
        """
        first, whole = peeked(chunks)
        reader: SnapshotReader | LogicalReader
        if first.startswith(MAGIC):
            reader = SnapshotReader(name, whole)
            self.take_snapshot(reader)
        else:
            reader = LogicalReader(name, whole, unsealed=unsealed)
            self.take(reader)
        self.files, self.manifest = (*self.files, name), reader.manifest
        return reader.manifest

    def drop_indexes(self) -> None:
        """Drop every index, definitions and data (`SkipIndexes`, rule 17.1)."""
        self.values, self.indexes = without_indexes(self.values), []

    def take_snapshot(self, reader: SnapshotReader) -> None:
        """Replace everything by the raw store and index data of a snapshot (rule 17.10)."""
        node, database_id = self.store.node, self.store.database_id
        others: dict[str, bytes] = {}
        try:
            self.store = Store.replayed(self._stored(reader, others))
            said = json.loads(others[VALUES])
            self.record = json.loads(others[RECORD])
            self.indexes = [
                IndexData.recover([content]) for name, content in others.items() if name.startswith(INDEXES)
            ]
            self.values = _values_of(said, self.record)
        except (DamagedBackup, UnreadableBackup):
            raise
        except (*Unreadable, RecursionError) as error:
            raise DamagedBackup(reader.name, f"a member of it makes no sense ({error})") from error
        self._policies_index = self.store.policies.index
        self.store.become(database_id, node)
        size = self.store.size
        self.documents, self.tombstones = size.documents, size.tombstones
        counts = (size.documents, size.tombstones, size.revisions, size.attachments)
        manifest = reader.manifest
        assert manifest is not None, "a snapshot without one is refused"
        counted = (manifest.documents, manifest.tombstones, manifest.revisions, manifest.attachments)
        if counts != counted:
            raise DamagedBackup(
                reader.name, f"it holds {counts} things of each kind where its manifest counts {counted}"
            )

    def _stored(self, reader: SnapshotReader, others: dict[str, bytes]) -> Iterator[Item | Blob | JournalState]:
        for name, pieces in reader.members():
            if name.startswith(DOCUMENTS):
                yield from decode_stream(pieces)
            else:
                others[name] = joined(reader.name, name, pieces, LARGE)

    def take(self, reader: LogicalReader) -> None:
        """Apply one more logical backup. DamagedBackup if the file is damaged."""
        store = self.store
        before = store.etag
        for item in reader.items():
            if isinstance(item, Blob):
                store.hold(item)
            elif lacking := store.missing(item):
                raise DamagedBackup(reader.name, f"it names the attachment {lacking[0]} of {item.id!r} and lacks it")
            else:
                store.adopt(item)
        self.record = reader.record
        manifest = reader.manifest
        if manifest is not None and manifest.policies_index != self._policies_index:
            self._policies_index = manifest.policies_index
            store.forget_revisions(before)  # the file holds every revision of the document
        self._agree(reader)
        store.enforce(Policies(store.policies.index, self.values.policies.policies))
        self.documents += reader.counts[Document]
        self.tombstones += reader.counts[Tombstone]
        for what, count in reader.left_out.items():
            self.left_out[what] = self.left_out.get(what, 0) + count

    def _agree(self, reader: LogicalReader) -> None:
        values = with_policies(self.values, definitions.policies_of(reader.record), 0)
        for key in reader.exchange_tombstones:
            values = without_exchanged(values, key, 0)
        for key, number in reader.identities:
            values = with_identity(values, key, number, 0)
        for key, text in reader.exchanged:
            values = with_exchanged(values, key, text, 0)
        for name in list(values.indexes):  # rule 17.5: index definitions are those of the last file
            values = without_index(values, name, 0)
        for definition in reader.indexes:
            values = with_index(values, definition, 0)
        self.values = values


def read_through(name: str, chunks: Iterable[bytes]) -> None:
    """Read every item of a file and keep none of a logical backup. Raises DamagedBackup and UnreadableBackup as `take_file`."""
    first, whole = peeked(chunks)
    if first.startswith(MAGIC):
        DatabaseAssembly("A", "read").take_snapshot(SnapshotReader(name, whole))
        return
    for _ in LogicalReader(name, whole).items():
        pass


def _values_of(said: Mapping[str, Any], record: Mapping[str, Any]) -> Values:
    values = with_policies(NOTHING, definitions.policies_of(record), 0)
    for each in said["Identities"]:
        values = with_identity(values, str(each["Key"]), int(each["Value"]), 0)
    for each in said["CompareExchange"]:
        values = with_exchanged(values, *definitions.exchanged_of(each), 0)
    for each in said["Indexes"]:
        if (definition := definitions.index_of(each)) is not None:
            values = with_index(values, definition, 0)
    return values


def restore_command(database: str, values: Values) -> RestoreValues:
    """The command that gives a database these values."""
    return RestoreValues(
        database,
        tuple((each.key, each.number) for _, each in sorted(values.identities.items())),
        tuple((each.key, each.text) for _, each in sorted(values.exchanged.items())),
        tuple(each for _, each in sorted(values.indexes.items())),
        values.policies.policies,
    )
