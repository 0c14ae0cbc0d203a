"""Replication between the copies of one database group: what to send, what to do with what arrives (rules 19.1-19.3).

Pure of time and wires: the service decides when to send and to whom, and sends only what is durable here. Items go in
the order of the sender's etags, so an acknowledged etag means that everything up to it arrived.
"""

from collections.abc import Sequence
from itertools import islice

from backup.database.change_vector import ChangeVector
from backup.database.documents import Store
from backup.database.items import Document, Item, Tombstone
from cluster.value import value


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


@value
class ReplicationAck:
    """Everything of that source up to `last_etag` arrived: send what follows it."""

    database: int
    """Of the record: a database made again under the same name is another one."""
    source: str
    """Database id of the copy whose etags are counted: an answer to a copy since wiped concerns nobody."""
    last_etag: int


@value
class ReplicationResume:
    """A copy tells another where they stand, and asks the same: after a restart, or when the other was silent long."""

    database: int
    """Of the record: a database made again under the same name is another one."""
    source: str
    """Database id of the sender's copy."""
    received: tuple[tuple[str, int], ...]
    """`Store.received` of the sender, sorted: by database id of a copy, the etag up to which its changes arrived."""


def delta(store: Store, after_etag: int, limit: int) -> tuple[tuple[Item, ...], int]:
    """At most `limit` changes after that etag and the etag they reach; () and its own etag when nothing is new."""
    items = tuple(islice(store.changes_after(after_etag), limit))
    reached_end = len(items) < limit
    return items, max(store.etag, after_etag) if reached_end else items[-1].etag


def offer(database: int, store: Store, after_etag: int, limit: int) -> ReplicateDocuments | None:
    """The message that brings another copy on from `after_etag`; None when there is nothing to tell."""
    if after_etag >= store.etag:
        return None
    items, last_etag = delta(store, after_etag, limit)
    return ReplicateDocuments(database, store.database_id, items, after_etag, last_etag)


def receive(store: Store, message: ReplicateDocuments) -> tuple[Sequence[Item], ReplicationAck]:
    """Merge what arrived: the items that now differ here, to be journalled with `store.state_frame()`, then the answer.

    A batch that starts beyond what arrived before would leave a gap: it is not taken; the answer says where to go on.
    """
    before = store.received.get(message.source, 0)
    if message.from_etag > before:
        return (), ReplicationAck(message.database, message.source, before)
    taken = [held for item in message.items if (held := store.merge(item)) is not None]
    store.received[message.source] = max(before, message.last_etag)
    return taken, ReplicationAck(message.database, message.source, store.received[message.source])


WORDS: tuple[type, ...] = (ChangeVector, Document, Tombstone, ReplicateDocuments, ReplicationAck, ReplicationResume)
"""Every class that travels, in a fixed order."""
