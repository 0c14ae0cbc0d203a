"""The promise that a run comes to an end: while one is under way, no other of its task begins on that node (9.3)."""

from typing import ClassVar

from backup.checks.model import HARMLESS, Model
from backup.notes import BackupCancelled, BackupFailed, BackupFinished, BackupStarted
from cluster.checks import Sees, Watcher, on
from cluster.steps import Mend, nodes_of
from cluster.time_units import DAY
from cluster.trace import Crashed, Happened, Stepped

LONGEST_RUN = 2 * DAY
"""µs a run may take. An upload is given up after twelve hours, and without slowness writing takes hours at most."""

RunKey = tuple[str, str, int, int]
"""Node, database, task, and the run's start in wall µs of the node."""
RunNote = BackupStarted | BackupFinished | BackupFailed | BackupCancelled


class RunsEnd(Watcher):
    promise: ClassVar[str] = "every run ends"
    says: ClassVar[str] = (
        "a run ends within two days in which its node is up and the story touches neither the node nor its places (9.3)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._running: dict[RunKey, int] = {}
        """By run under way: the true time (µs) from which its two days count, in the order of those times."""
        model.before.append(self._look)

    def sees(self) -> Sees:
        return [
            on(BackupStarted, self._started),
            on(BackupFinished, self._ended),
            on(BackupFailed, self._ended),
            on(BackupCancelled, self._ended),
            on(Crashed, self._crashed),
            on(Stepped, self._stepped),
        ]

    def finish(self) -> None:
        """Check a last time."""
        self._look(self._model.now)

    def _started(self, event: Happened[BackupStarted]) -> None:
        self._look(event.t)
        self._running[_key(event)] = event.t

    def _ended(self, event: Happened[BackupFinished] | Happened[BackupFailed] | Happened[BackupCancelled]) -> None:
        self._running.pop(_key(event), None)

    def _crashed(self, event: Happened) -> None:
        for run in [run for run in self._running if run[0] == event.node]:
            del self._running[run]

    def _stepped(self, event: Happened[Stepped]) -> None:
        """Restart the two days of a node's runs when the node is disturbed."""
        step = event.note.step
        if not isinstance(step, HARMLESS):
            touched = nodes_of(step)
            for run in [run for run in self._running if run[0] in touched or isinstance(step, Mend)]:
                self._count_from(run, event.t)

    def _count_from(self, run: RunKey, t: int) -> None:
        del self._running[run]
        self._running[run] = t

    def _look(self, now: int) -> None:
        """Check the runs whose time is over; the first in the dict has run longest."""
        while self._running:
            run, since = next(iter(self._running.items()))
            if now - since < LONGEST_RUN:
                return
            node, database, task, _ = run
            if self._model.is_up(node) and not self._model.is_slow(node):
                days = LONGEST_RUN // DAY
                raise self.broken(
                    f"the run of task {task} of {database} on {node} has not ended within {days} days, and nothing holds "
                    "it up"
                )
            self._count_from(run, now)


def _key(event: Happened[RunNote]) -> RunKey:
    note = event.note
    return event.node, note.database, note.task, note.started_at
