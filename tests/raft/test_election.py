"""Who may lead: trials, votes, refusals, and what must be on disk first (§5.2, §5.4; rules 3.7-3.24, 3.37)."""

import attrs
import pytest

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import AppendReply, VoteReply
from cluster.raft.state import Follower, Leader, Save, Send, Stored
from cluster.raft.step import begin, step
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER, MILLISECOND
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
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
    node,
    only,
    progress,
    refusal,
    refused,
    role,
    said,
    store,
    take,
    the,
    wake,
)

# ---- standing ----


def test_a_candidate_first_asks_whether_it_could_win() -> None:
    """Rule 3.10: a trial asks for the next term and saves nothing."""
    standing, effects = wake(node("1 1"))
    assert effects == tuple(Send(peer, ask(2, (2, 1), trial=True)) for peer in "BC")
    assert (role(standing), standing.term, standing.vote) == ("trial", 1, None)


def test_a_trial_won_leads_to_the_real_election_in_the_same_term() -> None:
    """Rule 3.10: it votes for itself and saves that before it asks anybody."""
    trial, _ = wake(node("1 1"))
    standing, effects = take(trial, "B", grant(1, asked=2, trial=True))
    saving = the(Save, effects)
    assert (saving.term, saving.vote, saving.after) == (2, "A", -1)
    assert saving.then == tuple(Send(peer, ask(2, (2, 1))) for peer in "BC")
    assert only(Send, effects) == []
    assert standing.term == 2


def test_the_own_vote_counts_when_it_is_durable() -> None:
    """§5.2, zoo D1: with one other grant it does not lead before its own vote is on disk."""
    standing, effects = wake(node(timing=PAPER))
    standing, _ = take(standing, "B", grant(2))
    assert role(standing) == "candidate"
    standing, _ = store(standing, effects)
    assert role(standing) == "leader"


def test_another_save_does_not_stand_for_the_own_vote() -> None:
    """A Save of an earlier term that becomes durable late is not the vote."""
    follower, earlier = take(node(term=1), "B", append(2, (0, 0), "2"))
    standing, effects = wake(following(follower, "B"), now=START + 700 * MILLISECOND)
    standing, effects = take(standing, "B", grant(2, asked=3, trial=True))
    standing, _ = take(standing, "C", grant(3))
    first = the(Save, earlier)
    standing, _ = step(standing, Stored(first.term, first.vote, 1, first.number), at())
    assert role(standing) == "candidate"
    standing, _ = store(standing, effects)
    assert role(standing) == "leader"


def test_a_round_waits_for_the_disk() -> None:
    """Nobody is asked before the vote is durable, so the round's time begins then: a slow disk costs no terms."""
    standing, effects = wake(node(timing=PAPER))
    assert standing.wake_at == FOREVER
    standing, _ = store(standing, effects, now=START + 5_000 * MILLISECOND)
    assert standing.wake_at == START + 5_000 * MILLISECOND + standing.timeout


def test_a_round_may_count_its_own_write() -> None:
    """LogCabin's: the round began when the node stood, and it runs out whether or not its vote is durable."""
    standing, effects = wake(node(timing=attrs.evolve(PAPER, writing_counts=True)))
    ends = standing.ticks_from + standing.timeout
    assert standing.wake_at == ends
    stored, _ = store(standing, effects, now=ends - 1)
    assert stored.wake_at == ends
    again, _ = wake(standing)
    assert (again.term, again.wake_at) == (standing.term + 1, ends + again.timeout)


@pytest.mark.parametrize(("timing", "luck", "patience"), [(PAPER, 0.0, 150), (PAPER, 0.9, 285), (RACHIS, 0.9, 250)])
def test_the_papers_voter_draws_anew(timing: Timing, luck: float, patience: int) -> None:
    """§5.2: whoever gave a vote waits as long as anybody; who lost patience late is not late for ever (rule 3.3: its own)."""
    voter, _ = take(node(timing=timing), "B", ask(2), luck=luck)
    assert voter.vote == "B"
    assert voter.timeout == patience * MILLISECOND


@pytest.mark.parametrize("timing", [RACHIS, PAPER])
def test_the_only_node_leads_at_once(timing: Timing) -> None:
    """Rules 3.7, 3.8: no timeout, no trial; its own vote, then its own entry, must be durable."""
    alone = begin("A", Configuration.of("A"), timing, 0, None, Log.of(), at())
    assert alone.wake_at == START
    alone, effects = wake(alone)
    assert role(alone) == "candidate"
    alone, effects = store(alone, effects)
    assert (role(alone), alone.commit, alone.wake_at) == ("leader", 0, FOREVER)
    alone, effects = store(alone, effects)
    assert alone.commit == 1
    assert isinstance(alone.role, Leader)
    assert alone.role.ready


def test_a_cut_off_candidate_does_not_climb_terms() -> None:
    """Rule 3.11: round after round it asks for the same term, and says in `beat` that it only asks again."""
    alone = node(term=5)
    for rounds in range(4):
        alone, effects = wake(alone)
        assert [message for _, message in said(effects)] == [attrs.evolve(ask(6, trial=True), beat=rounds)] * 2
    assert alone.term == 5


def test_by_the_paper_a_candidate_climbs_terms() -> None:
    """§5.2: without trials each round is a new term, saved."""
    alone = node(term=5, timing=PAPER)
    for term in (6, 7, 8):
        alone, effects = wake(alone)
        alone, _ = store(alone, effects, alone.ticks_from)
        assert alone.term == term


# ---- counting ----


@pytest.mark.parametrize(
    ("asked", "trial", "why"),
    [(1, False, "an earlier term (zoo E1)"), (2, True, "a trial"), (3, False, "a later term")],
)
def test_only_a_grant_of_what_is_asked_counts(asked: int, trial: bool, why: str) -> None:
    """A grant names what was asked; a grant of anything else is not one."""
    standing = candidate(node(term=2))
    standing, _ = take(standing, "B", VoteReply(2, asked, True, trial, 0))
    assert role(standing) == "candidate", why
    standing, _ = take(standing, "B", grant(2))
    assert role(standing) == "leader"


def test_a_voter_counts_once() -> None:
    """Zoo E3: the same grant twice is one vote of five."""
    standing = candidate(node(voters="ABCDE"))
    for _ in range(2):
        standing, _ = take(standing, "B", grant(1))
    assert role(standing) == "candidate"
    standing, _ = take(standing, "C", grant(1))
    assert role(standing) == "leader"


def test_whose_answers_are_heard() -> None:
    """An echo of itself changes nothing, and no stranger's answer does; but a stranger may lead or stand (dissertation, 4.1)."""
    standing = candidate(node())
    for message in (grant(1), append(9, (0, 0)), ask(9), accepted(9, 0)):
        assert take(standing, "A", message) == (standing, ())
    for message in (grant(1), refusal(9), accepted(9, 0), refused(9, 0, (0, 0))):
        assert take(standing, "X", message) == (standing, ())
    assert take(standing, "X", append(9, (0, 0)))[0].role == Follower("X", START)
    assert answer(take(node(), "X", ask(2))[1]).granted


def test_a_refusal_of_a_later_term_ends_the_candidacy() -> None:
    """Rule 3.24: the higher term is saved; it follows nobody yet, and its timer runs on."""
    for standing in (candidate(node(term=2)), candidate(node(term=2), trial=True)):
        after, effects = take(standing, "B", refusal(7, asked=2))
        assert the(Save, effects) == Save(7, None, -1, (), (), 1)
        assert (role(after), after.term, after.vote) == ("follower", 7, None)
        assert after.wake_at == standing.wake_at


def test_late_answers_after_the_election_change_nothing() -> None:
    """A leader and a follower do not count votes."""
    for settled in (leading(node()), following(node(), "B")):
        assert take(settled, "C", grant(1)) == (settled, ())


# ---- voting ----


def test_a_vote_is_given_once_it_is_durable() -> None:
    """§5.2: the answer rides on the Save of the vote."""
    voter, effects = take(node(), "B", ask(2))
    assert the(Save, effects) == Save(2, "B", -1, (), (Send("B", grant(2)),), 1)
    assert only(Send, effects) == []
    assert voter.vote == "B"


def test_the_same_vote_again_before_it_is_durable() -> None:
    """Zoo E7: a repeat is granted; until the vote is on disk it rides on an empty Save, afterwards it just leaves."""
    voter, effects = take(node(), "B", ask(2))
    voter, repeated = take(voter, "B", ask(2))
    assert the(Save, repeated) == Save(2, "B", -1, (), (Send("B", grant(2)),), 2)
    voter, _ = store(voter, effects)
    _, repeated = take(voter, "B", ask(2))
    assert repeated == (Send("B", grant(2)),)


def test_a_vote_survives_a_step_down_within_its_term() -> None:
    """Zoo E2: a candidate that hears its term's leader keeps its vote for itself, and refuses a late request."""
    loser, _ = take(candidate(node()), "B", append(1, (0, 0), "1"))
    assert (role(loser), loser.vote) == ("follower", "A")
    _, effects = take(loser, "C", ask(1, (9, 9)))
    assert not answer(effects).granted


def test_a_vote_does_not_survive_its_term() -> None:
    """§5.2: a new term, a new vote."""
    voter, _ = take(node(vote="C"), "B", append(2, (0, 0)))
    assert (voter.term, voter.vote) == (2, None)


def test_a_vote_defers_the_own_candidacy() -> None:
    """Rule 3.3: casting a vote counts as a sign."""
    voter = node()
    later = START + voter.timeout - 1
    voter, _ = take(voter, "B", ask(2), now=later)
    assert voter.role == Follower(None, later)
    voter, effects = wake(voter, now=later + 1)
    assert effects == ()


def test_the_leaders_own_request_is_not_refused_for_its_sake() -> None:
    """Rule 3.13: the leader itself asks for a later term, so it leads no more and protects nobody."""
    follower = following(node(), "B")
    follower, effects = take(follower, "B", ask(2, trial=True))
    assert answer(effects).granted
    assert follower.role == Follower(None, START)


def test_a_late_request_of_the_leader_is_no_farewell() -> None:
    """A request of the term it leads was on its way when it won: it stays the leader."""
    follower = following(node(vote="B"), "B")
    follower, _ = take(follower, "B", ask(1))
    assert follower.role == Follower("B", START)


def test_a_request_of_no_later_term_is_refused() -> None:
    """Rule 3.17: the answer carries the voter's term, and nothing changes. A trial must be of a later term."""
    voter = node(term=3)
    for request in (ask(2), ask(3, trial=True), ask(2, trial=True)):
        assert take(voter, "B", request) == (voter, (Send("B", refusal(3, request.term, request.trial)),))


def test_a_leader_in_good_standing_refuses() -> None:
    """Rule 3.19: and keeps its term; unless the request is forced, because the old leader gave up by itself."""
    leader = leading(node())
    same, effects = take(leader, "B", ask(2))
    assert (same, answer(effects)) == (leader, refusal(1, asked=2))
    after, effects = take(leader, "B", ask(2, forced=True))
    assert answer(effects) == grant(2)
    assert (role(after), after.vote) == ("follower", "B")


def test_a_far_term_is_approached_and_refused() -> None:
    """Rule 3.21: the voter raises its own term to the one before, gives no vote, and refuses this time."""
    for trial in (False, True):
        voter, effects = take(following(node(term=2, vote="B"), "B"), "C", ask(7, trial=trial))
        assert answer(effects) == refusal(6, asked=7, trial=trial)
        assert the(Save, effects).term == 6
        assert (voter.term, voter.vote, voter.role) == (6, None, Follower(None, START))
        _, effects = take(voter, "C", ask(7, trial=trial))
        assert answer(effects).granted


def test_a_far_term_with_an_old_log_is_not_approached() -> None:
    """Rule 3.18 comes first: whose last entry is of an older term is refused with the voter's own term."""
    voter = node("2", term=2)
    assert take(voter, "C", ask(7, (9, 1))) == (voter, (Send("C", refusal(2, asked=7)),))


def test_a_trial_is_refused_while_the_leader_is_heard() -> None:
    """Rule 3.22: within T/2 of the last sign; a real request is not refused for that."""
    follower = following(node(), "B")
    for age, granted in ((0, False), (150 * MILLISECOND, False), (150 * MILLISECOND + 1, True)):
        _, effects = take(follower, "C", ask(2, trial=True), now=START + age)
        assert answer(effects).granted == granted
    _, effects = take(follower, "C", ask(2))
    assert answer(effects).granted


def test_a_trial_is_refused_to_a_shorter_log() -> None:
    """Rule 3.22: the same last term, and less of it."""
    for last, granted in (((1, 1), False), ((2, 1), True)):
        _, effects = take(node("1 1"), "C", ask(2, last, trial=True))
        assert answer(effects).granted == granted


def test_by_the_paper_the_term_is_adopted_even_when_the_vote_is_refused() -> None:
    """§5.1: by Rachis's rules it is not (rules 3.18, 3.21): a refusal leaves the voter's term alone."""
    paper, effects = take(node("2", term=2, timing=PAPER), "B", ask(3, (1, 1)))
    assert (paper.term, answer(effects)) == (3, refusal(3))
    rachis, effects = take(node("2", term=2), "B", ask(3, (1, 1)))
    assert (rachis.term, answer(effects)) == (2, refusal(2, asked=3))


def test_by_the_paper_a_later_term_deposes_a_leader() -> None:
    """§5.1: there is no good standing in the paper; the far term is granted at once, too."""
    after, effects = take(leading(node(timing=PAPER)), "B", ask(9))
    assert answer(effects) == grant(9)
    assert role(after) == "follower"


# ---- following ----


def test_a_candidate_concedes_to_a_leader_of_its_term() -> None:
    """§5.2: an append of the same or a later term makes it a follower; of an earlier one it does not."""
    for standing in (candidate(node(term=2)), candidate(node(term=2), trial=True)):
        for term in (2, 3):
            after, _ = take(standing, "B", append(term, (0, 0)))
            assert (after.role, after.term) == (Follower("B", START), term)
        after, effects = take(standing, "B", append(1, (0, 0)))
        assert after.role == standing.role
        assert answer(effects) == AppendReply(2, False, 0, 0, 0, 0)


def test_a_later_term_in_any_message_makes_a_follower() -> None:
    """§5.1: of a follower, a candidate and a leader; the term is saved."""
    for before in (following(node(), "C"), candidate(node()), leading(node())):
        for message in (append(5, (0, 0)), accepted(5, 0), refusal(5)):
            after, effects = take(before, "B", message)
            expected = "B" if message == append(5, (0, 0)) else None
            assert the(Save, effects).term == 5
            assert isinstance(after.role, Follower)
            assert (after.term, after.vote, after.role.leader) == (5, None, expected)


def test_a_stuck_candidate_is_freed() -> None:
    """Zoo V8p: the old leader's beat is refused with the later term, and that deposes the leader."""
    stuck = candidate(node(term=7, name="C"))
    leader = leading(node(term=2))
    stuck, effects = take(stuck, "A", append(2, (0, 0), beat=3))
    assert answer(effects) == AppendReply(7, False, 0, 0, 0, 3)
    leader, effects = take(leader, "C", answer(effects))
    assert (role(leader), leader.term) == ("follower", 7)


def test_two_leaders_of_a_term_fail_loudly() -> None:
    """Election Safety (§5.2) is broken if a leader hears another of its own term."""
    with pytest.raises(AssertionError, match="both lead term 1"):
        take(leading(node()), "B", append(1, (0, 0)))


def test_a_leader_that_hears_no_majority_stands_again() -> None:
    """Rule 3.27: at a beat with less than a majority heard within T it gives up and asks in a trial."""
    old = progress(0)
    leader = leading(node(), B=old, C=old)
    leader, effects = wake(leader, now=START + 300 * MILLISECOND)
    assert role(leader) == "leader"
    leader, effects = wake(leader, now=START + 400 * MILLISECOND)
    assert (role(leader), leader.term, leader.vote) == ("trial", 1, "A")
    assert [to for to, _ in said(effects)] == ["B", "C"]


def test_one_answer_of_three_is_a_majority_of_three() -> None:
    """Rule 3.27: itself and one other within T; without check-quorum nobody is needed (zoo V6p)."""
    leader = leading(node(), B=progress(0), C=progress(0))
    leader, _ = take(leader, "B", accepted(1, 0, beat=1), now=START + 200 * MILLISECOND)
    leader, _ = wake(leader, now=START + 500 * MILLISECOND)
    assert role(leader) == "leader"
    lonely = leading(node(timing=PAPER), B=progress(0), C=progress(0))
    lonely, _ = wake(lonely, now=START + 60_000 * MILLISECOND)
    assert role(lonely) == "leader"


def test_check_quorum_without_trials_just_follows() -> None:
    """Dissertation 6.2: by the paper's way to elect, a leader that gives up waits like any follower."""
    timing = attrs.evolve(PAPER, check_quorum=True)
    leader, effects = wake(leading(node(timing=timing), B=progress(0), C=progress(0)), now=START + 400 * MILLISECOND)
    assert (role(leader), leader.term, effects) == ("follower", 1, ())


# ---- begin ----


def test_a_node_begins_with_what_its_disk_says() -> None:
    """Term, vote and log are durable; nothing is known to be committed; there is no leader."""
    begun = node("1 2", term=3, vote="B")
    assert (begun.term, begun.vote, begun.log.last_index, begun.commit) == (3, "B", 2, 0)
    assert (begun.durable.term, begun.durable.vote, begun.durable.last, begun.saves) == (3, "B", 2, 0)
    assert begun.role == Follower(None, START)


def test_a_vote_from_before_a_restart_binds() -> None:
    """Zoo D1: what was read from the disk is as good as what was said just now."""
    _, effects = take(node(term=3, vote="B"), "C", ask(3))
    assert not answer(effects).granted


def test_who_is_not_among_the_voters_stands_for_nothing() -> None:
    """Rule 3.7: it has no timer, and waits to be spoken to."""
    assert node(name="X").wake_at == FOREVER
