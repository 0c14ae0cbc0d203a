"""A run, or a part of it, that is exported. Never here: a form."""

from typing import Any

import attrs

from cluster.trace import Happened, Note
from cluster.value import value
from scenarios.inspect.known_paths import KnownPaths
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
    known: KnownPaths = attrs.Factory(lambda self: KnownPaths.of(self.run.loaded), takes_self=True)
    """The folders of this machine, which no text shows."""

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
        """Story and seed in one line, with the bug and the rules that are not the story's own. A story of one's own by its path."""
        request = self.run.request
        rules = f" --rules {request.rules}" if request.rules != request.own_rules else ""
        bug = f" --bug {request.bug}" if request.bug else ""
        return self.known.without(f"{request.story}@{request.seed}{rules}{bug}")

    def text(self, note: Note) -> str:
        """The sentence of a note."""
        return self.known.without(note.text())
