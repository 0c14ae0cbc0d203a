"""Bugs of reads without an entry in the log that real projects shipped or the dissertation warns of."""

from collections.abc import Sequence
from typing import Any

import attrs

from cluster.raft.messages import RequestVote
from cluster.raft.state import Effect, Follower, Leader, Raft, Reading
from cluster.raft.timing import Timing
from scenarios.zoo import bug

LEASES = Timing(lease_drift=0)


@bug("cluster.raft.reads:may_read", breaks="linearizability", source="zoo R1; etcd #7331", strikes="crowd")
def reads_before_its_own_term(original: Any, role: Any) -> bool:
    """A new leader reads at the commit index it happens to know, which may lie below what the old one answered."""
    return True


@bug(
    "cluster.raft.reads:has_majority",
    breaks="linearizability",
    source="zoo R3; Xraft-KV #40, RedisRaft #17; PySyncObj by design",
    strikes="the_old_leader_is_asked",
)
def reads_without_asking(original: Any, raft: Any, reading: Any) -> bool:
    """A node that believes it leads answers a read without asking anybody."""
    return True


@bug(
    "cluster.raft.reads:has_majority",
    breaks="linearizability",
    source="zoo R4; d-engine #381",
    strikes="the_old_leader_is_asked",
)
def one_answer_will_do(original: Any, raft: Raft, reading: Reading) -> Any:
    """A read goes with the first answer to its round."""
    return original(raft, reading) or len(reading.confirmed) > 1


@bug(
    "cluster.admin_requests:may_answer",
    breaks="linearizability",
    source="zoo R7; copycat #283, etcd #14140, #14143",
    strikes="crowd",
)
def answers_before_it_has_applied(original: Any, index: Any, applied: Any) -> bool:
    """A follower answers a read confirmed at an entry that it has not applied yet."""
    return True


@bug(
    "cluster.raft.transfer:told_if_ready",
    breaks="linearizability",
    source="zoo R8; dissertation, 6.4.1",
    strikes="the_old_leader_is_asked",
    timing=LEASES,
)
def lease_survives_a_transfer(original: Any, raft: Raft, effects: Sequence[Effect]) -> tuple[Raft, Sequence[Effect]]:
    """A leader answers by its lease after it has told another to stand."""
    after, told = original(raft, effects)
    if isinstance(after.role, Leader):
        after = attrs.evolve(after, role=attrs.evolve(after.role, leases=True))
    return after, told


@bug(
    "cluster.raft.election:may_grant_vote",
    breaks="linearizability",
    source="dissertation, 6.4.1: a lease needs voters that remember it; etcd raft #166 is a relative",
    strikes="the_lease_and_the_restart",
    timing=LEASES,
)
def lease_forgotten_by_a_restart(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int) -> Any:
    """A voter that has just restarted votes at once, though a lease that it granted may still hold."""
    role = raft.role
    if isinstance(role, Follower) and role.leader is None:
        raft = attrs.evolve(raft, timing=attrs.evolve(raft.timing, lease_drift=None))
    return original(raft, candidate, request, now)
