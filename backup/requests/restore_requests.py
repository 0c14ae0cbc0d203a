"""A restore, and what every request may hold that nobody is to see.

Never here: how a request is answered (backup/restore/restore_operation.py).
"""

from typing import Any

import attrs

from backup.destinations.address_secrets import refuse_secret
from backup.destinations.registry import AnySettings
from backup.destinations.settings import DestinationSettings
from backup.record.encryption_keys import Encryption, Key
from cluster.member import ClientRequest
from cluster.time_units import as_datetime
from cluster.value import value


@value
class RestoreResult:
    """What a restore made."""

    database_id: int
    files: tuple[str, ...]
    """Applied, in order."""
    documents: int
    """That the database holds now."""
    fingerprint: str
    """`Store.fingerprint` of the new database."""


@value
class RestoreDatabase(ClientRequest[RestoreResult]):
    """Make a new database, with the node that is asked as its only member, from a backup (17). Answers `RestoreResult`.

    Also raises `NothingToRestore`, `BrokenChain`, `DamagedBackup`, `UnreadableBackup`, `KeyRefused`, `NoKey`,
    `WrongKey` or `DestinationError`.
    """

    name: str
    node: str
    """The node whose local folder holds the backup."""
    path: str
    """That local folder, as the task named it; empty with `source`."""
    folder: str = ""
    """The folder of the chain in it; empty with `at`."""
    last_file: str | None = None
    """Restore up to and including this file; None: all."""
    at: int | None = None
    """Instead of folder and file: wall µs; what the newest backup holds that had started then."""
    database: str = ""
    """With `at`: the database that was backed up, where the local folder holds several."""
    encryption: Encryption | None = None
    """How the files are encrypted (rule 13.5); None: with `key`, if there is one."""
    key: Key | None = None
    """The new database is encrypted with this one (`EncryptionKey`, rule 17.1)."""
    disable_ongoing_tasks: bool = False
    """Its tasks are there, and none of them runs (rule 17.9)."""
    skip_indexes: bool = False
    """It has no index, neither definition nor data (rule 17.1)."""
    source: AnySettings | None = None
    """The cloud that holds the backup, instead of a local folder (rules 12.4, 17.1)."""

    def __attrs_post_init__(self) -> None:
        """SecretInAddress: the folder is shown."""
        for text in (self.path, self.folder):
            refuse_secret(text, "the folder to restore from", "name a cloud as `source`", is_place=False)

    def says(self) -> str:
        if self.at is not None:
            when = as_datetime(self.at).strftime("%Y-%m-%d %H:%M:%S")
            of = f" of {self.database}" if self.database else ""
            return (
                f"wants database {self.name} restored as the backups{of} in {self.node}'s {self.path} had it at {when}"
            )
        up_to = f" up to {self.last_file}" if self.last_file else ""
        where = f"{self.node}'s" if self.source is None else f"{self.source.address},"
        return f"wants database {self.name} restored from {where} {self.folder}{up_to}"


def keys_of(request: Any) -> list[Key]:
    """Every key that a request names, however deep."""
    if isinstance(request, Key):
        return [request]
    if not attrs.has(type(request)):
        return []
    return [key for field in attrs.fields(type(request)) for key in keys_of(getattr(request, field.name))]


def secrets_of(request: Any) -> list[str]:
    """What nobody is to see in the destinations that a request names, however deep."""
    if isinstance(request, DestinationSettings):
        return list(request.secrets)
    if isinstance(request, tuple):
        return [secret for each in request for secret in secrets_of(each)]
    if not attrs.has(type(request)):
        return []
    return [secret for field in attrs.fields(type(request)) for secret in secrets_of(getattr(request, field.name))]
