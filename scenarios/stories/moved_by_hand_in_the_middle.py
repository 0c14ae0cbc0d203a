"""A task gets another preferred node while a long full is under way: that run counts, until its node dies in the middle."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import BackupStarted, Slow, backups


async def story(world: World) -> None:
    ours = (world.options.get("rules") or "unkindness") == "unkindness"
    shop = await backups(world).shop("ABC", members="ABC")
    task = await shop.define(full="0 */6 * * *", mentor="B")
    for node in "ABC":
        world.disturb(node, Slow("backups", 2_000))

    def started() -> list[str]:
        return [event.node for event in world.history.of(BackupStarted)]

    await world.seen(BackupStarted, within=hours(7))
    await trio.sleep(minutes(1))
    await task.edit(mentor="C")
    await task.assigned(other_than="B")
    run = await task.ran(within=hours(2))
    await trio.sleep(minutes(5))
    assert (run.node, run.outcome) == ("B", "written"), "rule 7.13: a move stops no run"
    if ours:
        assert started() == ["B"], "rule 24.8: C knows of it and starts no second one (complaint 23.1)"
    await trio.sleep(hours(12) - world.now - 1)
    before = len(started())

    await world.seen(BackupStarted, within=hours(1))
    await task.edit(mentor="B")
    await trio.sleep(minutes(1))
    world.crash("C")
    await trio.sleep(minutes(5))
    if ours:
        assert started()[before:] == ["C", "B"], "what C had under way is lost, so B runs it"
    world.restart("C")
    await trio.sleep(hours(2))
    assert task.runs[-1].outcome == "written"
