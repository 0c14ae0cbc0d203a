"""The codec: what goes in comes out, alike on every run; what does not travel, or is no value, is refused in words."""

import contextlib
import types
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any, Literal

import attrs
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.configuration import Configuration
from cluster.raft.messages import AppendEntries, AppendReply, Entry, Reconfiguration, Request, RequestVote, VoteReply
from cluster.value import value
from cluster.wire import LATELY, RAFT_WORDS, SMALL, Codec, WireError, codec_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@value
class Leaf:
    number: int
    text: str = ""


@value
class Pair:
    left: "Leaf | Pair | None"
    right: "Leaf | Pair"


@value
class Wide:
    """One field of every shape an annotation can announce, and some it cannot."""

    scalars: tuple[int | str | None, ...]
    either: Literal["a", "b"]
    leaf: Leaf
    leaves: tuple[Leaf, ...]
    nested: tuple[tuple[Leaf | None, ...], ...]
    names: frozenset[str]
    set_of_leaves: frozenset[Leaf]
    colour: Colour
    maybe: Colour | None
    level: Level
    by_name: Mapping[str, Leaf]
    by_number: dict[int, float]
    mixed: Leaf | tuple[Leaf, ...] | int
    fixed: tuple[str, Leaf]
    anything: Any
    pair: Pair | None = attrs.field(default=None, kw_only=True)


@value
class Nothing:
    pass


@value
class Private:
    _hidden: int
    derived: int = attrs.field(init=False, default=7)


WORDS = (Leaf, Pair, Wide, Nothing, Private, Colour, Level)
CODEC = Codec(WORDS)
RAFT = Codec(RAFT_WORDS)

integers = st.integers(-(1 << 63), (1 << 64) - 1)
scalars = st.one_of(integers, st.text(), st.binary(), st.booleans(), st.none(), st.floats(allow_nan=False))
leaf = st.builds(Leaf, integers, st.text())
pair = st.recursive(
    st.builds(Pair, st.none() | leaf, leaf),
    lambda inner: st.builds(Pair, st.none() | leaf | inner, leaf | inner),
    max_leaves=6,
)
colour, level = st.sampled_from(Colour), st.sampled_from(Level)
anything = st.recursive(
    scalars | leaf | colour | level,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(0, 99), inner, max_size=4)
        | st.frozensets(scalars | leaf | colour, max_size=4)
    ),
    max_leaves=8,
)
wide = st.builds(
    Wide,
    st.lists(st.integers(-9, 9) | st.text() | st.none(), max_size=3).map(tuple),
    st.sampled_from(["a", "b"]),
    leaf,
    st.lists(leaf, max_size=3).map(tuple),
    st.lists(st.lists(st.none() | leaf, max_size=2).map(tuple), max_size=3).map(tuple),
    st.frozensets(st.text()),
    st.frozensets(leaf, max_size=3),
    colour,
    st.none() | colour,
    level,
    st.dictionaries(st.text(), leaf, max_size=3),
    st.dictionaries(st.integers(-9, 9), st.floats(allow_nan=False), max_size=3),
    leaf | st.lists(leaf, max_size=2).map(tuple) | st.integers(0, 9),
    st.tuples(st.text(), leaf),
    anything,
    pair=st.none() | pair,
)
counts = st.integers(0, 1 << 40)
request = st.builds(Request, st.text(), counts, counts)
entry = st.builds(Entry, counts, st.none() | request, st.binary())
by_annotation: dict[Any, st.SearchStrategy[Any]] = {
    int: counts,
    int | None: st.none() | counts,
    bool: st.booleans(),
    tuple[Entry, ...]: st.lists(entry, max_size=3).map(tuple),
}
message = st.sampled_from((RequestVote, VoteReply, AppendEntries, AppendReply)).flatmap(
    lambda kind: st.builds(kind, *[by_annotation[field.type] for field in attrs.fields(kind)])
)


@given(wide | pair | anything | st.just(Nothing()) | st.builds(Private, st.integers(0, 9)))
def test_what_goes_in_comes_out(given_value: object) -> None:
    """Any value of the declared classes survives, tuples as tuples, sets as frozensets, and writes the same bytes."""
    content = CODEC.encode(given_value)
    assert same(CODEC.decode(content), given_value)
    assert CODEC.encode(CODEC.decode(content)) == content


@given(message)
def test_every_message_of_consensus_survives(sent: object) -> None:
    """The messages of Raft come out equal."""
    assert RAFT.decode(RAFT.encode(sent)) == sent


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same classes all the way down (1, 1.0 and True are equal to Python)."""
    if type(one) is not type(other):
        return False
    if attrs.has(type(one)):
        names = [field.name for field in attrs.fields(type(one))]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    match one:
        case tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case dict():
            return list(one) == list(other) and all(map(same, one.values(), other.values()))
        case _:
            return bool(one == other)


@pytest.mark.parametrize(
    ("codec", "sent", "plain"),
    [
        (RAFT, Entry(3, None, b"x"), [1, 3, None, b"x"]),
        (RAFT, Entry(3, Request("B#2", 7, 6), b"x"), [1, 3, [0, "B#2", 7, 6], b"x"]),
        (CODEC, Nothing(), [3]),
        (CODEC, Colour.BLUE, [5, "blue"]),
        (CODEC, (1, "a"), [-1, 1, "a"]),
        (CODEC, frozenset({3, 1, 2}), [-2, 1, 2, 3]),
        (CODEC, {"b": (), "a": 1}, {"b": [-1], "a": 1}),
    ],
)
def test_the_form_on_the_wire_is_an_array_that_begins_with_the_code(codec: Codec, sent: object, plain: object) -> None:
    """`[code, fields…]`; only where no annotation announces it, a tuple carries -1 and a frozenset -2."""
    assert msgpack.unpackb(codec.encode(sent), strict_map_key=False) == plain


def test_a_read_only_mapping_travels_and_arrives_as_a_dict() -> None:
    """Mapping is what matters, not its class; the order of the keys stays."""
    sent = types.MappingProxyType({"b": 1, "a": Leaf(2)})
    got = CODEC.decode(CODEC.encode(sent))
    assert list(got.items()) == [("b", 1), ("a", Leaf(2))]


class Unknown:
    pass


@value
class Stranger(Leaf):
    more: int = 0


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (Unknown(), "Unknown does not travel: declare it in `words`"),
        ((1, Unknown()), "Unknown does not travel"),
        (Pair(None, Stranger(1)), "Stranger does not travel: declare it in `words`"),
        ((1, [2]), "list does not travel: make it a tuple"),
        ({1.5: 2}, "the key 1.5 does not travel"),
        (1 << 64, "int does not travel as it is: OverflowError"),
        (Leaf(object()), "Leaf does not travel as it is"),  # type: ignore[arg-type]  # the fault under test
        ("\ud800", "UnicodeEncodeError"),
    ],
)
def test_what_does_not_travel_is_refused_by_name(sent: object, said: str) -> None:
    """WireError names the class and what to do; and the codec goes on working."""
    with pytest.raises(WireError, match=said):
        CODEC.encode(sent)
    assert CODEC.decode(CODEC.encode(Leaf(1))) == Leaf(1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (msgpack.packb([99, 1]), "no class has the code 99: both ends"),
        (msgpack.packb([0, 1]), "Leaf has 2 fields, but 1 came"),
        (msgpack.packb([0, 1, "", 5]), "Leaf has 2 fields, but 3 came"),
        (msgpack.packb([5, "green"]), "'green' is not a valid Colour"),
        (msgpack.packb([5]), "Colour has 1 fields, but 0 came"),
        (msgpack.packb([1, None, b"\0\1\2"]), "bytes where Leaf should be"),
        (msgpack.packb({1.5: 1}), "the key 1.5"),
        (msgpack.packb(msgpack.ExtType(5, b"")), "extension 5"),
        (CODEC.encode(Leaf(1)) + b"ab", "2 trailing bytes"),
        (CODEC.encode(Leaf(1))[:-1], "are no value"),
        (b"", "these 0 bytes are no value"),
        (b"\x91" * 2000, "are no value"),
    ],
)
def test_bytes_that_are_no_value_are_refused(content: bytes, said: str) -> None:
    """WireError says what is wrong with them."""
    with pytest.raises(WireError, match=said):
        CODEC.decode(content)


@given(st.data())
def test_garbage_raises_nothing_but_wire_error(data: st.DataObject) -> None:
    """Random bytes, and valid bytes with some bytes changed, cut or doubled, are a value or a WireError."""
    codec, sent = data.draw(st.tuples(st.just(CODEC), wide) | st.tuples(st.just(RAFT), message))
    content = bytearray(codec.encode(sent))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for garbage in (bytes(content), bytes(content[:cut]), bytes(content[cut:]), data.draw(st.binary(max_size=40))):
        with contextlib.suppress(WireError):
            codec.decode(garbage)


class Wrong(Enum):
    NONE = None


@value
class Late:
    field: "NotThere"  # type: ignore[name-defined]  # noqa: F821  # the fault under test


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((Leaf, Leaf), "Leaf is declared twice"),
        ((int,), "int is declared twice, or needs no declaring"),
        ((Unknown,), "Unknown is neither an attrs class nor an enum"),
        ((Wrong,), "give each member of the enum an int or a str"),
        ((Late,), "Late has an annotation that means nothing at run time"),
    ],
)
def test_words_that_cannot_be_are_refused_when_the_codec_is_made(words: tuple[type, ...], said: str) -> None:
    """A mistake in `words` shows at once, not at the first message."""
    with pytest.raises(WireError, match=said):
        Codec(words)


def test_the_same_bytes_are_one_value_only_if_nothing_in_it_can_change() -> None:
    """A broadcast is read once; what holds a mapping, or anything at all, is made anew for each reader."""
    codec = Codec((*RAFT_WORDS, *WORDS))
    lasting = (
        AppendEntries(3, 7, 2, (Entry(3, Request("B#2", 9, 8), b"x"), Entry(3, None, b"")), 6, 0),
        Pair(Leaf(1), Pair(None, Leaf(2))),
    )
    for sent in lasting:
        content = codec.encode(sent)
        assert codec.decode(content) is codec.decode(bytes(bytearray(content)))
    leaf, by_name = Leaf(1), {"a": Leaf(1)}
    none: frozenset[Any] = frozenset()
    changing = codec.encode(
        Wide((), "a", leaf, (), (), none, none, Colour.RED, None, Level.LOW, by_name, {}, 1, ("a", leaf), None)
    )
    one, other = codec.decode(changing), codec.decode(changing)
    assert one == other
    assert one is not other
    assert one.by_name is not other.by_name


def test_what_is_remembered_is_few_and_small() -> None:
    """However many values go by, and however large: no more than 256, of no more than 1 KiB each."""
    codec = Codec((*RAFT_WORDS, *WORDS))
    for number in range(3 * LATELY):
        codec.decode(codec.encode(Leaf(number)))
        assert len(codec.remembered) <= LATELY
    large = codec.encode(AppendEntries(3, 7, 2, (Entry(3, None, b"x" * SMALL),), 6, 0))
    assert len(large) > SMALL
    assert codec.decode(large) == codec.decode(large)
    assert large not in codec.remembered
    assert max(len(content) for content in codec.remembered) <= SMALL


def test_a_subclass_in_the_place_of_its_base_comes_back_as_itself() -> None:
    """Writers write out the class that is annotated, and ask for the class that is there."""
    codec = Codec(RAFT_WORDS)
    change = Reconfiguration(3, None, b"", Configuration.of("AB", "C"))
    sent = AppendEntries(3, 7, 2, (Entry(3, Request("B#2", 9, 8), b"x"), change), 6, 0)
    back = codec.decode(codec.encode(sent))
    assert back == sent
    assert [type(entry) for entry in back.entries] == [Entry, Reconfiguration]


def test_codecs_of_the_same_words_share_no_memory() -> None:
    """The functions are generated once a process; what one world has decoded, another does not know."""
    words = (*RAFT_WORDS, Leaf)
    one, other = codec_of(words), codec_of(words)
    content = one.encode(Leaf(1))
    assert one.decode(content) == other.decode(content)
    assert one.decode(content) is not other.decode(content)
    assert codec_of(words).remembered == {}
