"""Commands about backup tasks: defined, removed, switched, postponed, run and reported, assigned to a node. Pure.

Never here: whether a definition makes sense (validation.py), and who is to be responsible (responsible_node.py).
"""

import attrs

from backup.record import server_wide, validation
from backup.record.admin_command import AdminCommand
from backup.record.record import ONE_TIME, Assignment, Delay, Record, Run, Status, Task
from cluster.time_units import MINUTE
from cluster.value import value


@value
class DefineTask(AdminCommand[int]):
    """Create a task (`task.id` 0) or replace the one of that id (rule 6.6). Answers the task's id."""

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
    """The task goes, with its status and its assignment; its files stay. Answers None."""

    database: str
    task: int

    def says(self) -> str:
        return f"wants task {self.task} of {self.database} to go"


@value
class ToggleTask(AdminCommand[None]):
    """Enable or disable a task; a backup of a disabled one that runs is cancelled (rule 9.2). Answers None."""

    database: str
    task: int
    disabled: bool

    def says(self) -> str:
        return f"{'disables' if self.disabled else 'enables'} task {self.task} of {self.database}"


@value
class Postponed:
    """What became of a `PostponeBackup`."""

    until: int
    """Wall µs of the responsible node."""
    agreed: bool
    """False: nobody led, so only that node knows, until it goes down."""


@value
class PostponeBackup(AdminCommand[Postponed]):
    """Let the task not run for so many µs; what runs is cancelled, and starts from scratch (rule 15.5).

    A client asks the responsible node, which answers `Postponed`, or raises `AskAnother` and the refusals.
    """

    database: str
    task: int
    duration: int
    original: int | None = attrs.field(default=None, repr=False)
    """Wall µs at which it was to run, or had started: the responsible node knows."""

    def says(self) -> str:
        return f"puts off task {self.task} of {self.database} by {self.duration / MINUTE:g} min"

    @property
    def delay(self) -> Delay:
        """What is stored of it."""
        return Delay(self.at + self.duration, self.original, self.at)


@value
class ReportStatuses:
    """Runs of tasks of one database, in the order of their starts (section 10, rule 24.6).

    Answers the ids of the tasks whose status it became. Of tasks that are gone nothing is stored; a run that was
    reported before is not added to the history again.
    """

    database: str
    statuses: tuple[Status, ...]
    newest_by_start: bool
    """`Rules.newest_by_start` of the proposer: an earlier start never replaces a later one (24.6), or the last
    writer wins (4.2). It travels, so that all members decide alike whatever rules they were started with."""


@value
class Assigned:
    """One decision inside `Assign`."""

    database: str
    task_id: int
    assignment: Assignment


@value
class Assign:
    """UpdateResponsibleNodeForTasks: every decision of one observer pass, over all databases (rule 4.3).

    Answers how many were stored; those of databases and tasks that are gone are not.
    """

    decisions: tuple[Assigned, ...]


TaskCommand = DefineTask | RemoveTask | ToggleTask | PostponeBackup | ReportStatuses | Assign


def apply(record: Record, command: TaskCommand, index: int) -> tuple[Record, object]:
    """The record after the command, and its answer. `Refused` changes nothing."""
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


# ---- reports and assignments: they do not touch the database's record (section 4), so `changed` stays ----


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
            continue  # rule 24.6: told late, and overtaken
        statuses[status.task_id] = status
        stored[status.task_id] = None
    return record.with_database(attrs.evolve(database, statuses=statuses, history=history, delays=delays)), tuple(
        stored
    )


def _run(status: Status, index: int) -> Run:
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
