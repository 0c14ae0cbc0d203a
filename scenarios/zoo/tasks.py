"""Bugs of users' requests to tasks: delays, manual backups, server-wide tasks, zones. Each breaks a promise or its story."""

from typing import Any
from zoneinfo import ZoneInfo

import attrs

from backup.record.record import ONE_TIME
from cluster.time_units import SECOND
from scenarios.zoo import bug


@bug(
    "backup.runs.schedule:next_backup",
    breaks="put off waits",
    source="rule 15.5; RavenDB-20185, PR #16224: what a delay left behind",
    strikes="put_off_until_after_lunch",
)
def a_restart_forgets_a_delay(original: Any, task: Any, status: Any, now: int, *rest: Any, **more: Any) -> Any:
    """A delay counts in the plan that is made when it is asked for, and in no later one."""
    delay = more.get("delay")
    if delay is not None and now > delay.asked_at + SECOND:
        more["delay"] = None
    return original(task, status, now, *rest, **more)


@bug("backup.runs.runner:Runner._live", source="rules 10.3, 15.1", strikes="backup_now_without_a_leader")
async def waits_for_a_leader(original: Any, self: Any, run: Any) -> None:
    """A run does not begin before somebody leads."""
    while self._member.leader is None:
        await self._member.changed(self._member.version)
    await original(self, run)


@bug("backup.record.task_commands:_report", source="rule 15.4", strikes="once_before_the_upgrade")
def has_no_place_for_one_time_backups(original: Any, record: Any, command: Any, index: int) -> Any:
    """The report of a one-time backup is passed over, as there is no task of its id."""
    kept = tuple(status for status in command.statuses if status.task_id != ONE_TIME)
    return original(record, attrs.evolve(command, statuses=kept), index)


@bug(
    "backup.record.database_commands:_create",
    breaks="server-wide is everywhere",
    source="rule 16.3: existing or created later",
    strikes="one_backup_for_all",
)
def a_new_database_has_no_server_wide_task(original: Any, record: Any, command: Any, index: int) -> Any:
    """A server-wide task covers the databases that were there when it was defined, and no later ones."""
    made, answer = original(attrs.evolve(record, templates={}), command, index)
    return attrs.evolve(made, templates=record.templates), answer


@bug(
    "backup.runs.backup_run:chain_to_continue",
    breaks="reported means kept",
    source="rule 26.3, which the preset unkindness repairs",
    strikes="the_bucket_is_changed",
)
def goes_on_where_nothing_is(original: Any, *inputs: Any) -> Any:
    """An incremental is sent to a place that has nothing of its chain."""
    *others, rules = inputs
    return original(*others, attrs.evolve(rules, looks_at_every_place=False))


@bug(
    "backup.record.server_wide:checked",
    breaks="no edit is lost",
    source="rule 26.9: an id that is outdated is refused",
    strikes="two_edit_one_template",
)
def edits_what_nobody_has_seen(original: Any, record: Any, template: Any) -> Any:
    """An edit of a server-wide task that was worked out from an older view replaces what somebody else made of it."""
    known = record.templates.get(template.id)
    return original(record, template if known is None else attrs.evolve(template, edited=known.edited))


@bug(
    "backup.runs.backup_run:chain_to_continue",
    source="rule 8.7",
    strikes="a_backup_file_is_lost",
)
def never_looks_for_its_full(original: Any, inputs: Any, *rest: Any) -> Any:
    """An incremental goes by what the status says, whether or not the full backup before it is still there."""
    return inputs.chain


@bug("backup.record.cron:_occurrences", source="rule 8.1", strikes="two_zones")
def cron_is_read_in_utc(original: Any, cron: Any, after: Any, zone: Any) -> Any:
    """A schedule means the same instants on every node, wherever it stands."""
    return original(cron, after, ZoneInfo("UTC"))


@bug(
    "backup.runs.scheduler:Scheduler.others",
    breaks="one run is enough",
    source="RavenDB-19922 (23.1)",
    strikes="moved_by_hand_in_the_middle",
)
def knows_of_its_own_runs_alone(original: Any, *given: Any) -> Any:
    """A new owner runs what the node before it has under way."""
    return 0, 0


@bug(
    "backup.node.tombstone_cleaner:TombstoneCleaner._chain",
    breaks="deletions are forgotten",
    source="RavenDB-22849, RavenDB-14680 (23.10)",
    strikes="a_task_that_moved_keeps_nothing",
)
def keeps_deletions_for_a_chain_left_behind(original: Any, self: Any, database: Any, task: Any) -> Any:
    """A node that gave its task away keeps deletions for a chain that it will never continue."""
    return self._statuses.chain((database.id, task.id))


@bug(
    "backup.node.tombstones:_fulls",
    breaks="deletions are forgotten",
    source="rule 18.6",
    strikes="a_task_that_moved_keeps_nothing",
)
def every_full_counts_for_ever(original: Any, database: Any, task: Any) -> Any:
    """Deletions of values wait for the last full of each node, however many it has missed since."""
    return {run.node: run.full_raft_index for run in database.history if run.task_id == task.id}


@bug("backup.runs.schedule:next_backup", source="rule 8.4", strikes="a_week_off")
def whatever_was_due_first_runs_first(
    original: Any, task: Any, status: Any, now: Any, zone: Any, rules: Any, *more: Any, **named: Any
) -> Any:
    """Of an incremental and a full that are overdue both run, one right after the other."""
    found = original(task, status, now, zone, rules, *more, **named)
    if found.due is None or found.due > now:
        return found
    return original(task, status, now, zone, attrs.evolve(rules, incremental_counts_from_full=False), *more, **named)


@bug("backup.runs.schedule:_is_full", source="rule 6.7", strikes="another_type_forces_a_full")
def builds_on_another_kind(original: Any, task: Any, status: Any, *rest: Any) -> Any:
    """After a change of its type a task goes on with incrementals."""
    if status is not None:
        status = attrs.evolve(status, kind=task.kind, last_raft_index=max(status.last_raft_index, task.renewed))
    return original(task, status, *rest)


@bug(
    "backup.runs.backup_run:BackupRun._write",
    breaks="every backup happens",
    source="a run that fails of the program itself, and is shrugged off as any failure (8.9)",
    strikes="weather_backups",
)
async def fails_for_no_reason(original: Any, self: Any, opened: Any) -> Any:
    """An incremental trips over something that no place, key or file is to blame for."""
    if opened.chain is not None:
        raise ValueError("the index is out of range")
    return await original(self, opened)


@bug("backup.runs.schedule:_is_full", source="rule 8.6, left out", strikes="from_a_task_to_a_file_and_back")
def never_makes_an_incremental(original: Any, *given: Any) -> tuple[bool, str, str]:
    """Every run writes all that there is again: a chain of fulls, each in a folder of its own."""
    return True, "full, as every run is", "8.6"
