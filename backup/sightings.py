"""What nodes report to the leader, and what its observer remembers from one pass to the next. Values only.

Never here: what follows from them (observer.py).
"""

from collections.abc import Mapping

import attrs

from backup.database.change_vector import ChangeVector
from backup.record import PromotionStatus, Record
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
    """What a node tells the leader each `Rules.worker_sample`, the leader itself included. Chatter."""

    node: str
    beat: int
    databases: tuple[DatabaseReport, ...]
    alarm: PromotionStatus | None = None
    """What the node is short of (rule 5.6)."""


WORDS: tuple[type, ...] = (DatabaseReport, Report)
"""The classes that travel, beside those of commands.py and the change vector, in a fixed order."""


@value
class Sighting:
    """The last report of a node, and when it came."""

    report: Report
    received_at: int


# ---- what the observer remembers ----


@value
class Decided:
    """A line of the decision log (rule 5.12)."""

    at: int
    """Wall µs."""
    database: str
    text: str
    rule: str


@value
class Seen:
    """What a pass saw of a node, for the next pass."""

    sighting: Sighting
    fresh: bool
    """It reports on time: its last report is at most two report periods old."""
    told: bool
    """Its report was young enough to say something about the present."""


@value
class Memory:
    """What one pass leaves to the next. A term begins with a new one; only `seed` goes on."""

    seed: int = 0
    """For the order of members after a promotion (rules 5.10, 24.2)."""
    term: int = -1
    record: Record | None = None
    """The record of the last pass that looked closely: the same object has nothing new in it."""
    seen: Mapping[str, Seen] = attrs.field(factory=dict, hash=False)
    settled: Mapping[str, tuple[int, int]] = attrs.field(factory=dict, hash=False)
    """By database: log index of its topology, and when the observer first saw that."""
    unloaded: Mapping[tuple[str, str], int] = attrs.field(factory=dict, hash=False)
    """By database and node: since when the node reports the database without having it loaded."""
    until: int = 0
    wall_until: int = 0
    decisions: tuple[Decided, ...] = ()
    """The decision log, oldest first."""
    latest: tuple[Decided, ...] = ()
    """Those of the last pass alone."""


Sightings = Mapping[str, Sighting]
"""The last report of each node ever heard."""
