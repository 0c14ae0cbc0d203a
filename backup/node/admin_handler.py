"""How a node answers what an operator asks (backup/requests/admin_requests.py). Never here: what follows from it."""

from typing import Any

from backup.observer.observer_loop import ObserverLoop
from backup.record import external_replication, group_commands
from backup.record.record import Record
from backup.requests import admin_requests
from cluster.member import Member, Refused


async def operate(member: Member, observer_loop: ObserverLoop, request: admin_requests.Operation) -> Any:
    """Do it, or raise what the class says."""
    match request:
        case admin_requests.SuspendObserver(suspended):
            observer_loop.suspend(suspended)
            return None
        case admin_requests.ReadDecisions():
            return observer_loop.decisions
        case admin_requests.DefineReplication(database, replication):
            mentor = replication.mentor
            if mentor is not None and mentor not in member.members:
                known = " ".join(member.members)
                raise Refused(f"the replication prefers node {mentor!r}, which is none of {known}: name one of them")
            return await member.propose(external_replication.DefineReplication(database, replication, member.wall()))
        case admin_requests.RemoveReplication(database, task):
            return await member.propose(external_replication.DeleteReplication(database, task))
        case admin_requests.ToggleReplication(database, task, disabled):
            return await member.propose(external_replication.ToggleReplication(database, task, disabled))
        case _:
            command = _command(member, request)
            await member.propose(command)
            return command.node if isinstance(command, group_commands.AddNode) else None


def _command(member: Member, request: admin_requests.GroupRequest) -> group_commands.GroupCommand:
    at, term = member.wall(), member.term
    match request:
        case admin_requests.AddNodeToDatabase(name, node):
            return group_commands.AddNode(name, _addable(member, name, node), at, term)
        case admin_requests.RemoveNodeFromDatabase(name, node):
            return group_commands.RemoveNode(name, node, at, term)
        case admin_requests.PromoteNodeOfDatabase(name, node):
            return group_commands.PromoteNode(name, node, at, term)
        case admin_requests.ReorderGroup(name, order, fixed):
            return group_commands.ReorderMembers(name, order, fixed, at, term)
        case admin_requests.DistributeDynamically(name, dynamic):
            return group_commands.Distribute(name, dynamic, at, term)


def _addable(member: Member, name: str, node: str) -> str:
    """The node asked for, if the cluster has it; else the one outside the group with the fewest databases."""
    if node:
        if node not in member.members:
            raise Refused(f"node {node} is none of the cluster, which is {' '.join(member.members)}: name one of them")
        return node
    record: Record = member.state
    database = record.database(name)
    group = database.topology.nodes if database is not None else ()
    counts = {each: 0 for each in member.members if each not in group}
    if not counts:
        raise Refused(f"database {name!r} is on every node of the cluster: add a node to the cluster first")
    for other in record.databases.values():
        for each in other.topology.nodes:
            if each in counts:
                counts[each] += 1
    return min(counts, key=lambda each: (counts[each], each))
