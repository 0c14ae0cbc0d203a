"""The causes that prevent a run of a task, in the order in which they do, and those that let one begin.

Each is a sentence with its rule; None: it does not apply. Only facts are read. Never here: where they come from (read_facts.py).
"""

from collections.abc import Callable

from backup.notes import (
    BETWEEN_REASONS,
    BY_HAND,
    PUT_OFF,
    BackupDelayed,
    BackupPlanned,
    TaskDefined,
    TaskRemoved,
    duration_text,
    time_text,
)
from cluster.time_units import SECOND, clock_text
from cluster.trace import Started
from scenarios.inspect.clock_error import clock_error
from scenarios.inspect.run_history import BackupFacts
from scenarios.inspect.why.facts import SOON, Cause, Facts, NodeFacts
from scenarios.inspect.why.lost_files import missing
from scenarios.inspect.why.owner_reasons import owner_away, owner_unaware


def ran(facts: Facts) -> Cause | None:
    """The task ran: the plan of the run, and why on that node."""
    begun = [run for run in facts.runs if facts.t - SECOND <= run.t <= facts.t + SOON]
    if not begun:
        begun = [run for run in facts.runs if run.t <= facts.t and (run.ended is None or run.ended > facts.t)]
    if not begun:
        return None
    run = begun[0]
    kind = "a full" if run.full else "an incremental"
    reason, rule = ("somebody asked for it", "15.1") if run.by_hand else ("its time had come", "8.4")
    if run.plan is not None and not run.by_hand:
        reason, rule = run.plan.why.replace("it waits for its next occurrence", "its time had come"), run.plan.rule
        if run.full and not run.plan.full:
            when, rule = reason.partition(BETWEEN_REASONS)[0], f"{rule.partition(',')[0]}, 8.7"
            reason = f"{when}{BETWEEN_REASONS}full, as {missing(facts, run)}"
    others = _others(facts, run, begun)
    if run.skipped:
        return (
            f"{run.node} looked at {clock_text(run.t)}, found nothing new, and wrote no file{others}",
            "9.7, 10.8" if others else "9.7",
        )
    late = run.started_at - run.occurrence
    after = f" for the occurrence at {time_text(run.occurrence)}, {duration_text(late)} late" if late > SOON else ""
    after += _by_which_clock(facts, run)
    ends = {
        "failed": f" and fails: {run.why}",
        "crashed": f"; it is cut off when {run.node} crashes",
        "stopped": f"; it is cut off when {run.node} is stopped",
        "cancelled": f" and is ended, {run.why}",
    }
    begins = f"{run.node} begins {kind} backup at {clock_text(run.t)}{after}, as {reason}"
    return f"{begins}{ends.get(run.end, '')}{others}", f"{rule}, 10.8" if others else rule


def _by_which_clock(facts: Facts, run: BackupFacts) -> str:
    """By what clock the run is on time, early or late, if its node's is not right; else empty."""
    for node in facts.found.nodes:
        wrong = clock_error(node.ahead(facts.t)) if node.name == run.node else ""
        if wrong:
            return f" by its own clock, which is {wrong} true time"
    return ""


def _others(facts: Facts, run: BackupFacts, begun: list[BackupFacts]) -> str:
    """A sentence about the other nodes that began a run of the task too."""
    believers = {node.name for node in facts.believers}
    told = ""
    for node, each in sorted({each.node: each for each in begun if each.node != run.node}.items()):
        too = ", which holds itself responsible too," if node in believers else ""
        told += f"; {node}{too} {'finds nothing new and writes no file' if each.skipped else 'begins one as well'}"
    return told


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
    later = [event.t for event in facts.history.of(TaskDefined) if event.note.task == facts.number]
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
    """The newest occurrence had been run, its run had failed, or a user had cancelled it."""
    if facts.occurrence is None:
        return None
    done = [run for run in facts.runs if run.t <= facts.t and run.started_at >= facts.occurrence]
    when = time_text(facts.occurrence)
    good = [run for run in done if run.end == "finished"]
    if good:
        coming = _coming(facts)
        text = f"{good[0].node} had run the occurrence at {when} at {clock_text(good[0].t)}, and nothing else was due{coming}"
        return text, "8.4"
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
    """A user postponed the task; the cluster agreed on it, or only the responsible node knows of it."""
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
    """No node is responsible."""
    if facts.owner is not None:
        return None
    if not facts.rules.assigned:
        return "nobody leads and it never ran, so that no node may take itself for its owner", "7.6"
    if not facts.leader:
        return "nobody leads, so that nobody could be made responsible for it", "10.3"
    return f"nobody was responsible yet: the observer on {facts.leader} chooses in its next pass", "7.8.3"


def _overdue(facts: Facts) -> Cause | None:
    """The task is due on its responsible node, and something there makes it wait."""
    owner = facts.owner
    view = owner.view if owner is not None else None
    if owner is None or view is None:
        return None
    delayed = [
        event.note
        for event in facts.history.of(BackupDelayed)
        if event.note.task == facts.number and event.node == owner.name and event.t <= facts.t + SECOND
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
        and started.note.incarnation > 1
        and facts.t - started.t < facts.rules.news_after_start
    ):
        patience = duration_text(facts.rules.news_after_start)
        text = f"{owner.name} has just started, and hears the news for {patience} before it runs what it slept through"
        return text, "8.5"
    if "ran it last" in plan.why and plan.occurrence is not None and plan.occurrence <= owner.wall < plan.at:
        return f"{plan.why.split(';')[0]}: {owner.name} begins at {time_text(plan.at)}", "8.5"
    return None


def _started_since(facts: Facts, until: int) -> bool:
    return any(run.started_at >= until for run in facts.runs if run.t <= facts.t)


def _ahead(facts: Facts) -> Cause | None:
    """By the clock of the responsible node, the last run lies in the future."""
    owner, status = facts.owner, facts.status
    if owner is None or status is None or facts.rules.future_is_now or status.started_at <= owner.wall + SECOND:
        return None
    return (
        f"the clock of {owner.name} reads {time_text(owner.wall)}, and its last run seems to have begun at "
        f"{time_text(status.started_at)}: nothing is due before that",
        "8.2",
    )


def _uncovered(facts: Facts) -> Cause | None:
    """An occurrence passed that no node ran, and the responsible node waits for the next."""
    owner = facts.owner
    view = owner.view if owner is not None else None
    if owner is None or view is None or view.next is None or facts.occurrence is None or view.next.at <= owner.wall:
        return None
    if facts.rules.takes_over_uncovered or _is_run(facts) or not _came_later(facts, owner):
        return None
    return (
        f"the occurrence at {time_text(facts.occurrence)} passed before {owner.name} got the task, and a new owner counts from "
        f"then: it waits for {time_text(view.next.at)}",
        "8.11",
    )


def _is_run(facts: Facts) -> bool:
    """Whether a run that answers the newest occurrence began up to the moment."""
    newest = facts.occurrence
    return newest is None or any(run.started_at >= newest for run in facts.runs if run.t <= facts.t)


def _came_later(facts: Facts, owner: NodeFacts) -> bool:
    """Whether the node's first plan, since it started or became responsible, was made after the occurrence."""
    assert facts.occurrence is not None, "asked of an occurrence that passed"
    started, stored = facts.before(Started, owner.name), facts.assignment
    since = max(
        started.t if started is not None else 0, (stored.since if stored is not None else 0) - owner.ahead(facts.t)
    )
    plans = [
        event.t
        for event in facts.history.of(BackupPlanned)
        if event.node == owner.name and event.note.task == facts.number and since <= event.t <= facts.t
    ]
    return bool(plans) and plans[0] > facts.occurrence - owner.ahead(facts.t)


def nothing_due(facts: Facts) -> Cause:
    """No cause applies: no run was due, or the cause is not known."""
    if facts.occurrence is None:
        return f"nothing had fallen due since the task was defined{_coming(facts)}", "8.4"
    if not _is_run(facts):
        return (
            f"the occurrence at {time_text(facts.occurrence)} was not run, and why is not known{_coming(facts)}",
            "no rule that is known",
        )
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
    owner_away,
    owner_unaware,
    _put_off,
    _ahead,
    _overdue,
    _uncovered,
)
"""All causes, in the order in which they prevent a run."""
