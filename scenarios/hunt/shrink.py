"""From a broken run to the smallest story that breaks the same promise: what `unkindness shrink` answers.

Never here: which script is tried next (shrinking.py), and how one is written down (story_text.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.time_units import SECOND
from cluster.value import value
from scenarios.gallery import StoryError
from scenarios.hunt.broken_run import BrokenRun, broken_run_named
from scenarios.hunt.cause import Cause
from scenarios.hunt.recorded_steps import RecordedSteps
from scenarios.hunt.shrinking import Shrinking
from scenarios.hunt.story_text import story_text
from scenarios.inspect.result import RunRequest

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
    return shrink_run(broken_run_named(run, bug, rules), plays)


def shrink_run(broken: BrokenRun, plays: int = PLAYS, events: int = EVENTS) -> Shrunk:
    """Shrink a run that is known to break a promise; `events`: how many the smaller runs may have in all."""
    player, request, cause = broken.player, broken.request, broken.cause
    player.plays = player.events = 0
    found = Shrinking(broken.steps, player.breaks, lambda: player.plays >= plays or player.events > events).run()
    tried, text = player.plays, player.text_of(found.steps)
    story = story_text(found.steps, broken, text)
    if story and not player.breaks_as_text(story):
        story = ""
    return Shrunk(request, cause, text, broken.steps, found.steps, story, tried, found.is_done)


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
