"""What outlives every node of a world and belongs to none: places in memory, the operator's key ring, what ails the places.

Nodes of one world share one of these and nothing else. Never here: what is in the files, or who may write them.
"""

from collections.abc import Iterator

from backup.destinations.memory import Vault
from backup.destinations.port import Destination
from backup.destinations.troubles import Trouble
from backup.keys import Key


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


__all__ = ["KeyRing", "Premises"]
