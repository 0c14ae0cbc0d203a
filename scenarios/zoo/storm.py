"""Weather from a seed, made to hurt: faults keyed to votes and writes as well as to time, under a client's load.

`storm(names)` is a story for any seed. It is the zoo's first keeper: most bugs of consensus show within some seeds.
"""

from collections.abc import Awaitable, Callable

import trio

from cluster import steps
from cluster.member import NoLeader, OutcomeUnknown
from cluster.sim.dice import Dice
from cluster.sim.world import Misuse, World
from cluster.time_units import MILLISECOND
from scenarios.register import Put, Register

STRIKES = ("Voted", "Wrote", "BecameLeader", "Committed", "BecameCandidate", "Wrote")
CALM = 4.0
"""Virtual seconds of mended sky at the end."""


def storm(names: str = "ABC", gusts: int = 14, calm: float = CALM) -> Callable[[World], Awaitable[None]]:
    """A story of bad weather on these nodes; the world's seed decides all of it."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("storm",))
        world.start(names, Register)
        world.rewire(
            jitter=dice.below(4) * 20 * MILLISECOND,
            loss=dice.below(4) * 0.05,
            duplicate=dice.below(3) * 0.1,
            ordered=bool(dice.below(3)),
            delay_chance=dice.below(3) * 0.1,
            delay=400 * MILLISECOND,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_load, world, names)
            for _ in range(gusts):
                await trio.sleep((10 + dice.below(700)) / 1000)
                for _ in range(1 + dice.below(2)):
                    world.do(misfortune(dice, names))
                for name in names:
                    if not world[name].up and dice.below(3):
                        world.restart(name)
            world.mend()
            await world.elected(within=30)
            await trio.sleep(calm)
            nursery.cancel_scope.cancel()

    return story


def misfortune(dice: Dice, names: str) -> steps.Step:
    """What befalls one of these nodes next."""
    one = names[dice.below(len(names))]
    other = names[(names.index(one) + 1 + dice.below(len(names) - 1)) % len(names)]
    match dice.below(13):
        case 0 | 1:
            return steps.Crash(one)
        case 2:
            return steps.Restart(one)
        case 3 | 4:
            return steps.When(STRIKES[dice.below(len(STRIKES))], steps.Restart(""), count=1 + dice.below(4))
        case 5:
            return steps.When(STRIKES[dice.below(len(STRIKES))], steps.Crash(""), count=1 + dice.below(4))
        case 6:
            return steps.Split(((one,), tuple(name for name in names if name != one)))
        case 7:
            return steps.Split(((one, other), tuple(name for name in names if name not in (one, other))))
        case 8:
            return steps.CutOneWay(one, other)
        case 9:
            return steps.Hold(one, other)
        case 10:
            return steps.Release(one, other)
        case 11:
            return steps.Pause(one) if dice.below(3) else steps.Resume(one)
        case _:
            return steps.Heal()


async def _load(world: World, names: str) -> None:
    """A client that writes as fast as it gets answers, wherever somebody is up."""
    dice, number = Dice(world.seed, ("client",)), 0
    while True:
        await trio.sleep((5 + dice.below(60)) / 1000)
        name = names[dice.below(len(names))]
        if not world[name].up:
            continue
        number += 1
        try:
            with trio.move_on_after(1.5):
                await world.ask(name, Put("x", number))
        except (NoLeader, OutcomeUnknown, Misuse):
            continue
