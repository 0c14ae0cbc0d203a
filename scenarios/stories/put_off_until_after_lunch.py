"""A backup that hurts at noon is put off by ninety minutes: it stops, starts from scratch at half past one, and nowhere else before."""

import trio

from cluster.time_units import HOUR, MINUTE
from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")
"""In 4.2 a task that has never run counts from now, so that what was put off waits for tomorrow (rule 8.2)."""


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    daily = await shop.define(full="0 12 * * *")
    owner = await daily.assigned()
    await trio.sleep(hours(12) - world.now + 0.3)

    put_off = await daily.postpone(minutes(90))
    assert put_off.agreed
    view = await daily.show(owner)
    assert view.next is not None
    assert view.next.delayed_from is not None
    assert 12 * HOUR <= view.next.delayed_from < 12 * HOUR + MINUTE
    await trio.sleep(minutes(10))
    world.restart(owner)  # the delay is agreed on, so that a restart forgets nothing (rule 15.5)
    again = await daily.ran()
    assert again.node == owner
    assert put_off.until <= again.started_at < put_off.until + MINUTE
    assert len(daily.runs) == 1, "the one that was put off has left nothing"
