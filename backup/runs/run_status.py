"""The occurrence that a run answers, and the status of its task after it (rules 9.7, 9.9 to 9.11). Pure.

Statuses are kept in local_status.py; the next run is planned in schedule.py.
"""

from zoneinfo import ZoneInfo

import attrs

from backup.content.manifest import Manifest
from backup.record.cron import occurrences
from backup.record.record import Kind, Sent, Status, Task
from backup.runs import schedule
from cluster.time_units import DAY, HOUR, MINUTE
from cluster.value import value

WINDOWS = (2 * MINUTE, 2 * HOUR, 2 * DAY, 62 * DAY, 732 * DAY, 11 * 366 * DAY)
"""How far back (µs) the newest occurrence is searched for, tried one after the other."""


@value
class RunStart:
    """The facts of a run that are known when it begins."""

    task_id: int
    kind: Kind
    node: str
    started_at: int
    full: bool
    raft_index: int
    """Log index of the database's last change."""
    operation: int


def answered_occurrence(task: Task, plan: schedule.Plan, started_at: int, zone: ZoneInfo) -> int:
    """Wall µs of the newest occurrence that a run answers: a late run answers all occurrences it has missed."""
    assert plan.occurrence is not None, "what is never due is not run"
    if plan.occurrence >= started_at:
        return plan.occurrence
    for window in WINDOWS:
        first = max(plan.occurrence, started_at - window)
        found = [occurrences(cron, first, started_at, zone)[-1:] for cron in (task.full, task.incremental) if cron]
        newest = max((instant for each in found for instant in each), default=None)
        if newest is not None:
            return newest
    return plan.occurrence


def status_after_success(
    before: Status | None,
    run: RunStart,
    manifest: Manifest,
    folder: str,
    file: str,
    duration: int,
    uploads: tuple[Sent, ...] = (),
) -> Status:
    """The status after a run whose file was written and read back (rule 9.9)."""
    status = attrs.evolve(
        _attempted(before, run, duration),
        last_etag=manifest.last_etag,
        last_change_vector=manifest.change_vector,
        last_raft_index=run.raft_index,
        folder=folder,
        file=file,
        uploads=uploads,
    )
    if run.full:
        return attrs.evolve(status, last_full=run.started_at, last_full_raft_index=run.raft_index)
    return attrs.evolve(status, last_incremental=run.started_at)


def status_after_skip(before: Status, run: RunStart) -> Status:
    """The status after an incremental with nothing to write (rule 9.7)."""
    return attrs.evolve(_attempted(before, run, 0), last_incremental=run.started_at)


def status_after_failure(
    before: Status | None, run: RunStart, error: str, at: int, duration: int, uploads: tuple[Sent, ...] = ()
) -> Status:
    """The status after a run that failed: only the times of the attempt move (rules 9.10, 9.11)."""
    known = _attempted(before, run, duration)
    return attrs.evolve(known, error=error, error_at=at, uploads=uploads or known.uploads)


def _attempted(before: Status | None, run: RunStart, duration: int) -> Status:
    """The status before the run, with the fields updated that every finished run writes (rule 9.10)."""
    known = before if before is not None else Status(run.task_id, run.kind, run.node)
    status = attrs.evolve(
        known,
        kind=run.kind,
        node=run.node,
        is_full=run.full,
        file=None,
        duration=duration,
        version=known.version + 1,
        error=None,
        error_at=None,
        operation=run.operation,
    )
    if run.full:
        return attrs.evolve(status, last_full_internal=run.started_at)
    return attrs.evolve(status, last_incremental_internal=run.started_at)
