"""Who is no member any more, learns of it, and then rests (rules 3.15, 3.24, 3.36). What makes it so is not here."""

import attrs

from cluster.raft import active_configuration, election_timer
from cluster.raft.configuration import NOBODY
from cluster.raft.state import Follower, Leader, Raft


def is_outside(raft: Raft, name: str) -> bool:
    """Whether this node leads and knows, committed, that the other is no member (rule 3.15)."""
    role = raft.role
    return (
        isinstance(role, Leader)
        and role.ready
        and not active_configuration.unsettled(raft)
        and name not in raft.configuration.members
    )


def put_outside(raft: Raft) -> Raft:
    """The leader says that this node is no member: it stands for nothing until a leader sends it the log (rule 3.36).

    What its log says is remembered in `configured`, so a wrong word does no lasting harm.
    """
    role = raft.role
    heard_at = role.heard_at if isinstance(role, Follower) else raft.ticks_from
    return election_timer.rewound(attrs.evolve(raft, configuration=NOBODY, role=Follower(None, heard_at)))


def back_inside(raft: Raft) -> Raft:
    """A leader speaks to this node: whoever told it that it is no member, what its log says is in force again."""
    configuration = raft.configured[-1][1]
    return raft if raft.configuration is configuration else attrs.evolve(raft, configuration=configuration)
