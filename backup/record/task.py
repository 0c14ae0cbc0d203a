"""What a backup task is: every field of rule 6.1. Values only.

A task without an id is a definition; the record gives it one. Never here: whether it makes sense (validation.py), and
when it is due (backup/runs/schedule.py).
"""

from enum import Enum

from backup.destinations.registry import AnySettings
from backup.record.encryption_keys import Encryption
from backup.record.retention_policy import Retention
from cluster.value import value


class Kind(Enum):
    """What a task makes (rule 6.1)."""

    BACKUP = "Backup"
    SNAPSHOT = "Snapshot"


class UploadMode(Enum):
    """How files reach places other than a local folder (rule 6.1): by way of a file on this node, or not."""

    DEFAULT = "Default"
    DIRECT_UPLOAD = "DirectUpload"


@value
class SnapshotSettings:
    """How a snapshot is made (rule 6.1)."""

    compression: str = "Zstd"
    """`Zstd`, `Deflate` or `None`."""
    level: str = "Fastest"
    """`Optimal`, `Fastest`, `NoCompression` or `SmallestSize`."""
    exclude_indexes: bool = False


@value
class Task:
    """A backup task (rule 6.1). What is left out stays at RavenDB's default."""

    full: str = ""
    """Cron text of five fields in the running node's zone; empty: no full backups by the clock."""
    incremental: str = ""
    """Likewise for incrementals."""
    destinations: tuple[AnySettings, ...] = ()
    """At most one block of each kind."""
    name: str = ""
    """Empty in a definition: the default name of rule 6.2."""
    kind: Kind = Kind.BACKUP
    mentor: str | None = None
    """The preferred node (rule 1.8)."""
    pinned: bool = False
    """Runs on its mentor or not at all (rule 7.12)."""
    disabled: bool = False
    retention: Retention | None = None
    """None: everything is kept (rule 14.2)."""
    id: int = 0
    """Log index of the command that created it (rule 1.6); 0 in a definition: a new task (rule 6.6)."""
    created_at: int = 0
    """Set when it is applied, from the time in the command (rules 6.6, 24.1)."""
    snapshot: SnapshotSettings = SnapshotSettings()
    encryption: Encryption | None = None
    """None: as the database is (rule 13.2)."""
    upload_mode: UploadMode = UploadMode.DEFAULT
    """With nothing but a local folder there is nothing to upload, either way."""
    renewed: int = 0
    """Log index of its last change of kind, after which its next run is full (rule 6.7); 0: none."""
    server_wide: int = 0
    """Id of the server-wide task that it is a copy of (rule 16.3); 0: a task of the database's own."""

    @property
    def usable(self) -> tuple[AnySettings, ...]:
        """The blocks that files can be sent to (section 12)."""
        return tuple(destination for destination in self.destinations if destination.usable)

    @property
    def runnable(self) -> bool:
        """Enabled, with at least one usable destination (rules 6.4, 7.9)."""
        return not self.disabled and bool(self.usable)


WORDS: tuple[type, ...] = (UploadMode, SnapshotSettings)
"""What travels, beside `Kind` and `Task`."""
