"""A bad night for backups, from a seed: nodes die, links break, clocks are set, disks fill, clients write and change
their minds. Then all faults end, and every occurrence must be covered.

`night()` is a story for any seed: the keeper of the domain's bugs, as the storm is that of consensus. In `migration()` the
cluster itself changes meanwhile: nodes join as voters or watchers, get and lose their vote, are removed and come back.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio

from cluster import steps
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.dice import Dice
from cluster.sim.world import Misuse, World
from cluster.time_units import hours
from scenarios.backups import FOLDER, Corrupted, Database, Expired, Removed, Task, backups

STRIKES = ("DocumentsWritten", "BackupStarted", "BackupFinished", "Reported", "OwnerChanged", "Voted", "Committed")
REFUSED = (NoLeader, OutcomeUnknown, Refused, Misuse, OSError)
"""The errors that a client must expect during faults."""


def night(
    names: str = "ABC", gusts: int = 10, clocks: bool = False, losses: bool = False
) -> Callable[[World], Awaitable[None]]:
    """A story of some hours of faults, then three hours of calm.

    `clocks`: wall clocks are set as well. `losses`: finished files are removed and corrupted as well, by dice of their own.
    """

    async def story(world: World) -> None:
        dice, thief = Dice(world.seed, ("night",)), Dice(world.seed, ("night", "losses"))
        client = backups(world)
        client.start(names)
        await world.elected()
        group = names[dice.below(2) :][: 2 + dice.below(2)]
        shop = await client.create_database("Shop", members=group)
        await shop.fill(20)
        tasks = await tasks_of(shop, dice, group[-1])
        for number in range(gusts):
            await trio.sleep(a_while(dice))
            world.do(misfortune(dice, names, clocks))
            if losses and thief.below(2):
                lose(world, thief, names)
            await somebody_acts(world, dice, shop, tasks, number)
            for name in names:
                if not world[name].up and not dice.below(3):
                    world.restart(name)
        await calm(world, tasks)

    return story


def a_while(dice: Dice) -> float:
    """Draw the seconds until something happens again: mostly some minutes at most, now and then up to forty."""
    return (1 + dice.below(2_400)) * (0.1 if dice.below(3) else 1)


def lose(world: World, dice: Dice, names: str) -> None:
    """Remove or corrupt the newest file of a node's folder, or let its oldest expire; nothing happens where there is none."""
    loss = (Removed, Corrupted, Expired)[dice.below(3)]
    with suppress(Misuse):
        world.disturb(names[dice.below(len(names))], loss(FOLDER))


def migration(names: str = "ABC", joining: str = "DW", gusts: int = 10) -> Callable[[World], Awaitable[None]]:
    """A story of some hours of faults and of nodes that come and go, then three hours of calm."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("migration",))
        client = backups(world)
        client.start(names)
        await world.elected()
        group = names[: 2 + dice.below(2)]
        shop = await client.create_database("Shop", members=group, dynamic=bool(dice.below(2)))
        await shop.fill(20)
        tasks = await tasks_of(shop, dice, group[-1])
        for number in range(gusts):
            await trio.sleep(a_while(dice))
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


async def tasks_of(shop: Database, dice: Dice, mentor: str) -> list[Task]:
    """Define three tasks: full and incremental; incremental with a preferred node; full only."""
    return [
        await shop.define(full=f"{dice.below(60)} */3 * * *", incremental="*/20 * * * *"),
        await shop.define(incremental=f"{dice.below(60)} * * * *", mentor=mentor),
        await shop.define(full=f"{dice.below(60)} * * * *"),
    ]


async def calm(world: World, tasks: list[Task]) -> None:
    """End all faults, enable every task, and let three hours pass."""
    world.mend()
    await world.elected(within=60)
    for task in tasks:
        await patiently(task.enable)
    await trio.sleep(hours(3))


async def somebody_acts(world: World, dice: Dice, shop: Database, tasks: list[Task], number: int) -> None:
    """Do one thing that a user may do meanwhile, on any node that answers."""
    task = tasks[dice.below(len(tasks))]
    try:
        with trio.move_on_after(20):
            match dice.below(6):
                case 0 | 1 | 2:
                    await shop.put({f"orders/{number}": {"gust": number}, f"orders/{dice.below(20)}": {"gust": number}})
                case 3:
                    await shop.delete(f"orders/{dice.below(20)}")
                case 4:
                    await task.disable()
                case _:
                    await task.enable()
    except REFUSED:
        return


async def patiently(act: Callable[[], Awaitable[None]]) -> None:
    """Repeat a request for up to a minute, until it is granted."""
    for _ in range(10):
        try:
            await act()
        except REFUSED:
            await trio.sleep(5)
        else:
            return


def misfortune(dice: Dice, names: str, clocks: bool) -> steps.Step:
    """Draw one fault."""
    one = names[dice.below(len(names))]
    other = names[(names.index(one) + 1 + dice.below(len(names) - 1)) % len(names)]
    match dice.below(15 if clocks else 13):
        case 0 | 1 | 2:
            return steps.Crash(one)
        case 3:
            return steps.Restart(one)
        case 4:
            return steps.When(STRIKES[dice.below(len(STRIKES))], steps.Restart(""), count=1 + dice.below(3))
        case 5:
            return steps.When(STRIKES[dice.below(len(STRIKES))], steps.Crash(""), count=1 + dice.below(3))
        case 6:
            return steps.Split(((one,), tuple(name for name in names if name != one)))
        case 7:
            return steps.CutOneWay(one, other)
        case 8:
            return steps.Rewire(loss=0.02)
        case 9:
            return steps.SlowDisk(one, 50.0)
        case 10:
            return steps.FullDisk(one, full=bool(dice.below(3)))
        case 11 | 12:
            return steps.Heal()
        case 13:
            return steps.JumpClock(one, dice.below(7_200) - 3_600)
        case _:
            return steps.Drift(one, dice.below(400) - 200)


def _wish(dice: Dice, names: str) -> steps.Step:
    """Draw a change of the cluster: a member may leave, and a node that is outside may join."""
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
    """Now and then change the database group, if the cluster permits it."""
    node = names[dice.below(len(names))]
    try:
        with trio.move_on_after(20):
            match dice.below(4):
                case 0:
                    await shop.add_node(node)
                case 1:
                    await shop.remove_node(node)
    except REFUSED:
        return
