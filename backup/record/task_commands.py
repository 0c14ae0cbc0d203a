"""Commands about backup tasks: define, remove, enable, disable, postpone, report runs, assign to nodes. Pure.

validation.py checks definitions, and responsible_node.py decides which node is responsible.
"""

from collections.abc import Mapping
from functools import lru_cache

import attrs

from backup.record import server_wide, validation
from backup.record.admin_command import AdminCommand
from backup.record.record import ONE_TIME, Assignment, Delay, Record, Run, Status, Task
from cluster.time_units import MINUTE
from cluster.value import value


@value
class DefineTask(AdminCommand[int]):
    """Create a task (`task.id` 0) or replace the task of that id (rule 6.6). Answers the task's id."""

    database: str
    task: Task

    def says(self) -> str:
        crons = " and ".join(
            f"{what} at {cron!r}"
            for what, cron in (("full", self.task.full), ("incremental", self.task.incremental))
            if cron
        )
        which = f"task {self.task.id}" if self.task.id else "a task"
        return f"wants {which} to back up {self.database}, {crons or 'never'}"


@value
class RemoveTask(AdminCommand[None]):
    """Remove a task with its status and its assignment; its files stay. Answers None."""

    database: str
    task: int

    def says(self) -> str:
        return f"wants task {self.task} of {self.database} to go"


@value
class ToggleTask(AdminCommand[None]):
    """Enable or disable a task; disabling cancels a run of it (rule 9.2). Answers None."""

    database: str
    task: int
    disabled: bool

    def says(self) -> str:
        return f"{'disables' if self.disabled else 'enables'} task {self.task} of {self.database}"


@value
class Postponed:
    """The answer to a `PostponeBackup`."""

    until: int
    """Wall µs of the responsible node before which the task does not run."""
    agreed: bool
    """Whether the delay is in the record. False: there was no leader, so only that node knows, until it goes down."""


@value
class PostponeBackup(AdminCommand[Postponed]):
    """Postpone the next run of a task; a run in progress is cancelled, and starts anew later (rule 15.5).

    A client asks the responsible node, which answers `Postponed`. Any other node raises `AskAnother`.
    """

    database: str
    task: int
    duration: int
    """For how long the task does not run, in µs."""
    original: int | None = attrs.field(default=None, repr=False)
    """Wall µs at which the run was due, or had started; filled in by the responsible node."""

    def says(self) -> str:
        return f"puts off task {self.task} of {self.database} by {self.duration / MINUTE:g} min"

    @property
    def delay(self) -> Delay:
        """The delay that is stored in the record."""
        return Delay(self.at + self.duration, self.original, self.at)


@value
class ReportStatuses:
    """Report runs of the tasks of one database, in the order of their starts (section 10, rule 24.6).

    Answers the ids of the tasks whose status was replaced. Runs of removed tasks are not stored, and a run that was
    reported before is not added to the history again.
    """

    database: str
    statuses: tuple[Status, ...]
    newest_by_start: bool
    """`Rules.newest_by_start` of the proposing node: whether a run that started earlier never replaces one that started
    later (rule 24.6), or else the last report wins (rule 4.2). All members follow this field, whatever their own rules
    are."""


@value
class Assigned:
    """One decision of an `Assign`: the new assignment of one task."""

    database: str
    task_id: int
    assignment: Assignment


@value
class Assign:
    """Store all decisions of one observer pass, over all databases (rule 4.3: UpdateResponsibleNodeForTasks).

    Answers how many were stored; decisions about removed databases and tasks are not.
    """

    decisions: tuple[Assigned, ...]


TaskCommand = DefineTask | RemoveTask | ToggleTask | PostponeBackup | ReportStatuses | Assign


def apply(record: Record, command: TaskCommand, index: int) -> tuple[Record, object]:
    """The record after the command, and its answer. Raises `Refused`, which changes nothing."""
    match command:
        case DefineTask():
            return _define(record, command, index)
        case RemoveTask(name, task_id):
            found = record.existing(name)
            server_wide.need_own(found.existing_task(task_id), "delete")
            rest = {known: task for known, task in found.tasks.items() if known != task_id}
            return record.with_database(server_wide.without_gone(found, rest, index)), None
        case ToggleTask(name, task_id, disabled):
            found = record.existing(name)
            task = attrs.evolve(found.existing_task(task_id), disabled=disabled)
            server_wide.need_own(task, "disable" if disabled else "enable")
            return record.with_database(attrs.evolve(found, tasks={**found.tasks, task_id: task}, changed=index)), None
        case PostponeBackup(name, task_id):
            found = record.existing(name)
            found.existing_task(task_id)
            return record.with_database(attrs.evolve(found, delays={**found.delays, task_id: command.delay})), None
        case ReportStatuses():
            return _report(record, command, index)
        case Assign(decisions):
            return _assign(record, decisions)


def _define(record: Record, command: DefineTask, index: int) -> tuple[Record, int]:
    database, wanted = record.existing(command.database), command.task
    before = database.existing_task(wanted.id) if wanted.id else None
    others = [task.name for task in database.tasks.values() if task.id != wanted.id]
    verb = "update" if before is not None else "create"

    if before is not None:
        server_wide.need_own(before, verb)
    validation.validate(wanted, verb)
    if before is None or before.mentor != wanted.mentor:
        validation.need_in_group(database, wanted.mentor, f"Can't {verb} task {wanted.name!r}")
    task = attrs.evolve(
        wanted,
        name=validation.name_of(wanted, others, verb),
        id=before.id if before is not None else max(index, record.last_id + 1),  # rule 1.6
        server_wide=0,
        created_at=before.created_at if before is not None else command.at,
        renewed=(index if before.kind is not wanted.kind else before.renewed) if before is not None else 0,
    )
    changed = server_wide.without_gone(database, {**database.tasks, task.id: task}, index)
    last_id = task.id if task.id > index else record.last_id
    return attrs.evolve(record.with_database(changed), last_id=last_id), task.id


# ---- reports and assignments: they do not change the database's own record (section 4), so `changed` stays ----


def _report(record: Record, command: ReportStatuses, index: int) -> tuple[Record, tuple[int, ...]]:
    database = record.existing(command.database)
    statuses, history, delays = dict(database.statuses), database.history, database.delays
    stored: dict[int, None] = {}
    for status in command.statuses:
        if status.task_id not in database.tasks and status.task_id != ONE_TIME:
            continue
        if status.task_id in delays and not delays[status.task_id].counts(status):
            delays = {known: delay for known, delay in delays.items() if known != status.task_id}
        history = history.with_run(_run(status, index))
        known = statuses.get(status.task_id)
        if command.newest_by_start and known is not None and known.started_at > status.started_at:
            continue  # rule 24.6: this run was reported after one that started later
        statuses[status.task_id] = status
        stored[status.task_id] = None
    assignments = _without_reported(database.assignments, command.statuses)
    changed = attrs.evolve(database, statuses=statuses, history=history, delays=delays, assignments=assignments)
    return record.with_database(changed), tuple(stored)


def _without_reported(assignments: Mapping[int, Assignment], statuses: tuple[Status, ...]) -> Mapping[int, Assignment]:
    """The assignments without the runs elsewhere that these statuses report; the same object if there is none."""
    for status in statuses:
        found = assignments.get(status.task_id)
        run = found.elsewhere if found is not None else None
        if found is not None and run is not None and (run.node, run.started_at) == (status.node, status.started_at):
            assignments = {**assignments, status.task_id: attrs.evolve(found, elsewhere=None)}
    return assignments


@lru_cache(maxsize=64)
def _run(status: Status, index: int) -> Run:
    """The run of a status. The nodes of a simulated cluster apply one report one after the other, and share it."""
    return Run(
        task_id=status.task_id,
        node=status.node,
        is_full=status.is_full,
        started_at=status.started_at,
        duration=status.duration,
        folder=status.folder,
        file=status.file,
        error=status.error,
        reported=index,
        full_raft_index=status.last_full_raft_index,
    )


def _assign(record: Record, decisions: tuple[Assigned, ...]) -> tuple[Record, int]:
    stored: dict[str, dict[int, Assignment]] = {}
    for decision in decisions:
        database = record.database(decision.database)
        if database is not None and decision.task_id in database.tasks:
            stored.setdefault(database.name, {})[decision.task_id] = decision.assignment
    for name, assignments in stored.items():
        database = record.existing(name)
        record = record.with_database(attrs.evolve(database, assignments={**database.assignments, **assignments}))
    return record, sum(len(assignments) for assignments in stored.values())
