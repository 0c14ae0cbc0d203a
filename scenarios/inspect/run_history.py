"""The history of a finished run as its readers need it: one walk sorts the events by kind, and puts each backup together.

Never here: the questions of its readers (audit.py, result.py, why/).
"""

from collections.abc import Iterable
from functools import cached_property
from heapq import merge
from typing import Any

import attrs

from backup.notes import (
    BackupCancelled,
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    FileLost,
    OwnerChanged,
    Reported,
    ReportGivenUp,
    TaskDefined,
    TaskRemoved,
)
from cluster.steps import Start
from cluster.trace import ConfigurationChanged, Crashed, Happened, N, Note, PutOutside, Started, Stepped, Stopped
from cluster.value import value

KINDS: tuple[type[Note], ...] = (
    *(BackupPlanned, BackupDelayed, BackupStarted, BackupSkipped, BackupFinished, BackupFailed, BackupCancelled),
    *(Reported, ReportGivenUp, OwnerChanged, TaskDefined, TaskRemoved, FileLost),
    *(Started, Crashed, ConfigurationChanged, PutOutside),
)
"""The kinds of events that readers ask for, a small part of a long run."""


@value
class BackupFacts:
    """One run of a task, as far as the history shows it."""

    node: str
    database: str
    task: int
    seq: int
    """The number of the event with which it began."""
    t: int
    """True µs of that event."""
    started_at: int
    """Wall µs of the node."""
    occurrence: int
    plan: BackupPlanned | None
    """The last plan that the node made for the task before the run began; None: none."""
    full: bool = False
    by_hand: bool = False
    skipped: bool = False
    """It found nothing new and wrote no file (rule 9.7)."""
    began: bool = True
    """False: the destination was unavailable, and the run failed as it began."""
    end: str = ""
    """`finished`, `failed`, `cancelled`, `crashed`, `stopped` (the last two with the node); empty: still under way at the end."""
    ended: int | None = None
    """True µs of its end; None: still under way."""
    why: str = ""
    """The reason of a failure or a cancellation."""

    @property
    def is_cut_off(self) -> bool:
        """Whether its node went down in the middle of it, so that it has no status (rule 9.12)."""
        return self.end in ("crashed", "stopped")


class RunHistory:
    """The events of a run that its readers ask for, by kind."""

    def __init__(self, events: Iterable[Happened], founders: tuple[str, ...] = ()) -> None:
        self.founders = founders
        """The nodes with which a further cluster began; () for the first cluster, and for all clusters together."""
        self._events: dict[type[Note], list[Happened[Any]]] = {kind: [] for kind in KINDS}
        self._events[Stopped] = self._events[Crashed]  # who stopped is down, and what it ran is cut off
        self._further: dict[str, tuple[str, ...]] = {}
        """The founders of the cluster of each node that is in a further one."""
        started = False
        for event in events:
            if isinstance(event.note, Stepped) and isinstance(event.note.step, Start):
                nodes = event.note.step.nodes
                self._further |= dict.fromkeys(nodes, nodes) if started else {}
                started = True
            kept = self._events.get(type(event.note))
            if kept is not None:
                kept.append(event)

    def of(self, kind: type[N]) -> list[Happened[N]]:
        """The events of a kind, in order."""
        return self._events[kind]

    def among(self, *kinds: type[Note]) -> Iterable[Happened[Any]]:
        """The events of several kinds, in order."""
        return merge(*[self._events[kind] for kind in kinds], key=lambda event: event.seq)

    @cached_property
    def clusters(self) -> tuple["RunHistory", ...]:
        """The history of each cluster of the world by itself, as databases and tasks of two may have the same name and number."""
        if not self._further:
            return (self,)
        every = list(self.among(*KINDS))
        return tuple(
            RunHistory((event for event in every if self.founders_of(event.node) == founders), founders)
            for founders in dict.fromkeys(((), *self._further.values()))
        )

    def of_nodes(self, names: Iterable[str]) -> "RunHistory":
        """The history of the one cluster that these nodes belong to; the whole if they belong to several."""
        founders = {self.founders_of(name) for name in names}
        return next((each for each in self.clusters if {each.founders} == founders), self)

    def founders_of(self, node: str) -> tuple[str, ...]:
        """The founders of the cluster of a node; () for the first."""
        return self._further.get(node, ())

    def whose(self, database: str) -> str:
        """The name of a database, with its cluster unless that is the first."""
        return f"{database} of the cluster of {', '.join(self.founders)}" if self.founders else database

    @cached_property
    def runs(self) -> tuple[BackupFacts, ...]:
        """Every run of every task, in the order in which they began."""
        found = _Runs()
        for event in self.among(
            *(BackupPlanned, BackupStarted, BackupSkipped, BackupFinished, BackupFailed, BackupCancelled, Crashed)
        ):
            found.take(event)
        return tuple(found.runs)


Key = tuple[str, str, int, int]
"""Node, database, task and start of a run."""


class _Runs:
    """Puts runs together, event by event."""

    def __init__(self) -> None:
        self.runs: list[BackupFacts] = []
        self._plans: dict[tuple[str, int], BackupPlanned] = {}
        self._started: set[Key] = set()
        self._under_way: dict[Key, int] = {}
        """The runs that have not ended, by their place in `runs`."""

    def take(self, event: Happened[Any]) -> None:
        """Take the next event."""
        note, node = event.note, event.node
        if isinstance(note, BackupPlanned):
            self._plans[node, note.task] = note
            return
        if isinstance(note, Crashed):
            for under_way in [key for key in self._under_way if key[0] == node]:
                self._end(under_way, event.t, "stopped" if isinstance(note, Stopped) else "crashed")
            return
        key = node, note.database, note.task, note.started_at
        match note:
            case BackupStarted():
                self._started.add(key)
                self._begin(key, event, full=note.full, by_hand=note.by_hand)
            case BackupSkipped():
                self._begin(key, event, skipped=True)
                self._end(key, event.t, "finished")
            case BackupFinished():
                self._end(key, event.t, "finished")
            case BackupFailed():
                if key not in self._started:
                    self._begin(key, event, full=note.full, began=False)
                self._end(key, event.t, "failed", note.error)
            case BackupCancelled():
                self._end(key, event.t, "cancelled", note.why)

    def _begin(self, key: Key, event: Happened[Any], **what: Any) -> None:
        node, database, task, started_at = key
        self._under_way[key] = len(self.runs)
        plan = self._plans.get((node, task))
        self.runs.append(
            BackupFacts(node, database, task, event.seq, event.t, started_at, event.note.occurrence, plan, **what)
        )

    def _end(self, key: Key, t: int, how: str, why: str = "") -> None:
        place = self._under_way.pop(key, None)
        if place is not None:
            self.runs[place] = attrs.evolve(self.runs[place], end=how, ended=t, why=why)
