"""A run that was named, played again to its end; a kept one is compared with what was kept, event by event.

Never here: what is read in it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster.sim.run import BUG, MISTAKE, STOPPED
from cluster.value import value
from scenarios.gallery import LoadedStory
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import Kept, PlayedHere, ReplayError, difference, find, perform, story_of

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from cluster.sim.world import World


class Diverged(Exception):
    """The run cannot be examined, because playing it again gave other events."""


@value
class PlayedRun:
    """A run, played again."""

    run: str
    """RUN as it was named, without an event."""
    seq: int | None
    """The event that was named; None: none."""
    loaded: LoadedStory
    request: RunRequest
    outcome: "Outcome"


def played(
    run: str,
    bug: str | None = None,
    rules: str | None = None,
    *,
    follow: "Callable[[World], None] | None" = None,
) -> PlayedRun:
    """Play the run that RUN or RUN:SEQ names. Raises ReplayError, StoryError, and Diverged if it is another than the kept one.

    `follow` as for `perform`. KeyboardInterrupt if Ctrl-C stops it: nothing is said of a run of which only the beginning was
    played.
    """
    named, seq = find(run, bug, rules)
    name = run if seq is None else run.rpartition(":")[0]
    request = named.request if isinstance(named, Kept) else named
    loaded = story_of(request)
    outcome = perform(loaded, request, follow=follow)
    if outcome.verdict == STOPPED:
        raise KeyboardInterrupt
    if outcome.failure is not None and outcome.verdict in (MISTAKE, BUG):
        raise ReplayError(f"{name} cannot be looked into, as it cannot be played: `{request.command()}` says why")
    if isinstance(named, Kept) and difference(named, [PlayedHere(outcome.history)]):
        raise Diverged(f"{name} played again is another run: `unkindness replay {name}` shows where")
    return PlayedRun(name, seq, loaded, request, outcome)
