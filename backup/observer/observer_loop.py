"""The observer's loop: every node reports its databases to the leader, whose observer judges them and proposes changes.

Reports and passes each have a period of their own; a leader forgets everything when it stops leading (rule 5.1). The
judgement is in observer.py.
"""

from collections.abc import Callable, Sequence

import attrs

from backup.notes import ObserverDecided
from backup.observer.observer import ObserverInputs, foresee, observe
from backup.observer.observer_memory import ObserverMemory
from backup.record.commands import Command
from backup.record.record import PromotionStatus
from backup.record.rules import FRESH, Rules
from backup.replicas.local_copies import LocalCopies
from backup.replicas.node_reports import DatabaseReport, Heard, NodeReport, ReceivedReport, RunReport, Told
from backup.requests.answers import DecisionLogEntry
from cluster.member import Member, NoLeader, OutcomeUnknown, Refused
from cluster.time_units import FOREVER

ALARMS = (
    ("cpu credits", PromotionStatus.OUT_OF_CPU_CREDITS),
    ("memory", PromotionStatus.EARLY_OUT_OF_MEMORY),
    ("dirty memory", PromotionStatus.HIGH_DIRTY_MEMORY),
)
"""Each resource that a machine may be short of, with the status that reports it."""

FORGIVEN = FRESH - 2
"""How many reports in a row may be lost while their node stays fresh: one period more, and the way of the next report."""


class OutgoingReport:
    """One node's report, and the part of it that the leader has heard."""

    def __init__(self) -> None:
        self.databases: tuple[DatabaseReport, ...] = ()
        self.runs: tuple[RunReport, ...] = ()
        self._alarm: PromotionStatus | None = None
        self._version = 0
        self._heard: tuple[int, tuple[DatabaseReport, ...]] | None = None
        """Version and content that the leader has; None: it has nothing."""
        self._leader = ("", -1)
        """The leader and its term."""

    @property
    def is_heard(self) -> bool:
        """Whether the leader has the whole report."""
        return self._heard is not None and self._heard[0] == self._version

    def has_content(
        self, databases: tuple[DatabaseReport, ...], alarm: PromotionStatus | None, runs: tuple[RunReport, ...]
    ) -> bool:
        """Whether that is the report's content."""
        is_same = (databases is self.databases or databases == self.databases) and alarm is self._alarm
        return is_same and runs == self.runs

    def update(
        self, databases: tuple[DatabaseReport, ...], alarm: PromotionStatus | None, runs: tuple[RunReport, ...]
    ) -> bool:
        """Set the report's present content; return whether it changed."""
        is_news = not self.has_content(databases, alarm, runs)
        self.databases, self._alarm, self.runs = databases, alarm, runs
        self._version += is_news
        return is_news

    def is_heard_by(self, leader: tuple[str, int]) -> bool:
        """Whether that leader has the whole report."""
        return leader == self._leader and self.is_heard

    def message(self, beat: int, leader: tuple[str, int]) -> Told:
        """The message with what that leader has not heard yet."""
        if leader != self._leader:
            self._leader, self._heard = leader, None
        version, alarm = self._version, self._alarm
        if self._heard is None:
            return Told(beat, version, -1, self.databases, (), alarm, self.runs)
        base, known = self._heard
        if base == version:
            return Told(beat, version, version, (), (), alarm, self.runs)
        before = {each.name: each for each in known}
        news = tuple([each for each in self.databases if before.pop(each.name, None) != each])
        return Told(beat, version, base, news, tuple(before), alarm, self.runs)

    def heard(self, version: int) -> None:
        """The leader has confirmed the report up to `version`."""
        if version == self._version:
            self._heard = version, self.databases
        elif version == -1:
            self._heard = None


def merged(databases: tuple[DatabaseReport, ...], told: Told) -> tuple[DatabaseReport, ...]:
    """The databases reported before, updated by a new message."""
    found = {each.name: each for each in databases}
    found.update((each.name, each) for each in told.databases)
    for name in told.gone:
        found.pop(name, None)
    return tuple(found.values())


@attrs.define(eq=False)
class ObserverLoop:
    """The observer loop of one node: its reports, and its passes while it leads."""

    _member: Member
    _rules: Rules
    _copies: LocalCopies
    _runs: Callable[[], tuple[RunReport, ...]]
    """The runs that this node has under way, or has not reported yet."""
    _outgoing: OutgoingReport = attrs.field(factory=OutgoingReport, init=False)
    _sightings: dict[str, ReceivedReport] = attrs.field(factory=dict, init=False)
    _versions: dict[str, int] = attrs.field(factory=dict, init=False)
    """By node: the version of its last report."""
    _heard_in: int = attrs.field(default=-1, init=False)
    """The term in which those reports were heard."""
    _term: int = attrs.field(default=-1, init=False)
    """The term of this node's leadership in which its observer works; -1: it does not."""
    _started_at: int = attrs.field(default=0, init=False)
    _memory: ObserverMemory = attrs.field(factory=ObserverMemory, init=False)
    _proposing: bool = attrs.field(default=False, init=False)
    _suspended: bool = attrs.field(default=False, init=False)

    # ---- for the operator

    @property
    def decisions(self) -> tuple[DecisionLogEntry, ...]:
        """The decision log of this leadership; empty on a node that does not lead (rule 5.1)."""
        return self._memory.decisions if self._member.leading and self._term == self._member.term else ()

    def suspend(self, suspended: bool) -> None:
        """Suspend the observer's decisions, or resume them (rule 5.16)."""
        self._suspended = suspended

    def start(self) -> None:
        """Start to send and receive reports and, while leading, to make passes."""
        self._member.hear(Told, self._on_told)
        self._member.hear(Heard, self._on_heard)
        rules, every = self._rules, self._member.every
        every(rules.worker_sample, self._talk, forgives=FORGIVEN, foresees=self._foresees_talk)
        every(rules.supervisor_sample, self._judge, judges=True, foresees=self._foresees_judgement)

    # ---- every node

    def _talk(self, number: int) -> int:
        """Send the leader a report; it holds nothing new once the leader has heard everything."""
        member, leader, outgoing = self._member, self._member.leader, self._outgoing
        alarm = self._alarm()
        is_news = outgoing.update(self._copies.reports(), alarm, self._runs())
        if leader is None:
            return 0 if is_news else FOREVER
        if leader == member.name:
            self._forget_older_terms()
            report = NodeReport(member.name, number + 1, outgoing.databases, alarm, outgoing.runs)
            self._sightings[leader] = ReceivedReport(report, member.monotonic())
            return 0 if is_news else FOREVER
        member.send(leader, outgoing.message(number + 1, (leader, member.term)))
        return FOREVER if outgoing.is_heard else 0

    def _alarm(self) -> PromotionStatus | None:
        """The first of the resources that this node is short of (rule 5.6)."""
        return next((status for resource, status in ALARMS if resource in self._member.short_of), None)

    def _foresees_talk(self) -> int:
        """`FOREVER` if the next report would say what the last one said, and the leader has it; else 0."""
        member, leader, outgoing = self._member, self._member.leader, self._outgoing
        if not outgoing.has_content(self._copies.reports(), self._alarm(), self._runs()):
            return 0
        if leader is None or (leader == member.name and self._heard_in == member.term):
            return FOREVER
        return FOREVER if outgoing.is_heard_by((leader, member.term)) else 0

    def _on_heard(self, sender: str, heard: Heard) -> None:
        if sender == self._member.leader:
            self._outgoing.heard(heard.version)

    # ---- the leader

    def _forget_older_terms(self) -> None:
        """Forget the reports of other terms (rule 5.1)."""
        if self._heard_in != self._member.term:
            self._heard_in = self._member.term
            self._sightings.clear()
            self._versions.clear()

    def _on_told(self, sender: str, told: Told) -> None:
        if self._member.leader != self._member.name:
            return
        self._forget_older_terms()
        known = self._versions.get(sender)
        if told.base == -1:
            databases = told.databases
        elif known is None or known not in (told.base, told.version):
            self._member.send(sender, Heard(-1))
            return
        else:
            databases = self._sightings[sender].report.databases
            if known != told.version:
                databases = merged(databases, told)
        self._versions[sender] = told.version
        report = NodeReport(sender, told.beat, databases, told.alarm, told.runs)
        self._sightings[sender] = ReceivedReport(report, self._member.monotonic())
        if told.base != told.version:
            self._member.send(sender, Heard(told.version))

    def _judge(self, number: int) -> int:
        """Make one pass of the observer if this node leads; never while its last commands are under way."""
        member = self._member
        if not member.leading:
            self._term = -1
            return FOREVER
        now = member.monotonic()
        if self._term != member.term:
            self._term, self._started_at = member.term, now
            self._memory = ObserverMemory(self._memory.seed or member.dice("observer").below(1 << 32))
        self._forget_older_terms()
        if self._suspended:
            return FOREVER
        if self._proposing:
            return 0
        commands, unchanged_until, self._memory = observe(self._inputs(), self._memory)
        for line in self._memory.latest:
            member.note(ObserverDecided(line.database, line.rule, line.text, line.acts))
        if not commands:
            return unchanged_until
        self._proposing = True
        member.spawn(self._propose, commands, self._term)
        return 0

    def _inputs(self) -> ObserverInputs:
        member = self._member
        return ObserverInputs(
            record=member.state,
            sightings=self._sightings,
            now=member.monotonic(),
            wall=member.wall(),
            started_at=self._started_at,
            term=self._term,
            rules=self._rules,
            nodes=member.members,
        )

    def _foresees_judgement(self) -> int:
        """Until when passes would do and remember nothing new if one were made now; 0: this one would."""
        member = self._member
        if not member.leading:
            return FOREVER if self._term == -1 else 0
        if self._term != member.term or self._heard_in != member.term or self._proposing:
            return 0
        return FOREVER if self._suspended else foresee(self._inputs(), self._memory)

    async def _propose(self, commands: Sequence[Command], term: int) -> None:
        """Propose the commands; a later pass finds again what failed, if it is still due."""
        for command in commands:
            if not self._member.leading or self._member.term != term:
                break
            try:
                await self._member.propose(command)
            except (NoLeader, OutcomeUnknown, Refused):
                continue
        self._proposing = False
