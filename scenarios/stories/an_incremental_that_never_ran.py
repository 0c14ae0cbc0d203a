"""An owner dies before its first incremental, and its task goes and returns: by RavenDB's rules one hour is passed over, no more."""

import trio

from scenarios import World, minutes
from scenarios.backups import backups

RULES = "ravendb-6.2"


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="AB")
    hourly = await shop.define(incremental="37 * * * *", mentor="B")
    await trio.sleep(minutes(2) - world.now)
    world.crash("B")
    await trio.sleep(70)  # long enough for B to be found not to respond
    world.crash("A")
    world.crash("C")
    await trio.sleep(minutes(38) - world.now)
    for name in "ABC":
        world.restart(name)  # B counts from here, as it knows of no run (8.2), and keeps that timer (9.2)

    await trio.sleep(minutes(156) - world.now)
    world.crash("B")
    await trio.sleep(minutes(2))
    world.restart("B")  # now it knows of a run, and what it slept through is late and not passed over
    await trio.sleep(minutes(218) - world.now)
    ours = world.options.get("rules") == "unkindness"  # whoever gets it runs what nobody has covered (24.8)
    assert [run.occurrence // 60_000_000 for run in hourly.runs] == [*([37] if ours else []), 97, 157, 217]
