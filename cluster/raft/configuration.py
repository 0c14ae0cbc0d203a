"""The configuration: a value that says which nodes belong to the cluster and whose majority decides.

Between two sets of voters the configuration is *joint*: both majorities must agree, each on its own (dissertation,
4.3). Learners have the log and no vote (dissertation, 4.2.1). `configuration_change` makes one configuration of
another.
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
    """The tags of the nodes in each place, each tuple sorted. `Configuration.of` takes tags in any order."""

    voters: tuple[str, ...] = ()
    """The nodes whose majority decides. While joint: the new set."""
    outgoing: tuple[str, ...] = ()
    """While joint: the old set of voters. Empty otherwise."""
    learners: tuple[str, ...] = ()
    """Nodes that get the log and do not vote."""
    learners_next: tuple[str, ...] = ()
    """While joint: outgoing voters that become learners when it ends; until then they vote in the old set."""
    promotable: tuple[str, ...] = ()
    """Learners that the leader makes voters as soon as they hold its log (rule 3.35). All other learners are watchers."""
    auto_leave: bool = False
    """While joint: whether the leader leaves the joint configuration by itself as soon as it is committed."""
    members: tuple[str, ...] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_members, takes_self=True)
    )
    """Every node that gets the log, sorted."""
    unfinished: bool = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda own: own.auto_leave or bool(own.promotable), takes_self=True),
    )
    """Whether the leader changes it further without being asked: it leaves the joint configuration or promotes a learner."""
    quorum: Quorum = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_quorum, takes_self=True))
    """The majority, or pair of majorities, whose agreement elects a leader and commits an entry."""

    @classmethod
    def of(cls, voters: Iterable[str] = (), learners: Iterable[str] = ()) -> "Configuration":
        """A configuration that is not joint, with these voters and these watchers."""
        return cls(tuple(sorted(voters)), (), tuple(sorted(learners)))

    @property
    def joint(self) -> bool:
        """Whether two majorities must agree."""
        return bool(self.outgoing)

    def votes(self, name: str) -> bool:
        """Whether the node's vote counts, in the old set or in the new one."""
        return name in self.voters or name in self.outgoing

    def electors(self, name: str) -> tuple[str, ...]:
        """Every other node whose vote counts, sorted."""
        return tuple([member for member in self.members if member != name and self.votes(member)])

    def others(self, name: str) -> tuple[str, ...]:
        """Every member but this one, sorted."""
        return tuple([member for member in self.members if member != name])


NOBODY = Configuration()
"""The configuration of a node that no leader has contacted yet: the node may vote, and does not stand for election."""
