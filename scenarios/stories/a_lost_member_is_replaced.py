"""A node is gone for good, and after a quarter of an hour another takes its place. Then it comes back."""

import trio

from scenarios import World, minutes
from scenarios.backups import CopyClosed, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")


async def story(world: World) -> None:
    shop = await backups(world).shop("ABCD", members="ABC", dynamic=True)
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    lost = (await hourly.ran()).node
    await trio.sleep(minutes(5))
    world.isolate(lost)
    await shop.put({"orders/last": {"only": "here"}}, on=lost)
    world.crash(lost)

    died = world.now
    await shop.grouped("".join(sorted({*"ABC", "D"} - {lost})))
    after = world.now - died
    assert minutes(15) < after < minutes(17), (
        f"rules 5.4.8, 5.4.9: 900 seconds and the time to catch up, not {after:.0f} s"
    )
    successor = await hourly.assigned(other_than=lost)
    assert world.now - died < minutes(20), f"rule 7.14: {successor} has the task before the grace is over"

    assert [each.note.rule for each in shop.decisions][1:] == ["5.4.3", "7.8.8", "5.4.8", "5.9", "5.4.9", "7.8.5"]

    world.heal()
    world.restart(lost)
    await world.seen(CopyClosed, node=lost)
    assert "orders/last" in shop.documents(), "rule 5.15: it hands over what only it has, and only then gives it up"
    await trio.sleep(minutes(10))
