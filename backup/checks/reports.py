"""The promise about reports: late ones come in the order of their starts, each once (rule 24.6)."""

from typing import ClassVar

from backup.checks.model import Model, Sees
from backup.notes import (
    BackupFailed,
    BackupFinished,
    BackupSkipped,
    Reported,
    ReportGivenUp,
    StatusStored,
    TaskRemoved,
)
from backup.record import ONE_TIME
from cluster.checks import Watcher
from cluster.trace import Crashed, Happened

Run = tuple[int, int]
"""Start and task of a run of one node."""


class ReportsInOrder(Watcher):
    promise: ClassVar[str] = "reports in order"
    says: ClassVar[str] = "a node tells of its runs once each, and of late ones in the order of their starts (24.6)"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._waiting: dict[str, dict[Run, int]] = {}
        """By node: runs that ended and were not told of, with the number of the event of their end."""
        self._told: set[tuple[str, Run]] = set()
        self._stored: dict[tuple[str, Run], None] = {}
        """Runs that the record has, and whose node may have gone down before it could say so."""

    def sees(self) -> Sees:
        return {
            BackupFinished: self._ended,
            BackupSkipped: self._ended,
            BackupFailed: self._ended,
            Reported: self._reported,
            ReportGivenUp: self._given_up,
            StatusStored: self._status_stored,
            TaskRemoved: self._task_removed,
            Crashed: self._crashed,
        }

    def _ended(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, BackupFinished | BackupSkipped | BackupFailed)
        if isinstance(note, BackupFailed) and note.task == ONE_TIME:
            return  # rule 15.4: nobody is told of it
        self._waiting.setdefault(event.node, {})[note.started_at, note.task] = event.seq

    def _reported(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Reported)
        run = (note.started_at, note.task)
        if (event.node, run) in self._told:
            raise self.broken(f"{event.node} tells twice of the run of task {note.task} that started {note.started_at}")
        self._told.add((event.node, run))
        self._stored.pop((event.node, run), None)
        waiting = self._waiting.setdefault(event.node, {})
        ended = waiting.pop(run, None)
        if ended is None or not note.late:
            return
        for other, other_ended in waiting.items():
            if other[0] < note.started_at and other_ended < ended:
                raise self.broken(
                    f"{event.node} tells of a run of task {note.task} before that of task {other[1]}, "
                    f"which started and ended earlier and waits still"
                )

    def _given_up(self, event: Happened) -> None:
        assert isinstance(event.note, ReportGivenUp)
        self._waiting.setdefault(event.node, {}).pop((event.note.started_at, event.note.task), None)

    def _status_stored(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, StatusStored)
        run = (note.started_at, note.task)
        if run in self._waiting.get(note.node, {}):
            self._stored[note.node, run] = None

    def _task_removed(self, event: Happened) -> None:
        assert isinstance(event.note, TaskRemoved)
        for waiting in self._waiting.values():
            for run in [run for run in waiting if run[1] == event.note.task]:
                del waiting[run]

    def _crashed(self, event: Happened) -> None:
        if event.node in self._model.was_full:  # what it could not write it has forgotten
            self._waiting.pop(event.node, None)
            self._stored = {each: None for each in self._stored if each[0] != event.node}
        for node, run in [each for each in self._stored if each[0] == event.node]:
            del self._stored[node, run]
            self._waiting[node].pop(run, None)
