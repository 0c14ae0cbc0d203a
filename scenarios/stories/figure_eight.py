"""A command of an old term reaches a majority under a new leader: it is safe only together with an entry of the new term (figure 8)."""

import trio

from cluster.trace import BecameLeader, Committed, Wrote
from scenarios import World
from scenarios.register import Get, Put, Register


async def story(world: World) -> None:
    world.start("ABCDE", Register)
    first = await world.elected()
    await world.settled()
    friend, rival, *others = [name for name in "ABCDE" if name != first]

    world.split((first, friend), (rival, *others))  # (a) a command of term 1 is on two of five
    with trio.move_on_after(0.02):
        await world.ask(first, Put("x", 1))
    world.crash(first)

    second = (await world.seen(BecameLeader)).node  # (b) somebody else leads term 2, and nobody hears its first entry
    world.isolate(second)
    await trio.sleep(0.02)
    world.crash(second)

    world.heal()
    third = (await world.seen(BecameLeader)).node  # (c) the friend's log is the longest
    assert third == friend
    await world.elected()
    index = next(event.note.after + 1 for event in world.history.of(Wrote, third) if event.note.after)
    committed = [event.note.index for event in world.history.of(Committed, third)]
    assert index not in committed, "the command of term 1 was never the last that is committed"

    world.restart(first)
    world.restart(second)
    await world.settled()
    assert await world.ask(second, Get("x")) == 1, "(e) who holds another entry there cannot win any more"
