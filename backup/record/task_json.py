"""The JSON form of tasks in RavenDB's record, which a backup file holds (rules 6.1, 18.4): written and read back.

Secrets are left out, so a task with secrets must be defined again after a restore.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backup.destinations.registry import KINDS
from backup.destinations.settings import secret_fields
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.retention_policy import Retention
from backup.record.task import Kind, SnapshotSettings, Task, UploadMode
from backup.record.validation import SERVER_WIDE_PREFIX
from cluster.time_units import DAY, SECOND
from cluster.value import value

TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?")
"""A duration as .NET writes it, in JSON of RavenDB: days, hours, minutes, seconds, fraction."""


def task_json(task: Task) -> dict[str, Any]:
    """The JSON object of one task, without secrets."""
    return {
        "TaskId": task.id,
        "Name": task.name,
        "BackupType": task.kind.value,
        "FullBackupFrequency": task.full or None,
        "IncrementalBackupFrequency": task.incremental or None,
        "MentorNode": task.mentor,
        "PinToMentorNode": task.pinned,
        "Disabled": task.disabled,
        "RetentionPolicy": _retention(task.retention),
        "SnapshotSettings": {
            "CompressionAlgorithm": task.snapshot.compression,
            "CompressionLevel": task.snapshot.level,
            "ExcludeIndexes": task.snapshot.exclude_indexes,
        },
        "BackupEncryptionSettings": task.encryption and {"EncryptionMode": task.encryption.mode.value},
        "BackupUploadMode": task.upload_mode.value,
    } | {settings.json_name: settings.as_json() for settings in task.destinations}


def _retention(retention: Retention | None) -> dict[str, Any] | None:
    if retention is None:
        return None
    age = retention.minimum_age
    return {"Disabled": retention.disabled, "MinimumBackupAgeToKeep": None if age is None else time_span(age)}


def time_span(duration: int) -> str:
    """A duration of 0 or more µs as .NET writes it: `2.00:00:00`, `06:30:00`, `00:00:01.5000000`."""
    days, rest = divmod(duration, DAY)
    seconds, fraction = divmod(rest, SECOND)
    text = f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return (f"{days}." if days else "") + text + (f".{fraction:06}0" if fraction else "")


# ---- reading ----


@value
class LeftOut:
    """A task of the file that is not restored."""

    name: str
    why: str
    """The reason and the remedy, for the operator."""


def tasks_of(record: Mapping[str, Any]) -> Iterator[Task | LeftOut]:
    """The backup tasks of a record in its order, without copies of server-wide tasks, which are the cluster's (rule 16.3)."""
    found = record.get("PeriodicBackups")
    for fields in found if isinstance(found, list) else ():
        name = str(fields.get("Name") or "") if isinstance(fields, dict) else ""
        if name.lower().startswith(SERVER_WIDE_PREFIX.lower()):
            continue
        try:
            yield _task(name, fields)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            yield LeftOut(name, f"its definition makes no sense here ({error}): define it again")


def _task(name: str, fields: Mapping[str, Any]) -> Task | LeftOut:
    named = [kind for kind in KINDS if fields.get(kind.json_name)]
    secret = [kind.json_name for kind in named if secret_fields(kind) and not fields[kind.json_name].get("Disabled")]
    if secret:
        return LeftOut(name, f"no file holds the secrets of its {' and '.join(secret)}: define it again")
    settings = fields.get("BackupEncryptionSettings") or None
    mode = EncryptionMode(settings["EncryptionMode"]) if settings else None
    if mode is EncryptionMode.USE_PROVIDED_KEY:
        return LeftOut(name, "no file holds its key: define it again")
    snapshot = fields.get("SnapshotSettings") or {}
    return Task(
        full=fields["FullBackupFrequency"] or "",
        incremental=fields["IncrementalBackupFrequency"] or "",
        destinations=tuple(kind.from_json(fields[kind.json_name]) for kind in named if not secret_fields(kind)),
        name=name,
        kind=Kind(fields["BackupType"]),
        mentor=fields["MentorNode"],
        pinned=bool(fields["PinToMentorNode"]),
        disabled=bool(fields["Disabled"]),
        retention=_retention_of(fields.get("RetentionPolicy")),
        snapshot=SnapshotSettings(
            str(snapshot.get("CompressionAlgorithm", "Zstd")),
            str(snapshot.get("CompressionLevel", "Fastest")),
            bool(snapshot.get("ExcludeIndexes")),
        ),
        encryption=Encryption(mode) if mode is not None else None,
        upload_mode=UploadMode(fields.get("BackupUploadMode") or "Default"),
    )


def _retention_of(fields: Mapping[str, Any] | None) -> Retention | None:
    if not fields:
        return None
    age = fields["MinimumBackupAgeToKeep"]
    return Retention(None if age is None else _duration_of(age), bool(fields["Disabled"]))


def _duration_of(age: object) -> int:
    """The µs of what `time_span` writes; files of format 2 have a number of seconds. Raises ValueError."""
    if isinstance(age, int | float):
        return int(age * SECOND)
    found = TIME_SPAN.fullmatch(str(age))
    if found is None:
        raise ValueError(f"{age!r} is no duration, which should look like '2.00:00:00'")
    days, hours, minutes, seconds = (int(found[part] or 0) for part in range(1, 5))
    fraction = int((found[5] or "0").ljust(6, "0")[:6])
    return days * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction
