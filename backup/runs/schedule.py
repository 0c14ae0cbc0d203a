"""A node's next backup of a task: when, full or incremental, and why (section 8). Pure; instants are wall µs.

Cron expressions are read in backup/record/cron.py; the responsible node is chosen in
backup/record/responsible_node.py.
"""

from zoneinfo import ZoneInfo

from backup.notes import BETWEEN_REASONS, BY_FREQUENCY
from backup.record.cron import CronError, next_occurrence
from backup.record.record import Delay, RunElsewhere, Status, Task
from backup.record.rules import Rules
from cluster.time_units import FOREVER, LONG_AGO
from cluster.value import value

ASKED_FOR = "somebody asked for it"


@value
class Plan:
    """The next backup of a task on one node."""

    due: int | None
    """Wall µs at which it starts, not before `now`; None: nothing will ever be due (rule 8.3)."""
    full: bool
    occurrence: int | None
    """Wall µs of the occurrence it answers, earlier than `due` when the backup is late; None: there is none."""
    why: str
    """Both decisions, when and whether full, in one sentence without a full stop."""
    rule: str
    """The rules behind them, for example `8.5, 8.6`."""
    by_hand: bool = False
    """Whether a client asked for the backup now."""


def next_backup(
    task: Task,
    status: Status | None,
    now: int,
    zone: ZoneInfo,
    rules: Rules,
    me: str,
    cluster: Status | None = None,
    *,
    delay: Delay | None = None,
    settled: int = LONG_AGO,
    others: tuple[int, int] = (LONG_AGO, LONG_AGO),
) -> Plan:
    """When the responsible node `me` runs the task next, and whether in full (rules 8.2 to 8.6, 8.11, 24.8).

    `status` is the one to schedule from (see `scheduling_status`): the node's own where rules keep a local one, the
    cluster's otherwise. `cluster`, the cluster's copy, is used only for a take-over (24.8), when `status` is None.
    `delay`: the postponement by hand, if any (15.5). `settled`: wall µs up to which every occurrence counts as answered,
    because a run was cancelled by hand (15.6). `others`: the last runs of other nodes (`known_of_others`).
    """
    forgotten = not rules.type_change_keeps_times and status is not None and is_renewed(task, status)
    base, taken_over = None if forgotten else status, False
    if status is None and cluster is not None and rules.takes_over_uncovered:
        base, taken_over = cluster, True  # rule 24.8: the last run that anybody is known to have made

    latest = now if rules.future_is_now else FOREVER
    full_base, incremental_base = (
        min(max(each, settled, other), latest)
        for each, other in zip(_bases(task, base, now, rules), others, strict=True)
    )
    next_full = _next(task.full, full_base, zone)
    next_incremental = _next(task.incremental, incremental_base, zone)
    if next_full is None and next_incremental is None:  # rule 8.3
        return Plan(None, True, None, "neither frequency has an occurrence to come", "8.3")

    occurrence = min(instant for instant in (next_full, next_incremental) if instant is not None)  # rule 8.4
    due, why_due, rule_due = _when(base, occurrence, now, rules, me, taken_over)
    if delay is not None and delay.until > due and delay.counts(status):  # rule 8.4
        due, why_due, rule_due = delay.until, "it was put off by hand", "8.4"
    if next_incremental is not None and rules.incremental_counts_from_full:
        next_incremental = max(next_incremental, due)  # a full that is due by then covers what was due before it
    full, why_full, rule_full = _is_full(task, status, next_full, next_incremental, rules, me)
    return Plan(due, full, occurrence, f"{why_due}{BETWEEN_REASONS}{why_full}", f"{rule_due}, {rule_full}")


def plan_by_hand(task: Task, status: Status | None, now: int, rules: Rules, me: str, *, full: bool) -> Plan:
    """The plan of a run that a client asked for now (rules 15.1, 15.2): incremental only if there is a chain to continue."""
    because, why, rule = _is_full(task, status, None, 0, rules, me)
    if full or because:
        return Plan(
            now, True, now, f"{ASKED_FOR}{BETWEEN_REASONS}{why if because else 'full, as asked for'}", "15.1", True
        )
    return Plan(now, False, now, f"{ASKED_FOR}{BETWEEN_REASONS}incremental, as asked for", f"15.1, {rule}", True)


def _bases(task: Task, base: Status | None, now: int, rules: Rules) -> tuple[int, int]:
    """The instants from which the next full and the next incremental are counted (rule 8.2)."""
    last_full = base.last_full_internal if base is not None else None
    last_incremental = base.last_incremental_internal if base is not None else None
    # rule 8.2 gives only fulls the creation as a base, and only with local status; 24.8 lets no occurrence go uncovered
    created_full = task.created_at if rules.local_status or rules.takes_over_uncovered else now
    created_incremental = task.created_at if rules.takes_over_uncovered else now
    full_base = created_full if last_full is None else last_full
    if last_incremental is not None:
        if rules.incremental_counts_from_full and last_full is not None:
            return full_base, max(last_incremental, last_full)
        return full_base, last_incremental
    return full_base, created_incremental if last_full is None else last_full


def known_of_others(status: Status | None, cluster: Status | None, elsewhere: RunElsewhere | None) -> tuple[int, int]:
    """The starts in wall µs of the last full and of the last run of all that others made since the runs in `status` (24.8).

    A run that is under way elsewhere counts as one that was made. `LONG_AGO`: there is none.
    """
    mine, (full, incremental) = _last_starts(status or cluster), _last_starts(cluster)
    if elsewhere is not None and elsewhere.full:
        full = max(full, elsewhere.started_at)
    elif elsewhere is not None:
        incremental = max(incremental, elsewhere.started_at)
    of_either = max(full, incremental)
    return full if full > mine[0] else LONG_AGO, of_either if of_either > max(mine) else LONG_AGO


def _last_starts(status: Status | None) -> tuple[int, int]:
    """The starts in wall µs of the last full and of the last incremental; `LONG_AGO`: there is none."""
    starts = (status.last_full_internal, status.last_incremental_internal) if status is not None else (None, None)
    full, incremental = (LONG_AGO if each is None else each for each in starts)
    return full, incremental


def _next(cron: str, after: int, zone: ZoneInfo) -> int | None:
    if not cron:
        return None
    try:
        return next_occurrence(cron, after, zone)
    except CronError:  # rule 8.3: an expression that cannot be read counts as absent
        return None


def _when(
    base: Status | None, occurrence: int, now: int, rules: Rules, me: str, taken_over: bool
) -> tuple[int, str, str]:
    """When the run starts, why, and by which rule (rules 8.4, 8.5, 24.8)."""
    if occurrence > now:
        return occurrence, "it waits for its next occurrence", "8.4"
    if base is None or not base.node or base.node == me:
        return now, "its time has passed", "8.5"
    if taken_over or rules.takes_over_uncovered:
        return now, f"its time has passed since {base.node} ran it last and nobody covered that", "24.8"
    return now + rules.overdue_elsewhere_delay, f"its time has passed, but {base.node} ran it last", "8.5"


def _is_full(
    task: Task, status: Status | None, next_full: int | None, next_incremental: int | None, rules: Rules, me: str
) -> tuple[bool, str, str]:
    """Whether the run is full, why, and by which rule (rules 8.6, 8.11)."""
    begins = begins_a_chain(task, status, rules, me)
    if begins is not None:
        return True, *begins
    if next_full is not None and (next_incremental is None or next_full <= next_incremental):  # a tie runs the full
        return True, BY_FREQUENCY, "8.6"
    return False, "incremental by its frequency", "8.6"


def begins_a_chain(task: Task, status: Status | None, rules: Rules, me: str) -> tuple[str, str] | None:
    """Why the next run on `me` is full whatever its frequency, and by which rule; None: it may continue a chain (rule 8.6)."""
    if status is None or status.last_full is None:
        return "full, as this node has no full backup to build on", "8.6"
    if status.kind is not task.kind:
        return f"full, as the task now makes a {task.kind.value} and not a {status.kind.value}", "8.6"
    if is_renewed(task, status):
        return f"full, as what the task makes was changed to {task.kind.value} since", "6.7"
    if status.last_etag is None:
        return "full, as nobody knows how far the last one came", "8.6"
    if rules.full_on_owner_change and status.node != me:
        return f"full, as {status.node} ran it last", "8.6"
    return None


def is_renewed(task: Task, status: Status) -> bool:
    """Whether the kind of the task was changed since the last run that succeeded (rule 6.7)."""
    return status.last_raft_index < task.renewed


# ---- which status counts ----


def scheduling_status(kept: Status | None, in_memory: Status | None) -> Status | None:
    """The status to schedule from (rule 8.10): the kept one, or the one in memory if that is newer.

    `kept` is the node's own copy where rules keep a local status, the cluster's otherwise.
    """
    if kept is None or in_memory is None:
        return in_memory if kept is None else kept
    return in_memory if in_memory.node == kept.node and in_memory.version > kept.version else kept


def drops_local_status(task: Task, local: Status, committed: Status, me: str, zone: ZoneInfo) -> bool:
    """Whether a newly committed status of another node makes this node's own status void (rule 8.12).

    It does when this node's next full would have been due before that run ended: the node then starts with a full.
    """
    if committed.node == me:
        return False
    last_full = local.last_full_internal
    next_full = _next(task.full, task.created_at if last_full is None else last_full, zone)
    return next_full is not None and next_full <= committed.ended_at
