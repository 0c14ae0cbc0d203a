"""How one configuration becomes another (dissertation, chapter 4). `membership` says when a change may happen.

A *simple* change moves at most one voter, so that any two majorities, before and after, overlap. Any other change goes
through a *joint* configuration, in which the majorities of both sets must agree, and which ends when it is *left*.
"""

from collections.abc import Sequence
from enum import Enum

from cluster.raft.configuration import Configuration
from cluster.value import value


class MemberPlace(Enum):
    """The place of a node in a configuration."""

    Voter = "voter"
    Promotable = "promotable"
    """A learner now, a voter as soon as it holds the leader's log (rules 1.1, 3.35)."""
    Watcher = "watcher"
    """A learner that stays one (rule 1.1)."""
    Nowhere = "nowhere"


class Way(Enum):
    """The kind of change by which the new configuration is reached."""

    Shortest = "shortest"
    """A simple change if at most one voter moves; else a joint configuration that the leader leaves by itself."""
    Joint = "joint"
    """A joint configuration in any case; the leader leaves it by itself."""
    Held = "held"
    """A joint configuration in any case; it stays until a change with `Way.Leave` is requested."""
    Leave = "leave"
    """The end of the joint configuration; the change has no alterations."""


@value
class Alteration:
    """The place that one node is to have."""

    node: str
    place: MemberPlace


@value
class Change:
    """A requested change of the configuration."""

    alterations: tuple[Alteration, ...] = ()
    """Applied in order; a later one may undo an earlier one. One that asks for the present place changes nothing."""
    way: Way = Way.Shortest

    def says(self) -> str:
        """The change in a few words: `D becomes a voter, B leaves`."""
        if self.way is Way.Leave:
            return "the joint configuration ends"
        words = {MemberPlace.Nowhere: "leaves", MemberPlace.Voter: "becomes a voter", MemberPlace.Promotable: "joins"}
        said = [f"{each.node} {words.get(each.place, 'becomes a watcher')}" for each in self.alterations]
        return ", ".join(said) or "nobody moves"


class CannotChange(ValueError):
    """The present configuration does not allow this change. Nothing was changed; the text says what would be possible."""


def changed(now: Configuration, change: Change) -> Configuration:
    """The configuration that the change leads to first. Raises CannotChange if the change is impossible from `now`."""
    match change.way:
        case Way.Leave:
            return left(now)
        case Way.Shortest if not now.joint and _voters_moved(now, _altered(now, change.alterations)) <= 1:
            return simple(now, change.alterations)
        case way:
            return entered(now, change.alterations, auto_leave=way is not Way.Held)


def simple(now: Configuration, alterations: Sequence[Alteration]) -> Configuration:
    """The configuration after a change of at most one voter (dissertation, 4.1). Raises CannotChange if more would move."""
    if now.joint:
        raise CannotChange(f"{_text(now)} is joint: leave it before a simple change")
    after = _with_voters(now, _altered(now, alterations))
    if _voters_moved(now, after) > 1:
        raise CannotChange(
            f"from voters {_names(now.voters)} to {_names(after.voters)} more than one voter moves, and their majorities "
            "might not overlap: change one at a time, or enter a joint configuration"
        )
    return after


def entered(now: Configuration, alterations: Sequence[Alteration], auto_leave: bool) -> Configuration:
    """The joint configuration of the present voters and the future ones (dissertation, 4.3). Raises CannotChange."""
    if now.joint:
        raise CannotChange(f"{_text(now)} is joint already: leave it before the next change")
    if not now.voters:
        raise CannotChange("without a voter there is nothing to be joint with: begin with one voter")
    halves = Configuration(now.voters, now.voters, now.learners, (), now.promotable, auto_leave)
    return _with_voters(now, _altered(halves, alterations))


def left(now: Configuration) -> Configuration:
    """The new set alone; nodes in `learners_next` become learners. Raises CannotChange if `now` is not joint."""
    if not now.joint:
        raise CannotChange(f"{_text(now)} is not joint: there is nothing to leave")
    learners = tuple(sorted({*now.learners, *now.learners_next}))
    return Configuration(now.voters, (), learners, (), now.promotable)


def _altered(now: Configuration, alterations: Sequence[Alteration]) -> Configuration:
    voters, learners = set(now.voters), set(now.learners)
    coming, promotable = set(now.learners_next), set(now.promotable)
    for alteration in alterations:
        node, place = alteration.node, alteration.place
        if place is MemberPlace.Promotable and node in voters:
            continue  # a promotion: a node that is a voter already stays one
        for places in (voters, learners, coming, promotable):
            places.discard(node)
        match place:
            case MemberPlace.Voter:
                voters.add(node)
            case MemberPlace.Watcher | MemberPlace.Promotable:
                # An outgoing voter still votes in the old set, so it becomes a learner only when the joint configuration ends.
                (coming if node in now.outgoing else learners).add(node)
                if place is MemberPlace.Promotable:
                    promotable.add(node)
            case MemberPlace.Nowhere:
                pass
    return Configuration(
        tuple(sorted(voters)),
        now.outgoing,
        tuple(sorted(learners)),
        tuple(sorted(coming)),
        tuple(sorted(promotable)),
        now.auto_leave,
    )


def _with_voters(now: Configuration, after: Configuration) -> Configuration:
    if not after.voters:
        raise CannotChange(
            f"this would leave no voter of {_names(now.voters)}: keep one, or nothing can be decided ever again"
        )
    return after


def _voters_moved(before: Configuration, after: Configuration) -> int:
    return len({*before.voters} ^ {*after.voters})


def _names(nodes: Sequence[str]) -> str:
    return " ".join(nodes) or "nobody"


def _text(now: Configuration) -> str:
    return f"the configuration of {_names(now.outgoing)} and {_names(now.voters)}" if now.joint else "the configuration"
