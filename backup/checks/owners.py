"""Promises about responsible nodes: one owner, of the group; no disabled task runs, and no node outside the cluster runs one."""

from typing import ClassVar

from backup.checks.model import Model
from backup.notes import BackupSkipped, BackupStarted, OwnerChanged, ReplicationStarted, TopologyChanged
from backup.record.record import ONE_TIME
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.trace import Happened


class OneOwner(Watcher):
    promise: ClassVar[str] = "one owner"
    says: ClassVar[str] = "at one entry of the log, every node names the same owner of a task (7.8)"

    def __init__(self) -> None:
        self._owners: dict[tuple[int, int], str] = {}

    def sees(self) -> Sees:
        return [on(OwnerChanged, self.see)]

    def see(self, event: Happened[OwnerChanged]) -> None:
        note = event.note
        first = self._owners.setdefault((note.index, note.task), note.owner_after)
        if first != note.owner_after:
            raise self.broken(
                f"at entry {note.index} task {note.task} of {note.database} belongs to {first}, "
                f"and on {event.node} to {note.owner_after}"
            )


class OwnerInGroup(Watcher):
    promise: ClassVar[str] = "owner in the group"
    says: ClassVar[str] = "the owner of a task is a node of its database's group (7.2, 7.15)"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._changed_at: dict[str, int] = {}
        """By lower-case name of a database: log index of the entry that last changed its group."""

    def sees(self) -> Sees:
        return [on(OwnerChanged, self.see), on(TopologyChanged, self._changed), on(ReplicationStarted, self._began)]

    def _changed(self, event: Happened[TopologyChanged]) -> None:
        name, index = event.note.database.lower(), event.note.index
        self._changed_at[name] = max(index, self._changed_at.get(name, 0))

    def _began(self, event: Happened[ReplicationStarted]) -> None:
        note = event.note
        if self._model.applied.get(event.node, 0) < self._changed_at.get(note.database.lower(), 0):
            return  # it has not applied the latest change of the group yet
        self._need_in_group(event.node, note.database, f"{event.node} takes task {note.task}")

    def see(self, event: Happened[OwnerChanged]) -> None:
        note = event.note
        if self._model.is_news(event):
            self._need_in_group(note.owner_after, note.database, f"task {note.task} goes to {note.owner_after}")

    def _need_in_group(self, node: str, database: str, what: str) -> None:
        nodes = self._model.group(database).nodes
        if node not in nodes:
            raise self.broken(f"{what}, and {database} is on {' '.join(nodes) or 'no node'}")


class DisabledRests(Watcher):
    promise: ClassVar[str] = "disabled rests"
    says: ClassVar[str] = "a node that knows a task to be disabled does not start it (7.9)"

    def __init__(self, model: Model) -> None:
        self._model = model

    def sees(self) -> Sees:
        return [on(BackupStarted, self.see), on(BackupSkipped, self.see)]

    def see(self, event: Happened[BackupStarted | BackupSkipped]) -> None:
        note = event.note
        task = self._model.tasks.get(note.task)
        if task is not None and task.is_disabled_at(self._model.applied.get(event.node, 0)):
            raise self.broken(f"{event.node} starts task {note.task} of {note.database}, which is disabled there")


class OutsideRests(Watcher):
    promise: ClassVar[str] = "outside rests"
    says: ClassVar[str] = "a node that knows that it belongs to no cluster starts no task of one (3.36, 7.15)"

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._runs_outside = rules.runs_outside

    def sees(self) -> Sees:
        backups: Sees = [] if self._runs_outside else [on(BackupStarted, self.see), on(BackupSkipped, self.see)]
        return [*backups, on(ReplicationStarted, self.see)]

    def see(self, event: Happened[BackupStarted | BackupSkipped | ReplicationStarted]) -> None:
        note = event.note
        if note.task != ONE_TIME and self._model.is_outside(event.node):
            raise self.broken(f"{event.node} belongs to no cluster and starts task {note.task} of {note.database}")
