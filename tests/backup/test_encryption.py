"""The encrypted stream (packages: libsodium's secretstream) and the choice of keys (section 13)."""

import pickle
from base64 import b64decode
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from backup.content.encryption import (
    EXTRA,
    GREETING,
    HEADER,
    OPENING,
    PIECE,
    WrongKey,
    decrypted,
    encrypted,
    is_opened_by,
    opening_of,
)
from backup.content.manifest import DamagedBackup
from backup.record.encryption_keys import BadKey, Encryption, EncryptionMode, Key, KeyRefused, key_to_read, key_to_write

KEY, OTHER = Key(bytes(range(32))), Key(bytes(range(1, 33)))
LUCK = bytes(range(100, 124))
NAME = "2024-01-01-00-00-00.ravendb-encrypted-full-backup"


def sealed(content: bytes, key: Key = KEY) -> bytes:
    """The whole file."""
    return b"".join(encrypted([content], key, LUCK))


def opened(file: bytes, key: Key = KEY, size: int = 1 << 17) -> bytes:
    """The whole content, read in chunks of that size."""
    chunks = [file[start : start + size] for start in range(0, len(file), size)]
    return b"".join(decrypted(NAME, chunks, key))


# ---- the stream


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE]), max_size=4), st.integers(1, 200_000)
)
def test_what_goes_in_comes_out(sizes: list[int], chunk: int) -> None:
    """However it is cut into chunks on either side; equal input gives equal bytes."""
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    file = b"".join(encrypted(pieces, KEY, LUCK))
    assert opened(file, size=chunk) == b"".join(pieces)
    assert b"".join(encrypted(iter(pieces), KEY, LUCK)) == file
    assert file == sealed(b"".join(pieces))


def test_any_reader_of_secretstream_reads_it() -> None:
    """Header, greeting, messages of 64 KiB, the last one final: told apart with libsodium alone."""
    content = b"x" * PIECE + b"the rest"
    file = sealed(content)
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, file[:HEADER], KEY.secret)
    at, got, tags = HEADER, [], []
    for size in (len(GREETING), PIECE, len(b"the rest")):
        message, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, file[at : at + size + EXTRA])
        got.append(message)
        tags.append(tag)
        at += size + EXTRA
    assert b"".join(got) == GREETING + content
    assert tags == [0, 0, bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL]
    assert at == len(file)


def test_the_wrong_key_is_an_error_of_its_own() -> None:
    """Nothing is read, and the text says what else it may be."""
    file = sealed(b"secret")
    with pytest.raises(WrongKey, match=f"{NAME} does not open with this key: give the key it was encrypted with"):
        opened(file, OTHER)
    for chunks in ([file], [file[:10], file[10:]], [file[:OPENING]]):
        assert opening_of(chunks) == file[:OPENING]
    assert is_opened_by(file[:OPENING], KEY)
    assert not is_opened_by(file[:OPENING], OTHER)
    assert not is_opened_by(file[: OPENING - 1], KEY)


@pytest.mark.parametrize("size", [0, 10, PIECE, PIECE + 10, 2 * PIECE])
def test_every_cut_is_refused(size: int) -> None:
    """At the edges of messages too, where RavenDB's reader sees nothing (it writes no final tag)."""
    file = sealed(bytes(size))
    edges = {0, 1, HEADER, OPENING - 1, OPENING, OPENING + 1, OPENING + EXTRA, OPENING + PIECE + EXTRA, len(file) - 1}
    for end in sorted(edge for edge in edges if edge < len(file)):
        with pytest.raises(DamagedBackup, match=r"is damaged: (it is cut short|message)"):
            opened(file[:end])


def test_a_cut_between_two_messages_says_so() -> None:
    """The last message is missing, and that is what the error says."""
    file = sealed(bytes(2 * PIECE))
    with pytest.raises(DamagedBackup, match="it is cut short: its last message is missing"):
        opened(file[: OPENING + PIECE + EXTRA])


def test_messages_in_another_order_are_refused() -> None:
    """Also a message twice, a message left out, and bytes after the end."""
    whole = PIECE + EXTRA
    file = sealed(bytes(3 * PIECE + 5))
    opening, rest = file[:OPENING], file[OPENING:]
    first, second, third, last = rest[:whole], rest[whole : 2 * whole], rest[2 * whole : 3 * whole], rest[3 * whole :]
    assert opened(opening + first + second + third + last) == bytes(3 * PIECE + 5)
    for messages in ([second, first, third, last], [first, first, second, third, last], [first, third, last]):
        with pytest.raises(DamagedBackup, match=r"message \d of its encryption"):
            opened(opening + b"".join(messages))
    for tail in (b"x", file):
        with pytest.raises(DamagedBackup):
            opened(file + tail)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject) -> None:
    """Wherever it is, the file is refused: with the key in doubt in the opening, for damage behind it."""
    file = bytearray(sealed(bytes(PIECE) + b"abc"))
    at = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(file) - 1)))
    file[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(WrongKey if at < OPENING else DamagedBackup):
        opened(bytes(file))


def test_memory_stays_flat() -> None:
    """No more is taken from the source than a message needs."""
    taken = 0

    def source() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield bytes(PIECE)

    stream = decrypted(NAME, encrypted(source(), KEY, LUCK), KEY)
    next(stream)
    assert taken <= 4


def test_a_header_must_be_whole() -> None:
    """24 bytes."""
    with pytest.raises(ValueError, match="has 24 bytes and not 3"):
        list(encrypted([], KEY, b"abc"))


# ---- keys


def test_a_key_is_never_shown() -> None:
    """Neither by repr nor str nor format, nor inside anything else, nor in the error for a wrong one."""
    shown = [repr(KEY), str(KEY), f"{KEY}", repr(Encryption(EncryptionMode.USE_PROVIDED_KEY, KEY)), f"{[KEY]!r}"]
    for text in shown:
        assert KEY.as_text() not in text
        assert KEY.secret.hex() not in text
        assert repr(KEY.secret) not in text
    with pytest.raises(BadKey) as caught:
        Key.of_text(KEY.as_text()[:-4])
    assert str(caught.value) == "a key has 32 bytes and this one has 30: give the whole key"
    with pytest.raises(BadKey, match="this is no key: give 32 bytes as base64, 44 characters") as caught:
        Key.of_text("hunter2!")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert pickle.loads(pickle.dumps(KEY)) == KEY


def test_a_key_as_text_and_back() -> None:
    """Base64, white space around it allowed (13.1)."""
    assert Key.of_text(f"  {KEY.as_text()}\n") == KEY
    assert b64decode(KEY.as_text()) == KEY.secret


NONE, DATABASE, PROVIDED = (
    Encryption(EncryptionMode.NONE),
    Encryption(EncryptionMode.USE_DATABASE_KEY),
    Encryption(EncryptionMode.USE_PROVIDED_KEY, OTHER),
)


@pytest.mark.parametrize(
    ("settings", "database", "snapshot", "key"),
    [
        (None, None, False, None),
        (None, KEY, False, KEY),  # 13.2: an encrypted database, no settings
        (None, KEY, True, KEY),
        (NONE, KEY, False, None),  # 13.2: an explicit None yields a plain logical backup
        (NONE, KEY, True, KEY),  # 13.4
        (NONE, None, True, None),
        (DATABASE, KEY, False, KEY),
        (DATABASE, KEY, True, KEY),
        (PROVIDED, KEY, False, OTHER),
        (PROVIDED, None, False, OTHER),
        (DATABASE, None, False, "the key doesn't exist"),  # 13.3
        (PROVIDED, KEY, True, "with a different key"),  # 13.3
    ],
)
def test_the_key_that_is_written_with(
    settings: Encryption | None, database: Key | None, snapshot: bool, key: Key | str | None
) -> None:
    """13.2 to 13.4, as a table."""
    if isinstance(key, str):
        with pytest.raises(KeyRefused, match=key):
            key_to_write(settings, database, snapshot=snapshot)
    else:
        assert key_to_write(settings, database, snapshot=snapshot) == key


@pytest.mark.parametrize(
    ("settings", "database", "key"),
    [
        (None, None, None),
        (None, KEY, KEY),
        (NONE, KEY, None),  # 13.5: a plain logical backup into an encrypted database
        (DATABASE, KEY, KEY),
        (PROVIDED, None, OTHER),
        (Encryption(EncryptionMode.USE_PROVIDED_KEY), None, "mode UseProvidedKey needs a key"),
        (Encryption(EncryptionMode.NONE, KEY), None, "mode None takes no key"),
        (Encryption(EncryptionMode.USE_DATABASE_KEY, KEY), KEY, "mode UseDatabaseKey takes no key"),
        (DATABASE, None, "give its EncryptionKey"),
    ],
)
def test_the_key_that_is_read_with(settings: Encryption | None, database: Key | None, key: Key | str | None) -> None:
    """13.5, as a table."""
    if isinstance(key, str):
        with pytest.raises(KeyRefused, match=key):
            key_to_read(settings, database)
    else:
        assert key_to_read(settings, database) == key
