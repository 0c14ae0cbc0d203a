"""Sections 5.3 to 5.6 of the Raft paper, sentence by sentence: replication and safety. The list is in `sentences.py`."""

import attrs
import pytest

from cluster.raft.messages import AppendEntries, RequestVote
from cluster.raft.state import Apply, Save, Send
from cluster.time_units import MILLISECOND
from tests.raft.club import Club
from tests.raft.paper.words import mixed, paper
from tests.raft.stage import Stage
from tests.raft.vocabulary import (
    PAPER,
    accepted,
    answer,
    append,
    applied,
    ask,
    candidate,
    grant,
    leading,
    of,
    only,
    progress,
    propose,
    refused,
    role,
    store,
    take,
    terms,
    the,
    wake,
)

SECOND = 1000 * MILLISECOND

# ---- 5.3 ----


def test_a_command_is_appended_and_sent_to_all_at_once() -> None:
    """5.3.1: the requests leave in parallel, and do not wait for the leader's own disk."""
    leader, effects = propose(leading(paper("1")), b"x")
    assert terms(leader.log) == "1 1"
    assert mixed(effects) == [("B", 1, 1), ("C", 1, 1)]


def test_what_is_safely_replicated_is_applied() -> None:
    """5.3.2: then, and not before, the state machine gets it and the client its result."""
    leader, effects = propose(leading(paper("1", commit=1)), b"x")
    leader, stored = store(leader, effects)
    assert only(Apply, [*effects, *stored]) == []
    _, effects = take(leader, "B", accepted(1, 2))
    assert applied(effects) == (2, 2)


def test_who_lacks_something_gets_it_in_the_end() -> None:
    """5.3.3: a follower that was away gets all of it, though the client has long been answered."""
    club = Club(3, timing=PAPER).lead("A")
    club.cut = "C"
    for _ in range(3):
        club.put("A")
    assert club["A"].commit == club.last("A") == 4
    club.cut = ""
    club.pass_time(SECOND)
    assert club["C"].log == club["A"].log


def test_an_entry_has_a_command_a_term_and_an_index() -> None:
    """5.3.4: the term in which the leader took it."""
    leader, _ = propose(leading(paper("1 1", term=4)), b"x")
    assert (leader.log.last_index, leader.log.entry(3).term, leader.log.entry(3).command) == (3, 4, b"x")


def test_a_majority_commits_an_entry_and_all_before_it() -> None:
    """5.3.5: of the leader that created it; entries of earlier leaders come along."""
    leader = leading(paper("1 2 3", term=3), B=progress(0, 1), C=progress(0, 1))
    _, effects = take(leader, "C", accepted(3, 3))
    assert applied(effects) == (1, 3)


def test_every_append_carries_the_commit_index() -> None:
    """5.3.6: heartbeats too (as far as the follower is known to hold it)."""
    leader, effects = propose(leading(paper("1 1", commit=2)), b"x")
    assert [send.message.commit for send in only(Send, effects)] == [2, 2]  # type: ignore[union-attr]
    _, effects = wake(leader)
    assert [send.message.commit for send in only(Send, effects)] == [2, 2]  # type: ignore[union-attr]


def test_a_follower_applies_what_it_learns_is_committed() -> None:
    """5.3.7: in log order."""
    follower, effects = take(paper("1 1 1"), "B", append(1, (3, 1), "", 3))
    assert the(Apply, effects) == Apply(1, follower.log.slice(1, 3))


def test_one_entry_an_index_and_a_term() -> None:
    """5.3.8: a leader writes each index of its term once, and entries never move."""
    leader = leading(paper("1"))
    seen = [leader.log]
    for _ in range(5):
        leader, _ = propose(leader, b"x")
        assert leader.log.cut(seen[-1].last_index) == seen[-1]
        seen.append(leader.log)
    assert [log.last_index for log in seen] == [1, 2, 3, 4, 5, 6]


def test_an_append_says_what_comes_before_it() -> None:
    """5.3.9: index and term; who does not have that refuses."""
    _, effects = propose(leading(paper("1 2 3", term=3)), b"x")
    sent = only(Send, effects)[0].message
    assert isinstance(sent, AppendEntries)
    assert (sent.prev_index, sent.prev_term) == (3, 3)
    assert not answer(take(paper("1 2", term=3, name="B"), "A", sent)[1]).success
    assert not answer(take(paper("1 2 2", term=3, name="B"), "A", sent)[1]).success


@pytest.mark.parametrize("held", ["1 2 3", "1 2 3 3", "1 2 3 2", "1 2 3 3 3"])
def test_who_accepts_holds_what_the_leader_holds(held: str) -> None:
    """5.3.10: up to the last entry of the request."""
    leader, effects = propose(leading(paper("1 2 3", term=4)), b"")
    message = only(Send, effects)[0].message
    follower, _ = take(paper(held, term=4, name="B"), "A", message)
    assert [follower.log.term_at(index) for index in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert leader.log.last_index == 4


def test_the_leaders_log_wins() -> None:
    """5.3.11: what conflicts with it is overwritten."""
    follower, _ = take(paper("1 2 2 2", term=3), "B", append(3, (1, 1), "3 3"))
    assert terms(follower.log) == "1 3 3"


def test_next_is_behind_the_last_entry_when_a_leader_begins() -> None:
    """5.3.12: its first append goes on from its last entry of before."""
    leader, effects = take(candidate(paper("1 1", term=2)), "B", grant(2))
    assert of(leader, "B").next == 3
    assert mixed(effects) == [("B", 2, 1), ("C", 2, 1)]


@pytest.mark.parametrize("held", ["", "1", "1 1", "1 2", "1 2 2", "1 2 2 2 2"])
def test_a_refusal_is_tried_again_until_the_logs_agree(held: str) -> None:
    """5.3.13: then all that conflicts goes and all that lacks comes."""
    stage = Stage(3, 0, PAPER, slow_disks=False)
    for name, log in {"A": "1 1 3", "B": held, "C": "1 1 3"}.items():
        stage.put_on_disk(name, log, 3, None, 0)
    stage.campaign("A")
    stage.settle_all(lambda _sender, _to: True)
    assert terms(stage.nodes["A"].log) == "1 1 3 4"
    assert stage.nodes["B"].log == stage.nodes["A"].log


def test_one_refusal_passes_over_a_whole_term() -> None:
    """5.3.14: the refusal names a term and an index, so that a term costs one round and not an entry."""
    leader = leading(paper("1 1 4 4 4 4", term=5), B=progress(0, 7, probing=True, inflight=(6,)))
    leader = attrs.evolve(leader, log=leader.log)
    _, effects = take(paper("1 1 2 2 2 2 2", term=5, name="B"), "A", append(5, (6, 4), "5"))
    reply = answer(effects)
    assert (reply.hint_index, reply.hint_term) == (6, 2)
    leader, _ = take(leader, "B", refused(5, 6, (6, 2)))
    assert of(leader, "B").next == 3


def test_a_leader_only_appends() -> None:
    """5.3.15: it never overwrites or deletes what it holds."""
    leader, _ = take(candidate(paper("1 1 2", term=3)), "B", grant(3))
    assert terms(leader.log) == "1 1 2 3"
    with pytest.raises(AssertionError, match="both lead term 3"):
        take(leader, "B", append(3, (1, 1), "3"))


def test_one_slow_follower_holds_nobody_up() -> None:
    """5.3.16: one round of requests to a majority commits."""
    club = Club(5, timing=PAPER).lead("A")
    club.cut = "DE"
    club.sent.clear()
    club.put("A")
    assert club["A"].commit == club.last("A")
    assert sorted(club.sent) == sorted(
        [("A", peer, "AppendEntries") for peer in "BCDE"] + [(peer, "A", "AppendReply") for peer in "BC"]
    )


# ---- 5.4 ----


def test_a_voter_with_more_refuses() -> None:
    """5.4.1.1: so whoever wins holds all that is committed, for a majority holds each of it."""
    for own, last in (("1 1", (1, 1)), ("2", (9, 1))):
        _, effects = take(paper(own, term=2), "B", ask(3, last))
        assert not answer(effects).granted


def test_a_later_last_term_is_more_up_to_date() -> None:
    """5.4.1.2: however short the log."""
    assert answer(take(paper("1 1 1", term=2), "B", ask(3, (1, 2)))[1]).granted
    assert not answer(take(paper("2", term=2), "B", ask(3, (3, 1)))[1]).granted


def test_with_equal_last_terms_the_longer_log_is_more_up_to_date() -> None:
    """5.4.1.3: equal is enough."""
    for last, yes in (((1, 1), False), ((2, 1), True), ((3, 1), True)):
        assert answer(take(paper("1 1"), "B", ask(2, last))[1]).granted == yes


def test_entries_flow_from_leaders_to_followers() -> None:
    """5.4.1.4: a request for a vote names the log's end and carries nothing of it; nor does an answer."""
    _, effects = wake(paper("1 1"))
    for send in the(Save, effects).then:
        assert isinstance(send.message, RequestVote)
        assert (send.message.last_index, send.message.last_term) == (2, 1)


def test_an_entry_of_an_earlier_term_on_a_majority_is_not_committed() -> None:
    """5.4.2.1: figure 8: entry 2 of term 2 is on three of five, and may still be overwritten by an entry of term 3."""
    leader = leading(paper("1 2", term=4, voters="ABCDE"), B=progress(1), C=progress(1), D=progress(1), E=progress(1))
    leader, _ = take(leader, "B", accepted(4, 2))
    leader, effects = take(leader, "C", accepted(4, 2))
    assert (leader.commit, list(effects)) == (0, [])
    rival, effects = take(paper("1 2", term=4, name="B", voters="ABCDE"), "E", ask(5, (2, 3)))
    assert answer(effects).granted
    overwritten, _ = take(rival, "E", append(5, (1, 1), "3"))
    assert terms(overwritten.log) == "1 3"


def test_an_own_entry_commits_the_earlier_ones_with_it() -> None:
    """5.4.2.2: figure 8 again, with an entry of term 4: then E cannot win any more."""
    leader = leading(paper("1 2 4", term=4, voters="ABCDE"), B=progress(1), C=progress(1), D=progress(1), E=progress(1))
    leader, _ = take(leader, "B", accepted(4, 3))
    leader, effects = take(leader, "C", accepted(4, 3))
    assert applied(effects) == (1, 3)
    assert not answer(take(paper("1 2 4", term=4, name="B", voters="ABCDE"), "E", ask(5, (2, 3)))[1]).granted


def test_entries_keep_the_term_they_were_made_in() -> None:
    """5.4.2.3: a leader sends old entries with their old terms."""
    leader = leading(paper("1 2", term=5), B=progress(0, 1))
    leader, effects = propose(leader, b"x")
    first = only(Send, effects)[0].message
    assert isinstance(first, AppendEntries)
    assert [entry.term for entry in first.entries] == [1, 2, 5]


def test_every_later_leader_holds_what_is_committed() -> None:
    """5.4.3.1: whoever may have voted, by the rules above: of all sets of three voters in five none elects without it."""
    holders = "ABC"  # a majority holds [1 2 4], the others [1 3 3 3]
    for rival in "DE":
        votes = [
            name
            for name in "ABCDE"
            if name != rival
            and answer(
                take(
                    paper("1 2 4" if name in holders else "1 3 3 3", term=4, name=name, voters="ABCDE"),
                    rival,
                    ask(5, (4, 3)),
                )[1]
            ).granted
        ]
        assert len(votes) + 1 < 3


def test_nobody_applies_another_command_at_an_index() -> None:
    """5.4.3.2: what was committed cannot be overwritten: told to, a node stops loudly."""
    follower, _ = take(paper("1 1"), "B", append(1, (2, 1), "", 2))
    with pytest.raises(AssertionError, match="Leader Completeness"):
        take(follower, "C", append(2, (1, 1), "2"))


# ---- 5.5, 5.6 ----


def test_who_is_down_is_asked_again_and_again() -> None:
    """5.5.1: when it is back, it answers, and has everything."""
    club = Club(3, timing=PAPER).lead("A")
    club.cut = "B"
    club.put("A")
    club.pass_time(2 * SECOND)
    assert club["B"].log.last_index == 1
    club.cut = ""
    club.crash("B")
    club.pass_time(SECOND)
    assert club["B"].log == club["A"].log


def test_the_same_request_twice_does_no_harm() -> None:
    """5.5.2: a node that died before it answered is asked the same again: same answer, same log."""
    once, effects = take(paper("1"), "B", append(1, (1, 1), "1 1", 2))
    twice, again = take(once, "B", append(1, (1, 1), "1 1", 2))
    assert answer(effects) == answer(again)
    assert (twice.log, twice.commit) == (once.log, once.commit)
    voted, effects = take(paper(), "B", ask(2))
    assert answer(take(voted, "B", ask(2))[1]) == answer(effects)


def test_entries_that_are_there_already_are_passed_over() -> None:
    """5.5.3: an old append cuts nothing of what a later one brought."""
    late, _ = take(paper("1 1 1 1"), "B", append(1, (1, 1), "1"))
    assert terms(late.log) == "1 1 1 1"


def test_no_time_makes_it_unsafe() -> None:
    """5.6.1: a step knows one instant and no duration of anything: a node woken at any time keeps its vote and its log."""
    for late in (0, 1, 10**9, 10**15):
        voter, _ = take(paper("1", vote="B"), "C", ask(1, (9, 9)), now=late)
        assert voter.vote == "B"
        assert role(wake(paper("1"), now=late)[0]) in ("follower", "candidate")


def test_a_leader_beats_much_more_often_than_others_lose_patience() -> None:
    """5.6.2: broadcast time well below election timeouts: a beat may be lost, and a leader stays one for as long as it lives."""
    assert PAPER.heartbeat < PAPER.election * PAPER.first[0] // PAPER.first[1]
    club = Club(3, timing=PAPER).lead("A")
    club.pass_time(60 * SECOND)
    assert club.leads("A")
    assert club["A"].term == 1
