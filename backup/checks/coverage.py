"""The main promise: every occurrence of a backup is covered by a run, whatever happens to the cluster.

An occurrence is covered by a run that succeeds and starts at or after it, within a bound: minutes in calm times; after
a disturbance, the time in which the task moves. Time counts only while a node could run the task or reassign it.
"""

import heapq
from collections.abc import Callable
from typing import ClassVar

import attrs

from backup import notes
from backup.checks.model import NEVER, Model, TaskHistory
from backup.destinations import io_costs
from backup.record.cron import next_occurrence
from backup.record.rules import Rules
from cluster.checks import Kind, Sees, Watcher, on
from cluster.steps import Damage
from cluster.time_units import MINUTE, SECOND
from cluster.trace import Crashed, Happened, Stepped
from cluster.value import value

CALM_BOUND = 2 * MINUTE
SLACK = 60 * SECOND
ELECTION = 5 * SECOND
AGAIN = 1 * MINUTE
"""How often (µs) an occurrence that must wait is checked again."""


@value
class Missed:
    """An occurrence that no run covered in time, or need not have."""

    database: str
    task: int
    occurrence: int
    """Wall µs of the occurrence by the owner's clock."""
    why: str
    rule: str = ""
    """The rule of RavenDB that allows the miss; empty: it is excused, or no rule allows it."""

    def text(self) -> str:
        """One sentence without a full stop."""
        return f"task {self.task} of {self.database} at {notes.time_text(self.occurrence)}: {self.why}"


@value
class Excuse:
    """Why an occurrence may be late."""

    why: str
    for_good: bool = False
    """Whether it need not be run any more; if not, it is due as soon as the excuse is gone."""


@attrs.define(eq=False)
class Cover:
    """The coverage of one task so far."""

    base: int
    """Every occurrence up to this wall instant is settled."""
    running: dict[str, int] = attrs.field(factory=dict)
    """By node: wall µs of the start of the run under way there."""
    free_at: int = -NEVER
    """True time (µs) before which no run could begin: one was under way (9.3), or no node could run the task."""
    owner: str = ""
    """The node that ran it last; empty: none."""
    first_planned: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    """By node: true time of its first plan since it started or became the owner, and the wall µs that it planned for.

    A plan that is still to come stays while the task goes to another node and comes back (9.2).
    """
    delayed_until: int = 0
    """True time (µs) until which a run was delayed because a slot or a resource was missing."""
    put_off_until: int = 0
    """True time (µs) until which it was postponed by hand, as the record says."""
    put_off_here: dict[str, int] = attrs.field(factory=dict)
    """Per node: true time (µs) until which a postponement holds that only this node knows of."""
    reporting: dict[str, None] = attrs.field(factory=dict)
    """Nodes whose last run is neither reported nor given up, under rules where that holds its slot (9.16)."""
    stored_by: str = ""
    """The node whose run is the last one in the record: also after a restart it counts from that (8.2, 9.15); empty: none."""
    defined_at: int = 0
    """Wall µs of the last change of the task, which may have forgotten the runs that began earlier (6.7)."""
    ran: dict[str, None] = attrs.field(factory=dict)
    """Nodes that ever started the task: only their clocks are in what is stored of its runs."""
    look_at: int = NEVER
    """True time (µs) of the next check: only the agenda entry with this time counts."""
    waits_for: str = ""
    """Why time does not count now; empty: it counts."""


class Covered(Watcher):
    promise: ClassVar[str] = "every backup happens"
    says: ClassVar[str] = (
        "every occurrence of every enabled task is covered by a run that starts within minutes, or within the time "
        "that a task takes to move when its node is gone (24.3, 24.8)"
    )

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self._strict = rules.takes_over_uncovered and rules.late_reports
        """Whether any miss breaks the promise. Under RavenDB's rules, a miss that a numbered rule allows is only counted."""
        self._bound = ELECTION + rules.rehab_after + rules.move_grace + 2 * rules.supervisor_sample + SLACK
        self._covers: dict[int, Cover] = {}
        self._resting: dict[int, Cover] = {}
        """By task that is disabled: its coverage when it was disabled."""
        self._turns = 0
        self._agenda: list[tuple[int, int]] = []
        """A heap of (true time of the next check, task)."""
        self.missed: list[Missed] = []
        self.excused: list[Missed] = []
        model.before.append(self._look)

    def sees(self) -> Sees:
        return [
            on(notes.BackupStarted, self._looking(self._started)),
            on(notes.BackupSkipped, self._looking(self._completed)),
            on(notes.BackupFinished, self._looking(self._completed)),
            on(notes.BackupFailed, self._looking(self._failed)),
            on(notes.BackupCancelled, self._looking(self._cancelled)),
            on(notes.BackupDelayed, self._looking(self._delayed)),
            on(notes.BackupPlanned, self._planned),
            on(notes.Reported, self._told),
            on(notes.ReportGivenUp, self._told),
            on(notes.TaskDefined, self._task_defined),
            on(notes.TaskRemoved, self._task_removed),
            on(notes.StatusStored, self._stored),
            on(Crashed, self._crashed),
            on(Stepped, self._stepped),
            on(notes.BackupPostponed, self._put_off),
            on(notes.BackupPostponedHere, self._put_off_here),
        ]

    def finish(self) -> None:
        """Check a last time: an occurrence that may still wait is excused, and one that has time left stays open."""
        self._look(self._model.now)
        for task_id, cover in self._covers.items():
            task = self._model.tasks.get(task_id)
            if cover.waits_for and task is not None and (occurrence := self._next(task, cover)) is not None:
                self.excused.append(Missed(task.database, task_id, occurrence, cover.waits_for))

    def _looking(self, act: Callable[[Happened[Kind]], None]) -> Callable[[Happened[Kind]], None]:
        def see(event: Happened[Kind]) -> None:
            self._look(event.t)
            self._model.now = event.t
            act(event)

        return see

    # ---- tasks

    def _task_defined(self, event: Happened[notes.TaskDefined]) -> None:
        note = event.note
        if not self._model.is_news(event):
            return
        cover = self._covers.get(note.task)
        if note.disabled:
            if cover is not None:
                self._resting[note.task] = self._covers.pop(note.task)
            return
        start = max(note.created_at, event.t + self._model.dial(self._who(note.task, cover)).ahead(event.t))
        if cover is None:
            self._covers[note.task] = cover = Cover(start)
            before = self._resting.pop(note.task, None)
            if before is not None:  # a postponement stays, and a cancelled run may not have ended yet
                cover.put_off_until, cover.put_off_here = before.put_off_until, before.put_off_here
                cover.running, cover.free_at, cover.ran = before.running, before.free_at, before.ran
        else:
            cover.base = max(cover.base, start)
        cover.stored_by, cover.defined_at = "", start
        self._look_again(note.task, event.t)

    def _task_removed(self, event: Happened[notes.TaskRemoved]) -> None:
        self._covers.pop(event.note.task, None)
        self._resting.pop(event.note.task, None)

    def _who(self, task_id: int, cover: Cover | None) -> str:
        """The node whose clock counts: the owner, or, if the record stores no owners, the node that ran the task last."""
        task = self._model.tasks.get(task_id)
        return (task.owner if task is not None else "") or (cover.owner if cover is not None else "")

    # ---- runs

    def _started(self, event: Happened[notes.BackupStarted]) -> None:
        note = event.note
        if note.task in self._covers:
            self._covers[note.task].running[event.node] = note.started_at
            self._covers[note.task].ran[event.node] = None

    def _completed(self, event: Happened[notes.BackupSkipped | notes.BackupFinished]) -> None:
        self._settle(event.note.task, event.node, event.note.started_at)

    def _failed(self, event: Happened[notes.BackupFailed]) -> None:
        note = event.note
        cover, task = self._covers.get(note.task), self._model.tasks.get(note.task)
        why = f"the run failed ({note.error}) and is not tried again before the next occurrence (8.9)"
        if cover is not None and task is not None and not note.explained:
            occurrence = self._next(task, cover)
            if occurrence is not None and occurrence <= note.started_at:
                self._miss(task, cover, occurrence, f"the run failed ({note.error}), and no place or key was to blame")
        self._excuse(note.task, note.started_at, why)
        self._settle(note.task, event.node, note.started_at)

    def _excuse(self, task_id: int, started_at: int, why: str) -> None:
        """Excuse the first open occurrence that the run was to cover."""
        cover, task = self._covers.get(task_id), self._model.tasks.get(task_id)
        if cover is not None and task is not None:
            occurrence = self._next(task, cover)
            if occurrence is not None and occurrence <= started_at:
                self.excused.append(Missed(task.database, task_id, occurrence, why))

    def _cancelled(self, event: Happened[notes.BackupCancelled]) -> None:
        note = event.note
        self._ended(note.task, event.node)
        if note.why == notes.BY_HAND and self._rules.cancelled_waits:
            self._excuse(note.task, note.started_at, "its run was cancelled by hand (15.6)")
            self._settle(note.task, event.node, note.started_at)

    def _put_off(self, event: Happened[notes.BackupPostponed]) -> None:
        note = event.note
        cover, task = self._covers.get(note.task), self._model.tasks.get(note.task)
        if cover is not None and task is not None and self._model.is_news(event):
            cover.put_off_until = note.until - self._model.dial(self._who(note.task, cover)).ahead(event.t)

    def _put_off_here(self, event: Happened[notes.BackupPostponedHere]) -> None:
        note = event.note
        cover = self._covers.get(note.task)
        if cover is not None:
            cover.put_off_here[event.node] = note.until - self._model.dial(event.node).ahead(event.t)

    def _delayed(self, event: Happened[notes.BackupDelayed]) -> None:
        cover = self._covers.get(event.note.task)
        if cover is not None:
            cover.delayed_until = event.note.until - self._model.dial(event.node).ahead(event.t)

    def _planned(self, event: Happened[notes.BackupPlanned]) -> None:
        self._look(event.t)  # a new owner may plan in the same event
        cover = self._covers.get(event.note.task)
        if cover is not None:
            cover.first_planned.setdefault(event.node, (event.t, event.note.due))

    def _told(self, event: Happened[notes.Reported] | Happened[notes.ReportGivenUp]) -> None:
        """A run was reported or given up: its slot is free (9.16)."""
        self._look(event.t)
        cover = self._covers.get(event.note.task)
        if cover is not None and event.node in cover.reporting:
            del cover.reporting[event.node]
            cover.free_at = event.t

    def _stored(self, event: Happened[notes.StatusStored]) -> None:
        """The run of another node may void what a node has kept of its own (8.12)."""
        cover = self._covers.get(event.note.task)
        if cover is not None and self._model.is_news(event):
            cover.stored_by = event.note.node if event.note.started_at >= cover.defined_at else ""

    def _stepped(self, event: Happened[Stepped]) -> None:
        step = event.note.step
        if isinstance(step, Damage):  # it is unknown what that disk lost
            self._forget(step.node)

    def _forget(self, node: str) -> None:
        for cover in (*self._covers.values(), *self._resting.values()):
            if cover.stored_by == node:
                cover.stored_by = ""

    def _crashed(self, event: Happened) -> None:
        if event.node in self._model.was_full:
            self._forget(event.node)
        for cover in (*self._covers.values(), *self._resting.values()):
            cover.first_planned.pop(event.node, None)
            cover.reporting.pop(event.node, None)
            cover.running.pop(event.node, None)
            cover.put_off_here.pop(event.node, None)

    def _ended(self, task_id: int, node: str) -> None:
        """A run ended, whatever its outcome: the time of occurrences that waited for it counts from now on."""
        cover = self._covers.get(task_id) or self._resting.get(task_id)
        if cover is None or cover.running.pop(node, None) is None:
            return
        if self._strict or node == self._who(task_id, cover):  # an owner waits for the run of another, too (24.8)
            cover.free_at = self._model.now

    def _settle(self, task_id: int, node: str, started_at: int) -> None:
        """A run ended: every occurrence up to its start is settled."""
        self._ended(task_id, node)
        cover = self._covers.get(task_id)
        if cover is None:
            return
        if self._rules.slot_held_while_saving:
            cover.reporting[node] = None
        cover.put_off_until, cover.put_off_here = 0, {}  # a run has started since (15.2)
        cover.owner = node
        cover.ran[node] = None
        cover.waits_for = ""
        if started_at > cover.base:
            cover.base = started_at
            self._look_again(task_id, self._model.now)

    # ---- checking

    def _look_again(self, task_id: int, t: int) -> None:
        """Check that task at true time `t` at the latest."""
        cover = self._covers[task_id]
        if t < cover.look_at:
            cover.look_at = t
            heapq.heappush(self._agenda, (t, task_id))

    def _look(self, now: int) -> None:
        """Check every task whose time has come."""
        if self._turns != self._model.turns:
            self._turns = self._model.turns
            for task_id, cover in self._covers.items():
                self._read_anew(task_id, cover, now)
                self._look_again(task_id, now - 1)
        if self._model.moved:
            for task_id in self._model.moved:
                if task_id in self._covers:
                    plans = self._covers[task_id].first_planned
                    for node in [
                        node for node, (_, due) in plans.items() if due <= now + self._model.dial(node).ahead(now)
                    ]:
                        del plans[node]
                    self._look_again(task_id, now - 1)
            self._model.moved.clear()
        while self._agenda and self._agenda[0][0] < now:
            t, task_id = heapq.heappop(self._agenda)
            found, task = self._covers.get(task_id), self._model.tasks.get(task_id)
            if found is not None and task is not None and found.look_at == t:
                found.look_at = NEVER
                again = self._judge(task, found, now)
                if again is not None:
                    self._look_again(task_id, max(again, now))

    def _read_anew(self, task_id: int, cover: Cover, now: int) -> None:
        """Another clock counts, or the clock was set: occurrences in its future are not settled."""
        who = self._who(task_id, cover)
        if self._strict and self._model.is_up(who):
            cover.base = min(cover.base, now + self._model.dial(who).ahead(now) + CALM_BOUND)

    def _judge(self, task: TaskHistory, cover: Cover, now: int) -> int | None:
        """Judge the due occurrences of one task; return the true time of the next check, None if nothing will ever be due."""
        while (occurrence := self._next(task, cover)) is not None:
            deadline = self._deadline(task, cover, occurrence, now)
            if now <= deadline:
                return deadline
            if self._is_under_way(task, cover, occurrence):
                return now + AGAIN
            excuse = self._excuse_now(task, cover)
            if excuse is None:
                self._miss(task, cover, occurrence, f"no run had started by {notes.time_text(deadline)}")
            elif excuse.for_good:
                self.excused.append(Missed(task.database, task.id, occurrence, excuse.why))
            else:
                cover.waits_for, cover.free_at = excuse.why, now + AGAIN
                return now + AGAIN
            cover.base = occurrence
        return None

    def _is_under_way(self, task: TaskHistory, cover: Cover, occurrence: int) -> bool:
        """Whether a run under way covers the occurrence, or the owner still runs one for an earlier occurrence (9.3)."""
        return any(
            self._model.is_up(node) and (occurrence <= start or node == self._who(task.id, cover))
            for node, start in cover.running.items()
        )

    def _next(self, task: TaskHistory, cover: Cover) -> int | None:
        """The first occurrence that is not settled."""
        zone = self._model.dial(self._who(task.id, cover)).zone
        crons = (task.definition.full, task.definition.incremental)
        found = [next_occurrence(cron, cover.base, zone) for cron in crons if cron]
        return min((instant for instant in found if instant is not None), default=None)

    def _deadline(self, task: TaskHistory, cover: Cover, occurrence: int, now: int) -> int:
        """The true time by which a run must have started."""
        owner = self._who(task.id, cover)
        due = occurrence - self._model.dial(owner).ahead(now)
        disturbed_at = self._model.disturbed(task.database)
        look = io_costs.LOOK * (self._model.slowness(owner) - 1)  # a run starts after a look at its destination
        bound = self._bound + look + self._model.spread(self._model.group(task.database).nodes, now)
        deadline = due + CALM_BOUND + look if disturbed_at < due - bound else max(due, disturbed_at) + bound
        here = cover.put_off_here.get(owner, 0)
        waited = max(cover.delayed_until, cover.put_off_until, here, cover.free_at)
        return max(deadline, waited + CALM_BOUND + look)

    def _excuse_now(self, task: TaskHistory, cover: Cover) -> Excuse | None:
        """The excuse that holds now; None if there is none."""
        model, owner = self._model, self._who(task.id, cover)
        group = model.group(task.database)
        knows = model.applied.get(owner, 0) >= max(task.owned_since, task.definition.index)
        if owner and knows and model.is_up(owner) and not model.is_outside(owner):
            return None
        if not any(model.can_act(node) for node in group.nodes):
            away = any(model.is_up(node) for node in group.nodes)
            return Excuse(f"every node of the group is down{' or outside the cluster (3.36)' if away else ''}")
        if not model.has_leader:
            what = self._absence(owner, knows)
            return Excuse(f"{owner} {what}, and nobody leads" if owner else "nobody owns the task, and nobody leads")
        mentor = task.definition.mentor if task.definition.pinned else ""
        if mentor and (owner == mentor or (not owner and not model.can_act(mentor))):  # or it never ran, by 7.5
            return Excuse(f"pinned to {mentor}, which {self._absence(mentor, knows)} (7.12)", for_good=True)
        if owner and not any(model.can_act(node) for node in group.members if node != owner):
            return Excuse(f"{owner} {self._absence(owner, knows)}, and no other member is there (7.8.8)")
        return None

    def _absence(self, owner: str, knows: bool) -> str:
        """Why the owner cannot run the task; empty: it can. `knows`: it has applied its assignment and the present task."""
        if not self._model.is_up(owner):
            return "is down"
        return "has left the cluster" if knows else "does not know it owns the task as it is now"

    def _miss(self, task: TaskHistory, cover: Cover, occurrence: int, why: str) -> None:
        """Record a miss. Strict rules allow none; RavenDB's allow those of a numbered rule."""
        rule = "" if self._strict else self._rule(task, cover, occurrence)
        self.missed.append(Missed(task.database, task.id, occurrence, why, rule))
        if not rule:
            raise self.broken(self.missed[-1].text())

    def _rule(self, task: TaskHistory, cover: Cover, occurrence: int) -> str:
        """The rule of RavenDB by which no node ran it; empty if there is none."""
        model, now, owner = self._model, self._model.now, self._who(task.id, cover)
        due = occurrence - model.dial(owner).ahead(now)
        plans = [plan for node, plan in cover.first_planned.items() if owner in ("", node) and node != cover.stored_by]
        # a node that restarted, or got the task, counts occurrences from then on if it knows of no run
        if any(made > due and planned > occurrence for made, planned in plans):
            return "8.11" if self._rules.assigned and cover.owner not in ("", owner) else "8.2"
        clocks = (owner, *cover.ran) if owner else model.group(task.database).nodes
        if model.is_set(clocks):  # the last run may seem to lie in the future
            return "8.2"
        if owner in cover.reporting:
            return "9.16"
        since = due - self._bound
        if self._rules.assigned or model.disturbed(task.database) < since:
            return ""
        group, mentor = model.group(task.database), task.definition.mentor
        has_changed = model.changed(task.database) >= since
        if not owner:
            waited, late = max(due, cover.delayed_until), model.spread(group.nodes, now)
            saw_none = any(model.saw_no_leader(group.nodes, t - late, t + late) for t in (due, waited))
            return "7.6" if saw_none else "9.1" if has_changed else ""
        # while the node that ran it last is a member, and that run is in the record, every node holds it responsible (7.5)
        is_settled = owner == cover.stored_by and owner in group.members and mentor in ("", owner)
        return "" if is_settled and not has_changed else "9.1"
