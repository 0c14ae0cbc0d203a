"""What a change of the cluster's nodes does to the databases: who is removed leaves every group in the same entry. Pure.

Who wants a node out of one group alone finds that in group_commands.py.
"""

import attrs

from backup.record.group_commands import without
from backup.record.record import Database, Record


def reconfigured(record: Record, nodes: tuple[str, ...], index: int) -> Record:
    """The record once the cluster consists of these nodes, as entry `index` says (rule 26.1).

    A node that is none of them leaves each group, whose replication factor falls to the number of nodes that are left.
    A database that has none left goes, and its files are put by; so does one that such a node was restoring (17.8).
    """
    if record.nodes == nodes:
        return record
    record = attrs.evolve(record, nodes=nodes)
    for database in list(record.databases.values()):
        if gone(database, nodes):
            record = _after(record, database, nodes, index)
    return record


def gone(database: Database, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """The nodes of the database's group that are none of these."""
    return tuple(node for node in database.topology.nodes if node not in nodes)


def _after(record: Record, database: Database, nodes: tuple[str, ...], index: int) -> Record:
    left, restoring = database.topology, database.restoring
    for node in gone(database, nodes):
        left = without(left, node)
    if not left.nodes or (restoring is not None and restoring.node not in nodes):
        return record.without_database(database, hard=False)
    # the stamp stays: the observer need not wait for this change to settle before it gives the tasks away (5.3, 7.8.5)
    changed = attrs.evolve(left, replication_factor=len(left.nodes))
    return record.with_database(database.regrouped(changed, index))
