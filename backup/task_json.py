"""A task as RavenDB's record names its fields: what a backup file holds of the tasks of its database (rules 6.1, 18.4).

Secrets are left out: whoever restores a task gives them again. Never here: reading it back.
"""

from typing import Any

from backup.blocks import AmazonGlacier, AmazonS3, Azure, Destination, Ftp, GoogleCloud, LocalFolder
from backup.definition import Task
from backup.retention import Retention
from cluster.instant import SECOND


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
