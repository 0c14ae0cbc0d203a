"""A node joins, takes the place of one that is removed for good in the group of a database, and its tasks move at once."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups

TOLD_UNDER = ("unkindness",)


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="BC", dynamic=True)
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    await hourly.reported()
    before = hourly.files(owner)

    other = "B" if owner == "C" else "C"
    world.crash("A")  # else A, which has no database either, would be as fit
    world.join("D")
    await world.joined("D")
    world.remove(owner)
    await world.left(owner)
    left_at = world.now

    await shop.grouped("".join(sorted(other + "D")), within=300)
    assert 60 < world.now - left_at < 120, (
        "rules 5.4.3, 5.7: 60 s to Rehab, where it is bad at once, and not 900 s later"
    )
    successor = await hourly.assigned(other_than=owner)
    assert world.now - left_at < minutes(3), "rule 7.8.5: who is not in the group loses its tasks at once"
    run = await hourly.ran()
    assert run.node == successor

    assert hourly.files(owner) == before, "what it wrote stays where it is"
    restored = await hourly.restore_newest("Restored")
    assert restored.compared()
    world.restart("A")
    await trio.sleep(hours(1))
