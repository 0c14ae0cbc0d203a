"""From a broken run to the smallest story that breaks the same promise: what `unkindness shrink` answers.

Never here: which script is tried next (shrinking.py), and how one is written down (story_text.py).
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from cluster.sim.run import STOPPED, Outcome, Story, play
from cluster.time_units import SECOND
from cluster.value import value
from scenarios import zoo
from scenarios.gallery import LoadedStory, StoryError, load
from scenarios.hunt.cause import Cause
from scenarios.hunt.played_seed import breaks_of
from scenarios.hunt.recorded_steps import NoScript, RecordedSteps, script_of, scripted
from scenarios.hunt.shrinking import Shrinking
from scenarios.hunt.story_text import story_text
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import Kept, find_whole, perform

if TYPE_CHECKING:
    from cluster.sim.world import World

PLAYS = 1_000
"""How many smaller runs are tried at most if nothing else is said."""
EVENTS = 2_000_000
"""How many events these runs may have in all: some ten CPU seconds, but the same on every machine."""


@value
class Shrunk:
    """The smallest script that was found, and its story."""

    request: RunRequest
    cause: Cause
    text: str
    """What was said when the promise broke in the smallest run."""
    before: RecordedSteps
    after: RecordedSteps
    story: str
    """The text of a story file that breaks the promise; empty if none could be written that does."""
    plays: int
    is_done: bool
    """Whether nothing more could be left out; False if the tries were used up."""

    def whole_story(self) -> str:
        """The text of the story; StoryError if none could be written."""
        if self.story:
            return self.story
        raise StoryError(
            f"the smallest run of {self.request.command()} cannot be written as a story that breaks the same: "
            "leave --to away to see its steps"
        )

    def fields(self) -> dict[str, Any]:
        """What was found, as JSON."""
        return self.request.fields() | {
            "promise": self.cause.promise,
            "place": self.cause.place,
            "text": self.text,
            "steps_before": len(self.before.moments),
            "steps": len(self.after.moments),
            "nodes_before": len(self.before.nodes),
            "nodes": len(self.after.nodes),
            "plays": self.plays,
            "done": self.is_done,
            "story": self.story,
        }


def shrink(run: str, bug: str | None, rules: str | None, plays: int = PLAYS) -> Shrunk:
    """Shrink the run that RUN names. ReplayError and StoryError for one that cannot be played, or holds."""
    if plays < 1:
        raise StoryError(f"--plays {plays} plays nothing: give 1 at least")
    named = find_whole(run, bug, rules)
    request = named.request if isinstance(named, Kept) else named
    return shrink_request(attrs.evolve(request, keep_going=False), plays)


def shrink_request(request: RunRequest, plays: int = PLAYS) -> Shrunk:
    """Shrink this run. StoryError if it breaks nothing, or if its steps alone do not break it again."""
    loaded = load(request.story)
    begun: list[World] = []
    outcome = perform(loaded, request, follow=begun.append)
    if outcome.verdict == STOPPED:
        raise KeyboardInterrupt
    broke = breaks_of(outcome, loaded)
    if not broke:
        raise StoryError(f"{request.command()}: the run {outcome.verdict}, so that there is nothing to shrink")
    cause = broke[0].cause
    player = Player(loaded, request, cause)
    try:
        whole = script_of(outcome.history, len(outcome.history), outcome.history.clock.now + 1)
    except NoScript as error:
        raise StoryError(f"{request.command()}: {error}, so that there are no steps to leave out") from error
    if player.breaks(whole) is None:
        raise StoryError(
            f"{request.command()}: its steps alone do not break {cause.promise!r} again: it hangs on what the story does besides "
            f"its steps, {'an assertion of its own' if cause.promise == zoo.OF_THE_STORY else 'or on when it waits'}"
        )
    found = Shrinking(whole, player.breaks, lambda: player.plays > plays or player.events > EVENTS).run()
    text = player.text_of(found.script)
    story = story_text(found.script, begun[0].application_class, request, cause, text)
    if not player.breaks_as_text(story):
        story = ""
    return Shrunk(request, cause, text, whole, found.script, story, player.plays, found.is_done)


class Player:
    """Plays scripts and texts as the run was played, and tells whether they break the same promise."""

    def __init__(self, loaded: LoadedStory, request: RunRequest, cause: Cause) -> None:
        self._loaded, self._request, self._cause = loaded, request, cause
        self.plays = self.events = 0
        """How many runs were played, and how many events they had."""

    def breaks(self, script: RecordedSteps) -> int | None:
        """The true time in µs at which the script broke the promise; None if it did not."""
        outcome = self._play(scripted(self._loaded.story, script))
        return outcome.history.clock.now if self._is_the_same(outcome) else None

    def text_of(self, script: RecordedSteps) -> str:
        """What is said when the script breaks its promise."""
        return " ".join(str(self._play(scripted(self._loaded.story, script)).failure).split())

    def breaks_as_text(self, story: str) -> bool:
        """Whether a file with this text breaks the promise too."""
        with TemporaryDirectory(prefix="unkindness-") as folder:
            path = Path(folder) / "shrunk.py"
            path.write_text(story, encoding="utf-8")
            return self._is_the_same(self._play(load(str(path)).story))

    def _play(self, story: Story) -> Outcome:
        bug = zoo.bug_named(self._request.bug) if self._request.bug else None
        with (
            TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True) as folder,
            zoo.planted(self._request.bug),
        ):
            outcome = play(
                story,
                self._request.seed,
                places={"backups": folder},
                options={"rules": self._request.rules, "data": self._request.data},
                **(bug.under if bug is not None else {}),
            )
        if outcome.verdict == STOPPED:
            raise KeyboardInterrupt
        self.plays, self.events = self.plays + 1, self.events + len(outcome.history)
        return outcome

    def _is_the_same(self, outcome: Outcome) -> bool:
        return any(each.cause == self._cause for each in breaks_of(outcome, self._loaded))


def shrunk_lines(found: Shrunk, kept: Path | None) -> Iterator[str]:
    """What was found, for people: the story, or the steps if it has none; then what became smaller."""
    if found.story:
        yield from found.story.splitlines()
    else:
        yield f"the nodes {' '.join(found.after.nodes)} start; then, at these seconds:"
        yield from (f"  {each.at / SECOND:10.6f}  {each.step!r}" for each in found.after.moments)
    yield ""
    was, now = found.before, found.after
    steps = f"{len(was.moments)} -> {len(now.moments)} steps, {len(was.nodes)} -> {len(now.nodes)} nodes"
    time = f", {was.until // SECOND:,} -> {now.until / SECOND:g} s" if now.until < was.until - SECOND else ""
    yield f"{found.cause.promise}: {steps}{time}"
    left = "nothing more can be left out" if found.is_done else "the tries are used up: give more by --plays"
    yield f"  {found.plays:,} smaller runs tried; {left}"
    yield f"  of       {found.request.command()}"
    if kept is not None:
        bug = f" --bug {found.request.bug}" if found.request.bug else ""
        yield f"  again    unkindness run {kept}{bug}"
