"""Reporting runs to the cluster (sections 9.14, 10, 24.6). There are two ways; the rules choose.

With late reports, unreported runs wait on the node's disk, and one program reports them in the order of their starts
as soon as there is a leader. Without, a run is reported within ten attempts, or never.
"""

from collections.abc import Sequence
from itertools import takewhile

import attrs

from backup.notes import Reported, ReportGivenUp, ReportQueued
from backup.record.record import Database, Record, Status
from backup.record.rules import Rules
from backup.record.task_commands import ReportStatuses
from backup.runs.local_status import LocalStatuses, TaskKey
from cluster.member import Member, NoLeader, NotInCluster, OutcomeUnknown, Refused

BATCH = 64
"""Runs in one command at most."""
NO_LEADER = "there is no leader"
OUTSIDE = "this node belongs to no cluster"


@attrs.define(eq=False)
class StatusReporter:
    """Reports one node's runs."""

    _member: Member
    _rules: Rules
    _local: LocalStatuses
    _telling: bool = attrs.field(default=False, init=False)
    _announced: set[tuple[TaskKey, int]] = attrs.field(factory=set, init=False)

    # ---- late reporting (rule 24.6)

    def owe(self) -> None:
        """Report what is unreported as soon as possible."""
        if self._telling:
            self._member.stir()
        elif self._local.unreported():
            self._telling = True
            self._member.spawn(self._tell_all)

    async def _tell_all(self) -> None:
        while owed := self._local.unreported():
            if self._member.leader is None or self._member.passive:
                self._queue(owed, OUTSIDE if self._member.passive else NO_LEADER)
                await self._member.changed(self._member.version)
                continue
            batch = self._batch(owed)
            try:
                await self._tell(batch)
            except (NoLeader, OutcomeUnknown) as error:
                self._queue(batch, str(error))
        self._telling = False

    def _batch(self, owed: list[tuple[TaskKey, Status]]) -> list[tuple[TaskKey, Status]]:
        """The first runs of the list that are of one database: what one command may carry."""
        return list(takewhile(lambda each: each[0][0] == owed[0][0][0], owed[:BATCH]))

    async def _tell(self, batch: list[tuple[TaskKey, Status]]) -> None:
        database = self._database(batch[0][0])
        if database is None and batch[0][0][0] > self._member.applied:  # this node has restarted and is behind
            await self._member.changed(self._member.version)
            return
        if database is not None:
            known = database.history  # a report may have been committed before this node went down and forgot that
            statuses = tuple(each for _, each in batch if (each.task_id, each.node, each.started_at) not in known)
            command = ReportStatuses(database.name, statuses, self._rules.newest_by_start)
            try:
                if statuses:
                    await self._member.propose(command, self._rules.report_attempt_timeout)
            except Refused:
                database = None
        for key in dict.fromkeys(key for key, _ in batch):
            await self._local.told(key, [status for other, status in batch if other == key])
        for key, status in batch:
            self._announced.discard((key, status.started_at))
            if database is not None:  # a removed database has no reports
                self._note_told(database.name, status)

    def _queue(self, owed: Sequence[tuple[TaskKey, Status]], why: str) -> None:
        """Note once for each run that its report waits."""
        for key, status in owed:
            database = self._database(key)
            if database is not None and (key, status.started_at) not in self._announced:
                self._announced.add((key, status.started_at))
                self._member.note(ReportQueued(database.name, key[1], status.started_at, why))

    # ---- at once or never (rule 10.4)

    async def tell_now(self, database_name: str, status: Status) -> None:
        """Try to report one run, as often as the rules say, then give up."""
        command = ReportStatuses(database_name, (status,), self._rules.newest_by_start)
        why, attempts = NO_LEADER, 0
        while attempts < self._rules.report_attempts:
            attempts += 1
            try:
                await self._member.propose(command, self._rules.report_attempt_timeout)
            except (NoLeader, OutcomeUnknown, Refused) as error:
                why = str(error)
                # only a timeout is tried again; a refusal, or being outside the cluster, is none (rules 3.38, 9.14)
                if isinstance(error, NotInCluster | Refused):
                    break
            else:
                self._note_told(database_name, status)
                return
        self._member.note(ReportGivenUp(database_name, status.task_id, status.started_at, attempts, why))

    # ---- both

    def _note_told(self, database_name: str, status: Status) -> None:
        waited = max(0, self._member.wall() - status.ended_at)
        late = waited > self._rules.report_attempt_timeout
        self._member.note(Reported(database_name, status.task_id, status.started_at, waited, late))

    def _database(self, key: TaskKey) -> Database | None:
        record: Record = self._member.state
        return next((database for database in record.databases.values() if database.id == key[0]), None)
