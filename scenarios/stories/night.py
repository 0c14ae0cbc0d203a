"""Hours of faults from the seed: crashes, cuts, full disks, changed minds. Then a clear sky, and every backup is there."""

from scenarios import World
from scenarios.zoo.night import night


async def story(world: World) -> None:
    await night("ABC")(world)
