"""Watchers of promises: they see a trace, live or saved, and never steer."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from cluster.trace import Happened, Note

Kind = TypeVar("Kind", bound=Note)
Sees = list[tuple[type[Note], Callable[[Happened[Any]], None]]]
"""What a watcher looks at: kinds of notes, each with what is called with every event of that kind. Made of `on`."""


def on(kind: type[Kind], see: Callable[[Happened[Kind]], None]) -> tuple[type[Note], Callable[[Happened[Any]], None]]:
    """One entry of `Watcher.sees`. Only what takes events of that kind, or of more, is accepted by a type checker."""
    return kind, see


class Violation(AssertionError):
    """A promise was broken. Raised in the act, by the watcher of that promise."""

    def __init__(self, promise: str, text: str) -> None:
        super().__init__(f"{promise}: {text}")
        self.promise = promise
        """Name of the promise, for example `election safety`."""
        self.text = text


class Watcher:
    """One promise. Feed it every event of a run in order, then call `finish`; both raise `Violation`.

    It may keep a model of its own, costs O(1) an event, and learns nothing but what the trace says.
    """

    promise: ClassVar[str]
    """The promise's name."""
    says: ClassVar[str]
    """The promise in one sentence."""

    def sees(self) -> Sees:
        """Which kinds of notes it looks at, each once, and with what: `[on(Voted, self._voted), …]`."""
        raise NotImplementedError  # every watcher says what it looks at

    def finish(self) -> None:
        """The run is over: say what only the end can tell."""

    def broken(self, text: str) -> Violation:
        """The exception to raise."""
        return Violation(self.promise, text)
