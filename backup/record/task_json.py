"""A task as RavenDB's record names its fields: what a backup file holds of the tasks of its database (rules 6.1, 18.4).

Secrets are left out: whoever restores a task gives them again. Never here: reading it back.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from backup.record.destination_settings import (
    AmazonGlacier,
    AmazonS3,
    Azure,
    Destination,
    Ftp,
    GoogleCloud,
    LocalFolder,
)
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.retention_policy import Retention
from backup.record.task import Kind, SnapshotSettings, Task, UploadMode
from backup.record.validation import SERVER_WIDE_PREFIX
from cluster.time_units import SECOND
from cluster.value import value


def task_json(task: Task) -> dict[str, Any]:
    """The JSON object of one task."""
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
    } | dict(_block(block) for block in task.destinations)


def _retention(retention: Retention | None) -> dict[str, Any] | None:
    if retention is None:
        return None
    age = retention.minimum_age
    return {"Disabled": retention.disabled, "MinimumBackupAgeToKeep": None if age is None else age / SECOND}


def _block(block: Destination) -> tuple[str, dict[str, Any]]:
    name, fields = _fields(block)
    return name, {"Disabled": block.disabled, **fields}


def _fields(block: Destination) -> tuple[str, dict[str, Any]]:
    match block:
        case LocalFolder():
            return "LocalSettings", {"FolderPath": block.path}
        case AmazonS3():
            return "S3Settings", {
                "BucketName": block.bucket,
                "AwsRegionName": block.region,
                "RemoteFolderName": block.remote_folder,
                "CustomServerUrl": block.custom_server_url,
                "ForcePathStyle": block.force_path_style,
                "StorageClass": block.storage_class,
            }
        case AmazonGlacier():
            return "GlacierSettings", {
                "VaultName": block.vault,
                "AwsRegionName": block.region,
                "RemoteFolderName": block.remote_folder,
            }
        case Azure():
            return "AzureSettings", {
                "StorageContainer": block.container,
                "AccountName": block.account_name,
                "RemoteFolderName": block.remote_folder,
            }
        case GoogleCloud():
            return "GoogleCloudSettings", {"BucketName": block.bucket, "RemoteFolderName": block.remote_folder}
        case Ftp():
            return "FtpSettings", {"Url": block.url, "Port": block.port, "UserName": block.user}


# ---- and back ----

REMOTE = ("S3Settings", "GlacierSettings", "AzureSettings", "GoogleCloudSettings", "FtpSettings")
"""Blocks that need a secret, which no file holds."""


@value
class LeftOut:
    """A task of the file that does not come back."""

    name: str
    why: str


def tasks_of(record: Mapping[str, Any]) -> Iterator[Task | LeftOut]:
    """The backup tasks of a record, in its order; those of the whole server are the cluster's own (rule 16.3)."""
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
    remote = [block for block in REMOTE if fields.get(block) and not fields[block].get("Disabled")]
    if remote:
        return LeftOut(name, f"no file holds the secrets of its {' and '.join(remote)}: define it again")
    settings = fields.get("BackupEncryptionSettings") or None
    mode = EncryptionMode(settings["EncryptionMode"]) if settings else None
    if mode is EncryptionMode.USE_PROVIDED_KEY:
        return LeftOut(name, "no file holds its key: define it again")
    local, snapshot = fields.get("LocalSettings") or None, fields.get("SnapshotSettings") or {}
    return Task(
        full=fields["FullBackupFrequency"] or "",
        incremental=fields["IncrementalBackupFrequency"] or "",
        destinations=(LocalFolder(str(local["FolderPath"]), bool(local["Disabled"])),) if local else (),
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
