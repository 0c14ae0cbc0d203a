"""A backup at half past two goes by its node's wall clock: one Sunday in March Berlin has no such hour, New York has."""

import trio

from scenarios import World, days, hours, minutes
from scenarios.backups import backups

SUNDAY = 90
"""31 March 2024, in days from the first of January: clocks go from two to three in Berlin, at 01:00 UTC."""


async def story(world: World) -> None:
    zones = {"A": "Europe/Berlin", "B": "America/New_York", "C": "America/New_York"}
    client = backups(world)
    client.start("ABC")
    for node, zone in zones.items():
        world.zone(node, zone)
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.fill()
    await trio.sleep(days(SUNDAY) - world.now - 60)
    nightly = await shop.define(full="30 2 * * *", mentor="A")
    first = await nightly.ran(within=hours(5))
    sunday = days(SUNDAY)
    assert (first.node, first.due - sunday) == ("A", hours(1)), "half past two does not exist: three o'clock it is"

    await trio.sleep(minutes(30))
    world.crash("A")
    second = await nightly.ran(within=hours(30))
    assert second.node != "A"
    assert second.due - sunday == hours(6.5), "half past two in New York is half past six in London"
