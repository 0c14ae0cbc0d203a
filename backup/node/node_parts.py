"""The parts of one incarnation of a node, created in order, and every call from a lower part to a higher one.

The loop of a node is `live`: it passes the changes of the record to each part and lets the scheduler start what is due.
"""

from collections.abc import Callable, Set
from typing import Protocol

from backup.destinations.world_destinations import WorldDestinations
from backup.node.backup_handler import BackupHandler
from backup.node.document_handler import DocumentHandler
from backup.node.tombstone_cleaner import TombstoneCleaner
from backup.observer.observer_loop import ObserverLoop
from backup.record.key_ring import KeyRing
from backup.record.record import Database, Record
from backup.record.rules import Rules
from backup.replicas.external_replicator import ExternalReplicator
from backup.replicas.indexer import Indexer
from backup.replicas.local_copies import LocalCopies, LocalCopy
from backup.replicas.node_reports import RunReport
from backup.replicas.replicator import Replicator
from backup.restore.restore_operation import RestoreOperations
from backup.runs.local_status import LocalStatuses, TaskKey
from backup.runs.runner import Runner
from backup.runs.scheduler import Scheduler
from backup.runs.status_reporter import StatusReporter
from cluster.member import Member


class CopyFollower(Protocol):
    """A part that follows the record."""

    def follow(self, database: Database) -> None:
        """The database is new or has changed."""

    def forget(self, known: Set[int]) -> None:
        """Some databases were removed; `known` holds the ids of those that remain."""


class NodeParts:
    """The parts of one incarnation. Each part knows only the parts below it."""

    def __init__(self, member: Member, rules: Rules, destinations: WorldDestinations, keys: KeyRing) -> None:
        self._member = member
        self._unsure = True
        """Whether the disk may hold files of a database that is gone, or that this node has not heard of yet."""
        self.copies = copies = LocalCopies(member, self, rules.hard_delete_on_leaving)
        self.indexer = Indexer(member, copies)
        self.document_handler = DocumentHandler(member, copies, self.indexer)
        self.replicator = Replicator(member, copies, self)
        self.external = ExternalReplicator(member, rules, copies, self)
        self.statuses = LocalStatuses(member, rules)
        self.reporter = StatusReporter(member, rules, self.statuses)
        self.runner = Runner(
            member, rules, copies, self.indexer, self.statuses, self.reporter, destinations, keys, self
        )
        self.scheduler = Scheduler(member, rules, self.statuses, self.runner)
        self.tombstone_cleaner = TombstoneCleaner(
            member, rules, copies, self.replicator, self.external, self.statuses, self.scheduler
        )
        self.backup_handler = BackupHandler(
            member, rules, self.statuses, self.scheduler, self.runner, self.tombstone_cleaner
        )
        runner = self.runner
        runs: Callable[[], tuple[RunReport, ...]] = (lambda: runner.reports) if rules.takes_over_uncovered else tuple
        self.observer_loop = ObserverLoop(member, rules, copies, runs)
        self.restores = RestoreOperations(member, rules, copies, self.indexer, destinations)
        self._followers: tuple[CopyFollower, ...] = (
            copies,
            self.indexer,
            self.replicator,
            self.external,
            self.statuses,
            self.scheduler,
            self.restores,
            self.tombstone_cleaner,
        )

    async def begin(self) -> None:
        """Read what the disk holds, before anything else; then start to receive and send messages."""
        await self.indexer.recover()
        await self.copies.recover()
        await self.statuses.recover()
        self.replicator.start()
        self.external.start()
        self.observer_loop.start()

    # ---- calls from lower parts (`CopyListener`, `RunListener`), in the order in which they take effect

    def copy_changed(self, copy: LocalCopy) -> None:
        """A copy was opened, or a change of it became durable."""
        self.replicator.changed(copy)
        self.external.changed(copy)
        self.indexer.changed(copy)
        self.tombstone_cleaner.changed(copy)

    def copy_arrived(self, copy: LocalCopy) -> None:
        """A peer, or the destination of an external replication, may have received more of a copy."""
        self.tombstone_cleaner.changed(copy)

    def copy_closed(self, database_id: int) -> None:
        """A copy was given up because this node has left its group."""
        database = self.copies.database(database_id)
        if database is not None:
            self.tombstone_cleaner.follow(database)

    def run_ended(self, key: TaskKey) -> None:
        """A run of a task is over."""
        self.scheduler.run_ended(key)

    def run_kept(self, key: TaskKey) -> None:
        """The outcome of a run of a task is on the node's disk."""
        self.tombstone_cleaner.run_kept(key)

    # ---- the loop

    async def live(self) -> None:
        """Run the loop: handle the record's changes, start what is due, then wait for either."""
        member = self._member
        seen, zone, outside = Record(), member.zone, member.passive
        self.reporter.owe()
        while True:
            version, record = member.version, member.state
            self.external.look()
            self.tombstone_cleaner.look()
            if member.zone is not zone:  # every schedule means other instants now
                seen, zone = Record(), member.zone
            if member.passive is not outside:  # what it may send, and has to hand over, is another
                seen, outside = Record(), member.passive
            if record is not seen:
                self._follow(seen, record)
                seen = record
            await member.changed(version, self.scheduler.turn())

    def _follow(self, before: Record, record: Record) -> None:
        """Tell each part of the databases that are new, changed, or gone. The cost grows with the number of changes."""
        known, gone = before.databases, self._unsure
        changed = record.changed_since(before)
        for database in changed:
            earlier = known.get(database.name.lower())
            gone = gone or (earlier is not None and earlier.id != database.id)
        if gone or len(record.databases) - sum(each.name.lower() not in known for each in changed) < len(known):
            ids = {database.id for database in record.databases.values()}
            for follower in self._followers:
                follower.forget(ids)
            self._unsure = not (self.copies.databases | self.statuses.databases) <= ids
        for database in changed:
            for follower in self._followers:
                follower.follow(database)
