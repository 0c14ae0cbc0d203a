"""The promise that deletions are forgotten: a node keeps them only for somebody who may need them (18.5, 18.6, 26.4)."""

from typing import ClassVar

import attrs

from backup import notes
from backup.checks.model import UTC, Model, TaskHistory
from backup.notes import NeededBy
from backup.record.cron import next_occurrence
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.time_units import MINUTE
from cluster.trace import Crashed, Ended, Happened

FORGOTTEN_WITHIN = 15 * MINUTE
"""How long (µs), in calm, deletions may stay that nobody needs: the longest period of cleaning, and as long as copies take."""
AGAIN = 1 * MINUTE
IN_CALM = (NeededBy.COPY, NeededBy.FAREWELL)
"""Needs that end by themselves while nodes can talk."""


@attrs.define(eq=False)
class KeptDeletions:
    """Deletions that a node keeps, for the reason that it has told last."""

    note: notes.DeletionsKept
    needed_at: int
    """True time (µs) at which that reason was last seen to hold."""


class DeletionsForgotten(Watcher):
    promise: ClassVar[str] = "deletions are forgotten"
    says: ClassVar[str] = (
        "in calm a node keeps deletions only for a copy, a replication or a backup that may need them, and forgets them "
        "within minutes when none does (18.5, 18.6, 26.4)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self._kept: dict[tuple[str, str, bool], KeptDeletions] = {}
        """By node, database, and whether of values."""
        self._fulls: dict[tuple[int, str], int] = {}
        """By task and node: wall µs of the start of its last full, by its own clock, done or not."""
        self._stored: dict[tuple[int, str], int] = {}
        """By task and node: wall µs of the start of its last full in the record; values go by that."""
        self._runs: dict[int, dict[str, int]] = {}
        """By task: wall µs of the start of each node's last run in the record."""
        self._missed: set[tuple[int, str]] = set()
        """Tasks and nodes that begin with a full, as they have missed one: another node's run is in the record (8.12)."""
        self._departed: dict[str, set[str]] = {}
        """By database: nodes that left its group and have not said that they have no copy any more."""
        self._gone: dict[str, dict[str, int]] = {}
        """By database: keys of values whose deletion is not forgotten, and the entry that deleted each."""
        self._look_at = 0
        model.before.append(self._look)

    def sees(self) -> Sees:
        return [
            on(notes.DeletionsKept, self._told),
            on(notes.TombstonesCleaned, self._cleaned),
            on(notes.ValueTombstonesCleaned, self._values_cleaned),
            on(notes.CompareExchangeChanged, self._exchanged),
            on(notes.DatabaseRemoved, self._removed),
            on(notes.TopologyChanged, self._regrouped),
            on(notes.FarewellSaid, self._farewell),
            on(notes.BackupStarted, self._started),
            on(notes.StatusStored, self._reported),
            on(Crashed, self._down),
            on(Ended, self._ended),
        ]

    # ---- what is kept

    def _told(self, event: Happened[notes.DeletionsKept]) -> None:
        note = event.note
        if note.values:  # the leader tells for all
            self._drop(note.database, values=True)
        key = event.node, note.database, note.values
        if note.needed_by:
            self._kept[key] = KeptDeletions(note, event.t)
        else:
            self._kept.pop(key, None)

    def _cleaned(self, event: Happened[notes.TombstonesCleaned]) -> None:
        """The others are kept for a reason that was told at the same time."""
        key = event.node, event.note.database, False
        if not event.note.left:
            self._kept.pop(key, None)
        elif key in self._kept:
            self._kept[key].needed_at = event.t

    def _exchanged(self, event: Happened[notes.CompareExchangeChanged]) -> None:
        if self._model.is_news(event):
            gone = self._gone.setdefault(event.note.database, {})
            gone.pop(event.note.key, None)
            if event.note.deleted:
                gone[event.note.key] = event.note.index
            elif not gone:  # the last one was written again
                self._drop(event.note.database, values=True)

    def _values_cleaned(self, event: Happened[notes.ValueTombstonesCleaned]) -> None:
        note = event.note
        if self._model.is_news(event):
            gone = self._gone.get(note.database, {})
            self._gone[note.database] = {key: index for key, index in gone.items() if index > note.up_to}
            self._drop(note.database, values=True)

    def _drop(self, database: str, *, values: bool) -> None:
        for key in [key for key in self._kept if key[1] == database and key[2] == values]:
            del self._kept[key]

    def _removed(self, event: Happened[notes.DatabaseRemoved]) -> None:
        self._gone.pop(event.note.database, None)
        for values in (False, True):
            self._drop(event.note.database, values=values)

    def _down(self, event: Happened[Crashed]) -> None:
        for key in [key for key in self._kept if key[0] == event.node]:
            del self._kept[key]

    # ---- what may need it

    def _regrouped(self, event: Happened[notes.TopologyChanged]) -> None:
        note = event.note
        if self._model.is_news(event):
            now = {*note.members, *note.promotables, *note.rehabs}
            before = {*note.members_before, *note.promotables_before, *note.rehabs_before}
            departed = self._departed.setdefault(note.database, set())
            departed |= before - now
            departed -= now

    def _farewell(self, event: Happened[notes.FarewellSaid]) -> None:
        if self._model.is_news(event):
            self._departed.get(event.note.database, set()).discard(event.note.node)

    def _started(self, event: Happened[notes.BackupStarted]) -> None:
        if event.note.full:
            self._fulls[event.note.task, event.node] = event.note.started_at
        self._missed.discard((event.note.task, event.node))

    def _reported(self, event: Happened[notes.StatusStored]) -> None:
        """A node that is not responsible hears of another's run: its own status is void if it has missed a full (8.12)."""
        note, model = event.note, self._model
        if model.is_news(event):
            self._runs.setdefault(note.task, {})[note.node] = note.started_at
            if note.full:
                self._stored[note.task, note.node] = note.started_at
        task, full = model.tasks.get(note.task), self._fulls.get((note.task, event.node))
        if task is None or full is None or note.node == event.node or not note.newest:
            return
        is_given_away = task.owner not in ("", event.node) and task.owned_since <= note.index
        dial = model.dial(event.node)
        due = next_occurrence(task.definition.full, full, dial.zone) if task.definition.full else None
        if is_given_away and due is not None and due <= note.started_at and not dial.is_set:
            self._missed.add((note.task, event.node))

    # ---- judging

    def _ended(self, event: Happened) -> None:
        self._look(event.t, last=True)

    def _look(self, now: int, *, last: bool = False) -> None:
        """Judge what is kept, once a minute, as all was up to now."""
        if now < self._look_at and not last:
            return
        self._look_at = now + AGAIN
        model, nodes = self._model, set(self._model.up)
        calm = model.links.groups() == [frozenset(nodes)] and model.has_leader and not model.was_full
        for (node, database, values), kept in self._kept.items():
            here = model.can_act(node) and (values or node in model.group(database).nodes)
            if not calm or not here or self._is_needed(kept.note, node):
                kept.needed_at = now
            elif now - max(kept.needed_at, model.disturbed(database), model.disturbed_at) > FORGOTTEN_WITHIN:
                raise self.broken(f"{node} {kept.note.text()}, which is not so any more")

    def _is_needed(self, note: notes.DeletionsKept, node: str) -> bool:
        """Whether whom the node names may need deletions; what ends in calm does not count."""
        task, by = self._model.tasks.get(note.task), NeededBy[note.needed_by]
        if by in IN_CALM:
            return not self._model.can_act(note.of_node)
        if by in (NeededBy.REPLICATION, NeededBy.REPLICATION_DISABLED, NeededBy.REPLICATION_ELSEWHERE, NeededBy.SOURCE):
            return True  # what is on its way to another database is not in this model
        if task is None:
            return False
        match by:
            case NeededBy.DISABLED:
                return task.definition.disabled
            case NeededBy.NEVER_FULL:
                return not task.definition.full
            case NeededBy.FIRST_RUN:
                return not self._rules.assigned or task.owner == node
            case NeededBy.CHAIN:
                return (note.task, node) not in self._missed
            case NeededBy.NEXT_FULL:
                return self._continues(task, note.of_node)
        return True

    def _continues(self, task: TaskHistory, node: str) -> bool:
        """Whether the node may continue its chain: it is, or was lately, of the group, and has missed no full (18.6)."""
        group, departed = self._model.group(task.database).nodes, self._departed.get(task.database, set())
        full = self._stored.get((task.id, node))
        if node not in group and node not in departed:
            return False
        due = next_occurrence(task.definition.full, full, UTC) if full is not None and task.definition.full else None
        others = [start for other, start in self._runs.get(task.id, {}).items() if other != node]
        return due is None or not any(due <= start for start in others)
