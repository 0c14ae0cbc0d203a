"""Leadership handed over (dissertation, 3.10; rule 3.12): etcd's TestLeaderTransfer list, one fact each."""

import pytest

from cluster.raft.messages import Request, TimeoutNow
from cluster.raft.state import Candidate, Follower, Leader, Transfer, TransferAsked
from cluster.raft.step import step
from cluster.time_units import MILLISECOND
from tests.raft.club import Club
from tests.raft.vocabulary import START, ask, at, following, leading, node, progress, take

T = 300 * MILLISECOND


def test_to_one_that_is_up_to_date() -> None:
    """It is told at once, stands without a trial, and leads the next term before anybody's timer has moved."""
    club = Club(3).lead("A")
    now = club.now
    club.transfer("A", "C")
    assert (club.leads("C"), club["C"].term, club.now) == (True, club["A"].term, now)
    assert not club.leads("A")
    assert not [said for said in club.sent if said[0] == "C" and said[2] == "TimeoutNow"]


def test_good_standing_of_the_leader_protects_nobody() -> None:
    """Rules 3.12, 3.19: others heard the leader just now and vote all the same, the leader too."""
    assert take(following(node(), "B"), "C", ask(2, forced=True))[0].vote == "C"
    assert take(leading(node()), "C", ask(2, forced=True))[0].vote == "C"
    assert take(leading(node()), "C", ask(2))[0].vote == "A"


def test_to_one_that_is_behind() -> None:
    """Zoo T3: it is told only when it holds the whole log."""
    club = Club(3).lead("A")
    club.cut = "C"
    club.put("A")
    club.transfer("A", "C")
    assert ("A", "C", "TimeoutNow") not in club.sent
    club.cut = ""
    club.pass_time(200 * MILLISECOND)
    assert club.leads("C")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("A", "A leads already: name another voter"),
        ("X", "X is no member and cannot lead: name one of A, B"),
        ("D", "D has no vote and cannot lead: name one of A, B"),
        ("C", "C is no member and cannot lead: name one of A, B"),
    ],
)
def test_to_one_that_cannot_lead(target: str, why: str) -> None:
    """To itself, to nobody known, to a learner, to one that was removed: refused for good, and it leads on."""
    club = Club(3, 1).lead("A")
    club.change("A", "lD")
    club.change("A", "rC")
    club.transfer("A", target)
    assert [(refused.why, refused.final) for refused in club.refused] == [(why, True)]
    assert club.role("A").transfer is None
    club.put("A")
    assert club["A"].commit == club.last("A")


def test_a_follower_hands_nothing_over() -> None:
    """Whoever asked is told to look for the leader."""
    club = Club(3).lead("A")
    club.transfer("B", "C")
    assert [(refused.why, refused.final) for refused in club.refused] == [("", False)]


def test_no_command_is_taken_meanwhile() -> None:
    """A log that grows cannot be handed over; who asked may ask again. No change is, either."""
    club = Club(3, 1).lead("A")
    club.cut = "C"
    club.transfer("A", "C")
    last = club.last("A")
    club.put("A")
    club.change("A", "vD")
    assert club.last("A") == last
    assert [refused.why for refused in club.refused] == [
        "",
        "D becomes a voter? Not now: A is handing leadership to C",
    ]


def test_it_is_given_up_after_an_election_timeout() -> None:
    """Zoo T1: the target is silent, and the leader takes commands again."""
    club = Club(3).lead("A")
    club.cut = "C"
    club.transfer("A", "C")
    club.pass_time(T + 100 * MILLISECOND)
    assert club.role("A").transfer is None
    club.put("A")
    assert club["A"].commit == club.last("A")


def test_another_target_replaces_the_first_and_the_same_changes_nothing() -> None:
    """The first one's time is its own."""
    club = Club(3).lead("A")
    club.cut = "C"
    club.put("A")
    club.transfer("A", "C")
    handing = club.role("A").transfer
    club.now += 50 * MILLISECOND
    club.transfer("A", "C")
    assert club.role("A").transfer is handing
    club.transfer("A", "B")
    assert club.leads("B")


def test_a_vote_of_a_later_term_ends_it() -> None:
    """Whoever wins by itself leads."""
    raft = leading(node("1"), B=progress(1), C=progress(0))
    handing, effects = step(raft, TransferAsked(Request("x", 1, 1), "C"), at())
    assert isinstance(handing.role, Leader)
    assert (handing.role.transfer, effects) == (Transfer("C", START + T, False), ())
    after, _ = take(handing, "B", ask(2, (1, 1), forced=True))
    assert after.role == Follower(None, START)


def test_a_target_whose_removal_is_on_its_way_is_refused() -> None:
    """What is appended is in force; and while leadership is handed over nobody is removed."""
    club = Club(3).lead("A")
    club.change("A", "rC", settle=False)
    club.transfer("A", "C")
    assert club.refused[-1].why == "C is no member and cannot lead: name one of A, B"


def test_who_has_no_vote_does_not_stand() -> None:
    """etcd TestTransferNonMember; nor does who is in another term, or leads."""
    for raft in (node(name="X"), node(term=2), leading(node())):
        assert take(raft, "B", TimeoutNow(1))[0] is raft
    standing, _ = take(following(node(), "B"), "B", TimeoutNow(1))
    assert standing.role == Candidate(False, 2, frozenset(), frozenset(), True, 0)


def test_a_word_that_comes_late_is_not_heard() -> None:
    """The term has gone on."""
    raft = following(node(term=3), "B")
    assert take(raft, "B", TimeoutNow(2)) == (raft, ())
