"""How a node answers clients' requests about runs: run now, run once, postpone, cancel (section 15), and show the state.

Timers are in backup/runs/scheduler.py, a run's steps in backup/runs/backup_run.py, and the views in views.py.
"""

from collections.abc import Callable
from typing import Any

import attrs

from backup.node import views
from backup.node.tombstone_cleaner import TombstoneCleaner
from backup.notes import BY_HAND, PUT_OFF, BackupPostponedHere
from backup.record.record import ONE_TIME, Database, Task
from backup.record.responsible_node import TaskState, is_leaderless
from backup.record.rules import Rules
from backup.record.task_commands import PostponeBackup, Postponed
from backup.requests import backup_requests as requests
from backup.requests import errors
from backup.requests.answers import BackupsView, Operation, TaskView
from backup.runs import schedule
from backup.runs.local_status import LocalStatuses, TaskKey
from backup.runs.runner import Runner
from backup.runs.scheduler import Scheduler
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused
from cluster.time_units import SECOND

PATIENCE = 15 * SECOND
"""How long (µs) a request waits for a task whose entry this node has not applied yet (rules 6.9, 15.1)."""

TaskEntry = tuple[TaskKey, Database, Task]


@attrs.define(eq=False)
class BackupHandler:
    """Answers clients' requests about the runs of one node."""

    _member: Member
    _rules: Rules
    _statuses: LocalStatuses
    _scheduler: Scheduler
    _runner: Runner
    _cleaner: TombstoneCleaner

    async def serve(self, action: requests.Action, admitted: Callable[[Task], Any]) -> object:
        """Answer a client. `admitted` raises `Refused` for a one-time definition that this node does not allow."""
        match action:
            case requests.BackupNow(name, task_id, full):
                return self._now(await self._task(name, task_id), full)
            case requests.BackupOnce(name):
                self._database(name)
                definition = action.as_task(self._runner.once + 1)
                await admitted(definition)
                return self._once(self._database(name), definition)
            case PostponeBackup(name, task_id):
                return await self._postpone(await self._task(name, task_id), action)
            case requests.CancelBackup(name, task_id, number):
                return self._cancel(await self._task(name, task_id) if task_id else self._database(name), number)
            case requests.ShowTask(name, task_id):
                return self._view(await self._task(name, task_id))
            case requests.ShowBackups(name):
                return self.backups(name)
            case requests.ShowServerWide():
                return views.server_wide_views(self._member.state)

    # ---- finding

    def _known(self, name: str) -> Database:
        database: Database | None = self._member.state.database(name)
        if database is None:
            raise Refused(f"node {self._member.name} knows no database {name!r}: create it, or ask again later")
        return database

    def _database(self, name: str) -> Database:
        database = self._known(name)
        if self._member.name not in database.topology.nodes:
            where = " ".join(database.topology.nodes)
            raise Refused(f"database {name!r} is not on node {self._member.name}: ask one of {where}")
        return database

    async def _task(self, name: str, task_id: int) -> TaskEntry:
        """The task; waits while this node has not applied the entry that made it (rule 6.9)."""
        member = self._member
        until = member.wall() + PATIENCE
        while not self._knows(name, task_id) and member.applied < task_id and member.wall() < until:
            await member.changed(member.version, until)
        database = self._known(name)
        if task_id not in database.tasks:
            raise errors.NoSuchTask(name, task_id)
        return (database.id, task_id), database, database.tasks[task_id]

    def _knows(self, name: str, task_id: int) -> bool:
        database: Database | None = self._member.state.database(name)
        return database is not None and task_id in database.tasks

    def _need_mine(self, found: TaskEntry) -> None:
        """Raise the reason why the task cannot run here (rule 15.1)."""
        key, database, task = found
        if task.disabled:
            raise errors.TaskIsDisabled(task.name)
        if not task.usable:
            raise errors.NowhereToGo(task.name)
        state, owner = self._scheduler.standing(key, database, task)
        if state is TaskState.PASSIVE:
            raise errors.OutsideTheCluster(task.name, self._member.name)
        if owner is None:
            raise errors.NobodyIsResponsible(task.name)
        if state is not TaskState.ACTIVE_BY_CURRENT_NODE:
            raise errors.AskAnother(task.name, owner)

    def _need_room(self) -> None:
        """Refuse a run by hand for a reason that would only delay a scheduled one (rules 9.4, 15.3)."""
        short = self._scheduler.short_of()
        if short is not None:
            raise errors.ShortOfResources(short[0])
        if not self._runner.has_slot:
            raise errors.NoFreeSlot(self._rules.concurrent_backups)

    # ---- doing

    def _now(self, found: TaskEntry, full: bool) -> Operation:
        self._need_mine(found)
        key, database, task = found
        running = self._runner.find(key)
        if running is not None:  # rule 9.3
            return running.operation
        self._need_room()
        status = self._statuses.status(key, database.statuses.get(task.id))
        plan = schedule.plan_by_hand(task, status, self._member.wall(), self._rules, self._member.name, full=full)
        return self._runner.start(database, task, plan)

    def _once(self, database: Database, definition: Task) -> Operation:
        if not definition.usable:
            raise errors.NowhereToGo(definition.name)
        self._need_room()
        plan = schedule.plan_by_hand(definition, None, self._member.wall(), self._rules, self._member.name, full=True)
        return self._runner.start_once(database, definition, plan)

    async def _postpone(self, found: TaskEntry, asked: PostponeBackup) -> Postponed:
        self._need_mine(found)
        if asked.duration <= 0:
            raise errors.BadDelay(asked.duration)
        key, database, task = found
        running = self._runner.find(key)
        if running is None and not self._rules.delays_what_waits:
            raise errors.NothingRuns(task.name)
        original = running.started_at if running is not None else self._scheduler.due(key)
        command = attrs.evolve(
            asked, database=database.name, at=self._member.wall(), term=self._member.term, original=original
        )
        delay, agreed = command.delay, True
        try:
            await self._member.propose(command)
        except (NoLeader, OutcomeUnknown):
            agreed = False
            self._scheduler.put_off_here(key, delay)
            self._member.note(BackupPostponedHere(database.name, task.id, delay.until, delay.asked_at))
        if running is not None:
            self._runner.cancel(key, PUT_OFF)
        self._scheduler.look_again(key)
        return Postponed(delay.until, agreed)

    def _cancel(self, where: TaskEntry | Database, number: int | None) -> Operation:
        key = where[0] if isinstance(where, tuple) else self._runner.key_once(where.id, number)
        name = where[2].name if isinstance(where, tuple) else "One Time Backup"
        running = self._runner.find(key)
        if running is None or number not in (None, running.operation.number):
            raise errors.NothingRuns(name)
        if running.task.id != ONE_TIME and self._rules.cancelled_waits:
            self._scheduler.settle(key, running.started_at)
        self._runner.cancel(key, BY_HAND)
        return running.operation

    # ---- looking

    def backups(self, name: str) -> BackupsView:
        """The state of a database's backups, as this node knows it. `Refused` if the database is not here."""
        database = self._database(name)
        found = [((database.id, task.id), database, task) for task in database.tasks.values()]
        kept = self._cleaner.kept(database)
        return views.backups_view(database, tuple(self._view(each) for each in found), *kept)

    def _view(self, found: TaskEntry) -> TaskView:
        key, database, task = found
        state, owner = self._scheduler.standing(key, database, task)
        running = self._runner.find(key)
        standing = views.TaskStanding(
            node=self._member.name,
            now=self._member.wall(),
            zone=self._member.zone,
            rules=self._rules,
            state=state,
            owner=owner,
            status=self._statuses.status(key, database.statuses.get(task.id)),
            delay=self._scheduler.delay(key, database),
            settled=self._scheduler.settled(key),
            others=self._scheduler.others(key, database),
            leaderless=is_leaderless(self._member),
            running=running.operation if running is not None else None,
            running_since=running.started_at if running is not None else None,
            progress=running.progress if running is not None else None,
            ending=running.unwanted if running is not None else "",
        )
        return views.task_view(database, task, standing)
