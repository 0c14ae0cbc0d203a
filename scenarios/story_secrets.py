"""The text of a story without secrets: `***` stands for each text in it that holds one, and every line stays where it was.

Secrets are known from the key ring of the run, from the name that a text is given (`password=`), and from the form of an
address. A secret that is built of parts cannot be replaced surely: then nothing of the text is kept. Never here: how secrets are
spelt (backup/checks/secret_spellings.py), and files.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from tokenize import detect_encoding
from typing import TYPE_CHECKING

from backup.checks.secret_spellings import NAMED_SECRET, SHORTEST, Spellings, holds, parts_of, spellings, spellings_of
from backup.destinations.address_secrets import HIDDEN, masked, stands_in
from backup.destinations.registry import KINDS
from backup.destinations.settings import secret_fields
from backup.record.encryption_keys import Key
from cluster.value import value

if TYPE_CHECKING:
    from backup.record.key_ring import KeyRing

_FIELDS = frozenset(field.name for kind in KINDS for field in secret_fields(kind))
MOST = 4 << 20
"""Bytes of text that are searched at most."""
_PIECE = 4
"""A text of so many characters that is a part of a secret is taken for one."""
_RUN = 8
"""A text that has so many characters in a row in common with a secret is taken for a part of it."""


_EDGE = b"\x01\x02"
"""Between two texts that are searched as one; no reading of them takes it away, so that no secret is found in two."""


class NotSure(ValueError):
    """A secret may be left in the text. The message says why, and what to do so that the text can be kept."""


@value
class CleanText:
    """A text without secrets, in the encoding that it had."""

    content: bytes
    replaced: int
    """How many texts in it `***` stands for."""


def without_secrets(texts: Sequence[bytes], rings: "Iterable[KeyRing]") -> tuple[CleanText, ...]:
    """The texts of Python files that belong together, each without secrets. NotSure if one may be left in them.

    A secret of the ring stands whole in a text, in whatever spelling, or it came from the environment, from a program or from luck.
    """
    if sum(map(len, texts)) > MOST:
        raise NotSure(
            f"it has more than {MOST >> 20} MB, which nobody searches for secrets: let it read them from a file"
        )
    rings = list(rings)
    known = dict(chain.from_iterable(map(_known, rings)))
    read = [_Text(text) for text in texts]
    there = [secret for secret, spelt in known.items() if any(each.has(secret, spelt) for each in read)]
    for secret in known:
        if secret not in there and not _is_from_outside(secret, rings):
            raise NotSure(
                "a key or a secret is built of parts in it, so that it cannot be replaced surely: write it as one text, "
                "or read it from the environment"
            )
    found = tuple(each.without(known, there) for each in read)
    for kept, each in zip(found, read, strict=True):
        if holds(kept.content, known.values()) or stands_in(kept.content.decode(each.encoding, "replace")):
            raise NotSure("something is left in it that may let somebody in: take it out of comments and of numbers")
    return found


def _known(ring: "KeyRing") -> Iterator[tuple[Key | str, Spellings]]:
    yield from ((key, spellings(key)) for key in ring)
    yield from ((secret, spellings_of(secret)) for secret in ring.secrets)


def _is_from_outside(secret: Key | str, rings: "Iterable[KeyRing]") -> bool:
    if any(ring.is_from_elsewhere(secret) for ring in rings):
        return True
    told = secret.as_text() if isinstance(secret, Key) else secret
    return any(told in given or (len(given) >= SHORTEST and given in told) for given in os.environ.values())


Place = tuple[int, int, int, int]
"""The first line of a text and the byte at which it begins in it, and its last line and the byte behind it."""


class _Text:
    """The text of a Python file, and the texts that are written in it."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.encoding = detect_encoding(BytesIO(source).readline)[0]
        self._plain = source.decode(self.encoding)
        """What `ast` counts the bytes of, as UTF-8."""
        self._tree = ast.parse(self._plain)
        self._literals = list(_literals(self._tree))
        self._told = _EDGE.join(_as_bytes(each) for _, values in self._literals for each in values)

    def has(self, secret: Key | str, spelt: Spellings) -> bool:
        """Whether the secret stands in it whole."""
        known = [spelt]
        if holds(self._plain.encode(), known) or holds(self._told, known):
            return True
        # it may be too short to search for
        return any(each == secret for _, values in self._literals for each in values)

    def without(self, known: dict[Key | str, Spellings], there: Sequence[Key | str]) -> CleanText:
        """The text without the secrets that are known; of those that are `there` no part stays either."""
        named = {_place(each) for node in ast.walk(self._tree) for each in _named(node)}
        spelt = [known[each] for each in there]
        within = spelt if holds(self._told, spelt) else []  # to ask each text takes long
        parts = [part for each in there for part in _opening(each)]
        runs = {part[at : at + _RUN] for part in parts for at in range(len(part) - _RUN + 1)}
        found = []
        for node, values in self._literals:
            is_named = _place(node) in named and any(isinstance(each, str | bytes) and each for each in values)
            if is_named or any(_is_secret(each, within, there, parts, runs) for each in values):
                found.append(_place(node))
        if not found and not holds(self._plain.encode(), spelt):
            return CleanText(self._source, 0)
        kept, replaced = _replaced(self._plain.encode(), found), len(found)
        for each in sorted((each for one in spelt for each in one), key=len, reverse=True):
            replaced += kept.count(each)  # in a comment, or as numbers
            kept = kept.replace(each, HIDDEN.encode())
        return CleanText(kept.decode().encode(self.encoding), replaced)


Literal = ast.Constant | ast.JoinedStr


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0  # parsed, it has both


def _literals(tree: ast.AST) -> Iterator[tuple[Literal, list[object]]]:
    """Every text and number that is written, a formatted text as one; with the values in it, and them together."""
    rest = [tree]
    while rest:
        node = rest.pop()
        if not isinstance(node, Literal):
            rest += ast.iter_child_nodes(node)
            continue
        values: list[object] = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
        if isinstance(node, ast.JoinedStr):
            values.append("".join(each for each in values if isinstance(each, str)))
        yield node, values


def _as_bytes(told: object) -> bytes:
    return told if isinstance(told, bytes) else told.encode(errors="replace") if isinstance(told, str) else b""


def _opening(secret: Key | str) -> tuple[str, ...]:
    """The parts of a secret that get in; of an account's file its private key, and not what all such files have in common."""
    if isinstance(secret, Key):
        return secret.as_text(), secret.secret.hex()
    whole, *named = parts_of(secret) or (secret,)
    return tuple(each for each in named if not each.startswith("-----")) or (whole,)


def _is_secret(
    value: object, within: Sequence[Spellings], there: Sequence[Key | str], parts: Sequence[str], runs: set[str]
) -> bool:
    if value in there or holds(_as_bytes(value), within):
        return True
    told = _as_bytes(value).decode(errors="replace")
    if masked(told, is_place=False) != told or (len(told) >= _PIECE and any(told in part for part in parts)):
        return True
    return bool(runs) and any(told[at : at + _RUN] in runs for at in range(len(told) - _RUN + 1))


def _replaced(text: bytes, places: Iterable[Place]) -> bytes:
    lines = text.splitlines(keepends=True)
    for first, left, last, right in sorted(set(places), reverse=True):
        before, after = lines[first - 1][:left], lines[last - 1][right:]
        between = b"\n" * (last - first)
        quotes = b'"""' if between else b'"'
        whole = before + quotes + HIDDEN.encode() + between + quotes + after
        lines[first - 1 : last] = whole.splitlines(keepends=True)
    return b"".join(lines)


def _named(node: ast.AST) -> list[ast.expr]:
    """The texts to which this node gives a name under which a secret is kept."""
    pairs: list[tuple[ast.AST | str | None, ast.expr | None]] = []
    match node:
        case ast.keyword():
            pairs = [(node.arg, node.value)]
        case ast.Assign():
            pairs = [(target, node.value) for target in node.targets]
        case ast.AnnAssign() | ast.NamedExpr():
            pairs = [(node.target, node.value)]
        case ast.Dict():
            pairs = list(zip(node.keys, node.values, strict=True))
    return [each for name, told in pairs if _names_a_secret(name) for each in _written(told)]


def _written(told: ast.expr | None) -> list[ast.expr]:
    """The texts that a text is put together of where it is given."""
    return [*_written(told.left), *_written(told.right)] if isinstance(told, ast.BinOp) else [told] if told else []


def _names_a_secret(name: ast.AST | str | None) -> bool:
    if isinstance(name, ast.Constant):
        name = str(name.value)
    elif isinstance(name, ast.Name):
        name = name.id
    elif isinstance(name, ast.Attribute):
        name = name.attr
    return isinstance(name, str) and (name.lower() in _FIELDS or NAMED_SECRET.match(name) is not None)


_STANDS = re.compile(rb"(?:\"\"\"|\"|)\*\*\*(\n*)(?:\"\"\"|\"|)")
"""What stands for a secret, over as many lines as that had."""


def is_the_same(kept: bytes, now: bytes, replaced: int) -> bool:
    """Whether a file that holds `now` has the text that was kept, whatever stands where a secret was."""
    if not replaced:
        return kept == now
    first, *rest = _STANDS.split(kept)  # a part, the line ends that stand for a secret, a part, and so on
    if not now.startswith(first):
        return False
    at = len(first)
    for ends, part in zip(rest[::2], rest[1::2], strict=True):
        # the first place behind the secret, so that this ends soon for any text
        found = now.find(part, at) if part else at
        while found >= 0 and now.count(b"\n", at, found) < len(ends):
            found = now.find(part, found + 1)
        if found < 0 or now.count(b"\n", at, found) > len(ends):
            return False
        at = found + len(part)
    last = rest[-1] if rest else b""
    return at == len(now) or (now.endswith(last) and b"\n" not in now[at - len(last) : len(now) - len(last)])
