"""The responsible node is cut off and goes on; the others give its task away. The same hour is backed up twice."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import BackupFinished, backups

TOLD_UNDER = ("unkindness",)


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    first = await hourly.ran()
    await trio.sleep(hours(1.2) - world.now)

    world.isolate(first.node)
    await trio.sleep(hours(1.9) - world.now)
    await shop.put({"orders/cut-off": {"side": "of one"}}, on=first.node)
    await shop.put({"orders/majority": {"side": "of two"}}, on=next(name for name in "ABC" if name != first.node))
    await trio.sleep(hours(3.5) - world.now)
    during = [run for run in hourly.runs if run.due >= hours(1.9)]
    nodes_at = {}  # type: dict[int, set[str]]
    for run in during:
        nodes_at.setdefault(run.occurrence, set()).add(run.node)
    assert any(len(nodes) == 2 for nodes in nodes_at.values()), "rule 10.8: two nodes ran one occurrence, each unaware"
    written = [event for event in world.history.events if isinstance(event.note, BackupFinished)]
    files = {event.node for event in written if hours(2) <= event.t / 1_000_000 < hours(2.1)}
    assert len(files) == 2, "and each wrote a file of two o'clock"

    world.heal()
    await world.settled()
    await hourly.reported(within=minutes(10))
    await trio.sleep(hours(5.5) - world.now)
    latest = [run for run in hourly.runs if run.due >= hours(4.9)]
    assert len({run.node for run in latest}) == 1, "once they can talk again, one node runs it"
