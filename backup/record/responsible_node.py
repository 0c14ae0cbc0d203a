"""The decision which node is responsible for a task, and its reason (section 7). Pure.

There are two ways: with `decide` the observer decides and stores the result through the log (rule 7.8); with
`computed_owner` each node works it out for itself (rules 7.5, 7.6). Both use `pick`, a hash among the members.
"""

from collections.abc import Sequence
from enum import Enum

from backup.record.record import Assignment, Database, Reason, Status, Task, Topology
from backup.record.rules import Rules
from cluster.member import Member
from cluster.time_units import FOREVER
from cluster.value import value

__all__ = [
    "Decision",
    "Reason",
    "TaskState",
    "computed_owner",
    "decide",
    "is_leaderless",
    "jump",
    "mix",
    "pick",
    "state_of",
    "task_state",
]

# ---- the hash pick ----

_64_BITS = (1 << 64) - 1


def jump(key: int, buckets: int) -> int:
    """The jump consistent hash of Lamping and Veach: the bucket in [0, buckets) of an unsigned 64-bit key (rule 7.3)."""
    bucket, candidate = -1, 0
    while candidate < buckets:
        bucket = candidate
        key = (key * 2_862_933_555_777_941_757 + 1) & _64_BITS
        candidate = int((bucket + 1) * (float(1 << 31) / float((key >> 33) + 1)))
    return bucket


def mix(key: int) -> int:
    """Thomas Wang's hash of an unsigned 64-bit key to 32 bits (rule 7.3)."""
    key = (~key + (key << 18)) & _64_BITS
    key ^= key >> 31
    key = (key * 21) & _64_BITS
    key ^= key >> 11
    key = (key + (key << 6)) & _64_BITS
    key ^= key >> 22
    return key & 0xFFFF_FFFF


def pick(topology: Topology, key: int, *, resource_intensive: bool = True) -> str | None:
    """The Member that the hash chooses for a key; None if there is none (rule 7.2).

    A resource-intensive task, as every backup is (rule 7.1), is not given to the clients' preferred node if there is
    another Member.
    """
    nodes = sorted(topology.nodes)
    spared = topology.members[0] if resource_intensive and len(topology.members) > 1 else None
    if spared is not None:
        nodes.remove(spared)
    while nodes:
        place = jump(key, len(nodes))
        if nodes[place] in topology.members:
            return nodes[place]
        del nodes[place]
        key = mix(key)
    return spared


# ---- decisions ----


@value
class Decision:
    """The responsible node of a task, and everything that explains it."""

    task_id: int
    node: str | None
    """The responsible node; None for nobody."""
    reason: Reason
    rule: str
    """The rule that decided, such as `7.8.4`."""
    inputs: tuple[tuple[str, str], ...]
    """The inputs of the decision, as names and texts."""
    assignment: Assignment | None = None
    """The assignment to store now; None for none. Always None if each node computes the owner."""
    until: int = FOREVER
    """Wall µs until which the decision stays the same unless an input changes."""

    def text(self) -> str:
        """One sentence for users, without a full stop."""
        return f"task {self.task_id} belongs to {self.node or 'nobody'}: {self.reason.sentence}"


_STAYS = (
    Reason.SAME_RESPONSIBLE_NODE,
    Reason.SAME_DUE_TO_RESOURCE_LIMITATIONS,
    Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS,
)


def decide(
    task: Task, topology: Topology, stored: Assignment | None, status: Status | None, now: int, rules: Rules
) -> Decision:
    """The observer's decision about one task at wall µs `now` (rule 7.8); `status` is the cluster's copy."""
    current = stored.node if stored is not None else (status.node or None) if status is not None else None
    node, reason, step = _judge(task, topology, current, rules)
    rule = f"7.8.{step}"
    inputs = _inputs(task, topology, current, stored.not_suitable_since if stored is not None else None)

    if node is None:  # rule 7.8.8: nobody to give it to
        return Decision(task.id, current, Reason.NO_MEMBER_LEFT, rule, inputs)
    if reason in _STAYS:
        if stored is not None and stored.not_suitable_since is None:
            return Decision(task.id, node, reason, rule, inputs)
        since = stored.since if stored is not None else now
        return Decision(task.id, node, reason, rule, inputs, Assignment(node, reason, since))
    if reason is not Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING:  # the task moves at once, without grace
        return Decision(task.id, node, reason, rule, inputs, Assignment(node, reason, now))

    assert current is not None, "only a node that had the task can fail to respond"
    marked_at = stored.not_suitable_since if stored is not None else None
    moves_at = (now if marked_at is None else marked_at) + rules.move_grace
    if now >= moves_at:
        return Decision(task.id, node, reason, rule, inputs, Assignment(node, reason, now))
    if marked_at is not None:
        return Decision(task.id, current, reason, rule, inputs, until=moves_at)
    mark = Assignment(current, reason, stored.since if stored is not None else now, not_suitable_since=now)
    return Decision(task.id, current, reason, rule, inputs, mark, until=moves_at)


def _judge(task: Task, topology: Topology, current: str | None, rules: Rules) -> tuple[str | None, Reason, int]:
    """The node that should be responsible if there were no grace, the reason, and the step of rule 7.8 that decided."""
    mentor = task.mentor
    if mentor is not None and task.pinned and mentor in topology.nodes:
        return mentor, Reason.SAME_RESPONSIBLE_NODE if mentor == current else Reason.PINNED_MENTOR_NODE, 1
    if mentor is not None and mentor in topology.members:
        return mentor, Reason.SAME_RESPONSIBLE_NODE if mentor == current else Reason.MENTOR_NODE, 2
    if current is None:
        return pick(topology, task.id), Reason.NON_EXISTING_RESPONSIBLE_NODE, 3
    if current in topology.members:
        return current, Reason.SAME_RESPONSIBLE_NODE, 4
    if current not in topology.nodes:
        return pick(topology, task.id), Reason.CURRENT_RESPONSIBLE_NODE_REMOVED_FROM_TOPOLOGY, 5
    if topology.is_short_of_resources(current):
        return current, Reason.SAME_DUE_TO_RESOURCE_LIMITATIONS, 6
    if not rules.highly_available_tasks:
        return current, Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS, 7
    return pick(topology, task.id), Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, 8


def computed_owner(
    task: Task, topology: Topology, status: Status | None, rules: Rules, *, leaderless: bool
) -> Decision:
    """The responsible node as a node computes it for itself (rules 7.5 to 7.7).

    `leaderless`: whether this node is Candidate or Passive. A Follower that has not noticed the death of its leader is
    not leaderless (rule 7.7).
    """
    last = (status.node or None) if status is not None else None
    inputs = _inputs(task, topology, last, None)

    def owner(node: str | None, reason: Reason, rule: str) -> Decision:
        return Decision(task.id, node, reason, rule, inputs)

    if leaderless:  # rule 7.5.1
        return owner(last, Reason.NO_LEADER, "7.6")
    if task.mentor is not None and task.mentor in topology.members:
        return owner(task.mentor, Reason.MENTOR_NODE, "7.5.2")
    if task.mentor is not None and task.pinned and task.mentor in topology.nodes:
        return owner(task.mentor, Reason.PINNED_MENTOR_NODE, "7.5a")
    if last is not None and last in topology.nodes:
        if topology.is_short_of_resources(last):
            return owner(last, Reason.SAME_DUE_TO_RESOURCE_LIMITATIONS, "7.5.3a")
        if not rules.highly_available_tasks:
            return owner(last, Reason.SAME_DUE_TO_MISSING_HIGHLY_AVAILABLE_TASKS, "7.5.3b")
        if rules.sticky and last in topology.members:
            return owner(last, Reason.LAST_EXECUTING_NODE, "7.5.3c")
    chosen = pick(topology, task.id)
    if chosen is not None:
        return owner(chosen, Reason.CHOSEN_BY_HASH, "7.5.4")
    return owner(last, Reason.NO_MEMBER_LEFT, "7.5b")


def _inputs(task: Task, topology: Topology, current: str | None, marked_at: int | None) -> tuple[tuple[str, str], ...]:
    inputs: list[tuple[str, Sequence[str] | str | None]] = [
        ("current", current),
        ("mentor", task.mentor),
        ("pinned", "yes" if task.pinned else None),
        ("members", topology.members),
        ("promotables", topology.promotables),
        ("rehabs", topology.rehabs),
        ("not suitable since", None if marked_at is None else str(marked_at)),
    ]
    return tuple((name, found if isinstance(found, str) else " ".join(found)) for name, found in inputs if found)


# ---- the state of a task on one node ----


class TaskState(Enum):
    """The state of a task as one node sees it (rules 7.6, 7.9)."""

    DISABLED = "Disabled"
    MISSING_RESPONSIBLE_NODE = "MissingResponsibleNode"
    ACTIVE_BY_CURRENT_NODE = "ActiveByCurrentNode"
    ACTIVE_BY_OTHER_NODE = "ActiveByOtherNode"
    CLUSTER_DOWN = "ClusterDown"
    PASSIVE = "Passive"
    """The node belongs to no cluster, and runs no task of one, unless `Rules.runs_outside` (rules 1.2, 3.36)."""


def task_state(task: Task, owner: str | None, me: str, *, leaderless: bool, rules: Rules) -> TaskState:
    """The state of a task on node `me` (rule 7.9), given its owner; None for no owner.

    A computed task without an owner and without a leader is ClusterDown (rule 7.6).
    """
    if not task.runnable:
        return TaskState.DISABLED
    if owner is None:
        return TaskState.CLUSTER_DOWN if leaderless and not rules.assigned else TaskState.MISSING_RESPONSIBLE_NODE
    return TaskState.ACTIVE_BY_CURRENT_NODE if owner == me else TaskState.ACTIVE_BY_OTHER_NODE


def is_leaderless(member: Member) -> bool:
    """Whether a node is Candidate or Passive.

    A watcher that belongs to a cluster is neither: it always computes as a Follower does (rules 7.5.1, 7.7).
    """
    return member.passive or (member.leader is None and member.may_lead)


def state_of(
    database: Database,
    task: Task,
    status: Status | None,
    me: str,
    *,
    leaderless: bool,
    rules: Rules,
    passive: bool = False,
) -> tuple[TaskState, str | None]:
    """The state of a task on node `me`, and its owner, by the rules in force (rule 7.9).

    `status`: the last run as far as the node knows (rule 8.10), which matters only if nodes compute owners. `passive`:
    whether the node belongs to no cluster, so that it cannot know the owner.
    """
    if passive and not rules.runs_outside and task.runnable:
        return TaskState.PASSIVE, None
    if rules.assigned:
        stored = database.assignments.get(task.id)
        owner = stored.node if stored is not None else None
    else:
        owner = computed_owner(task, database.topology, status, rules, leaderless=leaderless).node
    return task_state(task, owner, me, leaderless=leaderless, rules=rules), owner
