"""The observer's judgement of one database group: which nodes are alive, and the one change that is due (rules 5.3-5.11). Pure.

Beside the change it collects every instant at which the passing of time alone may change the judgement. Instants are
monotonic µs of the leader. Owners of tasks are chosen in backup/record/responsible_node.py; observer_memory.py holds
what one pass leaves to the next.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from hashlib import blake2b

import attrs

from backup.database.change_vector import Relation
from backup.observer.observer_memory import NodeObservation
from backup.record import responsible_node
from backup.record.record import Database, PromotionStatus, Topology
from backup.record.rules import Rules
from backup.replicas.node_reports import DatabaseReport
from cluster.value import value

ReportsByNode = Mapping[str, Mapping[str, DatabaseReport]]
"""By node, then by lower-case name of the database."""


class NodeHealth(Enum):
    """The health of a node that is in a group, or may join it (rule 5.7)."""

    GOOD = "good"
    NOT_ENOUGH_INFO = "not enough info"
    BAD = "bad"


@value
class PassInputs:
    """The inputs of one pass that are the same for every group."""

    now: int
    started_at: int
    """Monotonic µs at which this leadership began."""
    nodes: tuple[str, ...]
    """Every node of the cluster, sorted."""
    seen: Mapping[str, NodeObservation]
    reports: ReportsByNode
    """The reports that are young enough to describe the present."""
    reports_before: ReportsByNode
    """The young reports of the previous pass."""
    seed: int
    rules: Rules


GroupChange = tuple[Topology, str, str]
"""The group as it should be, the rule, and a sentence for the operator."""


class GroupHealth:
    """The judgement of one group in one pass. Call `change()` once; then the other fields are complete."""

    def __init__(self, inputs: PassInputs, key: str, database: Database, unloaded: Mapping[str, int]) -> None:
        """`key`: lower-case name; `unloaded`: by node, since when it reports the database without having it loaded."""
        self.inputs, self.key, self.topology, self.changed = inputs, key, database.topology, database.changed
        self.name, self.departed = database.name, database.departed
        self.waits: list[int] = []
        """Instants at which the passing of time alone may change the verdict."""
        self.restless = False
        """Whether the next pass may decide otherwise even if no new report arrives."""
        self.is_wide = False
        """Whether it found no fit node outside the group, so that a report of such a node may change the verdict."""
        self.said: list[tuple[str, str]] = []
        """Rule and sentence of each line for the decision log that comes with no change."""
        self.unloaded = {
            node: unloaded.get(node, inputs.now)
            for node in self.topology.nodes
            if (report := self._report(node)) is not None and not report.loaded
        }

    def change(self) -> GroupChange | None:
        """The one change that is due; None if all is well or nothing can be done (rule 5.4)."""
        topology, living, pressing, rotation_due = self.topology, 0, False, False
        for node in topology.members:
            if self._is_alive(node):
                if topology.demotion(node) is not None:
                    return _unmarked(topology, node), "5.4.1", f"{node} is alive again"
                living += 1
                continue
            since = self._silent_since(node)
            if since is None and self._report_before(node) is None:
                self.said.append(("5.4.1", f"{node} reports on time, and nothing of this database"))
            if since is not None and self._has_passed(since + self.inputs.rules.rehab_after):
                return self._to_rehab(node), "5.4.3", f"{node} goes to Rehab: it does not respond"
            pressing = True
            if node == topology.members[0] and since is not None:
                rotation_due = self._has_passed(since + self.inputs.rules.rotation_after)
        if not living:
            return self._rescue()
        if rotation_due:
            first, *others = topology.members
            rotated = attrs.evolve(topology, members=(*others, first))
            return rotated, "5.4.4", f"{first} is silent: {others[0]} becomes the preferred node"
        if not pressing and (found := self._lagging() or self._reordered()) is not None:
            return found
        return self._of_promotables() or self._of_rehabs() or self._leftovers()

    # ---- which nodes are alive (rules 5.5, 5.7)

    def _report(self, node: str) -> DatabaseReport | None:
        return self.inputs.reports.get(node, {}).get(self.key)

    def _report_before(self, node: str) -> DatabaseReport | None:
        return self.inputs.reports_before.get(node, {}).get(self.key)

    def _has_passed(self, instant: int) -> bool:
        """Whether that instant has come; if not, it is added to `waits`."""
        if self.inputs.now >= instant:
            return True
        self.waits.append(instant)
        return False

    def _is_alive(self, node: str) -> bool:
        """Whether the node's report is young and says that the database is loaded (rule 5.4.1)."""
        report = self._report(node)
        if report is not None:
            seen = self.inputs.seen[node]
            if not seen.fresh:
                self.waits.append(seen.sighting.received_at + self.inputs.rules.report_timeout)
        return report is not None and report.loaded

    def _silent_since(self, node: str) -> int | None:
        """The instant from which the silence of a node that is not alive counts (rule 5.5), never before this leadership.

        None: the node reports on time and says nothing of the database, so there is no silence (rule 5.4.1).
        """
        seen = self.inputs.seen.get(node)
        if seen is None:
            return self.inputs.started_at
        if self._report(node) is not None:
            return self.unloaded.get(node, self.inputs.now)
        return None if seen.fresh else max(seen.sighting.received_at, self.inputs.started_at)

    def _health(self, node: str) -> NodeHealth:
        """The node's health (rule 5.7). A node that never reported counts as silent since this leadership began."""
        if node not in self.inputs.nodes:
            return NodeHealth.BAD
        if self._is_alive(node):
            return NodeHealth.GOOD
        since = self._silent_since(node)
        if since is not None and self._has_passed(since + self.inputs.rules.replacement_after):
            return NodeHealth.BAD
        return NodeHealth.NOT_ENOUGH_INFO

    # ---- members (5.4.3, 5.4.5, 5.4.6)

    def _to_rehab(self, node: str, status: PromotionStatus | None = None) -> Topology:
        """The group with the node in Rehab, and the mark that says why (rule 5.6)."""
        topology, seen = self.topology, self.inputs.seen.get(node)
        alarm = seen.sighting.report.alarm if seen is not None else None
        return attrs.evolve(
            _without(topology, node),
            rehabs=(*topology.rehabs, node),
            demotions=(*_unmarked(topology, node).demotions, (node, status or alarm or PromotionStatus.NOT_RESPONDING)),
        )

    def _rescue(self) -> GroupChange | None:
        """If no member is alive, the most up-to-date healthy node becomes one, or the operator is told (rule 5.4.5)."""
        topology = self.topology
        candidates = (*topology.rehabs, *(topology.promotables if not topology.members else ()))
        best: str | None = None
        for node in candidates:
            if self._is_alive(node) and (best is None or self._is_further(node, best)):
                best = node
        if best is None:
            why = "no member is alive and nobody can take over: the database is unreachable"
            self.said.append(("5.4.5", why))
            return None
        rescued = attrs.evolve(_without(_unmarked(topology, best), best), members=(*topology.members, best))
        return rescued, "5.4.5", f"no member is alive: {best} becomes one to keep the database reachable"

    def _is_further(self, node: str, best: str) -> bool:
        """Whether `node`'s copy is newer than `best`'s by change vector; if neither includes the other, by etag."""
        mine, theirs = self.inputs.reports[node][self.key], self.inputs.reports[best][self.key]
        relation = mine.change_vector.compare(theirs.change_vector)
        return relation is Relation.NEWER or (relation is not Relation.OLDER and mine.etag > theirs.etag)

    def _lagging(self) -> GroupChange | None:
        """The group with a member in Rehab that lags too far behind the most advanced one, in this pass and the last (rule 5.4.6)."""
        culprit = self._culprit(self.inputs.reports)
        if culprit is None:
            return None
        if culprit != self._culprit(self.inputs.reports_before):
            self.restless = True  # this pass's reports are the previous ones of the next pass
            return None
        limit = self.inputs.rules.longest_lag
        changed = self._to_rehab(culprit, PromotionStatus.CHANGE_VECTOR_NOT_MERGED)
        return changed, "5.4.6", f"{culprit} goes to Rehab: it is more than {limit:,} changes behind"

    def _culprit(self, reports: ReportsByNode) -> str | None:
        """The member that lags by more than the limit, by etag and by change vector; None also if a member did not report."""
        told = [(reports.get(node, {}).get(self.key), node) for node in self.topology.members]
        found = [(report.etag, node, report) for report, node in told if report is not None]
        if len(found) < max(2, len(told)):
            return None
        last, culprit, behind = min(found, key=lambda each: each[0])
        first, _, ahead = max(found, key=lambda each: each[0])
        limit = self.inputs.rules.longest_lag
        if first - last <= limit or ahead.change_vector.distance(behind.change_vector) <= limit:
            return None
        return culprit

    def _reordered(self) -> GroupChange | None:
        """The group with its members in the operator's priority order (rule 5.4.6)."""
        topology = self.topology
        members = _by_priority(topology.members, topology.priority_order)
        if members == topology.members:
            return None
        return attrs.evolve(topology, members=members), "5.4.6", f"members in their order: {' '.join(members)}"

    # ---- promotables and rehabs (5.4.7 to 5.4.9)

    def _of_promotables(self) -> GroupChange | None:
        """Replace a bad Promotable, or make a healthy one a Member (rule 5.4.7)."""
        topology = self.topology
        for node in topology.promotables:
            if topology.dynamic_distribution and self._health(node) is NodeHealth.BAD:  # rule 5.14
                fit = self._fit()
                if fit is not None:
                    others = tuple(fit if each == node else each for each in topology.promotables)
                    replaced = attrs.evolve(_unmarked(topology, node), promotables=others)
                    why = f"{fit} is to become a member in place of {node}, which {self._fault(node)}"
                    return replaced, "5.4.7", why
            elif (promoted := self._promotion(node)) is not None:
                return promoted
        return None

    def _of_rehabs(self) -> GroupChange | None:
        """Make a healthy node in Rehab a Member again, or find a replacement for a bad one (rule 5.4.8)."""
        topology = self.topology
        for node in topology.rehabs:
            if not topology.dynamic_distribution or self._health(node) is not NodeHealth.BAD:  # rule 5.14
                if (promoted := self._promotion(node)) is not None:
                    return promoted
            elif self._responding() < topology.replication_factor:
                fit = self._fit()
                if fit is not None:
                    added = attrs.evolve(topology, promotables=(*topology.promotables, fit))
                    return added, "5.4.8", f"{fit} is to become a member, as {node} {self._fault(node)}"
        return None

    def _fault(self, node: str) -> str:
        """Why a bad node is bad (rule 5.7)."""
        return "has not responded for long" if node in self.inputs.nodes else "has left the cluster"

    def _responding(self) -> int:
        """The number of members and of other nodes that may become a member again."""
        others = self.topology.promotables + self.topology.rehabs
        return len(self.topology.members) + sum(self._health(node) is not NodeHealth.BAD for node in others)

    def _fit(self) -> str | None:
        """The node outside the group with the fewest databases, one without a report only if there is no other (5.8)."""
        if not self.topology.members:
            return None
        heard = {node for node, seen in self.inputs.seen.items() if seen.told}
        found = [
            (node not in heard, len(self.inputs.reports.get(node, {})), node)
            for node in self.inputs.nodes
            if node not in (*self.topology.nodes, *self.departed) and self._health(node) is not NodeHealth.BAD
        ]
        self.is_wide = not found
        return min(found)[2] if found else None

    def _promotion(self, node: str) -> GroupChange | None:
        """The group with that node, a Promotable or in Rehab, as a Member; None if it may not become one (rule 5.9)."""
        topology = self.topology
        if len(topology.members) >= topology.replication_factor or node not in self.inputs.nodes:
            return None
        mentor = responsible_node.pick(topology, _hash(node, self.name), resource_intensive=False)  # rule 5.11
        if mentor is None or not self._is_alive(node) or not self._is_told_of(mentor, node):
            return None
        before = self._report_before(mentor)
        if self._report_before(node) is None or not self._has_caught_up(node, before):
            # this pass's reports are the previous ones of the next pass: it may promote without a new report
            self.restless = self.restless or self._has_caught_up(node, self._report(mentor))
            return None
        by_luck = sorted(
            (*topology.members, node), key=lambda each: _hash(self.inputs.seed, self.changed, each)
        )  # 5.10
        members = _by_priority(by_luck, topology.priority_order)
        promoted = attrs.evolve(_without(_unmarked(topology, node), node), members=members)
        return promoted, "5.9", f"{node} has caught up with {mentor} and becomes a member"

    def _is_told_of(self, mentor: str, node: str) -> bool:
        """Whether mentor and node report the database at about the same time, both without an alarm (rule 5.9)."""
        if self._report(mentor) is None:
            return False
        ours, theirs = self.inputs.seen[node].sighting, self.inputs.seen[mentor].sighting
        together = abs(ours.received_at - theirs.received_at) <= 3 * self.inputs.rules.worker_sample
        return together and ours.report.alarm is None

    def _has_caught_up(self, node: str, goal: DatabaseReport | None) -> bool:
        """Whether the node's copy has all that the mentor's had as of report `goal`, in which it must be loaded (rule 5.9)."""
        mine = self._report(node)
        if goal is None or mine is None or not goal.loaded:
            return False
        return mine.change_vector.compare(goal.change_vector) in (Relation.EQUAL, Relation.NEWER)

    def _leftovers(self) -> GroupChange | None:
        """The group without its other nodes, once there are enough members (rule 5.4.9)."""
        topology = self.topology
        others = topology.promotables + topology.rehabs
        if len(topology.members) < topology.replication_factor or not others:
            return None
        kept = tuple(mark for mark in topology.demotions if mark[0] not in others)
        left = attrs.evolve(topology, promotables=(), rehabs=(), demotions=kept)
        leave = "leaves" if len(others) == 1 else "leave"
        return left, "5.4.9", f"{' and '.join(others)} {leave}: there are {len(topology.members)} members, as wanted"


def _without(topology: Topology, node: str) -> Topology:
    """The group with that node in none of its lists."""
    lists = (topology.members, topology.promotables, topology.rehabs)
    members, promotables, rehabs = (tuple(other for other in nodes if other != node) for nodes in lists)
    return attrs.evolve(topology, members=members, promotables=promotables, rehabs=rehabs)


def _unmarked(topology: Topology, node: str) -> Topology:
    return attrs.evolve(topology, demotions=tuple(mark for mark in topology.demotions if mark[0] != node))


def _by_priority(members: Sequence[str], order: tuple[str, ...]) -> tuple[str, ...]:
    """The members in the priority order; members not named there follow in their present order."""
    wished = [node for node in order if node in members]
    return (*wished, *(node for node in members if node not in wished))


def _hash(*parts: object) -> int:
    """A 64-bit hash of the parts: the same in every process."""
    return int.from_bytes(blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest(), "big")
