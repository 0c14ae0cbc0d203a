"""The runs of one node: which are under way, how many may be, and what follows each (rules 9.3, 9.4, 9.15, 9.16).

The steps of a run are in backup_run.py; when it is due is decided in scheduler.py.
"""

from functools import partial
from typing import Protocol

import attrs

from backup.content.encryption import NoKey, WrongKey
from backup.content.manifest import DamagedBackup, UnreadableBackup
from backup.destinations import io_costs, settings_script
from backup.destinations.local import LocalFolder
from backup.destinations.port import DestinationError
from backup.destinations.registry import AnySettings, in_order, kind_of
from backup.destinations.world_destinations import WorldDestinations
from backup.notes import UNWANTED, BackupCancelled, BackupFailed, BackupFinished
from backup.record.encryption_keys import KeyRefused
from backup.record.key_ring import KeyRing
from backup.record.record import ONE_TIME, Database, Record, Task
from backup.record.rules import Rules
from backup.record.task import Kind
from backup.replicas.indexer import Indexer
from backup.replicas.local_copies import LocalCopies
from backup.replicas.node_reports import RunReport
from backup.requests.answers import Operation, RunProgress
from backup.runs.backup_run import BackupRun, RunOutcome
from backup.runs.local_status import LocalStatuses, TaskKey, UnfinishedFiles
from backup.runs.retention_cleaner import RetentionCleaner
from backup.runs.run_inputs import RunInputs, RunPlaces
from backup.runs.schedule import Plan
from backup.runs.status_reporter import StatusReporter
from backup.runs.uploads import NoLongerWanted, RemotePlace
from cluster.member import Member

EXPLAINED = (DestinationError, DamagedBackup, UnreadableBackup, KeyRefused, NoKey, WrongKey)
"""Errors of a destination, of a file it gave back, or of a key: no other error may make a run fail."""


class RunListener(Protocol):
    """A listener to the ends of a node's runs (backup/node/node_parts.py)."""

    def run_ended(self, key: TaskKey) -> None:
        """A run of a task is over, whatever its outcome: its slot is free."""

    def run_kept(self, key: TaskKey) -> None:
        """The outcome of a run of a task is on the node's disk."""


@attrs.define(eq=False)
class ActiveRun:
    """A run under way."""

    database: Database
    task: Task
    plan: Plan
    key: TaskKey
    """Database and task; for a one-time backup a negative number of its own."""
    operation: Operation
    started_at: int
    """Wall µs of the node at which the run began."""
    work: BackupRun | None = None
    """The run itself; None until it has begun."""
    unwanted: str = ""
    """Why the run is to end early; empty: it is not to."""

    @property
    def page(self) -> TaskKey:
        """The key of its page among the node's local statuses."""
        return self.database.id, self.task.id

    @property
    def progress(self) -> RunProgress | None:
        """How far the run has come; None: nothing of it is written yet."""
        return self.work.progress if self.work is not None else None


@attrs.define(eq=False)
class Runner:
    """The runs of one node."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _indexer: Indexer
    _statuses: LocalStatuses
    _reporter: StatusReporter
    _destinations: WorldDestinations
    _keys: KeyRing
    _listener: RunListener
    _runs: dict[TaskKey, ActiveRun] = attrs.field(factory=dict, init=False)
    _operations: int = attrs.field(default=0, init=False)
    once: int = attrs.field(default=0, init=False)
    """Number of one-time backups of this incarnation so far."""
    _made_at: int | None = attrs.field(default=None, init=False)
    """Wall µs of the newest one-time backup."""

    def is_running(self, key: TaskKey) -> bool:
        """Whether the task runs here (rule 9.3)."""
        return key in self._runs

    @property
    def has_slot(self) -> bool:
        """Whether another run may begin now (rule 9.4)."""
        return len(self._runs) < self._rules.concurrent_backups

    def find(self, key: TaskKey) -> ActiveRun | None:
        """The run of the task that is under way here."""
        return self._runs.get(key)

    @property
    def reports(self) -> tuple[RunReport, ...]:
        """The runs of tasks that are under way here, and those that the cluster has not heard of yet.

        A run that still waits to begin covers nothing: the copy that it waits for may leave this node.
        """
        found = {
            key: RunReport(*key, run.started_at, run.work.is_full)
            for key, run in self._runs.items()
            if key[1] > 0 and run.work is not None
        }
        for key, status in self._statuses.unreported():
            if key[1] != ONE_TIME:
                found.setdefault(key, RunReport(*key, status.started_at, status.is_full))
        return tuple(found.values())

    def key_once(self, database_id: int, number: int | None) -> TaskKey:
        """The key of the running one-time backup of the database with that operation number; None: of the newest."""
        once = [(key, run) for key, run in self._runs.items() if key[0] == database_id and key[1] < 0]
        found = [key for key, run in once if number in (None, run.operation.number)]
        return found[-1] if found else (database_id, -1)

    def start(self, database: Database, task: Task, plan: Plan) -> Operation:
        """Begin a run. The task must not run here, and a slot must be free."""
        return self._start(database, task, plan, (database.id, task.id))

    def start_once(self, database: Database, definition: Task, plan: Plan) -> Operation:
        """Begin a one-time backup (rule 15.3). A slot must be free."""
        self.once += 1
        return self._start(database, definition, plan, (database.id, -self.once))

    def _start(self, database: Database, task: Task, plan: Plan, key: TaskKey) -> Operation:
        assert key not in self._runs, "one run per task and node at a time"
        self._operations += 1
        began = self._member.wall()
        if key[1] < 0:  # a one-time backup is known by the time it was made
            if self._made_at is not None:
                began = max(began, self._made_at + 1)
            self._made_at = began
        operation = Operation(self._member.name, self._operations, task.id, plan.full)
        run = self._runs[key] = ActiveRun(database, task, plan, key, operation, began)
        self._member.spawn(self._live, run)
        return operation

    def cancel(self, key: TaskKey, why: str = UNWANTED) -> None:
        """End the task's run, if any, at its next check between two slices (rules 9.2, 15.5, 15.6)."""
        if key in self._runs:
            self._runs[key].unwanted = why

    def cancel_all(self, database_id: int) -> None:
        """Cancel every run of a database that is gone."""
        for key in self._runs:
            if key[0] == database_id:
                self.cancel(key)

    async def _live(self, run: ActiveRun) -> None:
        copy = await self._copies.opened(run.database.id)
        contents = await copy.frozen()
        indexes = self._indexer.all_of(copy) if run.task.kind is Kind.SNAPSHOT else []
        record: Record = self._member.state
        database = record.database(run.database.name)
        once = run.task.id == ONE_TIME
        if database is None or not (once or run.task.id in database.tasks):
            self._over(run)
            return
        inputs = RunInputs(
            database,
            run.task,
            run.plan,
            contents,
            tuple(indexes),
            None if once else self._statuses.status(run.key, database.statuses.get(run.task.id)),
            None if once else self._statuses.chain(run.key),
            run.operation.number,
            run.started_at if once else self._fresh(run.key, database),
        )
        places = partial(self._find_places, run)
        work = BackupRun(
            self._member,
            self._rules,
            inputs,
            places,
            self._destinations.plain,
            lambda: not run.unwanted,
            UnfinishedFiles(self._statuses, run.page),
        )
        run.started_at, run.work = inputs.started_at, work
        try:
            done = await work.do()
        except NoLongerWanted:
            self._member.note(BackupCancelled(database.name, run.task.id, run.started_at, run.unwanted))
            self._over(run)
            return
        except (OSError, ValueError) as error:
            done = self._failed(run, work, self._destinations.plain(error), isinstance(error, EXPLAINED))
            if once:  # rule 15.4: only a successful one-time backup is reported
                self._member.note(done.note)
                self._over(run)
                return
        await self._conclude(run, done)
        # rule 14.1; the run is recorded, whatever happens now
        if isinstance(done.note, BackupFinished) and work.is_full:
            for place, path in work.places.lasting:
                if place.gives_back and kind_of(path).retention_applies:  # rule 14.6: other destinations are skipped
                    cleaner = RetentionCleaner(self._member, self._rules, place, path, self._destinations.plain)
                    await cleaner.clean(database, run.task, done.note.folder, work.keys)

    async def _find_places(self, run: ActiveRun) -> RunPlaces:
        """Find the places of a run's file (rules 9.6, 11.8)."""
        base, path, remotes = self._destinations.temporary(self._member.name, run.key[1]), "", []
        for wanted in in_order(run.task.usable):
            block = await self._given(run, wanted)
            place = self._destinations.of_settings(self._member.name, block)
            if isinstance(block, LocalFolder):
                base, path = place, block.path
            else:
                remotes.append(
                    RemotePlace(block.address, block.word, place, self._destinations.are_real, block.shows_progress)
                )
        return RunPlaces(base, path, tuple(remotes))

    async def _given(self, run: ActiveRun, block: AnySettings) -> AnySettings:
        """The settings of a destination, or those that their script returns (rule 12.1)."""
        if block.script is None:
            return block
        found = await self._member.outside(partial(settings_script.given, block), io_costs.SCRIPT)
        self._keys.add(secrets=found.secrets)
        for secret in found.secrets:
            if secret not in block.secrets:
                self._keys.came_from_elsewhere(secret)
        return found.subfolder(run.database.name) if run.task.server_wide else found  # rule 16.3

    def _fresh(self, key: TaskKey, database: Database) -> int:
        """Wall µs: now, or the first later instant at which this node has not started the task, as a clock may be set back."""
        now, me = self._member.wall(), self._member.name
        while (key[1], me, now) in database.history or self._statuses.has_started(key, now):
            now += 1
        return now

    def _failed(self, run: ActiveRun, work: BackupRun, error: str, explained: bool) -> RunOutcome:
        about = (run.database.name, run.task.id, work.occurrence, run.started_at)
        note = BackupFailed(*about, work.is_full, error, explained)
        return RunOutcome(work.failure(error), self._statuses.chain(run.key), note)

    async def _conclude(self, run: ActiveRun, done: RunOutcome) -> None:
        """Keep the outcome, note it, and report it; the rules say when the slot is free again (rules 9.15, 9.16, 24.6)."""
        key, status = run.page, done.status
        self._statuses.remember(key, status)
        if self._rules.late_reports:
            await self._statuses.keep(key, status, done.chain, owed=True)
        self._member.note(done.note)
        if not self._rules.slot_held_while_saving:
            self._over(run)
        if self._rules.late_reports:
            self._reporter.owe()
        else:
            await self._reporter.tell_now(run.database.name, status)
            await self._statuses.keep(key, status, done.chain, owed=False)
        self._listener.run_kept(key)
        self._over(run)

    def _over(self, run: ActiveRun) -> None:
        # it refers back to the run: else a year of runs would stay in memory until such circles are looked for
        run.work = None
        if self._runs.get(run.key) is run:
            del self._runs[run.key]
            self._listener.run_ended(run.key)
            self._member.stir()
