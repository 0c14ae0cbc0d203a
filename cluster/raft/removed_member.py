"""How a removed member learns of its removal and stops standing for election (rules 3.15, 3.24, 3.36)."""

import attrs

from cluster.raft import active_configuration, election_timer
from cluster.raft.configuration import NOBODY
from cluster.raft.messages import VoteReply
from cluster.raft.state import Follower, Leader, Raft


def outside_since(raft: Raft, name: str) -> int | None:
    """The entry with the committed configuration, if this node leads and that does not contain `name` (rule 3.15)."""
    role = raft.role
    if not isinstance(role, Leader) or not role.ready or active_configuration.unsettled(raft):
        return None
    return None if name in raft.configuration.members else active_configuration.since(raft)


def is_news(raft: Raft, reply: VoteReply) -> bool:
    """Whether a leader's word is of this node's term and no older than the configuration in this node's log.

    A leader of an older term may be long deposed. The word of the present one may have been delayed, and the node may
    have joined again since, by a later entry: one that is committed, or that this leader wrote. What an earlier leader
    wrote and did not commit counts for nothing against it.
    """
    if reply.outside is None or reply.term != raft.term:
        return False
    since = active_configuration.since(raft)
    return since <= reply.outside or not (since <= raft.commit or raft.log.term_at(since) == reply.term)


def put_outside(raft: Raft) -> Raft:
    """The node once a leader said that it is no member: it does not stand until a leader sends it the log (rule 3.36).

    `configured` keeps the log's configuration, so a wrong message does no lasting harm.
    """
    role = raft.role
    heard_at = role.heard_at if isinstance(role, Follower) else raft.ticks_from
    return election_timer.rewound(attrs.evolve(raft, configuration=NOBODY, role=Follower(None, heard_at)))


def back_inside(raft: Raft) -> Raft:
    """The node once a leader sends it the log: the log's configuration is in force again, whatever it was told before."""
    configuration = raft.configured[-1][1]
    return raft if raft.configuration is configuration else attrs.evolve(raft, configuration=configuration)
