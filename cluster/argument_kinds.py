"""Whether a value is of the kind that an annotation names, and in words what to give instead.

Stories are not type-checked, so whoever takes a value from one asks here. Never here: which error is raised.
"""

import collections.abc
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from inspect import isclass
from typing import Any, TypeVar

import attrs

from cluster.value import value
from cluster.written_times import (
    INSTANTS,
    SPANS,
    Instant,
    Span,
    instant_problem,
    is_instant,
    is_span,
    microseconds,
    microseconds_or_none,
    span_problem,
)

LONGEST = 60
"""The most characters of a wrong value that are shown."""
MOST_NAMED = 4
"""The most kinds that are listed as possible; of more, the first ones are."""


@value
class ArgumentKind:
    """What an annotation admits."""

    fits: Callable[[Any], bool]
    wanted: str
    """What to give, as the object of a sentence."""
    each: "ArgumentKind | None" = None
    """What the items of a list are to be; None if it is no list."""
    reason: Callable[[object], str] = lambda given: ""
    """Why a value of the right kind does not fit, with the remedy; empty if its kind is what is wrong."""


def problem(name: str, given: object, annotation: object, secret: bool = False) -> str:
    """What is wrong with a value, in a clause that names it and the remedy; empty if it fits. `secret`: it is not shown."""
    kind = kind_of(annotation)
    return "" if kind.fits(given) else _said(name, given, kind, secret)


def _said(name: str, given: object, kind: ArgumentKind, secret: bool) -> str:
    what = f"a {type(given).__name__} that is not shown" if secret else shown(given)
    if reason := kind.reason(given):
        return f"{name} is {what}: {reason}"
    remedy = kind.wanted
    if kind.each is not None and kind.each.fits(given):
        remedy = "it in a list, with `[` and `]` around it"
    elif isclass(given):
        remedy += f"; {given.__name__} is a class: put its values in brackets behind it"
    return f"{name} is {what}: give {remedy}"


def misfit(given: Any) -> str:
    """What is wrong with the fields of an attrs value, and of those that it holds, as `problem` says it; empty if nothing is."""
    kind: Any = type(given)
    for name, admitted, secret in _fields(kind):
        inner = getattr(given, name)
        said = "" if admitted.fits(inner) else _said(name, inner, admitted, secret)
        for each in inner if isinstance(inner, list | tuple) else (inner,):
            said = said or (misfit(each) if attrs.has(type(each)) else "")
        if said:
            return said
    return ""


def shown(given: object, longest: int = LONGEST) -> str:
    """A value as text: its `repr` without what differs from run to run, and not too long."""
    if isclass(given):
        return f"the class {given.__name__}"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(given))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, ArgumentKind, bool], ...]:
    """The fields of an attrs class: name, what it admits, and whether it is a secret."""
    space = vars(sys.modules[kind.__module__])
    return tuple(
        (
            field.name,
            kind_of(_annotation(field, space)),
            not field.repr,
        )
        for field in attrs.fields(kind)
    )


def _annotation(field: "attrs.Attribute[Any]", space: dict[str, Any]) -> object:
    """What may be given for a field: a duration where it is kept in µs; else what it is declared as."""
    declared: Any = SPANS_IN.get(field.converter) or field.type or Any
    return space.get(declared, Any) if isinstance(declared, str) else declared


@cache
def kind_of(annotation: object) -> ArgumentKind:
    """The kind that an annotation names. What it cannot tell, such as a type variable, admits everything."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if origin in (typing.Union, types.UnionType):
        return _any_of([kind_of(each) for each in inner])
    if origin is type:
        return _class_below(inner[0])
    if origin is collections.abc.Callable:
        return ArgumentKind(callable, "a function, as in `lambda: …`")
    if origin is tuple:
        return _several(kind_of(inner[0]), list | tuple) if inner[-1:] == (Ellipsis,) else ANYTHING
    if isclass(origin) and issubclass(origin, Mapping):
        return _mapping(*map(kind_of, inner))
    if isclass(origin) and issubclass(origin, Iterable):
        return _several(kind_of(inner[0]), Iterable)
    return _instance(origin or annotation)


def _instance(cls: Any) -> ArgumentKind:
    if not isclass(cls) or getattr(cls, "_is_protocol", False):
        return ANYTHING
    if issubclass(cls, Enum):
        return ArgumentKind(
            lambda given: isinstance(given, cls), " or ".join(f"{cls.__name__}.{each.name}" for each in cls)
        )
    return ArgumentKind(lambda given: isinstance(given, cls), f"{cls.__name__}(…)")


def _class_below(base: Any) -> ArgumentKind:
    """A class, not an instance and not a name of one."""
    bound: Any = base.__bound__ if isinstance(base, TypeVar) else base
    top = bound if isclass(bound) else object
    return ArgumentKind(
        lambda given: isclass(given) and issubclass(given, top), f"the class itself, one of {top.__name__}"
    )


def _any_of(kinds: list[ArgumentKind]) -> ArgumentKind:
    words = [kind.wanted for kind in kinds]
    if len(words) > MOST_NAMED:
        words = [*words[: MOST_NAMED - 1], "another of its kind"]
    lists = [kind.each for kind in kinds if kind.each is not None]
    return ArgumentKind(
        lambda given: any(kind.fits(given) for kind in kinds),
        " or ".join(words),
        next(iter(lists), None),
        lambda given: next(filter(None, (kind.reason(given) for kind in kinds)), ""),
    )


def _several(each: ArgumentKind, kinds: Any) -> ArgumentKind:
    """Any number of items; those of what can be gone through only once are not looked at."""

    def fits(given: Any) -> bool:
        if isinstance(given, bytes) or not isinstance(given, kinds):
            return False
        if each is ANYTHING or not isinstance(given, list | tuple | set | frozenset | dict | str):
            return True
        return all(map(each.fits, given))

    return ArgumentKind(fits, f"a list of {each.wanted}", each)


def _mapping(key: ArgumentKind, content: ArgumentKind) -> ArgumentKind:
    def fits(given: Any) -> bool:
        return isinstance(given, Mapping) and all(key.fits(name) and content.fits(each) for name, each in given.items())

    return ArgumentKind(fits, "a mapping" + ("" if content is ANYTHING else f" of {key.wanted} to {content.wanted}"))


ANYTHING = ArgumentKind(lambda given: True, "anything")
NOTHING = ArgumentKind(lambda given: given is None, "None")
SIMPLE: dict[object, ArgumentKind] = {
    Any: ANYTHING,
    object: ANYTHING,
    None: NOTHING,
    type(None): NOTHING,
    bool: ArgumentKind(lambda given: isinstance(given, bool), "True or False"),
    int: ArgumentKind(lambda given: isinstance(given, int) and not isinstance(given, bool), "a whole number"),
    float: ArgumentKind(
        lambda given: isinstance(given, int | float) and not isinstance(given, bool) and given == given, "a number"
    ),
    str: ArgumentKind(lambda given: isinstance(given, str), "text"),
    bytes: ArgumentKind(lambda given: isinstance(given, bytes), "bytes"),
    Span: ArgumentKind(is_span, SPANS, reason=span_problem),
    Instant: ArgumentKind(is_instant, INSTANTS, reason=instant_problem),
}
SPANS_IN: dict[object, object] = {microseconds: Span, microseconds_or_none: Span | None}
"""The converters of fields that keep a duration in µs, and what may be given to them."""
