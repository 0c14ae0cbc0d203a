"""Where the backup files of a world are: in each node's local folders, and in clouds that belong to no node and outlive them all.

A task names a path; node N's folder of that path is `ROOT/N/path`. The cloud of an address, `s3://bucket/folder`, is
simulated, in `ROOT/clouds/s3/bucket/folder`, unless the run was told to use real ones. Without a root all is kept in
memory. Real paths stay in here: `plain` takes them out of errors. Never here: what is in the files.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backup.destinations.faults import OF_THE_WAY, Ailing, Trouble, Troubled, Well
from backup.destinations.local import LocalDestination, LocalFolder, parts_of_path
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import Destination, DestinationError
from backup.destinations.registry import REMOTE, AnySettings, is_remote, kind_of

CLOUDS = "clouds"
"""Where simulated clouds are, beside the nodes; and in `places`, whether they are to be real."""
TEMPORARY = ".temporary"
"""A node's own folder for files that go elsewhere (rule 11.8)."""


class WorldDestinations:
    """Every place that a node of one world can name, what is in it, and what ails it. It outlives the nodes, which share it."""

    def __init__(self, places: Mapping[str, str] | None = None) -> None:
        """`places["backups"]`: the real folder; without it files are kept in memory.

        `places["clouds"]`: `real`, for the clouds that tasks name, with what they give to get in; else they are simulated.
        """
        places = places or {}
        self._root = Path(places["backups"]) if "backups" in places else None
        self._in_memory: dict[tuple[str, str], MemoryDestination] = {}
        """By node and path; those of clouds, which are nobody's, by `""` and their address."""
        self._opened: dict[str, Destination] = {}
        """By address: real clouds, as they were last opened."""
        self._troubles: dict[tuple[str, str], dict[type[Trouble], Trouble]] = {}
        """By node and path, one of a kind."""
        self.choose_clouds(places.get(CLOUDS, "simulated"))

    def choose_clouds(self, clouds: str) -> None:
        """`real` or `simulated`, from now on. ValueError for anything else."""
        if clouds not in ("real", "simulated"):
            raise ValueError(f"clouds cannot be {clouds!r}: choose real or simulated")
        self._real = clouds == "real"

    def of_settings(self, node: str, settings: AnySettings) -> Destination:
        """What the settings name, as that node finds it. ValueError for settings that lead elsewhere, DestinationError for a
        cloud that cannot be opened."""
        where = settings.address
        if isinstance(settings, LocalFolder) and is_remote(where):
            raise ValueError(
                f"the local folder {where!r} is an address: name it in the block of its kind, or give a path"
            )
        if self._real and settings.scheme:
            self._opened[where] = settings.open()
        return self.of_path(node, where)

    def of_path(self, node: str, path: str) -> Destination:
        """The local folder `path` of a node, or the cloud of that address, as that node finds it. ValueError for a path
        that leads elsewhere."""
        key = self._key(node, path)
        name = key[1] if is_remote(path) else f"{node}/{key[1]}"
        return Troubled(self._found(key), name, lambda: self._ailing(node, key))

    def temporary(self, node: str, number: int) -> Destination:
        """Where that node builds what it keeps nowhere itself (rule 11.8); each task has a place of its own."""
        return self._kept((node, f"{TEMPORARY}/{number}"))

    def place(self, node: str, path: str) -> Destination:
        """The same as `of_path` with nothing ailing it, and nothing withheld: for whoever looks from outside."""
        key = self._key(node, path)
        return self._opened.get(key[1]) or self._kept(key)

    def _found(self, key: tuple[str, str]) -> Destination:
        return self._opened.get(key[1]) or kind_of(key[1]).simulated(self._kept(key), key[1])

    def _kept(self, key: tuple[str, str]) -> Destination:
        node, path = key
        if self._root is not None:
            if is_remote(path):
                return LocalDestination(self._root.joinpath(CLOUDS, *path.split("://")))
            return LocalDestination(self._root.joinpath(node, path))
        if key not in self._in_memory:
            self._in_memory[key] = MemoryDestination(f"{node}:{path}" if node else path)
        return self._in_memory[key]

    def _ailing(self, node: str, key: tuple[str, str]) -> Ailing:
        troubles = self._troubles
        if not is_remote(key[1]):
            return troubles.get(key, {})
        return {**troubles.get(key, {}), **troubles.get((node, key[1]), {})}

    def disturb(self, node: str, trouble: Any) -> None:
        """Let a place suffer from that, or be `Well`. ValueError for a path that leads elsewhere."""
        key = self._key(node, trouble.path)
        of_the_way = (node, key[1])
        if isinstance(trouble, Well):
            for each in (key, of_the_way):
                self._troubles.pop(each, None)
        else:
            concerned = of_the_way if isinstance(trouble, OF_THE_WAY) else key
            self._troubles.setdefault(concerned, {})[type(trouble)] = trouble

    def mend(self) -> None:
        """Nothing ails any place."""
        self._troubles.clear()

    def plain(self, error: BaseException) -> str:
        """The text of an error without real paths: the same wherever a run keeps its files."""
        text = str(error)
        if isinstance(error, DestinationError):
            text = f"{error.path}: {error.what}; {error.remedy}"
        if self._root is None:
            return text
        for kind in REMOTE:
            text = text.replace(f"{self._root.joinpath(CLOUDS, kind.scheme)}/", f"{kind.scheme}://")
        return text.replace(f"{self._root}/", "").replace(str(self._root), "")

    def _key(self, node: str, path: str) -> tuple[str, str]:
        """Whose a place is, and what it is called: a cloud is nobody's. ValueError for a path or an address that cannot be."""
        if not is_remote(path):
            return node, "/".join(parts_of_path(path))
        scheme, _, rest = path.partition("://")
        kind_of(path)
        return "", f"{scheme}://{'/'.join(parts_of_path(rest))}"
