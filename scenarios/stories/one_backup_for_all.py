"""One server-wide task backs up every database there is, and every one that comes later, each in a folder of its own."""

import trio

from cluster.member import Refused
from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await client.create_database("Scratch", replication_factor=3)
    everything = await client.define_server_wide(full="0 1 * * *", path="all", excluded=("Scratch",))
    bank = await client.create_database("Bank", replication_factor=3)
    await shop.fill(20)
    await bank.fill(10)
    await everything.copies()[0].assigned()
    assert [copy.database.name for copy in everything.copies()] == ["Shop", "Bank"]
    assert [copy.path for copy in everything.copies()] == ["all/Shop", "all/Bank"]
    with world.expecting(Refused):  # rule 16.5
        await everything.copies()[0].disable()
    await trio.sleep(hours(1.1) - world.now)
    runs = {copy.database.name: copy.runs[-1] for copy in everything.copies()}
    assert all(run.outcome == "written" for run in runs.values())

    await everything.leave_out("Scratch", "Bank")
    await world.settled()
    assert [copy.database.name for copy in everything.copies()] == ["Shop"]
    await everything.remove()
    await world.settled()
    assert not everything.copies()
    assert not world["A"].state.database("Shop").tasks
