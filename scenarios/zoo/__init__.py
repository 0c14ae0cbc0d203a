"""The zoo: famous bugs, each a change of a few lines to one function, planted by name and taken out again.

A bug consists of its docstring, its source, and the promise it breaks. Watchers know nothing of bugs: they catch one by its
promise. `with planted("majority-of-half"): …` runs everything in the block with the bug.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import attrs

from cluster.value import value
from scenarios.gallery import StoryError
from scenarios.meant_names import suggestion

Change = Callable[..., Any]
"""The replacement of a function; it is called with the original function before the arguments."""


OF_THE_STORY = "the story's own assertion"
"""The value of `breaks` for a bug that breaks no promise but an assertion of its story."""


class UnknownBug(StoryError):
    """There is no bug of that name. The text lists the names."""


@value
class Bug:
    """One bug of the zoo."""

    name: str
    says: str
    """The defect, in one sentence."""
    target: str
    """The changed function: module and name, dotted within the module for a method: `cluster.storage:Storage.save`."""
    breaks: str
    """The promise that is broken as a consequence."""
    source: str
    """Where the bug was seen, or what warns of it."""
    change: Change
    strikes: str
    """What exposes it: the name of a keeper (`keeper.KEEPERS`), or of a story of the gallery."""
    under: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    """Options of the world under which it breaks its promise soon: a slow disk, small batches."""
    guards: tuple[tuple[str, Change], ...] = ()
    """Target and change of each second guard that would cover the bug; it is taken away as well."""
    remembers: Callable[[], Any] | None = None
    """Makes the bug's memory between calls, anew for each planting; the change gets it as `memory`. None: it has no memory."""


FILES = """consensus votes copies snapshots states membership reads liveness clients
backups content clouds retention groups tasks secrets mishaps"""
"""The modules of the bugs: those of consensus first, then those of backups."""
BUGS: dict[str, Bug] = {}


def bug(
    target: str,
    *,
    source: str,
    breaks: str = OF_THE_STORY,
    strikes: str = "storm",
    guards: tuple[tuple[str, Change], ...] = (),
    remembers: Callable[[], Any] | None = None,
    **under: Any,
) -> Callable[[Change], Change]:
    """Register the function below as a bug, under its own name with hyphens and with its docstring's first line.

    It replaces the target, which it is given as `original` before the arguments of the call.
    """

    def enter(change: Change) -> Change:
        name = change.__name__.replace("_", "-")
        says = (change.__doc__ or "").strip().splitlines()[0].rstrip(".")
        BUGS[name] = Bug(name, says, target, breaks, source, change, strikes, under, guards, remembers)
        return change

    return enter


def bug_named(name: str) -> Bug:
    """The bug of that name, with hyphens or underscores. UnknownBug names similar ones."""
    _collect()
    found = BUGS.get(name.replace("_", "-"))
    if found is None:
        near = suggestion(name, BUGS)
        raise UnknownBug(f"there is no bug {name!r} in the zoo.{near} `unkindness zoo` shows them all")
    return found


def all_bugs() -> tuple[Bug, ...]:
    """Every bug, in the order of registration."""
    _collect()
    return tuple(BUGS.values())


def _collect() -> None:
    for file in FILES.split():
        importlib.import_module(f"scenarios.zoo.{file}")


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant the bug for the duration of the `with` block; None plants nothing."""
    if name is None:
        yield
        return
    found = bug_named(name)
    with ExitStack() as stack:
        change = found.change
        if found.remembers is not None:
            change = partial(change, memory=found.remembers())
        for target, each in ((found.target, change), *found.guards):
            stack.enter_context(replaced(target, each))
        yield


@contextmanager
def replaced(target: str, change: Change) -> Iterator[None]:
    """Replace the function that the target names for the duration of the `with` block."""
    module, _, function = target.partition(":")
    place: Any = importlib.import_module(module)
    *outer, last = function.split(".")
    for part in outer:
        place = getattr(place, part)
    original = vars(place)[last]
    inner = original.__func__ if isinstance(original, staticmethod | classmethod) else original

    def changed(*given: Any, **named: Any) -> Any:
        return change(inner, *given, **named)

    setattr(place, last, type(original)(changed) if inner is not original else changed)
    _forget(module)
    try:
        yield
    finally:
        setattr(place, last, original)
        _forget(module)


def _forget(module: str) -> None:
    """Clear the caches of the module's functions: their content was computed with, or without, the bug."""
    for each in vars(importlib.import_module(module)).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
