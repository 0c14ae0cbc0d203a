"""Replication between the copies of one database group: the messages, what to send, and how to merge what arrives
(rules 19.1-19.3).

Everything here is pure: the replicator decides when to send and to whom, and sends only what is durable here. Items are
sent in the order of the sender's etags, so an acknowledged etag means that everything up to it arrived.
"""

from collections.abc import Sequence

from backup.database.change_vector import ChangeVector
from backup.database.documents import Store
from backup.database.items import Attachment, Blob, CleanedTombstones, Document, Item, Revision, Tombstone
from cluster.value import value

MESSAGE_BYTES = 1 << 20
"""Approximate limit in bytes of the attachment contents in one message; a message has at least one item."""


@value
class ReplicateDocuments:
    """The changes of one copy in (from_etag, last_etag], as that copy holds them now."""

    database: int
    """Number of the database in the record: a database created again under the same name has another number."""
    source: str
    """Database id of the sender's copy, to which all etags of the message belong."""
    items: tuple[Item, ...]
    """Sorted by etag. A change that has been replaced meanwhile is missing; its replacement follows at a later etag."""
    from_etag: int
    last_etag: int
    blobs: tuple[Blob, ...] = ()
    """The contents of attachments that are new with these items, and those that the receiver asked for."""
    policies_index: int = 0
    """`Policies.index` of the sender. A receiver with older policies might drop revisions that the newer ones keep."""
    forgotten: CleanedTombstones | None = None
    """The summary of tombstones in this range of etags that the sender has cleaned; None if there are none."""


@value
class ReplicationAck:
    """The answer to `ReplicateDocuments`: everything of the source up to `last_etag` arrived."""

    database: int
    """Number of the database in the record: a database created again under the same name has another number."""
    source: str
    """Database id of the copy to which `last_etag` belongs; a copy with another id ignores the answer."""
    last_etag: int
    wanted: tuple[str, ...] = ()
    """Hashes of attachment contents that the next item needs; the sender passes them to `offer`."""
    copy: str = ""
    """Database id of the copy that answers."""
    sent: int = 0
    """Etag of the answering copy up to which it may have sent its own changes to the copy that it answers."""


@value
class ReplicationResume:
    """A copy tells another how far replication got both ways, and asks for the same.

    It is sent after a restart, or when the other copy was silent for long.
    """

    database: int
    """Number of the database in the record: a database created again under the same name has another number."""
    source: str
    """Database id of the sender's copy."""
    received: tuple[tuple[str, int], ...]
    """`Store.received` of the sender, sorted: by database id of a copy, the etag up to which its changes arrived."""
    sent: int = 0
    """Etag of the sender's copy up to which it may have sent its own changes to the receiver."""


def delta(store: Store, after_etag: int, limit: int) -> tuple[tuple[Item, ...], int]:
    """At most `limit` items that changed after that etag, and the etag up to which they are complete.

    If nothing is new: no items, and the higher of `after_etag` and the store's own etag.
    """
    items = tuple(store.changes_after(after_etag, limit))
    reached_end = len(items) < limit
    return items, max(store.etag, after_etag) if reached_end else items[-1].etag


def offer(
    database: int, store: Store, after_etag: int, limit: int, wanted: Sequence[str] = ()
) -> ReplicateDocuments | None:
    """The next message to a copy that has everything up to `after_etag`; None if nothing changed since.

    `wanted`: hashes of the contents that the other copy asked for in its last answer.
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
    """The items that fit into one message with their new contents, the etag that they reach, and those contents."""
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


def receive(
    store: Store, message: ReplicateDocuments, *, is_leaving: bool = False
) -> tuple[Sequence[Item], ReplicationAck]:
    """Merge a message. Returns the items that changed here, and the answer.

    The caller writes the items and `store.state_frame()` to the journal before it sends the answer.

    A message that starts beyond what arrived before would leave a gap: it is not merged, and the answer says where to
    go on. An item that arrived before is skipped, because a tombstone of its document may have been cleaned since. An
    item whose attachment contents are not here is not merged, nor are those after it: the answer asks for the contents.
    Of a sender that has left the group a document is skipped as well that was here and whose deletion is forgotten.
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
        if is_leaving and store.has_forgotten(item):
            last = item.etag
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
"""Every class that replication sends, in a fixed order for the codec."""
