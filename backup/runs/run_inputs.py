"""The inputs of a run when it begins: its task, the frozen copy, and how far earlier runs came. Values only.

What the places hold is looked up in chain.py; the run itself is in backup_run.py.
"""

from collections.abc import Callable

from backup.database.contents import Contents
from backup.destinations.faults import SILENCE, in_memory, is_silent, time_at
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
    """The inputs of one run."""

    database: Database
    task: Task
    plan: Plan
    contents: Contents
    indexes: tuple[tuple[str, bytes], ...]
    """Name and file content of each index, for a snapshot."""
    before: Status | None
    """The status before this run; None: the task has not run."""
    chain: ChainEnd | None
    """The end of the chain to continue; None: there is none."""
    operation: int
    started_at: int
    """Wall µs of the node at which the run began."""

    def begun(self, node: str) -> RunStart:
        """The facts of the run's start on that node."""
        task, raft_index = self.task, self.database.raft_index
        return RunStart(task.id, task.kind, node, self.started_at, self.plan.full, raft_index, self.operation)

    def is_snapshot(self, *, full: bool) -> bool:
        """Whether the file, full or not, is a snapshot: incrementals of a Snapshot task are logical backups (rule 11.6)."""
        return full and self.task.kind is Kind.SNAPSHOT

    def key_of(self, *, full: bool) -> Key | None:
        """The key that the file, full or not, is written with; None: no encryption. Raises KeyRefused (rule 13.3)."""
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
    """The places of a run's file."""

    base: Destination
    """Where the file is built: the local folder if the task has one, else a temporary place (rule 11.8)."""
    path: str
    """The local folder as the task names it; empty: `base` is temporary."""
    remotes: tuple[RemotePlace, ...] = ()

    @property
    def lasting(self) -> tuple[tuple[Destination, str], ...]:
        """Every place in which the file is to stay, with its address."""
        local = ((self.base, self.path),) if self.path else ()
        return (*local, *((remote.place, remote.address) for remote in self.remotes))

    @property
    def in_memory(self) -> bool:
        """Whether all of them live in this process."""
        return in_memory(self.base) and all(in_memory(remote.place) for remote in self.remotes)

    @property
    def are_real(self) -> bool:
        """Whether clouds are among them that are no simulated ones."""
        return any(remote.is_real for remote in self.remotes)

    def time_to_look(self, cost: int) -> int:
        """µs that a look at all of them takes which costs `cost` at one that is well."""
        return max([time_at(self.base, cost), *(SILENCE for each in self.remotes if is_silent(each.place))])

    def cloud_of(self, error: DestinationError) -> str:
        """The address of the cloud that an error is of; empty if it is of none."""
        found = [each.address for each in self.remotes if f"{error.path}/".startswith(f"{each.address}/")]
        return max(found, default="")

    def clear(self) -> None:
        """Remove from a temporary place what a crash left there."""
        if not self.path:
            for folder in self.base.folders():
                self.base.delete_folder(folder)

    def looked(self, look: Callable[[Destination], tuple[str, ...]]) -> list[tuple[Destination, tuple[str, ...]]]:
        """The places that can be read, each with what `look` finds there. A cloud out of reach is skipped if another is in reach."""
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
