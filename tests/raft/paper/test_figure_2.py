"""Figure 2 of the Raft paper, sentence by sentence: one test each, by the paper's own timing. The list is in `sentences.py`."""

import pytest

from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, RequestVote
from cluster.raft.state import Apply, Follower, Raft, Save, Send
from cluster.raft.step import begin
from cluster.time_units import MILLISECOND
from tests.raft.paper.words import mixed, paper
from tests.raft.vocabulary import (
    PAPER,
    START,
    accepted,
    answer,
    append,
    applied,
    ask,
    at,
    candidate,
    following,
    grant,
    leading,
    of,
    only,
    progress,
    propose,
    refusal,
    refused,
    role,
    said,
    store,
    take,
    terms,
    the,
    wake,
)

# ---- state ----


def test_the_current_term_is_kept() -> None:
    """F2.state.1: a node that has never run is in term 0; what the disk says is where it begins, and it only grows."""
    fresh = paper(term=0)
    assert fresh.term == 0
    later, effects = take(fresh, "B", append(4, (0, 0)))
    assert the(Save, effects).term == 4
    assert take(later, "C", append(3, (0, 0)))[0].term == 4
    assert begin("A", later.configuration, PAPER, 4, None, Log.of(), at()).term == 4


def test_the_vote_is_kept() -> None:
    """F2.state.2: whom it voted for in the current term, if anybody; that survives a restart."""
    voter, effects = take(paper(), "B", ask(2))
    saved = the(Save, effects)
    assert (saved.term, saved.vote) == (2, "B")
    again = begin("A", voter.configuration, PAPER, saved.term, saved.vote, Log.of(), at())
    assert not answer(take(again, "C", ask(2))[1]).granted


def test_the_log_is_kept() -> None:
    """F2.state.3: entries with a command and the term in which a leader took it, the first at index 1."""
    leader, effects = propose(leading(paper(term=3)), b"x")
    saved = the(Save, effects)
    assert (saved.after, saved.entries) == (0, (leader.log.entry(1),))
    assert (leader.log.entry(1).term, leader.log.entry(1).command) == (3, b"x")


def test_the_commit_index_begins_at_0() -> None:
    """F2.state.4: the highest index known to be committed; it is not on disk, and never falls."""
    again = begin("A", paper().configuration, PAPER, 1, None, paper("1 1").log, at())
    assert again.commit == 0
    higher, _ = take(following(again, "B"), "B", append(1, (2, 1), "", 2))
    assert take(higher, "B", append(1, (2, 1), "", 1))[0].commit == 2


def test_what_was_applied_begins_at_0() -> None:
    """F2.state.5: after a restart everything is applied once more, from entry 1."""
    again = begin("A", paper().configuration, PAPER, 1, None, paper("1 1").log, at())
    _, effects = take(again, "B", append(1, (2, 1), "", 2))
    assert applied(effects) == (1, 2)


def test_next_begins_behind_the_leaders_last_entry() -> None:
    """F2.state.6: for each server, on each election: the leader's last index + 1 (here before its own empty entry)."""
    leader, _ = take(candidate(paper("1 1 1", term=2)), "B", grant(2))
    assert [of(leader, peer).next for peer in "BC"] == [4, 4]


def test_match_begins_at_0_and_only_grows() -> None:
    """F2.state.7: what a server is known to hold, for each server, forgotten on each election."""
    leader, _ = take(candidate(paper("1 1 1", term=2)), "B", grant(2))
    assert [of(leader, peer).match for peer in "BC"] == [0, 0]
    leader, _ = take(leader, "B", accepted(2, 4))
    leader, _ = take(leader, "B", accepted(2, 3))
    assert of(leader, "B").match == 4


@pytest.mark.parametrize("message", [ask(2), append(2, (0, 0)), append(1, (0, 0), "1")])
def test_what_must_persist_is_durable_before_the_answer(message: RequestVote | AppendEntries) -> None:
    """F2.state.8: an answer leaves only when term, vote and entries are on disk: it rides on the Save."""
    _, effects = take(paper(), "B", message)
    assert only(Send, effects) == []
    assert len(the(Save, effects).then) == 1


# ---- AppendEntries ----


def test_append_of_an_earlier_term_is_refused() -> None:
    """F2.append.1: and changes nothing."""
    follower = paper(term=3)
    after, effects = take(follower, "B", append(2, (0, 0), "2"))
    assert after == follower
    assert not answer(effects).success


def test_append_behind_an_entry_that_is_not_there_is_refused() -> None:
    """F2.append.2: no entry at prevLogIndex, or one of another term."""
    for prev in ((3, 1), (2, 2)):
        _, effects = take(paper("1 1", term=2), "B", append(2, prev, "2"))
        assert not answer(effects).success


def test_a_conflict_deletes_the_entry_and_all_behind_it() -> None:
    """F2.append.3: same index, another term."""
    follower, effects = take(paper("1 1 1 1", term=2), "B", append(2, (1, 1), "2"))
    assert terms(follower.log) == "1 2"
    assert the(Save, effects).after == 1


def test_only_what_is_new_is_appended() -> None:
    """F2.append.4: what is there already stays as it is, and nothing is written for it."""
    follower, effects = take(paper("1 1 1"), "B", append(1, (1, 1), "1 1 1"))
    assert terms(follower.log) == "1 1 1 1"
    saved = the(Save, effects)
    assert (saved.after, len(saved.entries)) == (3, 1)


@pytest.mark.parametrize(("leaders", "own"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_commit_follows_the_leaders_up_to_the_last_new_entry(leaders: int, own: int) -> None:
    """F2.append.5: min(leaderCommit, index of the last new entry); what lies behind that entry was not verified."""
    follower, _ = take(paper("1 1 1 1", commit=1), "B", append(1, (2, 1), "1", leaders))
    assert follower.commit == own


def test_the_answer_to_an_append_carries_the_term() -> None:
    """F2.append.6: for the leader to update itself; success means that the entry before was there."""
    assert answer(take(paper(term=7), "B", append(2, (0, 0)))[1]).term == 7
    assert answer(take(paper(term=7), "B", append(7, (0, 0)))[1]).success
    assert role(take(leading(paper(term=2)), "B", refused(7, 0, (0, 0)))[0]) == "follower"


def test_a_follower_learns_who_leads_from_an_append() -> None:
    """F2.append.7: so that it can send clients there."""
    follower, _ = take(paper(), "C", append(1, (0, 0)))
    assert follower.role == Follower("C", START)


def test_an_append_may_be_empty_or_carry_many() -> None:
    """F2.append.8: empty for a heartbeat; more than one for efficiency."""
    leader, effects = wake(leading(paper("1")))
    assert all(isinstance(each, AppendEntries) and not each.entries for _, each in said(effects))
    leader, effects = propose(leader, b"x", b"y", b"z")
    assert [len(send.message.entries) for send in only(Send, effects)] == [3, 3]  # type: ignore[union-attr]


# ---- RequestVote ----


def test_a_vote_in_an_earlier_term_is_refused() -> None:
    """F2.vote.1: whatever the log."""
    voter = paper(term=3)
    after, effects = take(voter, "B", ask(2, (9, 2)))
    assert after == voter
    assert not answer(effects).granted


@pytest.mark.parametrize(
    ("voted", "last", "yes"),
    [
        (None, (2, 1), True),
        ("B", (2, 1), True),
        ("C", (2, 1), False),
        (None, (1, 1), False),
        (None, (3, 1), True),
        ("C", (9, 1), False),
    ],
)
def test_a_vote_is_given_to_who_may_have_it(voted: str | None, last: tuple[int, int], yes: bool) -> None:
    """F2.vote.2: if none was given, or to the same candidate, and its log is at least as up to date."""
    voter, effects = take(paper("1 1", vote=voted), "B", ask(1, last))
    assert answer(effects).granted == yes
    assert voter.vote == ("B" if yes else voted)


def test_the_answer_to_a_request_carries_the_term() -> None:
    """F2.vote.3: for the candidate to update itself."""
    assert answer(take(paper(term=7), "B", ask(2))[1]).term == 7
    assert take(candidate(paper(term=2)), "B", refusal(7, asked=2))[0].term == 7


# ---- all servers ----


def test_what_is_committed_is_applied_in_order() -> None:
    """F2.all.1: each entry once, by index."""
    follower, effects = take(paper("1 1 1"), "B", append(1, (3, 1), "", 2))
    assert the(Apply, effects) == Apply(1, follower.log.slice(1, 2))
    _, effects = take(follower, "B", append(1, (3, 1), "", 3))
    assert the(Apply, effects) == Apply(3, follower.log.slice(3, 3))


@pytest.mark.parametrize("before", [following(paper(), "C"), candidate(paper()), leading(paper())], ids=role)
@pytest.mark.parametrize(
    "message", [append(5, (9, 9)), ask(5, (0, 0)), accepted(5, 0), refusal(5)], ids=lambda each: type(each).__name__
)
def test_a_later_term_in_any_message_makes_a_follower(before: Raft, message: object) -> None:
    """F2.all.2: requests and answers alike. (Rachis: not by a request it refuses, rules 3.18 to 3.21.)"""
    after, _ = take(before, "B", message)  # type: ignore[arg-type]
    assert (role(after), after.term) == ("follower", 5)


# ---- followers ----


def test_a_follower_answers_candidates_and_leaders() -> None:
    """F2.follower.1: and says nothing unasked."""
    assert len(said(take(paper(), "B", ask(2))[1])) == 1
    assert len(said(take(paper(), "B", append(1, (0, 0)))[1])) == 1


@pytest.mark.parametrize("sign", [append(1, (0, 0)), append(1, (9, 9)), ask(1)])
def test_who_hears_no_leader_and_gave_no_vote_stands(sign: object) -> None:
    """F2.follower.2: the timer runs from the last append of the current leader, or the last vote given."""
    follower = paper()
    heard, effects = take(follower, "B", sign, now=START + 100 * MILLISECOND, luck=0.0)  # type: ignore[arg-type]
    assert effects
    early, _ = wake(heard, now=START + 249 * MILLISECOND)
    assert role(early) == "follower"
    assert role(wake(early, now=START + 250 * MILLISECOND)[0]) == "candidate"


# ---- candidates ----


def test_to_stand_is_four_things() -> None:
    """F2.candidate.1: the next term, a vote for itself, a new timer, a request to every other."""
    standing, effects = wake(paper("1", term=4), luck=0.0)
    saved = the(Save, effects)
    assert (standing.term, standing.vote, saved.term, saved.vote) == (5, "A", 5, "A")
    assert saved.then == tuple(Send(peer, ask(5, (1, 1))) for peer in "BC")
    stored, _ = store(standing, effects, now=START)
    assert stored.wake_at == START + 150 * MILLISECOND


def test_a_majority_of_votes_makes_a_leader() -> None:
    """F2.candidate.2: its own counted: two of three, three of five, at once."""
    assert role(take(candidate(paper()), "B", grant(1))[0]) == "leader"
    standing = candidate(paper(voters="ABCDE"))
    standing, _ = take(standing, "B", grant(1))
    assert role(standing) == "candidate"
    assert role(take(standing, "C", grant(1))[0]) == "leader"


def test_a_new_leaders_append_ends_a_candidacy() -> None:
    """F2.candidate.3: of its own term, too."""
    after, _ = take(candidate(paper(term=2)), "B", append(2, (0, 0)))
    assert after.role == Follower("B", START)


def test_a_candidacy_without_result_begins_anew() -> None:
    """F2.candidate.4: when the time is over, in the next term."""
    standing = candidate(paper(term=2))
    again, effects = wake(standing)
    assert (role(again), again.term) == ("candidate", 3)
    assert len(the(Save, effects).then) == 2


# ---- leaders ----


def test_a_leader_shows_itself_at_once_and_again() -> None:
    """F2.leader.1: an append to everybody on winning (it carries the empty entry of §8), heartbeats while nothing happens."""
    leader, effects = take(candidate(paper()), "B", grant(1))
    assert [to for to, _ in said(effects)] == ["B", "C"]
    for number in (1, 2, 3):
        leader, effects = wake(leader)
        assert [(to, each.beat) for to, each in said(effects)] == [("B", number), ("C", number)]
    assert PAPER.heartbeat < PAPER.election // 2


def test_a_command_is_appended_and_answered_when_it_is_applied() -> None:
    """F2.leader.2: what the client hears comes from applying: before the commit there is nothing."""
    leader, effects = propose(leading(paper("1", commit=1)), b"x")
    assert terms(leader.log) == "1 1"
    assert applied(effects) == (0, 0)
    leader, effects = take(leader, "B", accepted(1, 2))
    assert applied(effects) == (0, 0)
    _, effects = take(leader, "C", accepted(1, 2))
    [entry] = the(Apply, effects).entries
    assert entry.command == b"x"


def test_what_a_follower_lacks_is_sent_from_next_on() -> None:
    """F2.leader.3: to each from its own place."""
    leader = leading(paper("1 1 1"), B=progress(2), C=progress(1, 2))
    leader, effects = propose(leader, b"x")
    assert mixed(effects) == [("B", 2, 2), ("C", 1, 3)]


def test_an_acceptance_moves_next_and_match() -> None:
    """F2.leader.4: to what was acknowledged."""
    leader, _ = take(leading(paper("1 1 1"), B=progress(0, 1, probing=True, inflight=(3,))), "B", accepted(1, 3))
    assert (of(leader, "B").match, of(leader, "B").next) == (3, 4)


def test_a_refusal_moves_next_back_and_is_tried_again() -> None:
    """F2.leader.5: by one, or by more where the hint allows (end of §5.3)."""
    leader = leading(paper("1 1 1"), B=progress(0, 3, probing=True, inflight=(3,)))
    leader, effects = take(leader, "B", refused(1, 2, (1, 1)))
    assert of(leader, "B").next == 2
    assert mixed(effects) == [("B", 1, 2)]


@pytest.mark.parametrize(
    ("held", "match", "commit"), [("1 1 1", 2, 2), ("1 1 2", 2, 0), ("1 2 2", 2, 2), ("1 1 2", 3, 3), ("1 1 1", 0, 0)]
)
def test_a_majority_and_the_own_term_commit(held: str, match: int, commit: int) -> None:
    """F2.leader.6: an N above the commit index that a majority holds and that is of the current term."""
    term = int(held.split()[-1])
    leader = leading(paper(held, term=term), B=progress(0, 1), C=progress(0, 1))
    leader, _ = take(leader, "B", accepted(term, match))
    assert leader.commit == commit
