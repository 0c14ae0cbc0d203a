"""The election timer of a follower and the rounds of a candidate (§5.2; rules 3.1-3.3, 3.10, 3.11).

These functions only compute instants; the driver of the node keeps the clock and wakes it at `Raft.wake_at`.
"""

import attrs

from cluster.raft import active_configuration
from cluster.raft.state import Candidate, Follower, Moment, Raft
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER

NOBODY: frozenset[str] = frozenset()


def drawn(timing: Timing, extended: bool, luck: float) -> int:
    """An election timeout in µs (rule 3.1). `extended`: after a round that timed out, when both bounds are larger."""
    first_numerator, first_denominator = timing.first
    numerator, denominator = timing.again if extended else timing.first
    low = timing.election * numerator // denominator
    high = timing.election * numerator * first_denominator // (denominator * first_numerator)
    return low + int(luck * (high - low))


def fires_at(raft: Raft, heard_at: int) -> int:
    """Monotonic µs at which a follower stands for election if it hears nothing more."""
    if raft.configuration.voters == (raft.name,) and not raft.configuration.joint:
        return raft.ticks_from  # rule 3.7: the only voter need not wait
    if not raft.timing.ticking:
        return heard_at + raft.timeout  # §5.2
    # Rule 3.2: the first tick after a sign of the leader clears the sign's mark, and the next tick fires. A sign at the
    # instant of a tick counts as before it. If nothing was heard yet (`heard_at == ticks_from`), the first tick fires.
    ticks = -((raft.ticks_from - heard_at) // raft.timeout)
    return raft.ticks_from + (ticks + 1) * raft.timeout


def rewound(raft: Raft) -> Raft:
    """A follower with its `wake_at` computed again: hearing a leader moves only `heard_at`."""
    role = raft.role
    assert isinstance(role, Follower)
    if role.leader is None and not active_configuration.may_stand(raft):
        return attrs.evolve(raft, wake_at=FOREVER)  # rule 3.7: a node without a vote only waits for a leader's message
    return attrs.evolve(raft, wake_at=fires_at(raft, role.heard_at))


def restarted(raft: Raft, at: Moment, rounds: int) -> Raft:
    """A candidate whose round begins now and lasts one timeout; `rounds` rounds without a majority came before it."""
    timeout, draws = raft.timeout, raft.draws
    if rounds or not raft.timing.ticking:  # rule 3.1; the paper's candidate draws anew in every round
        timeout, draws = drawn(raft.timing, rounds > 0, at.luck), draws + 1
    return attrs.evolve(raft, timeout=timeout, draws=draws, ticks_from=at.now, wake_at=at.now + timeout)


def trial_round(raft: Raft, at: Moment, rounds: int) -> Raft:
    """A candidate in a round of a trial election (rule 3.10): it asks about the next term and keeps its own."""
    role = Candidate(True, raft.term + 1, frozenset((raft.name,)), NOBODY, False, rounds)
    return attrs.evolve(restarted(raft, at, rounds), role=role)


def another_round(raft: Raft, at: Moment) -> Raft:
    """The candidate in its next round after one that ran out, without the requests it sends. Trial elections only."""
    assert isinstance(raft.role, Candidate)
    assert raft.timing.trial, "without a trial a round changes the term and must be saved: step it"
    return trial_round(raft, at, raft.role.rounds + 1)
