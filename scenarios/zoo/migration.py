"""A bad night for backups in which the cluster itself changes: nodes join as voters or watchers, get and lose their vote,
are removed and come back, while databases are on them and their tasks run.

`migration()` is a story for any seed, made of the misfortunes of the night. Then the sky clears, and every occurrence that
somebody in the cluster could run must be covered.
"""

from collections.abc import Awaitable, Callable

import trio

from cluster import steps
from cluster.sim.dice import Dice
from cluster.sim.world import World
from scenarios.backups import Database, backups
from scenarios.zoo.night import REFUSED, calm, misfortune, somebody_acts, tasks_of


def migration(names: str = "ABC", joining: str = "DW", gusts: int = 10) -> Callable[[World], Awaitable[None]]:
    """A story of some hours of faults and of nodes that come and go, then three hours of calm."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("migration",))
        client = backups(world)
        client.start(names)
        await world.elected()
        shop = await client.create_database("Shop", members=names[: 2 + dice.below(2)], dynamic=bool(dice.below(2)))
        await shop.fill(20)
        tasks = await tasks_of(shop, dice, names[-1])
        for number in range(gusts):
            await trio.sleep((1 + dice.below(2_400)) * (0.1 if dice.below(3) else 1))
            world.do(_wish(dice, names + joining))
            there = "".join(world.names)
            if dice.below(2):
                world.do(misfortune(dice, there, clocks=False))
            await somebody_acts(world, dice, shop, tasks, number)
            await _operator(dice, shop, there)
            for name in there:
                if not world[name].up and not dice.below(3):
                    world.restart(name)
        await calm(world, tasks)

    return story


def _wish(dice: Dice, names: str) -> steps.Step:
    """What an administrator asks for; a founder that there is may leave, and whoever is away may come."""
    one = names[dice.below(len(names))]
    match dice.below(8):
        case 0 | 1 | 2:
            return steps.Join(one, watcher=not dice.below(3))
        case 3 | 4:
            return steps.Remove(one) if one in names[:3] else steps.Join(one, watcher=True)
        case 5:
            return steps.Demote(names[dice.below(3)])
        case 6:
            return steps.Promote(names[dice.below(3)])
        case _:
            return steps.Transfer(names[dice.below(3)])


async def _operator(dice: Dice, shop: Database, names: str) -> None:
    """Now and then the group is changed as well, where the cluster lets it be."""
    node = names[dice.below(len(names))]
    try:
        with trio.move_on_after(20):
            match dice.below(4):
                case 0:
                    await shop.add(node)
                case 1:
                    await shop.drop(node)
    except REFUSED:
        return
