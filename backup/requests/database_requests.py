"""What a client may ask a node for, one frozen class each; what each answers stands beside it.

A request says itself in one clause, and its `repr` stays short however much it carries. Cluster-wide ones need a leader
and raise `NoLeader` or `OutcomeUnknown`; what concerns documents does not (rules 3.39, 19.1). All raise `Refused` for
what cannot be. Never here: how a request is answered (backup/node/service.py).
"""

from typing import Any

import attrs

from backup.destinations.registry import AnySettings
from backup.destinations.settings import DestinationSettings
from backup.record.encryption_keys import Encryption, Key
from backup.record.record import Task
from backup.requests.document_requests import (
    Attach,
    ChangeValues,
    DeleteDocuments,
    Detach,
    DocumentRequest,
    GetAttachment,
    GetCompareExchange,
    GetDocument,
    GetRevisions,
    PatchDocument,
    PutDocuments,
    QueryIndex,
    QueryResult,
    StoreDocument,
    Write,
)
from cluster.member import ClientRequest
from cluster.time_units import as_datetime
from cluster.value import value

__all__ = [
    "Attach",
    "ChangeValues",
    "Define",
    "DeleteDocuments",
    "Detach",
    "DisableTask",
    "DocumentRequest",
    "EnableTask",
    "GetAttachment",
    "GetCompareExchange",
    "GetDocument",
    "GetRevisions",
    "NewDatabase",
    "PatchDocument",
    "PutDocuments",
    "QueryIndex",
    "QueryResult",
    "RemoveDatabase",
    "RemoveTask",
    "RestoreDatabase",
    "RestoreResult",
    "StoreDocument",
    "Write",
]


@value
class NewDatabase(ClientRequest[int]):
    """Answers the database's id."""

    name: str
    replication_factor: int = 1
    """On how many nodes it is to be, where `members` does not say on which: the first so many of all, sorted."""
    members: tuple[str, ...] = ()
    key: Key | None = None
    """It is encrypted with this one (rule 13.2)."""
    dynamic_distribution: bool = False
    """The observer may replace a node of it that is gone for long (5.14)."""
    priority_order: tuple[str, ...] = ()
    """Members that are to stand first, in this order; the first of all is the clients' preferred node."""

    def says(self) -> str:
        where = f"on {', '.join(self.members)}" if self.members else f"on {self.replication_factor} of the nodes"
        return f"wants {'an encrypted' if self.key else 'a'} database {self.name} {where}"


@value
class RemoveDatabase(ClientRequest[None]):
    """Answers None."""

    name: str
    hard: bool = True
    """Each node deletes its files of it. False: each puts them by."""

    def says(self) -> str:
        return f"wants database {self.name} to go" + ("" if self.hard else ", and its files to stay")


@value
class Define(ClientRequest[int]):
    """Create the task (`task.id` 0) or replace the one of that id. Answers its id."""

    database: str
    task: Task

    def says(self) -> str:
        crons = " and ".join(
            f"{what} at {cron!r}"
            for what, cron in (("full", self.task.full), ("incremental", self.task.incremental))
            if cron
        )
        which = f"task {self.task.id}" if self.task.id else "a task"
        return f"wants {which} to back up {self.database}, {crons or 'never'}"


@value
class RemoveTask(ClientRequest[None]):
    """Answers None."""

    database: str
    task: int

    def says(self) -> str:
        return f"wants task {self.task} of {self.database} to go"


@value
class EnableTask(ClientRequest[None]):
    """Answers None."""

    database: str
    task: int

    def says(self) -> str:
        return f"enables task {self.task} of {self.database}"


@value
class DisableTask(ClientRequest[None]):
    """Answers None. A backup that runs is cancelled (rule 9.2)."""

    database: str
    task: int

    def says(self) -> str:
        return f"disables task {self.task} of {self.database}"


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
