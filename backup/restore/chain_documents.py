"""The documents that a chain of sealed files gives back, one after the other: a database of any size takes little memory.

A chain is read twice: from its last file to its first, to verify every file and to learn which documents a later file replaces;
then from the first to the last, for the documents that stay. What a restore into a cluster needs beside them is in assembly.py.
"""

from collections.abc import Iterable, Iterator

from backup.content.logical import LogicalReader
from backup.content.manifest import DamagedBackup
from backup.database.items import Blob, Document, Revision, Tombstone, key_of
from backup.destinations.port import Destination
from backup.record.encryption_keys import Key
from backup.restore.chain_reader import content_of


class ChainDocuments:
    """The documents of the last file of a chain, in the order of their changes. Iterate as often as needed."""

    def __init__(self, destination: Destination, folder: str, chain: tuple[str, ...], keys: Iterable[Key] = ()) -> None:
        """Verify every file of a chain of logical backups (`chain_reader.chain_of`). DamagedBackup or UnreadableBackup."""
        self.files = chain
        self.left_out: dict[str, int] = {}
        """By section or metadata field that the model cannot hold: how often it occurred."""
        self._place = destination, folder
        self._keys = tuple(keys)
        self._replaced: dict[str, set[str]] = {}
        """By file: the keys of what later files hold."""
        self._verify()

    def __iter__(self) -> Iterator[Document]:
        for file in self.files:
            replaced = self._replaced[file]
            for item in self._reader(file).items():
                if isinstance(item, Document) and key_of(item.id) not in replaced:
                    yield item

    def _reader(self, file: str) -> LogicalReader:
        destination, folder = self._place
        return LogicalReader(file, content_of(destination, folder, file, self._keys))

    def _verify(self) -> None:
        replaced: set[str] = set()
        held: dict[str, set[str]] = {}
        lacking: dict[str, dict[str, str]] = {}
        for file in reversed(self.files):
            self._replaced[file] = replaced
            replaced = set(replaced)
            held[file], lacking[file] = set(), {}
            reader = self._reader(file)
            for item in reader.items():
                if isinstance(item, Blob):
                    held[file].add(item.hash)
                    continue
                if not isinstance(item, Revision) and file != self.files[0]:
                    replaced.add(key_of(item.id))
                for attachment in () if isinstance(item, Tombstone) else item.attachments:
                    if attachment.hash not in held[file]:
                        lacking[file].setdefault(attachment.hash, item.id)
            for what, count in reader.left_out.items():
                self.left_out[what] = self.left_out.get(what, 0) + count
        self.left_out = dict(sorted(self.left_out.items()))
        before: set[str] = set()
        for file in self.files:
            for hash, document_id in lacking[file].items():
                if hash not in before:
                    raise DamagedBackup(file, f"it names the attachment {hash} of {document_id!r} and lacks it")
            before |= held[file]
