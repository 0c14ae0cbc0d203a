"""A broken run that is played again from its steps: with fewer of them, or with other luck.

Never here: what is left out, and when luck changes.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from cluster.sim.run import STOPPED, Outcome, RunSetting, Story
from cluster.value import value
from scenarios.gallery import LoadedStory, StoryError, load
from scenarios.hunt.cause import Cause
from scenarios.hunt.played_seed import breaks_of
from scenarios.hunt.recorded_steps import NoScript, RecordedSteps, script_of, scripted
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import Kept, find_whole, perform, story_of
from scenarios.zoo import OF_THE_STORY


class Player:
    """Plays steps and texts as a run was played, and tells whether they break the same promise."""

    def __init__(self, loaded: LoadedStory, play: Callable[[Story], Outcome], cause: Cause) -> None:
        """`play` plays a story in the setting of the run, and with its seed."""
        self._loaded, self._perform, self._cause = loaded, play, cause
        self.plays = self.events = 0
        """How many runs were played, and how many events they had."""

    def breaks(self, steps: RecordedSteps) -> int | None:
        """The true time in µs at which these steps broke the promise; None if they did not."""
        outcome = self._play(scripted(self._loaded.story, steps))
        return outcome.history.clock.now if self._is_the_same(outcome) else None

    def text_of(self, steps: RecordedSteps) -> str:
        """What is said when these steps break the promise."""
        return " ".join(str(self._play(scripted(self._loaded.story, steps)).failure).split())

    def breaks_as_text(self, story: str) -> bool:
        """Whether a file with this text breaks the promise too."""
        with TemporaryDirectory(prefix="unkindness-") as folder:
            path = Path(folder) / "shrunk.py"
            path.write_text(story, encoding="utf-8")
            try:
                return self._is_the_same(self._play(load(str(path)).story))
            except StoryError:  # a value of a step is not Python that makes it again
                return False

    def _play(self, story: Story) -> Outcome:
        outcome = self._perform(story)
        if outcome.verdict == STOPPED:
            raise KeyboardInterrupt
        self.plays, self.events = self.plays + 1, self.events + len(outcome.history)
        return outcome

    def _is_the_same(self, outcome: Outcome) -> bool:
        return any(each.cause == self._cause for each in breaks_of(outcome, self._loaded))


@value
class BrokenRun:
    """A run that broke a promise, and breaks it again when it is played from its steps."""

    request: RunRequest
    cause: Cause
    steps: RecordedSteps
    broke_at: int
    """The true time of the break in µs."""
    setting: RunSetting
    player: Player


def broken_run_named(run: str, bug: str | None, rules: str | None) -> BrokenRun:
    """The broken run that RUN names. ReplayError and StoryError for one that cannot be played, or holds."""
    named = find_whole(run, bug, rules)
    return broken_run(named.request if isinstance(named, Kept) else named)


def broken_run(request: RunRequest) -> BrokenRun:
    """Play it, and then its steps alone. StoryError if it breaks nothing, or if its steps alone do not break the same."""
    request = attrs.evolve(request, keep_going=False)
    loaded = story_of(request)
    return broken_story(loaded, request, lambda story: perform(attrs.evolve(loaded, story=story), request))


def broken_story(loaded: LoadedStory, request: RunRequest, play: Callable[[Story], Outcome]) -> BrokenRun:
    """The same of a story that is played by other means; `request` says how it is called."""
    outcome = play(loaded.story)
    if outcome.verdict == STOPPED:
        raise KeyboardInterrupt
    broke = breaks_of(outcome, loaded)
    if not broke:
        raise StoryError(f"{request.command()}: the run held: name one that breaks a promise")
    cause = broke[0].cause
    try:
        steps = script_of(outcome.history, len(outcome.history), outcome.history.clock.now + 1)
    except NoScript as error:
        raise StoryError(f"{request.command()}: {error}, so that it has no steps to play") from error
    player = Player(loaded, play, cause)
    if player.breaks(steps) is None:
        why = "it is an assertion of the story's" if cause.promise == OF_THE_STORY else "it hangs on more than these"
        raise StoryError(f"{request.command()}: its steps alone do not break {cause.promise!r} again: {why}")
    return BrokenRun(request, cause, steps, outcome.history.clock.now, outcome.setting, player)
