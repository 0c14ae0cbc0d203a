"""A weather over any application: its nodes start, clients ask, faults come as the seed has it, and in the end it must work.

Never here: what is drawn (forecast.py), and which kinds of faults there are (kinds.py).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import trio

from cluster import steps
from cluster.checks import Watcher
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.dice import Dice
from cluster.sim.errors import NodeIsDown
from cluster.sim.world import Misuse, World
from cluster.time_units import SECOND
from scenarios.register import Get, Look, Put, Register, Swap
from scenarios.weather.forecast import Comes, Forecast, forecast, minority
from scenarios.weather.kinds import KINDS, FaultKind, chosen

Client = Callable[[World], Awaitable[None]]
"""A client of a user's application: it asks until it is cancelled."""
Watchers = Callable[[], Iterable[Watcher]]
"""Makes the watchers of a user's promises, anew for each run."""
CALM = 32.0
"""The virtual seconds of the end: more than twice what *progress* gives a cluster, and more than a request may take."""
WAITING = 4
"""The most requests of one client that wait at a time."""
EXPECTED = (NoLeader, OutcomeUnknown, Refused, Misuse)
"""The errors that a client must expect during faults."""
A_WHILE = 0.1
"""The virtual seconds after which a client goes on that an error has ended."""


def weather(
    application: Callable[[], Any] = Register,
    client: Client | None = None,
    watchers: Watchers | None = None,
    kinds: Mapping[str, FaultKind] = KINDS,
) -> Client:
    """A story for any seed, over the register unless another application is named; `watchers` makes promises of one's own.

    `client(world)` asks the application, several times at once. An error that any client must expect (`NoLeader`,
    `OutcomeUnknown`, `Refused`, a node that is down) ends nothing: it is called again.
    """

    async def story(world: World) -> None:
        drawn = forecast(world.seed, kinds)
        world.tune(timing=drawn.timing, disk=drawn.disk)
        if watchers is not None:
            made = watchers()
            if not isinstance(made, Iterable):
                raise Misuse(f"`watchers` made {made!r}: let it return a list of new watchers")
            world.watch(*made)
        world.start(drawn.nodes, application)
        await world.elected(within=30)
        async with trio.open_nursery() as nursery:
            for number in range(drawn.clients):
                if client is not None:
                    nursery.start_soon(_goes_on, world, client)
                elif application is Register:
                    nursery.start_soon(_asks, world, drawn, number)
            await suffer(world, drawn, kinds)
            await clears(world, drawn)
            nursery.cancel_scope.cancel()

    return story


async def _goes_on(world: World, client: Client) -> None:
    """A client of a user's, begun again after an error that it had to expect."""
    while True:
        with suppress(NoLeader, OutcomeUnknown, Refused, NodeIsDown):
            await client(world)
            return
        await trio.sleep(A_WHILE)


async def suffer(world: World, drawn: Forecast, kinds: Mapping[str, FaultKind] = KINDS) -> None:
    """Let every fault come at its time, for as long as the forecast says; nodes that are down are started again meanwhile."""
    with trio.move_on_after(drawn.seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_restarts, world, drawn)
            for each in drawn.comes:
                nursery.start_soon(_comes, world, drawn, each, kinds[each.kind])
            await trio.sleep_forever()


async def _comes(world: World, drawn: Forecast, comes: Comes, kind: FaultKind) -> None:
    """The faults of one kind."""
    dice, began = Dice(world.seed, ("weather", "draw", kind.name)), trio.current_time()
    for at in comes.at:
        await trio.sleep(max(0.0, began + at - trio.current_time()))
        there = tuple(drawn.fragile) if kind.damages else world.names
        if kind.name == "join":
            there = tuple(dict.fromkeys((*there, *drawn.spare)))
        for wait, step in kind.draw(dice, there) if there else ():
            if wait:
                await trio.sleep(wait)
            _take(world, step)


async def _restarts(world: World, drawn: Forecast) -> None:
    dice = Dice(world.seed, ("weather", "restarts"))
    while True:
        await trio.sleep(drawn.patience * (0.5 + dice.below(1_000) / 1_000))
        for name in world.names:
            if not world[name].up and dice.below(3):
                _take(world, steps.Restart(name))


def _take(world: World, step: Any) -> None:
    """A step that is impossible now, such as a crash of a node that is down, does not come."""
    with suppress(Misuse):
        world.do(step)


async def clears(world: World, drawn: Forecast) -> None:
    """The end: all faults end, or a minority stays down for good and all else is mended; then the cluster has to work."""
    world.mend()
    if drawn.leaves_some_down:
        for name in minority(drawn.nodes, Dice(world.seed, ("weather", "end", "down"))):
            world.crash(name)
    await world.elected(within=60)
    await trio.sleep(CALM)


async def _asks(world: World, drawn: Forecast, number: int) -> None:
    """A client of the register: it writes, reads in both ways and swaps, with a few requests waiting at once.

    It asks no more while as many wait as it may have: the calm must show what a cluster can do, not how long its queue is.
    """
    dice, count, waiting = Dice(world.seed, ("weather", "client", number)), 0, 0

    async def ask(name: str, request: Put | Get | Look | Swap) -> None:
        nonlocal waiting
        waiting += 1
        with suppress(*EXPECTED):
            await world.ask(name, request)
        waiting -= 1

    async with trio.open_nursery() as nursery:
        while True:
            await trio.sleep((5_000 + dice.below(drawn.pause * 1_000)) / SECOND)
            name = world.names[dice.below(len(world.names))]
            if not world[name].up or waiting >= WAITING:
                continue
            count += 1
            key, content = chosen(dice, "x", "x", "y"), number * 100_000 + count
            request = chosen(
                dice, Put(key, content), Put(key, content), Get(key), Look(key), Swap(key, content - 1, content)
            )
            nursery.start_soon(ask, name, request)
