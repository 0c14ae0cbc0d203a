"""Encryption of backup files with libsodium's secretstream (XChaCha20-Poly1305): chunks in, chunks out.

A file is 24 bytes of header, a first message of a few known bytes, which tells a wrong key from damage, then messages
of 64 KiB, the last one shorter and tagged final: cut, reordered or changed, it is refused. RavenDB's files have the same
header and messages, and no final tag: one that was cut between two messages reads as whole. Only this module knows
which library is used.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from backup.content import file_names
from backup.content.manifest import DamagedBackup
from backup.record.encryption_keys import Key

HEADER = 24
PIECE = 1 << 16
EXTRA = 17
"""How many bytes a message is longer than its content: a tag of one byte and an authenticator of sixteen."""
GREETING = b"unkindness encrypted backup 1\n"
OPENING = HEADER + len(GREETING) + EXTRA
"""How many first bytes of a file must be read before it is known whether a key fits."""


class WrongKey(ValueError):
    """The key does not open the file. Nothing was decrypted."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} does not open with this key: give the key it was encrypted with; "
            f"if this is the one, the first {OPENING} bytes of the file are damaged"
        )
        self.name = name


class NoKey(ValueError):
    """The file is encrypted and no key was given."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is encrypted and no key was given: give the key it was encrypted with")
        self.name = name


def encrypted(chunks: Iterable[bytes], key: Key, header: bytes) -> Iterator[bytes]:
    """The chunks encrypted under the key.

    `header`: 24 random bytes. Two streams with the same key and header could both be read without the key, so every
    stream needs new ones. Equal input gives equal bytes. Raises ValueError for a header of another length.
    """
    if len(header) != HEADER:
        raise ValueError(f"the header of an encrypted stream has {HEADER} bytes and not {len(header)}: draw so many")
    sodium = _sodium()
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    # `init_push` would draw a header by itself. `init_pull` makes the same state from a given header.
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key.secret)
    push = sodium.crypto_secretstream_xchacha20poly1305_push
    ordinary = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
    yield header + push(state, GREETING, tag=ordinary)
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > PIECE:  # not >=: the last message may be full, and must be tagged final
            yield push(state, bytes(held[:PIECE]), tag=ordinary)
            del held[:PIECE]
    yield push(state, bytes(held), tag=sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL)


def decrypted(name: str, chunks: Iterable[bytes], key: Key) -> Iterator[bytes]:
    """The content of the file `name`, message by message.

    Raises WrongKey before the first message, and DamagedBackup at the first message that is not what was written, or
    where the file is cut.
    """
    sodium = _sodium()
    pull = sodium.crypto_secretstream_xchacha20poly1305_pull
    last = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
    source = iter(chunks)
    held = bytearray()
    while len(held) < OPENING and (chunk := next(source, None)) is not None:
        held += chunk
    if len(held) < OPENING:
        raise DamagedBackup(name, f"it is cut short: it has {len(held)} bytes, and the opening alone {OPENING}")
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, bytes(held[:HEADER]), key.secret)
    try:
        greeting, _ = pull(state, bytes(held[HEADER:OPENING]))
    except RuntimeError:
        raise WrongKey(name) from None
    if greeting != GREETING:
        raise DamagedBackup(name, "it opens with the key and was not written by this version")
    del held[:OPENING]

    whole, number = PIECE + EXTRA, 0

    def opened(message: bytes) -> tuple[bytes, bool]:
        if len(message) < EXTRA:
            raise DamagedBackup(name, "it is cut short: its last message is missing")
        try:
            content, tag = pull(state, message)
        except RuntimeError:
            raise DamagedBackup(name, f"message {number} of its encryption is not what was written there") from None
        return content, tag == last

    for chunk in source:
        held += chunk
        while len(held) > whole:
            number += 1
            content, final = opened(bytes(held[:whole]))
            if final:
                raise DamagedBackup(name, "bytes follow its end")
            yield content
            del held[:whole]
    while held or not number:
        number += 1
        content, final = opened(bytes(held[:whole]))
        del held[:whole]
        if final and held:
            raise DamagedBackup(name, "bytes follow its end")
        yield content
        if final:
            return
    raise DamagedBackup(name, "it is cut short: its last message is missing")


def opening_of(chunks: Iterable[bytes]) -> bytes:
    """The first bytes of a file, which suffice for `is_opened_by`; fewer if the file is shorter."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) >= OPENING:
            break
    return held[:OPENING]


def is_opened_by(opening: bytes, key: Key) -> bool:
    """Whether the encrypted file that begins with `opening` was written with that key."""
    try:
        next(decrypted("it", [opening], key))
    except WrongKey:
        return False
    except DamagedBackup as damage:  # the key fits if only the messages after the opening are missing
        return len(opening) == OPENING and "last message" in damage.what
    return True


def plain(name: str, chunks: Iterable[bytes], keys: Iterable[Key]) -> Iterable[bytes]:
    """The content of a backup file, decrypted with the one of `keys` that fits if its name says that it is encrypted.

    Raises NoKey if no key was given, WrongKey if none fits, and DamagedBackup as `decrypted` does. Keys are ignored for a
    file that is not encrypted.
    """
    if not file_names.is_encrypted(name):
        return chunks
    source, held = iter(chunks), b""
    while len(held) < OPENING and (chunk := next(source, None)) is not None:
        held += chunk
    opening = held[:OPENING]
    key = None
    for key in keys:
        if is_opened_by(opening, key):
            break
    else:
        if key is None:
            raise NoKey(name)
        if len(opening) == OPENING:
            raise WrongKey(name)
    return decrypted(name, chain([held], source), key)


def _sodium() -> Any:
    """The bindings of libsodium. They are imported late because they are compiled code, which only encryption needs."""
    from nacl import bindings

    return bindings
