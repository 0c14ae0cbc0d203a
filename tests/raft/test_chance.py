"""What chance does to election timeouts: which values come, how often two nodes draw the least, who has lost patience when.

Time here has ten ticks to an election timeout, as in the tables that etcd is tested with: [10, 20) ticks.
"""

from random import Random

import attrs
import pytest

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.step import begin
from cluster.raft.timing import Timing
from tests.raft.vocabulary import PAPER, append, at, candidate, following, node, role, store, take, wake

TICKS = attrs.evolve(PAPER, election=20, first=(1, 2), again=(1, 2), heartbeat=1)


@pytest.mark.parametrize("before", ["follower", "candidate"])
@pytest.mark.parametrize("timing", [TICKS, attrs.evolve(TICKS, trial=True)], ids=["paper", "pre-vote"])
def test_every_timeout_comes(before: str, timing: Timing) -> None:
    """etcd TestFollowerElectionTimeoutRandomized and its sister: in 500 rounds each of 10..19, and no other."""
    random, seen = Random(7), set()
    for _ in range(500):
        raft = following(node(timing=timing), "C") if before == "follower" else candidate(node(timing=timing))
        if before == "follower":
            raft, _ = take(raft, "B", append(2, (0, 0)), luck=random.random())
        else:
            raft, effects = wake(raft, luck=random.random())
            if timing.trial is False:
                raft, _ = store(raft, effects)
        seen.add(raft.timeout)
    assert seen == set(range(10, 20))


@pytest.mark.parametrize("before", ["follower", "candidate"])
def test_two_seldom_draw_the_least(before: str) -> None:
    """etcd TestFollowersElectionTimeoutNonconflict and its sister: of 1000 rounds of five nodes in at most 0.3 do two lose
    patience in the same first tick."""
    random, conflicts = Random(7), 0
    for _ in range(1000):
        timeouts = []
        for _ in range(5):
            raft = candidate(node(timing=TICKS)) if before == "candidate" else node(timing=TICKS)
            message_term = 1 if before == "candidate" else 2
            raft, _ = take(raft, "B", append(message_term, (0, 0)), luck=random.random())
            timeouts.append(raft.timeout)
        conflicts += timeouts.count(min(timeouts)) > 1
    assert 0.1 < conflicts / 1000 <= 0.3


@pytest.mark.parametrize(("elapsed", "share"), [(5, 0.0), (10, 0.1), (13, 0.4), (15, 0.6), (18, 0.9), (20, 1.0)])
def test_who_has_lost_patience_after_so_long(elapsed: int, share: float) -> None:
    """etcd TestPastElectionTimeout: of all nodes that heard nothing for that many ticks."""
    stood = 0
    for luck in range(1000):
        raft = begin("A", Configuration.of("ABC"), TICKS, 0, None, Log.of(), at(0, luck / 1000))
        stood += role(wake(raft, now=elapsed)[0]) == "candidate"
    assert stood / 1000 == pytest.approx(share, abs=0.001)
