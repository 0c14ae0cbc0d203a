"""Whatever the seed has in store: cluster, settings, faults and clients. Then the sky clears, and the cluster works."""

from scenarios import World
from scenarios.weather.forecast import forecast
from scenarios.weather.over import weather

SEED = 24


def foretold(seed: int) -> str:
    """What is drawn for a seed, in a sentence."""
    return forecast(seed).text()


async def story(world: World) -> None:
    await weather()(world)
