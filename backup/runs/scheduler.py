"""When this node runs which task: one timer per task, armed by the rules of section 8 and checked again by section 9.

A turn costs as much as there are changes and due runs, however many tasks there are. Plans are made in schedule.py,
responsible nodes chosen in backup/record/responsible_node.py, runs started in runner.py.
"""

import heapq
from collections.abc import Iterable, Mapping, Set
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from backup.notes import BackupDelayed, BackupPlanned, time_text
from backup.record import responsible_node
from backup.record.cron import next_occurrence
from backup.record.record import Database, Delay, Record, Status, Task
from backup.record.responsible_node import TaskState
from backup.record.rules import Rules
from backup.runs import schedule
from backup.runs.local_status import LocalStatuses, TaskKey
from backup.runs.runner import Runner
from backup.runs.schedule import Plan
from cluster.member import Member
from cluster.time_units import LONG_AGO, SECOND
from cluster.value import value


@value
class Timer:
    """The next run of a task on this node."""

    due: int
    plan: Plan
    signature: tuple[Any, ...]
    """The inputs of its plan: while they are the same, the timer stays (rule 9.2)."""


class Scheduler:
    """The timers of one node."""

    def __init__(self, member: Member, rules: Rules, statuses: LocalStatuses, runner: Runner) -> None:
        self._member = member
        self._rules = rules
        self._statuses = statuses
        self._runner = runner
        self._timers: dict[TaskKey, Timer] = {}
        self._agenda: list[tuple[int, TaskKey]] = []
        """A heap of (due wall µs, task); an entry that no longer matches the task's timer is skipped."""
        self._known: dict[int, tuple[Database, ZoneInfo]] = {}
        """By database id: the database as last followed, and the time zone at that moment."""
        self._ended: list[TaskKey] = []
        self._delays: dict[TaskKey, Delay] = {}
        """Postponements that this node alone knows, made while nobody led (rule 15.5)."""
        self._settled: dict[TaskKey, int] = {}
        """Wall µs up to which a task's occurrences count as answered because a run was cancelled by hand (rule 15.6)."""
        self._ahead = member.wall() - member.monotonic()
        """µs by which the wall clock is ahead of the monotonic one: it changes when somebody sets the wall clock."""
        self._passive = member.passive
        self._leaderless = responsible_node.is_leaderless(member)
        self._back_at = member.wall()
        """Wall µs of the node's start, or of its return to the cluster."""
        self._news_at = member.monotonic() + rules.news_after_start if member.incarnation > 1 else 0
        """Monotonic µs from which the node trusts what it knows of owners."""

    # ---- what changed

    def follow(self, database: Database) -> None:
        """The database is new or has changed: look again at the tasks that the change concerns (rule 6.8)."""
        before, zone = self._known.get(database.id, (None, None))
        self._known[database.id] = database, self._member.zone
        if before is None or zone is not self._member.zone:
            touched: Iterable[int] = database.tasks
        elif not self._rules.assigned and before.topology is not database.topology:
            touched = database.tasks
        else:
            touched = _touched(before, database)
        for task_id in touched:
            key, task = (database.id, task_id), database.tasks[task_id]
            committed = database.statuses.get(task_id)
            if committed is not None and (before is None or committed is not before.statuses.get(task_id)):
                self._heed(key, database, task, committed)
            self._reconsider(key, database, task)
        if before is not None and before.tasks is not database.tasks:
            for task_id in before.tasks:
                if task_id not in database.tasks:
                    self._drop((database.id, task_id))

    def forget(self, known: Set[int]) -> None:
        """Drop the tasks of databases that are gone."""
        for database_id in [each for each in self._known if each not in known]:
            database, _ = self._known.pop(database_id)
            self._runner.cancel_all(database_id)
            for task_id in database.tasks:
                self._drop((database_id, task_id))

    def _drop(self, key: TaskKey) -> None:
        self._runner.cancel(key)  # rule 9.2
        for each in (self._timers, self._delays, self._settled):
            each.pop(key, None)

    def _heed(self, key: TaskKey, database: Database, task: Task, committed: Status) -> None:
        """Drop this node's own status if another node's run makes it void (rule 8.12)."""
        local = self._statuses.own(key)
        if (
            not self._rules.local_status
            or local is None
            or self.state(key, database, task) is TaskState.ACTIVE_BY_CURRENT_NODE
        ):
            return
        if schedule.drops_local_status(task, local, committed, self._member.name, self._member.zone):
            self._statuses.drop_status(key)

    def _reconsider(self, key: TaskKey, database: Database, task: Task) -> None:
        """Arm the task's timer again, or drop it, as the task stands now (rule 9.2)."""
        match self.state(key, database, task):
            case TaskState.DISABLED:
                self._timers.pop(key, None)
                self._runner.cancel(key)
            case TaskState.PASSIVE:  # a run under way goes on to its end, as after any move (7.13)
                self._timers.pop(key, None)
            case TaskState.ACTIVE_BY_CURRENT_NODE if not self._runner.is_running(key):
                self._arm(key, database, task)

    def run_ended(self, key: TaskKey) -> None:
        """A run is over: its task is looked at again in the next turn (rule 9.2)."""
        self._ended.append(key)

    # ---- the state of a task on this node

    def state(self, key: TaskKey, database: Database, task: Task) -> TaskState:
        """The state of a task on this node (rule 7.9)."""
        return self.standing(key, database, task)[0]

    def standing(self, key: TaskKey, database: Database, task: Task) -> tuple[TaskState, str | None]:
        """The state of a task on this node, and the responsible node; None: nobody is (rule 7.9)."""
        status = self._statuses.status(key, database.statuses.get(task.id))
        return responsible_node.state_of(
            database,
            task,
            status,
            self._member.name,
            leaderless=responsible_node.is_leaderless(self._member),
            rules=self._rules,
            passive=self._member.passive,
        )

    def delay(self, key: TaskKey, database: Database) -> Delay | None:
        """The task's postponement by hand, committed or known to this node alone; the later one counts. None: there is none."""
        agreed, here = database.delays.get(key[1]), self._delays.get(key)
        if agreed is None or here is None:
            return agreed or here
        return here if here.asked_at > agreed.asked_at else agreed

    def others(self, key: TaskKey, database: Database) -> tuple[int, int]:
        """The last runs of other nodes that count for the task here (`schedule.known_of_others`); `LONG_AGO` where none does."""
        if not self._rules.takes_over_uncovered:
            return LONG_AGO, LONG_AGO
        committed, assignment = database.statuses.get(key[1]), database.assignments.get(key[1])
        elsewhere = assignment.elsewhere if assignment is not None else None
        return schedule.known_of_others(self._statuses.status(key, committed), committed, elsewhere)

    def settled(self, key: TaskKey) -> int:
        """Wall µs up to which its occurrences count as answered because a run was cancelled by hand; `LONG_AGO`: none was."""
        return self._settled.get(key, LONG_AGO)

    def due(self, key: TaskKey) -> int | None:
        """Wall µs at which the task runs here next; None: it does not."""
        timer = self._timers.get(key)
        return timer.plan.due if timer is not None else None

    def short_of(self) -> tuple[str, int] | None:
        """The state of this node that lets no backup begin, and how long (µs) to wait before the next try (rule 9.4); None: none."""
        short = self._member.short_of
        for resource, state, wait in (
            ("memory", "low memory state", self._rules.low_memory_delay),
            ("dirty memory", "high dirty memory state", self._rules.low_memory_delay),
            ("cpu credits", "a state of exhausted CPU credits", self._rules.cpu_credits_delay),
        ):
            if resource in short:
                return state, wait
        return None

    # ---- requests of clients

    def put_off_here(self, key: TaskKey, delay: Delay) -> None:
        """Postpone the task on this node alone, as there is no leader (rule 15.5)."""
        self._delays[key] = delay

    def settle(self, key: TaskKey, until: int) -> None:
        """Do not try again what was due up to wall µs `until` (rule 15.6)."""
        self._settled[key] = until

    def look_again(self, key: TaskKey) -> None:
        """Arm the task's timer again, as its inputs have changed."""
        found = self._find(key)
        if found is not None:
            self._reconsider(*found)
            self._member.stir()

    # ---- timers

    def _arm(self, key: TaskKey, database: Database, task: Task) -> None:
        committed = database.statuses.get(task.id)
        status = self._statuses.status(key, committed)
        base = committed if status is None and self._rules.takes_over_uncovered else status  # rule 24.8
        zone, delay, settled = self._member.zone, self.delay(key, database), self.settled(key)
        others = self.others(key, database)
        signature = (task.full, task.incremental, task.kind, task.renewed, zone.key, base, delay, settled, others)
        before = self._timers.get(key)
        if before is not None and before.signature == signature:
            return
        plan = self._plan(key, database, task)
        if plan.due is None:
            self._timers.pop(key, None)
            return
        self._set(key, Timer(plan.due, plan, signature))
        inputs = _inputs(task, zone.key, base, delay)
        self._member.note(BackupPlanned(database.name, task.id, plan.due, plan.full, plan.why, plan.rule, inputs))

    def _plan(self, key: TaskKey, database: Database, task: Task) -> Plan:
        committed, member = database.statuses.get(task.id), self._member
        return schedule.next_backup(
            task,
            self._statuses.status(key, committed),
            member.wall(),
            member.zone,
            self._rules,
            member.name,
            committed,
            delay=self.delay(key, database),
            settled=self.settled(key),
            others=self.others(key, database),
        )

    def _set(self, key: TaskKey, timer: Timer) -> None:
        self._timers[key] = timer
        heapq.heappush(self._agenda, (timer.due, key))

    def turn(self) -> int | None:
        """Start what is due now; return the wall µs at which something is due next, None if nothing is."""
        ahead = self._member.wall() - self._member.monotonic()
        if abs(ahead - self._ahead) >= SECOND and self._rules.future_is_now:
            self._ahead = ahead
            self._arm_again()
        if self._member.passive != self._passive:
            self._passive = self._member.passive
            if not self._passive:  # what it knows of owners is from before it left
                self._news_at = self._member.monotonic() + self._rules.news_after_start
                self._back_at = self._member.wall()
            self._look_at_all()
        if not self._rules.assigned and responsible_node.is_leaderless(self._member) != self._leaderless:
            self._leaderless = not self._leaderless
            self._look_at_all()  # a node that computes owners itself computes others now (rule 26.2)
        while self._ended:
            self._look_at(self._ended.pop(0))
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

    def _look_at_all(self) -> None:
        """Look again at every task: the node has left the cluster or is back (rule 3.36), or lost or found a leader (rule 26.2)."""
        for database_id, (database, _) in list(self._known.items()):
            for task_id in database.tasks:
                self._look_at((database_id, task_id))

    def _arm_again(self) -> None:
        """The wall clock was set: arm every timer again."""
        armed, self._timers = list(self._timers), {}
        for key in armed:
            self._look_at(key)

    def _look_at(self, key: TaskKey) -> None:
        found = self._find(key)
        if found is not None:
            self._reconsider(*found)

    def _fire(self, key: TaskKey, timer: Timer, now: int) -> None:
        """A timer is due: check again (rule 9.1), and start the run, or try the same kind of run again soon (rule 9.4)."""
        found = self._find(key)
        if found is None or self._runner.is_running(key):  # a client started it meanwhile: armed again at its end
            return
        _, database, task = found
        wait = self._news_at - self._member.monotonic()
        if wait > 0 and timer.plan.occurrence is not None and timer.plan.occurrence < self._back_at:
            self._set(key, attrs.evolve(timer, due=now + wait))  # another node may have run it meanwhile
            return
        match self.state(key, database, task):
            case TaskState.ACTIVE_BY_CURRENT_NODE:
                self._begin(key, database, task, timer, now)
            case TaskState.CLUSTER_DOWN:  # not run, but looked at again at its next occurrence
                due = self._next_occurrence(task, now)
                if due is not None:
                    self._set(key, attrs.evolve(timer, due=due, plan=attrs.evolve(timer.plan, due=due, occurrence=due)))
            case _:  # it is armed again when it comes to this node
                pass

    def _begin(self, key: TaskKey, database: Database, task: Task, timer: Timer, now: int) -> None:
        """Start the run, or delay it if no slot is free or the node is short of a resource (rule 9.4)."""
        short = self.short_of()
        if self._runner.has_slot and short is None:
            plan = timer.plan
            if self._rules.incremental_counts_from_full and task.full and not plan.full:
                again = self._plan(key, database, task)  # it starts late: a full may be due by now, which covers it
                plan = again if again.due is not None and again.due <= now else plan
            self._runner.start(database, task, plan)
            return
        if short is not None:
            why, until = f"the node is in {short[0]}", now + short[1]
        else:
            why = f"{self._rules.concurrent_backups} backups, as many as may, run here now"
            until = now + self._rules.concurrent_backups_retry
        self._set(key, attrs.evolve(timer, due=until))
        self._member.note(BackupDelayed(database.name, task.id, until, why))

    def _next_occurrence(self, task: Task, after: int) -> int | None:
        found = [next_occurrence(cron, after, self._member.zone) for cron in (task.full, task.incremental) if cron]
        return min((instant for instant in found if instant is not None), default=None)

    def _find(self, key: TaskKey) -> tuple[TaskKey, Database, Task] | None:
        if key[0] not in self._known:
            return None
        record: Record = self._member.state
        database = record.database(self._known[key[0]][0].name)
        if database is None or database.id != key[0] or key[1] not in database.tasks:
            return None
        return key, database, database.tasks[key[1]]


def _touched(before: Database, after: Database) -> list[int]:
    """Ids of the tasks in which anything has changed, in order."""
    found: set[int] = set()
    pairs: tuple[tuple[Mapping[int, Any], Mapping[int, Any]], ...] = (
        (before.tasks, after.tasks),
        (before.assignments, after.assignments),
        (before.statuses, after.statuses),
        (before.delays, after.delays),
    )
    for old, new in pairs:
        if old is not new:
            found.update([task_id for task_id, what in new.items() if old.get(task_id) is not what])
            found.update(old.keys() - new.keys())
    return sorted(found & after.tasks.keys())


def _inputs(task: Task, zone: str, base: Status | None, delay: Delay | None) -> tuple[tuple[str, str], ...]:
    """The inputs of a plan, as names and texts."""
    instants = (
        ("last full", base.last_full_internal if base is not None else None),
        ("last incremental", base.last_incremental_internal if base is not None else None),
        ("delayed until", delay.until if delay is not None else None),
    )
    found = [
        ("full", task.full),
        ("incremental", task.incremental),
        ("zone", zone),
        ("last run by", base.node if base is not None else ""),
        *((name, time_text(instant)) for name, instant in instants if instant is not None),
    ]
    return tuple((name, text) for name, text in found if text)
