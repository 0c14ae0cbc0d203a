"""The tasks in the record of a backup file, as definitions again (rules 17.5, 17.9). Pure.

No file holds a secret, so a task that needs one cannot come back by itself: it is named, for somebody to define again.
Never here: writing that record (task_json.py), and whether a definition makes sense (validation.py).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from backup.blocks import LocalFolder
from backup.definition import Kind, SnapshotSettings, Task, UploadMode
from backup.keys import Encryption, EncryptionMode
from backup.retention import Retention
from backup.validation import SERVER_WIDE_PREFIX
from cluster.instant import SECOND
from cluster.value import value

REMOTE = ("S3Settings", "GlacierSettings", "AzureSettings", "GoogleCloudSettings", "FtpSettings")


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
        retention=_retention(fields.get("RetentionPolicy")),
        snapshot=SnapshotSettings(
            str(snapshot.get("CompressionAlgorithm", "Zstd")),
            str(snapshot.get("CompressionLevel", "Fastest")),
            bool(snapshot.get("ExcludeIndexes")),
        ),
        encryption=Encryption(mode) if mode is not None else None,
        upload_mode=UploadMode(fields.get("BackupUploadMode") or "Default"),
    )


def _retention(fields: Mapping[str, Any] | None) -> Retention | None:
    if not fields:
        return None
    age = fields["MinimumBackupAgeToKeep"]
    return Retention(None if age is None else int(age * SECOND), bool(fields["Disabled"]))
