"""Bugs of the content of a copy, an index or a file: each leaves out, or lets through, one thing that a backup promises."""

from collections.abc import Sequence
from typing import Any

import attrs

from backup.database.items import Revision, Tombstone, body_and_metadata, text_of, with_metadata
from scenarios.zoo import bug

RESTORED = "restored equals backed up"
SHOP = "pantry"


@bug("backup.database.contents:Contents.blob", breaks=RESTORED, source="rule 18.1", strikes=SHOP)
def leaves_attachments_out(original: Any, self: Any, hash: Any, after: Any = 0) -> Any:
    """A backup names attachments and does not hold them."""
    return None


@bug("backup.database.contents:Contents.tombstones", breaks=RESTORED, source="rule 18.2", strikes=SHOP)
def forgets_deletions(original: Any, self: Any, after: Any = 0) -> Any:
    """An incremental holds no tombstones: what was deleted comes back with the restore."""
    return iter(())


@bug("backup.database.contents:Contents.revisions", breaks=RESTORED, source="rule 18.1", strikes=SHOP)
def leaves_revisions_out(original: Any, self: Any, after: Any = 0) -> Any:
    """A backup holds documents as they are and not as they were."""
    return iter(())


@bug("backup.content.texts:body_and_metadata", breaks=RESTORED, source="rule 18.1", strikes=SHOP)
def writes_its_own_metadata_alone(original: Any, body: Any) -> Any:
    """A backup holds of a document's metadata what the database wrote, and nothing that a user put there."""
    return original(body)[0], ""


@bug(
    "backup.content.texts:document_parts",
    breaks=RESTORED,
    source="readers of JSON that take every number for a double (RFC 8259, section 6)",
    strikes=SHOP,
)
def rounds_numbers(original: Any, document: Any) -> Any:
    """Documents are parsed on their way into a file: of 1.10 comes 1.1 back, of long numbers the first seventeen digits."""
    own = body_and_metadata(document.body)[1]
    body = text_of(document.data)
    return original(attrs.evolve(document, body=with_metadata(body, own) if own else body))


@bug("backup.restore.assembly:with_identity", breaks=RESTORED, source="rule 18.1", strikes=SHOP)
def gives_numbers_again(original: Any, values: Any, key: Any, number: Any, index: Any) -> Any:
    """Identities are not restored: the first new order overwrites the oldest."""
    return values


@bug("backup.restore.assembly:without_exchanged", breaks=RESTORED, source="rule 18.2", strikes=SHOP)
def revives_exchanged_values(original: Any, values: Any, key: Any, index: Any) -> Any:
    """Tombstones of compare-exchange values are read and not heeded: a lock that was freed is held again."""
    return values


@bug("backup.restore.assembly:with_index", breaks=RESTORED, source="rule 17.5", strikes=SHOP)
def restores_no_index(original: Any, values: Any, definition: Any, index: Any) -> Any:
    """Index definitions are in the file and nowhere else."""
    return values


@bug(
    "backup.runs.backup_run:BackupRun._read_back",
    breaks="reported means kept",
    source="RavenDB 5.4 writes zstd without a checksum: of 2,000 flipped bits 1,236 gave other content and no error",
    strikes=SHOP,
)
async def accepts_a_flipped_bit(original: Any, self: Any, opened: Any, manifest: Any) -> None:
    """One bit of a file changes on its way, and nobody looks."""
    name = f"{opened.folder}/{opened.file}"

    def flip() -> None:
        content = bytearray(b"".join(self.places.base.read(name)))
        content[len(content) // 2] ^= 1
        self.places.base.delete(name)
        upload = self.places.base.start(name)
        upload.write(bytes(content))
        upload.finish()

    await self._member.outside(flip, 1_000)


@bug("backup.database.documents:Store.merge", breaks="copies agree", source="rule 19.3", strikes=SHOP)
def keeps_losers_to_itself(original: Any, self: Any, incoming: Any) -> Any:
    """Revisions are kept where they were made and taken from nobody."""
    return () if isinstance(incoming, Revision) else original(self, incoming)


@bug("backup.database.indexes:IndexData.take", breaks="fresh indexes are right", source="rule 18.1", strikes=SHOP)
def indexes_what_is_gone(original: Any, self: Any, changes: Sequence[Any]) -> Any:
    """An index keeps the rows of deleted documents, and calls itself up to date."""
    frame = original(self, [item for item in changes if not isinstance(item, Tombstone)])
    self.etag = max(self.etag, changes[-1].etag)
    return frame


@bug("backup.restore.restore_operation:restore_command", source="rule 17.7", strikes="everything_comes_back")
def restores_documents_alone(original: Any, database: Any, values: Any) -> Any:
    """What was agreed through the log is read from the files and never put into the new database."""
    return original(database, type(values)(indexes=values.indexes))


@bug("backup.replicas.indexer:Indexer.all_of", source="rule 18.1", strikes="backup_or_snapshot")
def snapshots_leave_indexes_out(original: Any, self: Any, copy: Any) -> Any:
    """A snapshot holds no data of indexes, so that they must be built again."""
    return []
