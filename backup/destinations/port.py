"""Where backup files are kept: what is asked of any such place, and how a place says no.

A name is `folder/file`, with slashes on every system. Never here: a place, or what the files mean.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

IN_PROGRESS = ".in-progress"
"""What a name ends in while the file is written (rule 11.3)."""


class DestinationError(OSError):
    """A place could not do what was asked. The text names the path, the reason and what helps."""

    def __init__(self, path: str, what: str, remedy: str) -> None:
        super().__init__(f"{path}: {what}; {remedy}")
        self.path = path
        self.what = what
        self.remedy = remedy


class AlreadyThere(DestinationError, FileExistsError):
    """A file of that name, finished or in progress, is there and is kept (rule 11.5)."""

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
        """Add a chunk. DestinationError if there is no space, or the place went away."""

    def finish(self) -> None:
        """Make it durable and give it its name: all of it or nothing. AlreadyThere if the name was taken meanwhile."""

    def abandon(self) -> None:
        """Stop as a crash does: leave what was written under the in-progress name."""

    def discard(self) -> None:
        """Remove what was written (rule 9.6c). Nothing happens if it has ended already."""


class Destination(Protocol):
    """A place that keeps files in folders."""

    @property
    def gives_back(self) -> bool:
        """Whether what it keeps can be listed and read at once; Glacier takes hours, and no retention or restore looks there."""

    def start(self, name: str) -> Upload:
        """Begin a file under its in-progress name; folders are made as needed. AlreadyThere if either name is taken."""

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. NotThere."""

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted; () if the place itself is not made yet."""

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted, those in progress included; () if there is no such folder."""

    def delete(self, name: str) -> None:
        """Remove a file, durably. Nothing happens if there is none: removing twice is removing."""

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files, durably. Nothing happens if there is none."""


def write(destination: Destination, name: str, chunks: Iterable[bytes]) -> int:
    """Write a whole file; its size in bytes.

    An error, of the place or of `chunks`, leaves nothing behind (rule 9.6c); being cancelled or killed leaves the
    file in progress as it is (rule 22.6).
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


def parts_of(name: str, count: int) -> tuple[str, ...]:
    """The parts of a name, checked: `count` of them, none that leads elsewhere. ValueError otherwise."""
    parts = tuple(name.split("/"))
    if len(parts) != count or any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
        wanted = "folder/file" if count == 2 else "the name of one folder"
        raise ValueError(f"{name!r} names nothing in a destination: give {wanted}, without '..' and backslashes")
    return parts
