"""What can be asked of the record, one frozen class each, and the pure `apply` that does it or says no.

A command carries all it needs: the time of whoever proposed it (rule 24.1), and which status wins. Never here: who may
ask, and what one node knows alone.
"""

import attrs

from backup.database import agreed_values
from backup.destinations import registry
from backup.destinations.local import LocalFolder
from backup.record import external_replication, group_commands, server_wide, task, validation
from backup.record.encryption_keys import Encryption, EncryptionMode, Key
from backup.record.record import (
    ONE_TIME,
    Assignment,
    Database,
    Delay,
    Kind,
    PromotionStatus,
    Reason,
    Record,
    Restoring,
    Run,
    Stamp,
    Status,
    Task,
    Template,
    Topology,
)
from backup.record.retention_policy import Retention
from cluster.member import Refused
from cluster.value import value

# ---- commands ----


@value
class CreateDatabase:
    """Answers the new database's id."""

    name: str
    members: tuple[str, ...]
    at: int
    """Wall µs of the proposer."""
    term: int = 0
    """The proposer's term, for the topology's stamp (rule 1.3)."""
    replication_factor: int = 0
    """0: as many as there are members."""
    dynamic_distribution: bool = False
    priority_order: tuple[str, ...] = ()
    key: Key | None = None
    """Of an encrypted database; it travels in the log, as everything that a new member of the group needs."""
    restoring: Restoring | None = None
    """It is made from a backup by that node, which will say when it is done."""


@value
class FinishRestore:
    """The database of that id holds what its backup held: it is open (rule 17.7). Answers None."""

    database: str
    id: int


@value
class AbandonRestore:
    """The database of that id will never be filled: it goes, unless it is open by now (rule 17.8). Answers None."""

    database: str
    id: int


@value
class DeleteDatabase:
    """Answers None."""

    name: str
    hard: bool = True
    """Each node deletes its files of it. False: each puts them by, where nothing reads them."""


@value
class UpdateTopology:
    """The observer's change of one database's group (rule 5.4). Answers the log index."""

    database: str
    topology: Topology
    """Its stamp is set when it is applied."""
    based_on: int
    """`Database.changed` of the record it was worked out from; refused if that moved on (rule 5.13)."""
    at: int
    term: int
    why: str
    """One sentence for the operator."""


@value
class SayFarewell:
    """A node that left the group of the database of that id holds nothing of it any more (rule 5.15). Answers None."""

    database: str
    id: int
    node: str


@value
class DefineTask:
    """Create a task (`task.id` 0) or replace the one of that id (rule 6.6). Answers the task's id."""

    database: str
    task: Task
    at: int


@value
class DeleteTask:
    """Remove a task, its status and its assignment. Answers None."""

    database: str
    task_id: int


@value
class ToggleTask:
    """Enable or disable a task. Answers None."""

    database: str
    task_id: int
    disabled: bool


@value
class PutServerWide:
    """Create a server-wide task (`template.id` 0), or replace the one of that id and all its copies. Answers its id."""

    template: Template
    at: int


@value
class DeleteServerWide:
    """Remove a server-wide task and all its copies. Answers None."""

    task_id: int
    at: int


@value
class ToggleServerWide:
    """Enable or disable a server-wide task, and so all its copies (rule 16.6). Answers None."""

    task_id: int
    disabled: bool
    at: int


@value
class DelayBackup:
    """Put off the next run of a task, or the one that its owner is about to cancel for it (rule 15.5). Answers None."""

    database: str
    task_id: int
    delay: Delay


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


Command = (
    CreateDatabase
    | FinishRestore
    | AbandonRestore
    | DeleteDatabase
    | UpdateTopology
    | SayFarewell
    | DefineTask
    | DeleteTask
    | ToggleTask
    | DelayBackup
    | PutServerWide
    | DeleteServerWide
    | ToggleServerWide
    | ReportStatuses
    | Assign
    | agreed_values.ValueCommand
    | group_commands.GroupCommand
    | external_replication.ReplicationCommand
)

WORDS: tuple[type, ...] = (
    Kind,
    PromotionStatus,
    Reason,
    Stamp,
    Topology,
    LocalFolder,
    Task,
    Status,
    Assignment,
    CreateDatabase,
    DeleteDatabase,
    UpdateTopology,
    DefineTask,
    DeleteTask,
    ToggleTask,
    ReportStatuses,
    Assigned,
    Assign,
    Key,
    EncryptionMode,
    Encryption,
    Retention,
    Restoring,
    FinishRestore,
    AbandonRestore,
    Delay,
    DelayBackup,
    Template,
    PutServerWide,
    DeleteServerWide,
    ToggleServerWide,
    *registry.WORDS,
    *task.WORDS,
    *agreed_values.WORDS,
    *group_commands.WORDS,
    *external_replication.WORDS,
    SayFarewell,
    agreed_values.ForgetDeletedValues,
)
"""Every class that travels in a command, in a fixed order: new ones go to the end."""


# ---- apply ----


def apply(record: Record, command: Command, index: int) -> tuple[Record, object]:
    """The record after the command at that log index, and the answer its class promises. `Refused` changes nothing."""
    if isinstance(command, agreed_values.ValueCommand):
        database = _existing(record, command.database)
        changed, answer = agreed_values.change(database.values, command, index)
        return record.with_database(attrs.evolve(database, values=changed)), answer
    if isinstance(command, external_replication.ReplicationCommand):
        database, answer = external_replication.replicated(_existing(record, command.database), command, index)
        return record.with_database(database), answer
    match command:
        case CreateDatabase():
            return _create_database(record, command, index)
        case DeleteDatabase(name, hard):
            return record.without_database(_existing(record, name), hard=hard), None
        case FinishRestore(name, database_id):
            restored = attrs.evolve(_restoring(record, name, database_id), restoring=None, changed=index)
            opened = record.with_database(restored)
            return server_wide.spread_to(opened, name, index, restored.topology.stamp.at), None
        case AbandonRestore(name, database_id):
            return record.without_database(_restoring(record, name, database_id)), None
        case UpdateTopology():
            return _update_topology(record, command, index)
        case SayFarewell(name, database_id, node):
            left = _existing(record, name)
            if left.id != database_id or node not in left.departed:
                raise Refused(f"database {name!r} of id {database_id} has nothing to hear from node {node}: it is told")
            departed = tuple(each for each in left.departed if each != node)
            return record.with_database(attrs.evolve(left, departed=departed)), None
        case DefineTask():
            return _define_task(record, command, index)
        case DeleteTask(name, task_id):
            return _delete_task(_existing(record, name), record, task_id, index), None
        case ToggleTask(name, task_id, disabled):
            found = _existing(record, name)
            task = attrs.evolve(_task(found, task_id), disabled=disabled)
            server_wide.need_own(task, "disable" if disabled else "enable")
            return record.with_database(attrs.evolve(found, tasks={**found.tasks, task_id: task}, changed=index)), None
        case PutServerWide():
            return _put_server_wide(record, command, index)
        case DeleteServerWide(task_id, at):
            _template(record, task_id)
            rest = {known: each for known, each in record.templates.items() if known != task_id}
            return server_wide.spread(attrs.evolve(record, templates=rest), index, at), None
        case ToggleServerWide(task_id, disabled, at):
            switched = attrs.evolve(_template(record, task_id).task, disabled=disabled)
            templates = {**record.templates, task_id: attrs.evolve(record.templates[task_id], task=switched)}
            return server_wide.spread(attrs.evolve(record, templates=templates), index, at), None
        case DelayBackup(name, task_id, delay):
            found = _existing(record, name)
            _task(found, task_id)
            return record.with_database(attrs.evolve(found, delays={**found.delays, task_id: delay})), None
        case ReportStatuses():
            return _report(record, command, index)
        case Assign(decisions):
            return _assign(record, decisions)
        case _:
            found = _existing(record, command.database)
            return record.with_database(group_commands.regrouped(found, command, index)), index


def _existing(record: Record, name: str) -> Database:
    database = record.database(name)
    if database is None:
        raise Refused(f"there is no database {name!r}: create it first")
    return database


def _task(database: Database, task_id: int) -> Task:
    if task_id not in database.tasks:
        raise Refused(f"database {database.name!r} has no task {task_id}: it was deleted or never defined")
    return database.tasks[task_id]


# ---- databases ----


def _create_database(record: Record, command: CreateDatabase, index: int) -> tuple[Record, int]:
    name, members = command.name, command.members
    check_new_name(record, name)
    if not members or len(set(members)) != len(members):
        raise Refused(f"database {name!r} needs members, each once, not {' '.join(members) or 'none'}")
    if command.replication_factor < 0:
        raise Refused(f"database {name!r} needs a replication factor of 1 or more, not {command.replication_factor}")
    if not set(command.priority_order) <= set(members):
        strangers = " ".join(node for node in command.priority_order if node not in members)
        raise Refused(f"the priority order of {name!r} names {strangers}, which is no member of it: leave it out")
    topology = Topology(
        members,
        replication_factor=command.replication_factor or len(members),
        dynamic_distribution=command.dynamic_distribution,
        priority_order=command.priority_order,
        stamp=Stamp(index, command.term, command.at),
    )
    made = record.with_database(Database(name, index, topology, index, key=command.key, restoring=command.restoring))
    if command.restoring is not None:  # until it is open it has nothing to back up
        return made, index
    return server_wide.spread_to(made, name, index, command.at), index


def check_new_name(record: Record, name: str) -> None:
    """Refused unless a new database may be called so (rule 17.6)."""
    if not name.strip() or "/" in name or "\\" in name:
        raise Refused(f"database name {name!r} cannot be a part of a file name: give one without / and \\, not empty")
    if record.database(name) is not None:
        raise Refused(f"database {name!r} exists already: choose another name or delete it first")


def _restoring(record: Record, name: str, database_id: int) -> Database:
    database = _existing(record, name)
    if database.id != database_id or database.restoring is None:
        raise Refused(f"database {name!r} of id {database_id} is not being restored: look what became of it")
    return database


def _update_topology(record: Record, command: UpdateTopology, index: int) -> tuple[Record, int]:
    database = _existing(record, command.database)
    if database.changed != command.based_on:  # rule 5.13
        raise Refused(
            f"the topology of {database.name!r} was worked out from its record as of entry {command.based_on}, "
            f"but entry {database.changed} has changed it since: look again"
        )
    topology = attrs.evolve(command.topology, stamp=Stamp(index, command.term, command.at))
    return record.with_database(database.regrouped(topology, index)), index


# ---- tasks ----


def _template(record: Record, task_id: int) -> Template:
    if task_id not in record.templates:
        raise Refused(f"there is no server-wide task {task_id}: it was deleted or never defined")
    return record.templates[task_id]


def _put_server_wide(record: Record, command: PutServerWide, index: int) -> tuple[Record, int]:
    template = server_wide.checked(record, command.template)
    if not template.id:
        template = attrs.evolve(template, id=max(index, record.last_id + 1))
    templates = {**record.templates, template.id: template}
    changed = attrs.evolve(record, templates=templates, last_id=max(record.last_id, template.id))
    return server_wide.spread(changed, index, command.at), template.id


def _define_task(record: Record, command: DefineTask, index: int) -> tuple[Record, int]:
    database, wanted = _existing(record, command.database), command.task
    before = _task(database, wanted.id) if wanted.id else None
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
    statuses = database.statuses
    if before is not None and before.kind is not task.kind:  # rule 6.7: the next run is full
        statuses = {known: status for known, status in statuses.items() if known != task.id}
    changed = attrs.evolve(database, tasks={**database.tasks, task.id: task}, statuses=statuses, changed=index)
    last_id = task.id if task.id > index else record.last_id
    return attrs.evolve(record.with_database(changed), last_id=last_id), task.id


def _delete_task(database: Database, record: Record, task_id: int, index: int) -> Record:
    server_wide.need_own(_task(database, task_id), "delete")
    return record.with_database(
        attrs.evolve(
            database,
            tasks={known: task for known, task in database.tasks.items() if known != task_id},
            statuses={known: status for known, status in database.statuses.items() if known != task_id},
            assignments={known: stored for known, stored in database.assignments.items() if known != task_id},
            delays={known: delay for known, delay in database.delays.items() if known != task_id},
            changed=index,
        )
    )


# ---- reports and assignments: they do not touch the database's record (section 4), so `changed` stays ----


def _report(record: Record, command: ReportStatuses, index: int) -> tuple[Record, tuple[int, ...]]:
    database = _existing(record, command.database)
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
        database = _existing(record, name)
        record = record.with_database(attrs.evolve(database, assignments={**database.assignments, **assignments}))
    return record, sum(len(assignments) for assignments in stored.values())
