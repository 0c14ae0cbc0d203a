"""Steps as JSON, by kind and fields, and back from the text of a step. No other module reads that text.

The text of a step is its `repr` with durations in µs, `Disturb(node='A', trouble=Full(path='backups'))`; runs that were kept earlier have
only that. What the `repr` of a value hides, a key or a password, is in neither form.
"""

import ast
import re
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any

import attrs

from cluster.written_times import Microseconds

_LITERALS = (bool, int, float, str, type(None))
_OPAQUE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|<[^<>]*>""")
"""Matches a string, or the angle brackets of a value without a literal: `<Kind.BACKUP: 'Backup'>`, `<40 documents>`."""

_DOTTED = re.compile(r"[\w.]+")


class NoStep(ValueError):
    """A text is not the text of a step. The message names it."""


def json_form(value: object) -> Any:
    """A step, a fault or a request as `{"kind": …, "fields": {…}}`, nested values too; any other value as its `repr`.

    Numbers, strings and None stay as they are, tuples and lists become lists. A value becomes kind and fields only if
    its `repr` shows exactly the fields that this form would show. A `Rewire` of all links has no `between`, as in its text.
    """
    if type(value) in _LITERALS:
        return value
    if isinstance(value, Microseconds):
        return int(value)
    if isinstance(value, tuple | list):
        return [json_form(each) for each in value]
    kind, text = type(value).__qualname__.rpartition(">.")[2], repr(value)
    shown = {name: getattr(value, name) for name in _shown(value)}
    if not text.startswith(f"{kind}({next(iter(shown), '')}"):  # cheap, and nearly always enough
        return text
    if text != f"{kind}({', '.join(f'{name}={each!r}' for name, each in shown.items())})":
        return text
    return {
        "kind": kind,
        "fields": {name: json_form(each) for name, each in shown.items() if each or name != "between"},
    }


def _shown(value: object) -> list[str]:
    """The names of the fields that a generated `repr` of the value shows."""
    if attrs.has(type(value)):
        fields: Any = attrs.fields
        return [field.name for field in fields(type(value)) if field.repr]
    if is_dataclass(value):
        return [field.name for field in dataclass_fields(value) if field.repr]
    return []


def read_text(text: str) -> Any:
    """The `json_form` of the step that has this text. NoStep for another text; nothing in the text is evaluated."""
    try:
        call = ast.parse(_OPAQUE.sub(_masked, text), mode="eval").body
        found = _form(call, text.encode())
    except (ValueError, SyntaxError, RecursionError) as error:
        raise NoStep(f"{text!r} is not the text of a step: give one like Crash(node='A')") from error
    if not isinstance(found, dict):
        raise NoStep(f"{text!r} is not the text of a step: give one like Crash(node='A')")
    return found


def _masked(found: re.Match[str]) -> str:
    """A part in angle brackets as a string of as many bytes, so that Python can parse the text around it."""
    part = found[0]
    return f'"{"_" * (len(part.encode()) - 2)}"' if part[0] == "<" else part


def _form(node: ast.expr, text: bytes) -> Any:
    """The JSON form of a part of a text: kind and fields if it is a call with keywords only, as in a generated `repr`."""
    source = _source(node, text)
    match node:
        case ast.Call(func=func, args=[], keywords=keywords) if _DOTTED.fullmatch(_source(func, text)):
            fields = {str(each.arg): _form(each.value, text) for each in keywords}
            return {"kind": _source(func, text), "fields": fields}
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [_form(each, text) for each in parts]
        case ast.Constant(value=value) if isinstance(value, _LITERALS) and not source.startswith("<"):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Name(id="inf" | "nan"):
            return float(source)
        case _:
            return source


def _source(node: ast.expr, text: bytes) -> str:
    """The text of a node. Positions count bytes, and the text of a step is one line."""
    return text[node.col_offset : node.end_col_offset].decode()
