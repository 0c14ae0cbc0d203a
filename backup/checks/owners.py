"""Promises about responsible nodes: one owner, of the group, which is of the cluster; what is disabled or outside rests."""

from typing import ClassVar

from backup.checks.model import Model
from backup.notes import BackupPlanned, BackupSkipped, BackupStarted, OwnerChanged, ReplicationStarted, TopologyChanged
from backup.record.record import ONE_TIME
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.trace import Committed, ConfigurationChanged, Happened, Stepped


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


class GroupsInCluster(Watcher):
    promise: ClassVar[str] = "groups in the cluster"
    says: ClassVar[str] = (
        "no database's group has a node that was removed from the cluster, from the entry on that removed it (26.1)"
    )

    def __init__(self, model: Model) -> None:
        self._model = model
        self._going_by: dict[str, tuple[int, frozenset[str]]] = {}
        """By node: the entry of the configuration that it goes by, and the members of that."""
        self._members: tuple[int, frozenset[str]] = 0, frozenset()
        """The latest configuration that a leader has committed."""
        self._since = 0
        """True time at which it did."""

    def sees(self) -> Sees:
        looks: Sees = [on(kind, self._look) for kind in (OwnerChanged, TopologyChanged, BackupPlanned, Stepped)]
        return [on(ConfigurationChanged, self._configured), on(Committed, self._committed), *looks]

    def _configured(self, event: Happened[ConfigurationChanged]) -> None:
        note = event.note
        self._going_by[event.node] = note.index, note.members

    def _committed(self, event: Happened[Committed]) -> None:
        index, members = self._going_by.get(event.node, self._members)
        if self._model.leads.get(event.node) and self._members[0] < index <= event.note.index:
            self._members, self._since = (index, members), event.t

    def _look(self, event: Happened) -> None:
        index, members = self._members
        if not index or event.t <= self._since:  # what an entry changes is told in the event that commits it
            return
        for name, group in self._model.groups.items():
            strangers = [node for node in group.nodes if node not in members]
            if strangers:
                raise self.broken(f"{name} is on {' '.join(strangers)}, which entry {index} removed from the cluster")


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
