"""Why a task ran at a time of a run, or why it did not: one sentence with its rule, and what it rests on.

Read from the run itself: what the nodes knew then, and what they had said and done. `answer` tries the causes in the
order in which they forbid a run; the first that holds is told. Never here: how the moment is reached (moments.py).
"""

import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import attrs

from backup import calendar
from backup.notes import (
    BY_HAND,
    PUT_OFF,
    BackupCancelled,
    BackupDelayed,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    TaskDefined,
    TaskRemoved,
    duration_text,
    time_text,
)
from backup.progress import WINDOWS
from backup.record import Assignment, Database, Delay, Status, Task
from backup.rules import Rules, rules_named
from backup.views import TaskView
from cluster.instant import SECOND, clock_text
from cluster.member import Refused
from cluster.trace import ConfigurationChanged, Crashed, Happened, PutOutside, Started
from cluster.value import value
from scenarios.moments import true_time, visit
from scenarios.replay import ReplayError

if TYPE_CHECKING:
    from cluster.sim.world import World

SOON = 5 * SECOND
"""A run that starts so long after the time that is asked for is the one that is meant."""


@value
class NodeFacts:
    """A node at the moment."""

    name: str
    up: bool
    paused: bool
    role: str
    leader: str
    voters: tuple[str, ...]
    """Whose majority decides, as it knows."""
    passive: bool
    """It knows that it belongs to no cluster."""
    wall: int
    zone: str
    applied: int
    view: TaskView | None
    """The task as it knows it; None: it does not, or is down."""


@value
class Found:
    """What the nodes knew at the moment."""

    nodes: tuple[NodeFacts, ...]
    database: Database | None
    """By the node that has applied most; None: no node that is up knows the task."""
    task: Task | None
    rules: Rules
    """Those that the nodes follow."""


@value
class Ran:
    """One run of the task, as far as the run of the story tells."""

    node: str
    t: int
    started_at: int
    full: bool
    occurrence: int
    by_hand: bool
    skipped: bool
    end: str
    """`finished`, `failed`, `cancelled`, `crashed`; empty: it was under way."""
    why: str
    """Of a failure or a cancellation."""


@value
class Facts:
    """All that an answer rests on."""

    t: int
    number: int
    rules: Rules
    found: Found
    runs: tuple[Ran, ...]
    events: tuple[Happened, ...]
    owner: NodeFacts | None
    """The responsible node."""
    occurrence: int | None
    """Wall µs of the newest occurrence that had come by the owner's clock."""

    @property
    def task(self) -> Task:
        assert self.found.task is not None, "looked at once it is known to be there"
        return self.found.task

    @property
    def database(self) -> Database:
        assert self.found.database is not None, "looked at once it is known to be there"
        return self.found.database

    @property
    def assignment(self) -> Assignment | None:
        return self.database.assignments.get(self.number)

    @property
    def status(self) -> Status | None:
        return self.database.statuses.get(self.number)

    @property
    def delay(self) -> Delay | None:
        return self.database.delays.get(self.number)

    @property
    def leader(self) -> str:
        """Whom a majority of its voters follows; empty: nobody leads."""
        lively = [node for node in self.found.nodes if node.up and not node.paused]
        for node in lively:
            following = [each.name for each in lively if each.leader == node.name and each.name in node.voters]
            if node.role == "leader" and len(following) * 2 > len(node.voters):
                return node.name
        return ""

    def before(self, kind: type, node: str = "") -> Happened | None:
        """The last event of a kind up to the moment, of this task where the kind has one."""
        for event in reversed(self.events):
            if (
                event.t <= self.t
                and isinstance(event.note, kind)
                and node in ("", event.node)
                and getattr(event.note, "task", self.number) == self.number
            ):
                return event
        return None


@value
class Answer:
    """The answer, and what it rests on."""

    ran: bool
    task: int
    database: str
    t: int
    sentence: str
    rule: str
    chain: tuple[tuple[str, str], ...] = ()
    """What it rests on: a word, and what is so."""


Cause = tuple[str, str]
"""A sentence without a full stop, and its rule."""


# ---- from a run


def why(run: str, task: str, at: str) -> Answer:
    """Why the task (its id or its name) ran at that time of a run, or why not. ReplayError for what is not there."""
    number, name = (int(task), "") if task.isdecimal() else (0, task)
    t = true_time(at)
    moment = visit(run, t, lambda world: _found(world, number, name), beyond=SOON)
    facts = _facts(t, number, name, moment.read, moment.events)
    begun = [each.t for each in facts.runs if t < each.t <= t + SOON]
    if begun and _ran(facts) is not None:  # it rests on what was so when it began
        moment = visit(run, begun[0], lambda world: _found(world, number, name), beyond=SOON)
        facts = _facts(begun[0], number, name, moment.read, moment.events)
    return attrs.evolve(answer(facts), t=t)


def _found(world: "World", number: int, name: str) -> Found:
    running = [node for node in world.names if world[node].up]
    if running and not hasattr(world[running[0]].application, "look"):
        raise ReplayError("the nodes of this run keep no backups: name a run of a story about backups")
    best: tuple[int, Database, Task] | None = None
    for node in running:
        for database in world[node].state.databases.values():
            for task in database.tasks.values():
                meant = task.id == number or (not number and task.name.lower() == name.lower())
                if meant and (best is None or world[node].applied > best[0]):
                    best = world[node].applied, database, task
    nodes = tuple(_node_facts(world, node, best) for node in world.names)
    rules = world[running[0]].application.rules if running else rules_named(world.options.get("rules") or "unkindness")
    return Found(nodes, best[1] if best else None, best[2] if best else None, rules)


def _node_facts(world: "World", name: str, best: tuple[int, Database, Task] | None) -> NodeFacts:
    node = world[name]
    view, zone = None, "UTC"
    if node.up and node.application.zone is not None:
        zone = node.application.zone.key
        try:
            shown = node.application.look(best[1].name) if best else None
        except Refused:
            shown = None
        view = next((each for each in shown.tasks if best and each.id == best[2].id), None) if shown else None
    paused = world.slots[name].paused
    return NodeFacts(
        name,
        node.up,
        paused,
        node.role,
        node.leader or "",
        node.voters,
        node.passive,
        node.wall,
        zone,
        node.applied,
        view,
    )


def _facts(t: int, number: int, name: str, found: Found, events: tuple[Happened, ...]) -> Facts:
    if found.task is not None:
        number = found.task.id
    elif not number:
        defined = [
            e.note.task for e in events if isinstance(e.note, TaskDefined) and e.note.name.lower() == name.lower()
        ]
        if not defined:
            raise ReplayError(f"there is no task {name!r} in this run: name one, or give its id")
        number = defined[-1]
    if found.task is None and not any(isinstance(e.note, TaskDefined) and e.note.task == number for e in events):
        known = sorted({e.note.task for e in events if isinstance(e.note, TaskDefined)})
        raise ReplayError(f"there is no task {number} up to then: name one of {' '.join(map(str, known)) or 'none'}")
    owner = _owner(found)
    occurrence = _newest(found.task, owner or found.nodes[0]) if found.task is not None else None
    return Facts(t, number, found.rules, found, tuple(_runs(number, events)), events, owner, occurrence)


def _owner(found: Found) -> NodeFacts | None:
    """Who holds itself responsible, else whom the one that has applied most names."""
    by_name = {node.name: node for node in found.nodes}
    for node in found.nodes:
        if node.view is not None and node.view.responsible_node == node.name:
            return node
    named = [node for node in found.nodes if node.view is not None and node.view.responsible_node]
    best = max(named, key=lambda node: node.applied, default=None)
    if best is not None and best.view is not None:
        return by_name.get(best.view.responsible_node)
    if (
        found.database is None or found.task is None
    ):  # the nodes of the group are down: what the others were told counts
        return None
    stored, status = found.database.assignments.get(found.task.id), found.database.statuses.get(found.task.id)
    told = stored.node if stored is not None else status.node if status is not None else ""
    return by_name.get(told)


def _newest(task: Task, owner: NodeFacts) -> int | None:
    """The newest occurrence by that node's clock and zone since the task was made."""
    zone = ZoneInfo(owner.zone)
    for window in WINDOWS:
        first = max(task.created_at, owner.wall - window)
        found = [
            instant
            for cron in (task.full, task.incremental)
            if cron
            for instant in calendar.occurrences(cron, first, owner.wall, zone)[-1:]
        ]
        if found:
            return max(found)
        if first == task.created_at:
            return None
    return None


def _runs(number: int, events: tuple[Happened, ...]) -> Iterator[Ran]:
    """Every run of a task that began, in the order of the starts; one that found its place shut fails as it begins."""
    begun: set[tuple[str, int]] = set()
    for place, event in enumerate(events):
        note = event.note
        match note:
            case BackupFailed(task=task) if task == number and (event.node, note.started_at) not in begun:
                start, full, due = note.started_at, note.full, note.occurrence
                yield Ran(event.node, event.t, start, full, due, False, False, "failed", note.error)
            case BackupSkipped(task=task) if task == number:
                yield Ran(event.node, event.t, note.started_at, False, note.occurrence, False, True, "finished", "")
            case BackupStarted(task=task) if task == number:
                begun.add((event.node, note.started_at))
                end, because = _end(event.node, note, events[place + 1 :])
                yield Ran(
                    event.node,
                    event.t,
                    note.started_at,
                    note.full,
                    note.occurrence,
                    note.by_hand,
                    False,
                    end,
                    because,
                )


def _end(node: str, started: BackupStarted, after: tuple[Happened, ...]) -> tuple[str, str]:
    for event in after:
        if event.node != node:
            continue
        match event.note:
            case Crashed():
                return "crashed", ""
            case BackupFinished(task=started.task, started_at=started.started_at):
                return "finished", ""
            case BackupFailed(task=started.task, started_at=started.started_at, error=error):
                return "failed", error
            case BackupCancelled(task=started.task, started_at=started.started_at, why=because):
                return "cancelled", because
    return "", ""


# ---- the answer


def answer(facts: Facts) -> Answer:
    """The first cause that holds."""
    ran = _ran(facts)
    if ran is not None:
        return _told(facts, True, *ran)
    for cause in CAUSES:
        found = cause(facts)
        if found is not None:
            return _told(facts, False, *found)
    return _told(facts, False, *_nothing_due(facts))


def _told(facts: Facts, ran: bool, sentence: str, rule: str) -> Answer:
    database = facts.found.database.name if facts.found.database is not None else ""
    return Answer(ran, facts.number, database, facts.t, sentence, rule, tuple(_chain(facts)))


def _ran(facts: Facts) -> Cause | None:
    """It ran: what was planned, and why there."""
    begun = [run for run in facts.runs if facts.t - SECOND <= run.t <= facts.t + SOON]
    if not begun:
        begun = [run for run in facts.runs if run.t <= facts.t and _ended_after(facts, run)]
    if not begun:
        return None
    run = begun[0]
    kind = "full" if run.full else "incremental"
    plans = [
        e.note
        for e in facts.events
        if isinstance(e.note, BackupPlanned) and e.node == run.node and e.note.task == facts.number and e.t <= run.t
    ]
    reason, rule = ("somebody asked for it", "15.1") if run.by_hand else ("its time had come", "8.4")
    if plans and not run.by_hand:
        reason, rule = plans[-1].why.replace("it waits for its next occurrence", "its time had come"), plans[-1].rule
    if run.skipped:
        return f"{run.node} looked at {clock_text(run.t)}, found nothing new, and wrote no file", "9.7"
    late = run.started_at - run.occurrence
    after = f" for the occurrence at {time_text(run.occurrence)}, {duration_text(late)} late" if late > SOON else ""
    others = sorted({each.node for each in begun} - {run.node})
    double = f"; so does {' and '.join(others)}, which holds itself responsible too" if others else ""
    ends = {
        "failed": f" and fails: {run.why}",
        "crashed": " and dies meanwhile",
        "cancelled": f" and is ended, {run.why}",
    }
    return (
        f"{run.node} begins a {kind} backup at {clock_text(run.t)}{after}, as {reason}{ends.get(run.end, '')}{double}",
        f"{rule}, 10.8" if others else rule,
    )


def _ended_after(facts: Facts, run: Ran) -> bool:
    """Whether a run that began before the moment was under way then."""
    if run.skipped:
        return False
    for event in facts.events:
        if run.t <= event.t <= facts.t and event.node == run.node:
            note = event.note
            if isinstance(note, Crashed):
                return False
            if (
                isinstance(note, BackupFinished | BackupFailed | BackupCancelled)
                and note.task == facts.number
                and note.started_at == run.started_at
            ):
                return False
    return True


def _all_down(facts: Facts) -> Cause | None:
    if not any(node.up for node in facts.found.nodes):
        return "every node is down", "10.3"
    return None


def _not_there(facts: Facts) -> Cause | None:
    """The task is not defined (yet, or any more)."""
    if facts.found.task is not None:
        return None
    removed = facts.before(TaskRemoved)
    if removed is not None:
        return f"the task was removed at {clock_text(removed.t)}", "9.2"
    later = [e.t for e in facts.events if isinstance(e.note, TaskDefined) and e.note.task == facts.number]
    if later and min(later) > facts.t:
        return f"the task was not defined before {clock_text(min(later))}", "6.8"
    return "no node that is up knows the task", "10.3"


def _disabled(facts: Facts) -> Cause | None:
    if not facts.task.disabled:
        return None
    since = facts.before(TaskDefined)
    when = f" since {clock_text(since.t)}" if since is not None else ""
    return f"the task is disabled{when}", "7.9"


def _no_place(facts: Facts) -> Cause | None:
    return None if facts.task.usable else ("the task has no destination that is switched on", "7.9")


def _answered(facts: Facts) -> Cause | None:
    """What had fallen due had been run, had failed, or had been ended by hand."""
    if facts.occurrence is None:
        return None
    done = [run for run in facts.runs if run.t <= facts.t and run.started_at >= facts.occurrence]
    when = time_text(facts.occurrence)
    good = [run for run in done if run.end == "finished"]
    if good:
        coming = _coming(facts)
        return (
            f"{good[0].node} had run the occurrence at {when} at {clock_text(good[0].t)}, and nothing else was due{coming}",
            "8.4",
        )
    if done and done[-1].end == "failed":
        return (
            f"the run that {done[-1].node} began at {clock_text(done[-1].t)} failed ({done[-1].why}), and what failed is not "
            f"tried again before the next occurrence{_coming(facts)}",
            "8.9",
        )
    if done and done[-1].end == "cancelled" and done[-1].why == BY_HAND and facts.rules.cancelled_waits:
        return f"somebody cancelled its run, and it waits for the next occurrence{_coming(facts)}", "15.6"
    return None


def _put_off(facts: Facts) -> Cause | None:
    """Somebody put it off: agreed, or known to the owner alone."""
    view = facts.owner.view if facts.owner is not None and facts.owner.up else None
    if view is None or view.next is None or view.next.delayed_from is None:
        delay = facts.delay
        if facts.owner is None or delay is None or delay.until <= facts.owner.wall or not delay.counts(facts.status):
            return None
        return f"it was put off by hand until {time_text(delay.until)}", "15.5"
    alone = (
        ""
        if facts.delay is not None and facts.delay.until == view.next.at
        else f", and only {facts.owner.name} knows"
        if facts.owner
        else ""
    )
    cancelled = any(run.why == PUT_OFF and run.t <= facts.t for run in facts.runs)
    ended = ", its run was ended" if cancelled else ""
    return f"it was put off by hand until {time_text(view.next.at)}{ended}{alone}", "15.5"


def _nobody(facts: Facts) -> Cause | None:
    """Nobody is responsible."""
    if facts.owner is not None:
        return None
    if not facts.rules.assigned:
        return "nobody leads and it never ran, so that no node may take itself for its owner", "7.6"
    if not facts.leader:
        return "nobody leads, so that nobody could be made responsible for it", "10.3"
    return f"nobody was responsible yet: the observer on {facts.leader} chooses in its next pass", "7.8.3"


def _owner_away(facts: Facts) -> Cause | None:
    """The owner is down, or stands still."""
    owner = facts.owner
    if owner is None or (owner.up and not owner.paused and owner.view is not None and not _rests_outside(facts, owner)):
        return None
    if _rests_outside(facts, owner):
        return _owner_left(facts, owner)
    went = facts.before(Crashed, owner.name)
    what = "stands still" if owner.paused else "is down" if not owner.up else "does not have the database"
    since = f" since {clock_text(went.t)}" if not owner.up and went is not None else ""
    return _until_it_moves(facts, owner, f"{owner.name} is responsible and {what}{since}")


def _rests_outside(facts: Facts, owner: NodeFacts) -> bool:
    return owner.up and owner.passive and not facts.rules.runs_outside


def _owner_left(facts: Facts, owner: NodeFacts) -> Cause:
    """The owner is in no cluster any more, and knows it."""
    told = facts.before(PutOutside, owner.name) or facts.before(ConfigurationChanged, owner.name)
    since = f" at {clock_text(told.t)}" if told is not None else ""
    begins = f"{owner.name} is responsible, has left the cluster{since}, and runs nothing for one that it is not in"
    sentence, rule = _until_it_moves(facts, owner, begins)
    return sentence, f"3.36, {rule}"


def _until_it_moves(facts: Facts, owner: NodeFacts, begins: str) -> Cause:
    """What becomes of a task whose owner is away, told behind those words."""
    if facts.rules.assigned and not facts.leader:
        return f"{begins}, and nobody leads, so that the task cannot move", "10.3"
    if not facts.leader:
        return f"{begins}, and without a leader only the node that ran it last goes on", "10.2"
    if facts.task.pinned and facts.task.mentor == owner.name:
        return f"{begins}; the task is pinned to it and runs nowhere else", "7.12"
    if not facts.rules.highly_available_tasks:
        return f"{begins}; the licence does not let tasks move", "7.8.7"
    if not any(node.up and node.name in facts.database.topology.members for node in facts.found.nodes):
        return f"{begins}, and no other member is there to take it", "7.8.8"
    stored = facts.assignment
    if stored is not None and stored.not_suitable_since is not None:
        moves = time_text(stored.not_suitable_since + facts.rules.move_grace)
        return f"{begins}; the task moves at {moves} unless {owner.name} is back by then", "7.8"
    silent = duration_text(facts.rules.rehab_after)
    return f"{begins}; it has not been silent for the {silent} after which it goes to Rehab", "5.5"


def _owner_unaware(facts: Facts) -> Cause | None:
    """The owner is up and does not know that it is."""
    owner = facts.owner
    if owner is None or owner.view is None or owner.view.responsible_node == owner.name:
        return None
    if not facts.rules.assigned and not owner.leader:
        return (
            f"{owner.name} would run it and sees no leader, without which it does not take itself for the owner",
            "7.6",
        )
    return f"{owner.name} is responsible and does not know it yet: it is behind the others", "7.9"


def _overdue(facts: Facts) -> Cause | None:
    """It is due on its owner, and something there lets it wait."""
    owner = facts.owner
    view = owner.view if owner is not None else None
    if owner is None or view is None:
        return None
    delayed = [
        e.note
        for e in facts.events
        if isinstance(e.note, BackupDelayed)
        and e.note.task == facts.number
        and e.node == owner.name
        and e.t <= facts.t + SECOND
    ]
    if delayed and delayed[-1].until > owner.wall and not _started_since(facts, delayed[-1].until):
        return f"{owner.name} asks again at {time_text(delayed[-1].until)}: {delayed[-1].why}", "9.4"
    if view.running is not None:
        return f"{owner.name} still holds the place of its last run, whose report is under way", "9.16"
    plan = view.next
    if plan is None:
        return "neither of its frequencies has an occurrence to come", "8.3"
    started = facts.before(Started, owner.name)
    if (
        plan.at <= owner.wall
        and started is not None
        and isinstance(started.note, Started)
        and started.note.incarnation > 1
        and facts.t - started.t < facts.rules.news_after_start
    ):
        patience = duration_text(facts.rules.news_after_start)
        return (
            f"{owner.name} has just started, and hears the news for {patience} before it runs what it slept through",
            "8.5",
        )
    if "ran it last" in plan.why and plan.occurrence is not None and plan.occurrence <= owner.wall < plan.at:
        return f"{plan.why.split(';')[0]}: {owner.name} begins at {time_text(plan.at)}", "8.5"
    return None


def _started_since(facts: Facts, until: int) -> bool:
    return any(run.started_at >= until for run in facts.runs if run.t <= facts.t)


def _ahead(facts: Facts) -> Cause | None:
    """The last run seems to lie in the future."""
    owner, status = facts.owner, facts.status
    if owner is None or status is None or facts.rules.future_is_now or status.started_at <= owner.wall + SECOND:
        return None
    return (
        f"the clock of {owner.name} reads {time_text(owner.wall)}, and its last run seems to have begun at "
        f"{time_text(status.started_at)}: nothing is due before that",
        "8.2",
    )


def _uncovered(facts: Facts) -> Cause | None:
    """An occurrence passed that nobody ran, and the owner waits for the next."""
    owner = facts.owner
    view = owner.view if owner is not None else None
    if owner is None or view is None or view.next is None or facts.occurrence is None or view.next.at <= owner.wall:
        return None
    if facts.rules.takes_over_uncovered or any(r.started_at >= facts.occurrence for r in facts.runs if r.t <= facts.t):
        return None
    return (
        f"the occurrence at {time_text(facts.occurrence)} passed before {owner.name} got the task, and a new owner counts from "
        f"then: it waits for {time_text(view.next.at)}",
        "8.11",
    )


def _nothing_due(facts: Facts) -> Cause:
    if facts.occurrence is None:
        return f"nothing had fallen due since the task was defined{_coming(facts)}", "8.4"
    return f"nothing was due{_coming(facts)}", "8.4"


def _coming(facts: Facts) -> str:
    view = facts.owner.view if facts.owner is not None else None
    view = view or next((node.view for node in facts.found.nodes if node.view is not None), None)
    if view is None or view.next is None or facts.owner is None or view.next.at <= facts.owner.wall:
        return ""
    return f"; the next is at {time_text(view.next.at)}"


CAUSES: tuple[Callable[[Facts], Cause | None], ...] = (
    _all_down,
    _not_there,
    _disabled,
    _no_place,
    _answered,
    _nobody,
    _owner_away,
    _owner_unaware,
    _put_off,
    _ahead,
    _overdue,
    _uncovered,
)
"""In the order in which they forbid a run."""


def _chain(facts: Facts) -> Iterator[tuple[str, str]]:
    """What the answer rests on."""
    task, owner = facts.found.task, facts.owner
    if task is not None and owner is not None:
        known = [node.view for node in facts.found.nodes if node.view and node.view.responsible_node == owner.name]
        if known:
            since = known[0].owned_since
            when = f" since {time_text(since)}" if since is not None else ""
            yield "owner", f"{owner.name}{when}: {known[0].reason}"
    if task is not None:
        zone, clock = owner.zone if owner is not None else "UTC", time_text(owner.wall) if owner is not None else ""
        crons = " and ".join(
            f"{word} at '{cron}'" for word, cron in (("full", task.full), ("incremental", task.incremental)) if cron
        )
        reads = f"; the clock of {owner.name} reads {clock} UTC" if owner is not None and owner.up else ""
        yield "schedule", f"{crons or 'none'} in {zone}{reads}"
        if facts.occurrence is not None:
            yield "last due", time_text(facts.occurrence)
    yield "leader", facts.leader or "nobody leads a majority"
    yield "nodes", ", ".join(_node_text(node) for node in facts.found.nodes)
    past = [run for run in facts.runs if run.t <= facts.t]
    if past:
        run = past[-1]
        kind = "nothing new" if run.skipped else "full" if run.full else "incremental"
        yield (
            "last run",
            f"{kind} on {run.node} at {clock_text(run.t)}, {run.end or 'under way'}{f': {run.why}' if run.why else ''}",
        )


def _node_text(node: NodeFacts) -> str:
    if not node.up:
        return f"{node.name} is down"
    if node.paused:
        return f"{node.name} stands still"
    if node.role == "leader":
        return f"{node.name} leads"
    if node.passive:
        return f"{node.name} is outside the cluster"
    return f"{node.name} follows {node.leader}" if node.leader else f"{node.name} sees no leader ({node.role})"


# ---- for eyes


def lines(found: Answer, width: int) -> Iterator[str]:
    """The answer as text."""
    verb = "ran" if found.ran else "did not run"
    of = f" of {found.database}" if found.database else ""
    head = f"task {found.task}{of} {verb} at {clock_text(found.t)}: {found.sentence} ({found.rule})."
    yield from textwrap.wrap(head, width, break_on_hyphens=False, break_long_words=False)
    for word, says in found.chain:
        yield from textwrap.wrap(f"  {word:9} {says}", width, subsequent_indent=" " * 12, break_on_hyphens=False)
