"""Groups that change in bad weather: nodes join and leave two databases, one of which follows the other, and every
promise is watched until hours after the sky has cleared."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from backup.notes import CopyClosed, ReplicationStarted, TopologyChanged
from cluster.sim.dice import Dice
from cluster.sim.run import Outcome, play
from cluster.sim.world import World
from cluster.time_units import hours
from scenarios.backups import Database, backups
from scenarios.zoo.night import REFUSED, misfortune


def moving(names: str) -> Callable[[World], Awaitable[None]]:
    """Twelve gusts; meanwhile clients write, and operators add nodes to groups and remove them."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("moving",))
        client = backups(world)
        client.start(names)
        await world.elected()
        shop = await client.create_database("Shop", members=names[:3], dynamic=bool(dice.below(2)))
        mirror = await client.create_database("Mirror", members=names[2:])
        await shop.fill(30)
        await shop.define(full="0 */3 * * *", incremental="*/20 * * * *")
        await shop.define_replication(mirror, delay=(0, 0, 30)[dice.below(3)])
        for number in range(12):
            await trio.sleep((1 + dice.below(2_400)) * (0.1 if dice.below(3) else 1))
            world.do(misfortune(dice, names, clocks=False))
            await _somebody_acts(dice, shop, mirror, number, names[dice.below(len(names))])
            for name in names:
                if not world[name].up and not dice.below(3):
                    world.restart(name)
        world.mend()
        await world.elected(within=60)
        await trio.sleep(hours(3))

    return story


async def _somebody_acts(dice: Dice, shop: Database, mirror: Database, number: int, node: str) -> None:
    try:
        with trio.move_on_after(20):
            match dice.below(9):
                case 0 | 1 | 2 | 3:
                    await shop.put({f"orders/{number}": {"gust": number}, f"orders/{dice.below(30)}": {"gust": number}})
                case 4:
                    await shop.delete(f"orders/{dice.below(30)}")
                case 5:
                    await shop.add_node(node)
                case 6:
                    await shop.remove_node(node)
                case 7:
                    await mirror.add_node(node)
                case _:
                    await mirror.remove_node(node)
    except REFUSED:
        return


def suffered(names: str, seed: int, folder: Path) -> Outcome:
    """One run; raises what broke."""
    outcome = play(moving(names), seed, places={"backups": str(folder)}, options={"rules": "unkindness"})
    assert outcome.verdict == "held", (names, seed, outcome.failure)
    return outcome


def test_groups_may_change_in_any_weather(tmp_path: Path) -> None:
    """Every promise holds; and what the test is about does happen: groups change, copies are given up, replicas fed."""
    happened: dict[type, int] = {}
    for seed, names in ((1, "ABCD"), (4, "ABCDE")):
        for event in suffered(names, seed, tmp_path / f"{names}{seed}").history.events:
            happened[type(event.note)] = happened.get(type(event.note), 0) + 1

    assert all(happened.get(kind, 0) >= 3 for kind in (TopologyChanged, CopyClosed, ReplicationStarted)), happened


@pytest.mark.campaign
@pytest.mark.parametrize("names", ["ABCD", "ABCDE"])
def test_groups_may_change_in_much_weather(names: str, tmp_path: Path) -> None:
    """A hundred seeds."""
    for seed in range(100):
        suffered(names, 1_000 + seed, tmp_path / str(seed))
