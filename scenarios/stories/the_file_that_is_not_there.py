"""The folder for backups says that a file is kept, and has lost it. The run reads it back, finds nothing, and fails."""

import trio

from scenarios import World, hours
from scenarios.backups import FOLDER, Cutting, Losing, Well, backups, check_chain


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC", members="B")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    for trouble in (Losing(FOLDER), Cutting(FOLDER)):
        await trio.sleep(hours(0.5))
        await shop.put({"orders/new": {"trouble": type(trouble).__name__}})
        world.disturb("B", trouble)
        run = await hourly.ran(within=hours(1))
        await trio.sleep(1)  # whoever believed the place has told of it by now
        assert run.outcome == "failed", "success is what can be read back"
        world.disturb("B", Well(FOLDER))

    again = await hourly.ran(within=hours(1.1))
    assert again.outcome == "written"
    assert again.folder == first.folder, "the chain goes on from the file that was there"
    assert check_chain(client.destinations.place("B", FOLDER), first.folder).whole
    assert (await hourly.restore_newest("Copy")).compared()
