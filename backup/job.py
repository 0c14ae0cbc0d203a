"""What a run is given when it begins: its task and the frozen copy, and how far the runs before it came. A value.

Never here: what the places hold (places.py), and what a run makes of it all (work.py).
"""

from backup.calendar import Plan
from backup.database.contents import Contents
from backup.definition import Kind
from backup.keys import Key, key_to_write
from backup.ledger import Chain
from backup.progress import Begun
from backup.record import Database, Status, Task
from cluster.value import value


@value
class Job:
    """What a run is given."""

    database: Database
    task: Task
    plan: Plan
    contents: Contents
    indexes: tuple[tuple[str, bytes], ...]
    """Name and file of each, for a snapshot."""
    before: Status | None
    """The status to go on from."""
    chain: Chain | None
    """The files to continue."""
    operation: int
    started_at: int
    """Wall µs."""

    def begun(self, node: str) -> Begun:
        """The run, as it begins on that node."""
        task, raft_index = self.task, self.database.raft_index
        return Begun(task.id, task.kind, node, self.started_at, self.plan.full, raft_index, self.operation)

    def is_snapshot(self, *, full: bool) -> bool:
        """Whether such a file is a snapshot: incrementals of a Snapshot task are logical backups (rule 11.6)."""
        return full and self.task.kind is Kind.SNAPSHOT

    def key_of(self, *, full: bool) -> Key | None:
        """The key that such a file is to be written with. KeyRefused (rule 13.3)."""
        return key_to_write(self.task.encryption, self.database.key, snapshot=self.is_snapshot(full=full))

    @property
    def is_unchanged(self) -> bool:
        """Whether an incremental would have nothing to write (rule 9.7)."""
        assert self.before is not None, "an incremental goes on from a status"
        return (self.contents.etag, self.contents.change_vector.text(), self.database.raft_index) == (
            self.before.last_etag,
            self.before.last_change_vector,
            self.before.last_raft_index,
        )
