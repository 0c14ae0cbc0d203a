"""The promise about external replication: a replica that nobody else writes to holds what its source holds (19.4)."""

from itertools import combinations
from typing import ClassVar

from backup import notes
from backup.checks.documents import CALM, CopyContents
from backup.checks.model import Model
from cluster.checks import Sees, Watcher, on
from cluster.trace import Ended, Happened


class ReplicasFollow(Watcher):
    promise: ClassVar[str] = "replicas follow"
    says: ClassVar[str] = (
        "after minutes of calm a database that is filled by one external replication, and by nobody else, holds the "
        "same documents as its source (19.4)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._ids: dict[str, int] = {}
        """Database ids by lower-case name."""
        self._tasks: dict[int, notes.ReplicationDefined] = {}
        self._own: set[int] = set()
        """Databases that clients write to, or that keep data which their source may lack: they need not equal it."""
        self._contents = CopyContents(model)
        self._changed_at = 0
        """True time at which a task was last defined."""

    def sees(self) -> Sees:
        return [
            on(notes.DatabaseCreated, self._created),
            on(notes.DatabaseRemoved, self._deleted),
            on(notes.DatabaseRestored, self._has_its_own),
            on(notes.DocumentsWritten, self._has_its_own),
            on(notes.RevisionsConfigured, self._has_its_own),
            on(notes.ReplicationDefined, self._defined),
            on(notes.ReplicationRemoved, self._removed),
            on(Ended, self._ended),
            *self._contents.sees(),
        ]

    def _created(self, event: Happened[notes.DatabaseCreated]) -> None:
        note = event.note
        self._ids[note.database.lower()] = max(note.index, self._ids.get(note.database.lower(), 0))

    def _deleted(self, event: Happened[notes.DatabaseRemoved]) -> None:
        gone = event.note.database.lower()
        if self._ids.get(gone, event.note.index) < event.note.index:
            del self._ids[gone]
        for task_id in [each.task for each in self._tasks.values() if each.database.lower() == gone]:
            del self._tasks[task_id]

    def _has_its_own(
        self, event: Happened[notes.DatabaseRestored | notes.DocumentsWritten | notes.RevisionsConfigured]
    ) -> None:
        note = event.note
        database_id = self._ids.get(note.database.lower())
        if database_id is not None:
            self._own.add(database_id)

    def _defined(self, event: Happened[notes.ReplicationDefined]) -> None:
        note = event.note
        before = self._tasks.get(note.task)
        if note.nodes or (before is not None and before.index >= note.index):
            return  # what another cluster holds, its own watchers see
        if before is not None and before.destination.lower() != note.destination.lower():
            self._spoil(before)  # what the old definition sent to its destination stays there
        self._tasks[note.task] = note
        self._changed_at = event.t

    def _removed(self, event: Happened[notes.ReplicationRemoved]) -> None:
        before = self._tasks.pop(event.note.task, None)
        if before is not None:
            self._spoil(before)

    def _spoil(self, task: notes.ReplicationDefined) -> None:
        destination = self._ids.get(task.destination.lower())
        if destination is not None:
            self._own.add(destination)

    def _ended(self, event: Happened) -> None:
        model = self._model
        since = max(self._changed_at, self._contents.changed_at, model.disturbed_at)
        if not model.has_leader or model.full:
            return
        for task in self._tasks.values():
            if task.disabled or event.t - since < CALM + task.delay or (task.pinned and not model.is_up(task.mentor)):
                continue
            others = [each for each in self._tasks.values() if each.destination.lower() == task.destination.lower()]
            source, destination = self._ids.get(task.database.lower()), self._ids.get(task.destination.lower())
            if source is None or destination is None or destination in self._own or len(others) > 1:
                continue
            sources, targets = (
                self._contents.prints(task.database, source),
                self._contents.prints(task.destination, destination),
            )
            nodes = dict.fromkeys((*sources, *targets))
            if not all(model.links.hear(one, other) for one, other in combinations(nodes, 2)):
                continue  # whoever sends may not reach who takes
            held, far = set(sources.values()), set(targets.values())
            if len(held) == 1 and far and far != held:
                raise self.broken(
                    f"{task.destination} does not hold what {task.database} holds, after minutes of calm (task {task.task})"
                )
