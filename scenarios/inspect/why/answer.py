"""The answer to why a task ran at a time of a run, or why not: one sentence with its rule, and the facts it rests on.

`answer` tries the causes in the order in which they prevent a run; the first that applies is the answer. Never here: the
causes themselves (causes.py).
"""

import textwrap
from collections.abc import Iterator

import attrs

from backup.notes import time_text
from cluster.time_units import clock_text
from cluster.value import value
from scenarios.inspect.clock_error import clock_error
from scenarios.inspect.moment import true_time, visit
from scenarios.inspect.run_history import BackupFacts, RunHistory
from scenarios.inspect.why.causes import CAUSES, nothing_due, ran
from scenarios.inspect.why.facts import SOON, Facts, NodeFacts
from scenarios.inspect.why.lost_files import lost
from scenarios.inspect.why.read_facts import facts_of, found_in


@value
class WhyAnswer:
    """The answer, and what it rests on."""

    ran: bool
    task: int
    database: str
    t: int
    sentence: str
    rule: str
    chain: tuple[tuple[str, str], ...] = ()
    """The facts that the answer rests on: a label, and the fact."""


def why(run: str, task: str, at: str, *, on: str = "", bug: str | None = None, rules: str | None = None) -> WhyAnswer:
    """Why the task (by its id or name) ran at that time of a run, or why not. ReplayError if there is no such run or task.

    `on`: a node of the cluster that is meant; without it the first that has such a task.
    """
    number, name = (int(task), "") if task.isdecimal() else (0, task)
    t = true_time(at)

    def facts_at(t: int) -> Facts:
        moment = visit(run, t, lambda world: found_in(world, number, name, on), beyond=SOON, bug=bug, rules=rules)
        history = RunHistory(moment.events).of_nodes(node.name for node in moment.read.nodes)
        return facts_of(t, number, name, moment.read, history)

    facts = facts_at(t)
    begun = [each.t for each in facts.runs if t < each.t <= t + SOON]
    if begun and ran(facts) is not None:  # the answer rests on the state when the run began
        facts = facts_at(begun[0])
    return attrs.evolve(answer(facts), t=t)


def answer(facts: Facts) -> WhyAnswer:
    """The first cause that applies."""
    begun = ran(facts)
    if begun is not None:
        return _told(facts, True, *begun)
    for cause in CAUSES:
        found = cause(facts)
        if found is not None:
            return _told(facts, False, *found)
    return _told(facts, False, *nothing_due(facts))


def _told(facts: Facts, ran: bool, sentence: str, rule: str) -> WhyAnswer:
    database = facts.found.database.name if facts.found.database is not None else ""
    return WhyAnswer(ran, facts.number, database, facts.t, sentence, rule, tuple(_chain(facts)))


def _chain(facts: Facts) -> Iterator[tuple[str, str]]:
    """The facts that the answer rests on."""
    task, owner = facts.found.task, facts.owner
    if task is not None and owner is not None:
        views = {node.name: node.view for node in facts.found.nodes if node.view}
        for name in dict.fromkeys((owner.name, *(node.name for node in facts.believers))):
            known = {node: view for node, view in views.items() if view.responsible_node == name}
            if known:
                view = known[name] if name in known else next(iter(known.values()))
                when = f" since {time_text(view.owned_since)}" if view.owned_since is not None else ""
                yield "owner", f"{name}{when}: {view.reason}"
    if task is not None:
        zone = owner.zone if owner is not None else "UTC"
        crons = " and ".join(
            f"{word} at '{cron}'" for word, cron in (("full", task.full), ("incremental", task.incremental)) if cron
        )
        clocks = facts.believers or ([owner] if owner is not None and owner.up else [])
        reads = "".join(f"; the clock of {node.name} reads {time_text(node.wall)} UTC" for node in clocks)
        yield "schedule", f"{crons or 'none'} in {zone}{reads}"
        if facts.occurrence is not None:
            yield "last due", time_text(facts.occurrence)
    yield "leader", facts.leader or "nobody leads a majority"
    wrong = {node.name: clock_error(node.ahead(facts.t)) for node in facts.found.nodes if node.up}
    if any(wrong.values()):
        yield "clocks", ", ".join(f"{name} is {says} true time" for name, says in wrong.items() if says)
    yield "nodes", ", ".join(_node_text(node) for node in facts.found.nodes)
    past = [run for run in facts.runs if run.t <= facts.t]
    if past:
        run = past[-1]
        kind = "nothing new" if run.skipped else "full" if run.full else "incremental"
        yield (
            "last run",
            f"{kind} on {run.node} at {clock_text(run.t)}, {_end_text(run)}",
        )
    for says in lost(facts):
        yield "lost file", says


def _end_text(run: BackupFacts) -> str:
    if run.is_cut_off:
        return f"cut off as {run.node} {'was stopped' if run.end == 'stopped' else 'crashed'}"
    return f"{run.end or 'under way'}{f': {run.why}' if run.why else ''}"


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


def lines(found: WhyAnswer, width: int) -> Iterator[str]:
    """The answer as text."""
    verb = "ran" if found.ran else "did not run"
    of = f" of {found.database}" if found.database else ""
    head = f"task {found.task}{of} {verb} at {clock_text(found.t)}: {found.sentence} ({found.rule})."
    yield from textwrap.wrap(head, width, break_on_hyphens=False, break_long_words=False)
    for word, says in found.chain:
        yield from textwrap.wrap(f"  {word:9} {says}", width, subsequent_indent=" " * 12, break_on_hyphens=False)
