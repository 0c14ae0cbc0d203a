"""The node that runs the backups dies at noon. Who takes over, and when, depends on the rules."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    owner = first.node
    await trio.sleep(hours(11.8) - world.now)
    await shop.put({"orders/last": {"before": "noon"}})
    await trio.sleep(minutes(5))

    world.crash(owner)  # ten minutes to twelve, roughly
    run = await hourly.ran(within=hours(2))
    assert run.node != owner, "another node takes over"
    assert run.full, "it has no chain of its own to continue"
    after_noon = run.began - hours(12)
    rules = world.options.get("rules")
    if rules == "ravendb-6.2":
        # rules 7.8, 8.11: after the grace, and then only at the next occurrence: noon is never covered by its own run
        assert after_noon >= minutes(59), f"it waits for one o'clock, not {after_noon:.0f} s"
    elif rules == "ravendb-4.2":
        # rules 7.5, 24.4: whoever computes itself the owner goes on at once: noon itself, or a minute after
        assert after_noon < minutes(2), f"noon is covered at once, not {after_noon:.0f} s later"
    else:
        # rules 7.8, 24.3: 60 s until Rehab, 30 minutes of grace, then the occurrence nobody covered
        assert minutes(15) < after_noon < minutes(25), f"noon is covered after the grace, not {after_noon:.0f} s later"

    await trio.sleep(minutes(5))
    world.restart(owner)
    await trio.sleep(hours(2))
    again = [each for each in hourly.runs if each.node == owner and each.t > run.t]
    if rules == "ravendb-4.2":
        # it slept through its replacement, runs noon again before it hears of that, and so has run it last (7.5.3c)
        assert again[0].occurrence == run.occurrence
    elif rules != "ravendb-6.2":
        assert not again, "a task without a mentor does not go back (7.11)"
