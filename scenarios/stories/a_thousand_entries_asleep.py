"""A leader falls asleep with an entry that nobody else has; a thousand entries later it comes back by a snapshot."""

import trio

from cluster.steps import Crash
from cluster.trace import Compacted, SnapshotInstalled, SnapshotSent
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    cluster = world.start("ABC", Register)
    sleeper = await world.elected()
    world.isolate(sleeper)
    with trio.move_on_after(0.1):
        await world.ask(sleeper, Put("lonely", 1))
    world.crash(sleeper)
    world.heal()

    leader = await world.elected(other_than=sleeper)
    writer = cluster[leader].application.member
    for number in range(1_100):
        await writer.propose(Put(f"register {number % 100}", number))
    assert world.history.of(Compacted, leader), "what the sleeper needs next is gone"

    world.when(SnapshotSent, Crash(sleeper))  # it wakes up, and falls asleep again before it has its snapshot
    world.restart(sleeper)
    await trio.sleep(1)
    assert not world[sleeper].up
    assert world[leader].role == "leader", "a node that needs a snapshot disturbs nobody"
    world.restart(sleeper)
    for number in range(1_100, 1_500):  # the others do not wait for it
        if world[sleeper].applied >= world[leader].applied - 2:
            break
        await writer.propose(Put(f"late {number % 100}", number))
    assert world[sleeper].applied >= world[leader].applied - 2, "it catches up while the others go on"
    await world.settled()
    assert cluster[sleeper].state == cluster[leader].state
    assert "lonely" not in cluster[sleeper].state, "what nobody else had never happened"
    assert [event.node for event in world.history.of(SnapshotInstalled)] == [sleeper], "once"

    world.crash(leader)
    world.restart(sleeper)
    await world.elected(other_than=leader)
    assert await world.ask(sleeper, Get("register 42")) == 1_042, "it came back from its own snapshot"
