"""The nodes' reports to the leader's observer (backup/observer/observer_loop.py). Values only."""

from collections.abc import Mapping

from backup.database.change_vector import ChangeVector
from backup.record.record import PromotionStatus
from cluster.value import value


@value
class DatabaseReport:
    """A report on one node's copy of one database."""

    name: str
    loaded: bool
    etag: int
    """The copy's last etag."""
    change_vector: ChangeVector
    """The copy's database-wide change vector."""


@value
class RunReport:
    """A report on a run of a backup task that the node has under way, or has not reported to the cluster yet."""

    database: int
    """Id of the database."""
    task: int
    started_at: int
    """Wall µs of the node."""
    full: bool


@value
class NodeReport:
    """All that a node has reported to the leader, as of its last message."""

    node: str
    beat: int
    databases: tuple[DatabaseReport, ...]
    alarm: PromotionStatus | None = None
    """The resource that the node is short of (rule 5.6); None: none."""
    runs: tuple[RunReport, ...] = ()


@value
class Told:
    """A node's message to the leader each `Rules.worker_sample`: what is new since the version that the leader has. Chatter."""

    beat: int
    version: int
    """Version of the node's whole report."""
    base: int
    """The version that this message updates; -1: the message is the whole report."""
    databases: tuple[DatabaseReport, ...]
    gone: tuple[str, ...]
    """Names of databases of which the node has no copy any more."""
    alarm: PromotionStatus | None
    runs: tuple[RunReport, ...] = ()
    """All of them, in each message."""


@value
class Heard:
    """The leader's answer: it has the node's report up to that version; -1: it has none, and needs the whole report."""

    version: int


WORDS: tuple[type, ...] = (DatabaseReport, Told, Heard)
"""The classes that are sent, besides those of backup/record/commands.py and the change vector, in a fixed order."""


@value
class ReceivedReport:
    """The last report of a node, and when it arrived."""

    report: NodeReport
    received_at: int


ReceivedReports = Mapping[str, ReceivedReport]
"""By node: its last report; a node that never reported is absent."""
