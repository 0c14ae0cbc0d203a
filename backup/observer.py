"""The leader's watch: from the record and the nodes' reports to what should change (section 5, rule 7.8). Pure.

`observe` is one pass. All that outlives a pass is `Memory`, and that dies with the term (rule 5.1). Instants without a
word are monotonic µs of the leader; marks that outlive it are wall µs. Never here: sending, waiting, and how a node
works out its own tasks (ownership.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import attrs

from backup import ownership
from backup.commands import Assign, Assigned, Command, UpdateTopology
from backup.database.change_vector import Relation
from backup.record import Assignment, Database, PromotionStatus, Reason, Record, Task, Topology
from backup.rules import Rules
from backup.sightings import WORDS, DatabaseReport, Decided, Memory, Report, Seen, Sighting, Sightings
from cluster.instant import FOREVER, MINUTE, as_datetime

__all__ = ["WORDS", "DatabaseReport", "Decided", "Memory", "Report", "Seen", "Sighting", "Sightings", "observe"]

LOG_LENGTH = 100
"""Entries of the decision log (rule 5.1)."""
REPEAT_PASSES = 60
"""The same line is not logged again within so many passes (rule 5.12)."""


def observe(
    record: Record,
    sightings: Sightings,
    now: int,
    wall: int,
    started_at: int,
    term: int,
    memory: Memory,
    rules: Rules,
) -> tuple[tuple[Command, ...], int, Memory]:
    """One pass (rules 5.2 to 5.10, 5.13, 7.8): the commands to propose, `unchanged_until`, and the memory for the next.

    `sightings` holds the last report of each node ever heard, the leader's own too; `started_at` is when this node
    began to lead `term`; `now` and `wall` are the same moment on its two clocks.

    Before `unchanged_until` a pass would again ask for nothing, provided that the record stays, nodes that are fresh
    now stay fresh and report the same, and no other node reports. It is 0 if this pass asked for something or if the
    next may without anything new being heard.
    """
    if memory.term != term:  # rule 5.1
        memory = Memory(memory.seed, term)
    opens_at = started_at + rules.stabilisation + rules.supervisor_sample
    if now < opens_at:  # rule 5.2
        return (), opens_at, memory
    unmoved = memory.record is record and now < memory.until and wall < memory.wall_until
    if unmoved and _is_same(sightings, memory.seen, now, rules):
        return (), _earlier(memory.until, memory.wall_until, now, wall), _with_latest(memory, ())
    return _Pass(sightings, now, wall, started_at, memory, rules).over(record)


def _is_same(sightings: Sightings, seen: Mapping[str, Seen], now: int, rules: Rules) -> bool:
    """Whether reports say what they said, and each node is as fresh or as silent as it was."""
    if len(sightings) != len(seen):
        return False
    for node, before in seen.items():
        sighting = sightings.get(node)
        if sighting is None:
            return False
        if before.fresh:
            if now - sighting.received_at > 2 * rules.worker_sample:
                return False
        elif sighting.received_at != before.sighting.received_at:
            return False
        report, known = sighting.report, before.sighting.report
        if report is not known and (report.databases != known.databases or report.alarm != known.alarm):
            return False
    return True


def _earlier(until: int, wall_until: int, now: int, wall: int) -> int:
    """The monotonic instant of whichever comes first, one on each clock."""
    return until if wall_until == FOREVER else min(until, now + wall_until - wall)


def _with_latest(memory: Memory, latest: tuple[Decided, ...]) -> Memory:
    return memory if memory.latest == latest else attrs.evolve(memory, latest=latest)


class _Pass:
    """One pass that looks closely. It collects, beside the commands, every instant at which time alone may matter."""

    def __init__(
        self, sightings: Sightings, now: int, wall: int, started_at: int, memory: Memory, rules: Rules
    ) -> None:
        self.now, self.wall, self.started_at, self.memory, self.rules = now, wall, started_at, memory, rules
        self.seen = {node: self._seen(sighting) for node, sighting in sightings.items()}
        self.reports = {node: _by_name(seen) for node, seen in self.seen.items()}
        self.reports_before = {node: _by_name(seen) for node, seen in memory.seen.items()}
        self.settled: dict[str, tuple[int, int]] = {}
        self.unloaded = {
            (name, node): memory.unloaded.get((name, node), now)
            for node, databases in self.reports.items()
            for name, report in databases.items()
            if not report.loaded
        }
        self.waits = [FOREVER]
        self.wall_waits = [FOREVER]
        self.restless = False
        self.said: list[Decided] = []

    def _seen(self, sighting: Sighting) -> Seen:
        age = self.now - sighting.received_at
        return Seen(sighting, age <= 2 * self.rules.worker_sample, age < self.rules.report_timeout)

    def over(self, record: Record) -> tuple[tuple[Command, ...], int, Memory]:
        """Look at every database, then store all owners with one command (rule 4.3)."""
        commands: list[Command] = []
        assigned: list[Assigned] = []
        for key, database in record.databases.items():
            if not database.topology.nodes or not self.has_settled(key, database):  # rule 5.3
                continue
            topology = database.topology
            change = self.change_of(key, database)
            if change is not None:  # rule 5.4: one a pass
                topology, rule, why = change
                commands.append(
                    UpdateTopology(database.name, topology, database.changed, self.wall, self.memory.term, why)
                )
                self.say(database, rule, why)
            if self.rules.assigned:  # rule 22.16: judged by the group as it is about to be
                assigned.extend(self.owners_of(database, topology))
        if assigned:
            commands.append(Assign(tuple(assigned)))
        calm = not commands and not self.restless
        until, wall_until = (min(self.waits), min(self.wall_waits)) if calm else (0, 0)
        memory = Memory(
            self.memory.seed,
            self.memory.term,
            record,
            self.seen,
            self.settled,
            self.unloaded,
            until,
            wall_until,
            (*self.memory.decisions, *self.said)[-LOG_LENGTH:],
            tuple(self.said),
        )
        return tuple(commands), _earlier(until, wall_until, self.now, self.wall) if calm else 0, memory

    def say(self, database: Database, rule: str, text: str) -> None:
        """Add to the decision log, unless the same was said of that database a moment ago (rule 5.12)."""
        lately = self.wall - REPEAT_PASSES * self.rules.supervisor_sample
        for line in self.memory.decisions:
            if line.text == text and line.database == database.name and line.at > lately:
                return
        self.said.append(Decided(self.wall, database.name, text, rule))

    # -- the database group

    def has_settled(self, key: str, database: Database) -> bool:
        """Whether the topology is old enough to be judged (rule 5.3). The observer counts from when it first saw it."""
        stamp = database.topology.stamp
        index, since = self.memory.settled.get(key, (-1, 0))
        if index != stamp.index:  # a topology of an earlier term is as old as this leadership at least
            since = self.now if stamp.term >= self.memory.term else self.started_at
        self.settled[key] = stamp.index, since
        return self.has_passed(since + self.rules.stabilisation)

    def has_passed(self, instant: int) -> bool:
        """Whether that instant has come; if not, it is one to wait for."""
        if self.now >= instant:
            return True
        self.waits.append(instant)
        return False

    def is_alive(self, key: str, node: str) -> bool:
        """Whether the node's report is young and says that the database is loaded (rule 5.4.1)."""
        report = self.reports.get(node, {}).get(key)
        if report is not None:
            seen = self.seen[node]
            if not seen.fresh:
                self.waits.append(seen.sighting.received_at + self.rules.report_timeout)
        return report is not None and report.loaded

    def silent_since(self, key: str, node: str) -> int | None:
        """From when the silence of a node that is not alive counts (rule 5.5), never before this leadership.

        None: the node reports on time and says nothing of the database, so there is no silence (rule 5.4.1).
        """
        seen = self.seen.get(node)
        if seen is None:
            return self.started_at
        if key in self.reports[node]:
            return self.unloaded[key, node]
        return None if seen.fresh else max(seen.sighting.received_at, self.started_at)

    def change_of(self, key: str, database: Database) -> tuple[Topology, str, str] | None:
        """The one change of the group that is due, with its rule and a sentence; None if all is well (rule 5.4)."""
        topology, living, pressing, rotation_due = database.topology, [], False, False
        for node in topology.members:
            if self.is_alive(key, node):
                if topology.demotion(node) is not None:
                    return _unmarked(topology, node), "5.4.1", f"{node} is alive again"
                living.append(node)
                continue
            since = self.silent_since(key, node)
            if since is not None and self.has_passed(since + self.rules.rehab_after):
                return self.to_rehab(topology, node), "5.4.3", f"{node} goes to Rehab: it does not respond"
            pressing = True
            if node == topology.members[0] and since is not None:
                rotation_due = self.has_passed(since + self.rules.rotation_after)
        if not living:
            return self.rescue(key, database)
        if rotation_due:
            first, *others = topology.members
            rotated = attrs.evolve(topology, members=(*others, first))
            return rotated, "5.4.4", f"{first} is silent: {others[0]} becomes the preferred node"
        if not pressing and topology.priority_order:
            members = _by_priority(topology.members, topology.priority_order)
            if members != topology.members:
                return attrs.evolve(topology, members=members), "5.4.6", f"members in their order: {' '.join(members)}"
        return self.promotion(key, database)

    def to_rehab(self, topology: Topology, node: str) -> Topology:
        """The group with the node in Rehab, and the mark that says why (rule 5.6)."""
        seen = self.seen.get(node)
        alarm = seen.sighting.report.alarm if seen is not None else None
        return attrs.evolve(
            _without(topology, node),
            rehabs=(*topology.rehabs, node),
            demotions=(*_unmarked(topology, node).demotions, (node, alarm or PromotionStatus.NOT_RESPONDING)),
        )

    def rescue(self, key: str, database: Database) -> tuple[Topology, str, str] | None:
        """No member is alive: the healthy node that is furthest on becomes one, or the operator is told (5.4.5)."""
        topology = database.topology
        candidates = (*topology.rehabs, *(topology.promotables if not topology.members else ()))
        best: str | None = None
        for node in candidates:
            if self.is_alive(key, node) and (best is None or self.is_further(key, node, best)):
                best = node
        if best is None:
            self.say(database, "5.4.5", "no member is alive and nobody can take over: the database is unreachable")
            return None
        rescued = attrs.evolve(_without(_unmarked(topology, best), best), members=(*topology.members, best))
        return rescued, "5.4.5", f"no member is alive: {best} becomes one to keep the database reachable"

    def is_further(self, key: str, node: str, best: str) -> bool:
        """Whether a node's copy is more up to date; where neither has seen all of the other, the higher etag is."""
        mine, theirs = self.reports[node][key], self.reports[best][key]
        match mine.change_vector.compare(theirs.change_vector):
            case Relation.NEWER:
                return True
            case Relation.OLDER:
                return False
            case _:
                return mine.etag > theirs.etag

    def promotion(self, key: str, database: Database) -> tuple[Topology, str, str] | None:
        """The first Promotable or node in Rehab that may become a Member (5.4.7, 5.4.8, 5.9)."""
        topology = database.topology
        if len(topology.members) >= topology.replication_factor:
            return None
        for node in topology.promotables + topology.rehabs:
            mentor = ownership.pick(topology, _hash(node, database.name), resource_intensive=False)  # rule 5.11
            if mentor is None or not self.is_alive(key, node) or not self.is_told_of(key, mentor, node):
                continue
            before = self.reports_before.get(mentor, {}).get(key)
            if (
                node in self.reports_before
                and key in self.reports_before[node]
                and self.has_caught_up(key, node, before)
            ):
                members = sorted(
                    (*topology.members, node), key=lambda each: _hash(self.memory.seed, database.changed, each)
                )  # rule 5.10
                promoted = attrs.evolve(
                    _without(_unmarked(topology, node), node),
                    members=_by_priority(members, topology.priority_order),
                )
                return promoted, "5.9", f"{node} has caught up with {mentor} and becomes a member"
            # what is now the present is the past of the next pass: that one may promote without anything new
            self.restless = self.restless or self.has_caught_up(key, node, self.reports[mentor][key])
        return None

    def is_told_of(self, key: str, mentor: str, node: str) -> bool:
        """Whether mentor and node, without an alarm, both report of the database, at about the same time (rule 5.9)."""
        if key not in self.reports.get(mentor, {}):
            return False
        ours, theirs = self.seen[node].sighting, self.seen[mentor].sighting
        together = abs(ours.received_at - theirs.received_at) <= 3 * self.rules.worker_sample
        return together and ours.report.alarm is None

    def has_caught_up(self, key: str, node: str, goal: DatabaseReport | None) -> bool:
        """Whether the node's copy has all that the mentor's copy had then, which must have been loaded (rule 5.9)."""
        if goal is None or not goal.loaded:
            return False
        relation = self.reports[node][key].change_vector.compare(goal.change_vector)
        return relation in (Relation.EQUAL, Relation.NEWER)

    # -- the owners of tasks

    def owners_of(self, database: Database, topology: Topology) -> Iterator[Assigned]:
        """What to store about the responsible nodes of one database (rule 7.8)."""
        for task in database.tasks.values():
            stored = database.assignments.get(task.id)
            decision = ownership.decide(task, topology, stored, database.statuses.get(task.id), self.wall, self.rules)
            self.wall_waits.append(decision.until)
            if decision.assignment is not None:
                self.say(database, decision.rule, _says(task, stored, decision, self.wall))
                yield Assigned(database.name, task.id, decision.assignment)


def _by_name(seen: Seen) -> dict[str, DatabaseReport]:
    """What a node's report says of the present, by lower-case name of the database."""
    return {report.name.lower(): report for report in seen.sighting.report.databases} if seen.told else {}


def _without(topology: Topology, node: str) -> Topology:
    """The group with that node in none of its lists."""
    return attrs.evolve(
        topology,
        members=_all_but(node, topology.members),
        promotables=_all_but(node, topology.promotables),
        rehabs=_all_but(node, topology.rehabs),
    )


def _all_but(node: str, nodes: Iterable[str]) -> tuple[str, ...]:
    return tuple(other for other in nodes if other != node)


def _unmarked(topology: Topology, node: str) -> Topology:
    return attrs.evolve(topology, demotions=tuple(mark for mark in topology.demotions if mark[0] != node))


def _by_priority(members: Sequence[str], order: tuple[str, ...]) -> tuple[str, ...]:
    """Members in the order of the wish, the others behind as they were."""
    wished = [node for node in order if node in members]
    return (*wished, *(node for node in members if node not in wished))


def _hash(*parts: object) -> int:
    """64 bits of luck by name: the same in every process."""
    return int.from_bytes(blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def _says(task: Task, stored: Assignment | None, decision: ownership.Decision, wall: int) -> str:
    """The line of the decision log for an owner that is stored (section 21)."""
    assert decision.assignment is not None, "only what is stored is logged"
    node, reason = decision.assignment.node, decision.reason
    if decision.assignment.not_suitable_since is not None:
        moves_at = as_datetime(decision.until).strftime("%Y-%m-%d %H:%M:%S")
        return f"{task.name!r} will leave {node}, which does not respond, at {moves_at} UTC"
    if stored is not None and stored.not_suitable_since is not None:
        minutes = (wall - stored.not_suitable_since) / MINUTE
        if node == stored.node:
            return f"{task.name!r} stays with {node} after {minutes:.1f} minutes: {reason.sentence}"
        if reason is Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING:
            return f"{task.name!r} goes to {node}: {stored.node} did not respond for {minutes:.1f} minutes"
    return f"{task.name!r} goes to {node}: {reason.sentence}"
