"""External replication, the second kind of ongoing task: its commands, and who owns a task (rules 7.15, 19.4). Pure.

A task sends every change of its database, deletions too, to another database. Unlike a backup task it has no grace and
does not stay with the node that ran it last: each node works out the owner from the group, and without a leader nobody
owns the task (rules 7.15, 22.18). backup/replicas/external_replicator.py sends the changes.
"""

from collections.abc import Iterable
from typing import get_args

import attrs

from backup.record import responsible_node
from backup.record.admin_command import AdminCommand
from backup.record.record import Database, Reason, Record, Replication, ReplicationProgress, Topology
from backup.record.rules import Rules
from backup.record.validation import need_in_group
from cluster.member import Refused
from cluster.value import value

# ---- commands


@value
class DefineReplication(AdminCommand[int]):
    """Send every change of the database to another one (rule 19.4). Answers the task's id.

    With `replication.id` 0 it creates a task, else it replaces the task of that id.
    """

    database: str
    replication: Replication

    def says(self) -> str:
        wanted = self.replication
        late = " after a delay" if wanted.delay else ""
        away = f" of the cluster of {', '.join(wanted.nodes)}" if wanted.nodes else ""
        return f"wants every change of {self.database} sent to {wanted.destination}{away}{late}"


@value
class RemoveReplication(AdminCommand[None]):
    """Remove an external replication; the destination keeps what was sent. Answers None."""

    database: str
    task: int

    def says(self) -> str:
        return f"wants external replication {self.task} of {self.database} to go"


@value
class ToggleReplication(AdminCommand[None]):
    """Enable or disable an external replication. Answers None."""

    database: str
    task: int
    disabled: bool

    def says(self) -> str:
        return f"{'disables' if self.disabled else 'enables'} external replication {self.task} of {self.database}"


@value
class ReportReplication:
    """Store the progress of a task. Answers None.

    Clients read the progress. If the licence does not let tasks move, the node that the progress names keeps the task.
    """

    database: str
    task: int
    progress: ReplicationProgress


ReplicationCommand = DefineReplication | RemoveReplication | ToggleReplication | ReportReplication

WORDS: tuple[type, ...] = (Replication, ReplicationProgress, *get_args(ReplicationCommand))


def apply(record: Record, command: ReplicationCommand, index: int) -> tuple[Record, int | None]:
    """The record after the command, and its answer. Raises `Refused`, which changes nothing."""
    database, answer = _replicated(record.existing(command.database), command, index)
    return record.with_database(database), answer


def _replicated(database: Database, command: ReplicationCommand, index: int) -> tuple[Database, int | None]:
    known = database.replications
    match command:
        case DefineReplication(replication=wanted, at=at):
            before = _existing(database, wanted.id) if wanted.id else None
            _validate(database, wanted)
            if before is None or before.mentor != wanted.mentor:
                need_in_group(database, wanted.mentor, f"the external replication of {database.name!r} is refused")
            task = attrs.evolve(
                wanted,
                id=before.id if before is not None else index,
                name=_name(wanted, [each.name for each in known.values() if each.id != wanted.id]),
                created_at=before.created_at if before is not None else at,
            )
            return attrs.evolve(database, replications={**known, task.id: task}, changed=index), task.id
        case RemoveReplication(task=task_id):
            _existing(database, task_id)
            others = {each: task for each, task in known.items() if each != task_id}
            progress = {each: found for each, found in database.progress.items() if each != task_id}
            return attrs.evolve(database, replications=others, progress=progress, changed=index), None
        case ToggleReplication(task=task_id, disabled=disabled):
            task = attrs.evolve(_existing(database, task_id), disabled=disabled)
            return attrs.evolve(database, replications={**known, task_id: task}, changed=index), None
        case ReportReplication(task=task_id, progress=found):
            _existing(database, task_id)
            return attrs.evolve(database, progress={**database.progress, task_id: found}), None


def _existing(database: Database, task_id: int) -> Replication:
    if task_id not in database.replications:
        raise Refused(
            f"database {database.name!r} has no external replication {task_id}: it was deleted or never defined"
        )
    return database.replications[task_id]


def _validate(database: Database, wanted: Replication) -> None:
    what = f"the external replication of {database.name!r}"
    if not wanted.destination.strip():
        raise Refused(f"{what} names no destination: give the name of another database")
    if any(not node for node in wanted.nodes) or len(set(wanted.nodes)) < len(wanted.nodes):
        raise Refused(f"{what} asks the nodes {list(wanted.nodes)}: name nodes of the other cluster, each once")
    if wanted.destination.lower() == database.name.lower() and not wanted.nodes:
        raise Refused(f"{what} goes to itself: give the name of another database")
    if wanted.delay < 0:
        raise Refused(f"{what} is to be delayed by {wanted.delay} µs: give 0 or more")
    if wanted.pinned and wanted.mentor is None:
        raise Refused(f"{what} is pinned but names no mentor node: name one or unpin it")


def _name(wanted: Replication, others: Iterable[str]) -> str:
    taken = {name.lower() for name in others}
    if wanted.name:
        if wanted.name.lower() in taken:
            raise Refused(f"there is already an external replication {wanted.name!r}: choose another name")
        return wanted.name
    default = f"External Replication to {wanted.destination}" + (f" on {wanted.nodes[0]}" if wanted.nodes else "")
    name, number = default, 1
    while name.lower() in taken:
        number += 1
        name = f"{default} #{number}"
    return name


# ---- who owns it


@value
class Owner:
    """The node that owns a task, and why."""

    node: str | None
    """None if nobody owns the task."""
    reason: Reason
    rule: str
    """The rules that decided, such as `7.15, 7.2`."""


def owner_of(
    task: Replication, topology: Topology, progress: ReplicationProgress | None, rules: Rules, *, leaderless: bool
) -> Owner:
    """The owner of the task as a node works it out; `leaderless` if this node is Candidate or Passive (rule 7.15)."""
    if leaderless:
        return Owner(None, Reason.STOPPED_WITHOUT_LEADER, "7.15")
    if task.mentor is not None and task.mentor in topology.members:
        return Owner(task.mentor, Reason.MENTOR_NODE, "7.15, 7.5.2")
    if task.mentor is not None and task.pinned and task.mentor in topology.nodes:
        return Owner(task.mentor, Reason.PINNED_MENTOR_NODE, "7.15, 7.5a")
    if not rules.highly_available_tasks and progress is not None and progress.node in topology.nodes:
        return Owner(progress.node, Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS, "7.15")
    chosen = responsible_node.pick(topology, task.id, resource_intensive=False)  # rule 7.1
    if chosen is None:
        return Owner(None, Reason.NOBODY_TO_CHOOSE, "7.2.6")
    return Owner(chosen, Reason.CHOSEN_BY_HASH, "7.15, 7.2")
