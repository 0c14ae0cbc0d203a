"""All secrets that clients of a world have given. With them watchers read encrypted files and look for leaked secrets."""

from collections.abc import Iterable, Iterator, KeysView

from backup.record.encryption_keys import Key


class KeyRing:
    """All encryption keys and other secrets that clients have given. All nodes of a world share one."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}
        self._secrets: dict[str, None] = {}
        self._elsewhere: set[Key | str] = set()

    def add(self, keys: Iterable[Key] = (), secrets: Iterable[str] = ()) -> None:
        """Add encryption keys, and secrets of destinations, that a client or a settings script has given."""
        self._keys |= dict.fromkeys(keys)
        self._secrets |= dict.fromkeys(secrets)

    def came_from_elsewhere(self, secret: Key | str) -> None:
        """Note that this one is in no story's text: it is drawn, or a program gives it."""
        self._elsewhere.add(secret)

    def is_from_elsewhere(self, secret: Key | str) -> bool:
        """Whether that was noted."""
        return secret in self._elsewhere

    @property
    def secrets(self) -> KeysView[str]:
        """The secrets of destinations: keys of accounts, passwords, tokens."""
        return self._secrets.keys()

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)
