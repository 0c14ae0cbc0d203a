"""The node that runs a task is removed from the cluster: it leaves the group in the same entry, and the task moves at once."""

import trio

from scenarios import World, hours
from scenarios.backups import backups, rules_named


async def story(world: World) -> None:
    rules = rules_named(world.options.get("rules") or "unkindness")
    shop = await backups(world).shop("ABC", members="BC", dynamic=True)
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await hourly.ran()).node
    await hourly.reported()
    before = hourly.files(owner)

    heir = "B" if owner == "C" else "C"
    world.remove(owner)
    await world.left(owner)
    left_at = world.now
    await shop.grouped(heir)
    assert shop.group is not None
    assert shop.group.replication_factor == 1, "rule 26.1: nobody is missing from the group"
    if rules.assigned:
        assert await hourly.assigned(other_than=owner) == heir
        assert world.now - left_at < 1, "rules 26.1, 7.8.5: the next pass gives it away, and nobody waits for the grace"
    while heir not in {run.node for run in hourly.runs}:
        await hourly.ran(within=hours(1.1))
    assert world.now - left_at < hours(1), "and no hour is missed"

    assert hourly.files(owner) == before, "what it wrote stays where it is"
    await shop.add_node("A")
    await shop.grouped("A" + heir, within=60)
    restored = await hourly.restore_newest("Restored")
    assert restored.compared()
    await trio.sleep(hours(1))
