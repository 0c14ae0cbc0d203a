"""Boundaries of reads and leases (dissertation, 6.4)."""

import attrs
import pytest

from cluster.raft import reads
from cluster.raft.messages import Confirm, Confirmed
from cluster.raft.state import Follower, Leader, Raft, Readable, ReadAsked, Reading, Refuse, Save, Send
from cluster.raft.step import step
from tests.raft.vocabulary import (
    ALSO,
    ASKED,
    LATER,
    RACHIS,
    START,
    at,
    following,
    leading,
    node,
    only,
    ready,
    role,
    take,
    the,
    wake,
)


def reading(raft: Raft) -> Reading:
    """What the leader knows of reads."""
    assert isinstance(raft.role, Leader)
    return raft.role.reading


def test_a_round_of_reads_from_its_question_to_its_answer() -> None:
    """Dissertation 6.4: the index and the time of the question stand; what came since is asked in the round after."""
    leader = ready(leading(node("1 1", commit=2), stored=2))
    leader, effects = step(leader, ReadAsked(ASKED), at(START + 10))
    assert list(effects) == [Send("B", Confirm(1, 1)), Send("C", Confirm(1, 1))]
    assert reading(leader) == Reading(1, START + 10, 2, (ASKED,), frozenset("A"), (), None)
    for request in (ALSO, LATER):
        leader, effects = step(leader, ReadAsked(request), at(START + 20))
        assert effects == ()
    assert reading(leader) == Reading(1, START + 10, 2, (ASKED,), frozenset("A"), (ALSO, LATER), None)
    leader, effects = take(leader, "C", Confirmed(1, 1), now=START + 30)
    assert list(effects) == [Readable((ASKED,), 2), Send("B", Confirm(1, 2)), Send("C", Confirm(1, 2))]
    assert reading(leader) == Reading(2, START + 30, 2, (ALSO, LATER), frozenset("A"), (), START + 10)
    leader, effects = take(leader, "B", Confirmed(1, 2), now=START + 40)
    assert list(effects) == [Readable((ALSO, LATER), 2)]
    assert reading(leader) == Reading(2, START + 30, 2, (), frozenset(), (), START + 30)
    assert take(leader, "C", Confirmed(1, 2)) == (leader, ()), "nothing is under way"


def test_a_question_is_asked_again_of_whoever_has_not_answered() -> None:
    """Dissertation 6.4: at each beat, after the beats; it is the same round."""
    leader = ready(leading(node("1", voters="ABCDE", commit=1)))
    leader, _ = step(leader, ReadAsked(ASKED), at())
    leader, effects = take(leader, "B", Confirmed(1, 1))
    assert effects == ()
    assert reading(leader).confirmed == frozenset("AB")
    again, effects = wake(leader)
    assert [send for send in only(Send, effects) if isinstance(send.message, Confirm)] == [
        Send(peer, Confirm(1, 1)) for peer in "CDE"
    ]
    assert reading(again) == reading(leader)
    _, effects = wake(ready(leading(node("1"))))
    assert not [send for send in only(Send, effects) if isinstance(send.message, Confirm)]


@pytest.mark.parametrize(
    ("term", "number", "sender", "says"),
    [(4, 7, "B", True), (5, 7, "B", True), (5, 7, "C", False), (6, 7, "B", False), (6, 7, "C", False)],
)
def test_who_confirms(term: int, number: int, sender: str, says: bool) -> None:
    """Dissertation 6.4: a follower of B in term 5 tells its leader, and whoever leads an earlier term; nobody else."""
    follower = following(node(term=5), "B")
    after, effects = take(follower, sender, Confirm(term, number), now=START + 9)
    assert list(effects) == ([Send(sender, Confirmed(5, number))] if says else [])
    assert after.role == Follower("B", START + 9 if (term, sender) == (5, "B") else START)


def test_a_confirmation_of_a_later_term_deposes() -> None:
    """§5.1: and one of an earlier term counts for nothing."""
    leader = ready(leading(node("1", commit=1)))
    leader, _ = step(leader, ReadAsked(ASKED), at())
    after, effects = take(leader, "B", Confirmed(2, 1), now=START + 5)
    assert (role(after), after.term, the(Save, effects).term) == ("follower", 2, 2)
    assert after.role == Follower(None, START + 5)
    assert take(leader, "B", Confirmed(0, 1)) == (leader, ())
    assert take(leader, "B", Confirmed(1, 2)) == (leader, ())


@pytest.mark.parametrize(
    ("drift", "length"), [(0, 150_000), (500, 149_850), (100_000, 122_727), (999_999, 0), (1_000_000, 0)]
)
def test_the_exact_length_of_a_lease(drift: int, length: int) -> None:
    """Dissertation 6.4.1: T/2 (1 - d) / (1 + d), of 300 ms, in whole µs and never longer."""
    assert reads.lease_length(attrs.evolve(RACHIS, lease_drift=drift)) == length


def test_half_of_an_odd_timeout_is_rounded_down_before_it_is_shortened() -> None:
    """Dissertation 6.4.1: of 301 µs a voter waits 150, and at 500 ppm the lease is shorter than that."""
    assert reads.lease_length(attrs.evolve(RACHIS, election=301, lease_drift=500)) == 149


@pytest.mark.parametrize(
    ("age", "leases", "holds"), [(0, True, True), (149_849, True, True), (149_850, True, False), (0, False, False)]
)
def test_a_lease_ends_with_its_length(age: int, leases: bool, holds: bool) -> None:
    """Dissertation 6.4.1: in its last µs it still answers, with the commit index of now; then somebody is asked."""
    raft = node("1 1", commit=2, timing=attrs.evolve(RACHIS, lease_drift=500))
    raft = ready(leading(raft), leases=leases, reading=Reading(lease_from=START))
    after, effects = step(raft, ReadAsked(ASKED), at(START + age))
    if holds:
        assert (after, list(effects)) == (raft, [Readable((ASKED,), 2)])
    else:
        assert [send.to for send in only(Send, effects)] == ["B", "C"]


def test_a_read_is_refused_before_the_leader_is_ready() -> None:
    """Dissertation 6.4, zoo R1: whoever asked is told so at once, by a leader that may know too little and by a follower."""
    for raft in (leading(node("1 1", commit=1)), following(node("1"), "B")):
        assert step(raft, ReadAsked(ASKED), at()) == (raft, (Refuse(ASKED),))
