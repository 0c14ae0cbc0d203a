"""The restore request, and the search for keys and secrets in any request.

A restore is carried out in backup/restore/restore_operation.py.
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
    """The result of a restore."""

    database_id: int
    files: tuple[str, ...]
    """The files that were applied, in order."""
    documents: int
    """Number of documents in the new database."""
    fingerprint: str
    """`Store.fingerprint` of the new database."""


@value
class RestoreDatabase(ClientRequest[RestoreResult]):
    """Create a database from a backup, with the node that is asked as its only member (section 17).

    Answers a `RestoreResult`. Besides `Refused` it raises `NothingToRestore`, `BrokenChain`, `DamagedBackup`,
    `UnreadableBackup`, `KeyRefused`, `NoKey`, `WrongKey` or `DestinationError`.
    """

    name: str
    node: str
    """The node whose local folder holds the backup."""
    path: str
    """The local folder, as the task named it; empty with `source`."""
    folder: str = ""
    """The folder of the chain in `path`; empty with `at`."""
    last_file: str | None = None
    """The last file to restore; None: restore all."""
    at: int | None = None
    """Instead of folder and file: wall µs; the newest backup that had started by then is restored."""
    database: str = ""
    """With `at`: the database that was backed up, where the local folder holds several."""
    encryption: Encryption | None = None
    """The encryption of the files (rule 13.5); None: with `key`, if there is one."""
    key: Key | None = None
    """The key that encrypts the new database (`EncryptionKey`, rule 17.1); None: it is not encrypted."""
    disable_ongoing_tasks: bool = False
    """Whether its tasks are restored disabled (rule 17.9)."""
    skip_indexes: bool = False
    """Whether indexes are left out, definitions and data (rule 17.1)."""
    source: AnySettings | None = None
    """The cloud that holds the backup, instead of a local folder (rules 12.4, 17.1); None: a local folder."""

    def __attrs_post_init__(self) -> None:
        """Raise SecretInAddress if the path or the folder holds a secret, as both are shown."""
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
    """Every key in a request, at any depth."""
    if isinstance(request, Key):
        return [request]
    if not attrs.has(type(request)):
        return []
    return [key for field in attrs.fields(type(request)) for key in keys_of(getattr(request, field.name))]


def secrets_of(request: Any) -> list[str]:
    """Every secret of the destinations in a request, at any depth."""
    if isinstance(request, DestinationSettings):
        return list(request.secrets)
    if isinstance(request, tuple):
        return [secret for each in request for secret in secrets_of(each)]
    if not attrs.has(type(request)):
        return []
    return [secret for field in attrs.fields(type(request)) for secret in secrets_of(getattr(request, field.name))]
