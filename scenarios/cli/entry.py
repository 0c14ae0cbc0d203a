"""The way from the typed words to the exit code, whatever error occurs in between.

Never here: what a command does.
"""

import io
import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from cyclopts import CoercionError, CycloptsError, UnusedCliTokensError

from scenarios.cli.base import (
    BUG,
    DAMAGED,
    DIVERGED,
    HELD,
    INTERRUPTED,
    MISTAKE,
    NOBODY_READS,
    UNWRITABLE,
    app,
    complain,
)
from scenarios.provenance import KeptElsewhere, version


def main(tokens: Sequence[str] | None = None) -> int:
    """Run the command with these arguments; return the exit code."""
    if sys.stdout is None:  # closed by whoever called the command
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without `…` shows a replacement
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        with _remarks():
            code = _answer(words)
    except BrokenPipeError:
        code = NOBODY_READS
    except KeyboardInterrupt:
        complain("interrupted")
        code = INTERRUPTED
    return _flushed(code)


@contextmanager
def _remarks() -> Iterator[None]:
    """Say what is remarked of a kept run in one line, and any other warning as ever."""
    show: Any = warnings.showwarning
    said: list[str] = []

    def say(message: Warning, category: type[Warning], *where: Any) -> None:
        if issubclass(category, KeptElsewhere):
            if str(message) not in said:  # one run may be asked for twice
                said.append(str(message))
                complain(f"note: {message}")
        else:
            show(message, category, *where)

    with warnings.catch_warnings():
        warnings.simplefilter("always", KeptElsewhere)
        warnings.showwarning = say  # type: ignore[assignment]  # it takes whatever else it is given
        yield


def _flushed(code: int) -> int:
    """The exit code once standard output has everything, or has refused it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = NOBODY_READS
    except OSError as error:
        if code != UNWRITABLE:
            _complain_of_output(error)
        code = UNWRITABLE
    else:
        if code != NOBODY_READS:
            return code
    # so that the last flush of Python finds an open file
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _complain_of_output(error: OSError) -> None:
    from scenarios.output_errors import OutputError

    complain(str(OutputError(error.filename or "the output", error)))


def _answer(words: list[str]) -> int:
    if empty := _without_value(words):
        complain(f"{empty} is given no name: write one behind it, or leave {empty} away")
        return MISTAKE
    try:
        answered: Any = app(words, exit_on_error=False, print_error=False)
        return answered if isinstance(answered, int) else HELD
    except CycloptsError as error:
        complain(usage_text(error))
        return MISTAKE
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        return _unexpected(error, words)


def _unexpected(error: Exception, words: list[str]) -> int:
    from scenarios.bench.program import NoYardstick
    from scenarios.explore.bounds import BoundsError
    from scenarios.gallery import StoryError
    from scenarios.inspect.played_run import Diverged
    from scenarios.inspect.restore_files import DamagedFiles, FilesError
    from scenarios.inspect.result import bug_text
    from scenarios.kept_run import ReplayError
    from scenarios.output_errors import REFUSED, OutputError
    from scenarios.sample_documents import DataError
    from scenarios.tla.tlc import CannotAsk

    if isinstance(error, Diverged):
        complain(str(error))
        return DIVERGED
    if isinstance(error, DamagedFiles):
        complain(str(error))
        return DAMAGED
    if isinstance(error, OutputError):
        complain(str(error))
        return UNWRITABLE
    mistakes = StoryError | BoundsError | FilesError | DataError | ReplayError | NoYardstick | CannotAsk
    if isinstance(error, mistakes):
        complain(str(error))
        return MISTAKE
    if isinstance(error.__cause__, KeyboardInterrupt):  # a second Ctrl-C arrived while trio was handling the first
        raise KeyboardInterrupt from error
    if isinstance(error, OSError) and error.errno in REFUSED:
        _complain_of_output(error)
        return UNWRITABLE
    complain(bug_text(error, shlex.join(["unkindness", *words]), version()))
    return BUG


KINDS: dict[object, str] = {int: "a whole number", float: "a number", bool: "nothing, the flag alone says yes"}
"""What an option takes, by its type."""


def _without_value(words: Sequence[str]) -> str:
    """The first option that is given an empty text; empty if none is."""
    for option, given in pairwise(words):
        if not given and option.startswith("--") and "=" not in option:
            return option
    return next((word[:-1] for word in words if word.startswith("--") and word.endswith("=")), "")


def usage_text(error: CycloptsError) -> str:
    """The error of a wrong command line, with the remedy."""
    text = " ".join(str(error).split())
    if isinstance(error, UnusedCliTokensError):
        more = ", ".join(map(repr, error.unused_tokens or ()))
        text = f"{more} is more than this command takes: leave it away, or put a name with blanks in quotes"
    elif isinstance(error, CoercionError) and error.msg is None and error.token is not None:
        wanted = KINDS.get(error.target_type)
        if wanted:
            text = f"{error.token.keyword or 'the argument'} is {error.token.value!r}: give {wanted}"
    return f"{text}\n`unkindness --help` shows what can be asked for."
