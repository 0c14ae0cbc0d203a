"""Encryption keys, and which one a backup is written or read with (section 13). Pure.

A key is never shown: not by its `repr`, not in an error, not in what a run writes. The cipher is in
backup/content/encryption.py.
"""

from base64 import b64decode, b64encode
from enum import Enum

from cluster.value import value

SIZE = 32
"""Length of a key in bytes (rule 13.1)."""


class BadKey(ValueError):
    """The given bytes or text are not a key. The text of the error never holds them."""


class KeyRefused(ValueError):
    """A run or a restore cannot use the key that is chosen for it (rules 13.3, 13.5). The text says which it needs."""


@value(repr=False)
class Key:
    """32 secret bytes. Raises BadKey for any other number of bytes."""

    secret: bytes

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.secret, bytes):
            raise BadKey(f"a key is bytes and this one is of {type(self.secret).__name__}: `Key.of_text` reads base64")
        if len(self.secret) != SIZE:
            raise BadKey(f"a key has {SIZE} bytes and this one has {len(self.secret)}: give the whole key")

    def __repr__(self) -> str:
        return "Key(<hidden>)"

    @staticmethod
    def of_text(text: str) -> "Key":
        """The key of a base64 text, as a key file holds it. Raises BadKey for anything else."""
        try:
            secret = b64decode(text.strip(), validate=True)
        except ValueError:
            raise BadKey(f"this is no key: give {SIZE} bytes as base64, {4 * -(-SIZE // 3)} characters") from None
        return Key(secret)

    def as_text(self) -> str:
        """The key as base64, which is only meant for a key file."""
        return b64encode(self.secret).decode()


class EncryptionMode(Enum):
    """Where the key of a backup comes from (rule 13.1)."""

    NONE = "None"
    USE_DATABASE_KEY = "UseDatabaseKey"
    USE_PROVIDED_KEY = "UseProvidedKey"


@value
class Encryption:
    """How the files of a task, or those that a restore reads, are encrypted (rules 6.1, 17.1)."""

    mode: EncryptionMode = EncryptionMode.NONE
    key: Key | None = None
    """The key of mode `USE_PROVIDED_KEY`; None in the other modes."""

    def problem(self) -> str:
        """The contradiction between mode and key, as a clause; empty if there is none (rules 13.1, 13.5)."""
        provided = self.mode is EncryptionMode.USE_PROVIDED_KEY
        if provided and self.key is None:
            return "mode UseProvidedKey needs a key: provide one"
        if self.key is not None and not provided:
            return (
                f"mode {self.mode.value} takes no key: leave it out, or give EncryptionMode.USE_PROVIDED_KEY before it"
            )
        return ""


def key_to_write(settings: Encryption | None, database_key: Key | None, *, snapshot: bool) -> Key | None:
    """The key of the next file of a task; None for a plain file (rules 13.2 to 13.4). Raises KeyRefused (rule 13.3).

    `settings`: the task's encryption. `snapshot`: whether the file is a snapshot; an incremental of a Snapshot task is not
    (rule 11.6).
    """
    if settings is None:
        return database_key  # rule 13.2
    match settings.mode:
        case EncryptionMode.NONE:
            return database_key if snapshot else None  # rules 13.2, 13.4: a snapshot is encrypted as its database is
        case EncryptionMode.USE_DATABASE_KEY:
            if database_key is None:
                raise KeyRefused(
                    "the files are to be encrypted with the key of the database, and the key doesn't exist: "
                    "provide a key in the task, or encrypt the database"
                )
            return database_key
        case EncryptionMode.USE_PROVIDED_KEY:
            if snapshot:
                raise KeyRefused(
                    "a snapshot is encrypted as its database is and cannot be written with a different key: "
                    "use UseDatabaseKey, or kind Backup"
                )
            return settings.key


def key_to_read(settings: Encryption | None, new_database_key: Key | None) -> Key | None:
    """The key of the files that a restore reads; None if they are plain. Raises KeyRefused (rule 13.5)."""
    if settings is None:
        return new_database_key  # rule 17.1: by default the backup of an encrypted database has the database's key
    if problem := settings.problem():
        raise KeyRefused(f"the backup cannot be read: {problem}")
    match settings.mode:
        case EncryptionMode.NONE:
            return None
        case EncryptionMode.USE_DATABASE_KEY:
            if new_database_key is None:
                raise KeyRefused(
                    "mode UseDatabaseKey needs the key of the database that was backed up: give its EncryptionKey"
                )
            return new_database_key
        case EncryptionMode.USE_PROVIDED_KEY:
            return settings.key
