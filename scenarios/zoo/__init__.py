"""The zoo: famous bugs, each a change of a few lines to one function, planted by name and taken out again.

A bug is told by its docstring, its source, and the promise it breaks. Watchers know nothing of it: they catch it by the
promise. `with planted("majority-of-half"): …` runs the whole house with it.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import attrs

from cluster.value import value
from scenarios.gallery import StoryError, suggestion

Change = Callable[..., Any]
"""Stands in the place of a function, and is given that one before its arguments."""


OF_THE_STORY = "the story's own assertion"
"""What breaks where no promise does: the name of a promise that only the story made."""


class UnknownBug(StoryError):
    """There is no bug of that name. The text lists the names."""


@value
class Bug:
    """One resident of the zoo."""

    name: str
    says: str
    """What is wrong, in one sentence."""
    target: str
    """Module and function, dotted within the module for a method: `cluster.storage:Storage.save`."""
    breaks: str
    """The promise that its harm breaks."""
    source: str
    """Where it was seen, or what warns of it."""
    change: Change
    strikes: str
    """What exposes it: a keeper (`keeper.KEEPERS`), or a story of the gallery."""
    under: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    """Options of the world in which it strikes soon: a slow disk, small batches."""
    guards: tuple[tuple[str, Change], ...] = ()
    """Target and change of what would cover it: a second guard, taken away with the first."""
    remembers: Callable[[], Any] | None = None
    """Makes what it keeps from call to call, anew wherever it is planted: its change is given that last, as `memory`."""


FILES = """consensus votes copies snapshots membership reads liveness clients
backups content clouds retention groups tasks secrets mishaps"""
"""Where the residents stand: those of consensus first, then those of backups."""
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
    """Enter the function below into the zoo, under its own name with hyphens and its docstring's first line.

    It takes the place of the target, which it is given as `original` before the arguments of the call.
    """

    def enter(change: Change) -> Change:
        name = change.__name__.replace("_", "-")
        says = (change.__doc__ or "").strip().splitlines()[0].rstrip(".")
        BUGS[name] = Bug(name, says, target, breaks, source, change, strikes, under, guards, remembers)
        return change

    return enter


def bug_named(name: str) -> Bug:
    """The bug of that name, with hyphens or underscores; UnknownBug names those that come near."""
    _collect()
    found = BUGS.get(name.replace("_", "-"))
    if found is None:
        near = suggestion(name, BUGS)
        raise UnknownBug(f"there is no bug {name!r} in the zoo.{near} `unkindness zoo` shows them all")
    return found


def all_bugs() -> tuple[Bug, ...]:
    """Every resident, in the order of entry."""
    _collect()
    return tuple(BUGS.values())


def _collect() -> None:
    for file in FILES.split():
        importlib.import_module(f"scenarios.zoo.{file}")


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Run what stands below with the bug in the product; None plants nothing."""
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
    """Run what stands below with the change in the place of the function that the target names."""
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
    """Drop what functions of the module remember: it was worked out with, or without, the bug."""
    for each in vars(importlib.import_module(module)).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
