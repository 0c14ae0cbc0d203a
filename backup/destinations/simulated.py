"""A cloud as a simulation has it: over a place that only keeps files, what its kind of cloud does and does not.

An object store shows a file when it is whole, and an upload that ends in any other way leaves nothing; an FTP server
shows what is on its way; a vault of Glacier gives nothing back. Never here: latency, misfortune (faults.py), or a place.
"""

from collections.abc import Iterator

from backup.destinations.port import IN_PROGRESS, Destination, DestinationError, Upload


class SimulatedCloud:
    """A cloud that no real server stands behind."""

    def __init__(self, place: Destination, address: str, *, shows_progress: bool, gives_back: bool) -> None:
        """`place` keeps the files, for as long as the world lasts. `shows_progress`: a file on its way is to be seen."""
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
    """An upload in parts that nobody sees before they are put together."""

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
