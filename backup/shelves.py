"""Where each node's local folders are: in a folder of the real file system, or in memory that outlives the node.

A task names a path; node N's folder of that path is `ROOT/N/path`. Real paths stay in here: `plain` takes them out of
errors. Never here: what is in the files.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from backup.destinations.local import LocalDestination
from backup.destinations.memory import Vault
from backup.destinations.port import Destination, DestinationError

Vaults = dict[tuple[str, str], Vault]
"""By node and path."""


class Shelves:
    """The local folders of every node of a world."""

    def __init__(self, places: Mapping[str, str] | None = None, vaults: Vaults | None = None) -> None:
        """`places["backups"]`: the real folder; without it files are kept in `vaults`, for all who share that."""
        self._root = Path(places["backups"]) if places and "backups" in places else None
        self._vaults: Vaults = {} if vaults is None else vaults

    def destination(self, node: str, path: str) -> Destination:
        """The local folder `path` of a node. ValueError for a path that leads elsewhere."""
        parts = parts_of_path(path)
        if self._root is not None:
            return LocalDestination(self._root.joinpath(node, *parts))
        key = (node, "/".join(parts))
        if key not in self._vaults:
            self._vaults[key] = Vault(f"{node}:{key[1]}")
        return self._vaults[key]

    def plain(self, error: BaseException) -> str:
        """The text of an error without real paths: the same wherever a run keeps its files."""
        text = str(error)
        if isinstance(error, DestinationError):
            text = f"{error.path}: {error.what}; {error.remedy}"
        return text if self._root is None else text.replace(f"{self._root}/", "").replace(str(self._root), "")


def parts_of_path(path: str) -> tuple[str, ...]:
    """The parts of a local folder's path. ValueError for one that leads elsewhere."""
    parts = tuple(part for part in PurePosixPath(path.replace("\\", "/")).parts if part != "/")
    if not parts or ".." in parts:
        raise ValueError(f"the local folder {path!r} leads out of the node: give a path without '..'")
    return parts
