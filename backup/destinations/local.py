"""The destination kind for a folder of the real file system. A file appears under its name whole and durable, or not at all.

Calls block, so a program on a node makes them through `Member.outside`.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

import attrs

from backup.destinations.port import (
    IN_PROGRESS,
    AlreadyThere,
    Destination,
    DestinationError,
    NotThere,
    check_parts,
    parts_of,
    path_parts,
)
from backup.destinations.settings import DestinationSettings, Script, joined, named
from cluster.value import value

CHUNK = 1 << 17
LONGEST_PATH = 1_024
"""Bytes of the longest path of a task's folder: the folder of the run and names of files must fit beside it into 4,096."""
REASONS = {
    errno.ENOSPC: ("no space is left", "free some space, or choose another folder"),
    errno.EDQUOT: ("the quota of this user is used up", "raise it, or choose another folder"),
    errno.EACCES: ("permission is denied", "let the user that runs this write there, or choose another folder"),
    errno.EPERM: ("permission is denied", "let the user that runs this write there, or choose another folder"),
    errno.EROFS: ("the file system can only be read", "mount it for writing, or choose another folder"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "remove the file, or choose another folder"),
    errno.EISDIR: ("it is a folder or a device, not a file", "move it out of the way"),
    errno.ENAMETOOLONG: ("the name is too long for this file system", "shorten the path or the name of the database"),
    errno.EIO: ("the device failed", "look at the device: what was read or written cannot be trusted"),
}
MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
refusals: list[OSError] = []
"""The errors of `MACHINE` that were met: a run in which there was one says something of the machine that it was played on."""


@value
class LocalFolder(DestinationSettings):
    """The settings of a folder of the node that runs the backup."""

    path: str = attrs.field(metadata=named("FolderPath"))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "LocalSettings"
    word: ClassVar[str] = "Local"
    allowed_as: ClassVar[str] = "Local"
    key_field: ClassVar[str] = "path"
    scheme: ClassVar[str] = ""
    example: ClassVar[str] = "backups"
    through: ClassVar[str] = "files and fsync"
    shows_progress: ClassVar[bool] = True

    def check(self) -> None:
        """Nothing: what a folder may be is decided by the node that looks at it (rule 6.4)."""

    @property
    def address(self) -> str:
        return self.path

    @classmethod
    def of_address(cls, address: str) -> Self:
        return cls(address)

    def subfolder(self, name: str) -> Self:
        return self.changed(path=joined(self.path, name))

    def connect(self) -> "LocalDestination":
        return LocalDestination(self.path)

    @classmethod
    def simulated(cls, kept: Destination, address: str) -> Destination:
        """`kept` itself, which already behaves as a local folder does."""
        return kept


def parts_of_path(path: str) -> tuple[str, ...]:
    """The parts of a local folder's path. Raises ValueError if it is empty, holds `..`, or is nothing for a file system."""
    parts = path_parts(path)
    if not parts or ".." in parts:
        raise ValueError(f"the local folder {path!r} leads out of the node: give a path without '..'")
    check_parts(parts)
    if len(path.encode()) > LONGEST_PATH:
        raise ValueError(
            f"the local folder {path[:40]!r}… has {len(path.encode()):,} bytes: give {LONGEST_PATH} or fewer"
        )
    return parts


class LocalDestination:
    """One folder of the file system as a destination; it holds a folder for each chain of backups."""

    gives_back = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """`path` of the folder, which is made when the first file is written."""
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"LocalDestination({str(self.path)!r})"

    def start(self, name: str) -> "LocalUpload":
        """Begin a file under its in-progress name; makes missing folders. Raises AlreadyThere if either name is taken."""
        path = self._file(name)
        with _translated(path):
            if path.exists():
                raise AlreadyThere(str(path))
            _make_folder(path.parent)
            return LocalUpload(path)

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere."""
        path = self._file(name)
        with _translated(path), open(path, "rb", opener=_regular) as file:  # Path.open takes no opener
            while chunk := file.read(CHUNK):
                yield chunk

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted; () if the destination's own folder does not exist yet."""
        with _translated(self.path):
            if not self.path.exists():
                return ()
            return tuple(sorted(entry.name for entry in self.path.iterdir() if entry.is_dir()))

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of what is in a folder, sorted, files in progress included; () if there is no such folder."""
        path = self.path.joinpath(*parts_of(folder, 1))
        with _translated(path):
            if not path.exists():
                return ()
            return tuple(sorted(os.listdir(path)))

    def delete(self, name: str) -> None:
        """Remove a file durably; does nothing if there is none."""
        path = self._file(name)
        with _translated(path):
            if path.exists():
                path.unlink()
                _sync_folder(path.parent)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files durably; does nothing if there is no such folder."""
        path = self.path.joinpath(*parts_of(folder, 1))
        with _translated(path):
            if path.exists():
                # incrementals before their full backup: a crash never leaves incrementals without it
                for entry in sorted(path.iterdir(), reverse=True):
                    entry.unlink()
                path.rmdir()
                _sync_folder(path.parent)

    def _file(self, name: str) -> Path:
        return self.path.joinpath(*parts_of(name, 2))


class LocalUpload:
    """One file that is being written to a local folder."""

    def __init__(self, path: Path) -> None:
        """Open the in-progress file of `path`. Raises FileExistsError if it exists."""
        self._path = path
        self._partial = path.with_name(path.name + IN_PROGRESS)
        self._ended = False
        self._file: int | None = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        with _translated(self._partial):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(self._open(), rest) :]

    def finish(self) -> None:
        """Make the file durable and rename it. Raises AlreadyThere if the name was taken meanwhile."""
        with _translated(self._path):
            os.fsync(self._open())
            self._close()
            if self._path.exists():
                raise AlreadyThere(str(self._path))
            self._partial.rename(self._path)
            self._ended = True
            _sync_folder(self._path.parent)

    def abandon(self) -> None:
        """Stop as a crash does: the written bytes stay under the in-progress name."""
        self._ended = True
        self._close()

    def discard(self) -> None:
        """Remove what was written; does nothing if the upload has ended."""
        if self._ended:
            return
        with _translated(self._partial):
            self._ended = True
            self._close()
            self._partial.unlink(missing_ok=True)

    def _open(self) -> int:
        assert self._file is not None, f"{self._partial} has ended: start another upload"
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _regular(path: str, flags: int) -> int:
    """Open a file. A folder in its place is refused, and so is a pipe, which would be waited for."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, durably."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        _sync_folder(folder.parent)


def _sync_folder(path: Path) -> None:
    """Make the names in a folder durable: without this a crash may undo a rename."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into DestinationError with the path."""
    try:
        yield
    except DestinationError:
        raise
    except FileExistsError as error:
        raise AlreadyThere(str(error.filename or path)) from error
    except FileNotFoundError as error:
        raise NotThere(str(path)) from error
    except OSError as error:
        if error.errno in MACHINE:
            refusals.append(error)
        what, remedy = REASONS.get(
            error.errno or 0, (error.strerror or str(error), "see what the system says about it")
        )
        raise DestinationError(str(path), what, remedy) from error
