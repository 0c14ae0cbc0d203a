"""Views of tasks and backups for users (section 20), made from what one node knows. Pure.

A view depends on the node that is asked (rule 20.2): another node may know more, or less. The classes are in
backup/requests/answers.py.
"""

from zoneinfo import ZoneInfo

import attrs

from backup.record.record import ONE_TIME, Assignment, Database, Delay, Record, Status, Task
from backup.record.responsible_node import TaskState, computed_owner
from backup.record.rules import Rules
from backup.requests import answers
from backup.runs import schedule
from cluster.time_units import LONG_AGO
from cluster.value import value


@value
class TaskStanding:
    """The state of a task on the node that is asked, and what that node would schedule from."""

    node: str
    now: int
    """Wall µs of the node that is asked."""
    zone: ZoneInfo
    rules: Rules
    state: TaskState
    owner: str | None
    status: Status | None
    delay: Delay | None = None
    settled: int = LONG_AGO
    """Wall µs up to which its occurrences count as answered because a run was cancelled by hand; `LONG_AGO`: none was."""
    others: tuple[int, int] = (LONG_AGO, LONG_AGO)
    """The last runs of other nodes that count for it here (`schedule.known_of_others`)."""
    leaderless: bool = False
    """Whether the node knows of no leader; used only where each node computes the owner itself (rule 7.5.1)."""
    running: answers.Operation | None = None
    running_since: int | None = None
    progress: answers.RunProgress | None = None
    ending: str = ""
    """Why the run here is to end early; empty: it is not."""


def task_view(database: Database, task: Task, standing: TaskStanding) -> answers.TaskView:
    """One task as a node sees it."""
    shown = _newer(standing.status, database.statuses.get(task.id))
    reason, stored, moves_at = _ownership(database, task, standing)
    connections = {TaskState.DISABLED: "NotActive", TaskState.ACTIVE_BY_CURRENT_NODE: "Active"}
    return answers.TaskView(
        id=task.id,
        name=task.name,
        kind=task.kind.value,
        enabled=not task.disabled,
        connection=connections.get(standing.state, "NotOnNode"),
        responsible_node=standing.owner or "",
        mentor=task.mentor or "",
        last_node=shown.node if shown is not None else "",
        last_full=shown.last_full if shown is not None else None,
        last_incremental=shown.last_incremental if shown is not None else None,
        running=standing.running,
        next=_next(database, task, standing),
        destinations=tuple(block.word for block in task.usable),
        retention=task.retention.age if task.retention is not None else None,
        encrypted=task.encryption.mode.value != "None" if task.encryption is not None else database.key is not None,
        server_wide=bool(task.server_wide),
        state=standing.state.value,
        reason=reason,
        owned_since=stored.since if stored is not None else None,
        moves_at=moves_at,
        running_since=standing.running_since,
        progress=standing.progress,
        error=(shown.error or "") if shown is not None else "",
        error_at=shown.error_at if shown is not None else None,
        uploads=shown.uploads if shown is not None else (),
        ending=standing.ending,
    )


def _ownership(database: Database, task: Task, standing: TaskStanding) -> tuple[str, Assignment | None, int | None]:
    """Why the owner is responsible, the stored assignment, and the wall µs at which the task moves (None: it does not)."""
    rules = standing.rules
    if standing.state is TaskState.PASSIVE:
        return "this node belongs to no cluster, and runs nothing for one that it is not in", None, None
    if not rules.assigned:
        owner = computed_owner(task, database.topology, standing.status, rules, leaderless=standing.leaderless)
        return owner.reason.sentence, None, None
    stored = database.assignments.get(task.id)
    if stored is None:
        return "", None, None
    if stored.not_suitable_since is None:
        return stored.reason.sentence, stored, None
    moves_at = stored.not_suitable_since + rules.move_grace
    return "it had the task before, and keeps it for a while although it does not respond", stored, moves_at


def _newer(own: Status | None, cluster: Status | None) -> Status | None:
    """The later run of the two (rule 10.9)."""
    if own is None or cluster is None:
        return cluster if own is None else own
    return own if own.started_at >= cluster.started_at else cluster


def _next(database: Database, task: Task, standing: TaskStanding) -> answers.NextBackup | None:
    """The next backup as its owner would plan it; on any other node, planned from the cluster's copy of the status."""
    if standing.state in (TaskState.DISABLED, TaskState.PASSIVE):
        return None
    me, owner, delay, cluster = standing.node, standing.owner, standing.delay, database.statuses.get(task.id)
    base = standing.status if owner in (me, None) else cluster
    settled = standing.settled if owner == me else LONG_AGO
    plan = schedule.next_backup(
        task,
        base,
        standing.now,
        standing.zone,
        standing.rules,
        owner or me,
        cluster,
        delay=delay,
        settled=settled,
        others=standing.others,
    )
    if plan.due is None:
        return None
    late = delay is not None and plan.due == delay.until and delay.counts(base)
    shown = answers.NextBackup(
        plan.due, plan.full, plan.occurrence if late else None, plan.why, plan.rule, plan.occurrence
    )
    return _held_up(shown, database, task, standing)


def _held_up(found: answers.NextBackup, database: Database, task: Task, standing: TaskStanding) -> answers.NextBackup:
    """The same backup, if its owner is down as far as this node knows: it starts when the task has moved, or the owner is back."""
    owner, stored = standing.owner, database.assignments.get(task.id)
    topology = database.topology
    if owner in (None, standing.node) or found.at > standing.now or owner not in topology.rehabs:
        return found
    if topology.is_short_of_resources(owner):
        return found
    marked = stored.not_suitable_since if stored is not None and standing.rules.assigned else None
    moves_at = None if marked is None else marked + standing.rules.move_grace
    if moves_at is not None and moves_at > standing.now:
        why = f"{owner} does not respond, and the task moves then unless it is back before"
        return attrs.evolve(found, at=moves_at, why=why, rule="7.8")
    return attrs.evolve(
        found, waits_for=owner, why=f"{owner} does not respond, and the task stays with it", rule="7.8, 7.12"
    )


def backups_view(
    database: Database, tasks: tuple[answers.TaskView, ...], tombstones: int = 0, kept_because: tuple[str, ...] = ()
) -> answers.BackupsView:
    """The view of all backup tasks of a database."""
    once = database.statuses.get(ONE_TIME)
    starts = [start for view in tasks for start in (view.last_full, view.last_incremental) if start is not None]
    starts += [once.last_full] if once is not None and once.last_full is not None else []
    dues = [view.next.at for view in tasks if view.next is not None]
    one_time = (
        answers.OneTimeView(once.started_at, once.node, once.kind.value, once.folder or "", once.destinations)
        if once is not None
        else None
    )
    last, following = max(starts, default=None), min(dues, default=None)
    return answers.BackupsView(tasks, one_time, last, following, tombstones, kept_because)


def server_wide_views(record: Record) -> tuple[answers.ServerWideView, ...]:
    """The views of all server-wide tasks, in the order of their definition."""
    return tuple(
        answers.ServerWideView(
            template.id,
            template.task.name,
            template.task.kind.value,
            not template.task.disabled,
            template.task.full,
            template.task.incremental,
            tuple(block.address for block in template.task.usable),
            template.excluded,
            template.edited,
            tuple(
                (database.name, task.id, assignment.node if (assignment := database.assignments.get(task.id)) else "")
                for database in record.databases.values()
                for task in database.tasks.values()
                if task.server_wide == template.id
            ),
        )
        for template in record.templates.values()
    )
