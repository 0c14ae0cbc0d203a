"""Any weather, and a minority's disks are damaged too: those nodes refuse to start and say why, and the others go on."""

from scenarios import World
from scenarios.weather.forecast import forecast
from scenarios.weather.kinds import KINDS_AND_DAMAGE
from scenarios.weather.over import weather

SEED = 17


def foretold(seed: int) -> str:
    """What is drawn for a seed, in a sentence."""
    return forecast(seed, KINDS_AND_DAMAGE).text()


async def story(world: World) -> None:
    await weather(kinds=KINDS_AND_DAMAGE)(world)
