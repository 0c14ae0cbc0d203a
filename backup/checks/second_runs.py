"""The promise that in calm times no node starts what another one is known to have under way (rule 24.8, complaint 23.1)."""

from typing import ClassVar

from backup import notes
from backup.checks.model import Model
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.time_units import SECOND
from cluster.trace import Crashed, Happened
from cluster.value import value

KNOWN_AFTER = 10 * SECOND
"""How long (µs) after its start every node knows of a run, where nothing is in the way of the reports and of the log."""
Ends = notes.BackupFinished | notes.BackupFailed | notes.BackupCancelled


@value
class UnderWay:
    """A run of a task under way."""

    t: int
    """True time of its start in µs."""
    started_at: int
    """Wall µs of its start by the clock of its node."""


class OneRunIsEnough(Watcher):
    promise: ClassVar[str] = "one run is enough"
    says: ClassVar[str] = (
        "while a run is under way, and leader and nodes are calm, no other node starts one for the same occurrence (24.8)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._is_promised = rules.takes_over_uncovered and rules.assigned
        self._runs: dict[int, dict[str, UnderWay]] = {}
        """By task and node: the run under way there."""

    def sees(self) -> Sees:
        if not self._is_promised:
            return []
        return [
            on(notes.BackupStarted, self._started),
            on(notes.BackupFinished, self._ended),
            on(notes.BackupFailed, self._ended),
            on(notes.BackupCancelled, self._ended),
            on(Crashed, self._crashed),
        ]

    def _started(self, event: Happened[notes.BackupStarted]) -> None:
        note, runs = event.note, self._runs.setdefault(event.note.task, {})
        for node, run in runs.items():
            is_same = node != event.node and run.started_at >= note.occurrence and not note.by_hand
            if is_same and event.t - run.t >= KNOWN_AFTER and self._is_calm((node, event.node), run.t):
                raise self.broken(
                    f"{event.node} starts task {note.task} of {note.database} for {notes.time_text(note.occurrence)}, "
                    f"which {node} has under way since {notes.time_text(run.started_at)}"
                )
        runs[event.node] = UnderWay(event.t, note.started_at)

    def _is_calm(self, nodes: tuple[str, ...], since: int) -> bool:
        """Whether leader and nodes have been able to tell each other since a while before that true time."""
        model = self._model
        if model.is_set(nodes) or any(model.is_slow_disk(node) or not model.can_act(node) for node in model.up):
            return False
        return model.spread(nodes, model.now) < SECOND and model.troubled_at(nodes) < since - KNOWN_AFTER

    def _ended(self, event: Happened[Ends]) -> None:
        self._runs.get(event.note.task, {}).pop(event.node, None)

    def _crashed(self, event: Happened[Crashed]) -> None:
        for runs in self._runs.values():
            runs.pop(event.node, None)
