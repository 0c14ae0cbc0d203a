"""External replication: the links this node owns, each to a member of another database's group (rules 7.15, 19.4).

Delivery is at least once: the receiving copy answers with the sender's etag up to which it has everything, and change
vectors make duplicates harmless. At most one batch per link is under way; an unanswered one goes to the next member. A
link is only in memory: after a restart, or on another owner, it begins by asking where to go on. Who owns a task is
decided in backup/record/external_replication.py; replication inside a group is in replicator.py.
"""

from collections.abc import Callable, Set
from functools import partial
from typing import Any

import attrs

from backup.database.replication import ReplicateDocuments, ReplicationAck, offer
from backup.notes import ReplicationStarted, ReplicationStopped, ReplicationWaits
from backup.record.external_replication import ReportReplication, owner_of
from backup.record.record import Database, Record, Replication, ReplicationProgress, Topology
from backup.record.responsible_node import is_leaderless
from backup.record.rules import Rules
from backup.replicas.local_copies import CopyListener, LocalCopies, LocalCopy
from backup.replicas.replicator import BATCH, ResentLink, merge
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused
from cluster.time_units import FOREVER
from cluster.value import value


@value
class AskExternal:
    """The question up to which etag of the sender's copy the receiver's copy has everything."""

    task: int
    database: int
    """Id of the destination in the record."""
    source: str
    """Database id of the sender's store."""


@value
class AskElsewhere:
    """The same question to a node of another cluster, which alone knows the id of the destination."""

    task: int
    destination: str
    """Name of the destination database."""
    source: str
    """Database id of the sender's store."""


@value
class SendExternal:
    """The next batch; its `database` is the destination."""

    task: int
    batch: ReplicateDocuments


@value
class AnswerExternal:
    """The answer: the etag up to which the receiver's copy has everything."""

    task: int
    answer: ReplicationAck


Question = AskExternal | AskElsewhere
WORDS: tuple[type, ...] = (AskExternal, SendExternal, AnswerExternal, AskElsewhere)


@attrs.define(eq=False)
class ExternalLink(ResentLink):
    """The link of one task while this node owns it."""

    database: int
    """Id of the source database."""
    task: Replication
    destination: int = -1
    """Id of the destination database that was asked, in its cluster; -1: none yet."""
    target: str = ""
    """The node that was asked: a member of the destination's group, or any node of its cluster; empty: none yet."""
    turn: int = 0
    """Counter that selects the member to try."""
    wanted: tuple[str, ...] = ()
    """Hashes of the attachment contents that the destination asked for."""
    waits: bool = False
    """Whether it was noted that there is no destination to send to."""
    waiting_until: int = FOREVER
    """Wall µs at which the task's delay of the next item ends; FOREVER: no program waits for that."""
    reported: int = 0
    reporting: bool = False


@attrs.define(eq=False)
class ExternalReplicator:
    """The external replications that a node owns, and its receiving side of those that others own."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _listener: CopyListener
    _lines: dict[int, ExternalLink] = attrs.field(factory=dict, init=False)
    """By task id: the links this node owns."""
    _seen: dict[int, tuple[Any, ...]] = attrs.field(factory=dict, init=False)
    """By database id: the inputs that its links were derived from."""
    _names: dict[int, str] = attrs.field(factory=dict, init=False)
    """By database id: the names of databases that have external replications."""
    _leaderless: bool = attrs.field(default=False, init=False)

    def start(self) -> None:
        """Start to receive messages."""
        for kind, handler in self._handlers().items():
            self._member.hear(kind, handler)

    def _handlers(self) -> dict[type, Callable[[str, Any], None]]:
        return {
            AskExternal: self._on_question,
            AskElsewhere: self._on_question_from_elsewhere,
            SendExternal: self._on_batch,
            AnswerExternal: self._on_answer,
        }

    # ---- what changed

    def look(self) -> None:
        """Follow a change of the leader: without one no node owns a task (rule 7.15)."""
        leaderless = is_leaderless(self._member)
        if leaderless == self._leaderless:
            return
        self._leaderless = leaderless
        record: Record = self._member.state
        for name in list(self._names.values()):
            database = record.database(name)
            if database is not None:
                self._look_at(database)

    def follow(self, database: Database) -> None:
        """The database is new or has changed: follow it as a source and as a destination."""
        licence = None if self._rules.highly_available_tasks else database.progress
        seen = (database.replications, database.topology, licence)
        before = self._seen.get(database.id)
        if before is not None and all(one is other for one, other in zip(seen, before, strict=True)):
            return
        self._seen[database.id] = seen
        if database.replications:
            self._names[database.id] = database.name
        else:
            self._names.pop(database.id, None)
        self._look_at(database)
        if self._lines:
            for line in list(self._lines.values()):
                if line.task.destination.lower() == database.name.lower():
                    self._push(line)

    def forget(self, known: Set[int]) -> None:
        """Stop for databases that are gone."""
        for database_id in [each for each in self._seen if each not in known]:
            del self._seen[database_id]
            name = self._names.pop(database_id, "")
            for line in [line for line in self._lines.values() if line.database == database_id]:
                self._stop(name, line, "the database is gone")

    def changed(self, copy: LocalCopy) -> None:
        """The copy was opened, or a change of it became durable."""
        if self._lines:
            for line in list(self._lines.values()):
                if line.database == copy.id:
                    self._push(line)

    def _look_at(self, database: Database) -> None:
        for line in [line for line in self._lines.values() if line.database == database.id]:
            if line.task.id not in database.replications:
                self._stop(database.name, line, "the task is gone")
        for task in database.replications.values():
            self._consider(database, task)

    def _consider(self, database: Database, task: Replication) -> None:
        """Begin, continue or stop the task's link, by who owns the task now (rule 7.15)."""
        progress = database.progress.get(task.id)
        owner = owner_of(task, database.topology, progress, self._rules, leaderless=self._leaderless)
        mine, line = owner.node == self._member.name and not task.disabled, self._lines.get(task.id)
        if line is not None and not mine:
            why = owner.reason.sentence if owner.node is None else f"{owner.node} does"
            self._stop(database.name, line, "it is disabled" if task.disabled else why)
        elif mine and (line is None or line.task is not task):
            line = self._lines[task.id] = ExternalLink(database.id, task)
            reason = owner.reason
            self._member.note(
                ReplicationStarted(database.name, task.id, task.destination, reason.value, owner.rule, reason.sentence)
            )
            self._push(line)

    def _stop(self, name: str, line: ExternalLink, why: str) -> None:
        del self._lines[line.task.id]
        self._member.note(ReplicationStopped(name, line.task.id, why))

    # ---- sending

    def _push(self, line: ExternalLink) -> None:
        """Ask, or send the next batch, unless a message is under way or nothing is left to send."""
        copy = self._copies.get(line.database)
        if line.in_flight or copy is None or not copy.settled:
            return
        found = self._target(line)
        if found is None:
            return
        if found != (line.destination, line.target):
            (line.destination, line.target), line.acked, line.wanted = found, None, ()
        store = copy.store
        if line.acked is None:
            message: Question | SendExternal = AskExternal(line.task.id, line.destination, store.database_id)
            if line.task.nodes:
                message = AskElsewhere(line.task.id, line.task.destination, store.database_id)
        else:
            batch = offer(line.destination, store, line.acked, BATCH, line.wanted)
            batch = self._ripe(line, batch) if batch is not None else None
            if batch is None:
                return
            message = SendExternal(line.task.id, batch)
        line.in_flight = True
        self._say(line.target, message)
        line.resend(self._member, partial(self._is_owed, line), partial(self._push_elsewhere, line))

    def _target(self, line: ExternalLink) -> tuple[int, str] | None:
        """The destination's id and the member of its group to send to; None, noted once, if there is none.

        The id is -1 for a destination in another cluster as long as none of its nodes has answered.
        """
        if line.task.nodes:
            return line.destination, line.target or line.task.nodes[line.turn % len(line.task.nodes)]
        record: Record = self._member.state
        destination = record.database(line.task.destination)
        members = destination.topology.members if destination is not None and destination.restoring is None else ()
        if destination is None or not members:
            if not line.waits:
                line.waits = True
                source = self._names.get(line.database, "")
                self._member.note(ReplicationWaits(source, line.task.id, line.task.destination))
            return None
        line.waits = False
        if line.destination == destination.id and line.target in members:
            return destination.id, line.target
        return destination.id, members[line.turn % len(members)]

    def _ripe(self, line: ExternalLink, batch: ReplicateDocuments) -> ReplicateDocuments | None:
        """The part of the batch that is older than the task's delay; None, with a wake-up armed, if nothing is."""
        delay, now = line.task.delay, self._member.wall()
        if not delay:
            return batch
        count = 0
        while count < len(batch.items) and batch.items[count].last_modified + delay <= now:
            count += 1
        if count == len(batch.items):
            return batch
        if count:
            return attrs.evolve(batch, items=batch.items[:count], last_etag=batch.items[count - 1].etag)
        due = batch.items[0].last_modified + delay
        if due < line.waiting_until:
            line.waiting_until = due
            self._member.spawn(self._wait, line, due)
        return None

    async def _wait(self, line: ExternalLink, due: int) -> None:
        await self._member.sleep(max(1, due - self._member.wall()))
        if line.waiting_until == due:
            line.waiting_until = FOREVER
        if self._lines.get(line.task.id) is line:
            self._push(line)

    def _is_owed(self, line: ExternalLink) -> bool:
        return self._lines.get(line.task.id) is line and line.in_flight

    def _push_elsewhere(self, line: ExternalLink) -> None:
        """Send to another member of the destination's group, or ask another node of its cluster."""
        line.in_flight, line.target = False, ""
        if line.task.nodes:
            line.destination = -1
        line.turn += 1
        self._push(line)

    def _say(self, to: str, message: Question | SendExternal | AnswerExternal) -> None:
        if to == self._member.name:  # this node has both databases
            self._member.spawn(self._hear_myself, message)
        else:
            self._member.send(to, message)

    async def _hear_myself(self, message: Question | SendExternal | AnswerExternal) -> None:
        self._handlers()[type(message)](self._member.name, message)

    def _on_answer(self, sender: str, message: AnswerExternal) -> None:
        line, answer = self._lines.get(message.task), message.answer
        if line is not None and line.task.nodes and line.destination == -1 and line.target == sender:
            line.destination = answer.database
        if line is None or (line.destination, line.target) != (answer.database, sender):
            return
        copy = self._copies.get(line.database)
        if copy is None or answer.source != copy.store.database_id:
            return
        line.acked, line.wanted, line.in_flight = answer.last_etag, answer.wanted, False
        line.answers += 1
        self._listener.copy_arrived(copy)
        self._push(line)
        if not line.in_flight and answer.last_etag > line.reported and not line.reporting:
            line.reporting = True
            self._member.spawn(self._report, line)

    async def _report(self, line: ExternalLink) -> None:
        """Report the progress to the cluster, now that nothing is left to send; if that fails, the next report will do."""
        while (
            self._lines.get(line.task.id) is line
            and not line.in_flight
            and line.acked is not None
            and line.acked > line.reported
            and self._member.leader is not None
        ):
            line.reported = line.acked
            progress = ReplicationProgress(self._member.name, line.target, line.acked, self._member.wall())
            try:
                command = ReportReplication(self._names.get(line.database, ""), line.task.id, progress)
                await self._member.propose(command)
            except (NoLeader, OutcomeUnknown, Refused):
                break
        line.reporting = False

    def arrived(self, task: int) -> int | None:
        """Etag up to which everything arrived at the destination; None while this node does not own the task."""
        line = self._lines.get(task)
        return (line.acked or 0) if line is not None else None

    # ---- what arrives

    def _copy_in_group(self, database_id: int) -> LocalCopy | None:
        """This node's copy of a destination, while it is in the group."""
        seen = self._seen.get(database_id)
        topology: Topology | None = seen[1] if seen is not None else None
        if topology is None or self._member.name not in topology.nodes:
            return None
        return self._copies.get(database_id)

    def _on_question(self, sender: str, message: AskExternal) -> None:
        copy = self._copy_in_group(message.database)
        if copy is not None:  # without a copy, no answer: the sender will ask another member
            arrived = copy.store.received.get(message.source, 0) if copy.settled else 0
            answer = ReplicationAck(message.database, message.source, arrived)
            self._say(sender, AnswerExternal(message.task, answer))

    def _on_question_from_elsewhere(self, sender: str, message: AskElsewhere) -> None:
        record: Record = self._member.state
        destination = record.database(message.destination)
        if destination is not None and destination.restoring is None:
            self._on_question(sender, AskExternal(message.task, destination.id, message.source))

    def _on_batch(self, sender: str, message: SendExternal) -> None:
        copy = self._copy_in_group(message.batch.database)
        if copy is not None:
            self._member.spawn(self._take, copy, sender, message)

    async def _take(self, copy: LocalCopy, sender: str, message: SendExternal) -> None:
        """Merge the batch, make it durable, and only then answer."""
        merged = await merge(copy, message.batch)
        if merged is not None:
            self._say(sender, AnswerExternal(message.task, merged[1]))
