"""Replication between the copies of one database group: what to send, what to do with what arrives (rules 19.1-19.3).

Pure of time and wires: the service decides when to send and to whom, and sends only what is durable here. Items go in
the order of the sender's etags, so an acknowledged etag means that everything up to it arrived.
"""

from collections.abc import Sequence

from backup.database.change_vector import ChangeVector
from backup.database.documents import Store
from backup.database.items import Attachment, Blob, CleanedTombstones, Document, Item, Revision, Tombstone
from cluster.value import value

MESSAGE_BYTES = 1 << 20
"""About so many bytes of attachments go into one message, and at least one item."""


@value
class ReplicateDocuments:
    """The changes of one copy in (from_etag, last_etag], as that copy holds them now."""

    database: int
    """Of the record: a database made again under the same name is another one."""
    source: str
    """Database id of the sender's copy: the etags are its."""
    items: tuple[Item, ...]
    """Sorted by etag. A change that was replaced since is not in it: its replacement follows later."""
    from_etag: int
    last_etag: int
    blobs: tuple[Blob, ...] = ()
    """Contents of attachments that its items name: those nobody named before, and those that were asked for."""
    policies_index: int = 0
    """`Policies.index` of the sender: who keeps revisions by older policies would let go of what newer ones keep."""
    forgotten: CleanedTombstones | None = None
    """What is left of tombstones that would have been in it, had the sender not cleaned them."""


@value
class ReplicationAck:
    """Everything of that source up to `last_etag` arrived: send what follows it."""

    database: int
    """Of the record: a database made again under the same name is another one."""
    source: str
    """Database id of the copy whose etags are counted: an answer to a copy since wiped concerns nobody."""
    last_etag: int
    wanted: tuple[str, ...] = ()
    """Hashes of contents without which the next item is not taken: give them to `offer`."""
    copy: str = ""
    """Database id of the copy that answers."""
    sent: int = 0
    """Up to where of its own etags the one that answers may have sent to whom it answers."""


@value
class ReplicationResume:
    """A copy tells another where they stand, and asks the same: after a restart, or when the other was silent long."""

    database: int
    """Of the record: a database made again under the same name is another one."""
    source: str
    """Database id of the sender's copy."""
    received: tuple[tuple[str, int], ...]
    """`Store.received` of the sender, sorted: by database id of a copy, the etag up to which its changes arrived."""
    sent: int = 0
    """Up to where of its own etags the sender may have sent to whom it tells this."""


def delta(store: Store, after_etag: int, limit: int) -> tuple[tuple[Item, ...], int]:
    """At most `limit` changes after that etag and the etag they reach; () and its own etag when nothing is new."""
    items = tuple(store.changes_after(after_etag, limit))
    reached_end = len(items) < limit
    return items, max(store.etag, after_etag) if reached_end else items[-1].etag


def offer(
    database: int, store: Store, after_etag: int, limit: int, wanted: Sequence[str] = ()
) -> ReplicateDocuments | None:
    """The message that brings another copy on from `after_etag`; None when there is nothing to tell.

    `wanted`: contents that the other asked for in its last answer.
    """
    if after_etag >= store.etag:
        return None
    items, last_etag = delta(store, after_etag, limit)
    items, last_etag, blobs = _with_contents(store, items, last_etag, after_etag, wanted)
    gone = store.forgotten if after_etag < store.forgotten.since <= last_etag else None
    return ReplicateDocuments(
        database, store.database_id, items, after_etag, last_etag, blobs, store.policies.index, gone
    )


def _with_contents(
    store: Store, items: tuple[Item, ...], last_etag: int, after_etag: int, wanted: Sequence[str]
) -> tuple[tuple[Item, ...], int, tuple[Blob, ...]]:
    """As many of the items as go into one message with the contents that are new with them, and those contents."""
    fresh = {blob.hash: blob for blob in store.blobs_after(after_etag)}
    fresh |= {hash: Blob(hash, content) for hash in wanted if (content := store.content(hash)) is not None}
    if not fresh:
        return items, last_etag, ()
    sent: dict[str, Blob] = {}
    size = 0
    for place, item in enumerate(items):
        named = () if isinstance(item, Tombstone) else item.attachments
        new = {each.hash: fresh[each.hash] for each in named if each.hash in fresh and each.hash not in sent}
        size += sum(len(blob.content) for blob in new.values())
        if place and size > MESSAGE_BYTES:
            return items[:place], items[place - 1].etag, tuple(sent.values())
        sent |= new
    return items, last_etag, tuple(sent.values())


def receive(store: Store, message: ReplicateDocuments) -> tuple[Sequence[Item], ReplicationAck]:
    """Merge what arrived: the items that now differ here, then the answer. Journal them and `store.state_frame()`.

    A batch that starts beyond what arrived before would leave a gap: it is not taken; the answer says where to go on.
    What arrived before is not looked at again: it may be of a document whose deletion was forgotten since. Nor is an
    item taken whose attachments are not here, nor what follows it: the answer asks for their contents.
    """
    before = store.received.get(message.source, 0)
    if message.from_etag > before:
        return (), ReplicationAck(message.database, message.source, before)
    for blob in message.blobs:
        store.hold(blob)
    taken: list[Item] = []
    arrived, last = message.last_etag, message.from_etag
    wanted: tuple[str, ...] = ()
    for item in message.items:
        if item.etag <= before:
            continue
        wanted = store.missing(item)
        if wanted:
            arrived = last
            break
        taken.extend(store.merge(item))
        last = item.etag
    store.sweep()
    if message.forgotten is not None and arrived == message.last_etag > before:
        store.follow_forgotten(message.forgotten)
    store.received[message.source] = max(before, arrived)
    return taken, ReplicationAck(message.database, message.source, store.received[message.source], wanted)


WORDS: tuple[type, ...] = (
    ChangeVector,
    Document,
    Tombstone,
    ReplicateDocuments,
    ReplicationAck,
    ReplicationResume,
    Attachment,
    Revision,
    Blob,
    CleanedTombstones,
)
"""Every class that travels, in a fixed order."""
