"""Bugs of the domain: each breaks one promise about backups, or the rule that one story of the gallery is about."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import attrs

from backup.notes import OwnerChanged, ReportGivenUp
from backup.record import record as records
from backup.record.record import Assignment, Record
from backup.record.responsible_node import TaskState
from backup.record.task_commands import Assigned
from cluster.sim.disk import DiskModel
from cluster.time_units import FOREVER
from scenarios.zoo import bug

# ---- promises ----


@bug(
    "cluster.proposal_forwarding:ProposalForwarding._out_of_time",
    breaks="no change without a leader",
    source="rule 3.39",
    strikes="new_task_refused_without_leader",
)
def decides_alone(original: Any, self: Any, pending: Any) -> None:
    """A node that finds no leader does what it was asked for alone."""
    if pending.request in self.pending and not pending.may_have_happened:
        self.driver.apply_loop.entry(self.driver.applied + 1, pending.request, pending.data)
    else:
        original(self, pending)


@bug(
    "backup.record.task_commands:_assign",
    breaks="equal states",
    source="rule 22.10: an apply that is no function of its input",
    strikes="night",
    remembers=count,
)
def applies_by_the_order_of_calls(
    original: Any, record: Record, decisions: tuple[Assigned, ...], memory: Iterator[int]
) -> Any:
    """Every second node that applies an assignment stores another owner."""
    if next(memory) % 2:
        decisions = tuple(_to_another(record, decision) for decision in decisions)
    return original(record, decisions)


def _to_another(record: Record, decision: Assigned) -> Assigned:
    database = record.database(decision.database)
    members = database.topology.members if database is not None else ()
    other = next((node for node in members if node != decision.assignment.node), decision.assignment.node)
    assignment: Assignment = attrs.evolve(decision.assignment, node=other)
    return attrs.evolve(decision, assignment=assignment)


@bug(
    "backup.record.record_changes:_assigned",
    breaks="one owner",
    source="rule 7.8: the owner is stored, not worked out by each node",
    strikes="night",
    remembers=count,
)
def names_another_owner_than_it_stores(
    original: Any, before: Record, after: Record, decision: Assigned, *rest: Any, memory: Iterator[int]
) -> Iterator[Any]:
    """Every second node that applies an assignment names another owner than it has stored."""
    other = _to_another(after, decision).assignment.node
    for note in original(before, after, decision, *rest):
        named = isinstance(note, OwnerChanged) and next(memory) % 2
        yield attrs.evolve(note, owner_after=other) if named else note


@bug(
    "backup.record.responsible_node:pick",
    breaks="owner in the group",
    source="rule 7.2, with the wrong list",
    strikes="night",
)
def picks_from_the_whole_cluster(original: Any, topology: Any, key: Any, *, resource_intensive: Any = True) -> Any:
    """The hash chooses among all nodes of the cluster, not among the members of the group."""
    return "A" if "A" not in topology.nodes else "C"


@bug("backup.record.responsible_node:task_state", breaks="disabled rests", source="rule 7.9", strikes="night")
def runs_what_is_disabled(original: Any, task: records.Task, owner: str | None, me: str, **known: Any) -> Any:
    """A node does not look whether a task is enabled."""
    return original(attrs.evolve(task, disabled=False), owner, me, **known)


@bug(
    "backup.runs.schedule:next_backup",
    breaks="every backup happens",
    source="RavenDB-14648, PR #10214: a wrong next time",
    strikes="night",
)
def waits_for_the_occurrence_after_next(original: Any, *given: Any, **named: Any) -> Any:
    """The next backup is planned an hour later than it is due."""
    plan = original(*given, **named)
    return plan if plan.due is None else attrs.evolve(plan, due=plan.due + 3_600_000_000)


@bug(
    "backup.runs.backup_run:BackupRun._read_back",
    breaks="every run ends",
    source="rule 9.3: a run that hangs holds up every other of its task",
    strikes="retention_under_each_rule",
)
async def a_run_never_ends(original: Any, self: Any, opened: Any, manifest: Any) -> None:
    """A run waits for ever for what it has written to be read back."""
    await self._member.sleep(FOREVER)


@bug(
    "backup.runs.backup_run:BackupRun._read_back",
    breaks="reported means kept",
    source="a destination that returns success for a file that is not there",
    strikes="night",
)
async def trusts_a_destination_that_lost_the_file(original: Any, self: Any, opened: Any, manifest: Any) -> None:
    """A file is called kept without being looked for, and the destination has lost it."""
    await self._member.outside(lambda: self.places.base.delete(f"{opened.folder}/{opened.file}"), 1_000)


@bug(
    "backup.runs.status_reporter:StatusReporter._batch", breaks="reports in order", source="rule 24.6", strikes="night"
)
def tells_the_newest_first(original: Any, self: Any, owed: Any) -> Any:
    """What waits to be reported is told from the newest to the oldest."""
    return original(self, owed[::-1])[:1]


@bug(
    "backup.runs.status_reporter:StatusReporter._queue",
    breaks="told or given up as ruled",
    source="rule 10.4, where 24.6 holds",
    strikes="the_report_arrives_late",
)
def gives_its_reports_up(original: Any, self: Any, owed: Any, why: str) -> None:
    """A run that nobody can be told of now is forgotten, as RavenDB forgets it."""
    original(self, owed, why)
    for key, status in owed:
        self._member.note(ReportGivenUp(self._database(key).name, key[1], status.started_at, 1, why))
        self._member.spawn(self._ledger.told, key, [status])


@bug(
    "backup.record.task_commands:_report",
    breaks="later start wins",
    source="rule 4.2, where 24.6 holds",
    strikes="the_later_start_is_shown",
)
def lets_the_last_writer_win(original: Any, record: Any, command: Any, index: Any) -> Any:
    """A report that comes late takes the place of a newer one."""
    return original(record, attrs.evolve(command, newest_by_start=False), index)


@bug(
    "backup.database.documents:Contents.documents",
    breaks="restored equals backed up",
    source="rule 18.3, off by one",
    strikes="night",
)
def incremental_starts_one_too_late(original: Any, self: Any, after: Any = 0) -> Any:
    """An incremental leaves out the first change after the last backup."""
    return original(self, after + 1 if after else 0)


@bug(
    "cluster.sim.disk:Files.append",
    breaks="documents kept",
    source="zoo D4, in the journal of documents; etcd #14370",
    strikes="night",
    disk=DiskModel(sync_latency=300_000),
)
async def answers_before_the_journal(original: Any, self: Any, name: str, content: bytes) -> None:
    """A document is called written before its journal is durable."""
    self._port.append("files/" + name, content)


@bug(
    "backup.database.documents:takes_over",
    breaks="copies agree",
    source="rule 19.2, with the comparison left out",
    strikes="night",
)
def keeps_its_own_version(original: Any, incoming: Any, held: Any) -> bool:
    """A copy never takes a newer version of a document that it has."""
    return False


# ---- what the stories are about ----


@bug("cluster.raft.election_timer:fires_at", source="§5.2", strikes="the_crown_passes")
def never_stands_again(original: Any, raft: Any, heard_at: Any) -> Any:
    """A node that once knew a leader waits for it for ever."""
    return FOREVER if raft.term else original(raft, heard_at)


@bug("cluster.raft.election_timer:drawn", source="§5.2, rule 3.1", strikes="split_vote")
def all_have_the_same_patience(original: Any, timing: Any, extended: Any, luck: Any) -> Any:
    """Election timeouts are not drawn: every node and every round has the same."""
    return original(timing, extended, 0.0)


@bug(
    "backup.record.responsible_node:state_of",
    breaks="every backup happens",
    source="rule 10.3",
    strikes="no_leader_still_backed_up",
)
def rests_without_a_leader(original: Any, *given: Any, leaderless: bool, **named: Any) -> Any:
    """Without a leader nothing runs, as with every other kind of ongoing task (rule 7.15)."""
    return (TaskState.CLUSTER_DOWN, None) if leaderless else original(*given, leaderless=leaderless, **named)


@bug(
    "backup.runs.scheduler:Scheduler._look_at_all",
    breaks="every backup happens",
    source="rule 26.2; this project, until a story under ravendb-4.2 was held with 72 missed backups",
    strikes="the_owner_restarts_before_its_first_run",
)
def never_looks_again(original: Any, self: Any) -> None:
    """A task that was first looked at while no leader was known is not looked at again when one is."""


@bug("backup.record.responsible_node:_judge", source="rule 7.8.8", strikes="responsible_node_dies")
def never_moves(original: Any, task: Any, topology: Any, current: str | None, rules: Any) -> Any:
    """A task stays with its first owner, whatever becomes of it."""
    node, reason, step = original(task, topology, current, rules)
    return (node, reason, step) if current is None else (current, records.Reason.SAME_RESPONSIBLE_NODE, 4)


@bug("backup.runs.local_status:LocalStatuses.recover", source="rule 24.6", strikes="the_report_arrives_late")
async def forgets_reports_at_a_restart(original: Any, self: Any) -> None:
    """What waited to be reported does not survive a restart."""
    await original(self)
    self._pages = {key: attrs.evolve(page, unreported=()) for key, page in self._pages.items()}


@bug("backup.record.responsible_node:decide", source="rule 7.8", strikes="the_owner_returns_within_the_grace")
def has_no_grace(original: Any, task: Any, topology: Any, stored: Any, status: Any, now: int, rules: Any) -> Any:
    """A task leaves its node the moment that node is silent."""
    return original(task, topology, stored, status, now, attrs.evolve(rules, move_grace=0))


@bug("backup.node.service:rules_named", source="rule 10.6", strikes="run_again_after_recovery")
def keeps_what_it_could_not_tell(original: Any, name: Any) -> Any:
    """Under RavenDB 4.2's rules a node keeps a status of its own on its disk, which it did not."""
    return attrs.evolve(original(name), local_status=True, late_reports=True)


@bug("backup.record.responsible_node:state_of", source="rule 10.8", strikes="cut_off_owner_backs_up_twice")
def rests_when_cut_off(original: Any, *given: Any, **named: Any) -> Any:
    """An owner that sees no leader thinks that somebody else will have its tasks by now."""
    return rests_without_a_leader(original, *given, **named)


@bug("backup.destinations.local:LocalUpload.abandon", source="rules 11.3, 17.12", strikes="crash_during_the_upload")
def a_torn_file_gets_its_final_name(original: Any, self: Any) -> None:
    """What a crash leaves of a file looks like a finished one."""
    original(self)
    self._partial.rename(self._path)


# ---- tombstones ----


@bug(
    "backup.node.tombstones:_need_of",
    breaks="restored equals backed up",
    source="rule 18.5, left out",
    strikes="nothing_deleted_comes_back",
)
def cleans_what_a_backup_still_needs(original: Any, task: Any, known: Any) -> Any:
    """A deletion is forgotten as soon as all copies have it, whatever the next incremental backup needs."""
    return None


@bug(
    "backup.replicas.replicator:Replicator.safe_up_to",
    breaks="copies agree",
    source="a replica that was away for longer than its peers remember; Cassandra's gc_grace_seconds",
    strikes="nothing_deleted_comes_back",
)
def cleans_what_a_lagging_copy_still_needs(original: Any, self: Any, copy: Any, peer: Any) -> Any:
    """A deletion is forgotten as soon as all backups have it, whichever copies have not."""
    return copy.store.etag


@bug("backup.node.tombstones:_need_of", source="rules 18.5, 23.10", strikes="a_disabled_task_keeps_tombstones")
def forgets_for_a_task_that_is_disabled(original: Any, task: Any, known: Any) -> Any:
    """What is disabled needs nothing, though it will go on from its last file."""
    return None if task.disabled else original(task, known)
