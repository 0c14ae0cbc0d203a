"""Where backup files are: in each node's local folders, and in clouds that belong to no node and outlive them all.

A task names a path; node N's folder of that path is `ROOT/N/path`. The cloud of an address, `s3://bucket/folder`, is
simulated, in `ROOT/clouds/s3/bucket/folder`, unless the run was told to use real ones. Without a root all is kept in
memory. Real paths stay in here: `plain` takes them out of errors. Never here: what is in the files.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from backup.destinations import real
from backup.destinations.faults import OF_THE_WAY, Ailing, Trouble, Troubled, Well
from backup.destinations.local import LocalDestination
from backup.destinations.memory import Vault
from backup.destinations.port import Destination, DestinationError
from backup.destinations.simulated import Cloud
from backup.record.destination_settings import Destination as Block
from backup.record.destination_settings import LocalFolder, address, is_remote
from backup.record.encryption_keys import Key

CLOUDS = "clouds"
"""Where simulated clouds are, beside the nodes; and in `places`, whether they are to be real."""
TEMPORARY = ".temporary"
"""A node's own folder for files that go elsewhere (rule 11.8)."""


class KeyRing:
    """Every key that a client ever named, as the operator wrote it down: with it whoever watches looks into files."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}
        self.secrets: dict[str, None] = {}
        """What gets in to clouds: keys of accounts, passwords, tokens."""

    def add(self, *keys: Key | None) -> None:
        """A client has named these; None is no key."""
        for key in keys:
            if key is not None:
                self._keys[key] = None

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)


class Premises:
    """One for a world."""

    def __init__(self) -> None:
        self.vaults: dict[tuple[str, str], Vault] = {}
        """By node and path; those of clouds, which are nobody's, by `""` and their address."""
        self.clouds: dict[str, Destination] = {}
        """By address: real ones, as they were last opened."""
        self.keys = KeyRing()
        self.troubles: dict[tuple[str, str], dict[type[Trouble], Trouble]] = {}
        """By node and path, one of a kind."""


class Shelves:
    """The places of a world."""

    def __init__(self, places: Mapping[str, str] | None = None, premises: Premises | None = None) -> None:
        """`places["backups"]`: the real folder; without it files are kept in `premises`, for all who share that.

        `places["clouds"]`: `real`, for the clouds that tasks name, with what they give to get in; else they are simulated.
        """
        self._root = Path(places["backups"]) if places and "backups" in places else None
        self._premises = Premises() if premises is None else premises
        clouds = (places or {}).get(CLOUDS, "simulated")
        if clouds not in ("real", "simulated"):
            raise ValueError(f"clouds cannot be {clouds!r}: choose real or simulated")
        self._real = clouds == "real"

    @property
    def keys(self) -> KeyRing:
        """Every key that a client of this world ever named."""
        return self._premises.keys

    def of_block(self, node: str, block: Block) -> Destination:
        """What a block names, as that node finds it. ValueError for one that leads elsewhere, DestinationError for a cloud
        that cannot be opened."""
        where = address(block)
        if isinstance(block, LocalFolder) and is_remote(where):
            raise ValueError(
                f"the local folder {where!r} is an address: name it in the block of its kind, or give a path"
            )
        if self._real and not isinstance(block, LocalFolder):
            self._premises.clouds[where] = real.opened(block)
        return self.destination(node, where)

    def destination(self, node: str, path: str) -> Destination:
        """The local folder `path` of a node, or the cloud of that address, as that node finds it. ValueError for a path
        that leads elsewhere."""
        key = self._key(node, path)
        name = key[1] if is_remote(path) else f"{node}/{key[1]}"
        return Troubled(self._found(key), name, lambda: self._ailing(node, key))

    def temporary(self, node: str, number: int) -> Destination:
        """Where that node builds what it keeps nowhere itself (rule 11.8); each task has a place of its own."""
        return self._kept((node, f"{TEMPORARY}/{number}"))

    def place(self, node: str, path: str) -> Destination:
        """The same as `destination` with nothing ailing it, and nothing withheld: for whoever looks from outside."""
        key = self._key(node, path)
        return self._premises.clouds.get(key[1]) or self._kept(key)

    def _found(self, key: tuple[str, str]) -> Destination:
        if not is_remote(key[1]):
            return self._kept(key)
        return self._premises.clouds.get(key[1]) or Cloud(self._kept(key), key[1])

    def _kept(self, key: tuple[str, str]) -> Destination:
        node, path = key
        if self._root is not None:
            if is_remote(path):
                return LocalDestination(self._root.joinpath(CLOUDS, *path.split("://")))
            return LocalDestination(self._root.joinpath(node, path))
        if key not in self._premises.vaults:
            self._premises.vaults[key] = Vault(f"{node}:{path}" if node else path)
        return self._premises.vaults[key]

    def _ailing(self, node: str, key: tuple[str, str]) -> Ailing:
        troubles = self._premises.troubles
        if not is_remote(key[1]):
            return troubles.get(key, {})
        return {**troubles.get(key, {}), **troubles.get((node, key[1]), {})}

    def disturb(self, node: str, trouble: Any) -> None:
        """Let a place suffer from that, or be `Well`. ValueError for a path that leads elsewhere."""
        key = self._key(node, trouble.path)
        of_the_way = (node, key[1])
        if isinstance(trouble, Well):
            for each in (key, of_the_way):
                self._premises.troubles.pop(each, None)
        else:
            concerned = of_the_way if isinstance(trouble, OF_THE_WAY) else key
            self._premises.troubles.setdefault(concerned, {})[type(trouble)] = trouble

    def mend(self) -> None:
        """Nothing ails any place."""
        self._premises.troubles.clear()

    def plain(self, error: BaseException) -> str:
        """The text of an error without real paths: the same wherever a run keeps its files."""
        text = str(error)
        if isinstance(error, DestinationError):
            text = f"{error.path}: {error.what}; {error.remedy}"
        if self._root is None:
            return text
        for scheme in ("s3", "glacier", "azure", "gs", "ftp"):
            text = text.replace(f"{self._root.joinpath(CLOUDS, scheme)}/", f"{scheme}://")
        return text.replace(f"{self._root}/", "").replace(str(self._root), "")

    def _key(self, node: str, path: str) -> tuple[str, str]:
        """Whose a place is, and what it is called: a cloud is nobody's."""
        if not is_remote(path):
            return node, "/".join(parts_of_path(path))
        scheme, _, rest = path.partition("://")
        return "", f"{scheme}://{'/'.join(parts_of_path(rest))}"


def parts_of_path(path: str) -> tuple[str, ...]:
    """The parts of a local folder's path. ValueError for one that leads elsewhere."""
    parts = tuple(part for part in PurePosixPath(path.replace("\\", "/")).parts if part != "/")
    if not parts or ".." in parts:
        raise ValueError(f"the local folder {path!r} leads out of the node: give a path without '..'")
    return parts
