"""The zoo of members, heirs and reads: each bug is caught by the promise it names while members come and go."""

import pytest

from cluster.raft.state import Timing
from cluster.sim.run import HELD, play
from cluster.trace import ConfigurationChanged, LeadershipTransferred, PutOutside, ReadConfirmed
from scenarios.zoo import BUGS, all_bugs
from scenarios.zoo.crowd import crowd
from scenarios.zoo.keeper import hunt


@pytest.mark.parametrize("name", [bug.name for bug in all_bugs() if bug.strikes == "crowd"])
def test_a_planted_bug_is_caught_by_the_promise_it_breaks(name: str) -> None:
    """Within 60 crowds of each size, whatever luck a change of the cluster brings."""
    strike, others = hunt(BUGS[name], range(1, 61))
    assert strike is not None, f"{name} broke only {others}"


@pytest.mark.parametrize("timing", [Timing(), Timing(lease_drift=0), Timing(batch=1, inflight=2)])
def test_nothing_is_caught_where_nothing_is_planted(timing: Timing) -> None:
    """And much happens: members change, leaders hand over, reads are confirmed, who is outside rests."""
    kinds: dict[type, int] = {}
    for seed in range(1, 13):
        outcome = play(crowd(), seed, timing=timing)
        assert (outcome.verdict, outcome.failure) == (HELD, None)
        for event in outcome.history.events:
            kinds[type(event.note)] = kinds.get(type(event.note), 0) + 1
    assert kinds[ConfigurationChanged] > 100
    assert kinds[LeadershipTransferred] > 5
    assert kinds[ReadConfirmed] > 500
    assert kinds[PutOutside] > 0
