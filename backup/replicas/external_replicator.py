"""External replication at work: the lines this node owns, to a member of another database's group (rules 7.15, 19.4).

At least once: the receiving copy says up to which of the sending copy's etags it has everything, and change vectors
make what comes twice harmless. One batch is under way on a line; what is not answered goes to the next member. All of
it is in memory: after a restart, or at another owner, the first word is the question where to go on. Never here: who
owns a task (backup/record/external_replication.py), and replication inside a group (replicator.py).
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
    """How far has that copy's history arrived at yours?"""

    task: int
    database: int
    """The destination, of the record."""
    source: str
    """Database id of the sender's copy."""


@value
class SendExternal:
    """What comes next; its `database` is the destination."""

    task: int
    batch: ReplicateDocuments


@value
class AnswerExternal:
    """How far it has arrived."""

    task: int
    answer: ReplicationAck


WORDS: tuple[type, ...] = (AskExternal, SendExternal, AnswerExternal)


@attrs.define(eq=False)
class ExternalLink(ResentLink):
    """One task while this node owns it."""

    database: int
    """Id of the source."""
    task: Replication
    destination: int = -1
    """Id of the destination that was asked."""
    target: str = ""
    """The member of its group that was asked."""
    turn: int = 0
    """Which member to try."""
    wanted: tuple[str, ...] = ()
    """Contents of attachments that it asked for."""
    waits: bool = False
    """It was said that there is nowhere to send to."""
    waiting_until: int = FOREVER
    """Wall µs at which something has been delayed for long enough; FOREVER: nobody waits for that."""
    reported: int = 0
    reporting: bool = False


@attrs.define(eq=False)
class ExternalReplicator:
    """The external replications of one node, and what those of others bring."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _listener: CopyListener
    _lines: dict[int, ExternalLink] = attrs.field(factory=dict, init=False)
    """By task id: those this node owns."""
    _seen: dict[int, tuple[Any, ...]] = attrs.field(factory=dict, init=False)
    """By database id: what its lines were worked out from."""
    _names: dict[int, str] = attrs.field(factory=dict, init=False)
    """Databases that have replications."""
    _leaderless: bool = attrs.field(default=False, init=False)

    def start(self) -> None:
        """Begin to listen."""
        for kind, handler in self._handlers().items():
            self._member.hear(kind, handler)

    def _handlers(self) -> dict[type, Callable[[str, Any], None]]:
        return {AskExternal: self._on_question, SendExternal: self._on_batch, AnswerExternal: self._on_answer}

    # ---- what changed

    def look(self) -> None:
        """There may be a leader, or none any more: without one nobody owns a task (rule 7.15)."""
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
        """The database is new or has changed: as a source, and as a destination."""
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
        """The copy was opened, or holds something new, and it is durable."""
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
        """Begin, go on, or stop: as the rules have it now (rule 7.15)."""
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
        """Ask, or send what comes next, unless something is under way, or nothing is owed."""
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
            message: AskExternal | SendExternal = AskExternal(line.task.id, line.destination, store.database_id)
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
        """The destination and the member of its group to talk to; None, said once, if there is none."""
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
        """What of the batch is old enough (the delay of the task); None, and a look at the right time, if nothing is."""
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
        """To another member of the destination's group."""
        line.in_flight, line.target = False, ""
        line.turn += 1
        self._push(line)

    def _say(self, to: str, message: AskExternal | SendExternal | AnswerExternal) -> None:
        if to == self._member.name:  # both databases are here
            self._member.spawn(self._hear_myself, message)
        else:
            self._member.send(to, message)

    async def _hear_myself(self, message: AskExternal | SendExternal | AnswerExternal) -> None:
        self._handlers()[type(message)](self._member.name, message)

    def _on_answer(self, sender: str, message: AnswerExternal) -> None:
        line, answer = self._lines.get(message.task), message.answer
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
        """Tell the cluster how far it has come, now that nothing is owed; if it cannot be told, the next time will do."""
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
        if copy is not None:  # else the sender will ask another member
            arrived = copy.store.received.get(message.source, 0) if copy.settled else 0
            answer = ReplicationAck(message.database, message.source, arrived)
            self._say(sender, AnswerExternal(message.task, answer))

    def _on_batch(self, sender: str, message: SendExternal) -> None:
        copy = self._copy_in_group(message.batch.database)
        if copy is not None:
            self._member.spawn(self._take, copy, sender, message)

    async def _take(self, copy: LocalCopy, sender: str, message: SendExternal) -> None:
        """Merge, make durable, and only then answer."""
        merged = await merge(copy, message.batch)
        if merged is not None:
            self._say(sender, AnswerExternal(message.task, merged[1]))
