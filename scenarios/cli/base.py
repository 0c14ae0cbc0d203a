"""The common parts of all commands of `unkindness`: the app, the exit codes, the kinds of flags, and the output of lines.

The exit codes are listed in `__init__.py`. Never here: a command.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, Token

HELD, BROKEN, INCONCLUSIVE, DIVERGED, MISTAKE, BUG, INTERRUPTED, NOBODY_READS = 0, 1, 2, 3, 64, 70, 130, 141
CODES = {"held": HELD, "broken": BROKEN, "inconclusive": INCONCLUSIVE}
CODES |= {"mistake": MISTAKE, "bug": BUG, "stopped": INTERRUPTED}
"""The exit code of each verdict of a run."""


def whole_number(_: object, tokens: Sequence[Token]) -> int:
    """A converter for `--seed`: a whole number, never rounded."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number. Give one, for example --seed 7") from None


Flag = Parameter(negative=())
Json = Annotated[bool, Parameter(negative=(), help="Print one JSON object instead.")]
KeyFile = Annotated[Path | None, Parameter(help="The keys of encrypted files, one a line, 32 bytes as base64.")]
Seed = Parameter(converter=whole_number)
Bug = Annotated[str | None, Parameter(help="The bug of the zoo that was planted; a kept run knows its own.")]
Rules = Annotated[str | None, Parameter(help="The generation of rules it was played under; a kept run knows its own.")]


def version() -> str:
    """The version that is installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("unkindness")
    except PackageNotFoundError:
        return "not installed"


app = App(
    name="unkindness",
    help="A cluster, treated badly on purpose, to see whether its backups still happen.",
    version=version,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


def check_data(data: str | None) -> None:
    """Raise DataError if `--data` names nothing that can be read."""
    if data is not None:
        from scenarios.sample_documents import check

        check(data)


@contextmanager
def writing(what: str, remedy: str = "name another file") -> Iterator[None]:
    """Turn an error of writing in the `with` block into a StoryError."""
    from scenarios.gallery import StoryError

    try:
        yield
    except OSError as error:
        raise StoryError(f"{what} cannot be written ({error.strerror}): {remedy}") from error


def width() -> int:
    """The width of the terminal in columns; 80 without one."""
    from shutil import get_terminal_size

    return max(60, get_terminal_size((80, 24)).columns)


def say_json(data: object) -> None:
    """Print one JSON value."""
    from json import dumps

    print(dumps(data, ensure_ascii=False, indent=2))


def say(data: Callable[[], object], lines: Iterable[str], as_json: bool) -> None:
    """Print the data as JSON, or else the lines."""
    if as_json:
        say_json(data())
        return
    for line in lines:
        print(line)


def complain(text: str) -> None:
    """Write one or two lines to standard error."""
    print(f"unkindness: {text}", file=sys.stderr)
