"""JSON whose numbers are kept as they were written: `1.10` and `12345678901234567890.123` are not rounded to what a float holds.

Most numbers are; they become plain ones. The others become a `WrittenNumber`, which is written again as it was read. What is
nested too deeply, and what is no JSON by RFC 8259 (`NaN`, `1e999`), is refused by name. Never here: what a value means.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from cluster.value import value

DEEPEST = 200
"""How many objects and lists may stand in each other: fixed, so that it does not depend on who calls."""
BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\]]', re.DOTALL)
LONG = 1 << 16
"""Characters from which on a text is long."""
BLANKS = (" ", "\t", "\n", "\r")
LONGEST_NUMBER = 1_000
"""The most characters of one number."""


@value
class WrittenNumber:
    """A number that a float or an int would change."""

    text: str
    """The number as it was written."""


@value
class WrittenText:
    """A long text or list as JSON: written again as it stands."""

    parts: tuple[str, ...]


class _Otherwise(ValueError):
    """A text is not of the form that most have: it is read in the usual way."""


class _Exactly(TypeError):
    """Data holds a `WrittenNumber` or a `WrittenText`, which the encoder in C cannot write."""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _point(text: str) -> float | WrittenNumber:
    found = float(text)
    if repr(found) == text:
        return found
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"{text[:20]}… is a number of {len(text):,} characters: give {LONGEST_NUMBER:,} or fewer")
    if found in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is beyond every double: give a smaller number")
    return WrittenNumber(text)


def _whole(text: str) -> int | WrittenNumber:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"{text[:20]}… is a number of {len(text):,} digits: give {LONGEST_NUMBER:,} or fewer")
    return WrittenNumber(text) if text == "-0" else int(text)


def _written(found: Any) -> Any:
    if isinstance(found, WrittenNumber | WrittenText):
        raise _Exactly
    raise TypeError(f"{type(found).__name__} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object holds {twice!r} twice: give each field once")
    return found


decoder = json.JSONDecoder(parse_float=_point, parse_int=_whole, parse_constant=_refuse)
_quick = json.JSONDecoder(parse_float=_point, parse_constant=_refuse)
_strict = json.JSONDecoder(parse_float=_point, parse_int=_whole, parse_constant=_refuse, object_pairs_hook=_once)
_FORGOTTEN = object()
_forgetful = json.JSONDecoder(parse_float=_point, parse_constant=_refuse, object_pairs_hook=lambda _: _FORGOTTEN)
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_written).encode


def decoded(text: str, *, strict: bool = False) -> Any:
    """The value of a JSON text. ValueError says what is wrong with it; `strict`: also with a field that is given twice."""
    return _decoder_for(text, strict=strict).decode(text)


def _decoder_for(text: str, *, strict: bool) -> json.JSONDecoder:
    if is_too_deep(text):
        raise ValueError(f"it is nested more than {DEEPEST} deep: give less")
    return _strict if strict else decoder if "-0" in text else _quick


def decoded_long(text: str, *, strict: bool = False, whole: Collection[str] = ()) -> Any:
    """As `decoded`; but of an object, each list and each long text becomes a `WrittenText`, one item after the other.

    The values of a long document take several times the room of its text. `whole`: the fields that are wanted as values.
    """
    chosen = _decoder_for(text, strict=strict)
    try:
        pairs = _fields_of(text, chosen, whole)
    except (json.JSONDecodeError, IndexError, _Otherwise):
        return chosen.decode(text)  # it is no object, or says what is wrong with it
    return _once(pairs) if strict else dict(pairs)


def _fields_of(text: str, chosen: json.JSONDecoder, whole: Collection[str]) -> list[tuple[str, Any]]:
    """The fields of the object that fills a text. JSONDecodeError, IndexError or `_Otherwise` where it is not of that form."""
    pairs: list[tuple[str, Any]] = []
    at = _after(text, 0, "{")
    while text[at] != "}":
        at = _after(text, at, ",") if pairs else at
        if text[at] != '"':
            raise _Otherwise
        name, at = chosen.raw_decode(text, at)
        at = _after(text, at, ":")
        if text[at] == "[" and name not in whole:
            found, at = _list_at(text, at, chosen)
        else:
            found, at = chosen.raw_decode(text, at)
            if isinstance(found, str) and len(found) > LONG and name not in whole:
                found = WrittenText((_encode(found),))
        pairs.append((name, found))
        at = _space(text, at)
    if _after(text, at, "}") != len(text):
        raise _Otherwise
    return pairs


def _list_at(text: str, at: int, chosen: json.JSONDecoder) -> tuple[WrittenText, int]:
    """The list that begins there, and where it ends."""
    parts, gathered, size = list[str](), list[str](), 0
    at = _after(text, at, "[")
    mark = "["
    while text[at] != "]":
        at = _after(text, at, ",") if mark == "," else at
        found, at = chosen.raw_decode(text, at)
        gathered += (mark, encoded(found))
        size += len(gathered[-1])
        if size > LONG:
            parts.append("".join(gathered))
            gathered, size = [], 0
        mark = ","
        at = _space(text, at)
    gathered.append("]" if mark == "," else "[]")
    return WrittenText((*parts, "".join(gathered))), at + 1


def _after(text: str, at: int, character: str) -> int:
    """Where the text goes on after that character, which may stand behind blanks."""
    at = _space(text, at)
    if text[at] != character:
        raise _Otherwise
    return _space(text, at + 1)


def _space(text: str, at: int) -> int:
    while text[at : at + 1] in BLANKS:
        at += 1
    return at


def check_object(text: str) -> None:
    """ValueError or RecursionError unless the text is a JSON object, as `decoded` reads it; no value of it is kept."""
    if is_too_deep(text):
        raise ValueError(f"it is nested more than {DEEPEST} deep: give less")
    if _forgetful.decode(text) is not _FORGOTTEN:
        raise ValueError("it is no JSON object")


def encoded(data: object) -> str:
    """Compact JSON text of the data; keys keep their order. ValueError, TypeError or RecursionError if it has none."""
    try:
        return _encode(data)
    except _Exactly:
        return "".join(_pieces(data))


def _pieces(data: object) -> Iterator[str]:
    """The text of data in pieces, with each number as it was written."""
    match data:
        case WrittenNumber(text):
            yield text
        case WrittenText(parts):
            yield from parts
        case dict():
            mark = "{"
            for key, inner in data.items():
                yield f"{mark}{_encode(key)}:"
                yield from _pieces(inner)
                mark = ","
            yield "}" if mark == "," else "{}"
        case list() | tuple():
            mark = "["
            for inner in data:
                yield mark
                yield from _pieces(inner)
                mark = ","
            yield "]" if mark == "," else "[]"
        case _:
            yield _encode(data)


def is_too_deep(text: str) -> bool:
    """Whether objects and lists stand in each other more than `DEEPEST` times."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return False
    depth = 0
    for token in BRACKETS.finditer(text):
        if token[0] in "{[":
            depth += 1
            if depth > DEEPEST:
                return True
        elif token[0] in "}]":
            depth -= 1
    return False
