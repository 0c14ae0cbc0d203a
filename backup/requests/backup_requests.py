"""What a client may ask of a task's runs, one frozen class each: now, once, later, not at all, and how it stands.

What each answers stands beside it; what it may be refused for is in errors.py. Never here: how it is done
(backup/node/backup_handler.py).
"""

from backup.destinations.registry import AnySettings
from backup.record.encryption_keys import Encryption
from backup.record.task import Kind, SnapshotSettings, Task
from backup.record.task_commands import PostponeBackup
from backup.requests.answers import BackupsView, Operation, ServerWideView, TaskView
from cluster.member import ClientRequest
from cluster.value import value


@value
class BackupNow(ClientRequest[Operation]):
    """Run the task now, at the node that is responsible (rule 15.1). Answers the `Operation`, or that which runs.

    Raises `AskAnother` at any other node, and the refusals.
    """

    database: str
    task: int
    full: bool = True

    def says(self) -> str:
        what = "a full" if self.full else "an incremental"
        return f"wants {what} backup by task {self.task} of {self.database} now"


@value
class BackupOnce(ClientRequest[Operation]):
    """A backup that no task makes, full, at the node that is asked (rule 15.3). Answers the `Operation`.

    It is known by the time it was made, is not to be changed, and nothing ever removes it.
    """

    database: str
    destinations: tuple[AnySettings, ...]
    kind: Kind = Kind.BACKUP
    encryption: Encryption | None = None
    snapshot: SnapshotSettings = SnapshotSettings()

    def says(self) -> str:
        return f"wants a one-time {self.kind.value.lower()} of {self.database}"

    def as_task(self, number: int) -> Task:
        """What it is to a run."""
        return Task(
            name=f"One Time Backup #{number}",
            destinations=self.destinations,
            kind=self.kind,
            encryption=self.encryption,
            snapshot=self.snapshot,
        )


@value
class CancelBackup(ClientRequest[Operation]):
    """End a run that is under way at the node that is asked; nothing of it is kept (rule 15.6). Answers its `Operation`."""

    database: str
    task: int
    number: int | None = None
    """Of the operation; None: whichever run of the task there is."""

    def says(self) -> str:
        return f"cancels the backup of task {self.task} of {self.database}"


@value
class ShowTask(ClientRequest[TaskView]):
    """How a task stands, as the node that is asked knows it (rule 20.1). Answers a `TaskView`."""

    database: str
    task: int

    def says(self) -> str:
        return f"looks at task {self.task} of {self.database}"


@value
class ShowBackups(ClientRequest[BackupsView]):
    """How the backups of a database stand, one-time ones included (rule 20.5). Answers a `BackupsView`."""

    database: str

    def says(self) -> str:
        return f"looks at the backups of {self.database}"


@value
class ShowServerWide(ClientRequest[tuple[ServerWideView, ...]]):
    """The server-wide tasks, as the node that is asked knows them. Answers a tuple of `ServerWideView`."""

    def says(self) -> str:
        return "looks at the server-wide tasks"


Action = BackupNow | BackupOnce | PostponeBackup | CancelBackup | ShowTask | ShowBackups | ShowServerWide
