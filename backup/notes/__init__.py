"""All notes about backups under one name. Timelines show notes, watchers read them, and digests cover them.

The notes that every node writes when it applies an entry are `Agreed` (record_notes.py, values.py). No note holds a path
of the real file system, a size after compression, or a time of the real machine. Instants are wall µs of the node that
writes the note, durations are µs.
"""

from backup.notes.copies import *  # noqa: F403  # so that a note is named only where it is defined
from backup.notes.external import *  # noqa: F403
from backup.notes.record_notes import *  # noqa: F403
from backup.notes.retention import *  # noqa: F403
from backup.notes.runs import *  # noqa: F403
from backup.notes.values import *  # noqa: F403
from backup.notes.words import *  # noqa: F403
