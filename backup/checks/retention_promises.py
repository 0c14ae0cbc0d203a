"""The promise about retention: chains that must stay stay, and chains that are too old are removed (section 14).

It knows each folder from the notes of the runs that filled it, and does not use the retention code's own choice.
"""

from typing import ClassVar

import attrs

from backup import notes
from backup.checks.files import WatchedFiles, home
from backup.destinations.registry import kind_of
from backup.notes.retention import age_text
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.steps import JumpClock, Zone
from cluster.time_units import HOUR, SECOND
from cluster.trace import Crashed, Happened, Stepped

Place = tuple[str, str]
"""The node a place belongs to (empty: a cloud), and its path."""
SLACK = 60 * SECOND
"""µs of tolerance: a chain that is nearly old enough may stay or go."""


@attrs.define(eq=False)
class Folder:
    """One chain, as the runs that wrote it noted it."""

    database: str
    task: int
    last: int
    """Start of its newest backup, wall µs of its node."""


class KeptAsRuled(Watcher):
    promise: ClassVar[str] = "kept as ruled"
    says: ClassVar[str] = (
        "retention removes old chains of its own task, all of them, nothing younger, nobody else's, and never the last "
        "chain of a task that can be restored (14)"
    )

    def __init__(self, files: WatchedFiles, rules: Rules) -> None:
        self._files = files
        self._strict = rules.retention_by_manifest and rules.retention_keeps_last_chain
        """Whether losing another task's chain, or a task's last one, breaks the promise; under RavenDB's rules it is counted."""
        self._folders: dict[Place, dict[str, Folder]] = {}
        self._keeps: dict[int, int | None] = {}
        """By task: the minimum age (µs) that it keeps now; None: it keeps everything."""
        self._due: dict[tuple[str, int], tuple[list[Place], int]] = {}
        """By node and task: places and start (wall µs) of its last full, after which old chains were to be removed."""
        self._left: set[tuple[Place, str]] = set()
        """Place and folder of chains that could not be read, or have lost a file."""
        self._clocks_were_set = False
        self.lost: list[tuple[str, str]] = []
        """Node and folder of each chain that was removed although it was another task's, or the last of its task."""

    def sees(self) -> Sees:
        return [
            on(notes.TaskDefined, self._task_defined),
            on(notes.FolderExpired, self._expired),
            on(notes.FolderRemoved, self._removed),
            on(notes.FolderLeft, self._was_left),
            on(notes.FileLost, self._was_left),
            on(notes.RetentionFailed, self._failed),
            on(notes.BackupStarted, self._started),
            on(notes.BackupFinished, self._finished),
            on(Crashed, self._crashed),
            on(Stepped, self._stepped),
        ]

    def _task_defined(self, event: Happened[notes.TaskDefined]) -> None:
        note = event.note
        if self._keeps.get(note.task, -1) != note.keeps:
            self._keeps[note.task] = note.keeps
            for due in [each for each in self._due if each[1] == note.task]:  # the age that applies is unknown
                del self._due[due]

    def _expired(self, event: Happened[notes.FolderExpired]) -> None:
        note = event.note
        found = self._folders.get(_place(event.node, note.path), {}).get(note.folder)
        if found is None:  # a crash cut its run off, or it existed before this world
            return
        who = f"task {note.task} of {note.database} removes {note.folder} on {event.node}"
        if note.at - found.last < note.age - (0 if self._strict else 2 * HOUR):  # rule 14.7: local times
            old = age_text(max(0, note.at - found.last))
            raise self.broken(f"{who}, whose newest backup is {old} old where {age_text(note.age)} are kept")
        others = self._folders[_place(event.node, note.path)]
        rest = [each for name, each in others.items() if name != note.folder and each.task == found.task]
        if found.task == note.task and rest:
            return
        self.lost.append((event.node, note.folder))
        if self._strict:
            other = f"which is of task {found.task} of {found.database}" if found.task != note.task else ""
            raise self.broken(f"{who}, {other or 'and no other chain of it is left there'}")

    def _removed(self, event: Happened[notes.FolderRemoved]) -> None:
        self._folders.get(_place(event.node, event.note.path), {}).pop(event.note.folder, None)

    def _was_left(self, event: Happened[notes.FolderLeft | notes.FileLost]) -> None:
        self._left.add((_place(event.node, event.note.path), event.note.folder))

    def _failed(self, event: Happened[notes.RetentionFailed]) -> None:
        self._due.pop((event.node, event.note.task), None)

    def _crashed(self, event: Happened) -> None:
        for due in [each for each in self._due if each[0] == event.node]:
            del self._due[due]

    def _stepped(self, event: Happened[Stepped]) -> None:
        if isinstance(event.note.step, JumpClock | Zone):
            self._clocks_were_set = True

    def _finished(self, event: Happened[notes.BackupFinished]) -> None:
        note = event.note
        places = [(owner, path) for owner, path, _ in self._files.kept((event.node, note.task, note.started_at))]
        for place in places:
            new = Folder(note.database, note.task, note.started_at)
            known = self._folders.setdefault(place, {}).setdefault(note.folder, new)
            known.last = max(known.last, note.started_at)
        if note.full and self._keeps.get(note.task) is not None:
            cleaned = [place for place in places if kind_of(place[1]).retention_applies]  # 14.6
            self._due[event.node, note.task] = (cleaned, note.started_at)

    def _started(self, event: Happened[notes.BackupStarted]) -> None:
        """Check the task's last retention, which had until the start of its next run."""
        note = event.note
        places, at = self._due.pop((event.node, note.task), ([], 0))
        age = self._keeps.get(note.task)
        if age is None or self._clocks_were_set or not self._strict:
            return
        for place in places:
            for name, folder in self._folders[place].items():
                if folder.task == note.task and folder.last + age + SLACK <= at and (place, name) not in self._left:
                    raise self.broken(
                        f"{name} in {place[1]} of {place[0] or 'nobody'} is still there after a full backup of task "
                        f"{note.task} of {note.database} by {event.node}, though its newest backup was "
                        f"{age_text(at - folder.last)} old and {age_text(age)} are kept"
                    )


def _place(node: str, path: str) -> Place:
    return home(node, path), path
