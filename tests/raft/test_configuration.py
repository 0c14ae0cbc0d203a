"""Who belongs to the cluster, as a value, and how one configuration becomes another.

The tables are those that etcd's `confchange` is tested with; `u` (an update of nothing but an address) we do not have.
"""

from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.configuration_change import (
    Alteration,
    CannotChange,
    Change,
    MemberPlace,
    Way,
    changed,
    entered,
    left,
    simple,
)
from cluster.raft.quorum import Joint, Majority
from cluster.wire import Codec
from tests.raft.walk import overlapping


def test_members_are_everybody_who_gets_the_log() -> None:
    """Voters of both halves and learners, each once, sorted."""
    joint = Configuration(voters=("A", "D"), outgoing=("A", "B"), learners=("C",), learners_next=("B",))
    assert joint.members == ("A", "B", "C", "D")
    assert joint.others("A") == ("B", "C", "D")
    assert joint.joint
    assert [name for name in "ABCD" if joint.votes(name)] == ["A", "B", "D"]


def test_the_quorum_is_one_majority_or_two() -> None:
    """Learners never count; a joint configuration needs both halves."""
    assert Configuration.of("CAB", learners="D").quorum == Majority(("A", "B", "C"))
    assert Configuration(("A", "D"), ("A", "B")).quorum == Joint(Majority(("A", "B")), Majority(("A", "D")))
    assert NOBODY.members == ()


def test_it_travels() -> None:
    """What is derived is worked out again at the other end."""
    codec = Codec((Configuration,))
    sent = Configuration(("A", "D"), ("A", "B"), ("C",), ("B",), ("C",), True)
    assert codec.decode(codec.encode(sent)) == sent
    assert codec.decode(codec.encode(sent)).quorum == sent.quorum


# ---- the algebra ----


def parsed(text: str) -> Configuration:
    """`1 2 && 1 | 3 | 4`: voters, the outgoing ones, learners, learners to be."""
    voters, learners, coming = ([*text.split("|"), "", ""])[:3]
    new, _, old = voters.partition("&&")
    return Configuration(tuple(new.split()), tuple(old.split()), tuple(learners.split()), tuple(coming.split()))


def alterations(text: str) -> tuple[Alteration, ...]:
    """`v2 l3 p4 r1`: voter, watcher, promotable, nowhere."""
    places = {"v": MemberPlace.Voter, "l": MemberPlace.Watcher, "p": MemberPlace.Promotable, "r": MemberPlace.Nowhere}
    return tuple(Alteration(word[1:], places[word[0]]) for word in text.split())


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        ("", "v1", "1"),
        ("1", "v2 l3", "1 2 | 3"),
        ("1", "l2 l3 l4 l5", "1 | 2 3 4 5"),
        ("1", "v1", "1"),
        ("1", "l1 v1", "1"),
        ("1", "r7", "1"),
        ("1 2 | 3", "r3 r3", "1 2"),
        ("1 | 2", "v2 l2", "1 | 2"),
        ("1 | 2", "v2", "1 2"),
        ("1 2", "l2", "1 | 2"),
        ("1 2 3", "r2", "1 3"),
    ],
)
def test_a_simple_change(before: str, operations: str, after: str) -> None:
    """What is so already changes nothing; a later operation may undo an earlier one."""
    assert simple(parsed(before), alterations(operations)) == parsed(after)


@pytest.mark.parametrize(
    ("before", "operations", "error"),
    [
        ("", "l1", "would leave no voter"),
        ("1", "r1", "would leave no voter of 1: keep one"),
        ("1", "r1 r2", "would leave no voter"),
        ("1", "l1 l2", "would leave no voter"),
        ("1", "r1 v5", "from voters 1 to 5 more than one voter moves"),
        ("1", "v3 v4", "more than one voter moves"),
        ("1", "l1 v5", "more than one voter moves"),
        ("1 && 1", "v2", "the configuration of 1 and 1 is joint: leave it before a simple change"),
    ],
)
def test_a_simple_change_that_cannot_be(before: str, operations: str, error: str) -> None:
    """One voter at a time, one voter at least, and not while two majorities decide."""
    with pytest.raises(CannotChange, match=error):
        simple(parsed(before), alterations(operations))


@pytest.mark.parametrize(
    ("before", "operations", "joint", "after"),
    [
        ("1", "", "1 && 1", "1"),
        ("1", "v2 l1", "2 && 1 | | 1", "2 | 1"),
        ("1", "r1 v2 v3 l4", "2 3 && 1 | 4", "2 3 | 4"),
        ("1", "r1 r2 r9 v2 v3 v4 v2 v3 v4 l2 l2 r4 r4 l1 l1", "3 && 1 | 2 | 1", "3 | 1 2"),
        ("1 2 3", "v4 v5 v6 r1 r2 r3", "4 5 6 && 1 2 3", "4 5 6"),
        ("1 2", "l1 v1", "1 2 && 1 2", "1 2"),
    ],
)
def test_into_a_joint_configuration_and_out(before: str, operations: str, joint: str, after: str) -> None:
    """An outgoing voter that is to be a learner waits: two roles at once would be one too many."""
    entered_now = entered(parsed(before), alterations(operations), auto_leave=False)
    assert entered_now == parsed(joint)
    assert left(entered_now) == parsed(after)
    assert entered(parsed(before), alterations(operations), auto_leave=True).unfinished


def test_what_a_joint_configuration_refuses() -> None:
    """Each with its reason and what to do."""
    with pytest.raises(CannotChange, match="is not joint: there is nothing to leave"):
        left(parsed("1 2"))
    with pytest.raises(CannotChange, match="without a voter there is nothing to be joint with"):
        entered(NOBODY, alterations("v1"), auto_leave=True)
    with pytest.raises(CannotChange, match="the configuration of 1 and 2 is joint already: leave it"):
        entered(parsed("2 && 1"), alterations("v3"), auto_leave=True)
    with pytest.raises(CannotChange, match="would leave no voter"):
        entered(parsed("1 2"), alterations("r1 l2"), auto_leave=True)


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (Change(alterations("v3")), "1 2 3"),
        (Change(alterations("l3 l4")), "1 2 | 3 4"),
        (Change(alterations("v3 v4")), "1 2 3 4 && 1 2"),
        (Change(alterations("v3"), Way.Joint), "1 2 3 && 1 2"),
        (Change(alterations("v3"), Way.Held), "1 2 3 && 1 2"),
    ],
)
def test_the_shortest_way_is_simple_where_that_is_safe(change: Change, after: str) -> None:
    """Whoever asks need not know which; held ones are left only when somebody says so."""
    expected = parsed(after)
    if expected.joint:
        expected = attrs.evolve(expected, auto_leave=change.way is not Way.Held)
    assert changed(parsed("1 2"), change) == expected
    if expected.joint:
        assert changed(expected, Change(way=Way.Leave)) == left(expected)
        with pytest.raises(CannotChange, match="is joint already"):
            changed(expected, Change(alterations("l9")))


def test_a_promotable_is_a_learner_on_its_way() -> None:
    """Rule 1.1: it is one until it is made a voter or a watcher; a voter is there already."""
    one = changed(parsed("1 2"), Change(alterations("p3 p2")))
    assert (one.voters, one.learners, one.promotable, one.unfinished) == (("1", "2"), ("3",), ("3",), True)
    assert changed(one, Change(alterations("l3"))).promotable == ()
    assert changed(one, Change(alterations("v3"))) == parsed("1 2 3")
    assert changed(changed(one, Change(alterations("l3"))), Change(alterations("p3"))) == one


targets = st.tuples(
    st.sets(st.sampled_from("123456"), min_size=1), st.sets(st.sampled_from("123456789"), max_size=4)
).map(lambda drawn: Configuration.of(drawn[0], drawn[1] - drawn[0]))


def towards(before: Configuration, after: Configuration) -> list[Alteration]:
    """What makes the one of the other, node by node."""
    wanted = dict.fromkeys(before.members, MemberPlace.Nowhere)
    wanted |= dict.fromkeys(after.voters, MemberPlace.Voter) | dict.fromkeys(after.learners, MemberPlace.Watcher)
    return [Alteration(name, place) for name, place in wanted.items()]


@given(targets, targets, st.randoms(use_true_random=False))
def test_every_way_to_a_target_ends_there(before: Configuration, after: Configuration, random: Random) -> None:
    """Simple steps in any order that keeps a voter, or one joint configuration: the same in the end."""
    steps = towards(before, after)
    jointly = left(entered(before, steps, auto_leave=False))
    assert jointly == after
    now = before
    random.shuffle(steps)
    steps.sort(key=lambda step: step.place is not MemberPlace.Voter)  # who stays or comes first: so nobody is the last
    for step in steps:
        now = simple(now, (step,))
    assert now == after


@given(targets, targets)
def test_no_two_majorities_miss_each_other(before: Configuration, after: Configuration) -> None:
    """A simple change, or a joint configuration between: each step overlaps with the next."""
    joint = entered(before, towards(before, after), auto_leave=True)
    assert overlapping(before, joint)
    assert overlapping(joint, left(joint))
    if len({*before.voters} ^ {*after.voters}) <= 1:
        assert overlapping(before, after)
