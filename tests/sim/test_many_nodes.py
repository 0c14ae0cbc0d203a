"""A cluster far larger than an alphabet: it elects, replicates and survives a crash, and every reader of its run can show it."""

from string import ascii_uppercase

import pytest

from cluster.sim.clock import CHATTER, KIND_SHIFT, MESSAGE, NODES, SENDER_SHIFT, key_of
from cluster.sim.errors import Misuse
from cluster.sim.run import HELD, MISTAKE, play
from cluster.sim.universe import STORY
from cluster.sim.world import World
from scenarios.register import Put, Register

TAGS = (*ascii_uppercase, *(one + other for one in ascii_uppercase for other in ascii_uppercase))


async def crash_of_the_leader(world: World) -> None:
    """An entry on a hundred and one nodes, a crash of their leader, and under the next one another entry on all of them."""
    cluster = world.start(TAGS[:101], Register)
    leader = await world.elected()
    await cluster.ask(leader, Put("x", 1))
    world.crash(leader)
    heir = await world.elected(other_than=leader)
    await cluster.ask(heir, Put("x", 2))
    world.restart(leader)
    await world.settled()
    assert all(cluster[name].state == cluster[heir].state for name in TAGS[:101])


def test_a_hundred_and_one_nodes_are_a_cluster() -> None:
    """They elect, agree, lose their leader and agree again, with every promise watched; a second play is the same."""
    outcome = play(crash_of_the_leader)
    assert outcome.verdict == HELD, outcome.failure
    assert outcome.names[25:28] + outcome.names[-1:] == ("Z", "AA", "AB", "CW")
    assert play(crash_of_the_leader, shuffle=1).digest == outcome.digest


def test_a_world_has_room_for_the_most_nodes_it_names() -> None:
    """With 255 nodes a leader is elected; one more is refused, and the text says how many there may be."""

    async def elects(world: World) -> None:
        world.start(TAGS[:STORY])
        await world.elected()

    async def too_many(world: World) -> None:
        world.start(TAGS[:NODES])

    assert play(elects).verdict == HELD
    refused = play(too_many)
    assert refused.verdict == MISTAKE
    assert isinstance(refused.failure, Misuse)
    assert f"name between 1 and {STORY}" in str(refused.failure)


@pytest.mark.parametrize("rank", [MESSAGE, CHATTER])
def test_no_part_of_a_key_reaches_into_the_next(rank: int) -> None:
    """The last message of the last node sorts before the first one of the next rank, and so on for each part."""
    last = NODES - 1
    assert key_of(rank, last, 0) < key_of(rank + 1, 0, 0)
    assert key_of(rank, 0, (last << SENDER_SHIFT) | (15 << KIND_SHIFT) | (1 << KIND_SHIFT) - 1) < key_of(rank, 1, 0)
