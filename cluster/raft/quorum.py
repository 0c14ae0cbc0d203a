"""Majorities, and joint majorities, as values: who has won an election, which index is committed."""

from collections.abc import Container, Mapping, Sequence
from enum import Enum

from cluster.value import value

EVERYTHING = 1 << 62
"""The index that a majority of no voters has: it never limits the other half of a joint majority."""


class VoteResult(Enum):
    """The state of an election."""

    Pending = "pending"
    Lost = "lost"
    Won = "won"


def majority(count: int) -> int:
    """The least number of voters, of `count`, that is more than half (rule 3.10)."""
    return count // 2 + 1


def committed_index(matches: Sequence[int]) -> int:
    """The highest index that a majority has, given each voter's (rule 3.26); `EVERYTHING` if there is no voter."""
    if not matches:
        return EVERYTHING
    return sorted(matches)[len(matches) - majority(len(matches))]


def vote_result(granted: int, refused: int, count: int) -> VoteResult:
    """The state of an election among `count` voters. Without voters it is won."""
    if not count or granted >= majority(count):
        return VoteResult.Won
    if count - refused < majority(count):
        return VoteResult.Lost
    return VoteResult.Pending


@value
class Majority:
    """A set of voters of which more than half must agree."""

    voters: tuple[str, ...]
    """No voter occurs twice."""

    def committed(self, matches: Mapping[str, int]) -> int:
        """The highest index that a majority has. A voter missing in `matches` counts as 0. `EVERYTHING` without voters."""
        return committed_index([matches.get(voter, 0) for voter in self.voters])

    def result(self, granted: Container[str], refused: Container[str]) -> VoteResult:
        """The state of the election; votes of other nodes do not count."""
        yes = sum(voter in granted for voter in self.voters)
        no = sum(voter in refused for voter in self.voters)
        return vote_result(yes, no, len(self.voters))


@value
class Joint:
    """Two sets of voters whose majorities must both agree (dissertation, 4.3)."""

    old: Majority
    new: Majority

    def committed(self, matches: Mapping[str, int]) -> int:
        """The highest index that a majority of each set has."""
        return min(self.old.committed(matches), self.new.committed(matches))

    def result(self, granted: Container[str], refused: Container[str]) -> VoteResult:
        """Won if both sets are won, lost as soon as one is lost."""
        halves = (self.old.result(granted, refused), self.new.result(granted, refused))
        if VoteResult.Lost in halves:
            return VoteResult.Lost
        if VoteResult.Pending in halves:
            return VoteResult.Pending
        return VoteResult.Won


Quorum = Majority | Joint
