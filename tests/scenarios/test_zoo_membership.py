"""The zoo of members, heirs and reads: each bug is caught by the promise it names while members come and go."""

from collections.abc import Callable

import pytest
import trio
from hypothesis import settings

from cluster.raft.timing import Timing
from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.trace import ConfigurationChanged, LeadershipTransferred, PutOutside, ReadConfirmed, Voted
from scenarios.register import Register
from scenarios.zoo import BUGS, all_bugs
from scenarios.zoo.keeper import KEEPERS, hunt
from scenarios.zoo.membership import OFTEN
from scenarios.zoo.storm import crowd, remnant


@pytest.mark.parametrize("name", [bug.name for bug in all_bugs() if bug.strikes == "crowd"])
def test_a_planted_bug_is_caught_by_the_promise_it_breaks(name: str) -> None:
    """Within 60 crowds of each size, whatever luck a change of the cluster brings."""
    proof = hunt(BUGS[name], [(names, seed) for seed in range(1, 61) for names in KEEPERS["crowd"]])
    assert proof.strike is not None, f"{name} broke only {proof.others}"


WORLDS = [Timing(), Timing(lease_drift=0), Timing(batch=1, inflight=2), Timing(compaction=OFTEN)]


@pytest.mark.parametrize("timing", WORLDS, ids=["usual", "leases", "one by one", "snapshots"])
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


def test_a_majority_goes_on_while_the_others_stay_down() -> None:
    """Whatever members came and went: *progress* is asked of those who can elect one of themselves."""
    for seed in range(1, settings().max_examples // 4 + 1):
        outcome = play(remnant(), seed)
        assert (outcome.verdict, outcome.failure) == (HELD, None)


async def wiped(world: World, comes_back: Callable[[World, str], None]) -> None:
    """Far-apart nodes, several candidates a term: the first to vote for another loses its disk at once."""
    world.start("ABCDE", Register)
    world.rewire(latency=0.08, jitter=0)
    while True:
        voted = await world.seen(Voted)
        if voted.note.candidate != voted.node:
            break
    world.wipe(voted.node)
    comes_back(world, voted.node)
    await trio.sleep(4)


@pytest.mark.parametrize("comes_back", [World.restart, World.join], ids=["restarted", "added again"])
def test_a_known_name_on_an_empty_disk_is_beyond_raft(comes_back: Callable[[World, str], None]) -> None:
    """Zoo M13 needs no bug: nodes know each other by name alone, and a newcomer's vote may be needed before it holds anything
    (dissertation, 4.1). So the name that has voted votes again, and the promise says so."""
    broken = {str(play(lambda world: wiped(world, comes_back), seed).failure) for seed in range(1, 9)}
    assert any(text.startswith("one vote a term: ") for text in broken)


def test_a_new_name_on_an_empty_disk_is_a_new_node() -> None:
    """The remedy: the same schedules hold if the name is a new one."""
    for seed in range(1, 9):
        outcome = play(lambda world: wiped(world, lambda world, _: world.join("F")), seed)
        assert (outcome.verdict, outcome.failure) == (HELD, None)
