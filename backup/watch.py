"""The watch at work: every node reports its databases to the leader, the leader's observer looks and proposes.

Chatter, on two grids; whoever leads forgets everything when it stops leading (rule 5.1). Never here: what follows from
what was seen (observer.py).
"""

from collections.abc import Sequence

from backup.commands import Command
from backup.copies import Copies
from backup.notes import ObserverDecided
from backup.observer import observe
from backup.record import PromotionStatus, Record
from backup.rules import Rules
from backup.sightings import DatabaseReport, Decided, Memory, Report, Sighting
from cluster.instant import FOREVER
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused

ALARMS = (
    ("cpu credits", PromotionStatus.OUT_OF_CPU_CREDITS),
    ("memory", PromotionStatus.EARLY_OUT_OF_MEMORY),
    ("dirty memory", PromotionStatus.HIGH_DIRTY_MEMORY),
)
"""What a machine may be short of, and the status that goes with it."""


class Watch:
    """One node's part in the watch."""

    def __init__(self, member: Member, rules: Rules, copies: Copies) -> None:
        self._member = member
        self._rules = rules
        self._copies = copies
        self._told: tuple[DatabaseReport, ...] | None = None
        """What the last report said."""
        self._sightings: dict[str, Sighting] = {}
        self._term = -1
        """The term of this node's leadership that its observer watches; -1: it does not."""
        self._started_at = 0
        self._memory = Memory()
        self._proposing = False
        self._alarm: PromotionStatus | None = None
        self._told_alarm: PromotionStatus | None = None
        self._suspended = False

    # ---- for the operator

    @property
    def decisions(self) -> tuple[Decided, ...]:
        """The decision log of this leadership; empty on a node that does not lead (rule 5.1)."""
        return self._memory.decisions if self._member.leading and self._term == self._member.term else ()

    def suspend(self, suspended: bool) -> None:
        """Decide nothing, or again (rule 5.16)."""
        self._suspended = suspended

    def run_short(self, of: PromotionStatus | None) -> None:
        """From now on reports say that this node is short of that; None: of nothing (rule 5.6)."""
        self._alarm = of

    def start(self) -> None:
        """Begin to talk, to listen and, when leading, to judge."""
        self._member.hear(Report, self._on_report)
        self._member.every(self._rules.worker_sample, self._talk)
        self._member.every(self._rules.supervisor_sample, self._judge, judges=True)

    # ---- every node

    def _talk(self, number: int) -> int:
        """Report to whoever leads; nothing is new while the report says the same."""
        member, leader = self._member, self._member.leader
        content, alarm = self._content(), self._alarm or self._shortage()
        is_news = content != self._told or alarm is not self._told_alarm
        self._told, self._told_alarm = content, alarm
        if leader is not None:
            report = Report(member.name, number + 1, content, alarm)
            if leader == member.name:
                self._on_report(member.name, report)
            else:
                member.send(leader, report)
        return 0 if is_news else FOREVER

    def _content(self) -> tuple[DatabaseReport, ...]:
        record: Record = self._member.state
        return tuple(
            [
                copy.report(database.name)
                for database in record.databases.values()
                if (copy := self._copies.get(database.id)) is not None
            ]
        )

    def _shortage(self) -> PromotionStatus | None:
        """What the node is short of, as rule 5.6 calls it; of several the first."""
        return next((status for resource, status in ALARMS if resource in self._member.short_of), None)

    # ---- the leader

    def _on_report(self, sender: str, report: Report) -> None:
        self._sightings[sender] = Sighting(report, self._member.monotonic())

    def _judge(self, number: int) -> int:
        """One pass of the observer, if this node leads; never while what it asked for is under way."""
        member = self._member
        if not member.leading:
            self._term = -1
            return FOREVER
        now = member.monotonic()
        if self._term != member.term:
            self._term, self._started_at = member.term, now
            self._memory = Memory(self._memory.seed or member.dice("observer").below(1 << 32))
            self._sightings.clear()
        if self._suspended:
            return FOREVER
        if self._proposing:
            return 0
        commands, unchanged_until, self._memory = observe(
            member.state,
            self._sightings,
            now,
            member.wall(),
            self._started_at,
            self._term,
            self._memory,
            self._rules,
            member.members,
        )
        for line in self._memory.latest:
            member.note(ObserverDecided(line.database, line.rule, line.text, line.acts))
        if not commands:
            return unchanged_until
        self._proposing = True
        member.spawn(self._propose, commands, self._term)
        return 0

    async def _propose(self, commands: Sequence[Command], term: int) -> None:
        """Bring the commands to the log; what fails is found again by a later pass, if it is still so."""
        for command in commands:
            if not self._member.leading or self._member.term != term:
                break
            try:
                await self._member.propose(command)
            except (NoLeader, OutcomeUnknown, Refused):
                continue
        self._proposing = False
