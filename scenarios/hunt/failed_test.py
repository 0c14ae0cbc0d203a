"""A run that failed in a test of somebody's: its steps made smaller, and written down as a story and as a script.

Any application will do. Never here: how a test is run, and where the text is shown.
"""

from collections.abc import Callable

from cluster.sim.run import Outcome, RunSetting, Story
from cluster.value import value
from scenarios.gallery import DEFAULT_RULES, LoadedStory
from scenarios.hunt.broken_run import BrokenRun, broken_story
from scenarios.hunt.recorded_steps import RecordedSteps
from scenarios.hunt.shrinking import Shrinking
from scenarios.hunt.story_text import story_text
from scenarios.inspect.result import RunRequest

EVENTS = 400_000
"""How many events the smaller runs may have in all: some two CPU seconds."""
PLAYS = 300


@value
class FailedTest:
    """What is left of a failure."""

    setting: RunSetting
    seed: int
    steps: RecordedSteps
    before: int
    """How many steps there were."""
    text: str
    """What broke, in one line."""
    story: str
    """The text of a story file that breaks the same; empty: none does, as its application cannot be named, say."""


def failed_test(story: Story, seed: int, play: Callable[[Story], Outcome], name: str = "test") -> FailedTest:
    """Make the failure smaller. `play` plays a story in the setting of the test. StoryError if its steps do not break it again."""
    loaded = LoadedStory(name, story, "", seed, DEFAULT_RULES, (), "")
    request = RunRequest(name, seed, DEFAULT_RULES, own_rules=DEFAULT_RULES)
    broken = broken_story(loaded, request, play)
    player = broken.player
    player.plays = player.events = 0
    found = Shrinking(broken.steps, player.breaks, lambda: player.plays >= PLAYS or player.events > EVENTS).run()
    text = player.text_of(found.steps)
    written = _written(found.steps, broken, text)
    if written and not player.breaks_as_text(written):
        written = ""
    return FailedTest(broken.setting, seed, found.steps, len(broken.steps.moments), text, written)


def _written(steps: RecordedSteps, broken: BrokenRun, text: str) -> str:
    """The text of the story; empty if its application has no name that can be brought in."""
    if "<" in broken.setting.application.__qualname__:
        return ""
    return story_text(steps, broken, text)
