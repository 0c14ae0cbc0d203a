"""What a user sees of tasks and backups (section 20), made from what one node knows. Pure.

It depends on the node that is asked (20.2): another may know more, or less. Never here: a decision.
"""

from zoneinfo import ZoneInfo

from backup.notes.words import duration_text, time_text
from backup.record.record import ONE_TIME, Database, Delay, Record, Sent, Status, Task
from backup.record.responsible_node import TaskState, computed_owner
from backup.record.rules import Rules
from backup.requests.backup_requests import Operation, Progress
from backup.runs import schedule
from cluster.time_units import DAY
from cluster.value import value


@value
class NextBackup:
    """The next estimated backup."""

    at: int
    """Wall µs; not before now."""
    full: bool
    delayed_from: int | None
    """Wall µs at which it would run, had nobody put it off."""
    why: str
    rule: str = ""
    """What `why` rests on, for example `8.5, 8.6`."""
    occurrence: int | None = None
    """Wall µs of the occurrence that it answers; earlier than `at` when it is late."""


@value
class TaskView:
    """One task (rule 20.1)."""

    id: int
    name: str
    kind: str
    enabled: bool
    connection: str
    """`Active`, `NotActive` or `NotOnNode`: of the node that is asked (rule 20.2)."""
    responsible_node: str
    """Empty: nobody."""
    mentor: str
    """Empty: no preference."""
    last_node: str
    """Who ran it last, as far as was reported (rule 20.3); empty: nobody."""
    last_full: int | None
    last_incremental: int | None
    running: Operation | None
    """On the node that is asked."""
    next: NextBackup | None
    """None: disabled, or never due (rule 20.4)."""
    destinations: tuple[str, ...]
    retention: int | None
    """µs; None: no backup is ever removed."""
    encrypted: bool
    server_wide: bool
    state: str = ""
    """How the node that is asked stands to it, by RavenDB's name (rules 7.6, 7.9)."""
    reason: str = ""
    """Why the responsible node is responsible, a sentence without a full stop."""
    owned_since: int | None = None
    """Wall µs at which it became so, where that is stored (rule 7.8)."""
    moves_at: int | None = None
    """Wall µs at which it moves, if its owner stays unfit (rule 7.8)."""
    running_since: int | None = None
    """Wall µs at which what runs on the node that is asked began."""
    progress: Progress | None = None
    """How far that has come; None: nothing of it is written yet."""
    error: str = ""
    """Why the last run failed; empty: it did not (rule 9.11)."""
    error_at: int | None = None
    uploads: tuple[Sent, ...] = ()
    """How sending to its clouds came out (rule 9.13)."""

    def text(self, now: int) -> str:
        """The panel of RavenDB's Studio, a line a field, at wall µs `now`."""
        kind = "Snapshot" if self.kind == "Snapshot" else "Full Backup"
        lines = [
            f"{self.name} ({'Enabled' if self.enabled else 'Disabled'}, {self.connection})",
            f"Responsible node: {self._owner()}",
            f"Destinations: {', '.join(self.destinations) or 'No destinations defined'}",
            f"Last executed on node: {self.last_node or 'N/A'}",
            f"Last {kind}: {_ago(self.last_full, now)}",
            *([f"Last Incremental Backup: {_ago(self.last_incremental, now)}"] if self.last_incremental else []),
            f"Next Estimated Backup: {self._next(now)}",
            f"Retention Policy: {self._retention()}",
        ]
        return "\n".join(lines)

    def _owner(self) -> str:
        if self.mentor and self.responsible_node and self.mentor != self.responsible_node:
            return f"{self.mentor} -> {self.responsible_node}"
        return self.responsible_node or "N/A"

    def _next(self, now: int) -> str:
        if self.next is None:
            return "N/A"
        word = ("Snapshot" if self.kind == "Snapshot" else "Full") if self.next.full else "Incremental"
        late = self.next.delayed_from
        after = f", delayed backup from: {time_text(late)}" if late is not None else ""
        return f"in {duration_text(max(0, self.next.at - now))} ({word}){after}"

    def _retention(self) -> str:
        return f"{self.retention / DAY:g} days" if self.retention is not None else "No backups will be removed"


@value
class OneTime:
    """The last one-time backup of a database (rule 15.4)."""

    made_at: int
    """What it is known by: wall µs of its start."""
    node: str
    kind: str
    folder: str


@value
class BackupsView:
    """The backups of a database (rule 20.5)."""

    tasks: tuple[TaskView, ...]
    one_time: OneTime | None
    last_backup: int | None
    """Start of the newest that succeeded, of any task or none."""
    next_backup: int | None
    """When the next of any task is due."""
    tombstones: int = 0
    """Deletions that the copy of the node that is asked has not forgotten (rule 18.5)."""
    kept_because: tuple[str, ...] = ()
    """Who needs the oldest of them, each a sentence without a full stop (rule 23.10); (): they are about to go."""


def task_view(
    database: Database,
    task: Task,
    state: TaskState,
    owner: str | None,
    status: Status | None,
    me: str,
    *,
    now: int,
    zone: ZoneInfo,
    rules: Rules,
    running: Operation | None,
    delay: Delay | None,
    settled: int = 0,
    leaderless: bool = False,
    running_since: int | None = None,
    progress: Progress | None = None,
) -> TaskView:
    """One task at wall µs `now`. `status`, `delay`, `settled`: what this node would schedule from.

    `leaderless`: it sees no leader, which counts where each node computes the owner (rule 7.5.1).
    """
    shown = _newer(status, database.statuses.get(task.id))
    stored = database.assignments.get(task.id) if rules.assigned else None
    if rules.assigned:
        reason = stored.reason.sentence if stored is not None else ""
    else:
        reason = computed_owner(task, database.topology, status, rules, leaderless=leaderless).reason.sentence
    marked_at = stored.not_suitable_since if stored is not None else None
    if state is TaskState.PASSIVE:
        reason = "this node belongs to no cluster, and runs nothing for one that it is not in"
        stored = marked_at = None
    if marked_at is not None:
        reason = "it had the task before, and keeps it for a while although it does not respond"
    connection = {TaskState.DISABLED: "NotActive", TaskState.ACTIVE_BY_CURRENT_NODE: "Active"}.get(state, "NotOnNode")
    return TaskView(
        id=task.id,
        name=task.name,
        kind=task.kind.value,
        enabled=not task.disabled,
        connection=connection,
        responsible_node=owner or "",
        mentor=task.mentor or "",
        last_node=shown.node if shown is not None else "",
        last_full=shown.last_full if shown is not None else None,
        last_incremental=shown.last_incremental if shown is not None else None,
        running=running,
        next=_next(database, task, state, owner, status, me, now, zone, rules, delay, settled),
        destinations=tuple(block.word for block in task.usable),
        retention=task.retention.age if task.retention is not None else None,
        encrypted=task.encryption.mode.value != "None" if task.encryption is not None else database.key is not None,
        server_wide=bool(task.server_wide),
        state=state.value,
        reason=reason,
        owned_since=stored.since if stored is not None else None,
        moves_at=marked_at + rules.move_grace if marked_at is not None else None,
        running_since=running_since,
        progress=progress,
        error=(shown.error or "") if shown is not None else "",
        error_at=shown.error_at if shown is not None else None,
        uploads=shown.uploads if shown is not None else (),
    )


def _newer(own: Status | None, cluster: Status | None) -> Status | None:
    """The later run of the two (rule 10.9)."""
    if own is None or cluster is None:
        return cluster if own is None else own
    return own if own.started_at >= cluster.started_at else cluster


def _next(
    database: Database,
    task: Task,
    state: TaskState,
    owner: str | None,
    status: Status | None,
    me: str,
    now: int,
    zone: ZoneInfo,
    rules: Rules,
    delay: Delay | None,
    settled: int,
) -> NextBackup | None:
    """As its owner would plan it; what another node knows of that is the cluster's copy."""
    if state in (TaskState.DISABLED, TaskState.PASSIVE):
        return None
    cluster = database.statuses.get(task.id)
    base = status if owner in (me, None) else cluster
    plan = schedule.next_backup(
        task, base, now, zone, rules, owner or me, cluster, delay=delay, settled=settled if owner == me else 0
    )
    if plan.due is None:
        return None
    late = delay is not None and plan.due == delay.until and delay.counts(base)
    return NextBackup(plan.due, plan.full, plan.occurrence if late else None, plan.why, plan.rule, plan.occurrence)


def backups_view(
    database: Database, tasks: tuple[TaskView, ...], tombstones: int = 0, kept_because: tuple[str, ...] = ()
) -> BackupsView:
    """All of them together."""
    once = database.statuses.get(ONE_TIME)
    starts = [start for view in tasks for start in (view.last_full, view.last_incremental) if start is not None]
    starts += [once.last_full] if once is not None and once.last_full is not None else []
    dues = [view.next.at for view in tasks if view.next is not None]
    one_time = OneTime(once.started_at, once.node, once.kind.value, once.folder or "") if once is not None else None
    last, following = max(starts, default=None), min(dues, default=None)
    return BackupsView(tasks, one_time, last, following, tombstones, kept_because)


@value
class ServerWideView:
    """One server-wide task, and where its copies are."""

    id: int
    name: str
    enabled: bool
    excluded: tuple[str, ...]
    copies: tuple[tuple[str, int, str], ...]
    """Database, id of the copy there, and who is responsible for it (empty: nobody)."""


def server_wide_views(record: Record) -> tuple[ServerWideView, ...]:
    """All of them, in the order of their definition."""
    return tuple(
        ServerWideView(
            template.id,
            template.task.name,
            not template.task.disabled,
            template.excluded,
            tuple(
                (database.name, task.id, assignment.node if (assignment := database.assignments.get(task.id)) else "")
                for database in record.databases.values()
                for task in database.tasks.values()
                if task.server_wide == template.id
            ),
        )
        for template in record.templates.values()
    )


def _ago(instant: int | None, now: int) -> str:
    return "Never backed up" if instant is None else f"{duration_text(max(0, now - instant))} ago"
