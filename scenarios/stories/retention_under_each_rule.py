"""Two tasks share a folder, and one of them keeps two days. Whether it removes the other's Sunday depends on the rules."""

import trio

from scenarios import World, days, hours
from scenarios.backups import FolderExpired, NothingToRestore, backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", members="B")
    await shop.put({"orders/1": {"since": "the first week"}})
    weekly = await shop.define(full="0 3 * * 0", name="weekly")
    nightly = await shop.define(full="0 2 * * *", name="nightly", keep=days(2))
    sunday = await weekly.ran(within=hours(24 * 8))
    await shop.delete("orders/1")
    await trio.sleep(hours(24 * 4))  # four more nights

    removed = [event.note.folder for event in world.history.of(FolderExpired)]
    assert len(removed) > 4, "the nightly chains of more than two days ago are gone"
    left = {file.partition("/")[0] for file in nightly.files("B")}
    kept = sunday.folder in left
    assert len(left) == 2 + kept, "and those of the last two nights are there"

    then = "2024-01-07 04:00"  # that Sunday
    if world.options.get("rules") == "unkindness":
        assert kept, "a task's policy concerns its own chains"
        assert (await client.restore("As on Sunday", "B", at=then)).documents == 1
    else:
        # rules 14.3, 14.4: by the database's name in the folder, whoever made it
        assert sunday.folder in removed, "the weekly backup went with the nightly ones"
        with world.expecting(NothingToRestore):
            await client.restore("As on Sunday", "B", at=then)
        world.say("nobody can say any more what Shop held that Sunday")
