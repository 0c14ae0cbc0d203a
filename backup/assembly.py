"""A database put together from the files of one chain, one after the other (rules 17.4, 17.5).

Never here: which files make a chain, or where they are.
"""

from collections.abc import Mapping
from typing import Any

from backup.content import definitions
from backup.content.logical import Reader
from backup.database.documents import Store
from backup.database.items import Blob, Document, Tombstone
from backup.database.revisions import Policies
from backup.database.values import (
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
)


class Assembly:
    """What the files read so far come to."""

    def __init__(self, node: str, database_id: str) -> None:
        """Nothing yet; the copy will be that of `node`, under an id of its own."""
        self.store = Store(node, database_id)
        self.values: Values = NOTHING
        self.record: Mapping[str, Any] = {}
        """The database record in the last file (rule 17.5)."""
        self.documents = 0
        """Documents read; one that changed between two files counts in each."""
        self.tombstones = 0
        self.left_out: dict[str, int] = {}
        """What has no place in the model, by section or metadata field, and how often it was met."""
        self._policies_index = 0

    @property
    def fingerprint(self) -> str:
        """What `BackupStarted.fingerprint` said of a copy that held the same."""
        return combined(self.store.fingerprint_sum, self.values)

    def take(self, reader: Reader) -> None:
        """One more file. DamagedBackup as the reader raises it."""
        store = self.store
        before = store.etag
        for item in reader.items():
            if isinstance(item, Blob):
                store.hold(item)
            else:
                store.adopt(item)
        self.record = reader.record
        manifest = reader.manifest
        if manifest is not None and manifest.policies_index != self._policies_index:
            self._policies_index = manifest.policies_index
            store.forget_revisions(before)  # the file holds every revision there was, however few
        self._agree(reader)
        store.enforce(Policies(store.policies.index, self.values.policies.policies))
        self.documents += reader.counts[Document]
        self.tombstones += reader.counts[Tombstone]
        for what, count in reader.left_out.items():
            self.left_out[what] = self.left_out.get(what, 0) + count

    def _agree(self, reader: Reader) -> None:
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


def giving(database: str, values: Values) -> RestoreValues:
    """The command that gives a database these values."""
    return RestoreValues(
        database,
        tuple((each.key, each.number) for _, each in sorted(values.identities.items())),
        tuple((each.key, each.text) for _, each in sorted(values.exchanged.items())),
        tuple(each for _, each in sorted(values.indexes.items())),
        values.policies.policies,
    )
