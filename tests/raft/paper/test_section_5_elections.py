"""Sections 5.1 and 5.2 of the Raft paper, sentence by sentence: states, terms, elections. The list is in `sentences.py`."""

import pytest

from cluster.raft import election_timer
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, RequestVote, VoteReply
from cluster.raft.state import Follower, Refuse, Save
from cluster.raft.step import begin
from cluster.raft.timing import Timing
from cluster.time_units import MILLISECOND
from tests.raft.club import Club
from tests.raft.paper.words import paper
from tests.raft.vocabulary import (
    PAPER,
    START,
    accepted,
    answer,
    append,
    ask,
    at,
    candidate,
    following,
    grant,
    leading,
    propose,
    refusal,
    role,
    said,
    store,
    take,
    the,
    wake,
)

SECOND = 1000 * MILLISECOND


def settled(size: int = 3, seconds: int = 2) -> Club:
    """A group by the paper's timing after a while; its nodes have not all the same luck."""
    club = Club(size, timing=PAPER)
    club.pass_time(seconds * SECOND)
    return club


# ---- 5.1 ----


def test_in_normal_times_one_leads_and_all_others_follow() -> None:
    """5.1.1: each is leader, follower or candidate; and five nodes go on while two are gone."""
    club = settled(5)
    roles = sorted(role(club[name]) for name in "ABCDE")
    assert roles == ["follower"] * 4 + ["leader"]
    [leader] = [name for name in "ABCDE" if club.leads(name)]
    club.cut = "".join(name for name in "ABCDE" if name != leader)[:2]
    club.put(leader)
    assert club[leader].commit == club.last(leader)


def test_followers_ask_nothing_of_anybody() -> None:
    """5.1.2: they answer; of all messages of a quiet time only the leader's are requests."""
    club = settled()
    [leader] = [name for name in "ABC" if club.leads(name)]
    club.sent.clear()
    club.pass_time(SECOND)
    assert {(sender == leader, kind) for sender, _, kind in club.sent} == {
        (True, "AppendEntries"),
        (False, "AppendReply"),
    }


def test_who_does_not_lead_sends_clients_to_the_leader() -> None:
    """5.1.3: it refuses, and knows who leads; nothing is passed on."""
    follower = following(paper(), "B")
    same, effects = propose(follower, b"x")
    assert same == follower
    assert isinstance(effects[0], Refuse)
    assert not said(effects)


def test_terms_count_on_with_each_election() -> None:
    """5.1.4: consecutive numbers; a term whose vote is split has no leader, and the next begins."""
    club = Club(2, timing=PAPER)
    club.cut = "AB"
    terms = []
    for _ in range(3):
        club.now = max(club.now, club["A"].wake_at)
        club.expire("A")
        club.settle()
        terms.append(club["A"].term)
    assert terms == [1, 2, 3]
    assert not club.leaders


def test_a_term_has_at_most_one_leader() -> None:
    """5.1.5: two candidates of one term: the votes are for one of them."""
    voter, effects = take(paper(), "B", ask(2))
    assert answer(effects).granted
    assert not answer(take(voter, "C", ask(2))[1]).granted


def test_terms_are_exchanged_and_the_larger_is_taken() -> None:
    """5.1.6: with every message, request or answer, each way."""
    for message in (append(6, (9, 9)), ask(6), accepted(6, 0), refusal(6)):
        assert take(paper(term=2), "B", message)[0].term == 6
    assert answer(take(paper(term=6), "B", append(2, (0, 0)))[1]).term == 6
    assert answer(take(paper(term=6), "B", ask(2))[1]).term == 6


def test_who_leads_or_stands_in_an_old_term_follows() -> None:
    """5.1.7: as soon as it hears so."""
    for before in (leading(paper(term=2)), candidate(paper(term=2))):
        assert role(take(before, "B", accepted(3, 0))[0]) == "follower"


@pytest.mark.parametrize("message", [append(1, (0, 0)), ask(1, (9, 1))])
def test_a_request_of_an_old_term_is_refused(message: AppendEntries | RequestVote) -> None:
    """5.1.8: and is no sign of life."""
    before = following(paper(term=2), "B")
    after, effects = take(before, "C", message, now=START + 100)
    assert after == before
    assert not (answer(effects).granted if isinstance(answer(effects), VoteReply) else answer(effects).success)


def test_what_is_not_answered_is_asked_again() -> None:
    """5.1.9: a candidate by its next round, a leader by its heartbeats; to all peers at the same time."""
    standing, effects = wake(paper())
    assert len(the(Save, effects).then) == 2
    _, effects = wake(store(standing, effects)[0])
    assert len(the(Save, effects).then) == 2
    leader, first = wake(leading(paper("1")))
    _, second = wake(leader)
    assert [to for to, _ in said(first)] == [to for to, _ in said(second)] == ["B", "C"]


# ---- 5.2 ----


def test_nodes_start_as_followers() -> None:
    """5.2.1: whatever they were before."""
    for vote in (None, "A", "B"):
        assert begin("A", Configuration.of("ABC"), PAPER, 5, vote, Log.of(), at()).role == Follower(None, START)


def test_a_follower_stays_one_while_it_hears_a_leader() -> None:
    """5.2.2: every valid request of a leader or a candidate it voted for starts the time anew."""
    follower, now = paper(), START
    for _ in range(20):
        now += 140 * MILLISECOND
        follower, _ = wake(follower, now=now, luck=0.0)
        follower, _ = take(follower, "B", append(1, (0, 0)), now=now, luck=0.0)
        assert follower.role == Follower("B", now)


def test_a_leader_beats_while_nothing_happens() -> None:
    """5.2.3: empty appends to all."""
    _, effects = wake(leading(paper("1 1")))
    assert [(to, message.entries) for to, message in said(effects) if isinstance(message, AppendEntries)] == [
        ("B", ()),
        ("C", ()),
    ]


def test_silence_for_an_election_timeout_begins_an_election() -> None:
    """5.2.4: not before, and then at once."""
    follower = following(paper(), "B")
    assert role(wake(follower, now=follower.wake_at - 1)[0]) == "follower"
    assert role(wake(follower)[0]) == "candidate"


def test_an_election_begins_with_the_own_vote() -> None:
    """5.2.5: term + 1, a vote for itself, and requests to all others at the same time."""
    standing, effects = wake(paper(term=8))
    assert (standing.term, standing.vote) == (9, "A")
    assert [send.to for send in the(Save, effects).then] == ["B", "C"]


def test_a_candidacy_has_three_ends() -> None:
    """5.2.6: it wins, another leads, or time passes."""
    standing = candidate(paper(term=2))
    assert role(take(standing, "B", grant(2))[0]) == "leader"
    assert role(take(standing, "B", append(2, (0, 0)))[0]) == "follower"
    assert wake(standing)[0].term == 3


@pytest.mark.parametrize(("voters", "needed"), [("ABC", 1), ("ABCD", 2), ("ABCDE", 2), ("ABCDEFG", 3)])
def test_a_majority_of_the_whole_cluster_wins(voters: str, needed: int) -> None:
    """5.2.7: of all that are members, not of those that answer; votes of another term do not count."""
    standing = candidate(paper(term=2, voters=voters))
    standing, _ = take(standing, voters[-1], grant(1))
    for count, voter in enumerate(voters[1:], 1):
        standing, _ = take(standing, voter, grant(2))
        assert role(standing) == ("leader" if count >= needed else "candidate")


def test_a_vote_goes_to_the_first_who_asks() -> None:
    """5.2.8: one a term."""
    voter, _ = take(paper(), "C", ask(2))
    voter, effects = take(voter, "B", ask(2, (9, 1)))
    assert (voter.vote, answer(effects).granted) == ("C", False)
    assert answer(take(voter, "B", ask(3))[1]).granted


def test_a_new_leader_speaks_to_all_at_once() -> None:
    """5.2.9: so that nobody else stands."""
    _, effects = take(candidate(paper()), "B", grant(1))
    assert [(to, type(message).__name__) for to, message in said(effects)] == [
        ("B", "AppendEntries"),
        ("C", "AppendEntries"),
    ]


@pytest.mark.parametrize(("term", "concedes"), [(1, False), (2, True), (3, True)])
def test_a_candidate_concedes_to_a_leader_of_its_term_or_a_later(term: int, concedes: bool) -> None:
    """5.2.10: of an earlier one it refuses, and stands on."""
    after, effects = take(candidate(paper(term=2)), "B", append(term, (0, 0)))
    assert role(after) == ("follower" if concedes else "candidate")
    assert answer(effects).success == concedes


def test_a_split_vote_ends_with_the_time() -> None:
    """5.2.11: each candidate begins another election in the next term."""
    standing = candidate(paper(term=2, voters="ABCD"))
    standing, _ = take(standing, "B", grant(2))
    standing, _ = take(standing, "C", refusal(2))
    standing, _ = take(standing, "D", refusal(2))
    assert (role(standing), standing.term) == ("candidate", 2), "refused by two of four, it waits"
    assert wake(standing)[0].term == 3


def test_timeouts_are_drawn_from_a_fixed_interval() -> None:
    """5.2.12: here 150 to 300 ms, every value of it as likely as any."""
    drawn = [election_timer.drawn(PAPER, False, luck / 10) for luck in range(10)]
    assert drawn == [150_000 + 15_000 * luck for luck in range(10)]
    assert election_timer.drawn(PAPER, True, 0.5) == election_timer.drawn(PAPER, False, 0.5)


@pytest.mark.parametrize("timing", [PAPER, Timing()])
def test_a_round_is_a_new_draw(timing: Timing) -> None:
    """5.2.13: each candidate draws anew at the start of an election. (Rachis: from its second round on, rule 3.1.)"""
    raft = begin("A", Configuration.of("ABC"), timing, 1, None, Log.of(), at(START, 0.0))
    raft, effects = wake(raft, luck=0.8)
    if timing is PAPER:
        assert raft.timeout == 270 * MILLISECOND
        raft, _ = store(raft, effects)
    before = raft.draws
    raft, effects = wake(raft, luck=0.4)
    assert raft.draws == before + 1
