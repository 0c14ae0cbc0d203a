"""The way from the typed words to the exit code, whatever error occurs in between.

Never here: what a command does.
"""

import io
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from cyclopts import CycloptsError

from scenarios.cli.base import BUG, DIVERGED, HELD, INTERRUPTED, MISTAKE, NOBODY_READS, app, complain, version


def main(tokens: Sequence[str] | None = None) -> int:
    """Run the command with these arguments; return the exit code."""
    if sys.stdout is None:  # closed by whoever called the command
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without `…` shows a replacement
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        code = _answer(words)
        sys.stdout.flush()
    except BrokenPipeError:
        code = NOBODY_READS
    except KeyboardInterrupt:
        complain("interrupted")
        code = INTERRUPTED
    if code == NOBODY_READS:
        # so that the last flush of Python finds an open file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _answer(words: list[str]) -> int:
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
    from scenarios.inspect.restore_files import FilesError
    from scenarios.inspect.result import bug_text
    from scenarios.kept_run import ReplayError
    from scenarios.sample_documents import DataError
    from scenarios.tla.tlc import CannotAsk

    if isinstance(error, Diverged):
        complain(str(error))
        return DIVERGED
    mistakes = StoryError | BoundsError | FilesError | DataError | ReplayError | NoYardstick | CannotAsk
    if isinstance(error, mistakes):
        complain(str(error))
        return MISTAKE
    if isinstance(error.__cause__, KeyboardInterrupt):  # a second Ctrl-C arrived while trio was handling the first
        raise KeyboardInterrupt from error
    complain(bug_text(error, shlex.join(["unkindness", *words]), version()))
    return BUG


def usage_text(error: CycloptsError) -> str:
    """The error of a wrong command line, with the remedy."""
    text = " ".join(str(error).split())
    return f"{text}\n`unkindness --help` shows what can be asked for."
