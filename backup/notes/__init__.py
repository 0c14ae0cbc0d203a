"""What can happen to backups, one class a kind: what a timeline shows, a watcher reads and a digest covers.

Those that every node says when it applies an entry are `Agreed` (record_notes.py). No note holds a path of the real file
system, a size after compression, or a time of the real machine. Instants are wall µs of the node that says it,
durations µs. Never here: a note itself; this gathers them under one name.
"""

from backup.notes.copies import *  # noqa: F403  # a note is named once, where it is
from backup.notes.external import *  # noqa: F403
from backup.notes.record_notes import *  # noqa: F403
from backup.notes.retention import *  # noqa: F403
from backup.notes.runs import *  # noqa: F403
from backup.notes.values import *  # noqa: F403
from backup.notes.words import *  # noqa: F403
