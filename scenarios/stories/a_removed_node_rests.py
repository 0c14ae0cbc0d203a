"""A removed node backs nothing up any more; back under its tag it tells its last report, and hands its old copy over."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import BackupStarted, ReportGivenUp, ReportQueued, backups, rules_named


async def story(world: World) -> None:
    rules = rules_named(world.options.get("rules") or "unkindness")
    shop = await backups(world).shop("ABC", members="ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="C")
    await hourly.ran()
    await hourly.reported()

    await shop.put({"orders/last": {"only": "here"}}, on="C")
    await world.seen(BackupStarted, node="C", within=7_200)
    world.remove("C")
    await world.left("C")
    unheard = await hourly.ran()
    assert (unheard.node, unheard.outcome) == ("C", "written"), "rule 7.13: what runs comes to its end"
    await trio.sleep(minutes(1))
    fate = ReportQueued if rules.late_reports else ReportGivenUp
    assert any(isinstance(event.note, fate) and event.node == "C" for event in world.history.events), "rules 24.6, 3.38"

    await trio.sleep(hours(2))
    ran = {run.node for run in hourly.runs[2:]}
    known = len(hourly.runs)
    if rules.runs_outside:
        assert "C" in ran, "rules 7.6, 7.9: RavenDB's passive node goes on with what it takes for its own"
    else:
        assert ran == {await hourly.assigned(other_than="C")}, "rule 3.36: it is in no cluster whose tasks it could run"

    world.join("C")
    await world.joined("C")
    if rules.late_reports:
        await hourly.reported()
        assert len(hourly.runs) == known, "it hears the news before it runs what it slept through"
    await world.until(lambda: not world["A"].state.existing("Shop").departed, 120, "C to hand its old copy over")
    assert "orders/last" in shop.documents(on="A"), "rule 5.15: nothing that only it had is lost"
    assert await shop.add_node("C") == "C"  # rule 26.1: it left the group with its removal, and is not put back
    await shop.grouped("ABC")
    await trio.sleep(minutes(90))
    assert hourly.owner == "C", "rule 7.10: it is a member again, and the mentor"
    assert hourly.runs[-1].node == "C"
