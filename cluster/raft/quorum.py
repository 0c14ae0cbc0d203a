"""Majorities, and joint majorities, as values: who has won, what is committed. Nothing here knows a node or a log."""

from collections.abc import Container, Mapping, Sequence
from enum import Enum

from cluster.value import value

EVERYTHING = 1 << 62
"""What a majority of nobody has agreed to: it restricts nothing, so that it can be half of a joint majority."""


class VoteResult(Enum):
    """Where an election stands."""

    Pending = "pending"
    Lost = "lost"
    Won = "won"


def majority(count: int) -> int:
    """The least number of `count` voters that are more than half (rule 3.10)."""
    return count // 2 + 1


def committed_index(matches: Sequence[int]) -> int:
    """The highest index that a majority has, given each voter's (rule 3.26); `EVERYTHING` if there is no voter."""
    if not matches:
        return EVERYTHING
    return sorted(matches)[len(matches) - majority(len(matches))]


def vote_result(granted: int, refused: int, count: int) -> VoteResult:
    """Where an election among `count` voters stands. A majority of nobody is won."""
    if not count or granted >= majority(count):
        return VoteResult.Won
    if count - refused < majority(count):
        return VoteResult.Lost
    return VoteResult.Pending


@value
class Majority:
    """More than half of these voters must agree."""

    voters: tuple[str, ...]
    """Each once."""

    def committed(self, matches: Mapping[str, int]) -> int:
        """The highest index a majority has; who is not in `matches` has nothing. `EVERYTHING` without voters."""
        return committed_index([matches.get(voter, 0) for voter in self.voters])

    def result(self, granted: Container[str], refused: Container[str]) -> VoteResult:
        """Where the election stands; others' votes do not count."""
        yes = sum(voter in granted for voter in self.voters)
        no = sum(voter in refused for voter in self.voters)
        return vote_result(yes, no, len(self.voters))


@value
class Joint:
    """Both majorities must agree, each on its own (dissertation, 4.3)."""

    old: Majority
    new: Majority

    def committed(self, matches: Mapping[str, int]) -> int:
        """The highest index that a majority of each half has."""
        return min(self.old.committed(matches), self.new.committed(matches))

    def result(self, granted: Container[str], refused: Container[str]) -> VoteResult:
        """Won if both halves are won, lost as soon as one is lost."""
        halves = (self.old.result(granted, refused), self.new.result(granted, refused))
        if VoteResult.Lost in halves:
            return VoteResult.Lost
        if VoteResult.Pending in halves:
            return VoteResult.Pending
        return VoteResult.Won


Quorum = Majority | Joint
