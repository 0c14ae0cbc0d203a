"""Commands of an operator that change the group of a database: add and remove nodes, promote, reorder, distribute. Pure.

Each changes one `Topology`. The observer's own changes are worked out in backup/observer/group_health.py.
"""

from collections.abc import Callable
from typing import get_args

import attrs

from backup.record.admin_command import AdminCommand
from backup.record.record import Database, Record, Stamp, Topology
from cluster.member import Refused
from cluster.value import value


@value
class AddNode(AdminCommand[str]):
    """Add a node to the group, and raise the replication factor by one. Answers the node.

    The node gets a copy and becomes a member when it has caught up.
    """

    database: str
    node: str = ""
    """The node; empty in a request for the node outside the group that has the fewest databases."""

    def says(self) -> str:
        return f"wants database {self.database} on {self.node or 'one more node'}"


@value
class RemoveNode(AdminCommand[None]):
    """Remove a node from the group, and lower the replication factor by one. Answers None.

    The node goes on sending until the others have every change that only it had (rule 5.15).
    """

    database: str
    node: str

    def says(self) -> str:
        return f"wants database {self.database} off {self.node}"


@value
class PromoteNode(AdminCommand[None]):
    """Make a promotable a member at once, even if it has not caught up. Answers None."""

    database: str
    node: str

    def says(self) -> str:
        return f"makes {self.node} a member of {self.database}"


@value
class ReorderMembers(AdminCommand[None]):
    """Put the members in this order; the first is the clients' preferred node. Answers None."""

    database: str
    order: tuple[str, ...]
    """All members, each once."""
    fixed: bool = False
    """Whether the observer keeps this order from now on (the priority order of rule 1.3)."""

    def says(self) -> str:
        return f"wants the members of {self.database} to be {', '.join(self.order)}" + (
            ", always" if self.fixed else ""
        )


@value
class Distribute(AdminCommand[None]):
    """Allow or forbid the observer to replace a node of the group that is gone for long (rule 5.14). Answers None."""

    database: str
    dynamic: bool = True
    """Whether the observer may replace nodes."""

    def says(self) -> str:
        return f"lets {'the observer' if self.dynamic else 'nobody'} replace nodes of {self.database}"


GroupCommand = AddNode | RemoveNode | PromoteNode | ReorderMembers | Distribute

WORDS: tuple[type, ...] = get_args(GroupCommand)


def apply(record: Record, command: GroupCommand, index: int) -> tuple[Record, str | None]:
    """The record after the command, and its answer. Raises `Refused`, which changes nothing."""
    database = record.existing(command.database)
    if isinstance(command, AddNode):
        record.need_nodes((command.node,))
    regrouped = _regrouped(database, command, index)
    return record.with_database(regrouped), command.node if isinstance(command, AddNode) else None


def _regrouped(database: Database, command: GroupCommand, index: int) -> Database:
    topology, name = database.topology, database.name
    stamp = Stamp(index, command.term, command.at)
    match command:
        case AddNode(node=node):
            if node in topology.nodes:
                raise Refused(f"node {node} is in the group of {name!r} already: add one that is not")
            if node in database.departed:  # an old copy may hold what was deleted since
                raise Refused(
                    f"node {node} has left the group of {name!r}, and its old copy is not handed over yet: "
                    "let the node run until it is, or add another"
                )
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
    """The reason for the change of the group, for the operator; without a full stop."""
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
    """The group without that node in any of its lists, and without its demotion."""
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
