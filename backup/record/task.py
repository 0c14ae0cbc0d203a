"""The backup task, with every field of rule 6.1. Values only.

A task without an id is a definition; the record gives it an id. validation.py checks a definition, and
backup/runs/schedule.py decides when a task is due.
"""

from enum import Enum

from backup.destinations.registry import AnySettings
from backup.record.encryption_keys import Encryption
from backup.record.retention_policy import Retention
from cluster.value import value


class Kind(Enum):
    """The kind of backup that a task makes (rule 6.1)."""

    BACKUP = "Backup"
    SNAPSHOT = "Snapshot"


class UploadMode(Enum):
    """How files are uploaded (rule 6.1): written to the node's disk first (`DEFAULT`), or sent while they are written."""

    DEFAULT = "Default"
    DIRECT_UPLOAD = "DirectUpload"


@value
class SnapshotSettings:
    """The settings of snapshots (rule 6.1)."""

    compression: str = "Zstd"
    """The algorithm: `Zstd`, `Deflate` or `None`."""
    level: str = "Fastest"
    """The level of compression: `Optimal`, `Fastest`, `NoCompression` or `SmallestSize`."""
    exclude_indexes: bool = False
    """Whether the data of indexes is left out."""


@value
class Task:
    """A backup task (rule 6.1). The defaults are RavenDB's."""

    full: str = ""
    """Cron text of full backups: five fields, in the zone of the node that runs the task; empty for no schedule."""
    incremental: str = ""
    """Cron text of incremental backups, of the same form."""
    destinations: tuple[AnySettings, ...] = ()
    """At most one of each kind."""
    name: str = ""
    """Name of the task; empty in a definition for the default name of rule 6.2."""
    kind: Kind = Kind.BACKUP
    mentor: str | None = None
    """The preferred node (rule 1.8); None for none."""
    pinned: bool = False
    """Whether the task runs on its mentor or not at all (rule 7.12)."""
    disabled: bool = False
    retention: Retention | None = None
    """The retention policy; None if every backup is kept (rule 14.2)."""
    id: int = 0
    """Log index of the command that created the task (rule 1.6); 0 in the definition of a new task (rule 6.6)."""
    created_at: int = 0
    """Wall µs of the node that proposed the creation; set when the command is applied (rules 6.6, 24.1)."""
    snapshot: SnapshotSettings = SnapshotSettings()
    encryption: Encryption | None = None
    """How files are encrypted; None if they are encrypted as the database is (rule 13.2)."""
    upload_mode: UploadMode = UploadMode.DEFAULT
    """Has no effect if the only destination is a local folder."""
    renewed: int = 0
    """Log index of the last change of kind, after which the next run is full (rule 6.7); 0 for none."""
    server_wide: int = 0
    """Id of the server-wide task of which it is a copy (rule 16.3); 0 for a task of the database's own."""

    @property
    def usable(self) -> tuple[AnySettings, ...]:
        """The destinations to which files can be sent (section 12)."""
        return tuple(destination for destination in self.destinations if destination.usable)

    @property
    def runnable(self) -> bool:
        """Whether the task is enabled and has at least one usable destination (rules 6.4, 7.9)."""
        return not self.disabled and bool(self.usable)


WORDS: tuple[type, ...] = (UploadMode, SnapshotSettings)
"""The classes for the codec, besides `Kind` and `Task`."""
