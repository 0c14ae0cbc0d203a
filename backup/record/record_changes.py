"""The notes that a node writes when it has applied a command: the change of the record. Pure, and equal on every node."""

from collections.abc import Iterator
from typing import Any

from backup import notes
from backup.database import agreed_values
from backup.database.agreed_values import ValueCommand
from backup.destinations.local import LocalFolder
from backup.destinations.registry import in_order
from backup.record import cluster_nodes, external_replication, group_commands, responsible_node
from backup.record.commands import Command
from backup.record.database_commands import (
    AbandonRestore,
    ChangeTopology,
    CreateDatabase,
    OpenDatabase,
    RemoveDatabase,
    SayFarewell,
)
from backup.record.external_replication import ReplicationCommand
from backup.record.record import ONE_TIME, Assignment, Database, Record, Task, Topology
from backup.record.rules import Rules
from backup.record.server_wide import DefineServerWide, RemoveServerWide, ServerWideCommand, ToggleServerWide
from backup.record.task_commands import (
    Assign,
    Assigned,
    DefineTask,
    PostponeBackup,
    RemoveTask,
    ReportStatuses,
    ToggleTask,
)
from cluster.member import Refused
from cluster.trace import Note


def tell(
    before: Record, after: Record, command: Command | tuple[str, ...], answer: object, index: int, rules: Rules
) -> Iterator[Note]:
    """The notes of one applied command, or of the cluster's new nodes; none for a command that was refused."""
    if isinstance(answer, Refused):
        return
    if isinstance(command, tuple):
        yield from _reconfigured(before, after, command, index)
        return
    if isinstance(command, ValueCommand):
        yield from _values(before.existing(command.database), after.existing(command.database), command, index)
        return
    if isinstance(command, ReplicationCommand):
        yield _replication(after.existing(command.database), command, answer, index)
        return
    match command:
        case CreateDatabase(name, members):
            made = after.existing(name)
            yield notes.DatabaseCreated(index, name, members, made.key is not None, made.restoring is not None)
            yield from _copies(None, made, "defined", index)
        case OpenDatabase(name):
            yield notes.DatabaseOpened(index, name)
            yield from _copies(before.existing(name), after.existing(name), "defined", index)
        case DefineServerWide() | ToggleServerWide() | RemoveServerWide():
            yield from _server_wide(before, after, command, answer, index)
        case RemoveDatabase(name, hard):
            yield notes.DatabaseRemoved(index, before.existing(name).name, hard)
        case AbandonRestore(name):
            yield notes.DatabaseRemoved(index, before.existing(name).name, True)
        case ChangeTopology(name, why=why):
            yield _topology(before.existing(name), after.existing(name).topology, why, index)
        case SayFarewell(name, _, node):
            yield notes.FarewellSaid(index, after.existing(name).name, node)
        case DefineTask(name, wanted):
            assert isinstance(answer, int), "defining a task answers its id"
            yield _task(after.existing(name), answer, "changed" if wanted.id else "defined", index)
        case ToggleTask(name, task_id, disabled):
            yield _task(after.existing(name), task_id, "disabled" if disabled else "enabled", index)
        case RemoveTask(name, task_id):
            yield notes.TaskRemoved(index, before.existing(name).name, task_id)
        case PostponeBackup(name, task_id):
            delay = command.delay
            yield notes.BackupPostponed(index, before.existing(name).name, task_id, delay.until, delay.asked_at)
        case ReportStatuses():
            yield from _statuses(after, command, answer, index)
        case Assign(decisions):
            for decision in decisions:
                yield from _assigned(before, after, decision, index, rules)
        case _:
            name = command.database
            why = group_commands.sentence(command)
            yield _topology(before.existing(name), after.existing(name).topology, why, index)


def _reconfigured(before: Record, after: Record, nodes: tuple[str, ...], index: int) -> Iterator[Note]:
    """The notes of the groups that removed nodes have left, and of the databases that went with them (rule 26.1)."""
    for database in before.databases.values():
        left = after.database(database.name)
        if left is None:
            yield notes.DatabaseRemoved(index, database.name, hard=False)
        elif left is not database:
            removed = " and ".join(cluster_nodes.gone(database, nodes))
            yield _topology(database, left.topology, f"{removed} was removed from the cluster", index)


def _replication(database: Database, command: ReplicationCommand, answer: object, index: int) -> Note:
    name = database.name
    match command:
        case external_replication.RemoveReplication(task=task_id):
            return notes.ReplicationRemoved(index, name, task_id)
        case external_replication.ReportReplication(task=task_id, progress=progress):
            return notes.ReplicationReported(index, name, task_id, progress.node, progress.etag)
        case external_replication.DefineReplication(replication=wanted):
            assert isinstance(answer, int), "defining a task answers its id"
            task, change = database.replications[answer], "changed" if wanted.id else "defined"
        case external_replication.ToggleReplication(task=task_id, disabled=disabled):
            task, change = database.replications[task_id], "disabled" if disabled else "enabled"
    return notes.ReplicationDefined(
        index,
        name,
        task.id,
        task.name,
        task.destination,
        task.delay,
        task.mentor or "",
        task.pinned,
        task.disabled,
        change,
        task.nodes,
    )


def _server_wide(
    before: Record,
    after: Record,
    command: ServerWideCommand,
    answer: object,
    index: int,
) -> Iterator[Note]:
    match command:
        case DefineServerWide(template):
            assert isinstance(answer, int), "defining a server-wide task answers its id"
            task_id, change, based_on = answer, "changed" if template.id else "defined", template.edited
        case ToggleServerWide(task_id, disabled):
            change, based_on = "disabled" if disabled else "enabled", before.templates[task_id].edited
        case RemoveServerWide(task_id):
            change, based_on = "", 0
    if change:
        made = after.templates[task_id]
        yield notes.ServerWideDefined(
            index, task_id, made.task.name, made.excluded, change, based_on, **_schedule(made.task)
        )
    else:
        yield notes.ServerWideRemoved(index, task_id)
    for database in after.databases.values():
        yield from _copies(before.existing(database.name), database, change, index)


def _copies(before: Database | None, after: Database, change: str, index: int) -> Iterator[Note]:
    """The notes of the changed, new and removed tasks of one database, which are copies of server-wide tasks."""
    known = before.tasks if before is not None else {}
    for task_id in known:
        if task_id not in after.tasks:
            yield notes.TaskRemoved(index, after.name, task_id)
    for task_id, task in after.tasks.items():
        if known.get(task_id) != task:
            yield _task(after, task_id, change if task_id in known else "defined", index)


def _values(old: Database, new: Database, command: ValueCommand, index: int) -> Iterator[Note]:
    if new.values is old.values:
        return
    match command:
        case agreed_values.NextIdentity(key=key) | agreed_values.SeedIdentity(key=key):
            identity = new.values.identities[key.lower()]
            yield notes.IdentityMoved(index, new.name, identity.key, identity.number)
        case agreed_values.PutCompareExchange(key=key):
            yield notes.CompareExchangeChanged(index, new.name, key, deleted=False)
        case agreed_values.DeleteCompareExchange(key=key):
            yield notes.CompareExchangeChanged(index, new.name, key, deleted=True)
        case agreed_values.CleanValueTombstones(up_to=up_to):
            count = len(old.values.tombstones) - len(new.values.tombstones)
            yield notes.ValueTombstonesCleaned(index, new.name, up_to, count)
        case agreed_values.DefineIndex(definition=definition):
            yield notes.IndexDefined(index, new.name, definition.name)
        case agreed_values.RemoveIndex(name=name):
            yield notes.IndexRemoved(index, new.name, old.values.indexes[name.lower()].name)
        case agreed_values.ConfigureRevisions():
            kept = tuple(each.collection for each in new.values.policies.policies if not each.disabled)
            yield notes.RevisionsConfigured(index, new.name, kept)
        case agreed_values.RestoreValues(identities=identities, exchanged=exchanged, indexes=indexes):
            yield notes.ValuesRestored(index, new.name, len(identities), len(exchanged), len(indexes))


def _topology(database: Database, new: Topology, why: str, index: int) -> Note:
    old = database.topology
    return notes.TopologyChanged(
        index,
        database.name,
        old.members,
        old.promotables,
        old.rehabs,
        new.members,
        new.promotables,
        new.rehabs,
        why,
    )


def _task(database: Database, task_id: int, change: str, index: int) -> Note:
    task = database.tasks[task_id]
    return notes.TaskDefined(
        index=index,
        database=database.name,
        task=task_id,
        name=task.name,
        mentor=task.mentor or "",
        pinned=task.pinned,
        created_at=task.created_at,
        change=change,
        encryption=task.encryption.mode.value if task.encryption is not None else "",
        has_place=bool(task.usable),
        server_wide=task.server_wide,
        **_schedule(task),
    )


def _schedule(task: Task) -> dict[str, Any]:
    """What the notes about a task and about a server-wide one both say of it: when it runs, and where its files go."""
    return {
        "kind": task.kind.value,
        "full": task.full,
        "incremental": task.incremental,
        "disabled": not task.runnable,
        "keeps": task.retention.age if task.retention is not None else None,
        "paths": tuple(block.path for block in task.destinations if isinstance(block, LocalFolder)),
        "clouds": tuple(block.address for block in in_order(task.usable) if block.scheme and block.script is None),
    }


def _statuses(after: Record, command: ReportStatuses, answer: object, index: int) -> Iterator[Note]:
    database = after.existing(command.database)
    for status in command.statuses:
        if status.task_id in database.tasks or status.task_id == ONE_TIME:
            yield notes.StatusStored(
                index=index,
                database=database.name,
                task=status.task_id,
                node=status.node,
                started_at=status.started_at,
                full=status.is_full,
                version=status.version,
                error=status.error or "",
                newest=database.statuses.get(status.task_id) == status,
            )


def _assigned(before: Record, after: Record, decision: Assigned, index: int, rules: Rules) -> Iterator[Note]:
    database = after.database(decision.database)
    if database is None or decision.task_id not in database.tasks:
        return
    name, task = database.name, database.tasks[decision.task_id]
    new = database.assignments[task.id]  # what was stored, not what the command asked for
    old = before.existing(name).assignments.get(task.id)
    if old is None or old.node != new.node:
        rule, inputs = _grounds(database, task, old, new, rules)
        yield notes.OwnerChanged(
            index=index,
            database=name,
            task=task.id,
            owner_before=old.node if old is not None else "",
            owner_after=new.node,
            reason=new.reason.value,
            rule=rule,
            inputs=inputs,
            sentence=new.reason.sentence,
        )
    if new.not_suitable_since is not None:
        moves_at = new.not_suitable_since + rules.move_grace
        yield notes.MoveAnnounced(index, name, task.id, new.node, new.not_suitable_since, moves_at)
    elif old is not None and old.not_suitable_since is not None and old.node == new.node:
        yield notes.MoveCalledOff(index, name, task.id, new.node)


def _grounds(
    database: Database, task: Task, old: Assignment | None, new: Assignment, rules: Rules
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The rule and the inputs of a decision, which is made once more, as the command carries only its result."""
    status = database.statuses.get(task.id)
    decision = responsible_node.decide(task, database.topology, old, status, new.since, rules)
    return decision.rule if decision.reason is new.reason else "7.8", decision.inputs
