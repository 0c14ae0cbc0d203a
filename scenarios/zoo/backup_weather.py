"""A weather over backups: hours of whatever the seed has in store, then a clear sky under which every occurrence must be covered."""

import attrs
import trio

from cluster.raft.timing import Timing
from cluster.sim.dice import Dice
from cluster.sim.world import World
from scenarios.backups import backups
from scenarios.weather.forecast import Forecast, forecast
from scenarios.weather.over import suffer
from scenarios.zoo.backup_kinds import KINDS
from scenarios.zoo.night import a_while, calm, somebody_acts, tasks_of

HOURS = (1, 3)
"""The fewest hours of faults, and how many more there may be."""


def sky(seed: int) -> Forecast:
    """The forecast of hours; nodes have the usual timing, as RavenDB's rules are about that, and in the end all is mended."""
    drawn = forecast(seed, KINDS, seconds=(HOURS[0] * 3_600, HOURS[1] * 3_600), at_least=2)
    return attrs.evolve(drawn, timing=Timing(), patience=drawn.patience * 600, leaves_some_down=False)


async def weather_backups(world: World) -> None:
    """The story, for any seed."""
    drawn, dice = sky(world.seed), Dice(world.seed, ("weather", "backups"))
    world.tune(disk=drawn.disk)
    client = backups(world)
    client.start(drawn.nodes)
    await world.elected(within=30)
    group = drawn.nodes[dice.below(2) :][: 2 + dice.below(2)]
    shop = await client.create_database("Shop", members=group)
    await shop.fill(20)
    tasks = await tasks_of(shop, dice, group[-1])

    async def users() -> None:
        for number in range(1_000):
            await trio.sleep(a_while(dice))
            await somebody_acts(world, dice, shop, tasks, number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(users)
        await suffer(world, drawn, KINDS)
        nursery.cancel_scope.cancel()
    await calm(world, tasks)
