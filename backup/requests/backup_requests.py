"""Clients' requests about backups, one frozen class each: run now, run once, cancel, and show the state.

Each class names its answer; the refusals are in errors.py. Requests are answered in backup/node/backup_handler.py.
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
    """Run the task now, on the responsible node (rule 15.1). Answers the new `Operation`, or the one under way.

    Raises `AskAnother` on any other node, and the other refusals of errors.py.
    """

    database: str
    task: int
    full: bool = True

    def says(self) -> str:
        what = "a full" if self.full else "an incremental"
        return f"wants {what} backup by task {self.task} of {self.database} now"


@value
class BackupOnce(ClientRequest[Operation]):
    """Run a full backup without a task, on the node that is asked (rule 15.3). Answers the `Operation`.

    Its start identifies it. It cannot be changed, and retention never removes it.
    """

    database: str
    destinations: tuple[AnySettings, ...]
    kind: Kind = Kind.BACKUP
    encryption: Encryption | None = None
    snapshot: SnapshotSettings = SnapshotSettings()

    def says(self) -> str:
        return f"wants a one-time {self.kind.value.lower()} of {self.database}"

    def as_task(self, number: int) -> Task:
        """The task definition under which the run is made."""
        return Task(
            name=f"One Time Backup #{number}",
            destinations=self.destinations,
            kind=self.kind,
            encryption=self.encryption,
            snapshot=self.snapshot,
        )


@value
class CancelBackup(ClientRequest[Operation]):
    """Cancel a run under way on the node that is asked; its file is not kept (rule 15.6). Answers its `Operation`."""

    database: str
    task: int
    number: int | None = None
    """Number of the operation; None: any run of the task."""

    def says(self) -> str:
        return f"cancels the backup of task {self.task} of {self.database}"


@value
class ShowTask(ClientRequest[TaskView]):
    """Ask for the state of a task, as the node that is asked knows it (rule 20.1). Answers a `TaskView`."""

    database: str
    task: int

    def says(self) -> str:
        return f"looks at task {self.task} of {self.database}"


@value
class ShowBackups(ClientRequest[BackupsView]):
    """Ask for the state of a database's backups, one-time ones included (rule 20.5). Answers a `BackupsView`."""

    database: str

    def says(self) -> str:
        return f"looks at the backups of {self.database}"


@value
class ShowServerWide(ClientRequest[tuple[ServerWideView, ...]]):
    """Ask for the server-wide tasks, as the node that is asked knows them. Answers a tuple of `ServerWideView`."""

    def says(self) -> str:
        return "looks at the server-wide tasks"


Action = BackupNow | BackupOnce | PostponeBackup | CancelBackup | ShowTask | ShowBackups | ShowServerWide
