"""The leader's observer: from the record and the nodes' reports to the changes that are due (section 5, rule 7.8). Pure.

`observe` is one pass. Only `ObserverMemory` outlives a pass, and only within one term (rule 5.1). The cost of a pass grows
with the changes since the last one: a database with nothing new, and whose instants have not come, is skipped. Instants
are monotonic µs of the leader unless they say wall µs; instants stored in the record are wall µs. A group's health is
judged in group_health.py, responsible nodes are chosen in backup/record/responsible_node.py.
"""

from collections.abc import Mapping

import attrs

from backup.observer.group_health import GroupHealth, PassInputs
from backup.observer.observer_memory import DatabaseVerdict, NodeObservation, ObserverMemory
from backup.record import responsible_node
from backup.record.commands import Command
from backup.record.database_commands import ChangeTopology
from backup.record.record import Assignment, Database, Reason, Record, RunElsewhere, Task, Topology
from backup.record.rules import FRESH, Rules
from backup.record.task_commands import Assign, Assigned
from backup.replicas.node_reports import DatabaseReport, NodeReport, ReceivedReport, ReceivedReports
from backup.requests.answers import DecisionLogEntry
from cluster.time_units import FOREVER, MINUTE, as_datetime
from cluster.value import value

LOG_LENGTH = 100
"""Entries of the decision log (rule 5.1)."""
REPEAT_PASSES = 60
"""Number of passes within which the same line is not logged again (rule 5.12)."""
NOTHING: Mapping[str, DatabaseReport] = {}


@value
class ObserverInputs:
    """The inputs of a pass: what the leader of a term knows at one moment."""

    record: Record
    sightings: ReceivedReports
    """The last report of each node that ever reported, the leader itself included."""
    now: int
    wall: int
    """Wall µs of the same moment on the leader."""
    started_at: int
    """Monotonic µs at which the leader began to lead the term."""
    term: int
    rules: Rules
    nodes: tuple[str, ...]
    """The nodes of the cluster, sorted."""


def observe(inputs: ObserverInputs, memory: ObserverMemory) -> tuple[tuple[Command, ...], int, ObserverMemory]:
    """One pass (rules 5.2 to 5.10, 5.13, 7.8): the commands to propose, `unchanged_until`, and the memory for the next.

    Before `unchanged_until` a pass would propose nothing, provided that record and cluster stay the same, fresh nodes stay
    fresh and report the same, and no other node reports. It is 0 if this pass proposed something, or if the next one may
    even without a new report.
    """
    now, wall, rules = inputs.now, inputs.wall, inputs.rules
    if memory.term != inputs.term:  # rule 5.1
        memory = ObserverMemory(memory.seed, inputs.term)
    opens_at = inputs.started_at + rules.stabilisation + rules.supervisor_sample
    if now < opens_at:  # rule 5.2
        return (), opens_at, memory
    is_known = memory.record is inputs.record and memory.nodes == inputs.nodes
    unmoved = is_known and now < memory.until and wall < memory.wall_until
    if unmoved and _is_same(inputs.sightings, memory.seen, now, rules):
        memory = attrs.evolve(memory, latest=()) if memory.latest else memory
        return (), _earlier(memory.until, memory.wall_until, now, wall), memory
    return _Pass(inputs, memory).over(inputs.record)


def foresee(inputs: ObserverInputs, memory: ObserverMemory) -> int:
    """`unchanged_until` of a pass that is not made; 0 if it is worth making: if it proposes, says or remembers anything new.

    A memory has nothing new if all reports of databases, alarms and silences are those of the last pass, and each verdict is the
    same on the same group, tasks and owners. What else changes in a database, or which runs a node reports, is judged
    alike by the next pass.
    """
    if memory.term != inputs.term:
        return 0
    commands, unchanged_until, after = observe(inputs, memory)
    return 0 if commands or after.latest or not _remember_the_same(memory, after) else unchanged_until


def _remember_the_same(one: ObserverMemory, other: ObserverMemory) -> bool:
    if one.seen.keys() != other.seen.keys() or one.judged.keys() != other.judged.keys() or one.nodes != other.nodes:
        return False
    for node, before in one.seen.items():
        after, known = other.seen[node], before.sighting.report
        if (after.fresh, after.told) != (before.fresh, before.told) or after.sighting.report.alarm != known.alarm:
            return False
        if not _say_the_same(after.sighting.report, known):
            return False
        if not before.fresh and after.sighting.received_at != before.sighting.received_at:
            return False
    return all(_is_alike(before, other.judged[key]) for key, before in one.judged.items())


def _is_alike(before: DatabaseVerdict, after: DatabaseVerdict) -> bool:
    """Whether two verdicts say the same of the same group, tasks and owners."""
    old, new = before.database, after.database
    is_same = old.topology is new.topology and old.tasks is new.tasks and old.assignments is new.assignments
    return is_same and (before is after or attrs.evolve(before, database=new) == after)


def _is_same(sightings: ReceivedReports, seen: Mapping[str, NodeObservation], now: int, rules: Rules) -> bool:
    """Whether the reports are unchanged, and each node is fresh or silent as it was."""
    if sightings.keys() != seen.keys():
        return False
    for node, before in seen.items():
        sighting, known = sightings[node], before.sighting.report
        is_late = now - sighting.received_at > FRESH * rules.worker_sample
        if is_late if before.fresh else sighting.received_at != before.sighting.received_at:
            return False
        report = sighting.report
        if report is not known and (
            (report.alarm, report.runs) != (known.alarm, known.runs) or not _say_the_same(report, known)
        ):
            return False
    return True


def _say_the_same(report: NodeReport, known: NodeReport) -> bool:
    return report.databases is known.databases or report.databases == known.databases


def _earlier(until: int, wall_until: int, now: int, wall: int) -> int:
    """The earlier of a monotonic instant and a wall instant, as a monotonic one."""
    return until if wall_until == FOREVER else min(until, now + wall_until - wall)


class _Pass:
    """One pass over the databases in which something changed."""

    def __init__(self, inputs: ObserverInputs, memory: ObserverMemory) -> None:
        self.now, self.wall, self.started_at, self.rules = inputs.now, inputs.wall, inputs.started_at, inputs.rules
        self.memory = memory
        self.moved: set[str] = set()
        """Nodes that became fresh, silent or alarmed, or ceased to be, since the last pass."""
        self.touched: set[str] = set()
        """Databases of which a node reports something new."""
        self.runs: set[int] = set()
        """Ids of databases of which a node reports another run than before."""
        self.seen = {node: self._seen(node, sighting) for node, sighting in inputs.sightings.items()}
        self.inputs = PassInputs(
            inputs.now,
            inputs.started_at,
            inputs.nodes,
            self.seen,
            {node: seen.by_name if seen.told else NOTHING for node, seen in self.seen.items()},
            {node: seen.by_name if seen.told else NOTHING for node, seen in memory.seen.items()},
            memory.seed,
            inputs.rules,
        )
        self.looks_at_all = memory.record is None or memory.nodes != inputs.nodes
        self.said: list[DecisionLogEntry] = []
        self.under_way: dict[tuple[int, int], list[RunElsewhere]] = {}
        """By id of the database and of the task: the runs that nodes report, of those whose reports count (rule 24.8)."""
        for node, seen in self.seen.items():
            for run in seen.sighting.report.runs if self._may_report(node) else ():
                key = run.database, run.task
                self.under_way.setdefault(key, []).append(RunElsewhere(node, run.started_at, run.full))

    def _seen(self, node: str, sighting: ReceivedReport) -> NodeObservation:
        age, before, report = self.now - sighting.received_at, self.memory.seen.get(node), sighting.report
        fresh, told = age <= FRESH * self.rules.worker_sample, age < self.rules.report_timeout
        if before is None or not _say_the_same(report, before.sighting.report):
            by_name: Mapping[str, DatabaseReport] = {each.name.lower(): each for each in report.databases}
            known = before.by_name if before is not None else NOTHING
            self.touched |= {key for key, each in by_name.items() if known.get(key) is not each}
            self.touched |= known.keys() - by_name.keys()
        else:
            by_name = before.by_name
        runs_before = before.sighting.report.runs if before is not None else ()
        if report.runs != runs_before:
            self.runs |= {run.database for run in (*report.runs, *runs_before)}
        if (
            before is None
            or (fresh, told) != (before.fresh, before.told)
            or (not fresh and sighting.received_at != before.sighting.received_at)
            or report.alarm != before.sighting.report.alarm
        ):
            self.moved.add(node)
        return NodeObservation(sighting, fresh, told, by_name)

    def over(self, record: Record) -> tuple[tuple[Command, ...], int, ObserverMemory]:
        """Judge every database that may have changed, then store all owners with one command (rule 4.3)."""
        commands: list[Command] = []
        assigned: list[Assigned] = []
        judged: dict[str, DatabaseVerdict] = {}
        until, wall_until, restless = FOREVER, FOREVER, False
        for key, database in record.databases.items():
            found = self.memory.judged.get(key)
            if found is None or not self._stands(found, key, database):
                found = self._judge(key, database, found, commands, assigned)
            judged[key] = found
            until, wall_until = min(until, found.until), min(wall_until, found.wall_until)
            restless = restless or found.restless
        if assigned:
            commands.append(Assign(tuple(assigned)))
        if restless:
            until = wall_until = 0
        memory = ObserverMemory(
            self.memory.seed,
            self.memory.term,
            record,
            self.inputs.nodes,
            self.seen,
            judged,
            until,
            wall_until,
            (*self.memory.decisions, *self.said)[-LOG_LENGTH:],
            tuple(self.said),
        )
        return tuple(commands), 0 if restless else _earlier(until, wall_until, self.now, self.wall), memory

    def _stands(self, judged: DatabaseVerdict, key: str, database: Database) -> bool:
        """Whether the earlier verdict on a database still holds."""
        if judged.database is not database or judged.restless or key in self.touched or self.looks_at_all:
            return False
        if database.id in self.runs:
            return False
        if self.now >= judged.until or self.wall >= judged.wall_until:
            return False
        moved = self.moved
        return not moved or not (judged.is_wide or any(node in moved for node in database.topology.nodes))

    def _judge(
        self,
        key: str,
        database: Database,
        before: DatabaseVerdict | None,
        commands: list[Command],
        assigned: list[Assigned],
    ) -> DatabaseVerdict:
        """Judge one database, its group first, then the owners of its tasks; add the commands to propose."""
        stamp, topology = database.topology.stamp, database.topology
        judgement = GroupHealth(self.inputs, key, database, before.unloaded if before is not None else {})
        if before is not None and before.settled_index == stamp.index:
            since = before.settled_since
        else:  # a topology of an earlier term is at least as old as this leadership
            since = self.now if stamp.term >= self.memory.term else self.started_at
        settles_at = since + self.rules.stabilisation
        is_settled = self.now >= settles_at
        asked, restless, owners_until = len(commands) + len(assigned), False, None
        if not topology.nodes:  # rule 5.3: it is being deleted
            until = FOREVER
        elif not is_settled:  # rule 5.3
            until = settles_at
        else:
            change = judgement.change()
            for rule, why in judgement.said:
                self.say(database, rule, why, acts=False)
            if change is not None:  # rule 5.4: one change per pass
                topology, rule, why = change
                self.say(database, rule, why)
                commands.append(
                    ChangeTopology(database.name, topology, database.changed, self.wall, self.memory.term, why)
                )
            if self.rules.assigned:  # rule 22.16: judged by the group as it is about to be
                owners_until = self._owners(database, topology, before, assigned)
                judgement.waits.extend(self._elsewhere_until(database))
            restless = judgement.restless or len(commands) + len(assigned) > asked
            until = min(judgement.waits, default=FOREVER)
        return DatabaseVerdict(
            database,
            stamp.index,
            since,
            judgement.unloaded,
            until,
            FOREVER if owners_until is None else owners_until,
            restless,
            judgement.is_wide,
            owners_until,
        )

    def say(self, database: Database, rule: str, text: str, *, acts: bool = True) -> None:
        """Add a line to the decision log, unless it repeats a recent line of that database (rule 5.12)."""
        lately = self.wall - REPEAT_PASSES * self.rules.supervisor_sample
        for line in self.memory.decisions:
            if line.text == text and line.database == database.name and line.at > lately:
                return
        self.said.append(DecisionLogEntry(self.wall, database.name, text, rule, acts))

    def _owners(
        self, database: Database, topology: Topology, before: DatabaseVerdict | None, assigned: list[Assigned]
    ) -> int | None:
        """Add the responsible nodes to store (rule 7.8); return the wall µs from which the passing of time may change them.

        None: a task has no owner yet, so the next report may decide.
        """
        owners_until = before.owners_until if before is not None else None
        if (
            before is not None
            and owners_until is not None
            and owners_until > self.wall
            and topology is before.database.topology
        ):
            known = before.database
            if (
                database.tasks is known.tasks
                and database.assignments is known.assignments
                and not any(
                    self._elsewhere(database, *each) != each[1].elsewhere for each in database.assignments.items()
                )
            ):
                return owners_until
        waits, complete = [FOREVER], True
        for task in database.tasks.values():
            stored = database.assignments.get(task.id)
            decision = responsible_node.decide(
                task, topology, stored, database.statuses.get(task.id), self.wall, self.rules
            )
            waits.append(decision.until)
            complete = complete and stored is not None
            if decision.assignment is not None:
                self.say(database, decision.rule, _says(task, stored, decision, self.wall))
            assignment = decision.assignment or stored
            if assignment is None:
                continue
            assignment = attrs.evolve(assignment, elsewhere=self._elsewhere(database, task.id, assignment))
            if assignment != stored:
                assigned.append(Assigned(database.name, task.id, assignment))
        return min(waits) if complete else None

    # ---- runs of nodes that are not responsible (rule 24.8)

    def _elsewhere(self, database: Database, task_id: int, assignment: Assignment) -> RunElsewhere | None:
        """The latest run of the task that another node of the cluster is known to have under way, or has still to report.

        What a silent node had under way counts until it would go to Rehab.
        """
        kept = assignment.elsewhere
        found = [kept] if kept is not None and kept.node not in self.seen and self._may_report(kept.node) else []
        found += [run for run in self.under_way.get((database.id, task_id), ()) if run.node != assignment.node]
        open_runs = [run for run in found if (task_id, run.node, run.started_at) not in database.history]
        return max(open_runs, key=lambda run: (run.started_at, run.node), default=None)

    def _may_report(self, node: str) -> bool:
        return node in self.inputs.nodes and self.now < self._silent_at(node)

    def _silent_at(self, node: str) -> int:
        seen = self.seen.get(node)
        heard_at = self.started_at if seen is None else seen.sighting.received_at
        return heard_at + self.rules.rehab_after

    def _elsewhere_until(self, database: Database) -> list[int]:
        """The instants at which runs elsewhere may cease to count."""
        runs = [assignment.elsewhere for assignment in database.assignments.values()]
        return [self._silent_at(run.node) for run in runs if run is not None and self._may_report(run.node)]


def _says(task: Task, stored: Assignment | None, decision: responsible_node.Decision, wall: int) -> str:
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
