"""When this node runs which task: a timer a task, armed by the rules of section 8 and looked at again by those of 9.

One loop turns it: it costs what changed and what is due, not how many tasks there are. Never here: cron (calendar.py),
ownership (ownership.py), and running (runner.py).
"""

import heapq
from typing import Any

import attrs

from backup import calendar, ownership
from backup.calendar import Plan
from backup.ledger import Key, Ledger
from backup.notes import BackupDelayed, BackupPlanned
from backup.ownership import TaskState
from backup.record import Database, Record, Status, Task
from backup.rules import Rules
from backup.runner import Runner
from cluster.member import Member
from cluster.value import value


@value
class Timer:
    """The next run of a task on this node."""

    due: int
    plan: Plan
    signature: tuple[Any, ...]
    """What it was worked out from: while that stays, it stays (rule 9.2)."""


class Scheduler:
    """The timers of one node."""

    def __init__(self, member: Member, rules: Rules, ledger: Ledger, runner: Runner) -> None:
        self._member = member
        self._rules = rules
        self._ledger = ledger
        self._runner = runner
        self._timers: dict[Key, Timer] = {}
        self._agenda: list[tuple[int, Key]] = []
        """A heap of (due, task); what is no longer armed like this is passed over."""
        self._seen: dict[Key, tuple[Any, ...]] = {}
        self._names: dict[int, str] = {}
        self._ended: list[Key] = []
        self._started_at = member.wall()
        self._news_at = member.monotonic() + rules.news_after_start if member.incarnation > 1 else 0
        """Monotonic µs from which the node takes what it knows of owners for true."""
        runner.ended = self._ended.append

    # ---- what changed

    def follow(self, database: Database) -> None:
        """The database is new or has changed: look again at those of its tasks that it concerns (rule 6.8)."""
        self._names[database.id] = database.name
        for task in database.tasks.values():
            key = database.id, task.id
            committed, assignment = database.statuses.get(task.id), database.assignments.get(task.id)
            topology = None if self._rules.assigned else database.topology
            seen = (task, assignment, committed, topology, self._member.zone)
            before = self._seen.get(key)
            if before is not None and all(one is other for one, other in zip(seen, before, strict=True)):
                continue
            self._seen[key] = seen
            if before is not None and committed is not None and committed is not before[2]:
                self._heed(key, database, task, committed)
            self._reconsider(key, database, task)
        for key in [each for each in self._seen if each[0] == database.id and each[1] not in database.tasks]:
            self._drop(key)

    def forget(self, record: Record) -> None:
        """Drop the tasks of databases that are gone."""
        known = {database.id for database in record.databases.values()}
        for key in [each for each in self._seen if each[0] not in known]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        self._runner.cancel(key)  # rule 9.2
        self._timers.pop(key, None)
        self._seen.pop(key, None)

    def _heed(self, key: Key, database: Database, task: Task, committed: Status) -> None:
        """Another node's run may make this node's own status void (rule 8.12)."""
        local = self._ledger.own(key)
        if (
            not self._rules.local_status
            or local is None
            or self._state(key, database, task) is TaskState.ACTIVE_BY_CURRENT_NODE
        ):
            return
        if calendar.drops_local_status(task, local, committed, self._member.name, self._member.zone):
            self._ledger.drop_status(key)

    def _reconsider(self, key: Key, database: Database, task: Task) -> None:
        """Rule 9.2."""
        match self._state(key, database, task):
            case TaskState.DISABLED:
                self._timers.pop(key, None)
                self._runner.cancel(key)
            case TaskState.ACTIVE_BY_CURRENT_NODE if not self._runner.is_running(key):
                self._arm(key, database, task)

    def _state(self, key: Key, database: Database, task: Task) -> TaskState:
        status = self._ledger.status(key, database.statuses.get(task.id))
        leaderless = self._member.leader is None
        state, _ = ownership.state_of(
            database, task, status, self._member.name, leaderless=leaderless, rules=self._rules
        )
        return state

    # ---- timers

    def _arm(self, key: Key, database: Database, task: Task) -> None:
        committed = database.statuses.get(task.id)
        status = self._ledger.status(key, committed)
        base = committed if status is None and self._rules.takes_over_uncovered else status  # rule 24.8
        zone = self._member.zone
        signature = (task.full, task.incremental, task.kind, zone.key, base)
        before = self._timers.get(key)
        if before is not None and before.signature == signature:
            return
        now = self._member.wall()
        plan = calendar.next_backup(task, status, now, zone, self._rules, self._member.name, committed)
        if plan.due is None:
            self._timers.pop(key, None)
            return
        self._set(key, Timer(plan.due, plan, signature))
        self._member.note(BackupPlanned(database.name, task.id, plan.due, plan.full, plan.why, plan.rule))

    def _set(self, key: Key, timer: Timer) -> None:
        self._timers[key] = timer
        heapq.heappush(self._agenda, (timer.due, key))

    def turn(self) -> int | None:
        """Do what is due now; return the wall instant at which something is due next, None if nothing is."""
        while self._ended:
            found = self._find(self._ended.pop(0))
            if found is not None:
                self._reconsider(*found)
        now = self._member.wall()
        while self._agenda and self._agenda[0][0] <= now:
            due, key = heapq.heappop(self._agenda)
            timer = self._timers.get(key)
            if timer is not None and timer.due == due:
                del self._timers[key]
                self._fire(key, timer, now)
        while self._agenda:
            due, key = self._agenda[0]
            timer = self._timers.get(key)
            if timer is not None and timer.due == due:
                return due
            heapq.heappop(self._agenda)
        return None

    def _fire(self, key: Key, timer: Timer, now: int) -> None:
        """Rule 9.1: look again; and 9.4: without a free slot, ask again soon, for the same kind of run."""
        found = self._find(key)
        if found is None:
            return
        _, database, task = found
        wait = self._news_at - self._member.monotonic()
        if wait > 0 and timer.plan.occurrence is not None and timer.plan.occurrence < self._started_at:
            self._set(key, attrs.evolve(timer, due=now + wait))  # somebody may have run it meanwhile
            return
        match self._state(key, database, task):
            case TaskState.ACTIVE_BY_CURRENT_NODE if self._runner.has_slot:
                self._runner.start(database, task, timer.plan)
            case TaskState.ACTIVE_BY_CURRENT_NODE:
                until = now + self._rules.concurrent_backups_retry
                self._set(key, attrs.evolve(timer, due=until))
                why = f"{self._rules.concurrent_backups} backups, as many as may, run here now"
                self._member.note(BackupDelayed(database.name, task.id, until, why))
            case TaskState.CLUSTER_DOWN:  # not run, but looked at again at its next occurrence
                due = self._next_occurrence(task, now)
                if due is not None:
                    self._set(key, attrs.evolve(timer, due=due, plan=attrs.evolve(timer.plan, due=due, occurrence=due)))
            case _:  # it is armed again when it comes to this node
                pass

    def _next_occurrence(self, task: Task, after: int) -> int | None:
        found = [
            calendar.next_occurrence(cron, after, self._member.zone) for cron in (task.full, task.incremental) if cron
        ]
        return min((instant for instant in found if instant is not None), default=None)

    def _find(self, key: Key) -> tuple[Key, Database, Task] | None:
        record: Record = self._member.state
        database = record.database(self._names[key[0]])
        if database is None or database.id != key[0] or key[1] not in database.tasks:
            return None
        return key, database, database.tasks[key[1]]
