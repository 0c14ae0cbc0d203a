"""Forgotten `await`s: a verb that waits was called and has done nothing, and something else may be the first to fail of it.

And the needless ones, before a verb that acts at once or a noun.
"""

import ast
import linecache
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CORO_CREATED, getcoroutinestate
from types import CodeType, CoroutineType, TracebackType
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
    used = _forgotten(failure.obj) if isinstance(failure, AttributeError) else ""  # `task.ran().node`: it has no name
    found = [used] if used else []
    step = failure.__traceback__
    while step is not None:
        if is_users(step.tb_frame.f_code.co_filename):
            found += [said for each in step.tb_frame.f_locals.values() if (said := _forgotten(each))]
        step = step.tb_next
    return found


def needless(failure: BaseException | None) -> str:
    """What to say of a TypeError whose cause is an `await` before something that nobody can wait for; empty of any other."""
    if not isinstance(failure, TypeError) or not _NO_AWAIT.search(str(failure)):
        return ""
    step = failure.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or not is_users(step.tb_frame.f_code.co_filename):
        return ""
    what = _awaited(step)
    return f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}: {what}: write it without `await`"


_NO_AWAIT = re.compile(r"can't be (used in 'await' expression|awaited)")


def _awaited(step: TracebackType) -> str:
    """What stands behind the `await` of this step, in the user's own words."""
    try:
        found = ast.parse(_source(step.tb_frame.f_code, step.tb_lasti), mode="eval").body
    except SyntaxError:
        return "this is there at once"
    thing = found.value if isinstance(found, ast.Await) else found
    if isinstance(thing, ast.Call):
        name = thing.func.attr if isinstance(thing.func, ast.Attribute) else ast.unparse(thing.func)
        return f"`{name}` acts at once"
    return f"`{ast.unparse(thing)}` is there at once"


def _source(code: CodeType, instruction: int) -> str:
    """The text of the expression to which an instruction belongs."""
    first, last, begin, end = list(code.co_positions())[instruction // 2]
    if first is None or last is None or begin is None or end is None:
        return ""
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(first, last + 1)]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    return b"".join(lines).decode()


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
