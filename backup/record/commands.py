"""All commands that change the record, and the pure `apply`, which carries a command out or refuses it.

A command carries all it needs, such as the wall time of the node that proposed it (rule 24.1) and which status wins. Each
kind of command has a module of its own with its `apply`. A node admits commands of clients in backup/node.
"""

import attrs

from backup.database import agreed_values
from backup.database.agreed_values import ValueCommand
from backup.destinations import registry
from backup.destinations.local import LocalFolder
from backup.record import (
    database_commands,
    external_replication,
    group_commands,
    server_wide,
    task,
    task_commands,
)
from backup.record.database_commands import (
    AbandonRestore,
    ChangeTopology,
    CreateDatabase,
    DatabaseCommand,
    OpenDatabase,
    RemoveDatabase,
    SayFarewell,
)
from backup.record.encryption_keys import Encryption, EncryptionMode, Key
from backup.record.external_replication import ReplicationCommand
from backup.record.group_commands import GroupCommand
from backup.record.record import (
    Assignment,
    Delay,
    Kind,
    PromotionStatus,
    Reason,
    Record,
    Restoring,
    Stamp,
    Status,
    Task,
    Template,
    Topology,
)
from backup.record.retention_policy import Retention
from backup.record.server_wide import DefineServerWide, RemoveServerWide, ServerWideCommand, ToggleServerWide
from backup.record.task_commands import (
    Assign,
    Assigned,
    DefineTask,
    PostponeBackup,
    RemoveTask,
    ReportStatuses,
    TaskCommand,
    ToggleTask,
)

Command = DatabaseCommand | TaskCommand | ServerWideCommand | ValueCommand | GroupCommand | ReplicationCommand

WORDS: tuple[type, ...] = (
    *(Kind, PromotionStatus, Reason, Stamp, Topology, LocalFolder, Task, Status, Assignment),
    *(CreateDatabase, RemoveDatabase, ChangeTopology, DefineTask, RemoveTask, ToggleTask, ReportStatuses),
    *(Assigned, Assign, Key, EncryptionMode, Encryption, Retention, Restoring, OpenDatabase, AbandonRestore),
    *(Delay, PostponeBackup, Template, DefineServerWide, RemoveServerWide, ToggleServerWide),
    *registry.WORDS,
    *task.WORDS,
    *agreed_values.WORDS,
    *group_commands.WORDS,
    *external_replication.WORDS,
    *(SayFarewell, agreed_values.CleanValueTombstones),
)
"""Every class of a command that the codec carries, in a fixed order: new ones go to the end."""


def apply(record: Record, command: Command, index: int) -> tuple[Record, object]:
    """The record after the command of log entry `index`, and the answer that the command's docstring promises.

    Raises `Refused`, which changes nothing, for a command that cannot be carried out.
    """
    if isinstance(command, DatabaseCommand):
        return database_commands.apply(record, command, index)
    if isinstance(command, TaskCommand):
        return task_commands.apply(record, command, index)
    if isinstance(command, ServerWideCommand):
        return server_wide.apply(record, command, index)
    if isinstance(command, GroupCommand):
        return group_commands.apply(record, command, index)
    if isinstance(command, ReplicationCommand):
        return external_replication.apply(record, command, index)
    database = record.existing(command.database)
    changed, answer = agreed_values.change(database.values, command, index)
    return record.with_database(attrs.evolve(database, values=changed)), answer
