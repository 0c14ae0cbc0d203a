"""The promise that in calm times no second node answers an occurrence that one has answered (rule 24.8, complaint 23.1)."""

from typing import ClassVar

from backup import notes
from backup.checks.model import NEVER, Model
from backup.record.rules import Rules
from cluster import steps
from cluster.checks import Sees, Watcher, on
from cluster.time_units import SECOND
from cluster.trace import Crashed, Happened, Stepped
from cluster.value import value

KNOWN_AFTER = 10 * SECOND
"""How long (µs) after its start every node knows of a run, where nothing is in the way of the reports and of the log."""
Starts = notes.BackupStarted | notes.BackupSkipped
Fails = notes.BackupFailed | notes.BackupCancelled


@value
class LastRun:
    """The last run of a task on one node, under way or done."""

    t: int
    """True time of its start in µs."""
    started_at: int
    """Wall µs of its start by the clock of its node."""
    full: bool
    by_hand: bool


class OneRunIsEnough(Watcher):
    promise: ClassVar[str] = "one run is enough"
    says: ClassVar[str] = (
        "while all nodes are up and calm, no second one starts a run for an occurrence that another has run (24.8); under "
        "`ravendb-*` unless the task has moved or was edited in between (23.1), or a report was given up (10.6)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._is_told = rules.takes_over_uncovered and rules.assigned
        """Whether a new owner is told of the runs of the one before it."""
        self._is_computed = not rules.assigned
        """Whether each node works out the owners, by the last run that it knows of (7.5)."""
        self._healed_at = -NEVER
        """True time at which links were last made whole."""
        self._edited: dict[int, int] = {}
        """By task: true time at which a node last told of an edit of it."""
        self._runs: dict[int, dict[str, LastRun]] = {}
        """By task and node."""
        self._alone: dict[int, set[str]] = {}
        """By task: the nodes that have given up the report of a run, and know of it alone until another is in the record (10.4)."""

    def sees(self) -> Sees:
        return [
            on(notes.TaskDefined, self._defined),
            on(notes.BackupStarted, self._started),
            on(notes.BackupSkipped, self._started),
            on(notes.BackupFailed, self._failed),
            on(notes.BackupCancelled, self._failed),
            on(notes.ReportGivenUp, self._given_up),
            on(notes.StatusStored, self._stored),
            on(Stepped, self._stepped),
            on(Crashed, self._crashed),
        ]

    def _started(self, event: Happened[Starts]) -> None:
        note, runs = event.note, self._runs.setdefault(event.note.task, {})
        full, by_hand = (note.full, note.by_hand) if isinstance(note, notes.BackupStarted) else (False, False)
        mine = LastRun(event.t, note.started_at, full, by_hand)
        for node, run in runs.items() if not mine.by_hand else ():
            answers = run.started_at >= note.occurrence and (run.full or not mine.full)
            if node != event.node and answers and self._is_promised(event, run) and self._is_calm(run.t):
                raise self.broken(
                    f"{event.node} starts task {note.task} of {note.database} for {notes.time_text(note.occurrence)}, "
                    f"which {node} has run since {notes.time_text(run.started_at)}"
                )
        runs[event.node] = mine

    def _is_promised(self, event: Happened[Starts], run: LastRun) -> bool:
        """Whether the node must know that it is not its turn: of the other one's run, or as the task is not its own."""
        note = event.note
        if self._is_told and event.t - run.t >= KNOWN_AFTER:
            return True
        if self._is_computed and self._alone.get(note.task):
            return False  # that node holds itself responsible, and the others go by the record
        changed_at = max(self._model.disturbed(note.database), self._edited.get(note.task, -NEVER))
        return not run.by_hand and changed_at < run.t - KNOWN_AFTER

    def _is_calm(self, since: int) -> bool:
        """Whether all nodes have been able to tell each other since a while before that true time."""
        model, nodes = self._model, tuple(self._model.up)
        if model.is_set(nodes) or any(model.is_slow_disk(node) or not model.can_act(node) for node in nodes):
            return False
        if model.spread(nodes, model.now) >= SECOND or model.links.groups() != [frozenset(nodes)]:
            return False
        return max(model.troubled_at(nodes), self._healed_at) < since - KNOWN_AFTER

    def _given_up(self, event: Happened[notes.ReportGivenUp]) -> None:
        self._alone.setdefault(event.note.task, set()).add(event.node)

    def _stored(self, event: Happened[notes.StatusStored]) -> None:
        """A node goes by the record as soon as that holds a run of the task (8.10)."""
        self._alone.get(event.note.task, set()).discard(event.node)

    def _defined(self, event: Happened[notes.TaskDefined]) -> None:
        self._edited[event.note.task] = event.t

    def _stepped(self, event: Happened[Stepped]) -> None:
        if isinstance(event.note.step, steps.Heal | steps.Release):
            self._healed_at = event.t

    def _failed(self, event: Happened[Fails]) -> None:
        self._runs.get(event.note.task, {}).pop(event.node, None)

    def _crashed(self, event: Happened[Crashed]) -> None:
        for runs in self._runs.values():
            runs.pop(event.node, None)
        for alone in self._alone.values():
            alone.discard(event.node)
