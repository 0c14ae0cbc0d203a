"""Worlds drawn from a seed and lived twice, with quiet time skipped and with every beat lived: both must be the same.

`compared(seed)` is one of them. A test takes a sample; the campaign takes thousands (`WEATHERS`).
"""

from collections.abc import Callable
from typing import Any

import attrs
import trio

from cluster import steps
from cluster.raft import election_timer
from cluster.raft.state import Follower, Raft
from cluster.sim.dice import Dice
from cluster.sim.empty_application import Nothing
from cluster.sim.errors import Misuse
from cluster.sim.network import Wire
from cluster.sim.run import HELD, Outcome, play
from cluster.sim.world import World
from cluster.time_units import MILLISECOND, SECOND
from scenarios.backups import backups
from scenarios.zoo.night import misfortune
from tests.sim.vocabulary import Gossip

WEATHERS = range(2_000)
"""The seeds of a campaign."""
LOSSES = (0.0, 0.0, 0.002, 0.02, 0.02, 0.1, 0.3)
DELAYS = (0, 0, 20, 40)
JITTERS = (0, 2, 2, 20, 60)


@attrs.define
class Lived:
    """How a run went, and what each node believed at its end."""

    outcome: Outcome
    rafts: list[Raft]

    @property
    def skipped(self) -> float:
        """Virtual seconds that were not lived."""
        return sum(stretch.until - stretch.start for stretch in self.outcome.history.stretches) / SECOND


def settled(raft: Raft) -> Raft:
    """What a node believes; when a follower looks again whether it was forgotten is its own affair, and lazy."""
    return election_timer.rewound(raft) if isinstance(raft.role, Follower) else raft


def one_history(live: Callable[[bool], Lived]) -> Lived:
    """Live it twice, with and without skipping, and compare; return the run with skipping."""
    every, some = live(False), live(True)
    assert every.skipped == 0
    if every.outcome.failure is not None:
        raise every.outcome.failure
    assert some.outcome.verdict == HELD
    for one, other in zip(every.outcome.history.events, some.outcome.history.events, strict=False):
        assert one == other
    assert every.outcome.digest == some.outcome.digest
    assert every.rafts == some.rafts
    assert every.outcome.messages == some.outcome.messages
    return some


def compared(seed: int) -> Lived:
    """Live the world of a seed twice and compare; return the run with skipping. AssertionError if they differ."""
    dice = Dice(seed, "quiet weathers")

    def one_of(values: tuple[Any, ...]) -> Any:
        return values[dice.below(len(values))]

    names = one_of(("ABC", "ABC", "ABCD", "ABCDE"))
    delay = one_of(DELAYS) * MILLISECOND
    wire = Wire(
        loss=one_of(LOSSES),
        jitter=one_of(JITTERS) * MILLISECOND,
        ordered=bool(dice.below(4)),
        delay_chance=0.05 if delay else 0.0,
        delay=delay,
    )
    application = one_of((Gossip, Nothing, None))
    gusts = [(one_of((1, 3, 10, 40, 120)), drawn(dice, names)) for _ in range(1 + dice.below(5))]

    def live(skipping: bool) -> Lived:
        rafts: list[Raft] = []

        async def story(world: World) -> None:
            if application is None:
                await with_backups(world, names)
            else:
                world.start(names, application)
            for gap, gust in gusts:
                await trio.sleep(gap)
                try:
                    world.do(gust)
                except Misuse:  # the node is down, or up, already
                    continue
            await trio.sleep(60)
            world.mend()
            await trio.sleep(90)
            rafts.extend(settled(slot.node.raft) for slot in world.slots.values() if slot.node)

        return Lived(play(story, seed, skipping=skipping, wire=wire), rafts)

    return one_history(live)


async def with_backups(world: World, names: str) -> None:
    """Start nodes with a database and two tasks that are due each minute or two."""
    client = backups(world)
    client.start(names)
    await world.elected(within=60)
    shop = await client.create_database("Shop", members=names[:2])
    await shop.fill(3)
    await shop.define(full="*/2 * * * *", incremental="* * * * *")


def drawn(dice: Dice, names: str) -> steps.Step:
    """Draw a step: most often one of a bad night, else a change of the wires, a pause, or a change of the cluster."""
    one = names[dice.below(len(names))]
    match dice.below(12):
        case 0:
            return steps.Rewire(loss=LOSSES[dice.below(len(LOSSES))])
        case 1:
            return steps.Split((tuple(names[:2]), tuple(names[2:])))
        case 2:
            return steps.Pause(one)
        case 3:
            return steps.Resume(one)
        case 4:
            return steps.Join("Z", watcher=not dice.below(2))
        case 5:
            return steps.Remove(one)
        case _:
            return misfortune(dice, names, clocks=True)
