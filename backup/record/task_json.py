"""The JSON form of tasks in RavenDB's record, which a backup file holds (rules 6.1, 18.4): written and read back.

Secrets are left out, so a task with secrets must be defined again after a restore.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from backup.destinations.registry import KINDS
from backup.destinations.settings import secret_fields
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.retention_policy import Retention
from backup.record.task import Kind, SnapshotSettings, Task, UploadMode
from backup.record.validation import SERVER_WIDE_PREFIX
from cluster.time_units import SECOND
from cluster.value import value


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
    return {"Disabled": retention.disabled, "MinimumBackupAgeToKeep": None if age is None else age / SECOND}


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
    return Retention(None if age is None else int(age * SECOND), bool(fields["Disabled"]))
