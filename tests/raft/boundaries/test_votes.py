"""Boundaries of elections: terms, logs, standing, the timer, and what must be durable (rules 3.1-3.24)."""

import attrs
import pytest

from cluster.raft import durability, election_timer
from cluster.raft.messages import VoteReply
from cluster.raft.state import Candidate, Durable, Follower, Incoming, Raft, Send, Stored
from cluster.raft.step import step
from cluster.time_units import FOREVER, MILLISECOND
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
    START,
    answer,
    append,
    ask,
    at,
    candidate,
    following,
    leading,
    log,
    node,
    refusal,
    role,
    store,
    take,
    wake,
)

SIGNED = (1, 4)
"""Where the voters' logs end: entry 1 of term 4."""

# ---- whom a vote is given to, and what a refusal does to the voter's term ----


@pytest.mark.parametrize(
    ("term", "trial", "last", "granted", "after"),
    [
        (4, False, SIGNED, False, 5),  # §5.1, rule 3.17: an earlier term
        (5, False, SIGNED, True, 5),  # §5.2: its own, in which it has not voted
        (6, False, SIGNED, True, 6),
        (7, False, SIGNED, False, 6),  # rule 3.21: further than the next
        (8, False, SIGNED, False, 7),
        (5, True, SIGNED, False, 5),  # rule 3.17: a trial for no later term
        (6, True, SIGNED, True, 5),  # rule 3.10: a trial changes nothing
        (7, True, SIGNED, False, 6),
        (6, False, (0, 0), False, 5),  # rule 3.18: an older last entry
        (7, False, (9, 3), False, 5),
        (9, False, (9, 3), False, 5),
        (6, False, (0, 4), False, 5),  # §5.4.1: as new a last entry, and less before it
        (7, False, (0, 4), False, 6),  # rule 3.21: the log is no older, so that the term is approached
        (6, False, (2, 4), True, 6),
        (6, False, (0, 5), True, 6),
    ],
)
def test_a_voter_of_term_five(term: int, trial: bool, last: tuple[int, int], granted: bool, after: int) -> None:
    """Rules 3.17, 3.18, 3.21: a term is adopted with a vote, approached from further than the next, else left alone."""
    voter, effects = take(node("4", term=5), "B", ask(term, last, trial=trial))
    assert (answer(effects).granted, voter.term) == (granted, after)
    assert voter.vote == ("B" if granted and not trial else None)


@pytest.mark.parametrize(
    ("term", "trial", "last", "granted", "after"),
    [
        (4, False, SIGNED, False, 5),
        (5, False, SIGNED, True, 5),
        (8, False, SIGNED, True, 8),  # no term is too far
        (6, False, (9, 3), False, 6),  # §5.1: adopted all the same
        (8, False, (9, 3), False, 8),
        (6, True, (9, 3), False, 5),  # a trial is no sign of a term that there is
        (8, True, (9, 3), False, 5),
    ],
)
def test_the_papers_voter_of_term_five(
    term: int, trial: bool, last: tuple[int, int], granted: bool, after: int
) -> None:
    """§5.1, §5.2: every later term is adopted, whatever the answer, unless it is asked for in a trial."""
    voter, effects = take(node("4", term=5, timing=PAPER), "B", ask(term, last, trial=trial))
    assert (answer(effects).granted, voter.term) == (granted, after)


@pytest.mark.parametrize(
    ("term", "forced", "granted", "after"),
    [(6, False, False, 5), (9, False, False, 5), (6, True, True, 6), (7, True, False, 6), (9, True, False, 8)],
)
def test_a_leader_of_term_five(term: int, forced: bool, granted: bool, after: int) -> None:
    """Rule 3.19: a leader stays what it is, however far the term; rule 3.21: unless the candidate was told to stand."""
    leader, effects = take(leading(node("4", term=5)), "B", ask(term, SIGNED, forced=forced))
    assert (answer(effects).granted, leader.term) == (granted, after)
    assert role(leader) == ("leader" if after == 5 else "follower")


@pytest.mark.parametrize(
    ("candidate_name", "term", "granted"), [("B", 5, True), ("C", 5, False), ("C", 6, True), ("B", 4, False)]
)
def test_one_vote_a_term(candidate_name: str, term: int, granted: bool) -> None:
    """§5.2, rule 3.20: who voted for B in term 5 says so again, and gives C none before the next term."""
    voter, effects = take(node("4", term=5, vote="B"), candidate_name, ask(term, SIGNED))
    assert answer(effects).granted is granted
    assert voter.vote == (candidate_name if granted else "B")


def test_a_trial_granted_is_no_vote_promised() -> None:
    """Rule 3.23: the real request is judged by the log as it is by then."""
    voter, effects = take(node("4", term=5), "B", ask(6, SIGNED, trial=True))
    assert answer(effects).granted
    voter, _ = take(voter, "C", append(5, SIGNED, "5"))
    _, effects = take(voter, "B", ask(6, SIGNED))
    assert not answer(effects).granted


def test_in_good_standing_for_half_of_an_odd_timeout() -> None:
    """Rule 3.22: up to T/2 after the sign, and not a µs longer; half of 301 µs are 150."""
    follower = following(node(timing=attrs.evolve(RACHIS, election=301)), "B")
    for age, granted in ((150, False), (151, True)):
        _, effects = take(follower, "C", ask(2, trial=True), now=START + age)
        assert answer(effects).granted == granted


# ---- answers ----


@pytest.mark.parametrize(
    ("granted", "asked", "trial", "refused"),
    [
        (False, 3, False, {"B"}),
        (False, 2, False, set()),
        (False, 4, False, set()),
        (False, 3, True, set()),
        (True, 2, True, set()),
        (True, 2, False, set()),
    ],
)
def test_only_a_refusal_of_what_is_asked_counts(granted: bool, asked: int, trial: bool, refused: set[str]) -> None:
    """Rule 3.11: an old answer, or one to the trial, says nothing about the election; nor is a late grant a refusal."""
    standing, _ = take(candidate(node(term=3)), "B", VoteReply(3, asked, granted, trial, 0))
    assert isinstance(standing.role, Candidate)
    assert set(standing.role.refused) == refused
    assert set(standing.role.granted) == {"A"}


def test_a_second_write_does_not_begin_the_round_anew() -> None:
    """Rule 3.11: the round counts from when the vote became durable; whatever is written later does not prolong it."""
    standing, effects = wake(node(timing=PAPER))
    standing, _ = store(standing, effects, now=START + 400_000)
    assert standing.ticks_from == START + 400_000
    again, _ = step(standing, Stored(standing.term, standing.vote, 0, 2), at(START + 500_000))
    assert again == standing


def test_a_vote_draws_once_by_the_paper() -> None:
    """Rule 3.1: with a range of its own for rounds in vain, a voter draws from the first range, and luck is used once."""
    timing = attrs.evolve(PAPER, again=(2, 1))
    voter = node(timing=timing)
    after, _ = take(voter, "B", ask(2), luck=0.5)
    assert (after.timeout, after.draws) == (225 * MILLISECOND, voter.draws + 1)


# ---- what is durable ----


def every_field(raft: Raft) -> Raft:
    """The same node with something in each field that may be empty."""
    return attrs.evolve(raft, incoming=Incoming(3, 7, 1, (b"x",)), saves=4, draws=9, ticks_from=START + 1)


def test_what_a_save_makes_durable_changes_nothing_else() -> None:
    """All but `durable` stays as it is, a snapshot on its way included."""
    raft = every_field(node("1 2", term=3, vote="B", commit=1))
    after = durability.stored(raft, Stored(3, "C", 2, 1))
    assert after == attrs.evolve(raft, durable=Durable(3, "C", 2, ()))
    moved = durability.moved(raft, log("1"), 1, Follower("C", START), 5)
    assert moved == attrs.evolve(raft, log=log("1"), commit=1, role=Follower("C", START), saves=5)


def test_a_save_of_the_vote_alone_takes_no_entry_back() -> None:
    """A Save in a life that wrote no entry yet speaks of none: what the disk held stays durable."""
    raft = durability.stored(node("1 2", term=3), Stored(3, "B", 0, 1))
    assert raft.durable == Durable(3, "B", 2, ())


def test_a_cut_on_its_way_leaves_term_and_vote_durable() -> None:
    """§5.3: only entries are in doubt until the cut is written, so an answer that promises none of them leaves at once."""
    follower, _ = take(following(node("1 1", term=2, vote="B"), "B"), "B", append(2, (1, 1), "2"))
    assert follower.durable == Durable(2, "B", 1, ((1, 1),))
    _, effects = take(follower, "C", ask(2))
    assert effects == (Send("C", refusal(2)),)


# ---- the timer ----


def test_a_learner_that_hears_nobody_keeps_when_it_last_did() -> None:
    """Rule 3.7: it follows nobody from then on, waits to be spoken to, and stands for nothing."""
    learner = following(node(name="X"), "B", START + 7)
    learner = attrs.evolve(learner, wake_at=election_timer.fires_at(learner, START + 7))
    after, effects = wake(learner)
    assert (after.role, after.wake_at, effects) == (Follower(None, START + 7), FOREVER, ())


@pytest.mark.parametrize(("election", "draws"), [(300, 2), (301, 1)])
def test_a_timeout_of_t_counts_as_a_long_one(election: int, draws: int) -> None:
    """Rules 3.1, 3.3: a leader that is heard ends a round in vain, which lasts at least T; a shorter timeout stays."""
    raft = node(timing=attrs.evolve(RACHIS, election=election * MILLISECOND))
    raft, _ = take(attrs.evolve(raft, timeout=300 * MILLISECOND), "B", append(1, (0, 0)))
    assert raft.draws == draws


def test_the_first_round_of_the_paper_is_no_round_in_vain() -> None:
    """Rule 3.1: it is drawn from the first range, the next one from the range for rounds in vain."""
    timing = attrs.evolve(PAPER, again=(2, 1))
    standing, effects = wake(node(timing=timing), luck=0.0)
    assert standing.timeout == 150 * MILLISECOND
    standing, _ = store(standing, effects)
    standing, _ = wake(standing, luck=0.0)
    assert standing.timeout == 600 * MILLISECOND


def test_a_round_without_a_trial_is_not_taken_without_a_step() -> None:
    """The shortcut for rounds nobody hears is for trials alone, and says what to do instead."""
    with pytest.raises(AssertionError, match=r"^without a trial a round changes the term and must be saved: step it$"):
        election_timer.another_round(candidate(node(timing=PAPER)), at())


def test_the_upper_bound_of_a_draw_is_rounded_down() -> None:
    """Rule 3.1: of 401.3 µs it is 401, not included, as each bound is a whole µs by itself."""
    timing = attrs.evolve(PAPER, election=301, again=(2, 3))
    assert election_timer.drawn(timing, True, 1 - 2**-53) == 400


def test_a_new_leader_is_a_sign_of_the_moment_it_is_heard() -> None:
    """§5.2: the paper's timer counts from then on, not from what was heard before."""
    heard, _ = take(node(timing=PAPER), "B", append(1, (0, 0)), now=START + 70_000)
    assert heard.wake_at == START + 70_000 + heard.timeout


def test_a_later_term_alone_is_no_sign() -> None:
    """Rules 3.3, 3.24: a follower in a later term follows nobody, and has heard its last leader when it did."""
    after, _ = take(following(node(), "B", START + 50_000), "C", refusal(5), now=START + 90_000)
    assert (after.role, after.term) == (Follower(None, START + 50_000), 5)
