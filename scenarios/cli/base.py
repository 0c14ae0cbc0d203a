"""The common parts of all commands of `unkindness`: the app, the exit codes, the kinds of flags, and the output of lines.

The exit codes are listed in `__init__.py`. Never here: a command.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from pathlib import Path
from typing import Annotated, TextIO

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
FULL = (ENOSPC, EDQUOT, EFBIG, EIO)
"""The errors of writing to a file that is open."""
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
def new_file(option: str, path: Path | None) -> Iterator[TextIO | None]:
    """A file that is not there yet, open while the `with` block runs: nothing is overwritten. Without a path: None.

    If the block fails, the file goes again: half of one would look like a whole one. StoryError names option and path.
    """
    from scenarios.gallery import StoryError

    if path is None:
        yield None
        return
    is_device = path.exists() and not path.is_file() and not path.is_dir()  # nothing to lose, and nothing to take away
    try:
        file = path.open("w" if is_device else "x", encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise StoryError(f"{option} {path} is there already: name a new file") from error
    except OSError as error:
        raise StoryError(f"{option} {path} cannot be written ({error.strerror}): name another file") from error
    try:
        with file:
            yield file
    except BaseException as error:
        if not is_device:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise StoryError(f"{option} {path} cannot be written ({error.strerror}): name another file") from error
        raise


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
