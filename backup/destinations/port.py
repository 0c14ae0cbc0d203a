"""The port for destinations of backup files: what every destination can do, and the errors that it raises.

A name is `folder/file`, with slashes on every system.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

IN_PROGRESS = ".in-progress"
"""The suffix of a file's name while the file is being written (rule 11.3)."""


LONGEST_PART = 255
"""Bytes of the longest name of one file or folder, in UTF-8."""


class DestinationError(OSError):
    """A destination failed to do what was asked. The text names the path, the reason and the remedy."""

    def __init__(self, path: str, what: str, remedy: str) -> None:
        super().__init__(f"{path}: {what}; {remedy}")
        self.path = path
        self.what = what
        self.remedy = remedy


class AlreadyThere(DestinationError, FileExistsError):
    """A file of that name, finished or in progress, exists already and stays as it is (rule 11.5)."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "the file already exists",
            "take the current second for the name, or remove the file if nobody needs it",
        )


class NotThere(DestinationError, FileNotFoundError):
    """There is no such file or folder."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path, "there is no such file or folder", "look at the list of folders and files for the right name"
        )


class Upload(Protocol):
    """One file being written, in steps. Exactly one of the last three ends it; a crash ends it with none of them."""

    def write(self, chunk: bytes) -> None:
        """Add a chunk. Raises DestinationError if no space is left, or the destination cannot be reached."""

    def finish(self) -> None:
        """Make the file durable and give it its name, atomically. Raises AlreadyThere if the name was taken meanwhile."""

    def abandon(self) -> None:
        """Stop as a crash does: the written bytes stay under the in-progress name."""

    def discard(self) -> None:
        """Remove what was written (rule 9.6c); does nothing if the upload has ended."""


class Destination(Protocol):
    """A place that keeps backup files in folders. Every method raises DestinationError if it cannot do its work."""

    @property
    def gives_back(self) -> bool:
        """Whether files can be listed and read at once. Glacier takes hours, so retention and restores skip it."""

    def start(self, name: str) -> Upload:
        """Begin a file under its in-progress name; makes missing folders. Raises AlreadyThere if either name is taken."""

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere if there is no such file."""

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted; () if the destination's own folder does not exist yet."""

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted, those in progress included; () if there is no such folder."""

    def delete(self, name: str) -> None:
        """Remove a file durably; does nothing if there is none."""

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files durably; does nothing if there is no such folder."""


def write(destination: Destination, name: str, chunks: Iterable[bytes]) -> int:
    """Write a whole file. Returns its size in bytes.

    An error of the destination or of `chunks` leaves nothing behind (rule 9.6c); a cancellation or a crash leaves the
    file in progress (rule 22.6).
    """
    upload = destination.start(name)
    size = 0
    try:
        for chunk in chunks:
            upload.write(chunk)
            size += len(chunk)
        upload.finish()
    except Exception as error:
        try:
            upload.discard()
        except DestinationError as another:
            error.add_note(f"What was written so far could not be removed: {another}")
        raise
    except BaseException:
        upload.abandon()
        raise
    return size


def delete_if_empty(destination: Destination, folder: str) -> None:
    """Remove the folder of a chain in which no file is, finished or not; does nothing where files cannot be listed."""
    if destination.gives_back and not destination.files(folder):
        destination.delete_folder(folder)


def parts_of(name: str, count: int) -> tuple[str, ...]:
    """The parts of a name. Raises ValueError unless there are `count` of them, each one fit for a file system."""
    parts = tuple(name.split("/"))
    if len(parts) != count or any(part in ("", ".", "..") or "\\" in part for part in parts):
        wanted = "folder/file" if count == 2 else "the name of one folder"
        raise ValueError(f"{name!r} names nothing in a destination: give {wanted}, without '..' and backslashes")
    check_parts(parts)
    return parts


def path_parts(path: str) -> tuple[str, ...]:
    """The parts of a path, with slashes or backslashes, in normal form: without empty ones and `.`; `..` stays."""
    return tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


def is_name(part: str) -> bool:
    """Whether a part of a path can be the name of a file or folder of ours."""
    try:
        parts_of(part, 1)
    except ValueError:
        return False
    return True


def check_parts(parts: Iterable[str]) -> None:
    """Raise ValueError for a part that some file system would not take, so that files in memory fare like those on disk."""
    for part in parts:
        if not part.isprintable():
            raise ValueError(f"{part!r} cannot be the name of a file or folder: give printable characters")
        if len(part.encode()) > LONGEST_PART:
            raise ValueError(
                f"{part[:40]!r}… has {len(part.encode())} bytes in UTF-8, more than the {LONGEST_PART} that the name "
                "of a file or folder can have: shorten it"
            )
