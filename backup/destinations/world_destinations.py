"""The destinations of a world: each node's local folders, and clouds, which belong to no node and outlive them all.

A task names a path; node N's folder of that path is `ROOT/N/path`. The cloud of an address, `s3://bucket/folder`, is
simulated in `ROOT/clouds/s3/bucket/folder`, unless the run uses real clouds. Without a root all files are kept in memory.
No other module sees the real paths: `plain` removes them from errors.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backup.destinations.faults import Corrupted, Expired, Loss, Troubled, Well
from backup.destinations.given_faults import GivenFaults
from backup.destinations.local import LocalDestination, LocalFolder, parts_of_path
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import IN_PROGRESS, Destination, DestinationError
from backup.destinations.registry import BY_SCHEME, AnySettings, is_remote, kind_of, normal_address
from backup.destinations.setting_checks import LONGEST_FOLDER

CLOUDS = "clouds"
"""The folder of simulated clouds, beside those of the nodes; also the key in `places` that chooses real or simulated."""
TEMPORARY = ".temporary"
"""A node's own folder for files that are only sent elsewhere (rule 11.8)."""


class WorldDestinations:
    """All destinations of one world, their files and their faults. The nodes share it, and it outlives them."""

    def __init__(self, places: Mapping[str, str] | None = None) -> None:
        """`places["backups"]`: path of the real folder (ROOT); without it files are kept in memory.

        `places["clouds"]`: `real` for the real clouds that tasks name, with the keys in their settings; `simulated`, the
        default, for simulated ones. Raises ValueError for anything else.
        """
        places = places or {}
        self._root = Path(places["backups"]) if "backups" in places else None
        self._in_memory: dict[tuple[str, str], MemoryDestination] = {}
        """(node, path) to destination; clouds, which belong to no node, have `""` and their address."""
        self._opened: dict[str, tuple[str, Destination]] = {}
        """By address: the account that it is of, and the real cloud, as it was last opened."""
        self._warnings: dict[str, None] = {}
        self._faults = GivenFaults()
        self.choose_clouds(places.get(CLOUDS, "simulated"))

    def choose_clouds(self, clouds: str) -> None:
        """Use `real` or `simulated` clouds from now on. Raises ValueError for anything else."""
        if clouds not in ("real", "simulated"):
            raise ValueError(f"clouds cannot be {clouds!r}: choose real or simulated")
        self._real = clouds == "real"

    def of_settings(self, node: str, settings: AnySettings) -> Destination:
        """The destination of the settings as `node` reaches it, with its faults.

        Raises ValueError for settings that cannot be, and DestinationError for a real cloud that cannot be opened, or that
        is another one than that of the same address which this world has opened before.
        """
        where = settings.address
        if settings.warning:
            self._warnings[settings.warning] = None
        if isinstance(settings, LocalFolder) and is_remote(where):
            raise ValueError(
                f"the local folder {where!r} is an address: name it in the block of its kind, or give a path"
            )
        if self._real and settings.scheme:
            address = self._key(node, where)[1]
            account, _ = self._opened.get(address, (settings.account, None))
            if account != settings.account:
                raise DestinationError(
                    address,
                    "this run has named it before, at another server or account, and an address can lead to one place only",
                    "give one of the two another name or folder",
                )
            self._opened[address] = account, settings.open()
        return self.of_path(node, where)

    def of_path(self, node: str, path: str) -> Destination:
        """The local folder `path` of `node`, or the cloud of that address as `node` reaches it, with its faults.

        Raises ValueError for a path that leads out of the node, and for an address of no kind. DestinationError for a real
        cloud that nobody has opened by its settings.
        """
        key = self._key(node, path)
        name = key[1] if is_remote(path) else f"{node}/{key[1]}"
        return Troubled(self._found(key), name, lambda kind: self._faults.met(node, key, kind))

    def temporary(self, node: str, number: int) -> Destination:
        """The local folder in which `node` writes files that it only sends elsewhere (rule 11.8). `number`: of the task."""
        return self._kept((node, f"{TEMPORARY}/{number}"))

    def place(self, node: str, path: str) -> Destination:
        """The destination of `of_path` without faults and always readable, for observers outside the cluster."""
        key = self._key(node, path)
        return self._real_one(key[1]) if self._is_real(key) else self._kept(key)

    def name_of(self, path: str) -> str:
        """The path or the address of a place in normal form: what leads to one place has one. Raises ValueError as `of_path` does."""
        return self._key("", path)[1]

    def _found(self, key: tuple[str, str]) -> Destination:
        return self._real_one(key[1]) if self._is_real(key) else kind_of(key[1]).simulated(self._kept(key), key[1])

    def _is_real(self, key: tuple[str, str]) -> bool:
        """Whether it is a cloud of a world with real clouds. Such a one is never simulated."""
        return self._real and is_remote(key[1])

    def _real_one(self, address: str) -> Destination:
        if address not in self._opened:
            raise DestinationError(
                address, "clouds are real here, and no task or restore has named this one", "name it by its settings"
            )
        return self._opened[address][1]

    def _kept(self, key: tuple[str, str]) -> Destination:
        node, path = key
        if self._root is not None:
            if is_remote(path):
                return LocalDestination(self._root.joinpath(CLOUDS, *path.split("://")))
            return LocalDestination(self._root.joinpath(node, path))
        if key not in self._in_memory:
            self._in_memory[key] = MemoryDestination(f"{node}:{path}" if node else path)
        return self._in_memory[key]

    def disturb(self, node: str, trouble: Any) -> None:
        """Add a fault to a destination; `Well` ends all its faults. Raises ValueError as `of_path` does."""
        place = self._key(node, trouble.path)
        if isinstance(trouble, Well):
            self._faults.end(node, place, trouble)
        else:
            self._faults.begin(node, place, trouble)

    def never_struck(self) -> tuple[str, ...]:
        """The faults that never met anything, each with the reason: sentences without a full stop."""
        return self._faults.never_struck()

    @property
    def are_real(self) -> bool:
        """Whether clouds are the real ones that tasks name."""
        return self._real

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unsafe about the settings that were used, in the order of their first use: sentences without a full stop."""
        return tuple(self._warnings)

    def lose(self, node: str, loss: Loss) -> tuple[str, str]:
        """Remove or corrupt a finished file; return its folder and name. ValueError if there is no such file to lose."""
        key = self._key(node, loss.path)
        if self._real and is_remote(key[1]):
            raise ValueError(f"{loss!r}: a real cloud is not harmed; play with simulated ones")
        if isinstance(loss, Expired) and not is_remote(key[1]):
            raise ValueError(f"{loss!r}: only a bucket has a lifecycle rule; take Removed for a folder")
        place = self._kept(key)
        found = sorted(
            (file, folder)
            for folder in place.folders()
            for file in place.files(folder)
            if not file.endswith(IN_PROGRESS) and loss.file in ("", file, f"{folder}/{file}")
        )
        if not found:
            what = f"no finished file {loss.file}" if loss.file else "no finished file"
            raise ValueError(f"{loss!r}: there is {what} in {key[1]}{f' of {key[0]}' if key[0] else ''}")
        file, folder = found[0] if isinstance(loss, Expired) else found[-1]
        name = f"{folder}/{file}"
        content = bytearray(b"".join(place.read(name))) if isinstance(loss, Corrupted) else bytearray()
        place.delete(name)
        if content:
            content[len(content) // 2] ^= 1
            again = place.start(name)
            again.write(bytes(content))
            again.finish()
        return folder, file

    def mend(self) -> None:
        """End all faults of all destinations."""
        self._faults.end_all()

    def plain(self, error: BaseException) -> str:
        """The text of an error without real paths, so that it does not depend on where a run keeps its files."""
        text = str(error)
        if isinstance(error, DestinationError):
            text = f"{error.path}: {error.what}; {error.remedy}"
        if self._root is None:
            return text
        for scheme in BY_SCHEME:
            text = text.replace(f"{self._root.joinpath(CLOUDS, scheme)}/", f"{scheme}://")
        return text.replace(f"{self._root}/", "").replace(str(self._root), "")

    def _key(self, node: str, path: str) -> tuple[str, str]:
        """The node to which a destination belongs (`""` for a cloud), and its path or address. Raises ValueError."""
        if not is_remote(path):
            return node, "/".join(parts_of_path(path))
        address = normal_address(path)
        folder = address.partition("://")[2].partition("/")[2]
        if len(folder.encode()) > LONGEST_FOLDER:
            raise ValueError(
                f"the folder of {address[:40]}… has {len(folder.encode()):,} bytes, too many for the names of files behind "
                f"it: give {LONGEST_FOLDER} or fewer"
            )
        return "", address
