"""What can happen to external replications. Never here: replication inside a group."""

from typing import ClassVar

from backup.notes.words import DETAIL, duration_text
from cluster.trace import Agreed, Note
from cluster.value import value


@value
class ReplicationDefined(Agreed):
    """What a task is from this entry on."""

    database: str
    task: int
    name: str
    destination: str
    delay: int
    mentor: str
    """Empty for none."""
    pinned: bool
    disabled: bool
    change: str
    """`defined`, `changed`, `enabled`, `disabled`."""

    def text(self) -> str:
        late = f", {duration_text(self.delay)} later" if self.delay else ""
        return (
            f"records: task {self.task} of {self.database}, {self.name!r}, is {self.change}: "
            f"every change goes to {self.destination}{late}"
        )


@value
class ReplicationRemoved(Agreed):
    database: str
    task: int

    def text(self) -> str:
        return f"records: external replication {self.task} of {self.database} is gone"


@value
class ReplicationReported(Agreed):
    """The cluster knows how far a task has come."""

    weight: ClassVar[int] = DETAIL

    database: str
    task: int
    node: str
    etag: int
    """Of that node's copy."""

    def text(self) -> str:
        return f"records: {self.node} has sent {self.database} by task {self.task} up to its change {self.etag}"


@value
class ReplicationStarted(Note):
    """This node takes a task to be its own (rule 7.15)."""

    database: str
    task: int
    destination: str
    reason: str
    """Name of the `Reason`."""
    rule: str  # type: ignore[misc]  # here each happening has its own
    sentence: str

    def text(self) -> str:
        return f"begins to send {self.database} to {self.destination} (task {self.task}): {self.sentence}"


@value
class ReplicationStopped(Note):
    """The task is another's, or nobody's, or is not to run."""

    database: str
    task: int
    why: str

    def text(self) -> str:
        return f"no longer sends {self.database} by task {self.task}: {self.why}"


@value
class ReplicationWaits(Note):
    """There is nowhere to send to."""

    database: str
    task: int
    destination: str

    def text(self) -> str:
        return f"finds no member of {self.destination} to send {self.database} to, and waits (task {self.task})"
