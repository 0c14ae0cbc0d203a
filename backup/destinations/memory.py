"""A destination in memory, for stories and tests that need no disk. It outlives every node that writes to it.

It has no latency and no faults of its own (faults.py).
"""

from collections.abc import Iterator

from backup.destinations.port import IN_PROGRESS, AlreadyThere, NotThere, parts_of

CHUNK = 1 << 17


class MemoryDestination:
    """A destination that keeps its files in memory."""

    gives_back = True

    def __init__(self, name: str = "memory") -> None:
        """`name` is shown in errors."""
        self.name = name
        self._folders: dict[str, dict[str, bytearray]] = {}
        """By folder, by name: the content of each file. A folder without files may stay."""

    def __repr__(self) -> str:
        return f"MemoryDestination({self.name!r})"

    def start(self, name: str) -> "MemoryUpload":
        """Begin a file under its in-progress name. Raises AlreadyThere if either name is taken."""
        folder, file = self._key(name)
        files = self._folders.setdefault(folder, {})
        if file in files or file + IN_PROGRESS in files:
            taken = file if file in files else file + IN_PROGRESS
            raise AlreadyThere(f"{self.name}:{folder}/{taken}")
        return MemoryUpload(f"{self.name}:{folder}", files, file)

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere."""
        folder, file = self._key(name)
        content = self._folders.get(folder, {}).get(file)
        if content is None:
            raise NotThere(f"{self.name}:{name}")
        for start in range(0, len(content), CHUNK):
            yield bytes(content[start : start + CHUNK])

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted."""
        return tuple(sorted(folder for folder, files in self._folders.items() if files))

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted, those in progress included; () if there is no such folder."""
        parts_of(folder, 1)
        return tuple(sorted(self._folders.get(folder, ())))

    def delete(self, name: str) -> None:
        """Remove a file; does nothing if there is none."""
        folder, file = self._key(name)
        self._folders.get(folder, {}).pop(file, None)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files; does nothing if there is no such folder."""
        parts_of(folder, 1)
        self._folders.get(folder, {}).clear()

    def _key(self, name: str) -> tuple[str, str]:
        folder, file = parts_of(name, 2)
        return folder, file


class MemoryUpload:
    """One file that is being written to memory."""

    def __init__(self, place: str, files: dict[str, bytearray], file: str) -> None:
        """Begin the in-progress file in `files`, those of its folder. `place` is the folder as errors name it."""
        self._place = place
        self._files = files
        self._file = file
        self._partial = file + IN_PROGRESS
        self._content: bytearray | None = bytearray()
        files[self._partial] = self._content

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        assert self._content is not None, f"{self._place}/{self._partial} has ended: start another upload"
        self._content += chunk

    def finish(self) -> None:
        """Give the file its name. Raises AlreadyThere if the name was taken meanwhile."""
        assert self._content is not None, f"{self._place}/{self._partial} has ended: start another upload"
        if self._file in self._files:
            raise AlreadyThere(f"{self._place}/{self._file}")
        self._files[self._file] = self._files.pop(self._partial)
        self._content = None

    def abandon(self) -> None:
        """Stop as a crash does: the written bytes stay under the in-progress name."""
        self._content = None

    def discard(self) -> None:
        """Remove what was written; does nothing if the upload has ended."""
        if self._content is not None:
            self._files.pop(self._partial, None)
        self._content = None
