"""Faults of destinations, as data, and `Troubled`, a destination that has them.

Each fault concerns one local folder of one node, or the address of a cloud, and lasts until `Well` or until the world is
mended. A fault of a cloud affects every node, except those in `OF_THE_WAY`, which affect one node's connection to it.
A fault is not random: while it lasts, it strikes every time. `Loss` befalls a finished file, once; nothing brings it back.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backup.destinations.address_secrets import refuse_secret
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import IN_PROGRESS, Destination, DestinationError, Upload
from backup.destinations.registry import is_remote, kind_of
from backup.destinations.setting_checks import WrongSettings, check_fields
from cluster.time_units import SECOND
from cluster.value import value

Met = Callable[[type], Any]
"""The fault of a kind that a use of a destination meets at present, None without one. To be met is to strike."""


class OfPlace:
    """What ails one place. WrongSettings for a field of a wrong kind. SecretInAddress if its address carries what lets somebody in."""

    __slots__ = ()

    path: str

    def __attrs_post_init__(self) -> None:
        check_fields(self)
        where = "the place of a fault"
        refuse_secret(self.path, where, "name it by its address, without that", is_place=is_remote(self.path))


@value
class Full(OfPlace):
    """No space is left: an upload fails when its file is to be finished."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} is full"


@value
class Filling(OfPlace):
    """There is room for that many bytes in all, 1 or more: the upload that goes beyond fails. What is removed makes room."""

    path: str
    room: int

    def __attrs_post_init__(self) -> None:
        OfPlace.__attrs_post_init__(self)
        if self.room < 1:
            raise WrongSettings(
                f"room is {self.room}: give 1 byte or more; Full is a place without room, Well ends both"
            )

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} has room for {self.room:,} bytes"


@value
class Slow(OfPlace):
    """Everything takes `factor` times as long, a whole number of 1 or more."""

    path: str
    factor: int

    def __attrs_post_init__(self) -> None:
        OfPlace.__attrs_post_init__(self)
        if self.factor < 1:
            raise WrongSettings(f"factor is {self.factor}: everything takes so many times as long, so give 1 or more")

    def says(self, node: str) -> str:
        what = f"the way from {node} to {self.path}" if is_remote(self.path) else f"{self.path} of {node}"
        return f"{what} is {self.factor} times slower"


@value
class Refusing(OfPlace):
    """Nothing can be read, written, listed or removed."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} refuses everything"


@value
class Silent(OfPlace):
    """It takes connections and never answers: whoever asks gives up after two minutes (`SILENCE`)."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} keeps silent"


@value
class ReadOnly(OfPlace):
    """Files can be read and listed; nothing can be written or removed."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} can only be read"


@value
class Disconnected(OfPlace):
    """The connection is lost. As on a real network, writing seems to succeed, and only the end of a file fails."""

    path: str

    def says(self, node: str) -> str:
        return f"the connection from {node} to {self.path} is lost"


@value
class Losing(OfPlace):
    """The destination reports that a file is kept, but has lost it."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} loses what it is given"


@value
class Cutting(OfPlace):
    """The destination reports that a file is kept, but has cut off its last 64 bytes (`LAST`)."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} keeps files without their end"


@value
class Well(OfPlace):
    """All these troubles of the place end."""

    path: str

    def says(self, node: str) -> str:
        return f"{_whose(self.path, node)} is well again"


@value
class OfFile(OfPlace):
    """What befalls one finished file of a place, at once and for good.

    `file` is `FOLDER/FILE`, or FILE alone; empty: the newest file there. Later files of its chain need it.
    """

    path: str
    file: str = ""


@value
class Removed(OfFile):
    """Somebody removes a finished backup file."""

    def says(self, node: str) -> str:
        return f"{self.file or 'the newest file'} is removed from {_whose(self.path, node)}"


@value
class Corrupted(OfFile):
    """A bit of a finished backup file changes. Only whoever reads the file notices."""

    def says(self, node: str) -> str:
        return f"{self.file or 'the newest file'} is corrupted in {_whose(self.path, node)}"


@value
class Expired(OfFile):
    """A bucket's lifecycle rule removes a finished backup file by its age; an empty `file` means the oldest one there."""

    def says(self, node: str) -> str:
        return f"{self.file or 'the oldest file'} expires in {_whose(self.path, node)}, by a rule of the bucket"


def _whose(path: str, node: str) -> str:
    return path if is_remote(path) else f"{path} of {node}"


OF_THE_WAY = (Slow, Disconnected)
"""The faults that affect the connection from one node to a cloud, and not the cloud itself."""
Loss = Removed | Corrupted | Expired
Trouble = Full | Filling | Slow | Refusing | Silent | ReadOnly | Disconnected | Losing | Cutting
SILENCE = 120 * SECOND
"""µs after which a place that does not answer is given up, as a real one is (store_options.py)."""
LAST = 64
"""How many bytes `Cutting` cuts off: they belong to the seal, or to the last message of an encrypted file."""


class Troubled:
    """A destination with faults. It looks them up anew at every call, so that a fault may begin in the middle of a file."""

    def __init__(self, place: Destination, name: str, met: Met) -> None:
        self._place = place
        self._name = name
        self._met = met

    @property
    def slowness(self) -> int:
        """The factor by which everything takes longer; 1 without `Slow`."""
        slow = self._met(Slow)
        return slow.factor if isinstance(slow, Slow) else 1

    @property
    def is_silent(self) -> bool:
        """Whether it answers nobody."""
        return self._met(Silent) is not None

    @property
    def in_memory(self) -> bool:
        """Whether the destination below lives in this process."""
        return in_memory(self._place)

    @property
    def gives_back(self) -> bool:
        return self._place.gives_back

    def start(self, name: str) -> Upload:
        self._need(Silent, Refusing, ReadOnly, Disconnected)
        return TroubledUpload(self._place, name, self._name, self._place.start(name), self._need, self._met)

    def read(self, name: str) -> Iterator[bytes]:
        self._need(Silent, Refusing, Disconnected)
        return self._place.read(name)

    def folders(self) -> tuple[str, ...]:
        self._need(Silent, Refusing, Disconnected)
        return self._place.folders()

    def files(self, folder: str) -> tuple[str, ...]:
        self._need(Silent, Refusing, Disconnected)
        return self._place.files(folder)

    def delete(self, name: str) -> None:
        self._need(Silent, Refusing, ReadOnly, Disconnected)
        self._place.delete(name)

    def delete_folder(self, folder: str) -> None:
        self._need(Silent, Refusing, ReadOnly, Disconnected)
        self._place.delete_folder(folder)

    def _need(self, *without: type) -> None:
        for kind in without:
            if self._met(kind):
                raise DestinationError(self._name, *reason(kind, self._name))


def slowness(place: Destination) -> int:
    """The factor by which everything takes longer at this destination; 1 if it is not slow."""
    return place.slowness if isinstance(place, Troubled) else 1


def time_at(place: Destination, cost: int) -> int:
    """µs that something takes at this destination which costs `cost` at one that is well."""
    return SILENCE if is_silent(place) else cost * slowness(place)


def is_silent(place: Destination) -> bool:
    """Whether a destination answers nobody at present."""
    return isinstance(place, Troubled) and place.is_silent


def in_memory(place: Destination) -> bool:
    """Whether a destination lives in this process, so that to use it is no real input or output."""
    return place.in_memory if isinstance(place, Troubled) else isinstance(place, MemoryDestination)


REASONS: Mapping[type, tuple[str, str]] = {
    Full: ("no space is left", "free some space, or choose another folder"),
    Filling: ("no space is left", "free some space, or choose another folder"),
    Refusing: ("permission is denied", "let the user that runs this write there, or choose another folder"),
    Silent: ("the device does not answer", "see whether the server behind the folder is up; the next run tries again"),
    ReadOnly: ("the file system can only be read", "mount it for writing, or choose another folder"),
    Cutting: ("the hash that came back is not that of the file", "nothing: the next run sends another"),
    Disconnected: ("the connection is lost", "see whether the place can be reached; the next run tries again"),
}
"""The reason and the remedy that a user reads for each fault of a folder, worded as for a real one."""
OF_A_CLOUD: Mapping[type, tuple[str, str]] = {
    **REASONS,
    Full: ("the quota is used up", "raise it, or remove what nobody needs there"),
    Filling: ("the quota is used up", "raise it, or remove what nobody needs there"),
    Refusing: ("permission is denied", "give keys that may list, read, write and delete there"),
    Silent: (
        f"the server has kept silent for {SILENCE // SECOND} s",
        "see whether it can be reached; the next run tries again",
    ),
    ReadOnly: ("these keys may only read", "give keys that may write and delete there"),
}
"""The same for a cloud."""
OF_FTP: Mapping[type, tuple[str, str]] = {
    **OF_A_CLOUD,
    Full: ("no space is left on the server", "free some space there, or have the user's quota raised"),
    Filling: ("no space is left on the server", "free some space there, or have the user's quota raised"),
    Refusing: ("the server refuses that", "give a user that may write there, and its password"),
    ReadOnly: ("this user may only read", "give a user that may write there, and its password"),
}
"""The same for a server with users."""


def reason(fault: type, place: str) -> tuple[str, str]:
    """The reason and the remedy for a fault of the place of that address or path."""
    if not is_remote(place):
        return REASONS[fault]
    is_ftp = kind_of(place).json_name == "FtpSettings"
    return OF_FTP[fault] if is_ftp else OF_A_CLOUD[fault]


def _size_of(place: Destination) -> int:
    """The bytes of all finished files of a destination."""
    files = (f"{folder}/{file}" for folder in place.folders() for file in place.files(folder))
    return sum(len(chunk) for name in files if not name.endswith(IN_PROGRESS) for chunk in place.read(name))


class TroubledUpload:
    """One file that is being written to a destination with faults."""

    def __init__(
        self,
        place: Destination,
        name: str,
        place_name: str,
        upload: Upload,
        need: Callable[..., None],
        met: Met,
    ) -> None:
        self._place = place
        self._name = name
        self._place_name = place_name
        self._upload = upload
        self._need = need
        self._met = met
        self._was_cut_off = False
        self._size = 0
        """Bytes written so far."""

    def write(self, chunk: bytes) -> None:
        """Add a chunk. Once the connection was lost, this and all later chunks are dropped, even if it comes back."""
        self._need(Silent)
        self._was_cut_off |= self._met(Disconnected) is not None
        self._size += len(chunk)
        if not self._was_cut_off:
            self._upload.write(chunk)

    def finish(self) -> None:
        self._need(Silent, Refusing, ReadOnly, Full, Disconnected)
        filling = self._met(Filling)
        if filling is not None and _size_of(self._place) + self._size > filling.room:
            raise DestinationError(self._place_name, *reason(Filling, self._place_name))
        if self._was_cut_off:
            raise DestinationError(self._place_name, *reason(Disconnected, self._place_name))
        if not self._place.gives_back and (self._met(Cutting) or self._met(Losing)):
            raise DestinationError(self._place_name, *reason(Cutting, self._place_name))
        self._upload.finish()
        if self._met(Cutting):
            self._cut()
        if self._met(Losing):
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
        self._need(Silent, Refusing, ReadOnly, Disconnected)
        self._upload.discard()
