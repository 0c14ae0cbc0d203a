"""The contents of one copy of a database at one moment, which never change: a backup is made of them.

The copy that does change is `Store` (documents.py).
"""

from collections.abc import Iterator, Mapping

from backup.database.change_vector import ChangeVector
from backup.database.items import Blob, CleanedTombstones, Document, Item, Revision, Tombstone, key_of, size_of
from backup.database.revisions import Policies
from cluster.value import value


@value
class ContentsSize:
    """Numbers of items and bytes, for models of cost and for what users see."""

    documents: int
    tombstones: int
    bytes: int
    """Approximate size before compression."""
    revisions: int = 0
    attachments: int = 0
    """Number of distinct contents of attachments."""

    @property
    def items(self) -> int:
        """How many documents, tombstones and revisions there are together."""
        return self.documents + self.tombstones + self.revisions


class Contents:
    """The contents of a copy at one moment. Later changes of the copy do not change them."""

    __slots__ = (
        "_blobs", "_items", "change_vector", "database_id", "etag", "fingerprint_sum", "forgotten", "node", "policies", "received",
        "size",
    )  # fmt: skip

    def __init__(
        self,
        node: str,
        database_id: str,
        etag: int,
        change_vector: ChangeVector,
        size: ContentsSize,
        fingerprint_sum: int,
        items: dict[str, Item],
        blobs: Mapping[str, tuple[bytes, int]],
        policies: Policies,
        received: tuple[tuple[str, int], ...],
        forgotten: CleanedTombstones,
    ) -> None:
        """Only `Store.frozen_at` makes one. `items`: slot to item in etag order; the caller must not change it later."""
        self.node = node
        self.database_id = database_id
        self.etag = etag
        """Etag of the last change that is in the contents."""
        self.change_vector = change_vector
        self.size = size
        self.fingerprint_sum = fingerprint_sum
        """`Store.fingerprint_sum` of that moment."""
        self.policies = policies
        self.received = received
        """`Store.received` of that moment, sorted."""
        self.forgotten = forgotten
        """`Store.forgotten` of that moment."""
        self._items = items
        self._blobs = blobs

    @property
    def fingerprint(self) -> str:
        """`Store.fingerprint` of that moment."""
        return f"{self.fingerprint_sum:032x}"

    def get(self, document_id: str) -> Document | None:
        """The document of that id, in upper or lower case; None if there is none."""
        item = self._items.get(key_of(document_id))
        return item if isinstance(item, Document) else None

    def items(self, after: int = 0) -> Iterator[Item]:
        """The items that changed after that etag, in etag order."""
        return changed_after(self._items, after)

    def documents(self, after: int = 0) -> Iterator[Document]:
        """The documents changed after that etag, in etag order."""
        return (item for item in changed_after(self._items, after) if isinstance(item, Document))

    def revisions(self, after: int = 0) -> Iterator[Revision]:
        """The revisions kept since that etag, in etag order."""
        return (item for item in changed_after(self._items, after) if isinstance(item, Revision))

    def tombstones(self, after: int = 0) -> Iterator[Tombstone]:
        """The tombstones of deletions after that etag, in etag order."""
        return (item for item in changed_after(self._items, after) if isinstance(item, Tombstone))

    def blob(self, hash: str, after: int = 0) -> bytes | None:
        """The content of that hash; None if it is not here, or if its `HeldBlob.etag` is not above `after`."""
        found = self._blobs.get(hash)
        return found[0] if found is not None and found[1] > after else None

    def blobs(self) -> Iterator[Blob]:
        """Every content of an attachment, in the order of `HeldBlob.etag`."""
        return (Blob(hash, content) for hash, (content, _) in self._blobs.items())

    def size_after(self, etag: int) -> ContentsSize:
        """The size of what changed after that etag, which an incremental backup holds; for 0 the size of everything."""
        if etag <= 0:
            return self.size
        counts = {Document: 0, Tombstone: 0, Revision: 0}
        size = 0
        for item in changed_after(self._items, etag):
            counts[type(item)] += 1
            size += size_of(item)
        added = [len(content) for content, since in self._blobs.values() if since > etag]
        return ContentsSize(counts[Document], counts[Tombstone], size + sum(added), counts[Revision], len(added))


def changed_after(items: dict[str, Item], etag: int) -> Iterator[Item]:
    """The items that changed after that etag, in etag order. The cost grows with their number only."""
    if etag <= 0:
        return iter(items.values())
    changed = []
    for item in reversed(items.values()):
        if item.etag <= etag:
            break
        changed.append(item)
    return reversed(changed)
