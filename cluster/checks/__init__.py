"""Watchers of promises: they read a trace, live or saved, and never influence a run."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from cluster.trace import Happened, Note

Kind = TypeVar("Kind", bound=Note)
Sees = list[tuple[type[Note], Callable[[Happened[Any]], None]]]
"""The kinds of notes that a watcher reads, each with the function called for every event of that kind. Made of `on`."""


def on(kind: type[Kind], see: Callable[[Happened[Kind]], None]) -> tuple[type[Note], Callable[[Happened[Any]], None]]:
    """One element of `Watcher.sees`. Type checkers accept only a function that takes events of that kind."""
    return kind, see


class Violation(AssertionError):
    """A promise was broken. The watcher of the promise raises it at the event that broke it."""

    def __init__(self, promise: str, text: str) -> None:
        super().__init__(f"{promise}: {text}")
        self.promise = promise
        """Name of the promise, for example `election safety`."""
        self.text = text


class Undecided(Exception):
    """A watcher cannot tell, at the end of a run, whether its promise held: the verdict is *inconclusive*."""


class BadStep(TypeError):
    """The step that a user gave to a watcher does not keep its contract. The text names what it gave, and what is wanted."""


class Watcher:
    """A check of one promise. It is given every event of a run in order, then `finish` is called; both raise `Violation`, and
    `finish` raises `Undecided` if it cannot tell.

    It may keep a model of its own, takes O(1) per event, and knows only what the trace says.
    """

    promise: ClassVar[str]
    """The promise's name."""
    says: ClassVar[str]
    """The promise in one sentence."""

    def sees(self) -> Sees:
        """The kinds of notes it reads, each once, with the functions to call: `[on(Voted, self._voted), …]`."""
        raise NotImplementedError  # every watcher implements it

    def finish(self) -> None:
        """Check what can be checked only at the end of the run."""

    def broken(self, text: str) -> Violation:
        """The exception to raise when the promise is broken."""
        return Violation(self.promise, text)
