"""Removing tombstones that nobody needs any more: each node those of its copies, the leader those of compare-exchange values.

Only a change of a copy, a peer, a run or the record is a reason to look; no timer is armed while there is nothing to
clean. A node that has left a group reports here that it has no copy any more. Who needs a tombstone is decided in
tombstones.py.
"""

from collections.abc import Iterator, Set

import attrs

from backup.database.agreed_values import CleanValueTombstones
from backup.database.documents import Store
from backup.database.items import Item
from backup.node.tombstones import KnownProgress, TombstoneNeed, exchange_need, needs
from backup.notes import DeletionsKept, NeededBy, TombstonesCleaned
from backup.record.database_commands import SayFarewell
from backup.record.record import Database, Record, Task
from backup.record.responsible_node import TaskState
from backup.record.rules import Rules
from backup.replicas.external_replicator import ExternalReplicator
from backup.replicas.local_copies import LocalCopies, LocalCopy
from backup.replicas.replicator import Replicator
from backup.runs import schedule
from backup.runs.local_status import ChainEnd, LocalStatuses, TaskKey
from backup.runs.scheduler import Scheduler
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused
from cluster.time_units import MINUTE

AGAIN = 1 * MINUTE
"""How long (µs) after a failed report of having left a group it is tried again."""
REASONS = 3
"""At most this many of the reasons to keep a tombstone are named."""
ToldReason = tuple[NeededBy | None, str, int]
"""A reason with the node and the task that it is about."""


@attrs.define(eq=False)
class TombstoneCleaner:
    """The tombstone cleaner of one node."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _replicator: Replicator
    _external: ExternalReplicator
    _statuses: LocalStatuses
    _scheduler: Scheduler
    _waiting: set[int] = attrs.field(factory=set, init=False)
    """Databases whose copy is cleaned at the next full period."""
    _told: dict[tuple[int, bool], ToldReason | None] = attrs.field(factory=dict, init=False)
    """By database id, and whether of its values: the reason to keep deletions that was told last."""
    _limits: dict[int, tuple[str, int]] = attrs.field(factory=dict, init=False)
    """By database id: its name, and the log index up to which tombstones of its values may go; absent if it has none."""
    _asking: bool = attrs.field(default=False, init=False)
    _leaving: set[int] = attrs.field(factory=set, init=False)
    """Databases whose group this node has left and is reporting that it has left."""

    # ---- documents

    def changed(self, copy: LocalCopy) -> None:
        """The copy changed, or a peer has more of it: if a tombstone can go, it goes at the next full period."""
        oldest, period = copy.store.oldest_tombstone, self._rules.tombstone_cleanup
        if oldest is None and (copy.id, False) in self._told:  # what was deleted was written again
            self._tell_of_none(copy)
        if oldest is None or not period or copy.id in self._waiting or not copy.settled:
            return
        database = self._copies.database(copy.id)
        if database is None:
            return
        need = next((need for need in self._needs(database, copy) if need.up_to < oldest), None)
        self._tell(database, need, values=False)
        if need is None:
            self._waiting.add(copy.id)
            self._member.spawn(self._clean, copy)

    def _tell(self, database: Database, need: TombstoneNeed | None, *, values: bool) -> None:
        """Note why deletions are kept, unless that was noted last."""
        key = database.id, values
        reason = None if need is None else (need.by, need.node, need.task)
        if self._told.get(key) == reason:
            return
        self._told[key] = reason
        if need is not None and need.by is not None:
            self._member.note(DeletionsKept(database.name, values, need.by.name, need.node, need.task))

    def _tell_of_none(self, copy: LocalCopy) -> None:
        database = self._copies.database(copy.id)
        del self._told[copy.id, False]
        if database is not None:
            self._member.note(DeletionsKept(database.name, False, "", "", 0))

    def run_kept(self, key: TaskKey) -> None:
        """The outcome of a run is on the disk."""
        copy = self._copies.get(key[0])
        if copy is not None:
            self.changed(copy)

    async def _clean(self, copy: LocalCopy) -> None:
        member, period = self._member, self._rules.tombstone_cleanup
        await member.sleep(period - member.monotonic() % period)
        await copy.settle()
        self._waiting.discard(copy.id)
        database = self._copies.database(copy.id)
        if database is None or self._copies.get(copy.id) is not copy:
            return
        limit = self._limit(database, copy)
        counts: list[int] = []

        def act(store: Store) -> tuple[Item, ...]:
            counts.append(store.clean_tombstones(limit))
            return ()

        oldest = copy.store.oldest_tombstone
        if oldest is None or oldest > limit:
            self.changed(copy)  # somebody needs it by now
            return
        self._told.pop((copy.id, False), None)
        try:
            await copy.change(act, learned=True)
        except OSError:  # the disk is full: the tombstones stay, and the next change is a reason to look again
            return
        left = copy.store.size.tombstones
        member.note(TombstonesCleaned(database.name, copy.store.database_id, counts[0], limit, left))

    def _limit(self, database: Database, copy: LocalCopy) -> int:
        """The etag up to which nobody needs a tombstone of the copy. The search stops once the oldest tombstone is needed."""
        limit, oldest = copy.store.etag, copy.store.oldest_tombstone or 0
        for need in self._needs(database, copy):
            limit = min(limit, need.up_to)
            if limit < oldest:
                break
        return limit

    def _needs(self, database: Database, copy: LocalCopy) -> Iterator[TombstoneNeed]:
        def is_mine(task: Task) -> bool:
            state, _ = self._scheduler.standing((database.id, task.id), database, task)
            return state is TaskState.ACTIVE_BY_CURRENT_NODE

        known = KnownProgress(
            self._member.name,
            copy.store.database_id,
            self._member.members,
            lambda node: self._replicator.safe_up_to(copy, node),
            lambda task: self._chain(database, task),
            is_mine,
            self._external.arrived,
        )
        return needs(database, self._member.state, known)

    def _chain(self, database: Database, task: Task) -> ChainEnd | None:
        """The chain that the task's next run here continues; None if that run is full anyway (rules 8.6, 26.4)."""
        key = database.id, task.id
        status = self._statuses.status(key, database.statuses.get(task.id))
        begins = schedule.begins_a_chain(task, status, self._rules, self._member.name)
        return self._statuses.chain(key) if begins is None else None

    def kept(self, database: Database) -> tuple[int, tuple[str, ...]]:
        """The number of tombstones in this node's copy, and the reasons to keep the oldest."""
        copy = self._copies.get(database.id)
        oldest = copy.store.oldest_tombstone if copy is not None else None
        if copy is None or oldest is None:
            return 0, ()
        found = [need.why for need in self._needs(database, copy) if need.up_to < oldest]
        return copy.store.size.tombstones, tuple(found[:REASONS])

    # ---- following the record

    def follow(self, database: Database) -> None:
        """The database is new or has changed."""
        copy = self._copies.get(database.id)
        if copy is not None:
            self.changed(copy)
        elif self._member.passive:  # it says farewell when it is back
            pass
        elif self._member.name in database.departed and database.id not in self._leaving:
            self._leaving.add(database.id)
            self._member.spawn(self._say_farewell, database)
        if database.values.tombstones:
            need = exchange_need(database)
            self._limits[database.id] = database.name, need.up_to
            if not self._member.leading:  # another node tells, and may have told another reason since
                self._told.pop((database.id, True), None)
            elif self._rules.exchange_tombstone_cleanup:
                kept = need.up_to < min(database.values.tombstones.values())
                self._tell(database, need if kept else None, values=True)
        else:
            self._limits.pop(database.id, None)
        self.look()

    def forget(self, known: Set[int]) -> None:
        """Stop for databases that are gone."""
        for database_id in [each for each in self._limits if each not in known]:
            del self._limits[database_id]

    async def _say_farewell(self, database: Database) -> None:
        member, me = self._member, self._member.name
        while True:
            now: Database | None = member.state.database(database.name)
            if now is None or now.id != database.id or me not in now.departed or self._copies.get(now.id) is not None:
                break
            try:
                await member.propose(SayFarewell(now.name, now.id, me))
            except (NoLeader, OutcomeUnknown):
                await member.sleep(AGAIN)
            except Refused:
                break
        self._leaving.discard(database.id)

    # ---- compare-exchange values

    def look(self) -> None:
        """If this node leads, and tombstones of values can go, propose their removal at the next full period."""
        if self._limits and self._member.leading and not self._asking and self._due():
            self._asking = True
            self._member.spawn(self._ask)

    def _due(self) -> list[tuple[str, int]]:
        if not self._rules.exchange_tombstone_cleanup:
            return []
        record: Record = self._member.state
        found = []
        for name, limit in self._limits.values():
            database = record.database(name)
            if database is not None and any(since <= limit for since in database.values.tombstones.values()):
                found.append((name, limit))
        return found

    async def _ask(self) -> None:
        member, period = self._member, self._rules.exchange_tombstone_cleanup
        await member.sleep(period - member.monotonic() % period)
        for name, limit in self._due() if member.leading else ():
            try:
                await member.propose(CleanValueTombstones(name, limit))
            except (NoLeader, OutcomeUnknown, Refused):
                break
        self._asking = False
