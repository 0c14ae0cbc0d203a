"""What a run is given when it begins: its task and the frozen copy, and how far the runs before it came. A value.

Never here: what the places hold (chain.py), and what a run makes of it all (backup_run.py).
"""

from collections.abc import Callable

from backup.database.contents import Contents
from backup.destinations.port import Destination, DestinationError
from backup.record.encryption_keys import Key, key_to_write
from backup.record.record import Database, Status, Task
from backup.record.task import Kind
from backup.runs.local_status import ChainEnd
from backup.runs.run_status import RunStart
from backup.runs.schedule import Plan
from backup.runs.uploads import RemotePlace
from cluster.value import value


@value
class RunInputs:
    """What a run is given."""

    database: Database
    task: Task
    plan: Plan
    contents: Contents
    indexes: tuple[tuple[str, bytes], ...]
    """Name and file of each, for a snapshot."""
    before: Status | None
    """The status to go on from."""
    chain: ChainEnd | None
    """The files to continue."""
    operation: int
    started_at: int
    """Wall µs."""

    def begun(self, node: str) -> RunStart:
        """The run, as it begins on that node."""
        task, raft_index = self.task, self.database.raft_index
        return RunStart(task.id, task.kind, node, self.started_at, self.plan.full, raft_index, self.operation)

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


@value
class RunPlaces:
    """Where a run keeps what it makes."""

    base: Destination
    """Where the file is built: the local folder, or else a temporary place (rule 11.8)."""
    path: str
    """That local folder as the task names it; empty: it is temporary."""
    remotes: tuple[RemotePlace, ...] = ()

    @property
    def lasting(self) -> tuple[tuple[Destination, str], ...]:
        """Every place in which the file is to stay, with its address."""
        local = ((self.base, self.path),) if self.path else ()
        return (*local, *((remote.place, remote.address) for remote in self.remotes))

    def clear(self) -> None:
        """Remove from a temporary place what a crash left there."""
        if not self.path:
            for folder in self.base.folders():
                self.base.delete_folder(folder)

    def looked(self, look: Callable[[Destination], tuple[str, ...]]) -> list[tuple[Destination, tuple[str, ...]]]:
        """What the places hold, as far as they give it back; a cloud out of reach is passed over if another is not."""
        found: list[tuple[Destination, tuple[str, ...]]] = []
        errors: list[DestinationError] = []
        for place, path in self.lasting:
            try:
                if place.gives_back:
                    found.append((place, look(place)))
            except DestinationError as error:
                if path == self.path:
                    raise
                errors.append(error)
        if errors and not found:
            raise errors[0]
        return found
