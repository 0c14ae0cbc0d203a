"""What a client may ask of a task's runs, one frozen class each: now, once, later, not at all, and how it stands.

What each answers stands beside it; what it may be refused for is in errors.py. Never here: how it is done
(backup/node/backup_handler.py).
"""

from backup.destinations.registry import AnySettings
from backup.record.encryption_keys import Encryption
from backup.record.task import Kind, SnapshotSettings, Task
from backup.requests.answers import BackupsView, Operation, ServerWideView, TaskView
from cluster.member import ClientRequest
from cluster.time_units import SECOND
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
class Postponed:
    """What became of a delay."""

    until: int
    """Wall µs of the responsible node."""
    agreed: bool
    """False: nobody led, so only that node knows, until it goes down."""


@value
class PutOff(ClientRequest[Postponed]):
    """Let the task not run for so many µs; what runs is cancelled, and starts from scratch (rule 15.5).

    Answers `Postponed`. Raises `AskAnother` at a node that is not responsible, and the refusals.
    """

    database: str
    task: int
    duration: int

    def says(self) -> str:
        return f"puts off task {self.task} of {self.database} by {self.duration / SECOND / 60:g} min"


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
class DefineServerWide(ClientRequest[int]):
    """Back up every database by one task, those that come later too (rule 16.1). Answers its id.

    `task` 0 makes a new one; else that one and all its copies become like this.
    """

    definition: Task
    excluded: tuple[str, ...] = ()
    task: int = 0

    def says(self) -> str:
        but = f" but {', '.join(self.excluded)}" if self.excluded else ""
        return f"wants a server-wide task for all databases{but}"


@value
class RemoveServerWide(ClientRequest[None]):
    """A server-wide task goes, with all its copies; their files stay. Answers None."""

    task: int

    def says(self) -> str:
        return f"wants server-wide task {self.task} to go"


@value
class SwitchServerWide(ClientRequest[None]):
    """Enable or disable a server-wide task, with all its copies (rule 16.6). Answers None."""

    task: int
    on: bool

    def says(self) -> str:
        return f"{'enables' if self.on else 'disables'} server-wide task {self.task}"


@value
class ShowServerWide(ClientRequest[tuple[ServerWideView, ...]]):
    """The server-wide tasks, as the node that is asked knows them. Answers a tuple of `ServerWideView`."""

    def says(self) -> str:
        return "looks at the server-wide tasks"


ServerWideAction = DefineServerWide | RemoveServerWide | SwitchServerWide | ShowServerWide
Action = BackupNow | BackupOnce | PutOff | CancelBackup | ShowTask | ShowBackups
