"""Faults from a seed, chosen to hurt: at votes and writes as well as at times, under a client's load.

These are the keepers of consensus, each a story for any seed: most of its bugs show within some seeds of `storm`. `drought` is
a storm and then half a minute without faults, for bugs that only stop the cluster's progress. In `crowd`
members join and leave and leaders hand over; in `remnant` they do, and then a minority stays down for good.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import trio

from cluster import steps
from cluster.member import NoLeader, OutcomeUnknown
from cluster.sim.dice import Dice
from cluster.sim.world import Misuse, World
from scenarios.register import Look, Put, Register

STRIKES = ("Voted", "Wrote", "BecameLeader", "Committed", "BecameCandidate", "Wrote")
CALM = 4.0
"""Virtual seconds without faults at the end."""
LONG_CALM = 32.0
"""More than twice the virtual seconds that *progress* gives a cluster, and more than a command may take."""
Client = Callable[[World, str], Awaitable[None]]


def storm(names: str = "ABC", gusts: int = 14, calm: float = CALM) -> Callable[[World], Awaitable[None]]:
    """A story of faults on these nodes, all determined by the world's seed."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("storm",))
        world.start(names, Register)
        world.rewire(
            jitter=dice.below(4) * 0.02,
            loss=dice.below(4) * 0.05,
            duplicate=dice.below(3) * 0.1,
            ordered=bool(dice.below(3)),
            delay_chance=dice.below(3) * 0.1,
            delay=0.4,
        )
        async with _under_load(world, _writes, names, calm):
            for _ in range(gusts):
                await trio.sleep((10 + dice.below(700)) / 1000)
                for _ in range(1 + dice.below(2)):
                    world.do(misfortune(dice, names))
                _restart_some(world, dice, names)

    return story


def drought(names: str = "ABC") -> Callable[[World], Awaitable[None]]:
    """The story of `storm`, with a long calm at the end."""
    return storm(names, calm=LONG_CALM)


def crowd(names: str = "ABC", spare: str = "DE", gusts: int = 14) -> Callable[[World], Awaitable[None]]:
    """A story of faults on these nodes and on some that join later."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("crowd",))
        world.start(names, Register)
        world.rewire(
            jitter=dice.below(4) * 0.02,
            loss=dice.below(3) * 0.05,
            ordered=bool(dice.below(3)),
            delay_chance=dice.below(3) * 0.1,
            delay=0.4,
        )
        await world.elected()
        async with _under_load(world, _writes_and_looks, names + spare, CALM):
            for _ in range(gusts):
                await trio.sleep((10 + dice.below(500)) / 1000)
                world.do(_wish(dice, names + spare))
                if dice.below(2):
                    await trio.sleep(dice.below(60) / 1000)
                there = "".join(world.names)
                if dice.below(3):
                    world.do(misfortune(dice, there))
                _restart_some(world, dice, there)

    return story


def remnant(names: str = "ABCDE", gusts: int = 14) -> Callable[[World], Awaitable[None]]:
    """A story of faults and membership changes, after which a minority stays down: the others have to go on."""

    async def story(world: World) -> None:
        dice = Dice(world.seed, ("remnant",))
        world.start(names, Register)
        await world.elected()
        for _ in range(gusts):
            await trio.sleep((10 + dice.below(500)) / 1000)
            world.do(_wish(dice, names))
            if dice.below(2):
                await trio.sleep(dice.below(60) / 1000)
            world.do(misfortune(dice, names))
            _restart_some(world, dice, names)
        down = {dice.below(len(names)) for _ in range((len(names) - 1) // 2)}
        for place, name in enumerate(names):
            for other in names.replace(name, ""):
                world.release(name, other)
            world.resume(name)
            if place in down and world[name].up:
                world.crash(name)
            elif place not in down and not world[name].up:
                world.restart(name)
        world.heal()
        await trio.sleep(LONG_CALM)

    return story


@asynccontextmanager
async def _under_load(world: World, client: Client, names: str, calm: float) -> AsyncIterator[None]:
    """Let a client write to these nodes during the `with` block; then end all faults and wait for a leader."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client, world, names)
        yield
        world.mend()
        await world.elected(within=30)
        await trio.sleep(calm)
        nursery.cancel_scope.cancel()


def _restart_some(world: World, dice: Dice, names: Iterable[str]) -> None:
    for name in names:
        if not world[name].up and dice.below(3):
            world.restart(name)


def misfortune(dice: Dice, names: str) -> steps.Step:
    """Draw the next fault of one of these nodes."""
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


def _wish(dice: Dice, names: str) -> steps.Step:
    """Draw an administrator's next request; a node that does not exist yet is always added."""
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


async def _writes(world: World, names: str) -> None:
    """A client that writes as fast as it is answered, at any node that is up."""
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


async def _writes_and_looks(world: World, names: str) -> None:
    """A client that writes and reads at any node that is up, with several requests waiting at once."""
    dice, number = Dice(world.seed, ("client",)), 0

    async def ask(name: str, request: Put | Look) -> None:
        try:
            with trio.move_on_after(1.0):
                await world.ask(name, request)
        except (NoLeader, OutcomeUnknown, Misuse):
            pass  # any client must expect this error during faults

    async with trio.open_nursery() as nursery:
        while True:
            await trio.sleep((5 + dice.below(40)) / 1000)
            name = names[dice.below(len(names))]
            if name not in world.names or not world[name].up:
                continue
            number += 1
            nursery.start_soon(ask, name, Look("x") if dice.below(2) else Put("x", number))
