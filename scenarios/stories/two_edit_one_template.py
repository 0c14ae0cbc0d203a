"""Two operators edit a server-wide task from the same view: the second is told to look again, and neither edit is lost."""

import trio

from cluster.member import Refused
from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    await client.create_database("Shop", replication_factor=3)
    await client.create_database("Scratch", replication_factor=3)
    everything = await client.define_server_wide(full="0 1 * * *", path="all", name="nightly")
    await world.settled()

    first, second = await everything.show("A"), await everything.show("B")
    await everything.leave_out("Scratch", of=first)
    with world.expecting(Refused):  # rules 16.6, 26.9
        await everything.edit(of=second, full="0 3 * * *")
    await world.settled()
    again = await everything.show("B")
    assert (again.full, again.excluded) == ("0 1 * * *", ("Scratch",)), "the first edit is there"
    await everything.edit(of=again, full="0 3 * * *")
    await everything.disable()
    with world.expecting(Refused):  # a switch is an edit, too
        await everything.edit(of=again, full="0 4 * * *")
    await everything.enable()

    await world.settled()
    after = await everything.show("C")
    assert (after.full, after.excluded) == ("0 3 * * *", ("Scratch",)), "and so is the second, looked at again"
    assert [database for database, _, _ in after.copies] == ["Shop"]
    copy = everything.copies()[0]
    await copy.assigned()
    await trio.sleep(hours(4) - world.now)
    assert [run.outcome for run in copy.runs] == ["written"], "at three, and not at one"
