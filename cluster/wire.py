"""The codec: attrs classes and enums to bytes and back, as msgpack arrays `[code, fields…]`.

A value may hold: int, float, str, bytes, bool, None, registered classes and enums, tuples, frozensets (written sorted),
mappings with keys str or int (order kept). Both ends must number the same classes in the same order.

An iterable class that is no attrs class and has a classmethod `of(items)` is encoded as its items: it keeps many items
in storage of its own. For each class one writer and one reader are generated from `attrs.fields`. A field annotated as
plain scalars, or tuples of them, costs no work. Where the annotation does not tell (`Any`, a base class, a mixed
union), tuples and frozensets carry a tag of their own, so that they are never taken for a class. There is no
compression, no checksum and no compatibility between versions.
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, NoReturn, get_args, get_origin

import attrs
import msgpack

from cluster.raft.configuration import Configuration
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    Entry,
    InstallSnapshot,
    Reconfiguration,
    Request,
    RequestVote,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)

RAFT_WORDS: tuple[type, ...] = (
    *(Request, Entry, RequestVote, VoteReply, AppendEntries, AppendReply),
    *(Configuration, Reconfiguration, TimeoutNow, Confirm, Confirmed),
    *(InstallSnapshot, SnapshotReply),
)
"""The classes of consensus itself, in the fixed order with which every codec begins."""

SCALARS = (int, float, str, bytes, bool, type(None))
UNIONS = (typing.Union, types.UnionType)
LATELY = 256
"""How many decoded values a codec remembers."""
SMALL = 1_024
"""Bytes of the largest value that is remembered: larger ones are rare and would take memory."""
NESTED = 2
"""How many levels of nested classes a generated writer contains; a deeper one, or one of several classes, is a call."""
TUPLE, FROZENSET = -1, -2
"""Tags of tuples and frozensets that no annotation announced; classes count from 0."""


class WireError(ValueError):
    """A value that cannot be encoded, or bytes that cannot be decoded. Nothing was sent or taken."""


class Codec:
    """Encodes and decodes values made of `classes`, numbered from 0 in the given order. Not safe for several threads.

    It remembers recently decoded values by their bytes, so a broadcast is decoded once. It does so only for classes
    whose annotations promise that nothing in them can change; any other value is made anew each time.
    """

    def __init__(self, classes: Sequence[type]) -> None:
        self._pack: Callable[[Any], bytes] = msgpack.Packer(autoreset=True).pack
        self._writers = _Writers(dict.fromkeys(SCALARS, lambda scalar: scalar))
        self._writers |= {tuple: self._write_tuple, frozenset: self._write_frozenset}
        self._writers |= {dict: self._write_mapping, types.MappingProxyType: self._write_mapping}
        self._readers = _Readers({TUPLE: self._read_tuple, FROZENSET: self._read_frozenset})
        names: dict[str, Any] = {
            "W": self._writers, "R": self._readers, "read_any": self._read, "by_bytes": self._by_bytes,
            "array": _array, "keyed": _keyed, "wrong_shape": _wrong_shape,
        }  # fmt: skip
        names |= {f"C{code}": cls for code, cls in enumerate(classes)}
        codes = {cls: code for code, cls in enumerate(classes)}
        for code, cls in enumerate(classes):
            if cls in self._writers:
                raise WireError(f"{cls.__qualname__} is declared twice, or needs no declaring: name each class once")
            made: dict[str, Any] = {}
            exec(_source(code, cls, codes), names, made)
            self._writers[cls], self._readers[code] = made["write"], made["read"]
        self.remembered: dict[bytes, Any] = {}
        """Recently decoded values by their bytes: at most `LATELY`, each of at most `SMALL` bytes."""
        self._lasting = {cls for cls in classes if _never_changes(cls, codes, set())}

    def forgetful(self) -> "Codec":
        """A codec of the same classes that remembers nothing yet. It costs nothing: the generated functions are shared."""
        twin = copy(self)
        twin._pack, twin.remembered = msgpack.Packer(autoreset=True).pack, {}
        return twin

    def encode(self, value: object) -> bytes:
        """The bytes of a value. WireError names the class that was not declared, or the part that cannot be encoded."""
        try:
            return self._pack(self._writers[type(value)](value))
        except WireError:
            raise
        except Exception as error:  # from msgpack, from a field whose value is not as annotated, from sorting
            raise WireError(f"{type(value).__qualname__} does not travel as it is: {_said(error)}") from error

    def decode(self, content: bytes) -> Any:
        """The value of these bytes. Raises WireError, and nothing else, if they hold none."""
        known = self.remembered.get(content)
        if known is not None:
            return known
        try:
            read = msgpack.unpackb(content, use_list=False, strict_map_key=False, ext_hook=_refuse_extension)
            value = self._readers[read[0]](read) if type(read) is tuple else self._read(read)
            if len(content) <= SMALL and type(value) in self._lasting:
                if len(self.remembered) >= LATELY:
                    self.remembered.clear()
                self.remembered[content] = value
            return value
        except WireError:
            raise
        except msgpack.ExtraData as error:  # its second argument is the rest of the bytes
            raise WireError(
                f"{len(error.args[1])} trailing bytes after the value: decode one value at a time"
            ) from error
        except Exception as error:  # bad bytes may fail anywhere: in msgpack, in a reader, in a validator of a class
            raise WireError(f"these {len(content)} bytes are no value: {_said(error)}") from error

    # ---- values that no annotation announced: told apart by type when writing, by tag when reading ----

    def _read(self, item: Any) -> Any:
        if type(item) is tuple:
            return self._readers[item[0]](item)
        if type(item) is dict:
            return {key: self._read(inner) for key, inner in _keyed(item).items()}
        return item

    def _write_tuple(self, items: tuple[Any, ...]) -> list[Any]:
        return [TUPLE, *[self._writers[type(item)](item) for item in items]]

    def _read_tuple(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([self._read(item) for item in items[1:]])

    def _write_frozenset(self, items: frozenset[Any]) -> list[Any]:
        return [FROZENSET, *self._by_bytes([self._writers[type(item)](item) for item in items])]

    def _read_frozenset(self, items: tuple[Any, ...]) -> frozenset[Any]:
        return frozenset([self._read(item) for item in items[1:]])

    def _write_mapping(self, mapping: Mapping[Any, Any]) -> dict[Any, Any]:
        return {key: self._writers[type(inner)](inner) for key, inner in _keyed(mapping).items()}

    def _by_bytes(self, written: list[Any]) -> list[Any]:
        return sorted(written, key=self._pack)  # as bytes: the elements need have no order of their own


@lru_cache(maxsize=16)
def _made(words: tuple[type, ...]) -> Codec:
    return Codec(words)


def codec_of(words: tuple[type, ...]) -> Codec:
    """A new codec of these classes. Its functions are generated once a process, which takes longer than a small world lives.

    What it remembers is its own, so that no run can depend on those before it.
    """
    return _made(words).forgetful()


class _Writers(dict[type, Callable[[Any], Any]]):
    def __missing__(self, cls: type) -> NoReturn:
        hint = "make it a tuple or a frozenset" if cls in (list, set) else "declare it in `words`"
        raise WireError(f"{cls.__qualname__} does not travel: {hint}")


class _Readers(dict[int, Callable[[tuple[Any, ...]], Any]]):
    def __missing__(self, code: object) -> NoReturn:
        raise WireError(f"no class has the code {code!r}: both ends must declare the same `words` in the same order")


# ---- the classes that a value may hold ----


def classes_within(kind: Any) -> list[type]:
    """Every class of ours and every enum that a value of this annotation may hold, in the order of annotations and fields."""
    found: dict[type, None] = {}
    _find_classes(kind, found)
    return list(found)


def _find_classes(kind: Any, found: dict[type, None]) -> None:
    if not isinstance(kind, type) or get_args(kind):
        for inner in get_args(kind):
            _find_classes(inner, found)
    elif kind not in found and (attrs.has(kind) or issubclass(kind, Enum) or _is_series(kind)):
        found[kind] = None
        if attrs.has(kind):
            kinds = typing.get_type_hints(kind)
            for field in attrs.fields(kind):
                _find_classes(kinds.get(field.name) if field.init else None, found)
        elif not issubclass(kind, Enum):
            for inner in typing.get_type_hints(kind.of).values():  # type: ignore[attr-defined]  # a series has one
                _find_classes(inner, found)


# ---- the source text of a writer and a reader, made once for each class ----


def _source(code: int, cls: type, codes: dict[type, int]) -> str:
    if issubclass(cls, Enum):
        if not all(type(member.value) in (int, str) for member in cls):
            raise WireError(f"{cls.__qualname__} does not travel: give each member of the enum an int or a str")
        return (
            f"def write(v):\n"
            f"    return ({code}, v.value)\n"
            f"def read(x):\n"
            f"    if len(x) != 2 or type(x) is not tuple:\n"
            f"        raise wrong_shape(C{code}, x, 1)\n"
            f"    return C{code}(x[1])\n"
        )
    if not attrs.has(cls) and _is_series(cls):
        return (
            f"def write(v):\n"
            f"    return ({code}, [W[type(e)](e) for e in v])\n"
            f"def read(x):\n"
            f"    if len(x) != 2 or type(x) is not tuple:\n"
            f"        raise wrong_shape(C{code}, x, 1)\n"
            f"    return C{code}.of([read_any(e) for e in array(x[1])])\n"
        )
    if not attrs.has(cls):
        raise WireError(f"{cls.__qualname__} is neither an attrs class nor an enum: make it a @value to declare it")
    fields = [field for field in attrs.fields(cls) if field.init]  # the constructor takes no others
    kinds = _annotations(cls, codes)
    written = _fields_text(cls, "v", codes, 0)
    read = ", ".join(
        (f"{field.alias}=" if field.kw_only else "") + _read_text(kinds.get(field.name), f"f{number}", codes)
        for number, field in sorted(enumerate(fields), key=lambda each: each[1].kw_only)
    )
    return (
        f"def write(v):\n"
        f"    return ({code}{written},)\n"
        f"def read(x):\n"
        f"    if len(x) != {len(fields) + 1} or type(x) is not tuple:\n"
        f"        raise wrong_shape(C{code}, x, {len(fields)})\n"
        f"    _{''.join(f', f{number}' for number in range(len(fields)))}, = x\n"
        f"    return C{code}({read})\n"
    )


def _is_series(cls: type) -> bool:
    """Whether the class keeps many items in storage of its own: iterable, and made again by its `of(items)`."""
    return hasattr(cls, "__iter__") and callable(getattr(cls, "of", None))


def _annotations(cls: type, codes: dict[type, int]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls, localns={known.__name__: known for known in codes})
    except NameError as error:
        raise WireError(f"{cls.__qualname__} has an annotation that means nothing at run time: {error}") from error


def _fields_text(cls: type, item: str, codes: dict[type, int], depth: int) -> str:
    """Python text of all that the constructor takes of a value of exactly this class, each part with a comma before it."""
    kinds = _annotations(cls, codes)
    fields = [field.name for field in attrs.fields(cls) if field.init]  # the constructor takes no others
    return "".join(f", {_write_text(kinds.get(name), f'{item}.{name}', codes, depth)}" for name in fields)


def _write_text(kind: Any, item: str, codes: dict[type, int], depth: int) -> str:
    """Python text that turns the value `item`, annotated as `kind`, into what msgpack takes."""
    match _shape(kind, codes):
        case "plain", _:
            return item
        case "optional", inner:
            name, look = (item, item) if "." not in item else (f"o{depth}", f"(o{depth} := {item})")
            return f"(None if {look} is None else {_write_text(inner, name, codes, depth)})"
        case "enum", _:
            return f"{item}.value"
        case "tuple", inner:
            each = f"e{depth}"
            return f"[{_write_text(inner, each, codes, depth)} for {each} in {item}]"
        case "frozenset", inner:
            each = f"e{depth}"
            return f"by_bytes([{_write_text(inner, each, codes, depth)} for {each} in {item}])"
        case "mapping", inner:
            each = f"e{depth}"
            return f"{{k: {_write_text(inner, each, codes, depth)} for k, {each} in keyed({item}).items()}}"
        case _:  # a class, several, or anything: the type of the value decides
            name, look = (item, item) if "." not in item else (f"w{depth}", f"(w{depth} := {item})")
            if kind not in codes or not attrs.has(kind) or depth >= NESTED:
                return f"W[type({look})]({name})"
            own = f"({codes[kind]}{_fields_text(kind, name, codes, depth + 1)},)"
            return f"({own} if type({look}) is C{codes[kind]} else W[type({name})]({name}))"


def _read_text(kind: Any, item: str, codes: dict[type, int]) -> str:
    """Python text that turns what msgpack returned back into the value `item`."""
    match _shape(kind, codes):
        case "plain", _:
            return item
        case "optional", inner:
            return f"(None if {item} is None else {_read_text(inner, item, codes)})"
        case "enum", inner:
            return f"C{codes[inner]}({item})"
        case "class", _:
            return f"R[{item}[0]]({item})"
        case "tuple", inner:
            return f"(() if {item} == () else tuple([{_read_text(inner, 'e', codes)} for e in array({item})]))"
        case "frozenset", inner:
            return f"frozenset([{_read_text(inner, 'e', codes)} for e in array({item})])"
        case "mapping", inner:
            return f"{{k: {_read_text(inner, 'e', codes)} for k, e in keyed({item}).items()}}"
        case _:
            return f"read_any({item})"


def _shape(kind: Any, codes: dict[type, int]) -> tuple[str, Any]:
    """What the annotation promises of a value: its shape, and the annotation of what is inside it."""
    if _is_plain(kind):
        return "plain", None
    if kind in codes:
        return ("enum" if issubclass(kind, Enum) else "class"), kind
    origin, inner = get_origin(kind), get_args(kind)
    if origin in UNIONS:
        some = tuple(arm for arm in inner if arm is not type(None))
        if len(some) < len(inner):
            return "optional", typing.Union[some]  # noqa: UP007  # built at run time
        return ("class" if all(arm in codes for arm in some) else "any"), None
    if origin is tuple and inner[1:] == (Ellipsis,):
        return "tuple", inner[0]
    if origin is frozenset:
        return "frozenset", inner[0]
    if origin in (dict, Mapping) and inner[0] in (int, str):
        return "mapping", inner[1]
    return "any", None


def _never_changes(cls: Any, codes: dict[type, int], seen: set[Any]) -> bool:
    """Whether values of this annotation consist only of scalars, enums, tuples, frozensets and classes of such values."""
    if cls in seen:
        return True  # it contains itself: the rest of it decides
    seen.add(cls)
    match _shape(cls, codes):
        case "plain" | "enum", _:
            return True
        case "tuple" | "frozenset" | "optional", inner:
            return _never_changes(inner, codes, seen)
        case "class", _ if cls in codes and not attrs.has(cls):
            return False  # the annotation of a class of many items does not name its items
        case "class", _ if cls in codes:
            kinds = _annotations(cls, codes)
            fields = [field.name for field in attrs.fields(cls) if field.init]
            return all(name in kinds and _never_changes(kinds[name], codes, seen) for name in fields)
        case "class", _:  # one of several classes
            return all(_never_changes(arm, codes, seen) for arm in get_args(cls))
        case _:
            return False


def _is_plain(kind: Any) -> bool:
    """Whether msgpack alone encodes and decodes it: scalars, unions of them, and tuples of them in any nesting."""
    origin = get_origin(kind)
    if origin in UNIONS or origin is tuple:
        return all(arm is Ellipsis or _is_plain(arm) for arm in get_args(kind))
    return kind in SCALARS or origin is Literal or (isinstance(kind, typing.NewType) and _is_plain(kind.__supertype__))


# ---- checks that the generated functions call ----


def _array(item: Any) -> tuple[Any, ...]:
    if type(item) is not tuple:
        raise WireError(
            f"{type(item).__name__} where several values should be: these bytes were not written by `encode`"
        )
    return item


def _keyed(mapping: Any) -> dict[Any, Any]:
    if not isinstance(mapping, Mapping):
        raise WireError(f"{type(mapping).__name__} where a mapping should be")
    for key in mapping:
        if type(key) is not str and type(key) is not int:
            raise WireError(f"the key {key!r} does not travel: only str and int are keys of a mapping")
    return dict(mapping)


def _wrong_shape(cls: type, item: Any, count: int) -> WireError:
    if type(item) is not tuple:
        return WireError(f"{type(item).__name__} where {cls.__qualname__} should be")
    return WireError(
        f"{cls.__qualname__} has {count} fields, but {len(item) - 1} came: both ends must run the same version of it"
    )


def _refuse_extension(code: int, content: bytes) -> NoReturn:
    raise WireError(f"msgpack extension {code}: these bytes were not written by `encode`")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
