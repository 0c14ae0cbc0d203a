"""A backup folder has room for two backups. The third does not fit and leaves nothing behind; once old ones may go, there is room again."""

from scenarios import World, days, hours
from scenarios.backups import FOLDER, IN_PROGRESS, BackupFailed, Filling, backups, owner


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="B")
    daily = await shop.define(full="0 2 * * *", name="daily")
    await world.at("01:00")
    world.disturb(owner("daily"), Filling(FOLDER, room=5_000))

    await daily.ran(2, within=days(2))
    await world.seen(BackupFailed, within=hours(25))
    await world.at("12:00")
    assert len(daily.files("B")) == 2, "what did not fit has left nothing"
    assert not any(file.endswith(IN_PROGRESS) for file in daily.files("B"))

    await daily.edit(keep=days(1))
    await world.at("12:00")
    world.disturb("B", Filling(FOLDER, room=8_000))
    again = await daily.ran(within=days(1))
    assert again.outcome == "written"
    await world.at("12:00")
    assert again.folder in [chain.folder for chain in daily.restore_points("B") if chain.whole]
    assert (await daily.restore_newest("Copy")).compared()
