"""The causes that lie with the responsible node: it is away, or does not know that it is responsible; and what follows.

Never here: the other causes, and which of them is tried first (causes.py).
"""

from backup.notes import duration_text, time_text
from cluster.time_units import clock_text
from cluster.trace import ConfigurationChanged, Crashed, Happened, PutOutside
from scenarios.inspect.why.facts import Cause, Facts, NodeFacts


def owner_away(facts: Facts) -> Cause | None:
    """The responsible node is down or stalled."""
    owner = facts.owner
    if owner is None or (owner.up and not owner.paused and owner.view is not None and not _rests_outside(facts, owner)):
        return None
    if _rests_outside(facts, owner):
        return _owner_left(facts, owner)
    went = facts.before(Crashed, owner.name)
    what = "stands still" if owner.paused else "is down" if not owner.up else "does not have the database"
    since = f" since {clock_text(went.t)}" if not owner.up and went is not None else ""
    return _until_it_moves(facts, owner, f"{owner.name} is responsible and {what}{since}")


def owner_unaware(facts: Facts) -> Cause | None:
    """The responsible node is up and does not know that it is responsible."""
    owner = facts.owner
    if owner is None or owner.view is None or owner.view.responsible_node == owner.name:
        return None
    if not facts.rules.assigned and not owner.leader:
        text = f"{owner.name} would run it and sees no leader, without which it does not take itself for the owner"
        return text, "7.6"
    return f"{owner.name} is responsible and does not know it yet: it is behind the others", "7.9"


def _rests_outside(facts: Facts, owner: NodeFacts) -> bool:
    return owner.up and owner.passive and not facts.rules.runs_outside


def _owner_left(facts: Facts, owner: NodeFacts) -> Cause:
    """The responsible node knows that it has been removed from the cluster."""
    told: Happened | None = facts.before(PutOutside, owner.name)
    told = told or facts.before(ConfigurationChanged, owner.name)
    since = f" at {clock_text(told.t)}" if told is not None else ""
    begins = f"{owner.name} is responsible, has left the cluster{since}, and runs nothing for one that it is not in"
    sentence, rule = _until_it_moves(facts, owner, begins)
    return sentence, f"3.36, {rule}"


def _until_it_moves(facts: Facts, owner: NodeFacts, begins: str) -> Cause:
    """The rest of a sentence that begins with `begins`: what becomes of a task whose responsible node is away."""
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
