"""The state that one pass of the observer leaves to the next. Values only."""

from collections.abc import Mapping

import attrs

from backup.record.record import Database, Record
from backup.replicas.node_reports import DatabaseReport, ReceivedReport
from backup.requests.answers import DecisionLogEntry
from cluster.value import value


@value
class NodeObservation:
    """A pass's observation of one node, kept for the next pass."""

    sighting: ReceivedReport
    fresh: bool
    """Whether it reports on time: its last report is at most `FRESH` report periods old."""
    told: bool
    """Whether its report was young enough to describe the present."""
    by_name: Mapping[str, DatabaseReport] = attrs.field(hash=False)
    """The databases of the report, by lower-case name."""


@value
class DatabaseVerdict:
    """The verdict on one database: it holds until something in the database changes, or one of its instants comes."""

    database: Database
    """The database as judged; while the record holds this very object, nothing in it is new."""
    settled_index: int
    """Log index of its topology."""
    settled_since: int
    """Monotonic µs at which the observer first saw that topology."""
    unloaded: Mapping[str, int] = attrs.field(hash=False)
    """By node: since when it reports the database without having it loaded."""
    until: int
    wall_until: int
    restless: bool
    """Whether the next pass must judge the database again, whatever is reported."""
    is_wide: bool
    """Whether a report of a node outside the group may change the verdict."""
    owners_until: int | None
    """Wall µs before which no owner changes while tasks, assignments and group stay; None: judge the owners in every pass."""


@value
class ObserverMemory:
    """The state that one pass leaves to the next. A term begins with an empty memory; only `seed` is carried over."""

    seed: int = 0
    """Seed of the order of members after a promotion (rules 5.10, 24.2)."""
    term: int = -1
    record: Record | None = None
    """The record of the last pass that judged databases; the same object has nothing new. None: judge every database."""
    nodes: tuple[str, ...] = ()
    """Every node of the cluster at that pass."""
    seen: Mapping[str, NodeObservation] = attrs.field(factory=dict, hash=False)
    judged: Mapping[str, DatabaseVerdict] = attrs.field(factory=dict, hash=False)
    """The verdicts, by lower-case name of the database."""
    until: int = 0
    wall_until: int = 0
    decisions: tuple[DecisionLogEntry, ...] = ()
    """The decision log, oldest first."""
    latest: tuple[DecisionLogEntry, ...] = ()
    """The lines that the last pass added."""
