"""What can happen to backups, one class a kind: what a timeline shows, a watcher reads and a digest covers.

Those that every node says when it applies an entry are `Agreed` (agreed.py). No note holds a path of the real file
system, a size after compression, or a time of the real machine. Instants are wall µs of the node that says it,
durations µs. Never here: a note itself; this gathers them under one name.
"""

from backup.notes.agreed import (
    DatabaseCreated,
    DatabaseDeleted,
    DatabaseOpened,
    MoveAnnounced,
    MoveCalledOff,
    OwnerChanged,
    StatusStored,
    TaskDefined,
    TaskRemoved,
    TopologyChanged,
)
from backup.notes.copies import (
    CopyClosed,
    CopyHolds,
    CopyLost,
    CopyOpened,
    DatabaseRestored,
    DocumentsWritten,
    IndexCaughtUp,
    RestoreAbandoned,
)
from backup.notes.external import (
    ReplicationDefined,
    ReplicationRemoved,
    ReplicationReported,
    ReplicationStarted,
    ReplicationStopped,
    ReplicationWaits,
)
from backup.notes.observer import ObserverDecided
from backup.notes.retention import FolderExpired, FolderLeft, FolderRemoved, RetentionFailed
from backup.notes.runs import (
    BackupCancelled,
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    Reported,
    ReportGivenUp,
    ReportQueued,
)
from backup.notes.values import (
    IdentityMoved,
    IndexDefined,
    IndexRemoved,
    RevisionsConfigured,
    ValueExchanged,
    ValuesRestored,
)
from backup.notes.words import DETAIL, HEADLINE, NORMAL, duration_text, time_text

__all__ = [
    "DETAIL",
    "HEADLINE",
    "NORMAL",
    "BackupCancelled",
    "BackupDelayed",
    "BackupFailed",
    "BackupFinished",
    "BackupPlanned",
    "BackupSkipped",
    "BackupStarted",
    "CopyClosed",
    "CopyHolds",
    "CopyLost",
    "CopyOpened",
    "DatabaseCreated",
    "DatabaseDeleted",
    "DatabaseOpened",
    "DatabaseRestored",
    "DocumentsWritten",
    "FolderExpired",
    "FolderLeft",
    "FolderRemoved",
    "IdentityMoved",
    "IndexCaughtUp",
    "IndexDefined",
    "IndexRemoved",
    "MoveAnnounced",
    "MoveCalledOff",
    "ObserverDecided",
    "OwnerChanged",
    "ReplicationDefined",
    "ReplicationRemoved",
    "ReplicationReported",
    "ReplicationStarted",
    "ReplicationStopped",
    "ReplicationWaits",
    "ReportGivenUp",
    "ReportQueued",
    "Reported",
    "RestoreAbandoned",
    "RetentionFailed",
    "RevisionsConfigured",
    "StatusStored",
    "TaskDefined",
    "TaskRemoved",
    "TopologyChanged",
    "ValueExchanged",
    "ValuesRestored",
    "duration_text",
    "time_text",
]
