"""A run, or a part of it, that is exported. Never here: a form."""

from typing import Any

from cluster.trace import Happened
from cluster.value import value
from scenarios.inspect.played_run import PlayedRun


@value
class Excerpt:
    """The events of a run from one to another."""

    run: PlayedRun
    first: int
    """The number of its first event."""
    last: int
    """The number of its last event, which is in it."""
    is_part: bool
    """Whether a window was named."""
    version: str
    """The version of this program that exports it."""

    @property
    def events(self) -> list[Happened[Any]]:
        """The events, in order."""
        return self.run.outcome.history.events[self.first - 1 : self.last]

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes of the run, in the order of their start."""
        return self.run.outcome.names

    @property
    def title(self) -> str:
        """Story and seed in one line, with the bug and the rules that are not the story's own."""
        request = self.run.request
        rules = f" --rules {request.rules}" if request.rules != request.own_rules else ""
        bug = f" --bug {request.bug}" if request.bug else ""
        return f"{request.story}@{request.seed}{rules}{bug}"
