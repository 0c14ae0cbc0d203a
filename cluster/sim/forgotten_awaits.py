"""Forgotten `await`s: a verb that waits was called and has done nothing, and something else may be the first to fail of it."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any

from cluster.sim.errors import NotAwaited
from cluster.sim.user_code import is_users


@contextmanager
def heeding_forgotten_awaits() -> Iterator[list[str]]:
    """Python only warns of a coroutine that was never awaited; with its origin, it says where it was made."""
    forgotten: list[str] = []
    show: Any = warnings.showwarning
    depth = sys.get_coroutine_origin_tracking_depth()

    def heed(message: Warning | str, category: type[Warning], filename: str, line: int, *rest: Any) -> None:
        called = re.match(r"coroutine '(?:.*\.)?(\w+)' was never awaited", str(message))
        made = re.findall(r'File "(.+)", line (\d+), in ', str(message))
        if called is None or not made or not is_users(made[-1][0]):
            show(message, category, filename, line, *rest)
        else:
            forgotten.append(_text(made[-1][0], made[-1][1], called[1]))

    with warnings.catch_warnings():
        warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
        warnings.showwarning = heed  # type: ignore[assignment]  # it takes whatever else it is given
        sys.set_coroutine_origin_tracking_depth(max(1, depth))
        try:
            yield forgotten
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)


def left_behind(failure: BaseException | None) -> list[str]:
    """What to say of coroutines that stand unawaited in the user's names, if the failure is that one of them was used."""
    if failure is None or "coroutine" not in str(failure):
        return []
    found = []
    step = failure.__traceback__
    while step is not None:
        if is_users(step.tb_frame.f_code.co_filename):
            found += [said for each in step.tb_frame.f_locals.values() if (said := _forgotten(each))]
        step = step.tb_next
    return found


def refuse_coroutine(given: object) -> None:
    """Raise NotAwaited if what a verb was given is what another verb, without `await`, has returned."""
    said = _forgotten(given)
    if said:
        raise NotAwaited(said)


def _forgotten(given: object) -> str:
    """What to say of a coroutine that was never awaited; empty for anything else. It is closed, and warns no more."""
    if not isinstance(given, CoroutineType) or getcoroutinestate(given) != CORO_CREATED:
        return ""
    origin = [place for place in given.cr_origin or () if is_users(place[0])]
    name = given.__name__
    given.close()
    return _text(origin[0][0], origin[0][1], name) if origin else ""


def _text(file: str, line: object, called: str) -> str:
    return f"{file}:{line}: `{called}` was never awaited: write `await` before the call"
