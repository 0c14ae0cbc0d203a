"""Bugs of groups, of responsible nodes and of external replication: each breaks a promise, or its story's assertion."""

from typing import Any

import attrs

from backup.database.items import Tombstone
from backup.record.responsible_node import TaskState
from scenarios.zoo import bug

# ---- promises ----


@bug(
    "backup.replicas.replicator:Replicator._link",
    breaks="documents kept",
    source="rule 5.15",
    strikes="a_lost_member_is_replaced",
)
def leaves_without_a_farewell(original: Any, self: Any, database_id: int, topology: Any) -> None:
    """A node that has left a group deletes its files at once."""
    copy = self._copies.get(database_id)
    if copy is not None and self._member.name not in topology.nodes:
        self._copies.leave(copy, 0)
    original(self, database_id, topology)


@bug(
    "backup.replicas.external_replicator:offer",
    breaks="replicas follow",
    source="rule 19.4, with the deletions left out",
    strikes="the_replica_changes_hands",
)
def replicates_no_deletions(original: Any, *given: Any) -> Any:
    """A replica is not told what was deleted."""
    batch = original(*given)
    kept = () if batch is None else tuple(item for item in batch.items if not isinstance(item, Tombstone))
    return batch if batch is None else attrs.evolve(batch, items=kept)


@bug(
    "backup.replicas.external_replicator:owner_of",
    breaks="owner in the group",
    source="rule 7.15, with the wrong list",
    strikes="the_replica_changes_hands",
)
def replicates_from_anywhere(original: Any, task: Any, topology: Any, *others: Any, **named: Any) -> Any:
    """Whoever is asked owns an external replication, also outside the group."""
    found = original(task, topology, *others, **named)
    return found if found.node is None else attrs.evolve(found, node="E")


# ---- what the stories are about ----


@bug(
    "backup.replicas.external_replicator:offer",
    source="rule 19.4: a replica begins with what is there",
    strikes="a_replica_is_not_a_backup",
)
def replicates_only_what_is_new(original: Any, database: int, store: Any, after_etag: int, *others: Any) -> Any:
    """What a database held before its replication was defined is never sent."""
    batch = original(database, store, after_etag, *others)
    return batch if batch is None or after_etag else attrs.evolve(batch, items=(), last_etag=store.etag)


@bug(
    "backup.replicas.external_replicator:ExternalReplicator._target",
    source="rule 19.4: a destination is a group, not a node",
    strikes="a_replica_is_not_a_backup",
)
def asks_one_node_off_site(original: Any, self: Any, line: Any) -> Any:
    """Of the other cluster only the node that was named first is ever asked."""
    line.turn = 0
    return original(self, line)


@bug(
    "backup.replicas.external_replicator:owner_of",
    source="rules 7.15, 22.18",
    strikes="only_backups_go_on_without_a_leader",
)
def replicates_without_a_leader(original: Any, *given: Any, leaderless: Any) -> Any:
    """An external replication goes on without a leader, as backups do."""
    return original(*given, leaderless=False)


@bug("backup.record.responsible_node:_judge", source="rule 7.10", strikes="the_mentor_returns")
def forgets_the_mentor(original: Any, task: Any, topology: Any, current: str | None, rules: Any) -> Any:
    """A preferred node counts only while nobody has the task."""
    return original(task if current is None else attrs.evolve(task, mentor=None), topology, current, rules)


@bug("backup.record.responsible_node:_judge", source="rule 7.12", strikes="a_pinned_task_waits")
def pinning_is_a_wish(original: Any, task: Any, *others: Any) -> Any:
    """A pinned task moves like any other."""
    return original(attrs.evolve(task, pinned=False), *others)


# ---- nodes that come and go ----


@bug(
    "backup.record.responsible_node:state_of",
    breaks="outside rests",
    source="rules 3.36, 7.9: what RavenDB's rules would let it do",
    strikes="a_removed_node_rests",
)
def runs_for_a_cluster_it_left(original: Any, *given: Any, passive: Any = False, **named: Any) -> Any:
    """A node that was removed goes on with the tasks that its copy of the record gives it."""
    return original(*given, **named)


@bug(
    "backup.record.responsible_node:state_of",
    breaks="one run is enough",
    source="rule 7.6: what a node makes of it that asks whether somebody runs the task, not who",
    strikes="moved_by_hand_in_the_middle",
)
def takes_every_turn(original: Any, *given: Any, **named: Any) -> Any:
    """A node runs the tasks of other nodes as well."""
    state, node = original(*given, **named)
    return (TaskState.ACTIVE_BY_CURRENT_NODE if state is TaskState.ACTIVE_BY_OTHER_NODE else state), node


@bug("backup.runs.scheduler:Scheduler.standing", source="rules 1.5, 7.7, 10.3", strikes="a_watcher_runs_the_backups")
def watchers_wait_for_a_leader(original: Any, self: Any, *given: Any) -> Any:
    """A watcher that sees no leader runs nothing."""
    member = self._member
    lost = member.leader is None and not member.may_lead
    return (TaskState.CLUSTER_DOWN, None) if lost else original(self, *given)


@bug(
    "backup.node.service:Backups.reconfigured",
    breaks="groups in the cluster",
    source="rule 26.1: what an observer that waits for silence makes of it",
    strikes="the_owner_leaves_for_good",
)
def removed_nodes_stay_in_their_groups(original: Any, self: Any, state: Any, *given: Any) -> Any:
    """A node that is removed from the cluster stays in the groups of its databases."""
    return state


@bug("backup.database.documents:Store.has_forgotten", source="rules 5.15, 18.5", strikes="deleted_while_it_was_removed")
def revives_what_a_removed_node_had(original: Any, *given: Any) -> Any:
    """What a node that comes back hands over is taken, though it was deleted meanwhile."""
    return False
