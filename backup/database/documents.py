"""One node's copy of one database: documents, their revisions and attachments, and tombstones, in the order of their changes.

`Store` is a node's private state and changes in place; everything it returns is a value. Writes need no leader
(rule 19.1). It does no I/O and reads no clock: the caller says when a write happens.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from backup.database import exact_json, fingerprint, journal
from backup.database.blobs import Blobs
from backup.database.change_vector import ChangeVector, Relation, absorb, merge
from backup.database.conflicts import are_in_conflict, lost, takes_over
from backup.database.contents import Contents, ContentsSize
from backup.database.etag_order import EtagOrder
from backup.database.items import (
    NO_COLLECTION,
    NOTHING_FORGOTTEN,
    Attachment,
    Blob,
    CleanedTombstones,
    Document,
    Item,
    Revision,
    Tombstone,
    body_of,
    check_new_id,
    hash_of,
    key_of,
    size_of,
)
from backup.database.revision_pruning import KeptRevisions, slot_of
from backup.database.revisions import Policies

__all__ = ["Contents", "ContentsSize", "NoDocument", "Store"]


class NoDocument(KeyError):
    """There is no document of that id."""

    def __str__(self) -> str:
        return str(self.args[0])


class Store:
    """One node's copy of one database."""

    def __init__(self, node: str, database_id: str) -> None:
        """An empty copy. `database_id` belongs to this copy alone: a copy that was wiped and filled again has a new one.

        Raises ValueError unless `node` is 1 to 4 letters and `database_id` letters, digits or `+/=_-`.
        """
        ChangeVector.parse(f"{node}:1-{database_id}")
        self.node = node
        self.database_id = database_id
        self.etag = 0
        """Number of the last change of this copy; each change, written here or replicated, takes the next number."""
        self.received: dict[str, int] = {}
        """Database id of each other copy to the etag up to which its changes arrived here."""
        self.policies = Policies()
        """The revision policies that this copy applies."""
        self.forgotten = NOTHING_FORGOTTEN
        """The summary of the tombstones that were cleaned."""
        self.fingerprint_sum = 0
        """The sum of `fingerprint.of_item` over all documents and revisions, modulo 2**128."""
        self._items: dict[str, Item] = {}
        """Slot to item. The slot of a document or of its tombstone is its key; that of a revision is `slot_of`. A
        change moves its slot to the end, so that the mapping is in etag order."""
        self._order = EtagOrder()
        self._kept = KeptRevisions(self._items)
        self._blobs = Blobs()
        self._seen: dict[tuple[str, str], int] = {}
        self._collections: dict[str, int] = {}
        self._documents = 0
        self._tombstones: dict[str, int] = {}
        """Slot to etag of each tombstone, in etag order."""
        self._bytes = 0
        self._frozen: Contents | None = None
        self._names: dict[str, str] = {}
        """Texts that many items share (collections, node tags, database ids), so that each is kept in memory once."""

    # ---- reading

    def get(self, document_id: str) -> Document | None:
        """The document of that id, in upper or lower case; None if there is none."""
        item = self._items.get(key_of(document_id))
        return item if isinstance(item, Document) else None

    def attachment(self, document_id: str, name: str) -> bytes | None:
        """The content of a document's attachment, by its name in upper or lower case; None if there is none."""
        document = self.get(document_id)
        for attachment in document.attachments if document is not None else ():
            if attachment.name.lower() == name.lower():
                return self._blobs.get(attachment.hash)
        return None

    def content(self, hash: str) -> bytes | None:
        """The content of an attachment by its hash; None if no item here refers to it."""
        return self._blobs.get(hash)

    def revisions(self, document_id: str) -> tuple[Revision, ...]:
        """The revisions that are kept of a document, the oldest first."""
        found = (self._items[slot] for slot in self._kept.slots(key_of(document_id)))
        return tuple(item for item in found if isinstance(item, Revision))

    def collections(self) -> dict[str, int]:
        """Name of each collection to its number of documents, sorted by name."""
        return dict(sorted(self._collections.items()))

    def changes_after(self, etag: int, limit: int | None = None) -> Iterator[Item]:
        """The first `limit` items that changed after that etag, as they are now, in etag order; None for all of them.

        The cost grows with the number of changes after `etag`, not with the size of the copy.
        """
        return iter(self._order.after(etag, self._items, limit))

    def blobs_after(self, etag: int) -> list[Blob]:
        """The contents of attachments that became referred to after that etag, in that order (`Blobs.after`)."""
        return self._blobs.after(etag)

    @property
    def change_vector(self) -> ChangeVector:
        """The writes that this copy has seen, its own and those of other copies."""
        return ChangeVector.of(self._seen)

    @property
    def size(self) -> ContentsSize:
        """The size of the copy."""
        graves = len(self._tombstones)
        revisions = len(self._items) - self._documents - graves
        return ContentsSize(self._documents, graves, self._bytes + self._blobs.bytes, revisions, len(self._blobs))

    @property
    def oldest_tombstone(self) -> int | None:
        """Etag of the oldest tombstone; None if there is none."""
        return next(iter(self._tombstones.values()), None)

    @property
    def fingerprint(self) -> str:
        """A fingerprint of documents, attachments and revisions, as 32 hex digits.

        Copies with the same contents have the same fingerprint; order, etags and tombstones are not part of it.
        """
        return f"{self.fingerprint_sum:032x}"

    def frozen_at(self) -> Contents:
        """The contents at this moment, which never change.

        They share every item with the copy. The first call after a change costs a shallow copy of the mapping of items.
        """
        if self._frozen is None:
            self._frozen = Contents(
                self.node,
                self.database_id,
                self.etag,
                self.change_vector,
                self.size,
                self.fingerprint_sum,
                self._items.copy(),
                self._blobs.frozen(),
                self.policies,
                tuple(sorted(self.received.items())),
                self.forgotten,
            )
        return self._frozen

    # ---- writing

    def next_id(self, prefix: str) -> str:
        """The id that this node chooses for a document put as `prefix`: `orders/0000012-A` for `orders/` at etag 12."""
        number = self.etag + 1
        while (found := f"{prefix}{number:07d}-{self.node}").lower() in self._items:
            number += 1  # an earlier copy on this node has used it
        return found

    def put(self, document_id: str, data: Mapping[str, Any], at: int, collection: str = NO_COLLECTION) -> Document:
        """Write a document at wall instant `at` (µs). ValueError if the id, the collection or the data cannot be written."""
        return self.put_body(document_id, body_of(document_id, data), at, collection)

    def put_body(self, document_id: str, body: str, at: int, collection: str = NO_COLLECTION) -> Document:
        """The same of data as canonical text (`items.body_of`).

        An id that ends in `/` is completed by `next_id`. The document keeps its attachments. `last_modified` becomes
        `at`, but at least 1 µs more than that of the version it replaces, even if this node's clock is behind: a write
        never loses a conflict against the version that it replaced.
        """
        if document_id.endswith("/"):
            document_id = self.next_id(document_id)
        key = key_of(document_id)
        check_new_id(document_id)
        if not collection or not collection.isprintable():
            raise ValueError(f"{collection!r} is no collection: give at least one character, all of them printable")
        old = self._items.get(key)
        attachments = old.attachments if isinstance(old, Document) else ()
        return self._write(key, old, document_id, collection, body, attachments, at)

    def patch(self, document_id: str, changes: Mapping[str, Any], at: int) -> Document:
        """Replace top-level fields of a document; the value None removes a field.

        Raises NoDocument if there is no such document.
        """
        key, old = self._existing(document_id, "patch")
        before: dict[str, Any] = exact_json.decoded(old.body)
        data = {
            name: field for name, field in {**before, **changes}.items() if field is not None or name not in changes
        }
        return self._write(key, old, old.id, old.collection, body_of(old.id, data), old.attachments, at)

    def attach(self, document_id: str, name: str, content: bytes, at: int, content_type: str = "") -> Document:
        """Add an attachment to a document, or replace the one of the same name (in upper or lower case).

        Raises NoDocument if there is no such document, and ValueError if the name is empty or not printable.
        """
        key, old = self._existing(document_id, "attach to")
        if not name or not name.isprintable() or not content_type.isprintable():
            raise ValueError(
                f"{name!r}, {content_type!r}: give an attachment a name and a type of printable characters"
            )
        blob = Blob(hash_of(content), bytes(content))
        self._blobs.hold(blob)
        others = [each for each in old.attachments if each.name.lower() != name.lower()]
        attachment = Attachment(name, blob.hash, content_type, len(content))
        named = tuple(sorted([*others, attachment], key=lambda each: each.name.lower()))
        return self._write(key, old, old.id, old.collection, old.body, named, at)

    def detach(self, document_id: str, name: str, at: int) -> Document | None:
        """Remove an attachment from a document; None if it has none of that name.

        Raises NoDocument if there is no such document.
        """
        key, old = self._existing(document_id, "detach from")
        rest = tuple(each for each in old.attachments if each.name.lower() != name.lower())
        if rest == old.attachments:
            return None
        return self._write(key, old, old.id, old.collection, old.body, rest, at)

    def delete(self, document_id: str, at: int) -> Tombstone | None:
        """Delete a document at wall instant `at` (µs) and leave a tombstone; None if there is no such document."""
        key = key_of(document_id)
        old = self._items.get(key)
        if not isinstance(old, Document):
            return None
        etag = self.etag + 1
        vector = old.change_vector.with_etag(self.node, self.database_id, etag)
        tombstone = Tombstone(key, old.collection, vector, etag, old.etag, max(at, old.last_modified + 1))
        self._place(key, tombstone)
        if self.policies.of(old.collection) is not None:
            gone = Revision(old.id, old.collection, "{}", vector, etag + 1, tombstone.last_modified, deleted=True)
            self._keep(key, gone)
        self._blobs.sweep()
        return tombstone

    def configure(self, policies: Policies) -> None:
        """Keep revisions by these policies from now on; does nothing unless they are newer than the present ones.

        Every revision that is kept takes a new etag, so that it is replicated once more: another copy that had to
        drop it under its older policies takes it again.
        """
        if policies.index <= self.policies.index:
            return
        self.enforce(policies)
        for slot, item in [(slot, item) for slot, item in self._items.items() if isinstance(item, Revision)]:
            self._place(slot, attrs.evolve(item, etag=self.etag + 1))

    def enforce(self, policies: Policies) -> None:
        """Apply these policies and remove the revisions that they do not keep."""
        self.policies = policies
        for key in self._kept.keys:
            self._prune(key)
        self._blobs.sweep()

    def sweep(self) -> None:
        """Remove the contents of attachments to which no item refers. Call it after a batch of `merge` or `adopt`."""
        self._blobs.sweep()

    # ---- cleaning tombstones

    def clean_tombstones(self, up_to: int) -> int:
        """Remove the tombstones up to that etag, which nobody needs any more (rule 18.5). Returns how many they were.

        A new document then takes a vector and a time above those of every removed tombstone: otherwise a copy that
        still has the tombstone would take the document for the older of the two.
        """
        gone: list[Item] = []
        for slot, etag in list(self._tombstones.items()):
            if etag > up_to:
                break
            gone.append(self._items[slot])
            self._let_go(slot)
        if gone:
            latest = max(item.last_modified for item in gone)
            vector = merge(item.change_vector for item in gone)
            self.forgotten = self.forgotten.joined(CleanedTombstones(up_to, vector, latest, gone[-1].etag))
        return len(gone)

    def follow_forgotten(self, forgotten: CleanedTombstones) -> None:
        """Count the tombstones that the sending copy has cleaned as seen by this copy, which never received them."""
        absorb(self._seen, forgotten.change_vector)
        self.forgotten = self.forgotten.joined(attrs.evolve(forgotten, etag=0, since=self.etag))
        self._frozen = None

    def has_forgotten(self, item: Item) -> bool:
        """Whether the item is a document that is not here, and older than a deletion whose tombstone was cleaned."""
        if not isinstance(item, Document) or key_of(item.id) in self._items:
            return False
        return item.change_vector.compare(self.forgotten.change_vector) is Relation.OLDER

    def _existing(self, document_id: str, to_do: str) -> tuple[str, Document]:
        key = key_of(document_id)
        old = self._items.get(key)
        if not isinstance(old, Document):
            raise NoDocument(f"there is no document {document_id!r} to {to_do}: put it first")
        return key, old

    def _write(
        self,
        key: str,
        old: Item | None,
        document_id: str,
        collection: str,
        body: str,
        attachments: tuple[Attachment, ...],
        at: int,
    ) -> Document:
        etag = self.etag + 1
        before = old.change_vector if old else self.forgotten.change_vector
        earlier = old.last_modified if old else self.forgotten.last_modified
        last_modified = max(at, earlier + 1) if old or before.entries else at
        vector = before.with_etag(self.node, self.database_id, etag)
        revised = self.policies.of(collection) is not None
        collection = self._names.setdefault(collection, collection)
        document = Document(document_id, collection, body, vector, etag, last_modified, attachments, revised)
        self._place(key, document)
        if revised:
            kept = Revision(document_id, collection, body, vector, etag + 1, last_modified, attachments)
            self._keep(key, kept)
        self._blobs.sweep()
        return document

    # ---- taking writes of other copies

    def hold(self, blob: Blob) -> None:
        """Keep a content for the items that refer to it and come next; `sweep` removes it if none came."""
        self._blobs.hold(blob)

    def missing(self, item: Item) -> tuple[str, ...]:
        """The hashes of the contents to which the item refers and which are not here."""
        if isinstance(item, Tombstone) or not item.attachments:
            return ()
        return tuple(self._blobs.missing(item.attachments))

    def merge(self, incoming: Item) -> tuple[Item, ...]:
        """Take a version from another copy if it wins against the one here (rules 19.2, 19.3). Returns what changed here.

        Older and equal versions are ignored and newer ones taken. Of two conflicting versions the one of higher `rank`
        wins and keeps its vector; the other is kept as a revision if it is a document with other contents. A deletion that
        wins gets a new etag, so that it goes out once more: the other copies may have forgotten it. Since every
        write is later than the one it replaces, `rank` agrees with the order of vectors, and revisions only add up:
        deliveries in any order, repeated or not, end in the same contents.
        """
        key = key_of(incoming.id)
        absorb(self._seen, incoming.change_vector)
        self._frozen = None
        if isinstance(incoming, Revision):
            revision = self._keep(key, _numbered(incoming, self.etag + 1))
            return () if revision is None else (revision,)
        old = self._items.get(key)
        if old is None:
            return (self._take(key, incoming, self._shared(incoming.change_vector)),)
        wins = takes_over(incoming, old)
        loser = old if wins else incoming
        taken: tuple[Item, ...] = ()
        if wins:
            taken = (self._take(key, incoming, self._shared(incoming.change_vector)),)
        elif isinstance(old, Tombstone) and are_in_conflict(incoming, old):
            # whoever sent this has forgotten the deletion, or never heard of it, and must be told (again)
            told = attrs.evolve(old, etag=self.etag + 1)
            self._place(key, told)
            taken = (told,)
        revision = lost(incoming, old, loser, self.etag + 1)
        if revision is None or self._keep(key, revision) is None:
            return taken
        return (*taken, revision)

    def adopt(self, item: Item) -> Item:
        """Take an item of a logical backup as a write of this copy, with a new etag and vector and its old time (rule 17.10).

        A revision keeps its vector, by which revisions are told apart; one that is already here takes a new etag.
        """
        key = key_of(item.id)
        if isinstance(item, Revision):
            mine = _numbered(item, self.etag + 1)
            slot = slot_of(key, item)
            if slot in self._items:
                self._place(slot, mine)
            else:
                self._keep(key, mine, every=True)
            return mine
        return self._take(key, item, ChangeVector(((self.node, self.database_id, self.etag + 1),)))

    def forget_revisions(self, up_to: int) -> None:
        """Remove every revision whose etag is `up_to` or lower."""
        for slot in self._kept.up_to(up_to):
            self._let_go(slot)

    def _take(self, key: str, item: Item, vector: ChangeVector) -> Item:
        etag = self.etag + 1
        mine: Item
        if isinstance(item, Document):
            collection = self._names.setdefault(item.collection, item.collection)
            mine = Document(
                item.id, collection, item.body, vector, etag, item.last_modified, item.attachments, item.revised
            )
        else:
            old = self._items.get(key)
            deleted_etag = old.etag if isinstance(old, Document) else 0
            mine = Tombstone(key, item.collection, vector, etag, deleted_etag, item.last_modified)
        self._place(key, mine)
        return mine

    def _shared(self, vector: ChangeVector) -> ChangeVector:
        """The same vector, whose texts are those that other items hold already."""
        same = self._names.setdefault
        return ChangeVector(tuple([(same(tag, tag), same(copy, copy), seen) for tag, copy, seen in vector.entries]))

    # ---- carrying out a change

    def _keep(self, key: str, revision: Revision, *, every: bool = False) -> Revision | None:
        """Keep a revision and return it; None if it is here already, or if the policies keep only newer ones.

        `every`: keep it whatever the policies say.
        """
        slot = slot_of(key, revision)
        if slot in self._items or not (every or self._kept.has_room(key, revision, self.policies)):
            return None
        self._place(slot, revision)
        self._kept.add(key, revision)
        if not every:
            self._prune(key)
        return revision

    def _prune(self, key: str) -> None:
        for slot in self._kept.surplus(key, self.policies):
            self._let_go(slot)

    def _let_go(self, slot: str) -> None:
        self._subtract(slot, self._items.pop(slot))
        self._frozen = None

    def _place(self, slot: str, item: Item) -> None:
        old = self._items.pop(slot, None)
        self._items[slot] = item
        self._order.add(item.etag, slot, self._items)
        self._bytes += size_of(item)
        if isinstance(item, Tombstone):
            self._tombstones.pop(slot, None)
            self._tombstones[slot] = item.etag
        else:
            self.fingerprint_sum = (self.fingerprint_sum + fingerprint.of_item(slot, item)) & fingerprint.MASK
            if item.attachments:
                self._blobs.refer(item.attachments, item.etag)
        if isinstance(item, Document):
            self._documents += 1
            self._collections[item.collection] = self._collections.get(item.collection, 0) + 1
        if old is not None:  # after the new one, so that a content to which both refer is never released
            self._subtract(slot, old, item)
        self.etag = item.etag
        if not isinstance(item, Revision):
            absorb(self._seen, item.change_vector)
        self._frozen = None

    def _subtract(self, slot: str, old: Item, new: Item | None = None) -> None:
        self._bytes -= size_of(old)
        if isinstance(old, Tombstone):
            if not isinstance(new, Tombstone):
                del self._tombstones[slot]
            return
        self.fingerprint_sum = (self.fingerprint_sum - fingerprint.of_item(slot, old)) & fingerprint.MASK
        if old.attachments:
            self._blobs.release(old.attachments)
        if isinstance(old, Document):
            self._documents -= 1
            self._collections[old.collection] -= 1
            if not self._collections[old.collection]:
                del self._collections[old.collection]

    # ---- journal

    def state_frame(self) -> bytes:
        """The journal frame of a `JournalState`. Write it first in a journal, and after each batch from another copy."""
        received = tuple(sorted(self.received.items()))
        state = journal.JournalState(
            self.node, self.database_id, self.etag, self.change_vector, received, self.policies, self.forgotten
        )
        return journal.encode_state(state)

    def frames_after(self, etag: int) -> Iterator[bytes]:
        """The journal frames of the contents and items that changed after that etag."""
        yield from map(journal.encode_change, self._blobs.after(etag))
        yield from map(journal.encode_change, self._order.after(etag, self._items))

    def frames(self) -> Iterator[bytes]:
        """The frames of a whole new journal of this copy, to replace one that has grown long."""
        yield self.state_frame()
        yield from self.frames_after(0)

    @classmethod
    def recover(cls, contents: Iterable[bytes]) -> "Store":
        """The copy that the journal files describe; a torn last frame is ignored. Raises DamagedJournal.

        A change may leave the node (by replication, in a backup, in an answer) only once its frame is durable: after a
        crash that loses the frame, the same etag is given to another change.
        """
        return cls.replayed(journal.decode(contents))

    @classmethod
    def replayed(cls, frames: Iterable[Item | Blob | journal.JournalState | journal.TornFrame]) -> "Store":
        """The copy that these frames describe, up to a torn one. Raises DamagedJournal if they are no whole journal."""
        store: Store | None = None
        for found in frames:
            match found:
                case journal.TornFrame():
                    break
                case journal.JournalState():
                    store = store or cls(found.node, found.database_id)
                    if (found.node, found.database_id) != (store.node, store.database_id):
                        raise journal.DamagedJournal(
                            f"the journal is of two copies, {store.database_id} and {found.database_id}: "
                            "wipe this copy and fill it again"
                        )
                    store.etag = max(store.etag, found.etag)
                    absorb(store._seen, found.change_vector)
                    store.received.update(found.received)
                    store.clean_tombstones(found.forgotten.etag)
                    store.forgotten = found.forgotten
                    if found.policies != store.policies:
                        store.enforce(found.policies)
                case _ if store is None:
                    raise journal.DamagedJournal(
                        "the journal does not open with a state frame: wipe this copy and fill it again"
                    )
                case Blob():
                    store.hold(found)
                case _:
                    store._replay(found)
        if store is None:
            raise journal.DamagedJournal("the journal is empty: make a new copy and let another member fill it")
        store.sweep()
        return store

    def become(self, database_id: str, node: str) -> None:
        """Become a copy with another id and node after a restore, with the same items and etags (rule 17.10)."""
        ChangeVector.parse(f"{node}:1-{database_id}")
        self.node, self.database_id = node, database_id
        self.received = {}
        self.forgotten = attrs.evolve(self.forgotten, etag=0, since=self.etag)
        self.policies = Policies(0, self.policies.policies)
        self._frozen = None

    def _replay(self, item: Item) -> None:
        last, key = self.etag, key_of(item.id)
        try:
            if not isinstance(item, Revision):
                self._place(key, item)
            elif (slot := slot_of(key, item)) in self._items:
                self._place(slot, item)
            else:
                self._keep(key, item)
        except KeyError as error:
            raise journal.DamagedJournal(
                f"the journal lacks the attachment {error} of {item.id!r}: wipe this copy and fill it again"
            ) from error
        self.etag = max(last, item.etag)


def _numbered(revision: Revision, etag: int) -> Revision:
    return attrs.evolve(revision, etag=etag)
