"""What can ail a place for backup files, as data, and a place that suffers from it.

Each trouble concerns one local folder of one node, or the address of a cloud, and lasts until `Well`, or until the sky
clears. What ails a cloud ails it for every node; `OF_THE_WAY` is what ails one node's way to it. Never here: a place of
its own, or luck: a trouble strikes every time.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backup.destinations.port import Destination, DestinationError, Upload
from backup.destinations.registry import is_remote
from cluster.value import value

Ailing = Mapping[type, Any]
"""What ails a place now: by class, one of a kind."""


@value
class Full:
    """There is no room: a file is refused when it is to be finished."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} is full"


@value
class Slow:
    """Everything takes so many times as long."""

    path: str
    factor: int

    def says(self, node: str) -> str:
        what = f"the way from {node} to {self.path}" if is_remote(self.path) else f"{self.path} of {node}"
        return f"{what} is {self.factor} times slower"


@value
class Refusing:
    """Nothing can be read, written, listed or removed."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} refuses everything"


@value
class ReadOnly:
    """What is there can be read; nothing can be written or removed."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} can only be read"


@value
class Disconnected:
    """The connection is lost. As on a real wire, writing seems to go on, and only the end of a file finds out."""

    path: str

    def says(self, node: str) -> str:
        return f"the connection from {node} to {self.path} is lost"


@value
class Losing:
    """It says that a file is kept, and has lost it."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} loses what it is given"


@value
class Cutting:
    """It says that a file is kept, and has kept all but its last bytes."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} keeps files without their end"


@value
class Well:
    """Nothing ails the place any more."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} is well again"


def _whose(path: str, node: str) -> str:
    return path if is_remote(path) else f"{path} of {node}"


OF_THE_WAY = (Slow, Disconnected)
"""What ails the way from one node to a cloud, and not the cloud."""
Trouble = Full | Slow | Refusing | ReadOnly | Disconnected | Losing | Cutting
LAST = 64
"""Bytes that a place cuts off: the end of the seal, or of the last message."""


class Troubled:
    """A place, with what ails it. Asks anew at every step, so that a trouble may begin in the middle of a file."""

    def __init__(self, place: Destination, name: str, ailing: Callable[[], Ailing]) -> None:
        self._place = place
        self._name = name
        self._ailing = ailing

    @property
    def slowness(self) -> int:
        """How many times longer everything takes than it should."""
        slow = self._ailing().get(Slow)
        return slow.factor if isinstance(slow, Slow) else 1

    @property
    def gives_back(self) -> bool:
        return self._place.gives_back

    def start(self, name: str) -> Upload:
        self._need(Refusing, ReadOnly, Disconnected)
        return TroubledUpload(self._place, name, self._name, self._place.start(name), self._need, self._ailing)

    def read(self, name: str) -> Iterator[bytes]:
        self._need(Refusing, Disconnected)
        return self._place.read(name)

    def folders(self) -> tuple[str, ...]:
        self._need(Refusing, Disconnected)
        return self._place.folders()

    def files(self, folder: str) -> tuple[str, ...]:
        self._need(Refusing, Disconnected)
        return self._place.files(folder)

    def delete(self, name: str) -> None:
        self._need(Refusing, ReadOnly, Disconnected)
        self._place.delete(name)

    def delete_folder(self, folder: str) -> None:
        self._need(Refusing, ReadOnly, Disconnected)
        self._place.delete_folder(folder)

    def _need(self, *without: type) -> None:
        ailing = self._ailing()
        for kind in without:
            if kind in ailing:
                raise DestinationError(self._name, *REASONS[kind])


def slowness(place: Destination) -> int:
    """How many times longer everything takes there than it should."""
    return place.slowness if isinstance(place, Troubled) else 1


REASONS: Mapping[type, tuple[str, str]] = {
    Full: ("no space is left", "free some space, or choose another folder"),
    Refusing: ("permission is denied", "let the user that runs this write there, or choose another folder"),
    ReadOnly: ("the file system can only be read", "mount it for writing, or choose another folder"),
    Cutting: ("the hash that came back is not that of the file", "nothing: the next run sends another"),
    Disconnected: ("the connection is lost", "see whether the place can be reached; the next run tries again"),
}
"""What a user reads, and what helps: as a real place says it."""


class TroubledUpload:
    """One file on its way to such a place."""

    def __init__(
        self,
        place: Destination,
        name: str,
        place_name: str,
        upload: Upload,
        need: Callable[..., None],
        ailing: Callable[[], Ailing],
    ) -> None:
        self._place = place
        self._name = name
        self._place_name = place_name
        self._upload = upload
        self._need = need
        self._ailing = ailing
        self._was_cut_off = False

    def write(self, chunk: bytes) -> None:
        """What a lost connection swallows is never heard of again, even if the connection comes back."""
        self._was_cut_off |= Disconnected in self._ailing()
        if not self._was_cut_off:
            self._upload.write(chunk)

    def finish(self) -> None:
        self._need(Refusing, ReadOnly, Full, Disconnected)
        if self._was_cut_off:
            raise DestinationError(self._place_name, *REASONS[Disconnected])
        ailing = self._ailing()
        if not self._place.gives_back and (Cutting in ailing or Losing in ailing):
            raise DestinationError(self._place_name, *REASONS[Cutting])
        self._upload.finish()
        if Cutting in ailing:
            self._cut()
        if Losing in ailing:
            self._place.delete(self._name)

    def _cut(self) -> None:
        content = b"".join(self._place.read(self._name))
        self._place.delete(self._name)
        again = self._place.start(self._name)
        again.write(content[:-LAST])
        again.finish()

    def abandon(self) -> None:
        self._upload.abandon()

    def discard(self) -> None:
        self._need(Refusing, ReadOnly, Disconnected)
        self._upload.discard()
