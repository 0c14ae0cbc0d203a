"""How a removed member learns of its removal and stops standing for election (rules 3.15, 3.24, 3.36)."""

import attrs

from cluster.raft import active_configuration, election_timer
from cluster.raft.configuration import NOBODY
from cluster.raft.state import Follower, Leader, Raft


def is_outside(raft: Raft, name: str) -> bool:
    """Whether this node leads and the committed configuration does not contain `name` (rule 3.15)."""
    role = raft.role
    return (
        isinstance(role, Leader)
        and role.ready
        and not active_configuration.unsettled(raft)
        and name not in raft.configuration.members
    )


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
