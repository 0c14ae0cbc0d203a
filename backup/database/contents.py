"""What a copy of a database held at one moment, for ever: what a backup is made of.

Never here: how a copy changes (documents.py).
"""

from collections.abc import Iterator, Mapping

from backup.database.change_vector import ChangeVector
from backup.database.items import Blob, CleanedTombstones, Document, Item, Revision, Tombstone, key_of, size_of
from backup.database.revisions import Policies
from cluster.value import value


@value
class ContentsSize:
    """How much there is: for cost models, and for what users see."""

    documents: int
    tombstones: int
    bytes: int
    """Roughly, before compression."""
    revisions: int = 0
    attachments: int = 0
    """Contents of attachments, each counted once."""

    @property
    def items(self) -> int:
        """Documents, tombstones and revisions."""
        return self.documents + self.tombstones + self.revisions


class Contents:
    """What a copy held at one moment. It never changes, whatever happens to the copy afterwards."""

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
        """`items`: key to item in etag order, and nobody else's: use `Store.frozen_at`."""
        self.node = node
        self.database_id = database_id
        self.etag = etag
        """Etag of the last change in it."""
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
        """The document of that id, in any case; None if there is none."""
        item = self._items.get(key_of(document_id))
        return item if isinstance(item, Document) else None

    def items(self, after: int = 0) -> Iterator[Item]:
        """Everything changed after that etag, in etag order."""
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
        """The content of that hash, if somebody began to name it after that etag; None otherwise."""
        found = self._blobs.get(hash)
        return found[0] if found is not None and found[1] > after else None

    def blobs(self) -> Iterator[Blob]:
        """Every content of an attachment, in the order in which somebody began to name them."""
        return (Blob(hash, content) for hash, (content, _) in self._blobs.items())

    def size_after(self, etag: int) -> ContentsSize:
        """How much changed after that etag: what an incremental backup holds. All of it for 0."""
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
    """What changed after that etag, in etag order; costs what it yields."""
    if etag <= 0:
        return iter(items.values())
    changed = []
    for item in reversed(items.values()):
        if item.etag <= etag:
            break
        changed.append(item)
    return reversed(changed)
