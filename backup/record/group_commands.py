"""What an operator may ask of a database group: add and remove nodes, promote, reorder, distribute. Commands, and `apply`.

Each changes one `Topology` and answers the log index. Never here: what the observer changes by itself (backup/observer/group_health.py).
"""

from collections.abc import Callable

import attrs

from backup.record.record import Database, Stamp, Topology
from cluster.member import Refused
from cluster.value import value


@value
class AddNode:
    """The node becomes a Promotable, and the database is to have one member more."""

    database: str
    node: str
    at: int
    """Wall µs of the proposer."""
    term: int


@value
class RemoveNode:
    """The node leaves the group, and the database is to have one member less. It sends what only it has, first (5.15)."""

    database: str
    node: str
    at: int
    term: int


@value
class PromoteNode:
    """A Promotable becomes a Member without waiting until it has caught up."""

    database: str
    node: str
    at: int
    term: int


@value
class ReorderMembers:
    """The members stand in this order. `fixed`: the observer keeps them so (the priority order of rule 1.3)."""

    database: str
    order: tuple[str, ...]
    fixed: bool
    at: int
    term: int


@value
class Distribute:
    """Whether the observer may replace nodes of the group by others (rule 5.14)."""

    database: str
    dynamic: bool
    at: int
    term: int


GroupCommand = AddNode | RemoveNode | PromoteNode | ReorderMembers | Distribute

WORDS: tuple[type, ...] = (AddNode, RemoveNode, PromoteNode, ReorderMembers, Distribute)


def regrouped(database: Database, command: GroupCommand, index: int) -> Database:
    """The database with its group as asked for; `Refused` says why it cannot be."""
    topology, name = database.topology, database.name
    stamp = Stamp(index, command.term, command.at)
    match command:
        case AddNode(node=node):
            if node in topology.nodes:
                raise Refused(f"node {node} is in the group of {name!r} already: add one that is not")
            factor = topology.replication_factor + 1
            changed = attrs.evolve(topology, promotables=(*topology.promotables, node), replication_factor=factor)
        case RemoveNode(node=node):
            _must_be_in(topology, node, name)
            if topology.members == (node,):
                raise Refused(
                    f"node {node} is the only member of {name!r}: add another and wait until it is a member, "
                    "or delete the database"
                )
            changed = attrs.evolve(without(topology, node), replication_factor=max(1, topology.replication_factor - 1))
        case PromoteNode(node=node):
            _must_be_in(topology, node, name)
            if node not in topology.promotables:
                where = "a member already" if node in topology.members else "in Rehab, and comes back by itself"
                raise Refused(f"node {node} of {name!r} is {where}: promote one of the promotables")
            others = without(topology, node)
            changed = attrs.evolve(others, members=(*others.members, node))
        case ReorderMembers(order=order, fixed=fixed):
            if sorted(order) != sorted(topology.members):
                raise Refused(
                    f"the members of {name!r} are {' '.join(topology.members) or 'none'}, "
                    f"not {' '.join(order) or 'none'}: name each of them once"
                )
            changed = attrs.evolve(topology, members=order, priority_order=order if fixed else ())
        case Distribute(dynamic=dynamic):
            changed = attrs.evolve(topology, dynamic_distribution=dynamic)
    return database.regrouped(attrs.evolve(changed, stamp=stamp), index)


def sentence(command: GroupCommand) -> str:
    """Why the group is another, for the operator; without a full stop."""
    match command:
        case AddNode(node=node):
            return f"{node} was added"
        case RemoveNode(node=node):
            return f"{node} was removed"
        case PromoteNode(node=node):
            return f"{node} was made a member by hand"
        case ReorderMembers(fixed=fixed):
            return "the members were put in this order" + (", to stay so" if fixed else "")
        case Distribute(dynamic=dynamic):
            return f"the observer may {'' if dynamic else 'not '}replace its nodes"


def without(topology: Topology, node: str) -> Topology:
    """The group with that node in none of its lists, and without its mark."""
    others: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda nodes: tuple(each for each in nodes if each != node)  # noqa: E731
    return attrs.evolve(
        topology,
        members=others(topology.members),
        promotables=others(topology.promotables),
        rehabs=others(topology.rehabs),
        priority_order=others(topology.priority_order),
        demotions=tuple(mark for mark in topology.demotions if mark[0] != node),
    )


def _must_be_in(topology: Topology, node: str, name: str) -> None:
    if node not in topology.nodes:
        raise Refused(
            f"node {node} is not in the group of {name!r}, which is {' '.join(topology.nodes)}: name one of it"
        )
