"""The cause of a failure: which promise was broken, and in which place. Runs of one cause are told as one finding.

A place is a function, not a line, so that it is the same place after a change of the code around it. Never here: playing.
"""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.checks import Violation
from cluster.sim.errors import OutOfBudget
from cluster.sim.run import BROKEN, BUG, HELD
from cluster.sim.user_code import is_users
from cluster.value import value
from scenarios.gallery import LoadedStory
from scenarios.inspect.result import verdict_of
from scenarios.zoo import OF_THE_STORY

if TYPE_CHECKING:
    from cluster.sim.run import Outcome

ROOT = Path(__file__).parents[2]
CHECKS = ("cluster.checks.", "backup.checks.", "scenarios.register_promises")
"""The modules in which promises are watched."""


@value
class Cause:
    """Which promise was broken, and where."""

    promise: str
    """The name of the promise, or of the story's own assertion; for another verdict than `broken`: verdict and kind of error."""
    place: str
    """The function that said so, `module.function`; empty where there is none."""


def cause_of(failure: BaseException | None, outcome: "Outcome", loaded: LoadedStory) -> Cause | None:
    """The cause of this failure of a run; None for a run that held."""
    verdict = verdict_of(outcome, loaded)
    if verdict == HELD:
        return None
    if failure is None:
        return Cause(f"{verdict}, never seen", ", ".join(outcome.unseen))
    if isinstance(failure, Violation):
        return _of_a_promise(failure)
    if verdict == BROKEN:
        return Cause(OF_THE_STORY, _innermost(failure, is_users))
    kind = f"{verdict}, {type(failure).__name__}"
    if isinstance(failure, OutOfBudget):  # wherever it was just then
        return Cause(kind, "")
    return Cause(kind, _innermost(failure, (lambda _: True) if verdict == BUG else is_users))


def cause_of_a_test(failure: BaseException) -> Cause:
    """The cause of the failure of somebody's test: the promise, or the kind of error, and the function that said so."""
    if isinstance(failure, Violation):
        return _of_a_promise(failure)
    return Cause(type(failure).__name__, _innermost(failure, is_users))


def _of_a_promise(broken: Violation) -> Cause:
    """The promise, and the last function of a watcher's or of the user's."""
    return Cause(broken.promise, _innermost(broken, lambda file: is_users(file) or _module(file).startswith(CHECKS)))


def _innermost(failure: BaseException, said: Callable[[str], bool]) -> str:
    """The last function of a traceback whose file `said` so; empty if there is none."""
    frames = traceback.extract_tb(failure.__traceback__)
    return next((f"{_module(each.filename)}.{each.name}" for each in reversed(frames) if said(each.filename)), "")


def _module(filename: str) -> str:
    """The dotted name of a module of ours; the last part of any other file's name."""
    path = Path(filename)
    return ".".join(path.relative_to(ROOT).with_suffix("").parts) if path.is_relative_to(ROOT) else path.stem
