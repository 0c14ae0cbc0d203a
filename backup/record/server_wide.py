"""Server-wide backups: a template, and its copy in every database that is not excluded (section 16). Pure.

Every copy is an ordinary task with an id, an owner and a schedule of its own (rule 16.8); only a change of the template
changes it (rule 16.5).
"""

from collections.abc import Mapping

import attrs

from backup.record import validation
from backup.record.admin_command import AdminCommand
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.record import Database, Record, Template
from backup.record.task import Kind, Task
from cluster.member import Refused
from cluster.value import value

PREFIX = f"{validation.SERVER_WIDE_PREFIX}, "


# ---- commands


@value
class DefineServerWide(AdminCommand[int]):
    """Define a server-wide task, which backs up every database, present and future (rule 16.1). Answers its id.

    With `template.id` 0 it creates a server-wide task, else it replaces the one of that id and all its copies, if
    `template.edited` is still that of the one there is (rule 26.9).
    """

    template: Template

    def says(self) -> str:
        but = f" but {', '.join(self.template.excluded)}" if self.template.excluded else ""
        return f"wants a server-wide task for all databases{but}"


@value
class RemoveServerWide(AdminCommand[None]):
    """Remove a server-wide task and all its copies; their files stay. Answers None."""

    task: int

    def says(self) -> str:
        return f"wants server-wide task {self.task} to go"


@value
class ToggleServerWide(AdminCommand[None]):
    """Enable or disable a server-wide task and all its copies (rule 16.6). Answers None."""

    task: int
    disabled: bool

    def says(self) -> str:
        return f"{'disables' if self.disabled else 'enables'} server-wide task {self.task}"


ServerWideCommand = DefineServerWide | RemoveServerWide | ToggleServerWide


def apply(record: Record, command: ServerWideCommand, index: int) -> tuple[Record, int | None]:
    """The record after the command, copies included, and its answer. Raises `Refused`, which changes nothing."""
    templates = dict(record.templates)
    answer = None
    match command:
        case DefineServerWide(wanted):
            template = checked(record, wanted)
            if not template.id:
                template = attrs.evolve(template, id=max(index, record.last_id + 1))
            templates[template.id] = attrs.evolve(template, edited=index)
            record = attrs.evolve(record, last_id=max(record.last_id, template.id))
            answer = template.id
        case RemoveServerWide(task_id):
            del templates[_existing(record, task_id).id]
        case ToggleServerWide(task_id, disabled):
            template = _existing(record, task_id)
            templates[task_id] = attrs.evolve(
                template, task=attrs.evolve(template.task, disabled=disabled), edited=index
            )
    return spread(attrs.evolve(record, templates=templates), index, command.at), answer


def _existing(record: Record, task_id: int) -> Template:
    if task_id not in record.templates:
        raise Refused(f"there is no server-wide task {task_id}: it was deleted or never defined")
    return record.templates[task_id]


# ---- copies


def need_own(task: Task, verb: str) -> None:
    """Raise `Refused` if the task is a copy, which only its template may change (16.5). `verb`: for the error."""
    if task.server_wide:
        raise Refused(
            f"Can't {verb} task {task.name!r}, because it is a server-wide backup task: "
            f"{verb} server-wide task {task.server_wide}"
        )


def checked(record: Record, template: Template) -> Template:
    """The template to store, with a unique name (rules 16.2, 16.6, 16.7, 26.9). Raises `Refused` if it is not valid."""
    known = record.templates.get(template.id)
    verb = "update" if template.id else "create"
    others = [each.task.name for each in record.templates.values() if each.id != template.id]
    if template.id and known is None:
        raise Refused(
            f"Can't update server-wide task {template.id}: there is none of that id, so look for its id first"
        )
    if known is not None and known.edited != template.edited:
        raise Refused(
            f"Can't update server-wide task {known.id}, {known.task.name!r}: it was changed at entry {known.edited}, and "
            f"this edit was worked out from what it was at entry {template.edited}: look at it again, and edit that"
        )
    if any(not name.strip() for name in template.excluded):
        raise Refused(f"Can't {verb} server-wide task: a database to leave out has no name: take it off the list")
    validation.validate(template.task, verb)
    name = validation.name_of(template.task, others, verb)
    return attrs.evolve(template, task=attrs.evolve(template.task, name=name))


def spread(record: Record, index: int, at: int) -> Record:
    """The record with exactly the copies that its templates ask for.

    `index` is that of the log entry that asks, `at` the wall µs of the node that proposed it.
    """
    for database in list(record.databases.values()):
        record = spread_to(record, database.name, index, at)
    return record


def spread_to(record: Record, name: str, index: int, at: int) -> Record:
    """The record in which the database of that name has exactly the copies that the templates ask for."""
    database = record.database(name)
    assert database is not None, "only what is there is spread to"
    tasks: dict[int, Task] = dict(database.tasks)
    last_id = record.last_id
    known = {task.server_wide: task for task in tasks.values() if task.server_wide}
    for template in record.templates.values():
        copy = known.pop(template.id, None)
        if database.name.lower() in {left_out.lower() for left_out in template.excluded}:
            if copy is not None:
                del tasks[copy.id]
            continue
        if copy is None:
            last_id = max(index, last_id + 1)
        made = copy_of(template, database, copy, last_id, index, at)
        tasks[made.id] = made
    for copy in known.values():
        del tasks[copy.id]
    if tasks == database.tasks:
        return record
    return attrs.evolve(record.with_database(without_gone(database, tasks, index)), last_id=last_id)


def copy_of(template: Template, database: Database, before: Task | None, new_id: int, index: int, at: int) -> Task:
    """The copy of a template in a database (rules 16.3, 16.4). `before`: the copy that it replaces; None for a new one."""
    task = template.task
    encryption = task.encryption
    if database.key is not None:
        encryption = Encryption(EncryptionMode.USE_DATABASE_KEY)
    elif task.kind is Kind.SNAPSHOT:
        encryption = None
    renewed = before.renewed if before is not None else 0
    if before is not None and before.kind is not task.kind:
        renewed = index  # rule 6.7
    return attrs.evolve(
        task,
        name=PREFIX + task.name,
        destinations=tuple(block.subfolder(database.name) for block in task.destinations),
        encryption=encryption,
        id=before.id if before is not None else new_id,
        created_at=before.created_at if before is not None else at,
        renewed=renewed,
        server_wide=template.id,
    )


def without_gone(database: Database, tasks: Mapping[int, Task], index: int) -> Database:
    """The database with these tasks, and without the status, assignment and delay of each task that is not among them.

    The status of a task whose kind has changed is dropped, too (rule 6.7).
    """
    changed = {known for known, task in database.tasks.items() if known in tasks and tasks[known].kind is not task.kind}
    kept = tasks.keys()
    return attrs.evolve(
        database,
        tasks=tasks,
        statuses={
            known: status
            for known, status in database.statuses.items()
            if (known in kept or known not in database.tasks) and known not in changed
        },
        assignments={known: stored for known, stored in database.assignments.items() if known in kept},
        delays={known: delay for known, delay in database.delays.items() if known in kept},
        changed=index,
    )
