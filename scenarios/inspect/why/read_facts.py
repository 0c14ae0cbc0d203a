"""The facts of a moment, read from the world at that moment and from the events of the run.

Never here: how the moment is reached (scenarios/inspect/moment.py), and what follows from the facts (causes.py).
"""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from backup.notes import TaskDefined
from backup.record.cron import occurrences
from backup.record.record import Database, Task
from backup.record.rules import rules_named
from backup.runs.run_status import WINDOWS
from cluster.member import Refused
from scenarios.inspect.run_history import RunHistory
from scenarios.inspect.why.facts import Facts, KnownFacts, NodeFacts
from scenarios.kept_run import ReplayError

if TYPE_CHECKING:
    from cluster.sim.world import World


def found_in(world: "World", number: int, name: str, on: str = "") -> KnownFacts:
    """The knowledge of the task with that number or name in the cluster of node `on`; empty: in the first that has it.

    ReplayError if the nodes have no backup service, or there is no such node.
    """
    if on and on not in world.names:
        raise ReplayError(f"there is no node {on!r} in this run: --on takes one of {' '.join(world.names)}")
    names = world.nodes_beside(on) if on else world.names
    running = [node for node in names if world[node].up]
    if running and not hasattr(world[running[0]].application, "look"):
        raise ReplayError("the nodes of this run keep no backups: name a run of a story about backups")
    best: tuple[int, Database, Task] | None = None
    for node in running:
        if best is not None and node not in names:
            break  # another cluster's task of this number
        for database in world[node].state.databases.values():
            for task in database.tasks.values():
                meant = task.id == number or (not number and task.name.lower() == name.lower())
                if meant and (best is None or world[node].applied > best[0]):
                    best, names = (world[node].applied, database, task), world.nodes_beside(node)
    nodes = tuple(_node_facts(world, node, best) for node in names)
    rules = world[running[0]].application.rules if running else rules_named(world.options.get("rules") or "unkindness")
    return KnownFacts(nodes, best[1] if best else None, best[2] if best else None, rules)


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
    paused, leader = world.slots[name].paused, node.leader or ""
    return NodeFacts(
        name, node.up, paused, node.role, leader, node.voters, node.passive, node.wall, zone, node.applied, view
    )


def facts_of(t: int, number: int, name: str, found: KnownFacts, history: RunHistory) -> Facts:
    """The facts at true time `t`, from the knowledge read then. ReplayError if there was no such task."""
    defined = [event.note for event in history.of(TaskDefined)]
    if found.task is not None:
        number = found.task.id
    elif not number:
        named = [note.task for note in defined if note.name.lower() == name.lower()]
        if not named:
            there = ", ".join(f"{note.task} ({note.name})" for note in {each.task: each for each in defined}.values())
            raise ReplayError(
                f"there is no task {name!r} in this run: give the id or the name of one of {there or 'none'}"
            )
        number = named[-1]
    known = sorted({note.task for note in defined})
    if found.task is None and number not in known:
        raise ReplayError(f"there is no task {number} up to then: name one of {' '.join(map(str, known)) or 'none'}")
    owner = _owner(found)
    occurrence = _newest(found.task, owner or found.nodes[0]) if found.task is not None else None
    runs = tuple(run for run in history.runs if run.task == number)
    return Facts(t, number, found.rules, found, runs, history, owner, occurrence)


def _owner(found: KnownFacts) -> NodeFacts | None:
    """The node that holds itself responsible, or else the one named by the node that has applied most entries."""
    by_name = {node.name: node for node in found.nodes}
    for node in found.nodes:
        if node.view is not None and node.view.responsible_node == node.name:
            return node
    named = [node for node in found.nodes if node.view is not None and node.view.responsible_node]
    best = max(named, key=lambda node: node.applied, default=None)
    if best is not None and best.view is not None:
        return by_name.get(best.view.responsible_node)
    if found.database is None or found.task is None:
        return None
    # the members of the group are down: the other nodes know what the cluster agreed on
    stored, status = found.database.assignments.get(found.task.id), found.database.statuses.get(found.task.id)
    told = stored.node if stored is not None else status.node if status is not None else ""
    return by_name.get(told)


def _newest(task: Task, owner: NodeFacts) -> int | None:
    """The newest occurrence by that node's clock and time zone since the task was defined; None: none yet."""
    zone = ZoneInfo(owner.zone)
    for window in WINDOWS:
        first = max(task.created_at, owner.wall - window)
        found = [
            instant
            for cron in (task.full, task.incremental)
            if cron
            for instant in occurrences(cron, first, owner.wall, zone)[-1:]
        ]
        if found:
            return max(found)
        if first == task.created_at:
            return None
    return None
