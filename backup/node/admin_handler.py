"""How a node answers an operator's requests (backup/requests/admin_requests.py)."""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from backup.observer.observer_loop import ObserverLoop
from backup.record.admin_command import AdminCommand
from backup.record.database_commands import CreateDatabase
from backup.record.external_replication import DefineReplication
from backup.record.group_commands import AddNode
from backup.record.record import Record, Replication, Template
from backup.record.server_wide import DefineServerWide
from backup.record.task import Task
from backup.record.task_commands import DefineTask
from backup.requests.admin_requests import Act, ObserverRequest, SuspendObserver
from cluster.member import Member, Refused


async def administer(member: Member, act: Act, admit: Callable[[Task], Awaitable[None]]) -> Any:
    """Check the act, raise `Refused` if it is not allowed, else propose it. `admit` judges the definition of a task."""
    match act:
        case DefineTask(task=task) | DefineServerWide(template=Template(task=task)):
            await admit(task)
        case DefineReplication(replication=Replication(nodes=nodes)) if set(nodes) & set(member.members):
            raise Refused(f"{' '.join(nodes)} are of this cluster: name the destination alone, or nodes of another one")
        case CreateDatabase():
            # only a restore may say that it is one
            act = attrs.evolve(act, members=_group(member, act), restoring=None)
        case AddNode(database=name, node=node):
            act = attrs.evolve(act, node=_addable(member, name, node))
    if isinstance(act, AdminCommand):
        act = attrs.evolve(act, at=member.wall(), term=member.term)
    return await member.propose(act)


def observe(observer_loop: ObserverLoop, request: ObserverRequest) -> Any:
    """Answer an observer request as its class documents."""
    if isinstance(request, SuspendObserver):
        return observer_loop.suspend(request.suspended)
    return observer_loop.decisions


def _group(member: Member, act: CreateDatabase) -> tuple[str, ...]:
    """The members of a new database: the named nodes, else as many as asked for. `Refused` if the cluster lacks some."""
    group = act.members or member.members[: act.replication_factor]
    if any(node not in member.members for node in group) or len(group) < act.replication_factor:
        raise Refused(
            f"database {act.name!r} cannot be on {act.replication_factor} nodes, {' '.join(group)}: "
            f"the cluster has {' '.join(member.members)}"
        )
    return group


def _addable(member: Member, name: str, node: str) -> str:
    """The node to add: the named one, else the one outside the group with the fewest databases. `Refused` if there is none."""
    if node:
        if node not in member.members:
            raise Refused(f"node {node} is none of the cluster, which is {' '.join(member.members)}: name one of them")
        return node
    record: Record = member.state
    database = record.database(name)
    group = (*database.topology.nodes, *database.departed) if database is not None else ()
    counts = {each: 0 for each in member.members if each not in group}
    if not counts:
        raise Refused(f"database {name!r} is on every node of the cluster: add a node to the cluster first")
    for other in record.databases.values():
        for each in other.topology.nodes:
            if each in counts:
                counts[each] += 1
    return min(counts, key=lambda each: (counts[each], each))
