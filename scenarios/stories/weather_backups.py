"""Hours of whatever the seed has in store for backups: faults, clients, changed minds. Then the sky clears, and every backup is there."""

from scenarios import World
from scenarios.zoo.backup_weather import sky, weather_backups

SEED = 5


def foretold(seed: int) -> str:
    """What is drawn for a seed, in a sentence."""
    return sky(seed).text()


async def story(world: World) -> None:
    await weather_backups(world)
