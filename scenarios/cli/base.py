"""The common parts of all commands of `unkindness`: the app, the exit codes, the kinds of flags, and the output of lines.

The exit codes are listed in `__init__.py`. Never here: a command.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EEXIST, ENOSYS, ENOTSUP, EOPNOTSUPP, EPERM
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import App, Parameter, Token

from scenarios.provenance import version

if TYPE_CHECKING:
    from backup.record.encryption_keys import Key

HELD, BROKEN, INCONCLUSIVE, DIVERGED = 0, 1, 2, 3
MISTAKE, DAMAGED, BUG, UNWRITABLE = 64, 65, 70, 74
INTERRUPTED, NOBODY_READS, TERMINATED = 130, 141, 143
CODES = {"held": HELD, "broken": BROKEN, "inconclusive": INCONCLUSIVE}
CODES |= {"mistake": MISTAKE, "bug": BUG, "stopped": INTERRUPTED}
"""The exit code of each verdict of a run."""


def whole_number(_: object, tokens: Sequence[Token]) -> int:
    """A converter for `--seed`: a whole number, never rounded."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number. Give one, for example --seed 7") from None


NO_LINKS = (EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS)
"""How a file system says that it has no hard links, as that of most memory sticks."""
Flag = Parameter(negative=())
Json = Annotated[bool, Parameter(negative=(), help="Print one JSON object instead.")]
KeyFile = Annotated[Path | None, Parameter(help="The keys of encrypted files, one a line, 32 bytes as base64.")]
Run = Annotated[str, Parameter(help="A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`.")]
Seed = Parameter(converter=whole_number)
Bug = Annotated[str | None, Parameter(help="The bug of the zoo that was planted; a kept run knows its own.")]
Rules = Annotated[str | None, Parameter(help="The generation of rules it was played under; a kept run knows its own.")]


app = App(
    name="unkindness",
    help="A cluster, treated badly on purpose, to see whether its backups still happen.",
    version=version,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


def check_data(data: str | None) -> None:
    """Say what the documents that `--data` names refer to and lack. Raise DataError if they cannot be read, to the last of them."""
    if data is not None:
        from scenarios.sample_documents import check

        for field, count in check(data).items():
            complain(
                f"{data}: {field} of {count:,} document{'' if count == 1 else 's'} is not in the file, and left out"
            )


def keys_of(key_file: Path | None, *warnings: str) -> "tuple[Key, ...]":
    """The keys of the file; warned of is that others may read it, and what else is said. FilesError for a file that is none."""
    from backup.destinations.key_files import open_to_all
    from scenarios.inspect.restore_files import keys_in

    keys = keys_in(key_file)
    for said in (open_to_all(key_file) if key_file is not None else "", *warnings):
        if said:
            complain(f"warning: {said}")
    return keys


@contextmanager
def new_file(option: str, path: Path | None) -> Iterator[TextIO | None]:
    """A file that is not there yet, to write while the `with` block runs: nothing is overwritten. Without a path: None.

    It is written aside, and gets its name when it is whole and durable: half of one would look like a whole one. If the block
    fails, or the process is asked to end, nothing stays. StoryError and OutputError name option and path.
    """
    from scenarios.gallery import StoryError
    from scenarios.output_errors import FULL, OutputError

    if path is None:
        yield None
        return
    is_device = path.exists() and not path.is_file() and not path.is_dir()  # nothing to lose, nothing to put aside
    aside = path if is_device else path.parent / f".{path.name}.{os.getpid()}.in-progress"
    taken = f"{option} {path} is there already: name a new file"
    if os.path.lexists(path) and not is_device:
        raise StoryError(taken)
    try:
        with _sigterm_unwinds():
            with _opened(option, path, aside) as file:
                yield file
                if not is_device:
                    file.flush()
                    os.fsync(file.fileno())
            if not is_device:
                _named(aside, path)
    except BaseException as error:
        if isinstance(error, FileExistsError) and error.filename2 == str(path):  # it came there meanwhile
            raise StoryError(taken) from error
        if isinstance(error, OSError) and error.errno in FULL and error.filename is None:
            raise OutputError(f"{option} {path}", error) from error
        raise
    finally:
        if not is_device:
            with suppress(OSError):  # it has its name, or was never begun
                aside.unlink()


def _opened(option: str, path: Path, aside: Path) -> TextIO:
    """The file that is written for `path`. Raises StoryError and OutputError."""
    from scenarios.gallery import StoryError
    from scenarios.output_errors import REFUSED, OutputError

    try:
        return aside.open("w" if aside == path else "x", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        if error.errno in REFUSED:
            raise OutputError(f"{option} {path}", error) from error
        raise StoryError(f"{option} {path} cannot be written ({error.strerror}): name another file") from error


def _named(aside: Path, path: Path) -> None:
    """Give a whole file its name, durably. FileExistsError if the name was taken meanwhile."""
    try:
        os.link(aside, str(path))  # not a rename, which would replace what is there
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(EEXIST, os.strerror(EEXIST), str(aside), None, str(path)) from error
        aside.rename(path)
    with suppress(OSError, AttributeError):  # not every system opens folders
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """SIGTERM ends the block as an exception does; outside the main thread it stays what it is."""
    try:
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def width() -> int:
    """The width of the terminal in columns; 80 without one."""
    from shutil import get_terminal_size

    return max(60, get_terminal_size((80, 24)).columns)


def say_json(data: object) -> None:
    """Print one JSON value."""
    from json import dumps

    from scenarios.terminal import in_json

    print(in_json(dumps(data, ensure_ascii=False, indent=2)))


def say(data: Callable[[], object], lines: Iterable[str], as_json: bool) -> None:
    """Print the data as JSON, or else the lines."""
    if as_json:
        say_json(data())
        return
    from scenarios.terminal import printable

    for line in lines:
        print(printable(line))


def complain(text: str) -> None:
    """Write one or two lines to standard error."""
    from scenarios.terminal import printable

    print(f"unkindness: {printable(text)}", file=sys.stderr)
