"""The runs of one node: which are under way, how many may be, and what follows each (rules 9.3, 9.4, 9.15, 9.16).

Never here: what a run does (work.py), and when it is due (scheduler.py).
"""

from collections.abc import Callable

from backup import abilities
from backup.calendar import Plan
from backup.cleaning import Cleaner
from backup.copies import Copies, Copy
from backup.definition import Kind
from backup.ledger import Key, Ledger
from backup.notes import BackupCancelled, BackupFailed, BackupFinished
from backup.record import Database, LocalFolder, Record, Task
from backup.reports import Reporter
from backup.rules import Rules
from backup.shelves import Shelves
from backup.work import Done, NoLongerWanted, Work
from cluster.member import Member


class Run:
    """A run under way."""

    __slots__ = ("database", "is_wanted", "plan", "task")

    def __init__(self, database: Database, task: Task, plan: Plan) -> None:
        self.database = database
        self.task = task
        self.plan = plan
        self.is_wanted = True

    @property
    def key(self) -> Key:
        """Which task it is of."""
        return self.database.id, self.task.id


class Runner:
    """The runs of one node."""

    def __init__(
        self, member: Member, rules: Rules, copies: Copies, ledger: Ledger, reporter: Reporter, shelves: Shelves
    ) -> None:
        self._member = member
        self._rules = rules
        self._copies = copies
        self._ledger = ledger
        self._reporter = reporter
        self._shelves = shelves
        self._runs: dict[Key, Run] = {}
        self._operations = 0
        self.ended: Callable[[Key], None] = lambda key: None
        """Called when a run of a task is over."""
        self.indexes: Callable[[Copy], list[tuple[str, bytes]]] = lambda copy: []
        """Name and file of every index of a copy: for snapshots."""

    def is_running(self, key: Key) -> bool:
        """Whether the task runs here (rule 9.3)."""
        return key in self._runs

    @property
    def has_slot(self) -> bool:
        """Whether another run may begin now (rule 9.4)."""
        return len(self._runs) < self._rules.concurrent_backups

    def start(self, database: Database, task: Task, plan: Plan) -> None:
        """Begin a run. The task must not run here, and a slot must be free."""
        run = Run(database, task, plan)
        assert run.key not in self._runs, "one run per task and node at a time"
        self._runs[run.key] = run
        self._member.spawn(self._live, run)

    def cancel(self, key: Key) -> None:
        """The task is disabled or gone: its run ends as soon as it looks up (rule 9.2)."""
        if key in self._runs:
            self._runs[key].is_wanted = False

    async def _live(self, run: Run) -> None:
        copy = await self._copies.opened(run.database.id)
        contents = await copy.frozen()
        indexes = self.indexes(copy) if run.task.kind is Kind.SNAPSHOT else []
        record: Record = self._member.state
        database = record.database(run.database.name)
        if database is None or run.task.id not in database.tasks:
            self._over(run)
            return
        self._operations += 1
        block = run.task.usable[0]
        place = abilities.place(self._shelves, self._member.name, block)
        path = block.path if isinstance(block, LocalFolder) else block.word
        work = Work(
            self._member,
            place,
            path,
            database,
            run.task,
            run.plan,
            contents,
            self._ledger.status(run.key, database.statuses.get(run.task.id)),
            self._ledger.chain(run.key),
            self._operations,
            lambda: run.is_wanted,
            indexes,
        )
        try:
            done = await work.do()
        except NoLongerWanted:
            self._member.note(BackupCancelled(database.name, run.task.id, work.started_at))
            self._over(run)
            return
        except (OSError, ValueError) as error:
            done = self._failed(run, work, self._shelves.plain(error))
        await self._conclude(run, done)
        if isinstance(done.note, BackupFinished) and work.is_full:  # rule 14.1; it is on the books, whatever comes now
            cleaner = Cleaner(self._member, self._rules, place, path, self._shelves.plain)
            await cleaner.clean(database, run.task, done.note.folder, work.keys)

    def _failed(self, run: Run, work: Work, error: str) -> Done:
        note = BackupFailed(run.database.name, run.task.id, work.occurrence, work.started_at, work.is_full, error)
        return Done(work.failure(error), self._ledger.chain(run.key), note)

    async def _conclude(self, run: Run, done: Done) -> None:
        """Keep it in mind, say it, tell it; the rules say when the slot is free again (rules 9.15, 9.16, 24.6)."""
        key, status = run.key, done.status
        self._ledger.remember(key, status)
        if self._rules.late_reports:
            await self._ledger.keep(key, status, done.chain, owed=True)
        self._member.note(done.note)
        if not self._rules.slot_held_while_saving:
            self._over(run)
        if self._rules.late_reports:
            self._reporter.owe()
        else:
            await self._reporter.tell_now(run.database.name, status)
            await self._ledger.keep(key, status, done.chain, owed=False)
        self._over(run)

    def _over(self, run: Run) -> None:
        if self._runs.get(run.key) is run:
            del self._runs[run.key]
            self.ended(run.key)
            self._member.stir()
