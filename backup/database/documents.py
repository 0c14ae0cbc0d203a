"""One node's copy of one database: documents and tombstones in the order of their changes.

`Store` is a node's private state and changes in place; everything it hands out is a value. Writes need no leader
(rule 19.1). Never here: messages, disks, or the time: whoever writes says when.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from backup.database import journal
from backup.database.change_vector import ChangeVector, Relation, absorb
from backup.database.items import NO_COLLECTION, Document, Item, Tombstone, body_of, key_of, rank, size_of
from cluster.value import value


class NoDocument(KeyError):
    """There is no document of that id."""

    def __str__(self) -> str:
        return str(self.args[0])


@value
class Size:
    """How much there is: for cost models, and for what users see."""

    documents: int
    tombstones: int
    bytes: int
    """Roughly, before compression."""


class Contents:
    """What a copy held at one moment. It never changes, whatever happens to the copy afterwards."""

    __slots__ = ("_items", "change_vector", "database_id", "etag", "fingerprint", "node", "size")

    def __init__(
        self,
        node: str,
        database_id: str,
        etag: int,
        change_vector: ChangeVector,
        size: Size,
        fingerprint: str,
        items: dict[str, Item],
    ) -> None:
        """`items`: key to item in etag order, and nobody else's: use `Store.frozen_at`."""
        self.node = node
        self.database_id = database_id
        self.etag = etag
        """Etag of the last change in it."""
        self.change_vector = change_vector
        self.size = size
        self.fingerprint = fingerprint
        """`Store.fingerprint` of that moment."""
        self._items = items

    def get(self, document_id: str) -> Document | None:
        """The document of that id, in any case; None if there is none."""
        item = self._items.get(key_of(document_id))
        return item if isinstance(item, Document) else None

    def documents(self, after: int = 0) -> Iterator[Document]:
        """The documents changed after that etag, in etag order."""
        return (item for item in _after(self._items, after) if isinstance(item, Document))

    def tombstones(self, after: int = 0) -> Iterator[Tombstone]:
        """The tombstones of deletions after that etag, in etag order."""
        return (item for item in _after(self._items, after) if isinstance(item, Tombstone))


class Store:
    """One node's copy of one database."""

    def __init__(self, node: str, database_id: str) -> None:
        """An empty copy. `database_id` is this copy's own: a copy that was wiped and filled again has another.

        ValueError unless `node` is 1 to 4 letters and `database_id` letters, digits or `+/=_-`.
        """
        ChangeVector.parse(f"{node}:1-{database_id}")
        self.node = node
        self.database_id = database_id
        self.etag = 0
        """Number of the last change here; each change, whether written here or replicated, takes the next."""
        self.received: dict[str, int] = {}
        """Database id of each other copy to the etag up to which its changes arrived here."""
        self._items: dict[str, Item] = {}
        """Key to its only version. A change moves its key to the end, so that the order is etag order."""
        self._seen: dict[tuple[str, str], int] = {}
        self._documents = 0
        self._bytes = 0
        self._sum = 0
        self._frozen: Contents | None = None

    # ---- looking

    def get(self, document_id: str) -> Document | None:
        """The document of that id, in any case; None if there is none."""
        item = self._items.get(key_of(document_id))
        return item if isinstance(item, Document) else None

    def changes_after(self, etag: int) -> Iterator[Item]:
        """Documents and tombstones changed after that etag, as they are now, in etag order. Costs what it yields."""
        return iter(list(_after(self._items, etag)))

    @property
    def change_vector(self) -> ChangeVector:
        """What this copy has seen, its own writes and those of others."""
        return ChangeVector.of(self._seen)

    @property
    def size(self) -> Size:
        """How much it holds."""
        return Size(self._documents, len(self._items) - self._documents, self._bytes)

    @property
    def fingerprint(self) -> str:
        """32 hex digits that tell the documents (ids in lower case, collections, JSON) whatever order they came in.

        Copies with the same documents have the same; of etags, vectors, times and tombstones it knows nothing.
        """
        return f"{self._sum:032x}"

    def size_after(self, etag: int) -> Size:
        """How much changed after that etag: what an incremental backup would hold."""
        changed = list(_after(self._items, etag))
        documents = sum(isinstance(item, Document) for item in changed)
        return Size(documents, len(changed) - documents, sum(map(size_of, changed)))

    def frozen_at(self) -> Contents:
        """What the copy holds at this moment, for ever. Shares every item; after a change costs a shallow copy."""
        if self._frozen is None:
            vector = self.change_vector
            self._frozen = Contents(
                self.node, self.database_id, self.etag, vector, self.size, self.fingerprint, self._items.copy()
            )
        return self._frozen

    # ---- writing

    def put(self, document_id: str, data: Mapping[str, Any], at: int, collection: str = NO_COLLECTION) -> Document:
        """Write a document at wall instant `at` (µs); ValueError if id or data cannot be written.

        `last_modified` becomes `at`, or 1 µs more than what it replaces where this node's clock is behind: a later
        write never loses to the version it was made over.
        """
        key = key_of(document_id)
        return self._write(key, document_id, collection, body_of(document_id, data), at)

    def patch(self, document_id: str, changes: Mapping[str, Any], at: int) -> Document:
        """Replace top-level fields of a document; None removes one. NoDocument if there is no such document."""
        key = key_of(document_id)
        old = self._items.get(key)
        if not isinstance(old, Document):
            raise NoDocument(f"there is no document {document_id!r} to patch: put it first")
        data = {
            name: field for name, field in {**old.data, **changes}.items() if field is not None or name not in changes
        }
        return self._write(key, old.id, old.collection, body_of(old.id, data), at)

    def delete(self, document_id: str, at: int) -> Tombstone | None:
        """Delete a document at wall instant `at` (µs), leaving a tombstone; None if there is nothing to delete."""
        key = key_of(document_id)
        old = self._items.get(key)
        if not isinstance(old, Document):
            return None
        etag = self.etag + 1
        vector = old.change_vector.with_etag(self.node, self.database_id, etag)
        tombstone = Tombstone(key, old.collection, vector, etag, old.etag, max(at, old.last_modified + 1))
        self._place(key, tombstone)
        return tombstone

    def _write(self, key: str, document_id: str, collection: str, body: str, at: int) -> Document:
        old = self._items.get(key)
        etag = self.etag + 1
        before = old.change_vector if old else ChangeVector()
        last_modified = max(at, old.last_modified + 1) if old else at
        vector = before.with_etag(self.node, self.database_id, etag)
        document = Document(document_id, collection, body, vector, etag, last_modified)
        self._place(key, document)
        return document

    # ---- taking what others wrote

    def merge(self, incoming: Item) -> Item | None:
        """Take a version from another copy if it wins; return it as held here, None if ours stays (rules 19.2, 19.3).

        Older and equal versions are ignored, newer ones taken; of conflicting ones the higher `rank` wins whole and
        keeps its vector. As every write is later than what it replaces, rank agrees with the order of vectors, so
        any order and repetition of deliveries ends in the same contents.
        """
        key = key_of(incoming.id)
        absorb(self._seen, incoming.change_vector)
        old = self._items.get(key)
        if old is None or takes_over(incoming, old):
            return self._take(key, incoming, incoming.change_vector)
        self._frozen = None
        return None

    def adopt(self, item: Item) -> Item:
        """Take an item of a logical backup as a write of this copy: own etag and vector, same time (rule 17.10)."""
        vector = ChangeVector(((self.node, self.database_id, self.etag + 1),))
        return self._take(key_of(item.id), item, vector)

    def _take(self, key: str, item: Item, vector: ChangeVector) -> Item:
        etag = self.etag + 1
        old = self._items.get(key)
        mine: Item
        match item:
            case Document():
                mine = Document(item.id, item.collection, item.body, vector, etag, item.last_modified)
            case Tombstone():
                deleted_etag = old.etag if isinstance(old, Document) else 0
                mine = Tombstone(key, item.collection, vector, etag, deleted_etag, item.last_modified)
        self._place(key, mine)
        return mine

    def _place(self, key: str, item: Item) -> None:
        old = self._items.pop(key, None)
        if old is not None:
            self._bytes -= size_of(old)
            if isinstance(old, Document):
                self._documents -= 1
                self._sum = (self._sum - _hash(key, old)) & _128_BITS
        self._items[key] = item
        self._bytes += size_of(item)
        if isinstance(item, Document):
            self._documents += 1
            self._sum = (self._sum + _hash(key, item)) & _128_BITS
        self.etag = item.etag
        absorb(self._seen, item.change_vector)
        self._frozen = None

    # ---- surviving a crash

    def state_frame(self) -> bytes:
        """The journal frame of what no item says. Journal it first of all, and after a batch from another copy."""
        received = tuple(sorted(self.received.items()))
        return journal.encode_state(journal.State(self.node, self.database_id, self.etag, self.change_vector, received))

    def frames(self) -> Iterator[bytes]:
        """A whole journal of this copy as it is now: to replace one that has grown long."""
        yield self.state_frame()
        yield from map(journal.encode_change, list(self._items.values()))

    @classmethod
    def recover(cls, contents: Iterable[bytes]) -> "Store":
        """The copy that the journal files describe, without a torn last frame; DamagedJournal if they do not fit.

        A change may leave the node (replication, backup, an answer) only once its frame is durable: a lost etag is
        given again.
        """
        store: Store | None = None
        for found in journal.decode(contents):
            match found:
                case journal.Torn():
                    break
                case journal.State():
                    store = store or cls(found.node, found.database_id)
                    if (found.node, found.database_id) != (store.node, store.database_id):
                        raise journal.DamagedJournal(
                            f"the journal is of two copies, {store.database_id} and {found.database_id}: "
                            "wipe this copy and fill it again"
                        )
                    store.etag = max(store.etag, found.etag)
                    absorb(store._seen, found.change_vector)
                    store.received.update(found.received)
                case Document() | Tombstone() as item:
                    if store is None:
                        raise journal.DamagedJournal(
                            "the journal does not open with a state frame: wipe this copy and fill it again"
                        )
                    last = store.etag
                    store._place(key_of(item.id), item)
                    store.etag = max(last, item.etag)
        if store is None:
            raise journal.DamagedJournal("the journal is empty: make a new copy and let another member fill it")
        return store


_128_BITS = (1 << 128) - 1


def _hash(key: str, document: Document) -> int:
    """128 bits of what a document says; a sum of them needs no order."""
    collection = document.collection.encode()
    text = b"%s\0%d\0%s%s" % (key.encode(), len(collection), collection, document.body.encode())
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def takes_over(incoming: Item, held: Item) -> bool:
    """Whether an incoming version replaces the held one (rules 19.2, 19.3)."""
    match incoming.change_vector.compare(held.change_vector):
        case Relation.NEWER:
            return True
        case Relation.CONFLICT:
            return rank(incoming) > rank(held)
        case _:
            return False


def _after(items: dict[str, Item], etag: int) -> Iterator[Item]:
    if etag <= 0:
        return iter(items.values())
    changed = []
    for item in reversed(items.values()):
        if item.etag <= etag:
            break
        changed.append(item)
    return reversed(changed)
