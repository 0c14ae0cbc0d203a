"""A storm in which members come and go and leaders hand over, while clients write and look: the second keeper of consensus."""

from collections.abc import Awaitable, Callable

import trio

from cluster import steps
from cluster.member import NoLeader, OutcomeUnknown
from cluster.sim.dice import Dice
from cluster.sim.world import Misuse, World
from cluster.time_units import MILLISECOND
from scenarios.register import Look, Put, Register
from scenarios.zoo.storm import misfortune

CALM = 4.0
"""Virtual seconds of mended sky at the end."""


def crowd(names: str = "ABC", spare: str = "DE", gusts: int = 14) -> Callable[[World], Awaitable[None]]:
    """A story on these nodes and on some that join later; the world's seed decides all of it."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("crowd",))
        world.start(names, Register)
        world.rewire(
            jitter=dice.below(4) * 20 * MILLISECOND,
            loss=dice.below(3) * 0.05,
            ordered=bool(dice.below(3)),
            delay_chance=dice.below(3) * 0.1,
            delay=400 * MILLISECOND,
        )
        await world.elected()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_load, world, names + spare)
            for _ in range(gusts):
                await trio.sleep((10 + dice.below(500)) / 1000)
                world.do(_wish(dice, names + spare))
                if dice.below(2):
                    await trio.sleep(dice.below(60) / 1000)
                there = "".join(world.names)
                if dice.below(3):
                    world.do(misfortune(dice, there))
                for name in there:
                    if not world[name].up and dice.below(3):
                        world.restart(name)
            world.mend()
            await world.elected(within=30)
            await trio.sleep(CALM)
            nursery.cancel_scope.cancel()

    return story


def _wish(dice: Dice, names: str) -> steps.Step:
    """What an administrator asks for next; a node that there is not yet is added, whatever was wanted of it."""
    one = names[dice.below(len(names))]
    match dice.below(9):
        case 0 | 1 | 2:
            return steps.Join(one, watcher=not dice.below(3))
        case 3 | 4:
            return steps.Remove(one) if one in names[:3] else steps.Join(one)
        case 5:
            return steps.Transfer(names[dice.below(3)])
        case 6:
            return steps.Demote(names[dice.below(3)])
        case 7:
            return steps.Reconfigure(tuple(name for name in names[:3] if name != one), (names[dice.below(3)],))
        case _:
            return steps.Promote(names[dice.below(3)])


async def _load(world: World, names: str) -> None:
    """A client that writes and looks, wherever somebody is up, and lets several wait at once."""
    dice, number = Dice(world.seed, ("client",)), 0

    async def ask(name: str, request: Put | Look) -> None:
        try:
            with trio.move_on_after(1.0):
                await world.ask(name, request)
        except (NoLeader, OutcomeUnknown, Misuse):
            pass  # as any client must expect in such weather

    async with trio.open_nursery() as nursery:
        while True:
            await trio.sleep((5 + dice.below(40)) / 1000)
            name = names[dice.below(len(names))]
            if name not in world.names or not world[name].up:
                continue
            number += 1
            nursery.start_soon(ask, name, Look("x") if dice.below(2) else Put("x", number))
