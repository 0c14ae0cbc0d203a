"""Replication inside a group: batches to each peer, their answers and retries (rules 19.1-19.3). It needs no leader.

At most one batch is under way to each peer. An unanswered message is sent again after 1, 2, 4 … 60 s, so that a dead
peer costs next to nothing; a node that comes back announces it, and its peers go on at once. Conflicts are resolved in
backup/database.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial

import attrs

from backup.database.documents import Store
from backup.database.items import Item
from backup.database.replication import ReplicateDocuments, ReplicationAck, ReplicationResume, offer, receive
from backup.record.record import Database, Topology
from backup.replicas.local_copies import CopyListener, LocalCopies, LocalCopy
from cluster.member import Member
from cluster.time_units import SECOND

BATCH = 256
"""Maximum number of items in a message."""
FIRST_RETRY = 1 * SECOND
LONGEST_RETRY = 60 * SECOND


@attrs.define(eq=False)
class ResentLink:
    """The progress towards another copy: what it has, and a message under way that is sent again until it is answered."""

    acked: int | None = attrs.field(default=None, kw_only=True)
    """Etag up to which the other copy has everything; None: unknown, so it must be asked."""
    in_flight: bool = attrs.field(default=False, kw_only=True)
    answers: int = attrs.field(default=0, init=False)
    """Number of answers so far."""
    _resending: bool = attrs.field(default=False, init=False)

    def resend(self, member: Member, is_owed: Callable[[], bool], again: Callable[[], None]) -> None:
        """While `is_owed`, call `again` 1, 2, 4 … 60 s after the last unanswered message; an answer starts over at 1 s.

        One program per link does this.
        """
        if not self._resending:
            self._resending = True
            member.spawn(self._resend, member, is_owed, again)

    async def _resend(self, member: Member, is_owed: Callable[[], bool], again: Callable[[], None]) -> None:
        delay = FIRST_RETRY
        while is_owed():
            answers = self.answers
            # all long waits end together, on the minute: quiet time is interrupted once, not once per copy
            early = member.monotonic() % delay if delay == LONGEST_RETRY else 0
            await member.sleep(delay - early)
            if self.answers != answers:
                delay = FIRST_RETRY
                continue
            delay = min(2 * delay, LONGEST_RETRY)
            again()
        self._resending = False


@attrs.define(eq=False)
class CopyLink(ResentLink):
    """The progress of one peer with one copy of this node."""

    sent: int | None = None
    """Etag of this node's copy up to which it was sent there; None: unknown, as an earlier incarnation sent it."""
    safe: int = 0
    """Etag of this node's copy up to which the peer has everything and can send back nothing older any more."""
    _pending: list[tuple[int, str, int]] = attrs.field(factory=list, init=False)
    """The first and the last answer that do not count for `safe` yet: (acked etag, id of the peer's store, etag it may have sent)."""

    def note_answer(self, acked: int, copy: str, sent: int) -> None:
        """The peer has all of this node's copy up to etag `acked`; it may have sent its own store `copy` up to etag `sent`."""
        under_way = [known for _, other, known in self._pending if other == copy]
        self._pending[1:] = [(acked, copy, max([sent, *under_way]))]

    def note_taken(self, taken: Sequence[Item], message: ReplicateDocuments, received: Mapping[str, int]) -> None:
        """Items that the peer sent were merged: if it had all of this node's copy before, it has these items as well.

        The exception is the loser of a conflict that only this node found and kept as a revision: the peer must be sent that.
        """
        if not taken:
            return
        before, after = taken[0].etag - 1, taken[-1].etag
        if self.in_flight or self.acked is None or not before <= self.acked <= after:
            return
        sent = {(item.id.lower(), type(item), item.change_vector) for item in message.items}
        if not all((item.id.lower(), type(item), item.change_vector) in sent for item in taken):
            return
        if self.safe_up_to(received) >= before:
            self.safe = after
        else:
            self.note_answer(after, message.source, message.last_etag)
        self.acked = after

    def safe_up_to(self, received: Mapping[str, int]) -> int:
        """`safe`, given the etag received of each store: what arrives a second time is ignored (`receive`)."""
        while self._pending and received.get(self._pending[0][1], 0) >= self._pending[0][2]:
            self.safe = max(self.safe, self._pending.pop(0)[0])
        return self.safe


@attrs.define(eq=False)
class Replicator:
    """Replicates a node's copies to its peers, and merges what the peers send."""

    _member: Member
    _copies: LocalCopies
    _listener: CopyListener
    _links: dict[int, dict[str, CopyLink]] = attrs.field(factory=dict, init=False)
    """By database id and peer: the link to every other node of the group."""
    _followed: dict[int, tuple[Topology, bool]] = attrs.field(factory=dict, init=False)
    """By database id: the group as last followed, and whether this node was outside the cluster then."""
    _leaving: set[int] = attrs.field(factory=set, init=False)
    """Databases whose group this node has left, while no member is known to have all of its copy."""

    def start(self) -> None:
        """Start to receive messages."""
        self._member.hear(ReplicateDocuments, self._on_documents)
        self._member.hear(ReplicationAck, self._on_ack)
        self._member.hear(ReplicationResume, self._on_resume)

    def follow(self, database: Database) -> None:
        """The database is new or has changed: replicate to its whole group, including rehabs and promotables.

        A node that is out of the group goes on sending to the members until one of them has everything (rule 5.15). One
        that is out of the cluster sends nothing until it is back (rule 3.36).
        """
        topology, outside = self._followed.get(database.id, (None, False))
        if topology is not database.topology or outside != self._member.passive:
            self._followed[database.id] = database.topology, self._member.passive
            self._link(database.id, database.topology)

    def _link(self, database_id: int, topology: Topology) -> None:
        me, copy, before = self._member.name, self._copies.get(database_id), self._links.get(database_id, {})
        self._leaving.discard(database_id)
        if self._member.passive:
            peers, before = [], {}
        elif me in topology.nodes:
            peers = [node for node in sorted(topology.nodes) if node != me]
        elif copy is not None:
            self._leaving.add(database_id)
            peers, before = sorted(topology.members or topology.nodes), {}  # each is asked again what it has
        else:
            peers = []
        self._links[database_id] = {peer: before.get(peer) or CopyLink() for peer in peers}
        if copy is not None:
            for peer, link in self._links[database_id].items():
                if peer not in before:
                    self._push(copy, peer, link)

    def forget(self, known: Set[int]) -> None:
        """Stop for databases that are gone."""
        for database_id in [each for each in self._links if each not in known]:
            del self._links[database_id]
            self._followed.pop(database_id, None)
            self._leaving.discard(database_id)

    def changed(self, copy: LocalCopy) -> None:
        """The copy was opened, or a change of it became durable."""
        topology, _ = self._followed.get(copy.id, (None, False))
        if topology is not None and copy.id not in self._leaving and self._member.name not in topology.nodes:
            self._link(copy.id, topology)  # the copy was being created when this node left the group
        for peer, link in self._links.get(copy.id, {}).items():
            self._push(copy, peer, link)

    # ---- sending

    def _push(self, copy: LocalCopy, peer: str, link: CopyLink, wanted: Sequence[str] = ()) -> None:
        """Send the next batch, unless a message is under way or nothing is left to send."""
        if link.in_flight or not copy.settled:
            return
        store = copy.store
        if link.acked is None:
            received = tuple(sorted(store.received.items()))
            self._member.send(peer, ReplicationResume(copy.id, store.database_id, received, _sent(link, store)))
        else:
            message = offer(copy.id, store, link.acked, BATCH, wanted)
            if message is None:
                return
            link.sent = max(_sent(link, store), message.last_etag)
            self._member.send(peer, message)
        link.in_flight = True
        is_owed, again = partial(self._is_owed, copy, peer, link), partial(self._push_again, copy, peer, link)
        link.resend(self._member, is_owed, again)

    def _is_owed(self, copy: LocalCopy, peer: str, link: CopyLink) -> bool:
        is_current = self._links.get(copy.id, {}).get(peer) is link
        return is_current and (link.in_flight or link.acked != copy.store.etag)

    def _push_again(self, copy: LocalCopy, peer: str, link: CopyLink) -> None:
        link.in_flight = False
        self._push(copy, peer, link)

    # ---- what arrives

    def safe_up_to(self, copy: LocalCopy, peer: str) -> int:
        """The etag up to which that peer has all of the copy and sends nothing older any more; 0 if that is unknown."""
        link = self._links.get(copy.id, {}).get(peer)
        return link.safe_up_to(copy.store.received) if link is not None else 0

    def _signed(self, answer: ReplicationAck, copy: LocalCopy, link: CopyLink | None) -> ReplicationAck:
        return attrs.evolve(answer, copy=copy.store.database_id, sent=_sent(link, copy.store))

    def _copy_for(self, sender: str, database_id: int) -> LocalCopy | None:
        """The copy that a message of that node is for; None: there is none, or the node is none of the cluster.

        What was deleted since it was removed may be forgotten here, so nothing is taken from it until it is back.
        """
        return self._copies.get(database_id) if sender in self._member.members else None

    def _on_documents(self, sender: str, message: ReplicateDocuments) -> None:
        copy = self._copy_for(sender, message.database)
        if copy is not None and message.policies_index <= copy.store.policies.index:
            # else the copy is not open yet, or does not know which revisions to keep: the sender will send it again
            self._member.spawn(self._take, copy, sender, message)

    async def _take(self, copy: LocalCopy, sender: str, message: ReplicateDocuments) -> None:
        """Merge the batch, make it durable, and only then answer."""
        link = self._links.get(copy.id, {}).get(sender)
        merged = await merge(copy, message, is_leaving=link is None)
        if merged is None:
            return
        items, answer = merged
        if link is not None:
            link.note_taken(items, message, copy.store.received)
        self._member.send(sender, self._signed(answer, copy, link))
        self._listener.copy_arrived(copy)

    def _on_ack(self, sender: str, ack: ReplicationAck) -> None:
        copy = self._copies.get(ack.database)
        link = self._links.get(copy.id, {}).get(sender) if copy is not None else None
        if copy is None or link is None or ack.source != copy.store.database_id:
            return
        link.acked, link.in_flight = ack.last_etag, False
        link.answers += 1
        link.sent = _sent(link, copy.store)
        link.note_answer(ack.last_etag, ack.copy, ack.sent)
        self._listener.copy_arrived(copy)
        if copy.id in self._leaving and link.acked >= copy.store.etag and copy.settled and not ack.wanted:
            self._links[copy.id] = {}
            self._leaving.discard(copy.id)
            self._copies.leave(copy, link.acked)
            return
        self._push(copy, sender, link, ack.wanted)

    def _on_resume(self, sender: str, message: ReplicationResume) -> None:
        copy = self._copy_for(sender, message.database)
        link = self._links.get(copy.id, {}).get(sender) if copy is not None else None
        if copy is None:
            return
        store = copy.store
        arrived = store.received.get(message.source, 0)
        answer = ReplicationAck(message.database, message.source, arrived)
        self._member.send(sender, self._signed(answer, copy, link))
        if link is None:  # the sender has left the group, and asks whether this node has all of its copy
            return
        link.acked, link.in_flight = dict(message.received).get(store.database_id, 0), False
        link.answers += 1
        link.sent = _sent(link, store)
        link.note_answer(link.acked, message.source, message.sent)
        self._listener.copy_arrived(copy)
        self._push(copy, sender, link)


def _sent(link: CopyLink | None, store: Store) -> int:
    """The etag up to which a peer may have been sent a copy's changes: the last etag where that is unknown."""
    return link.sent if link is not None and link.sent is not None else store.etag


async def merge(
    copy: LocalCopy, message: ReplicateDocuments, *, is_leaving: bool = False
) -> tuple[Sequence[Item], ReplicationAck] | None:
    """Merge a batch and make it durable; return the new items and the answer, or None if the disk has no room.

    `is_leaving`: the sender has left the group, and hands over what only it has.
    """
    answer: list[ReplicationAck] = []

    def act(store: Store) -> Sequence[Item]:
        taken, ack = receive(store, message, is_leaving=is_leaving)
        answer.append(ack)
        return taken

    try:
        return await copy.change(act, learned=True), answer[0]
    except OSError:  # the sender will send it again
        return None
