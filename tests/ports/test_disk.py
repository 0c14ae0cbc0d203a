"""The contract of `cluster.ports.DiskPort`, one suite for every disk; with `Files`, the programs' view on top of it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.sim.dice import Dice
from tests.ports.disks import DISKS, Machine, never

disks = pytest.mark.parametrize("make", DISKS.values(), ids=DISKS.keys())
Maker = Callable[[], Machine]


@disks
def test_what_was_written_is_read_before_it_is_durable(make: Maker) -> None:
    """Appends, replacements, cuts and removals show at once, and the names are sorted."""
    port = make().start()
    port.append("log", b"ab")
    port.append("log", b"cd")
    port.truncate("log", 3)
    port.append("log", b"x")
    port.replace("b", b"new")
    port.replace("a", b"old")
    port.replace("a", b"new")
    port.remove("b")
    port.remove("never was")
    assert port.read("log") == b"abcx"
    assert port.read("a") == b"new"
    assert port.names() == ["a", "log"]


@disks
def test_a_file_that_is_not_there_is_named(make: Maker) -> None:
    """Reading raises FileNotFoundError; cutting beyond the end raises ValueError with both lengths."""
    port = make().start()
    with pytest.raises(FileNotFoundError, match="'ghost'"):
        port.read("ghost")
    port.append("log", b"ab")
    with pytest.raises(ValueError, match="log on A has 2 bytes: it cannot be cut to 3"):
        port.truncate("log", 3)


@disks
def test_syncs_end_in_the_order_of_their_calls_and_never_inside_them(make: Maker) -> None:
    """Three syncs, one of them with nothing to write and one asked for by a callback: one order."""
    machine, ended = make(), list[str]()
    port = machine.start()

    def first() -> None:
        ended.append("first")
        port.sync(lambda: ended.append("last"), never)

    port.append("log", b"a")
    port.sync(first, never)
    port.append("log", b"b")
    port.sync(lambda: ended.append("second"), never)
    port.sync(lambda: ended.append("third"), never)
    assert ended == []
    machine.settle()
    assert ended == ["first", "second", "third", "last"]


@disks
def test_what_was_synced_survives_every_crash(make: Maker) -> None:
    """Whatever the dice say, a new incarnation reads what a sync covered, and a first part of what came later."""
    for seed in range(60):
        machine = make()
        port = machine.start()
        port.append("log", b"durable")
        port.replace("state", b"old")
        port.sync(lambda: None, never)
        machine.settle()
        port.replace("state", b"new")
        port.append("log", b" and more")
        machine.crash(Dice(seed, "crash"))
        port = machine.start()
        assert port.read("log").startswith(b"durable")
        assert port.read("state") in (b"old", b"new")
        assert port.read("state") == b"new" or port.read("log") == b"durable"  # what was written first survives first


@disks
def test_a_sync_under_way_promises_nothing_to_what_is_written_meanwhile(make: Maker) -> None:
    """The first sync keeps what was written before its call; an append made after it may still be lost."""
    lost = 0
    for seed in range(40):
        machine = make()
        port = machine.start()
        port.append("log", b"a")
        port.sync(lambda: None, never)
        port.append("log", b"b")
        machine.settle()
        machine.crash(Dice(seed, "crash"))
        content = machine.start().read("log")
        assert content.startswith(b"a")
        lost += content == b"a"
    assert 0 < lost < 40


@disks
def test_the_callbacks_of_an_incarnation_end_with_it(make: Maker) -> None:
    """A sync that was under way at the crash calls nobody, and what the dead still write is not there."""
    machine, ended = make(), list[str]()
    old = machine.start()
    old.append("log", b"a")
    old.sync(lambda: ended.append("last words"), never)
    machine.crash(Dice(1, "crash"))
    new = machine.start()
    before = new.names()
    old.append("ghost", b"written by the dead")
    old.replace("ghost", b"written by the dead")
    old.sync(lambda: ended.append("last words"), never)
    with pytest.raises(OSError, match="over"):
        old.read("log")
    new.sync(lambda: ended.append("alive"), never)
    machine.settle()
    assert ended == ["alive"]
    assert new.names() == before


writes = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from("ab"), st.binary(max_size=6)),
        st.tuples(st.just("replace"), st.sampled_from("ab"), st.binary(max_size=6)),
        st.tuples(st.just("truncate"), st.sampled_from("ab"), st.integers(0, 6)),
        st.tuples(st.just("remove"), st.sampled_from("ab"), st.none()),
        st.tuples(st.just("sync"), st.none(), st.none()),
    ),
    max_size=14,
)


@disks
@given(writes=writes, seed=st.integers(0, 1 << 32))
def test_a_crash_leaves_some_moment_since_the_last_sync(
    make: Maker, writes: list[tuple[str, str, object]], seed: int
) -> None:
    """Against a dumb model: the files are as after some write since the last sync, but for a torn append after it."""
    machine = make()
    port = machine.start()
    moments: list[dict[str, bytes]] = [{}]
    for verb, name, what in writes:
        files = dict(moments[-1])
        match verb, what:
            case "append", bytes(content):
                port.append(name, content)
                if name not in files:
                    moments.append(files | {name: b""})
                files[name] = files.get(name, b"") + content
            case "replace", bytes(content):
                port.replace(name, content)
                files[name] = content
            case "truncate", int(length):
                length = min(length, len(files.get(name, b"")))
                port.truncate(name, length)
                files = files | {name: files[name][:length]} if name in files else files
            case "remove", _:
                port.remove(name)
                files.pop(name, None)
            case _:
                port.sync(lambda: None, never)
                machine.settle()
                moments.clear()
        moments.append(files)
    machine.crash(Dice(seed, "crash"))
    port = machine.start()
    left = {name: port.read(name) for name in port.names()}
    assert any(
        left == moment or torn(left, moment, after) for moment, after in zip(moments, [*moments[1:], {}], strict=True)
    )


def torn(left: dict[str, bytes], before: dict[str, bytes], after: dict[str, bytes]) -> bool:
    """Whether `left` is `before` and some first part, perhaps with garbage at its end, of one file's growth."""
    changed = [name for name in left if left[name] != before.get(name)]
    if left.keys() != before.keys() or len(changed) != 1:
        return False
    (name,) = changed
    return left[name].startswith(before[name]) and len(before[name]) < len(left[name]) <= len(after.get(name, b""))
