"""Promises about requests: a postponed backup waits, no edit is lost, and a server-wide task is in every database."""

from typing import ClassVar

from backup import notes
from backup.checks.model import Model
from cluster.checks import Sees, Watcher, on
from cluster.trace import Agreed, Crashed, Happened


class PutOffWaits(Watcher):
    promise: ClassVar[str] = "put off waits"
    says: ClassVar[str] = "a backup that was put off does not start by the clock of its node before that time (15.5)"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._until: dict[int, tuple[int, int, int]] = {}
        """By task: log index of the postponement, the instant until which it holds, and when it was asked for."""
        self._here: dict[tuple[str, int], tuple[int, int]] = {}
        """By node and task: the same for a postponement that only that node knows."""

    def sees(self) -> Sees:
        return [
            on(notes.BackupPostponed, self._agreed),
            on(notes.BackupPostponedHere, self._alone),
            on(notes.BackupStarted, self._started),
            on(Crashed, self._crashed),
        ]

    def _agreed(self, event: Happened[notes.BackupPostponed]) -> None:
        note = event.note
        if self._model.is_news(event):
            self._until[note.task] = (note.index, note.until, note.asked_at)

    def _alone(self, event: Happened[notes.BackupPostponedHere]) -> None:
        note = event.note
        self._here[event.node, note.task] = (note.until, note.asked_at)

    def _crashed(self, event: Happened) -> None:
        self._here = {key: known for key, known in self._here.items() if key[0] != event.node}

    def _started(self, event: Happened[notes.BackupStarted]) -> None:
        note = event.note
        if note.by_hand:  # the postponed backup is done (15.2)
            self._until.pop(note.task, None)
            self._here = {key: known for key, known in self._here.items() if key[1] != note.task}
            return
        known = [self._here.get((event.node, note.task))]
        index, until, asked_at = self._until.get(note.task, (0, 0, 0))
        if self._model.applied.get(event.node, 0) >= index:
            known.append((until, asked_at))
        for each in known:
            if each is not None and each[1] <= note.started_at < each[0]:
                raise self.broken(
                    f"{event.node} starts task {note.task} of {note.database} at {note.started_at}, "
                    f"and it was put off until {each[0]}"
                )


class NoEditLost(Watcher):
    promise: ClassVar[str] = "no edit is lost"
    says: ClassVar[str] = (
        "an edit of a server-wide task changes what its editor has seen, and nothing newer (16.6, 26.9)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._edited: dict[int, int] = {}
        """By server-wide task: log index of the entry that changed it last."""

    def sees(self) -> Sees:
        return [on(notes.ServerWideDefined, self._defined)]

    def _defined(self, event: Happened[notes.ServerWideDefined]) -> None:
        note = event.note
        if not self._model.is_news(event):
            return
        newest = self._edited.get(note.task, 0)
        if note.based_on != newest:
            raise self.broken(
                f"entry {note.index} changes server-wide task {note.task} as it was at entry {note.based_on}, and takes "
                f"back what entry {newest} made of it"
            )
        self._edited[note.task] = note.index


class ServerWideEverywhere(Watcher):
    promise: ClassVar[str] = "server-wide is everywhere"
    says: ClassVar[str] = (
        "at every entry of the log, each database that is not left out has one copy of each server-wide task, "
        "and no other database has any (16.3, 16.7)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._left_out: dict[int, frozenset[str]] = {}
        """By server-wide task: lower-case names of the databases that leave it out."""
        self._databases: dict[str, None] = {}
        self._copies: dict[tuple[int, str], int] = {}
        """By server-wide task and database: the id of the copy."""
        self._index = 0
        """Log index of the entry whose notes are being seen."""
        self._judged = 0

    def sees(self) -> Sees:
        return [
            on(notes.ServerWideDefined, self._told),
            on(notes.ServerWideRemoved, self._told),
            on(notes.DatabaseCreated, self._told),
            on(notes.DatabaseOpened, self._told),
            on(notes.DatabaseRemoved, self._told),
            on(notes.TaskDefined, self._told),
            on(notes.TaskRemoved, self._told),
            on(notes.OwnerChanged, self._owner_changed),
            on(notes.BackupStarted, self._began),
        ]

    def _owner_changed(self, event: Happened[notes.OwnerChanged]) -> None:
        """Judge the entry: owners are noted after all of its copies."""
        if self._model.is_news(event):
            self._judge()

    def _began(self, event: Happened[notes.BackupStarted]) -> None:
        """Judge the entry: a run begins after all notes of its task's entry."""
        self._judge()

    def finish(self) -> None:
        """Judge the last entry."""
        self._judge()

    def _told(self, event: Happened[Agreed]) -> None:
        note = event.note
        if not self._model.is_news(event):
            return
        if note.index != self._index:
            self._judge()
            self._index = note.index
        match note:
            case notes.ServerWideDefined(task=task, excluded=excluded):
                self._left_out[task] = frozenset(name.lower() for name in excluded)
            case notes.ServerWideRemoved(task=task):
                self._left_out.pop(task, None)
            case notes.DatabaseCreated(database=name, restoring=False) | notes.DatabaseOpened(database=name):
                self._databases[name.lower()] = None
            case notes.DatabaseRemoved(database=name):
                self._databases.pop(name.lower(), None)
                self._copies = {key: known for key, known in self._copies.items() if key[1] != name.lower()}
            case notes.TaskDefined(database=name, task=task, server_wide=template) if template:
                known = self._copies.setdefault((template, name.lower()), task)
                if known != task:
                    raise self.broken(f"{name} has server-wide task {template} twice, as {known} and {task}")
            case notes.TaskRemoved(task=task):
                self._copies = {key: known for key, known in self._copies.items() if known != task}

    def _judge(self) -> None:
        if self._judged == self._index:
            return
        self._judged = self._index
        wanted = {
            (task, name)
            for task, left_out in self._left_out.items()
            for name in self._databases
            if name not in left_out
        }
        for task, name in sorted(wanted ^ self._copies.keys()):
            how = "has no copy" if (task, name) in wanted else "has a copy it should not have"
            raise self.broken(f"at entry {self._index} database {name} {how} of server-wide task {task}")
