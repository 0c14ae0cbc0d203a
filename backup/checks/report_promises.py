"""Promises about reports: each arrives once and in order, is lost only where a rule allows it, and the later start is shown.

The preset of rules decides: in RavenDB's, the last writer wins (4.2), and a report is given up after ten attempts (10.4).
"""

from collections import defaultdict
from typing import ClassVar

from backup import notes
from backup.checks.model import Model
from backup.record.record import ONE_TIME
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.steps import Damage, Pause
from cluster.time_units import MINUTE, SECOND
from cluster.trace import Crashed, Happened, Stepped

Run = tuple[int, int]
"""Start and task of a run of one node."""
CALM = 5 * MINUTE
"""µs that a late report may take once there is a leader and no disturbance."""


class LaterStartWins(Watcher):
    promise: ClassVar[str] = "later start wins"
    says: ClassVar[str] = (
        "the cluster shows the run that started last, or the last one told of where rules say so (4.2, 24.6)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._by_start = rules.newest_by_start
        self._shown: dict[tuple[str, int], int] = {}
        """By lower-case database and task: wall µs of the start of the run that is shown."""
        self._kinds: dict[int, str] = {}
        self._passed_over: dict[tuple[str, int], notes.StatusStored] = {}
        """Reported but not shown, although no later run was: the same command must report a later one."""

    def sees(self) -> Sees:
        return [
            on(notes.StatusStored, self._stored),
            on(notes.TaskDefined, self._defined),
            on(notes.TaskRemoved, self._removed),
            on(notes.DatabaseRemoved, self._deleted),
        ]

    def _stored(self, event: Happened[notes.StatusStored]) -> None:
        note = event.note
        if not self._model.is_news(event):
            return
        key = note.database.lower(), note.task
        shown = self._shown.get(key)  # a clock may stand before 2024: any number is a time
        before = self._passed_over.get(key)
        if before is not None and before.index != note.index:
            raise self._lost(before)
        if note.newest:
            if self._by_start and shown is not None and note.started_at < shown:
                raise self.broken(
                    f"{note.node}'s run of task {note.task} that started {note.started_at} takes the place of one that "
                    f"started {shown}"
                )
            self._shown[key] = note.started_at
            self._passed_over.pop(key, None)
        elif not self._by_start or shown is None or note.started_at > shown:
            self._passed_over[key] = note

    def _lost(self, note: notes.StatusStored) -> Exception:
        return self.broken(
            f"{note.node} told of a run of task {note.task} that started {note.started_at}, and it is not shown, "
            f"though what is shown did not start later"
        )

    def _defined(self, event: Happened[notes.TaskDefined]) -> None:
        """A task of another kind drops the status of its runs (rule 6.7)."""
        note = event.note
        if self._model.is_news(event) and self._kinds.setdefault(note.task, note.kind) != note.kind:
            self._kinds[note.task] = note.kind
            self._forget(note.database, note.task)

    def _removed(self, event: Happened[notes.TaskRemoved]) -> None:
        if self._model.is_news(event):
            self._forget(event.note.database, event.note.task)

    def _deleted(self, event: Happened[notes.DatabaseRemoved]) -> None:
        if self._model.is_news(event):
            for key in [key for key in self._shown if key[0] == event.note.database.lower()]:
                self._forget(*key)

    def _forget(self, database: str, task: int) -> None:
        self._shown.pop((database.lower(), task), None)
        self._passed_over.pop((database.lower(), task), None)

    def finish(self) -> None:
        """Check that every run that was not shown was followed by a later one."""
        for note in self._passed_over.values():
            raise self._lost(note)


class ToldAsRuled(Watcher):
    promise: ClassVar[str] = "told or given up as ruled"
    says: ClassVar[str] = (
        "a report arrives, however late; or, where rules say so, it is given up after its attempts, no sooner, no later "
        "(10.4, 24.6)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self._limit = limit = rules.report_attempts * rules.report_attempt_timeout
        self._earliest, self._latest = limit - limit // 100 - SECOND, limit + limit // 100 + 5 * SECOND
        """Bounds (µs) of the time after which a report may be given up: a clock may be off by some parts in a thousand."""
        self._waiting: dict[str, dict[Run, tuple[int, str]]] = {}
        """By node: runs that ended and are neither reported nor given up, with the true time of their end and the database."""
        self._stopped_at: dict[str, int] = {}
        """By node: true time at which it was last paused; its attempts take that much longer."""

    def sees(self) -> Sees:
        return [
            on(notes.BackupFinished, self._ended),
            on(notes.BackupSkipped, self._ended),
            on(notes.BackupFailed, self._ended),
            on(notes.Reported, self._reported),
            on(notes.ReportGivenUp, self._given_up),
            on(notes.StatusStored, self._stored),
            on(Crashed, self._crashed),
            on(Stepped, self._stepped),
        ]

    def _ended(self, event: Happened[notes.BackupFinished | notes.BackupSkipped | notes.BackupFailed]) -> None:
        note = event.note
        if isinstance(note, notes.BackupFailed) and note.task == ONE_TIME:
            return  # rule 15.4
        run = note.started_at, note.task
        self._waiting.setdefault(event.node, {})[run] = event.t, note.database.lower()

    def _reported(self, event: Happened[notes.Reported]) -> None:
        self._waiting.get(event.node, {}).pop((event.note.started_at, event.note.task), None)

    def _stored(self, event: Happened[notes.StatusStored]) -> None:
        """Count a run as reported once the record has it, even if its node crashes before it notes that."""
        self._waiting.get(event.note.node, {}).pop((event.note.started_at, event.note.task), None)

    def _given_up(self, event: Happened[notes.ReportGivenUp]) -> None:
        note = event.note
        what = f"{event.node} gives up its report on the run of task {note.task} that started {note.started_at}"
        if self._rules.late_reports:
            raise self.broken(f"{what}, and no report is ever given up")
        ended, _ = self._waiting.get(event.node, {}).pop((note.started_at, note.task), (None, ""))
        if ended is None or note.database.lower() not in self._model.groups:
            return  # it was reported after all, or needs no report any more
        waited = event.t - ended
        if waited < self._earliest and not self._model.is_outside(event.node):  # a node outside does not wait (3.38)
            raise self.broken(f"{what} after {waited / SECOND:g} s, where it is tried for {self._limit / SECOND:g} s")
        if waited > self._latest and self._stopped_at.get(event.node, -1) < ended:
            raise self.broken(f"{what} only after {waited / SECOND:g} s, with {self._limit / SECOND:g} s to try")

    def _crashed(self, event: Happened) -> None:
        """A crash loses RavenDB's reports, which are in memory; late reports are on the disk."""
        if not self._rules.late_reports or event.node in self._model.was_full:
            self._waiting.pop(event.node, None)

    def _stepped(self, event: Happened[Stepped]) -> None:
        if isinstance(event.note.step, Pause):
            for node in self._waiting:
                self._stopped_at[node] = event.t
        elif isinstance(event.note.step, Damage):  # it is unknown what the disk lost
            self._waiting.clear()

    def finish(self) -> None:
        """Check that no node still keeps an old report when nothing disturbs it."""
        model, late = self._model, self._rules.late_reports
        calm_since = max(model.disturbed_at, model.shaken_at)
        patience = CALM if late else self._latest
        for node, waiting in self._waiting.items():
            if not model.can_act(node) or node in model.was_full or not model.hears_a_leader(node):
                continue  # a node outside the cluster, or cut off, keeps its reports until it is back (3.36)
            for run, (ended, database) in waiting.items():
                if run[1] != ONE_TIME and run[1] not in model.tasks:
                    continue
                if database not in model.groups:
                    continue
                if model.now - max(ended, calm_since) > patience:
                    raise self.broken(
                        f"{node} ended a run of task {run[1]} that started {run[0]}, and "
                        f"{(model.now - ended) / MINUTE:.0f} minutes later nobody has been told of it"
                    )


class ReportsInOrder(Watcher):
    promise: ClassVar[str] = "reports in order"
    says: ClassVar[str] = (
        "a node tells of its runs once each, and of late ones in the order of their starts (24.6); RavenDB of each "
        "task's, as it sends the reports of several tasks side by side (9.14, 9.16)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self._waiting: dict[str, dict[Run, int]] = {}
        """By node: runs that ended and are not reported, with the number of the event of their end."""
        self._told: dict[tuple[str, int], set[int]] = defaultdict(set)
        """By node and task: the starts of all its runs that were reported."""
        self._stored: dict[tuple[str, Run], None] = {}
        """By node: runs in the record whose node may have gone down before it noted the report."""

    def sees(self) -> Sees:
        return [
            on(notes.BackupFinished, self._ended),
            on(notes.BackupSkipped, self._ended),
            on(notes.BackupFailed, self._ended),
            on(notes.Reported, self._reported),
            on(notes.ReportGivenUp, self._given_up),
            on(notes.StatusStored, self._status_stored),
            on(notes.TaskRemoved, self._task_removed),
            on(Crashed, self._crashed),
            on(Stepped, self._stepped),
        ]

    def _ended(self, event: Happened[notes.BackupFinished | notes.BackupSkipped | notes.BackupFailed]) -> None:
        note = event.note
        if isinstance(note, notes.BackupFailed) and note.task == ONE_TIME:
            return  # rule 15.4: it is not reported
        self._waiting.setdefault(event.node, {})[note.started_at, note.task] = event.seq

    def _reported(self, event: Happened[notes.Reported]) -> None:
        note = event.note
        run = (note.started_at, note.task)
        told = self._told[event.node, note.task]
        if note.started_at in told:
            raise self.broken(f"{event.node} tells twice of the run of task {note.task} that started {note.started_at}")
        told.add(note.started_at)
        self._stored.pop((event.node, run), None)
        waiting = self._waiting.setdefault(event.node, {})
        ended = waiting.pop(run, None)
        if ended is None or not note.late:
            return
        for other, other_ended in waiting.items():
            if not self._rules.late_reports and other[1] != note.task:
                continue  # no queue: each run sends its own report, and keeps its task's slot until that is done
            if other[0] < note.started_at and other_ended < ended:
                raise self.broken(
                    f"{event.node} tells of a run of task {note.task} before that of task {other[1]}, "
                    f"which started and ended earlier and waits still"
                )

    def _given_up(self, event: Happened[notes.ReportGivenUp]) -> None:
        self._waiting.setdefault(event.node, {}).pop((event.note.started_at, event.note.task), None)

    def _status_stored(self, event: Happened[notes.StatusStored]) -> None:
        note = event.note
        run = (note.started_at, note.task)
        if run in self._waiting.get(note.node, {}):
            self._stored[note.node, run] = None

    def _task_removed(self, event: Happened[notes.TaskRemoved]) -> None:
        for waiting in self._waiting.values():
            for run in [run for run in waiting if run[1] == event.note.task]:
                del waiting[run]

    def _crashed(self, event: Happened) -> None:
        # RavenDB's reports are in memory (10.4); what a full disk could not take is forgotten as well
        if not self._rules.late_reports or event.node in self._model.was_full:
            self._forget(event.node)
        for node, run in [each for each in self._stored if each[0] == event.node]:
            del self._stored[node, run]
            self._waiting[node].pop(run, None)

    def _stepped(self, event: Happened[Stepped]) -> None:
        step = event.note.step
        if isinstance(step, Damage):  # it is unknown which reports that disk lost
            self._forget(step.node)

    def _forget(self, name: str) -> None:
        self._waiting.pop(name, None)
        self._stored = {each: None for each in self._stored if each[0] != name}
