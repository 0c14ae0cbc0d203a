"""Bugs of keys and of failing destinations: each breaks a promise, or its story's assertion."""

from typing import Any

import attrs

from backup.destinations.port import DestinationError
from backup.notes import BackupFinished
from cluster.time_units import DAY, MINUTE
from scenarios.story_secrets import CleanText
from scenarios.zoo import bug

# ---- keys


@bug(
    "backup.runs.run_inputs:key_to_write",
    breaks="encrypted as asked",
    source="rule 13.2, turned round: no settings taken for no encryption",
    strikes="the_key_is_lost",
)
def writes_in_the_open(original: Any, settings: Any, database_key: Any, *, snapshot: Any) -> Any:
    """An encrypted database is backed up in the open when its task says nothing of a key."""
    return original(settings, None, snapshot=snapshot)


@bug(
    "backup.record.encryption_keys:Key.__repr__",
    breaks="keys stay secret",
    source="CWE-532: sensitive information in log files",
    strikes="the_key_is_lost",
)
def a_key_shows_itself(original: Any, self: Any) -> str:
    """A key has the repr that every value has."""
    return f"Key({self.as_text()!r})"


@bug(
    "backup.runs.backup_run:record_of",
    breaks="keys stay secret",
    source="rule 18.4: the record is in every file, and RavenDB's holds the keys of its tasks",
    strikes="the_key_is_lost",
)
def the_key_is_in_the_file(original: Any, database: Any) -> Any:
    """The record in a backup holds the key that the backup is encrypted with."""
    return {**original(database), "Key": database.key.as_text() if database.key is not None else None}


@bug(
    "scenarios.story_secrets:without_secrets",
    breaks="keys stay secret",
    source="CWE-540: sensitive information in source code",
    strikes="one_of_three_places_refuses",
)
def the_kept_story_shows_a_secret(original: Any, texts: Any, rings: Any) -> Any:
    """The text of a story is kept beside its run as it is, with every secret in it."""
    return tuple(CleanText(text, 0) for text in texts)


@bug("backup.restore.restore_points:point_at", source="rule 17.3, off by one", strikes="back_to_last_friday")
def takes_the_backup_after(original: Any, destination: Any, at: int, *given: Any, **named: Any) -> Any:
    """A restore to an instant takes the first backup after it, and so what was to be undone."""
    return original(destination, at + 60 * MINUTE, *given, **named)


# ---- failing destinations


@bug(
    "backup.runs.runner:Runner._failed",
    breaks="reported means kept",
    source="rule 9.8, turned round",
    strikes="the_backup_folder_is_full",
)
def calls_a_failed_run_finished(original: Any, self: Any, run: Any, work: Any, error: str, *given: Any) -> Any:
    """A run that failed is told of as if it had written its file."""
    done = original(self, run, work, error, *given)
    note = BackupFinished(run.database.name, run.task.id, run.started_at, work.is_full, "", "", 0, 0, 0)
    return attrs.evolve(done, status=attrs.evolve(done.status, error=None, error_at=None), note=note)


@bug("backup.runs.schedule:next_backup", source="rule 8.9, taken too far", strikes="the_backup_folder_refuses")
def is_offended_by_an_error(original: Any, task: Any, status: Any, *rest: Any, **more: Any) -> Any:
    """After a run that failed the task rests for two days."""
    plan = original(task, status, *rest, **more)
    failed = status is not None and status.error is not None and plan.due is not None
    return attrs.evolve(plan, due=plan.due + 2 * DAY) if failed else plan


@bug(
    "backup.destinations.local:LocalUpload.abandon",
    source="rules 11.3, 17.12",
    strikes="the_connection_is_lost_half_way",
)
def half_a_file_gets_its_final_name(original: Any, self: Any) -> None:
    """What a lost connection leaves of a file looks like a finished one."""
    original(self)
    if self._partial.exists():
        self._partial.rename(self._path)


@bug(
    "backup.runs.backup_run:BackupRun._read_back",
    breaks="reported means kept",
    source="a destination that returns success for a file that is not there",
    strikes="the_file_that_is_not_there",
)
async def believes_what_it_is_told(original: Any, self: Any, opened: Any, manifest: Any) -> None:
    """A file is called kept because the destination said so."""
    return


@bug(
    "backup.runs.backup_run:time_at",
    source="section 2: an upload has twelve hours, and not ten minutes",
    strikes="the_backup_folder_is_slow",
)
def gives_a_slow_place_up(original: Any, place: Any, cost: int) -> Any:
    """A place that is a thousand times slower is taken for one that is gone."""
    if original(place, cost) > 1_000 * cost:
        raise DestinationError("the place", "it takes too long", "choose another")
    return original(place, cost)
