"""Who belongs to the cluster, and whose majority decides: the configuration, a value. How it changes is not here.

Between two sets of voters the configuration is *joint*: both majorities must agree, each on its own (dissertation,
4.3). Learners have the log and no vote (dissertation, 4.2.1).
"""

from collections.abc import Iterable

import attrs

from cluster.raft.quorum import Joint, Majority, Quorum
from cluster.value import value


def _members(own: "Configuration") -> tuple[str, ...]:
    return tuple(sorted({*own.voters, *own.outgoing, *own.learners}))


def _quorum(own: "Configuration") -> Quorum:
    return Joint(Majority(own.outgoing), Majority(own.voters)) if own.outgoing else Majority(own.voters)


@value
class Configuration:
    """Tags of nodes, each tuple sorted. Make it of names in any order by `Configuration.of`."""

    voters: tuple[str, ...] = ()
    """Whose majority decides; while joint, the new half of it."""
    outgoing: tuple[str, ...] = ()
    """While joint: the voters before. Empty otherwise."""
    learners: tuple[str, ...] = ()
    """Nodes that get the log and do not vote."""
    learners_next: tuple[str, ...] = ()
    """While joint: outgoing voters that become learners when it ends; until then their votes count in the old half."""
    promotable: tuple[str, ...] = ()
    """Learners that the leader makes voters as soon as they hold its log (rule 3.35); the others are watchers."""
    auto_leave: bool = False
    """While joint: the leader ends it by itself as soon as it is committed."""
    members: tuple[str, ...] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_members, takes_self=True)
    )
    """Everybody who gets the log, sorted."""
    unfinished: bool = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda own: own.auto_leave or bool(own.promotable), takes_self=True),
    )
    """Whether its leader has something to do about it by itself: end it, or make somebody a voter."""
    quorum: Quorum = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_quorum, takes_self=True))
    """Whose agreement elects and commits."""

    @classmethod
    def of(cls, voters: Iterable[str] = (), learners: Iterable[str] = ()) -> "Configuration":
        """A configuration that is not joint, of these voters and watchers."""
        return cls(tuple(sorted(voters)), (), tuple(sorted(learners)))

    @property
    def joint(self) -> bool:
        """Whether two majorities must agree."""
        return bool(self.outgoing)

    def votes(self, name: str) -> bool:
        """Whether the node's vote counts, in either half."""
        return name in self.voters or name in self.outgoing

    def electors(self, name: str) -> tuple[str, ...]:
        """Every other node whose vote counts, sorted."""
        return tuple([member for member in self.members if member != name and self.votes(member)])

    def others(self, name: str) -> tuple[str, ...]:
        """Every member but this one, sorted."""
        return tuple([member for member in self.members if member != name])


NOBODY = Configuration()
"""The configuration of a node that nobody has told yet: it votes for nobody's sake and stands for nothing."""
