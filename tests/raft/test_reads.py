"""Reads without an entry in the log (dissertation, 6.4): what they wait for, and what a lease is worth."""

import attrs
import pytest

from cluster.raft import reads
from cluster.raft.messages import Confirm, Confirmed, Request
from cluster.raft.state import Follower, Leader, Readable, ReadAsked, Reading
from cluster.raft.step import step
from cluster.time_units import MILLISECOND
from tests.raft.club import Club
from tests.raft.vocabulary import PAPER, RACHIS, START, ask, at, following, leading, node, ready, take, the

LEASES = attrs.evolve(RACHIS, lease_drift=500)
SECOND = 1000 * MILLISECOND


def test_a_read_waits_for_a_majority_that_still_follows() -> None:
    """It answers with the commit index of when the round was sent, without a word in the log."""
    club = Club(3).lead("A")
    club.put("A")
    last = club.last("A")
    asked = club.read("A", settle=False)
    assert club.readable == []
    club.settle()
    assert club.readable == [Readable((asked,), last)]
    assert club.last("A") == last


def test_one_voter_alone_asks_nobody() -> None:
    """It is its own majority; learners are not asked."""
    club = Club(1, 1).lead("A")
    club.change("A", "lB")
    club.sent.clear()
    club.read("A")
    assert len(club.readable) == 1
    assert club.sent == []


def test_whoever_does_not_lead_refuses() -> None:
    """And a leader that has not committed an entry of its own term, which may know too little (zoo R1)."""
    club = Club(3).lead("A")
    club.read("B")
    assert [refused.why for refused in club.refused] == [""]
    fresh = leading(node("1 1", commit=1))
    assert not reads.may_read(fresh.role)  # type: ignore[arg-type]


def test_one_answer_is_not_a_majority_of_five() -> None:
    """Zoo R4."""
    club = Club(5).lead("A")
    club.cut = "CDE"
    club.read("A")
    assert club.readable == []
    club.cut = "DE"
    club.pass_time(100 * MILLISECOND)
    assert len(club.readable) == 1, "the question was asked again at the beat"


def test_reads_that_come_meanwhile_share_the_next_round() -> None:
    """They were asked after the round under way was sent: its answers say nothing about them."""
    club = Club(3).lead("A")
    first = club.read("A", settle=False)
    second, third = club.read("A", settle=False), club.read("A", settle=False)
    club.settle()
    assert [readable.requests for readable in club.readable] == [(first,), (second, third)]
    assert sum(said[2] == "Confirm" for said in club.sent) == 4


@pytest.mark.parametrize("clients", [1, 3])
def test_a_read_that_is_repeated_waits_once(clients: int) -> None:
    """Whoever asks repeats the request until it is answered: twenty thousand times it is the same one."""
    raft = ready(leading(node("1 1", commit=2)))
    raft, _ = step(raft, ReadAsked(Request("A#1?", 1, 0)), at())
    for number in range(20_000):
        raft, effects = step(raft, ReadAsked(Request(f"B#{number % clients}?", 1, 0)), at())
        assert effects == ()
    assert isinstance(raft.role, Leader)
    assert (len(raft.role.reading.asked), len(raft.role.reading.waiting)) == (1, clients)
    again, effects = step(raft, ReadAsked(Request("A#1?", 1, 0)), at())
    assert (again, effects) == (raft, ()), "the round under way has it"


def test_an_old_leader_answers_nothing() -> None:
    """etcd TestNodeReadIndexToOldLeader: its round is answered with a later term, and it steps down."""
    club = Club(3).lead("A")
    club.cut = "A"
    club.now += SECOND
    club.lead("B")
    club.put("B")
    club.cut = ""
    club.read("A")
    assert club.readable == []
    assert not club.leads("A")


def test_whose_answers_count() -> None:
    """Of this term and this round, while a round is under way."""
    asking, request = leading(node("1", commit=1)), Request("r", 1, 1)
    assert isinstance(asking.role, Leader)
    role = attrs.evolve(asking.role, ready=True, reading=Reading(2, START, 1, (request,), frozenset("A")))
    asking = attrs.evolve(asking, role=role)
    for answer in (Confirmed(0, 2), Confirmed(1, 1)):
        assert take(asking, "B", answer) == (asking, ())
    _, effects = take(asking, "B", Confirmed(1, 2))
    assert the(Readable, effects) == Readable((request,), 1)


def test_who_follows_says_yes_and_takes_it_for_a_sign() -> None:
    """Who follows nobody says nothing yet; who is in a later term says so."""
    later = START + 50 * MILLISECOND
    after, effects = take(following(node(), "B"), "B", Confirm(1, 7), now=later)
    assert (after.role, effects[0].message) == (Follower("B", later), Confirmed(1, 7))  # type: ignore[union-attr]
    assert take(node(), "B", Confirm(1, 7)) == (node(), ())
    assert take(node(term=4), "B", Confirm(1, 7))[1][0].message == Confirmed(4, 7)  # type: ignore[union-attr]


# ---- leases ----


def test_by_default_there_is_no_lease() -> None:
    """Each read asks."""
    assert reads.lease_length(RACHIS) == 0
    assert reads.lease_length(attrs.evolve(PAPER, lease_drift=0)) == 0, "nobody refuses a candidate there"


@pytest.mark.parametrize(("drift", "length"), [(0, 150_000), (500, 149_850), (100_000, 122_700), (999_999, 0)])
def test_a_lease_is_shorter_the_more_clocks_drift(drift: int, length: int) -> None:
    """T/2 (1 - d) / (1 + d), of 300 ms."""
    assert reads.lease_length(attrs.evolve(RACHIS, lease_drift=drift)) == pytest.approx(length, abs=200)


def test_a_confirmed_round_answers_for_a_while() -> None:
    """From its sending on; then somebody is asked again."""
    club = Club(3, timing=LEASES).lead("A")
    club.read("A")
    club.sent.clear()
    club.now += 149 * MILLISECOND
    club.read("A")
    assert len(club.readable) == 2
    assert club.sent == []
    club.now += 1 * MILLISECOND
    club.read("A", settle=False)
    assert len(club.readable) == 2


def test_with_leases_nobody_votes_while_one_may_hold() -> None:
    """Dissertation 6.4.1: not for T/2 after a sign of the leader or after a start, in a trial or not, unless forced."""
    heard = following(node(timing=LEASES), "B")
    for voter in (heard, node(timing=LEASES)):
        assert take(voter, "C", ask(2), now=START + 150 * MILLISECOND)[0].vote is None
        assert take(voter, "C", ask(2), now=START + 151 * MILLISECOND)[0].vote == "C"
        assert take(voter, "C", ask(2, forced=True))[0].vote == "C"
    assert take(node(), "C", ask(2))[0].vote == "C", "without leases a restarted voter need not wait"


def test_no_lease_outlives_a_transfer() -> None:
    """Zoo R8: the target may stand however late the word reaches it, even when the attempt was given up."""
    club = Club(3, timing=LEASES).lead("A")
    club.read("A")
    club.cut = "C"
    club.transfer("A", "C")
    club.pass_time(400 * MILLISECOND)
    assert isinstance(club["A"].role, Leader)
    for _ in range(2):
        club.sent.clear()
        club.read("A")
        assert ("A", "B", "Confirm") in club.sent


def test_no_lease_outlives_a_change_of_the_configuration() -> None:
    """Another majority decides from now on."""
    club = Club(3, 1, LEASES).lead("A")
    club.read("A")
    assert club.role("A").reading.lease_from is not None
    club.change("A", "vD", settle=False)
    assert club.role("A").reading.lease_from is None
