"""The folder for backups refuses everything for an hour. One run fails with the reason, and the next one is the next hour's."""

from backup.destinations.faults import Refusing
from cluster.sim.world import World
from scenarios.backups import FOLDER
from scenarios.stories.the_backup_folder_is_full import one_bad_hour


async def story(world: World) -> None:
    await one_bad_hour(world, Refusing(FOLDER))
