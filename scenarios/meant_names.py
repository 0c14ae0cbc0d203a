"""What may have been meant by a name that is not there: a verb, a field, a name of a module, a name that was not brought in.

Never here: where the error happened, and how it is told.
"""

import builtins
import difflib
import re
from collections.abc import Iterable
from importlib import import_module
from types import TracebackType
from typing import Any

OFFERED = ("scenarios", "scenarios.backups", "cluster.steps", "cluster.trace", "trio")
"""Modules of which a story may have forgotten to bring in a name."""
_FROM = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def suggestion(wrong: str, known: Iterable[str], most: int = 3, cutoff: float = 0.5) -> str:
    """` Did you mean …?` with at most so many of what is known and that close, else nothing."""
    close = difflib.get_close_matches(wrong, list(known), most, cutoff)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def hint(error: BaseException) -> str:
    """What may have been meant, as a sentence after the full stop of the error's own; empty if nothing is close, or if the error
    is of another kind."""
    found = ""
    if isinstance(error, TypeError) and "'datetime.timedelta'" in str(error):
        return ": where Python wants seconds, `trio.sleep` for one, give `.total_seconds()` of it, or hours(1)"
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        found = _nearest(error.name, _public(error.obj))
    elif isinstance(error, NameError) and error.name:
        found = _brought_in(error.name) or _nearest(error.name, _names_at(error.__traceback__))
    elif isinstance(error, ImportError) and (said := _FROM.search(str(error))):
        found = _nearest(said[1], _public(import_module(said[2])))
    elif isinstance(error, ModuleNotFoundError) and error.name == "scenario":
        found = _nearest(error.name, OFFERED)
    return found and f".{found}"


def _nearest(wrong: str, known: Iterable[str]) -> str:
    """The nearest name, of which `UseProvidedKey` and `USE_PROVIDED_KEY` are one."""
    names = list(known)
    alike = {name.replace("_", "").lower(): name for name in names}
    same = alike.get(wrong.replace("_", "").lower())
    return f" Did you mean {same}?" if same else suggestion(wrong, names, most=1, cutoff=0.6)


def _public(thing: Any) -> list[str]:
    return [name for name in (*dir(thing), *getattr(thing, "__all__", ())) if not name.startswith("_")]


def _brought_in(name: str) -> str:
    """The import that a story forgot; empty if no module of those offers the name."""
    if name == "trio":
        return " Write `import trio` on top."
    for module in OFFERED:
        if name in _public(import_module(module)):
            return f" Write `from {module} import {name}` on top."
    return ""


def _names_at(trace: TracebackType | None) -> list[str]:
    """The names that the innermost frame of an error knows."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame if trace is not None else None
    return [*frame.f_locals, *frame.f_globals, *dir(builtins)] if frame is not None else []
