"""A voter that has just vouched for its leader restarts, and somebody else wants its vote: the old leader's reads stay true."""

from contextlib import suppress

import trio

from cluster.member import NoLeader
from scenarios import World
from scenarios.register import Look, Put, Register


async def story(world: World) -> None:
    world.start("ABC", Register)
    number = 0
    for _ in range(12):
        leader = await world.elected()
        voter, rival = [name for name in "ABC" if name != leader]
        world.cut(leader, rival)  # it asks for votes from now on, in vain
        await trio.sleep(1.5)
        if world[leader].role == "leader":
            await world.ask(leader, Look("x"))
            world.cut(leader, voter)
            world.restart(voter)
            number += 1
            second = await world.elected(other_than=leader, within=5)
            await world.ask(second, Put("x", number))
            with suppress(NoLeader), trio.move_on_after(0.3):
                await world.ask(leader, Look("x"))
        world.heal()
        await world.settled()
