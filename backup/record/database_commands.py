"""Commands about whole databases: creation, restore, removal, and the observer's changes of their groups. Pure.

The changes of a group that an operator asks for are in group_commands.py.
"""

import attrs

from backup.record import server_wide
from backup.record.admin_command import AdminCommand
from backup.record.encryption_keys import Key
from backup.record.record import Database, Record, Restoring, Stamp, Topology
from cluster.member import Refused
from cluster.value import value

FORBIDDEN = '/\\:*?"<>|'
"""The characters that no database's name has (rule 26.8)."""
LONGEST_NAME = 255 - len("2024-01-01-00-00-00.ravendb--ABCD-snapshot")
"""Bytes of the longest name of a database, in UTF-8: those that a folder's name of 255 has left (rule 11.1).

RavenDB counts 230 characters (26.8), of which a longer one can be created, but not backed up.
"""


@value
class CreateDatabase(AdminCommand[int]):
    """Create a database. Answers its id."""

    name: str
    members: tuple[str, ...] = ()
    """The nodes of its group; empty in a request for the first `replication_factor` of all nodes, sorted."""
    replication_factor: int = 1
    """How many nodes the group is to have; raised to the number of members."""
    key: Key | None = None
    """The key of an encrypted database (rule 13.2), None for a plain one; in the log, as new members need it, too."""
    dynamic_distribution: bool = False
    """Whether the observer may replace a node of the group that is gone for long (rule 5.14)."""
    priority_order: tuple[str, ...] = ()
    """Members that are to stand first, in this order; the first of all is the clients' preferred node."""
    restoring: Restoring | None = None
    """The node that fills the database from a backup and reports the end; None for an empty database."""

    def says(self) -> str:
        where = f"on {', '.join(self.members)}" if self.members else f"on {self.replication_factor} of the nodes"
        return f"wants {'an encrypted' if self.key else 'a'} database {self.name} {where}"


@value
class RemoveDatabase(AdminCommand[None]):
    """Remove a database. Answers None."""

    name: str
    hard: bool = True
    """Whether each node deletes its files of the database, or else keeps them aside, where nothing reads them."""

    def says(self) -> str:
        return f"wants database {self.name} to go" + ("" if self.hard else ", and its files to stay")


@value
class OpenDatabase:
    """Allow requests to the database of that id, as its restore has ended (rule 17.7). Answers None."""

    database: str
    id: int


@value
class AbandonRestore:
    """Remove the database of that id, whose restore has failed, unless it is open by now (rule 17.8). Answers None."""

    database: str
    id: int


@value
class ChangeTopology:
    """The observer's change of one database's group (rule 5.4). Answers the log index."""

    database: str
    topology: Topology
    """The new group; its stamp is set when the command is applied."""
    based_on: int
    """`Database.changed` of the record on which the change is based; refused if it is another now (rule 5.13)."""
    at: int
    """Wall µs of the proposing node."""
    term: int
    """Term of the proposing node."""
    why: str
    """The reason for the operator, as one sentence."""


@value
class SayFarewell:
    """Record that a node that left the group of that database has given up its copy (rule 5.15). Answers None."""

    database: str
    id: int
    node: str


DatabaseCommand = CreateDatabase | RemoveDatabase | OpenDatabase | AbandonRestore | ChangeTopology | SayFarewell


def apply(record: Record, command: DatabaseCommand, index: int) -> tuple[Record, object]:
    """The record after the command, and its answer. Raises `Refused`, which changes nothing."""
    match command:
        case CreateDatabase():
            return _create(record, command, index)
        case RemoveDatabase(name, hard):
            return record.without_database(record.existing(name), hard=hard), None
        case OpenDatabase(name, database_id):
            restored = attrs.evolve(_restoring(record, name, database_id), restoring=None, changed=index)
            opened = record.with_database(restored)
            return server_wide.spread_to(opened, name, index, restored.topology.stamp.at), None
        case AbandonRestore(name, database_id):
            return record.without_database(_restoring(record, name, database_id)), None
        case ChangeTopology():
            return _change_topology(record, command, index)
        case SayFarewell(name, database_id, node):
            left = record.existing(name)
            if left.id != database_id or node not in left.departed:
                raise Refused(f"database {name!r} of id {database_id} has nothing to hear from node {node}: it is told")
            departed = tuple(each for each in left.departed if each != node)
            return record.with_database(attrs.evolve(left, departed=departed)), None


def check_new_name(record: Record, name: str) -> None:
    """Raise `Refused` unless a new database may have that name, and backups of it a folder (rules 11.1, 17.6, 26.8)."""
    if not name.strip() or not name.isprintable() or set(name) & set(FORBIDDEN) or name[0] == "." or name[-1] == ".":
        raise Refused(
            f"database name {name!r} cannot be a part of a file name: give printable characters, not a space alone, "
            f"none of {' '.join(FORBIDDEN)}, and no '.' first or last"
        )
    if len(name.encode()) > LONGEST_NAME:
        raise Refused(
            f"database name {name!r} has {len(name.encode())} bytes in UTF-8, so that the folder of a backup, which "
            f"holds it, would be too long for a file system: give {LONGEST_NAME} or fewer"
        )
    if record.database(name) is not None:
        raise Refused(f"database {name!r} exists already: choose another name or delete it first")


def _create(record: Record, command: CreateDatabase, index: int) -> tuple[Record, int]:
    name, members = command.name, command.members
    check_new_name(record, name)
    if not members or len(set(members)) != len(members):
        raise Refused(f"database {name!r} needs members, each once, not {' '.join(members) or 'none'}")
    record.need_nodes(members)
    if command.replication_factor < 0:
        raise Refused(f"database {name!r} needs a replication factor of 1 or more, not {command.replication_factor}")
    if not set(command.priority_order) <= set(members):
        strangers = " ".join(node for node in command.priority_order if node not in members)
        raise Refused(f"the priority order of {name!r} names {strangers}, which is no member of it: leave it out")
    topology = Topology(
        members,
        replication_factor=max(command.replication_factor, len(members)),
        dynamic_distribution=command.dynamic_distribution,
        priority_order=command.priority_order,
        stamp=Stamp(index, command.term, command.at),
    )
    made = record.with_database(Database(name, index, topology, index, key=command.key, restoring=command.restoring))
    if command.restoring is not None:  # it gets its copies of server-wide tasks when it is opened
        return made, index
    return server_wide.spread_to(made, name, index, command.at), index


def _restoring(record: Record, name: str, database_id: int) -> Database:
    database = record.existing(name)
    if database.id != database_id or database.restoring is None:
        raise Refused(f"database {name!r} of id {database_id} is not being restored: look what became of it")
    return database


def _change_topology(record: Record, command: ChangeTopology, index: int) -> tuple[Record, int]:
    database = record.existing(command.database)
    if database.changed != command.based_on:  # rule 5.13
        raise Refused(
            f"the topology of {database.name!r} was worked out from its record as of entry {command.based_on}, "
            f"but entry {database.changed} has changed it since: look again"
        )
    record.need_nodes(command.topology.nodes)
    topology = attrs.evolve(command.topology, stamp=Stamp(index, command.term, command.at))
    return record.with_database(database.regrouped(topology, index)), index
