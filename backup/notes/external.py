"""Notes about external replications."""

from typing import ClassVar

from backup.notes.words import DETAIL, duration_text
from cluster.trace import Agreed, Note
from cluster.value import value


@value
class ReplicationDefined(Agreed):
    """The definition of an external replication from this entry on."""

    database: str
    task: int
    name: str
    destination: str
    delay: int
    """µs from a change until it is sent."""
    mentor: str
    """The preferred node; empty for none."""
    pinned: bool
    disabled: bool
    change: str
    """What the entry did: `defined`, `changed`, `enabled` or `disabled`."""
    nodes: tuple[str, ...] = ()
    """The nodes of another cluster that are asked for the destination; empty: it is in this one."""

    def text(self) -> str:
        away = f" of the cluster of {', '.join(self.nodes)}" if self.nodes else ""
        late = f", {duration_text(self.delay)} later" if self.delay else ""
        return (
            f"records: task {self.task} of {self.database}, {self.name!r}, is {self.change}: "
            f"every change goes to {self.destination}{away}{late}"
        )


@value
class ReplicationRemoved(Agreed):
    """An external replication was removed."""

    database: str
    task: int

    def text(self) -> str:
        return f"records: external replication {self.task} of {self.database} is gone"


@value
class ReplicationReported(Agreed):
    """The progress of an external replication was stored in the record."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    node: str
    """The node that runs the task."""
    etag: int
    """Etag of that node's copy up to which changes have arrived."""

    def text(self) -> str:
        return f"records: {self.node} has sent {self.database} by task {self.task} up to its change {self.etag}"


@value
class ReplicationStarted(Note):
    """This node begins to run an external replication, as it now owns the task (rule 7.15)."""

    database: str
    task: int
    destination: str
    reason: str
    """Value of the `Reason`, which is RavenDB's name where it has one."""
    rule: str  # type: ignore[misc]  # a field here, as each note names the rule that decided
    sentence: str
    """The reason as a clause, without a full stop."""

    def text(self) -> str:
        return f"begins to send {self.database} to {self.destination} (task {self.task}): {self.sentence}"


@value
class ReplicationStopped(Note):
    """This node no longer runs the task: another node owns it, or nobody does, or it was disabled or removed."""

    database: str
    task: int
    why: str

    def text(self) -> str:
        return f"no longer sends {self.database} by task {self.task}: {self.why}"


@value
class ReplicationWaits(Note):
    """The destination has no member to which changes can be sent, so the task waits."""

    database: str
    task: int
    destination: str

    def text(self) -> str:
        return f"finds no member of {self.destination} to send {self.database} to, and waits (task {self.task})"
