"""What one pass of the observer leaves to the next. Values only.

Never here: the pass itself (observer.py), and what nodes report (backup/replicas/node_reports.py).
"""

from collections.abc import Mapping

import attrs

from backup.record.record import Database, Record
from backup.replicas.node_reports import DatabaseReport, ReceivedReport
from backup.requests.answers import DecisionLogEntry
from cluster.value import value


@value
class NodeObservation:
    """What a pass saw of a node, for the next pass."""

    sighting: ReceivedReport
    fresh: bool
    """It reports on time: its last report is at most two report periods old."""
    told: bool
    """Its report was young enough to say something about the present."""
    by_name: Mapping[str, DatabaseReport] = attrs.field(hash=False)
    """What the report says, by lower-case name of the database."""


@value
class DatabaseVerdict:
    """What a pass made of one database: it stands until something in it moves, or one of its instants comes."""

    database: Database
    """The same object has nothing new in it."""
    settled_index: int
    """Log index of its topology."""
    settled_since: int
    """When the observer first saw that."""
    unloaded: Mapping[str, int] = attrs.field(hash=False)
    """By node: since when it reports the database without having it loaded."""
    until: int
    wall_until: int
    restless: bool
    """The next pass must look again, whatever is heard."""
    is_wide: bool
    """News of a node outside the group may change it."""
    owners_until: int
    """Wall µs before which no owner changes while tasks, assignments and group stay; 0: look each time."""


@value
class ObserverMemory:
    """What one pass leaves to the next. A term begins with a new one; only `seed` goes on."""

    seed: int = 0
    """For the order of members after a promotion (rules 5.10, 24.2)."""
    term: int = -1
    record: Record | None = None
    """The record of the last pass that looked closely: the same object has nothing new in it. None: look at all."""
    nodes: tuple[str, ...] = ()
    """Every node of the cluster at that pass."""
    seen: Mapping[str, NodeObservation] = attrs.field(factory=dict, hash=False)
    judged: Mapping[str, DatabaseVerdict] = attrs.field(factory=dict, hash=False)
    """By lower-case name of the database."""
    until: int = 0
    wall_until: int = 0
    decisions: tuple[DecisionLogEntry, ...] = ()
    """The decision log, oldest first."""
    latest: tuple[DecisionLogEntry, ...] = ()
    """Those of the last pass alone."""
