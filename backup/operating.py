"""How a node answers what an operator asks (operations.py). Never here: what follows from it."""

from typing import Any

from backup import external, groups, operations
from backup.record import Record
from backup.watch import Watch
from cluster.member import Member, Refused


async def operate(member: Member, watch: Watch, request: operations.Operation) -> Any:
    """Do it, or raise what the class says."""
    match request:
        case operations.SuspendObserver(suspended):
            watch.suspend(suspended)
            return None
        case operations.ReadDecisions():
            return watch.decisions
        case operations.DefineReplication(database, replication):
            mentor = replication.mentor
            if mentor is not None and mentor not in member.members:
                known = " ".join(member.members)
                raise Refused(f"the replication prefers node {mentor!r}, which is none of {known}: name one of them")
            return await member.propose(external.DefineReplication(database, replication, member.wall()))
        case operations.RemoveReplication(database, task):
            return await member.propose(external.DeleteReplication(database, task))
        case operations.ToggleReplication(database, task, disabled):
            return await member.propose(external.ToggleReplication(database, task, disabled))
        case _:
            command = _command(member, request)
            await member.propose(command)
            return command.node if isinstance(command, groups.AddNode) else None


def _command(member: Member, request: operations.GroupRequest) -> groups.GroupCommand:
    at, term = member.wall(), member.term
    match request:
        case operations.AddNodeToDatabase(name, node):
            return groups.AddNode(name, _addable(member, name, node), at, term)
        case operations.RemoveNodeFromDatabase(name, node):
            return groups.RemoveNode(name, node, at, term)
        case operations.PromoteNodeOfDatabase(name, node):
            return groups.PromoteNode(name, node, at, term)
        case operations.ReorderGroup(name, order, fixed):
            return groups.ReorderMembers(name, order, fixed, at, term)
        case operations.DistributeDynamically(name, dynamic):
            return groups.Distribute(name, dynamic, at, term)


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
