"""One backup task, as a client sees it: its runs, its owner, what can be asked of it, and what comes back from its files.

Runs and reports are read from the history and owners from the nodes; nothing here steers but what a client would ask.
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from backup.destinations.local import LocalFolder
from backup.destinations.port import Destination
from backup.destinations.registry import AnySettings, is_remote
from backup.notes import BackupFailed, BackupFinished, BackupSkipped, BackupStarted, Reported
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.record import Database as Recorded
from backup.record.responsible_node import computed_owner
from backup.record.retention_policy import Retention
from backup.record.rules import rules_named
from backup.record.task import Task as Definition
from backup.record.task_commands import DefineTask, PostponeBackup, Postponed, RemoveTask, ToggleTask
from backup.requests.answers import Operation, TaskView
from backup.requests.backup_requests import BackupNow, CancelBackup, ShowTask
from backup.requests.errors import AskAnother
from backup.restore.restore_points import Chain, chains
from cluster.argument_kinds import problem, shown
from cluster.member import ClientRequest
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.world import Misuse
from cluster.time_units import SECOND
from cluster.trace import Happened
from cluster.value import value
from cluster.written_times import Span, microseconds
from scenarios.backups.restored import RestoredDatabase

if TYPE_CHECKING:
    from scenarios.backups.database import Database

A = TypeVar("A")

FOLDER = "backups"
"""The name of a task's local folder if the story gives none."""


def edited(definition: Definition, changes: dict[str, Any]) -> Definition:
    """The definition with those fields changed; `keep`: how long backups are kept. Misuse for what is no field or no duration."""
    changed = dict(changes)
    if "keep" in changed:
        said = problem("keep", changed["keep"], Span | None)
        if said:
            raise Misuse(f"edit: {said}")
        changed["retention"] = retained(changed.pop("keep"))
    known = [field.name for field in attrs.fields(Definition)]
    unknown = next((name for name in changed if name not in known), "")
    if unknown:
        near = get_close_matches(unknown, [*known, "keep"], n=1)
        hint = f". Did you mean {near[0]}?" if near else ":"
        raise Misuse(f"edit: a task has no field {unknown!r}{hint} its fields are {', '.join(known)} and keep")
    if not isinstance(changed.get("retention"), Retention | None):
        raise Misuse(f"edit: retention is {shown(changed['retention'])}: give how long backups are kept as keep=")
    return attrs.evolve(definition, **changed)


def retained(keep: Span | None) -> Retention | None:
    """The retention policy that keeps backups for at least that long; None without one."""
    return Retention(int(microseconds(keep))) if keep is not None else None


@value
class Ran:
    """One finished run of a task."""

    node: str
    """The node that made it."""
    started_at: int
    """Start by the wall clock of its node, in µs."""
    t: int
    """True time in µs at which it started."""
    occurrence: int
    """The time at which the schedule says it is due, in µs; `due` has it in seconds."""
    full: bool
    """Whether it is a full backup; else an incremental one."""
    outcome: str
    """`written`, `skipped` (nothing new, rule 9.7) or `failed`."""
    folder: str
    """The folder of its chain, for `client.restore(folder=…)`; empty without a file."""
    file: str
    """Its file; empty if it wrote none."""

    @property
    def due(self) -> float:
        """The time at which the schedule says it is due, in seconds since the start of the world, as in `hours(2)`."""
        return self.occurrence / SECOND

    @property
    def began(self) -> float:
        """True time of its start in seconds since the start of the world, as `World.now`."""
        return self.t / SECOND


@checked_verbs
class Task:
    """One backup task, as a client sees it."""

    def __init__(
        self,
        database: "Database",
        number: int,
        path: str,
        encryption: Encryption | None = None,
        places: tuple[AnySettings, ...] = (),
    ) -> None:
        """`path` is that of the local folder, or else the address of the first cloud."""
        self.places = places or (LocalFolder(path),)
        self.database = database
        self.world = database.world
        self.client = database.client
        self.id = number
        self.path = path
        self.encryption = encryption
        self._former: tuple[AnySettings, ...] = ()
        """The destinations that it had before it was edited."""
        self._read = 0
        """The number of events of the history that `runs` has read."""
        self._starts: dict[tuple[str, int], tuple[int, int]] = {}
        """True time and occurrence of each start, by node and start."""
        self._runs: list[Ran] = []
        self._told: dict[tuple[str, int], bool] = {}
        """The reported runs, by node and start: whether the report was late."""

    @property
    def runs(self) -> list[Ran]:
        """Every run that has come to its end (written, skipped or failed), in the order of the ends; none that was cut off.

        A call costs as much as has happened since the last one.
        """
        self._catch_up()
        return list(self._runs)

    def _catch_up(self) -> None:
        events, mine = self.world.history.events, self.client.names
        for event in events.between(self._read):
            if event.node in mine:  # another cluster numbers its tasks by itself
                self._learn(event)
        self._read = len(events)

    def _learn(self, event: Happened) -> None:
        note = event.note
        if not isinstance(note, Reported | BackupStarted | BackupSkipped | BackupFinished | BackupFailed):
            return
        if note.task != self.id or note.database.lower() != self.database.name.lower():
            return  # the one-time backups of every database have one number
        match note:
            case Reported():
                self._told[event.node, note.started_at] = note.late
            case BackupStarted():
                self._starts[event.node, note.started_at] = event.t, note.occurrence
            case BackupSkipped():
                self._runs.append(Ran(event.node, note.started_at, event.t, note.occurrence, False, "skipped", "", ""))
            case BackupFinished() | BackupFailed():
                t, occurrence = self._starts.get((event.node, note.started_at), (event.t, note.started_at))
                came = ("written", note.folder, note.file) if isinstance(note, BackupFinished) else ("failed", "", "")
                self._runs.append(Ran(event.node, note.started_at, t, occurrence, note.full, *came))

    @property
    def owner(self) -> str | None:
        """The responsible node, as the node that has applied most entries stores or computes it; None if there is none."""
        record = self._record()
        if record is None or self.id not in record.tasks:
            return None
        rules = rules_named(self.world.options.get("rules") or "unkindness")
        if rules.assigned:
            stored = record.assignments.get(self.id)
            return stored.node if stored is not None else None
        task, status = record.tasks[self.id], record.statuses.get(self.id)
        return computed_owner(task, record.topology, status, rules, leaderless=False).node

    def _record(self) -> "Recorded | None":
        return self.client.recorded(self.database.name)

    def reports(self) -> int:
        """How many runs the cluster knows of by their reports, as the node that has applied most entries has it."""
        record = self._record()
        return sum(1 for run in record.history if run.task_id == self.id) if record is not None else 0

    async def ran(self, times: int = 1, within: Span = 7_200) -> Ran:
        """Wait until that many more runs have come to their end, written, skipped or failed; return the last of them.

        Its report may still be under way (`reported`), and so may the retention that follows a full backup.
        """
        if times < 1:
            raise Misuse(f"ran: times is {times}: wait for 1 run at least")
        before = len(self.runs)
        await self.world.until(lambda: len(self.runs) >= before + times, within, f"{times} more runs of task {self.id}")
        return self.runs[-1]

    async def assigned(self, within: Span = 120, other_than: str | None = None) -> str:
        """Wait until a node (other than the one given) is responsible for the task; return which."""
        return await self.world.until(
            lambda: self.owner if self.owner != other_than else None, within, f"an owner of task {self.id}"
        )

    async def reported(self, within: Span = 600) -> None:
        """Wait until the report of every run in `runs` is acknowledged by the cluster."""

        def answered() -> bool:
            return all((run.node, run.started_at) in self._told for run in self.runs)

        await self.world.until(answered, within, f"every report on task {self.id}")

    async def _at_owner(self, request: ClientRequest[A], on: str) -> A:
        """Send a request to that node, or to any that is up, and then to the node it redirects to (15.1)."""
        try:
            return await self.database.ask(request, on)
        except AskAnother as another:
            return await self.world.ask(another.node, request)

    async def backup_now(self, full: bool = True, on: str = "") -> Operation:
        """Run the task now on its responsible node; returns when the run has started."""
        return await self._at_owner(BackupNow(self.database.name, self.id, full), on)

    async def postpone(self, by: Span, on: str = "") -> Postponed:
        """Postpone the task by that duration; a run under way is cancelled."""
        return await self._at_owner(PostponeBackup(self.database.name, self.id, int(microseconds(by))), on)

    async def cancel(self, on: str = "") -> Operation:
        """Cancel the run that is under way, at that node or at the responsible one."""
        return await self.database.ask(CancelBackup(self.database.name, self.id), on or self.owner or "")

    async def show(self, on: str = "") -> TaskView:
        """The state of the task, as that node knows it."""
        return await self.database.ask(ShowTask(self.database.name, self.id), on)

    async def edit(self, on: str = "", **changes: Any) -> None:
        """Change fields of its definition: those of `Task` below, and `keep` as in `define`. It keeps its id."""
        record = self._record()
        if record is None or self.id not in record.tasks:
            raise Misuse(f"task {self.id} of {self.database.name} is gone, or everybody is down: it cannot be edited")
        changed = edited(record.tasks[self.id], changes)
        await self.world.ask(on or self.client.somebody(), DefineTask(self.database.name, changed))
        if changed.usable:
            self._former += self.places
            self.places = changed.usable
            self.path = self.places[0].address

    async def disable(self) -> None:
        """Disable the task: it has no runs any more."""
        await self.world.ask(self.client.somebody(), ToggleTask(self.database.name, self.id, disabled=True))

    async def enable(self) -> None:
        """Enable the task."""
        await self.world.ask(self.client.somebody(), ToggleTask(self.database.name, self.id, disabled=False))

    async def remove(self) -> None:
        """Delete the task; its files stay."""
        await self.world.ask(self.client.somebody(), RemoveTask(self.database.name, self.id))

    def late_reports(self) -> int:
        """How many runs of the task were reported more than the operation timeout (15 s) after they ended."""
        self._catch_up()
        return sum(self._told.values())

    def files(self, node: str, path: str = "") -> list[str]:
        """The files in the task's local folder on that node (up or down), or in its cloud of that address, as `folder/file`;
        sorted. `path`: another of its destinations, as `"backups"` or `"s3://nightly/Shop"`; Misuse for none of them."""
        return [
            f"{folder}/{file}"
            for place in [self._place(node, path)]
            for folder in place.folders()
            for file in place.files(folder)
        ]

    def restore_points(self, node: str, path: str = "") -> tuple[Chain, ...]:
        """What can be restored from the task's local folder on that node, or from its cloud: each chain, every file read.

        A chain has `points`, the newest usable one as `last`, and says whether it is `whole`. `path`: as for `files`. Misuse if there is
        nothing, and another node has what is asked for; whether a node has nothing is told by `files`.
        """
        place = self._place(node, path)
        found = chains(place, keys=self.client.keys)
        there = [] if found else [each for each in self.client.names if self._place(each, path).folders()]
        if there:
            where = path or self.path
            raise Misuse(f"restore_points: {node} has no backup in {where}, {', '.join(there)} has: ask there")
        return found

    def _place(self, node: str, path: str) -> Destination:
        """One of the task's destinations, of this node if it is a folder, to look at. Misuse for another place in which nothing is."""
        self.world[node]  # Misuse for a node that there is not
        node, asked = self.world.roles.node(node), path or self.path
        try:
            place = self.client.destinations.place(node, asked)
            is_known = not path or place.folders() or self.client.destinations.name_of(asked) in self._addresses()
        except ValueError as error:
            raise Misuse(f"task {self.id} of {self.database.name} has no destination {asked}: {error}") from None
        if not is_known:
            known = ", ".join(self._addresses())
            raise Misuse(f"task {self.id} of {self.database.name} has no destination {asked}: it has {known}")
        return place

    def _addresses(self) -> list[str]:
        """The addresses of its destinations, the former ones included."""
        return [self.client.destinations.name_of(each.address) for each in self._former + self.places]

    async def restore_newest(self, name: str, source: AnySettings | None = None, on: str = "") -> RestoredDatabase:
        """Restore the newest chain into a new database, on the node that has the files; from a cloud, on any node.

        `source`: a cloud of the task, if it has several destinations and that one is meant.
        """
        written = [run for run in self.runs if run.outcome == "written"]
        if not written:
            raise Misuse(f"task {self.id} has written no backup yet: wait for one with `await task.ran()`")
        last = written[-1]
        provided = self.encryption is not None and self.encryption.mode is EncryptionMode.USE_PROVIDED_KEY
        key = None if provided else self.database.key
        if source is not None:
            self._place(last.node, source.address)
        source = source or (self.places[0] if is_remote(self.path) else None)
        found = await self.client.restore(
            name,
            on or last.node,
            self.path,
            folder=last.folder,
            encryption=self.encryption,
            key=key,
            source=source,
        )
        return RestoredDatabase(self.client, name, found.node, found.result, last.file)
