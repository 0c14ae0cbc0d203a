"""JSON whose numbers are kept as they were written: `1.10` and `12345678901234567890.123` are not rounded to what a float holds.

Most numbers are; they become plain ones. The others become a `WrittenNumber`, which is written again as it was read. What is
nested too deeply, and what is no JSON by RFC 8259 (`NaN`, `1e999`), is refused by name. Never here: what a value means.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from cluster.value import value

DEEPEST = 200
"""How many objects and lists may stand in each other: fixed, so that it does not depend on who calls."""
BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\]]', re.DOTALL)
LONGEST_NUMBER = 1_000
"""The most characters of one number."""


@value
class WrittenNumber:
    """A number that a float or an int would change."""

    text: str
    """The number as it was written."""


class _Exactly(TypeError):
    """Data holds a `WrittenNumber`, which the encoder in C cannot write."""


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
    if isinstance(found, WrittenNumber):
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
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_written).encode


def decoded(text: str, *, strict: bool = False) -> Any:
    """The value of a JSON text. ValueError says what is wrong with it; `strict`: also with a field that is given twice."""
    if is_too_deep(text):
        raise ValueError(f"it is nested more than {DEEPEST} deep: give less")
    chosen = _strict if strict else decoder if "-0" in text else _quick
    return chosen.decode(text)


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
