"""Stories under every generation of rules, and any weather at all: the promises hold."""

from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings

from backup.record.rules import PRESETS
from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.steps import Weather
from cluster.time_units import hours
from scenarios.backups import backups
from scenarios.gallery import LoadedStory, gallery, load
from scenarios.strategies import seeds, weather

TALES = [load(entry.story) for entry in gallery()]
TOLD = [(loaded, rules) for loaded in TALES for rules in PRESETS if not loaded.told_under or rules in loaded.told_under]


@pytest.mark.parametrize(("loaded", "rules"), TOLD, ids=[f"{loaded.name} {rules}" for loaded, rules in TOLD])
def test_a_story_holds_under_every_generation_it_is_told_under(loaded: LoadedStory, rules: str, tmp_path: Path) -> None:
    """On its own seed; what differs between the generations is in the story."""
    outcome = play(loaded.story, loaded.seed, places={"backups": str(tmp_path)}, options={"rules": rules})

    assert outcome.verdict == HELD, outcome.failure


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=seeds(), weather=weather("ABC"))
def test_every_occurrence_is_covered_after_the_sky_clears(seed: int, weather: Weather) -> None:
    """Any weather over hourly and half-hourly backups, then four hours of calm: nothing is missed, everything restores."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        await shop.fill(10)
        await shop.define(full="0 */2 * * *", incremental="*/30 * * * *")
        await shop.define(full="15 * * * *", mentor="C")
        await trio.sleep(hours(0.9))
        await world.suffer(weather)
        await trio.sleep(hours(0.5))
        world.mend()
        await world.elected(within=30)
        await trio.sleep(hours(4))

    outcome = play(story, seed)

    assert outcome.verdict == HELD, outcome.failure
