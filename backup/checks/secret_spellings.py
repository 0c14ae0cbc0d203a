"""Every spelling of a secret that may occur in a text or a file, and the search for it. Pure.

A spelling is searched for in every reading of a text: as it is, without the zeros of UTF-16, and with its escapes resolved,
so that a secret split over escapes of JSON is found too. The texts to search are chosen in secrets.py.
"""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from backup.record.encryption_keys import Key

Spellings = tuple[bytes, ...]
"""The spellings of one secret."""
SHORTEST = 8
"""A password of fewer characters, or a spelling of fewer bytes, may occur by chance and is not searched for."""
LAYERS = 3
"""How many times escapes are resolved: printed text may be a string in JSON, and that JSON a string in another."""
_ESCAPE = re.compile(
    rb"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([^ux])",
    re.IGNORECASE | re.DOTALL,
)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
NAMED_SECRET = re.compile(
    r"(?<![a-z])(?:private_?key|.*secret|.*token|.*password|sig|signature|accountkey)$", re.IGNORECASE
)
"""Names of the parts of a secret that grant access by themselves."""


def spellings(key: Key) -> Spellings:
    """Every spelling of a key: raw, hexadecimal, base64 at any offset, the `repr` of bytes, and a list of numbers."""
    return _unlike(
        (
            *_of_bytes(key.secret),
            repr(key.secret)[2:-1].encode(),
            ", ".join(map(str, key.secret)).encode(),
            ",".join(map(str, key.secret)).encode(),
        )
    )


def spellings_of(secret: str) -> Spellings:
    """Every spelling of a cloud's secret and of each part that grants access by itself; () if the secret is too short."""
    return _unlike(spelt for part in parts_of(secret) for spelt in _of_text(part))


def parts_of(secret: str) -> tuple[str, ...]:
    """The secret and its parts that grant access by themselves: an account's private key, a token's signature."""
    found = [secret]
    try:
        fields = json.loads(secret)
    except ValueError:
        fields = dict(pair.partition("=")[::2] for pair in re.split(r"[?&;]", secret) if "=" in pair)
    if isinstance(fields, dict):
        named = [str(each) for name, each in fields.items() if NAMED_SECRET.match(str(name))]
        found += [each for whole in named for each in (whole, unquote_to_bytes(whole).decode(errors="replace"))]
        found += [line for whole in named for line in whole.splitlines() if not line.startswith("-----")]
    return tuple(dict.fromkeys(each for each in found if len(each) >= SHORTEST))


def _of_text(text: str) -> Iterator[bytes]:
    yield from _of_bytes(text.encode())
    yield from _of_bytes(text.encode("utf-16-le"))
    yield text.encode("utf-16-be")
    yield repr(text)[1:-1].encode()
    yield text.replace(" ", "+").encode()


def _of_bytes(raw: bytes) -> Iterator[bytes]:
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for encoded in (b64encode, urlsafe_b64encode):
        for before in range(3):  # in the base64 of a longer text it may begin at any of three offsets
            whole = encoded(bytes(before) + raw)
            yield whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def _unlike(found: Iterable[bytes]) -> Spellings:
    return tuple(dict.fromkeys(each for each in found if len(each) >= SHORTEST))


def holds(text: bytes, known: Iterable[Spellings]) -> bool:
    """Whether a text contains one of these secrets, in any of its spellings."""
    return any(spelt in reading for reading in readings(text) for each in known for spelt in each)


def readings(text: bytes) -> Iterator[bytes]:
    """The text, then with its escapes resolved; each also without line ends, which base64 may hold."""
    yield text
    if b"\0" in text:
        yield (text := text.replace(b"\0", b""))  # UTF-16
    for _ in range(LAYERS):
        resolved = _resolved(text)
        if resolved == text:
            break
        yield (text := resolved)
    if b"\n" in text:
        yield text.replace(b"\r", b"").replace(b"\n", b"")


def _resolved(text: bytes) -> bytes:
    if b"\\" in text:
        text = _ESCAPE.sub(_character, text)
    if b"%" in text:
        text = unquote_to_bytes(text)
    if b"&" in text and b";" in text:
        text = html.unescape(text.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return text


def _character(found: re.Match[bytes]) -> bytes:
    high, low, plain, byte, other = found.groups()
    if high is not None:
        return bytes.fromhex((high + low).decode()).decode("utf-16-be").encode()
    if plain is not None:
        return chr(int(plain, 16)).encode(errors="surrogatepass")
    if byte is not None:
        return bytes.fromhex(byte.decode())
    return _NAMED.get(other, other)
