"""Bad weather from the seed, aimed at votes and writes, under a client's load. Then the sky clears, and somebody leads."""

from scenarios import World
from scenarios.zoo.storm import storm


async def story(world: World) -> None:
    await storm("ABC")(world)
