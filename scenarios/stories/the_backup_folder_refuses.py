"""The folder for backups refuses everything for an hour. One run fails with the reason, and the next one is the next hour's."""

from scenarios import World
from scenarios.backups import FOLDER, Refusing
from scenarios.stories.the_backup_folder_is_full import one_bad_hour


async def story(world: World) -> None:
    await one_bad_hour(world, Refusing(FOLDER))
