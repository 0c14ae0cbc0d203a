"""What nodes report to the leader. Values only.

Never here: who sends and keeps them (backup/observer/observer_loop.py), and what follows from them (observer.py).
"""

from collections.abc import Mapping

from backup.database.change_vector import ChangeVector
from backup.record.record import PromotionStatus
from cluster.value import value


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
class NodeReport:
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
class ReceivedReport:
    """The last report of a node, and when it came."""

    report: NodeReport
    received_at: int


ReceivedReports = Mapping[str, ReceivedReport]
"""The last report of each node ever heard."""
