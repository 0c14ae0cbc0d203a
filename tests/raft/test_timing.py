"""The numbers of time: timeouts, the ticking timer, rounds, beats, patience (rules 3.1-3.4, 3.10-3.12, 3.27)."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft import election_timer
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.state import Candidate, Effect, Follower, Leader, Raft, Send
from cluster.raft.step import begin
from cluster.raft.timing import Timing
from cluster.time_units import MILLISECOND
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
    START,
    accepted,
    append,
    ask,
    at,
    candidate,
    following,
    grant,
    leading,
    node,
    of,
    only,
    progress,
    refusal,
    role,
    said,
    store,
    take,
    wake,
)

ALMOST_ONE = 1 - 2**-53


def begun(luck: float, timing: Timing = RACHIS) -> Raft:
    """A node that begins at `START` with this luck."""
    return begin("A", Configuration.of("ABC"), timing, 0, None, Log.of(), at(START, luck))


# ---- timeouts drawn ----


@pytest.mark.parametrize(("luck", "timeout"), [(0.0, 200_000), (0.5, 250_000), (0.75, 275_000), (ALMOST_ONE, 299_999)])
def test_a_timeout_is_uniform_in_two_thirds_of_t_to_t(luck: float, timeout: int) -> None:
    """Rule 3.1: with T = 300 ms from 200 ms up to, not including, 300 ms; drawn once at the start."""
    raft = begun(luck)
    assert (raft.timeout, raft.draws) == (timeout, 1)


@pytest.mark.parametrize(("luck", "timeout"), [(0.0, 400_000), (0.5, 500_000), (ALMOST_ONE, 599_999)])
def test_a_long_round_is_drawn_from_twice_that(luck: float, timeout: int) -> None:
    """Rules 3.1, 3.11: the first round lasts the node's own timeout, each later one a new draw in [4T/3, 2T)."""
    raft, _ = wake(begun(0.0), luck=luck)
    assert (raft.timeout, raft.draws, raft.wake_at) == (200_000, 1, START + 400_000)
    raft, _ = wake(raft, luck=luck)
    assert (raft.timeout, raft.draws, raft.wake_at) == (timeout, 2, START + 400_000 + timeout)
    assert isinstance(raft.role, Candidate)
    assert raft.role.rounds == 1


def test_equal_ranges_for_every_round_are_the_papers() -> None:
    """Figure 16: 150-155 ms in each round; both bounds of `again` grow alike, here by nothing."""
    timing = attrs.evolve(PAPER, election=155 * MILLISECOND, first=(150, 155), again=(150, 155))
    for extended in (False, True):
        assert election_timer.drawn(timing, extended, 0.0) == 150_000
        assert election_timer.drawn(timing, extended, ALMOST_ONE) == 154_999


def test_a_new_leader_ends_a_long_timeout() -> None:
    """A long draw is for rounds in vain; a leader is heard, so the own range holds again, on a new grid."""
    raft, _ = wake(begun(0.0))
    raft, _ = wake(raft, luck=0.5)
    raft, _ = take(raft, "B", append(1, (0, 0)), now=START + 450_000, luck=0.25)
    assert (raft.timeout, raft.draws, raft.ticks_from) == (225_000, 3, START + 450_000)
    raft, _ = take(raft, "C", append(2, (0, 0)), now=START + 500_000, luck=0.75)
    assert (raft.timeout, raft.draws) == (225_000, 3)


def test_by_the_paper_each_leader_and_each_round_is_a_new_draw() -> None:
    """§5.2: else who was slow once would be slow for ever."""
    raft, _ = take(begun(0.0, PAPER), "B", append(1, (0, 0)), luck=0.5)
    assert (raft.timeout, raft.draws, raft.wake_at) == (225_000, 2, START + 225_000)
    raft, effects = wake(raft, luck=0.2)
    raft, _ = store(raft, effects, START + 300_000)
    assert (raft.timeout, raft.draws, raft.wake_at) == (180_000, 3, START + 480_000)


# ---- the ticking timer ----


def test_who_hears_nothing_stands_at_the_first_tick() -> None:
    """Rule 3.2: no sign, no mark."""
    raft = begun(0.0)
    assert raft.wake_at == START + 200_000
    assert role(wake(raft)[0]) == "trial"


@pytest.mark.parametrize(
    ("heard", "fires"), [(1, 400_000), (150_000, 400_000), (200_000, 400_000), (200_001, 600_000), (399_000, 600_000)]
)
def test_the_second_tick_after_a_sign_fires(heard: int, fires: int) -> None:
    """Rule 3.2, timeout 200 ms: the first tick after the sign clears the mark, the next one fires."""
    raft = following(begun(0.0), "B", START + heard)
    raft, effects = wake(raft)
    if raft.wake_at == START + fires:
        assert effects == ()
    assert (raft.wake_at, role(raft)) == (START + fires, "follower")
    assert role(wake(raft, now=START + fires - 1)[0]) == "follower"
    assert role(wake(raft, now=START + fires)[0]) == "trial"


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 10_000_000))
def test_silence_lasts_between_one_and_two_timeouts(luck: float, after: int) -> None:
    """Rule 3.2: 200 to 598 ms with defaults, as a simulation of the ticks themselves finds it."""
    raft = following(begun(luck), "B", START + after)
    tick = raft.ticks_from
    while tick < START + after:
        tick += raft.timeout  # ticks before the sign; the first one at or after it clears the mark
    fires = election_timer.rewound(raft).wake_at
    assert fires == tick + raft.timeout
    assert raft.timeout <= fires - (START + after) < 2 * raft.timeout


@given(st.integers(0, 10_000_000))
def test_the_papers_timer_starts_again_with_each_sign(after: int) -> None:
    """§5.2: one timeout after the last sign."""
    raft = following(begun(0.5, PAPER), "B", START + after)
    assert election_timer.rewound(raft).wake_at == START + after + raft.timeout


def test_a_beat_moves_no_appointment() -> None:
    """A follower's `wake_at` is lazy: a beat moves only `heard_at`; an early wake-up sets it right, no more."""
    raft = following(begun(0.0), "B")
    raft = attrs.evolve(raft, term=1, durable=attrs.evolve(raft.durable, term=1))
    later, _ = take(raft, "B", append(1, (0, 0), beat=3), now=START + 190_000)
    assert later == attrs.evolve(raft, role=Follower("B", START + 190_000))
    right, effects = wake(later)
    assert effects == ()
    assert right == attrs.evolve(later, wake_at=START + 400_000)


def test_a_lower_term_is_no_sign() -> None:
    """Zoo E11: an old leader's beat does not keep a follower quiet."""
    raft = node(term=3)
    after, _ = take(raft, "B", append(2, (0, 0), beat=3), now=START + 1)
    assert after.role == raft.role


def test_a_refused_append_is_a_sign() -> None:
    """Rule 3.3: the leader is alive though the logs differ."""
    after, _ = take(following(node(), "B"), "B", append(1, (5, 1)), now=START + 70)
    assert after.role == Follower("B", START + 70)


def test_a_deposed_candidate_keeps_its_timer() -> None:
    """Rule 3.24: who was refused in a later term stands again when its round would have ended."""
    raft, _ = wake(node())
    after, _ = take(raft, "B", refusal(9, asked=2, trial=True), now=raft.ticks_from + 3)
    assert (role(after), after.wake_at) == ("follower", raft.wake_at)
    assert role(wake(after)[0]) == "trial"


def test_a_deposed_leader_draws_a_new_timer() -> None:
    """It had none; its grid starts now."""
    raft, _ = take(leading(node()), "B", accepted(5, 0), now=START + 50_000, luck=0.5)
    assert (raft.ticks_from, raft.timeout, raft.wake_at) == (START + 50_000, 250_000, START + 300_000)


# ---- rounds ----


def test_the_real_round_counts_from_the_durable_vote() -> None:
    """Rules 3.10, 3.11: trial and real election are one candidacy of two rounds of time; neither redraws."""
    raft, _ = wake(begun(0.0))
    raft, effects = take(raft, "B", grant(0, asked=1, trial=True), now=START + 220_000)
    raft, _ = store(raft, effects, START + 230_000)
    assert (raft.wake_at, raft.draws) == (START + 430_000, 1)
    raft, effects = wake(raft, luck=0.0)
    assert (role(raft), raft.wake_at) == ("trial", START + 830_000)
    assert [message for _, message in said(effects)] == [attrs.evolve(ask(2, trial=True), beat=1)] * 2


def test_an_early_or_a_late_wake_up_is_one_step() -> None:
    """A candidate woken early does nothing; woken after a long pause it starts one round, now."""
    raft = candidate(node(), trial=True)
    assert wake(raft, now=raft.wake_at - 1) == (raft, ())
    late, effects = wake(raft, now=START + 3_600_000 * MILLISECOND, luck=0.0)
    assert len(effects) == 2
    assert late.wake_at == START + 3_600_000 * MILLISECOND + 400_000


def test_another_round_is_what_a_step_makes_of_it() -> None:
    """`timer.another_round` is the round of a trial without its questions."""
    raft = candidate(node(), trial=True)
    stepped, _ = wake(raft, luck=0.3)
    assert election_timer.another_round(raft, at(raft.wake_at, 0.3)) == stepped
    with pytest.raises(AssertionError, match="must be saved"):
        election_timer.another_round(candidate(node(timing=PAPER)), at())


# ---- the leader's beats ----


def beats(effects: Sequence[Effect]) -> list[tuple[str, int]]:
    """To whom which beat goes."""
    return [(send.to, send.message.beat) for send in only(Send, effects)]


def test_beats_stand_on_a_grid() -> None:
    """Rule 3.4: beat n at n * T/3 after winning, whatever else is sent; an early wake-up sends nothing."""
    raft = leading(node("1"))
    for number in (1, 2, 3):
        raft, effects = wake(raft)
        assert beats(effects) == [("B", number), ("C", number)]
        assert raft.wake_at == START + (number + 1) * 100_000
        early, nothing = wake(raft, now=raft.wake_at - 1)
        assert (early, nothing) == (raft, ())
        for peer in "BC":
            raft, _ = take(raft, peer, accepted(1, 1, beat=number), now=START + number * 100_000 + 5_000)
            assert of(raft, peer).answered_at == START + number * 100_000 + 5_000


def test_a_late_wake_up_sends_one_beat_with_its_number() -> None:
    """After a pause: the current number, never a burst; the grid stays where it is."""
    raft, effects = wake(leading(node("1", timing=PAPER)), now=START + 7_345_678)
    assert beats(effects) == [("B", 73), ("C", 73)]
    assert raft.wake_at == START + 7_400_000


def test_a_leader_gives_up_when_the_majority_is_silent_for_t() -> None:
    """Rule 3.27: the answers of beat 2 are the last; beats 3 to 5 still go out, at beat 6 they are older than T."""
    raft, now = leading(node("1"), B=progress(1), C=progress(1)), START
    for number in range(1, 6):
        raft, effects = wake(raft)
        assert len(effects) == 2, number
        if number <= 2:
            raft, _ = take(raft, "B", accepted(1, 1, beat=number), now=START + number * 100_000 + 1_000)
    raft, _ = wake(raft)
    now = START + 600_000
    assert (role(raft), raft.ticks_from, raft.wake_at) == ("trial", now, now + raft.timeout)


def test_a_new_leader_has_t_to_be_answered() -> None:
    """Rule 3.27: silence counts from winning."""
    raft, _ = take(candidate(node("1", term=2)), "B", grant(2), now=START + 777)
    assert {of(raft, peer).answered_at for peer in "BC"} == {START + 777}
    assert isinstance(raft.role, Leader)
    assert raft.role.beats_from == START + 777
