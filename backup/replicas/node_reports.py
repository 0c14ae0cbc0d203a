"""What nodes report to the leader, and what its observer remembers from one pass to the next. Values only.

Never here: what follows from them (backup/observer/observer.py).
"""

from collections.abc import Mapping

import attrs

from backup.database.change_vector import ChangeVector
from backup.record.record import Database, PromotionStatus, Record
from backup.requests.answers import Decided
from cluster.value import value

# ---- what nodes report ----


@value
class DatabaseReport:
    """One node's copy of one database."""

    name: str
    loaded: bool
    etag: int
    """The copy's last etag."""
    change_vector: ChangeVector
    """The copy's database-wide change vector."""


@value
class Report:
    """All that a node has told the leader, as of its last word."""

    node: str
    beat: int
    databases: tuple[DatabaseReport, ...]
    alarm: PromotionStatus | None = None
    """What the node is short of (rule 5.6)."""


@value
class Told:
    """What a node says to the leader each `Rules.worker_sample`: what is new since the leader said that it heard. Chatter."""

    beat: int
    version: int
    """Number of what the node has to tell."""
    base: int
    """What is told here comes on top of that version; -1: of nothing."""
    databases: tuple[DatabaseReport, ...]
    gone: tuple[str, ...]
    """Names of databases of which it has no copy any more."""
    alarm: PromotionStatus | None


@value
class Heard:
    """The leader has what the node told up to that version; -1: it has nothing to put on top of."""

    version: int


WORDS: tuple[type, ...] = (DatabaseReport, Told, Heard)
"""The classes that travel, beside those of backup/record/commands.py and the change vector, in a fixed order."""


@value
class Sighting:
    """The last report of a node, and when it came."""

    report: Report
    received_at: int


# ---- what the observer remembers ----


@value
class Seen:
    """What a pass saw of a node, for the next pass."""

    sighting: Sighting
    fresh: bool
    """It reports on time: its last report is at most two report periods old."""
    told: bool
    """Its report was young enough to say something about the present."""
    by_name: Mapping[str, DatabaseReport] = attrs.field(hash=False)
    """What the report says, by lower-case name of the database."""


@value
class Judged:
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
class Memory:
    """What one pass leaves to the next. A term begins with a new one; only `seed` goes on."""

    seed: int = 0
    """For the order of members after a promotion (rules 5.10, 24.2)."""
    term: int = -1
    record: Record | None = None
    """The record of the last pass that looked closely: the same object has nothing new in it. None: look at all."""
    nodes: tuple[str, ...] = ()
    """Every node of the cluster at that pass."""
    seen: Mapping[str, Seen] = attrs.field(factory=dict, hash=False)
    judged: Mapping[str, Judged] = attrs.field(factory=dict, hash=False)
    """By lower-case name of the database."""
    until: int = 0
    wall_until: int = 0
    decisions: tuple[Decided, ...] = ()
    """The decision log, oldest first."""
    latest: tuple[Decided, ...] = ()
    """Those of the last pass alone."""


Sightings = Mapping[str, Sighting]
"""The last report of each node ever heard."""
