"""Where each node's local folders are: in a folder of the real file system, or in memory that outlives the node.

A task names a path; node N's folder of that path is `ROOT/N/path`. Real paths stay in here: `plain` takes them out of
errors. Never here: what is in the files.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from backup.destinations.local import LocalDestination
from backup.destinations.memory import Vault
from backup.destinations.port import Destination, DestinationError
from backup.destinations.troubles import Troubled, Well
from backup.premises import KeyRing, Premises


class Shelves:
    """The local folders of every node of a world."""

    def __init__(self, places: Mapping[str, str] | None = None, premises: Premises | None = None) -> None:
        """`places["backups"]`: the real folder; without it files are kept in `premises`, for all who share that."""
        self._root = Path(places["backups"]) if places and "backups" in places else None
        self._premises = Premises() if premises is None else premises

    @property
    def keys(self) -> KeyRing:
        """Every key that a client of this world ever named."""
        return self._premises.keys

    def destination(self, node: str, path: str) -> Destination:
        """The local folder `path` of a node, as that node finds it. ValueError for a path that leads elsewhere."""
        key = self._key(node, path)
        name = f"{node}/{key[1]}"
        return Troubled(self.place(node, path), name, lambda: self._premises.troubles.get(key, {}))

    def place(self, node: str, path: str) -> Destination:
        """The same folder with nothing ailing it: for whoever looks from outside."""
        key = self._key(node, path)
        if self._root is not None:
            return LocalDestination(self._root.joinpath(node, key[1]))
        if key not in self._premises.vaults:
            self._premises.vaults[key] = Vault(f"{node}:{key[1]}")
        return self._premises.vaults[key]

    def disturb(self, node: str, trouble: Any) -> None:
        """Let a place of a node suffer from that, or be `Well`. ValueError for a path that leads elsewhere."""
        key = self._key(node, trouble.path)
        if isinstance(trouble, Well):
            self._premises.troubles.pop(key, None)
        else:
            self._premises.troubles.setdefault(key, {})[type(trouble)] = trouble

    def mend(self) -> None:
        """Nothing ails any place."""
        self._premises.troubles.clear()

    def plain(self, error: BaseException) -> str:
        """The text of an error without real paths: the same wherever a run keeps its files."""
        text = str(error)
        if isinstance(error, DestinationError):
            text = f"{error.path}: {error.what}; {error.remedy}"
        return text if self._root is None else text.replace(f"{self._root}/", "").replace(str(self._root), "")

    def _key(self, node: str, path: str) -> tuple[str, str]:
        return node, "/".join(parts_of_path(path))


def parts_of_path(path: str) -> tuple[str, ...]:
    """The parts of a local folder's path. ValueError for one that leads elsewhere."""
    parts = tuple(part for part in PurePosixPath(path.replace("\\", "/")).parts if part != "/")
    if not parts or ".." in parts:
        raise ValueError(f"the local folder {path!r} leads out of the node: give a path without '..'")
    return parts
