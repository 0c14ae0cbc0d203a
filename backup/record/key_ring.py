"""Every secret that a client of a world ever named: with it whoever watches looks into files, and for what nobody may see.

Never here: what any key is for (encryption_keys.py).
"""

from collections.abc import Iterable, Iterator, KeysView

from backup.record.encryption_keys import Key


class KeyRing:
    """Every key that a client ever named, as the operator wrote it down. All nodes of a world share one."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}
        self._secrets: dict[str, None] = {}

    def add(self, keys: Iterable[Key] = (), secrets: Iterable[str] = ()) -> None:
        """A client, or a script of its, has named these keys of encryption, and these secrets that get in to clouds."""
        self._keys |= dict.fromkeys(keys)
        self._secrets |= dict.fromkeys(secrets)

    @property
    def secrets(self) -> KeysView[str]:
        """What gets in to clouds: keys of accounts, passwords, tokens."""
        return self._secrets.keys()

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)
