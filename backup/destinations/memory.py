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
        self._files: dict[tuple[str, str], bytearray] = {}

    def __repr__(self) -> str:
        return f"MemoryDestination({self.name!r})"

    def start(self, name: str) -> "MemoryUpload":
        """Begin a file under its in-progress name. Raises AlreadyThere if either name is taken."""
        folder, file = self._key(name)
        for taken in (file, file + IN_PROGRESS):
            if (folder, taken) in self._files:
                raise AlreadyThere(f"{self.name}:{folder}/{taken}")
        return MemoryUpload(self.name, self._files, folder, file)

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere."""
        content = self._files.get(self._key(name))
        if content is None:
            raise NotThere(f"{self.name}:{name}")
        for start in range(0, len(content), CHUNK):
            yield bytes(content[start : start + CHUNK])

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted."""
        return tuple(sorted({folder for folder, _ in self._files}))

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted, those in progress included; () if there is no such folder."""
        parts_of(folder, 1)
        return tuple(sorted(file for within, file in self._files if within == folder))

    def delete(self, name: str) -> None:
        """Remove a file; does nothing if there is none."""
        self._files.pop(self._key(name), None)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files; does nothing if there is no such folder."""
        for file in self.files(folder):
            del self._files[folder, file]

    def _key(self, name: str) -> tuple[str, str]:
        folder, file = parts_of(name, 2)
        return folder, file


class MemoryUpload:
    """One file that is being written to memory."""

    def __init__(self, place: str, files: dict[tuple[str, str], bytearray], folder: str, file: str) -> None:
        """Begin the in-progress file in `files`. `place` is the destination's name, for errors."""
        self._place = place
        self._files = files
        self._path = (folder, file)
        self._partial = (folder, file + IN_PROGRESS)
        self._content: bytearray | None = bytearray()
        files[self._partial] = self._content

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        assert self._content is not None, f"{self._place}:{'/'.join(self._partial)} has ended: start another upload"
        self._content += chunk

    def finish(self) -> None:
        """Give the file its name. Raises AlreadyThere if the name was taken meanwhile."""
        assert self._content is not None, f"{self._place}:{'/'.join(self._partial)} has ended: start another upload"
        if self._path in self._files:
            raise AlreadyThere(f"{self._place}:{'/'.join(self._path)}")
        self._files[self._path] = self._files.pop(self._partial)
        self._content = None

    def abandon(self) -> None:
        """Stop as a crash does: the written bytes stay under the in-progress name."""
        self._content = None

    def discard(self) -> None:
        """Remove what was written; does nothing if the upload has ended."""
        if self._content is not None:
            del self._files[self._partial]
        self._content = None
