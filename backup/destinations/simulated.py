"""Simulated clouds: a wrapper that gives a plain destination the behaviour of a kind of cloud.

An object store shows a file only when it is whole, and an upload that ends in any other way leaves nothing. An FTP server
shows files in progress. A vault of Glacier can be neither read nor listed. Faults are added by faults.py.
"""

from collections.abc import Iterator

from backup.destinations.port import IN_PROGRESS, Destination, DestinationError, Upload


class SimulatedCloud:
    """A cloud without a real server."""

    def __init__(self, place: Destination, address: str, *, shows_progress: bool, gives_back: bool) -> None:
        """`place` keeps the files for as long as the world lasts. The flags are those of `DestinationSettings`."""
        self._place = place
        self._address = address
        self._shows_progress = shows_progress
        self.gives_back = gives_back

    def start(self, name: str) -> Upload:
        upload = self._place.start(name)
        return upload if self._shows_progress else WholeOrNothing(upload)

    def read(self, name: str) -> Iterator[bytes]:
        self._need_giving()
        return self._place.read(name)

    def folders(self) -> tuple[str, ...]:
        self._need_giving()
        return tuple(folder for folder in self._place.folders() if self.files(folder))

    def files(self, folder: str) -> tuple[str, ...]:
        self._need_giving()
        files = self._place.files(folder)
        return tuple(file for file in files if self._shows_progress or not file.endswith(IN_PROGRESS))

    def delete(self, name: str) -> None:
        self._place.delete(name)

    def delete_folder(self, folder: str) -> None:
        self._place.delete_folder(folder)

    def _need_giving(self) -> None:
        if not self.gives_back:
            raise DestinationError(
                self._address,
                "a vault is read by jobs that take hours",
                "retrieve the archives into a local folder, and look there",
            )


class WholeOrNothing:
    """An upload that leaves nothing unless it is finished, as an object store's does."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def write(self, chunk: bytes) -> None:
        self._upload.write(chunk)

    def finish(self) -> None:
        self._upload.finish()

    def abandon(self) -> None:
        self._upload.discard()

    def discard(self) -> None:
        self._upload.discard()
