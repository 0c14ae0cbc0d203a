"""Term, vote and log come back from any crash as they were promised, and from damage not at all."""

from collections.abc import Callable
from functools import partial
from typing import Any
from zlib import crc32

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Request, Snapshot
from cluster.raft.state import Save, SaveSnapshot
from cluster.sim.dice import Dice
from cluster.sim.disk import DiskModel
from cluster.storage import (
    FILE,
    HEADER,
    RECORDS,
    CommitRecord,
    RecoveredFile,
    SaveFrame,
    SnapshotRecord,
    Storage,
    StorageDamaged,
    StorageTooNew,
    recover,
)
from tests.ports.disks import Simulated, never

State = tuple[int, str | None, tuple[Entry, ...]]
EMPTY: State = (0, None, ())
OPENED = b"\x01"
PINNED = "0100000017540c7fee97000103a14200919401039402a34123310101c4017800"
"""A file with one frame, as this version writes it."""


def state_of(recovered: RecoveredFile) -> State:
    """Term, vote and entries."""
    log = recovered.log
    return recovered.term, recovered.vote, log.slice(1, log.last_index)


def entry(term: int, text: str) -> Entry:
    """An entry with a request."""
    return Entry(term, Request("A#1", len(text), 1), text.encode())


def opened(machine: Simulated) -> tuple[Storage, RecoveredFile]:
    """The storage of a new incarnation."""
    return Storage.open(machine.disk.view(), never)


def after_saves(*saves: Save) -> Simulated:
    """A machine on which these saves are durable, and the node down."""
    machine = Simulated(DiskModel())
    storage, _ = opened(machine)
    for save in saves:
        storage.save(save, lambda: None)
    machine.settle()
    machine.disk.unplug()
    return machine


def content(machine: Simulated) -> bytes:
    """The file as it is on the disk."""
    return bytes(machine.disk.files[FILE])


THREE = (
    Save(1, "A", -1, (), ()),
    Save(1, "A", 0, (Entry(1, None, b""), entry(1, "x"), entry(1, "yy")), ()),
    Save(2, None, 1, (entry(2, "z"),), ()),
)


@st.composite
def saves(draw: st.DrawFn) -> list[Save]:
    """Any saves that fit together: terms rise, logs are cut and extended anywhere."""
    term, last, made = 0, 0, list[Save]()
    for _ in range(draw(st.integers(1, 8))):
        term += draw(st.integers(0, 2))
        vote = draw(st.sampled_from([None, "A", "B"]))
        after = draw(st.integers(-1, last))
        entries = draw(st.lists(st.builds(entry, st.just(term), st.text(max_size=5)), max_size=3)) if after >= 0 else []
        last = after + len(entries) if after >= 0 else last
        made.append(Save(term, vote, after, tuple(entries), ()))
    return made


def apply(state: State, save: Save) -> State:
    """What a save means, in one line."""
    return save.term, save.vote, (*state[2][: save.after], *save.entries) if save.after >= 0 else state[2]


@given(made=saves(), synced=st.integers(0, 8), data=st.data())
def test_a_crash_at_any_byte_loses_nothing_that_was_synced(made: list[Save], synced: int, data: st.DataObject) -> None:
    """What is recovered is a state between the last synced and the last written; and the node goes on from there."""
    machine, states, promised = Simulated(DiskModel()), [EMPTY], list[int]()
    storage, _ = opened(machine)
    synced, durable = min(synced, len(made)), 0
    for number, save in enumerate(made, 1):
        storage.save(save, partial(promised.append, number))
        states.append(apply(states[-1], save))
        if number == synced:
            machine.settle()
            durable = len(content(machine))
    assert promised == list(range(1, synced + 1))
    whole = content(machine)
    machine.disk.crash(Dice(0, "any"))
    cut = data.draw(st.integers(max(1, durable), len(whole)))
    garbage = data.draw(st.binary(max_size=min(5, len(whole) - cut)))
    machine.disk.files[FILE] = bytearray(whole[:cut] + garbage)

    storage, recovered = opened(machine)
    assert state_of(recovered) in states[synced:]
    assert len(content(machine)) == cut + len(garbage) - recovered.torn_bytes

    storage.save(Save(99, "C", 0, (entry(99, "on"),), ()), lambda: promised.append(99))
    machine.settle()
    assert promised[-1] == 99
    assert state_of(opened(machine)[1]) == (99, "C", (entry(99, "on"),))


@given(made=saves(), seed=st.integers(0, 1 << 32))
def test_a_crash_of_the_simulated_disk_keeps_every_promise(made: list[Save], seed: int) -> None:
    """The same with the disk's own crashes, at any moment of syncs under way: what was called done is there."""
    machine, states, promised = Simulated(DiskModel(10, 500, 250)), [EMPTY], [0]
    storage, _ = opened(machine)
    dice = Dice(seed, "when")
    for number, save in enumerate(made, 1):
        storage.save(save, partial(promised.append, number))
        states.append(apply(states[-1], save))
        machine.agenda.run(machine.agenda.now + dice.below(900))
    assert promised == sorted(promised)
    machine.disk.crash(dice)
    assert state_of(opened(machine)[1]) in states[promised[-1] :]


def test_every_single_byte_of_damage_before_the_last_frame_is_refused() -> None:
    """Each byte of the version, of each header and of each payload, turned in three ways, is noticed."""
    whole = content(after_saves(*THREE))
    last = len(whole) - len(frames(whole)[-1])
    for at in range(last):
        for turned in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[at] ^= turned
            with pytest.raises((StorageDamaged, StorageTooNew), match=r"raft\.log"):
                recover(bytes(damaged))


def frames(whole: bytes) -> list[bytes]:
    """The frames of a sound file, headers included."""
    found, offset = list[bytes](), 1
    while offset < len(whole):
        end = offset + HEADER.size + HEADER.unpack_from(whole, offset)[0]
        found.append(whole[offset:end])
        offset = end
    return found


def test_damage_names_file_place_and_remedy() -> None:
    """One flipped bit by the disk's own misfortune."""
    machine = after_saves(*THREE)
    machine.disk.flip(FILE, 12, 0)
    with pytest.raises(
        StorageDamaged, match=r"raft\.log at byte 1 has no sound frame here, but one at \d+.*wipe its disk"
    ):
        opened(machine)


def test_a_file_of_a_later_version_is_refused_and_left_alone() -> None:
    """StorageTooNew says which version; the file is as it was."""
    machine = after_saves(*THREE)
    machine.disk.files[FILE][0] = 3
    before = content(machine)
    with pytest.raises(
        StorageTooNew, match=r"raft\.log has format 3, and this version of unkindness knows none after 2"
    ):
        opened(machine)
    assert content(machine) == before
    with pytest.raises(StorageDamaged, match="begins with byte 0, which is no format"):
        recover(b"\x00" + before[1:])


def test_frames_that_do_not_fit_together_are_refused() -> None:
    """A first frame taken out, one copied to the end, a log cut beyond its end or below what is committed."""
    whole = content(after_saves(*THREE))
    first, second, third = frames(whole)
    with pytest.raises(StorageDamaged, match="puts entries after 7, but the log ends at 1"):
        recover(content(after_saves(THREE[0], Save(1, "A", 0, (entry(1, "x"),), ()), Save(1, "A", 7, (), ()))))
    with pytest.raises(StorageDamaged, match="at byte 1 has frame 2 where frame 1 should stand"):
        recover(OPENED + second + third)
    with pytest.raises(StorageDamaged, match="has frame 1 where frame 4 should stand"):
        recover(whole + first)
    machine = Simulated(DiskModel())
    storage, _ = opened(machine)
    storage.save(THREE[1], lambda: None)
    storage.committed(2)
    storage.save(THREE[2], lambda: None)
    with pytest.raises(StorageDamaged, match="cuts the log to 1, but it is committed up to 2"):
        recover(content(machine))


def test_a_new_disk_begins_with_the_version_and_an_empty_one_says_nothing() -> None:
    """No file, an empty file and a file of one byte all recover to nothing."""
    machine = Simulated(DiskModel())
    _, recovered = opened(machine)
    assert content(machine) == OPENED
    for empty in (recovered, recover(b""), recover(OPENED)):
        assert (state_of(empty), empty.torn_bytes) == (EMPTY, 0)


def test_one_save_is_one_frame_and_its_form_is_pinned() -> None:
    """Version, length, checksum, `[0, number, term, vote, after, entries]`: later versions read it too."""
    machine = after_saves(Save(3, "B", 0, (entry(3, "x"),), ()))
    whole = content(machine)
    assert whole[:1] == OPENED
    assert whole.hex() == PINNED
    payload: Any = msgpack.unpackb(whole[1 + HEADER.size :])
    assert payload == [0, 1, 3, "B", 0, [[1, 3, [2, "A#1", 1, 1], b"x"]], 0]
    assert recover(bytes.fromhex(PINNED)) == RecoveredFile(
        3, "B", Log.of((entry(3, "x"),)), commit=0, torn_bytes=0, frames=1
    )


def test_what_was_committed_is_remembered_behind_what_was_written() -> None:
    """`committed` costs a frame and a sync and answers nobody; a crash may forget it, and then no entry is missed."""
    machine = Simulated(DiskModel())
    storage, _ = opened(machine)
    storage.save(THREE[1], lambda: None)
    storage.committed(2)
    machine.settle()
    storage, recovered = opened(machine)
    assert (recovered.commit, recovered.log.last_index, recovered.frames) == (2, 3, 2)
    for seed in range(30):
        machine = Simulated(DiskModel())
        storage, _ = opened(machine)
        storage.save(THREE[1], lambda: None)
        storage.committed(3)
        machine.disk.crash(Dice(seed, "crash"))
        _, recovered = opened(machine)
        assert (recovered.commit, recovered.log.last_index) in ((0, 0), (0, 3), (3, 3))


def test_a_save_without_news_writes_nothing_and_waits_for_earlier_ones() -> None:
    """Its `done` comes after theirs; the file does not grow."""
    machine, ended = Simulated(DiskModel()), list[str]()
    storage, _ = opened(machine)
    storage.save(THREE[1], lambda: ended.append("entries"))
    before = content(machine)
    storage.save(Save(1, "A", -1, (), ()), lambda: ended.append("nothing new"))
    assert content(machine) == before
    assert ended == []
    machine.settle()
    assert ended == ["entries", "nothing new"]


def test_after_a_failed_sync_nothing_is_ever_called_done() -> None:
    """Zoo D4: `failed` once; a later sync that succeeds does not make up for it."""
    machine, ended, failures = Simulated(DiskModel()), list[str](), list[OSError]()
    storage, _ = Storage.open(machine.disk.view(), failures.append)
    storage.save(THREE[0], lambda: ended.append("first"))
    storage.save(THREE[1], lambda: ended.append("second"))
    machine.disk.fail_next_sync()
    machine.settle()
    storage.save(THREE[2], lambda: ended.append("third"))
    machine.settle()
    assert ended == []
    assert len(failures) == 1
    assert recover(content(machine)).term == 1  # the third was not even written


def test_a_full_disk_is_a_failure_and_leaves_the_file_sound() -> None:
    """The save is refused whole; after a restart with room again the node goes on."""
    machine, ended, failures = Simulated(DiskModel()), list[str](), list[OSError]()
    storage, _ = Storage.open(machine.disk.view(), failures.append)
    storage.save(THREE[0], lambda: ended.append("first"))
    machine.settle()
    machine.disk.full = True
    storage.save(THREE[1], lambda: ended.append("second"))
    machine.disk.full = False
    storage.save(THREE[2], lambda: ended.append("third"))
    machine.settle()
    assert ended == ["first"]
    assert [failure.filename for failure in failures] == [FILE]
    assert state_of(opened(machine)[1]) == (1, "A", ())


# ---- a file that begins with a snapshot ----


def snapshot(index: int, content: bytes = b"the state") -> Snapshot:
    """A snapshot up to that entry, of term 1."""
    return Snapshot.of(index, 1, Configuration.of("ABC"), content)


def taken(recovered: RecoveredFile | Log, index: int, base: int, term: int = 1, vote: str | None = "A") -> SaveSnapshot:
    """A snapshot up to `index` takes the place of the log up to `base`."""
    log = recovered if isinstance(recovered, Log) else recovered.log
    return SaveSnapshot(term, vote, snapshot(index), log.compacted(base), (), 1)


LONG = Log.of([entry(1, text) for text in ("a", "bb", "ccc", "dddd", "eeeee")])


def with_snapshot(index: int = 4, base: int = 2) -> Simulated:
    """A machine whose file begins with a snapshot, with entries behind it, and more appended since; the node is down."""
    machine = Simulated(DiskModel())
    storage, _ = opened(machine)
    storage.save(Save(1, "A", 0, LONG.slice(1, 5), ()), lambda: None)
    storage.save_snapshot(taken(LONG, index, base), lambda: None, commit=5)
    storage.save(Save(2, None, 5, (entry(2, "more"),), ()), lambda: None, 5)
    machine.settle()
    machine.disk.unplug()
    return machine


def test_a_snapshot_and_the_log_behind_it_come_back() -> None:
    """With everything that was saved since; the margin before the snapshot is there too."""
    _, recovered = opened(with_snapshot())
    assert recovered.snapshot == snapshot(4)
    assert (recovered.term, recovered.vote, recovered.commit, recovered.frames) == (2, None, 5, 3)
    assert recovered.log == LONG.extended((entry(2, "more"),)).compacted(2)


def test_a_snapshot_makes_the_file_smaller() -> None:
    """What it stands for is gone from it; and it says that it is of the format that has snapshots."""
    machine = Simulated(DiskModel())
    storage, _ = opened(machine)
    log = Log.of([entry(1, "x" * 100) for _ in range(100)])
    storage.save(Save(1, "A", 0, log.slice(1, 100), ()), lambda: None)
    assert (len(content(machine)) > 10_000, content(machine)[0]) == (True, 1)
    storage.save_snapshot(taken(log, 100, 100), lambda: None, commit=100)
    assert (len(content(machine)) < 200, content(machine)[0]) == (True, 2)
    machine.settle()


def test_a_snapshot_is_durable_when_it_is_called_so_and_not_before() -> None:
    """In the order of the saves; a crash before leaves the old file."""
    machine, promised = Simulated(DiskModel()), list[str]()
    storage, _ = opened(machine)
    storage.save(Save(1, "A", 0, LONG.slice(1, 5), ()), lambda: promised.append("log"))
    machine.settle()
    storage.save_snapshot(taken(LONG, 4, 2), lambda: promised.append("snapshot"), commit=5)
    storage.save(Save(2, None, 5, (entry(2, "z"),), ()), lambda: promised.append("more"), 5)
    assert promised == ["log"]
    machine.settle()
    assert promised == ["log", "snapshot", "more"]


@given(seed=st.integers(0, 1 << 32), index=st.integers(1, 5), data=st.data())
def test_a_crash_at_any_point_leaves_the_old_file_or_the_new_one(seed: int, index: int, data: st.DataObject) -> None:
    """Of three writes (a log, a snapshot with its log, an append) a crash keeps a first part; never a mixture."""
    machine, promised = Simulated(DiskModel(10, 500, 250)), [0]
    storage, _ = opened(machine)
    base = data.draw(st.integers(0, index))
    dice = Dice(seed, "when")
    steps: tuple[Callable[[], None], ...] = (
        lambda: storage.save(Save(1, "A", 0, LONG.slice(1, 5), ()), lambda: promised.append(1), 5),
        lambda: storage.save_snapshot(taken(LONG, index, base), lambda: promised.append(2), commit=5),
        lambda: storage.save(Save(2, None, 5, (entry(2, "more"),), ()), lambda: promised.append(3), 5),
    )
    states = [
        (None, Log.of(), 0),
        (None, LONG, 5),
        (snapshot(index), LONG.compacted(base), 5),
        (snapshot(index), LONG.compacted(base).extended((entry(2, "more"),)), 5),
    ]
    for step in steps[: 1 + dice.below(3)]:
        step()
        machine.agenda.run(machine.agenda.now + dice.below(900))
    machine.disk.crash(dice)
    _, recovered = opened(machine)
    assert (recovered.snapshot, recovered.log, recovered.commit) in states[promised[-1] :]


@given(seed=st.integers(0, 1 << 32))
def test_an_installed_snapshot_takes_the_place_of_a_log_that_was_another(seed: int) -> None:
    """Old or new: a follower that crashes while it installs knows its own log, or the leader's snapshot."""
    machine, promised = Simulated(DiskModel(10, 500, 250)), list[str]()
    storage, _ = opened(machine)
    storage.save(Save(1, "A", 0, LONG.slice(1, 5), ()), lambda: None, 2)
    machine.settle()
    empty = Log.of((), 9, 1)
    storage.save_snapshot(SaveSnapshot(3, None, snapshot(9), empty, (), 2), lambda: promised.append("done"), 9)
    dice = Dice(seed, "when")
    machine.agenda.run(machine.agenda.now + dice.below(900))
    machine.disk.crash(dice)
    _, recovered = opened(machine)
    new = (recovered.term, recovered.snapshot, recovered.log, recovered.commit) == (3, snapshot(9), empty, 9)
    assert new or (recovered.term, recovered.snapshot, recovered.log, recovered.commit) == (1, None, LONG, 2)
    assert new or not promised


def test_every_byte_of_damage_in_a_snapshot_is_refused() -> None:
    """It and the log behind it appeared with the file, so nothing of them can be a torn end."""
    whole = content(with_snapshot())
    first, second, _ = frames(whole)
    for at in range(len(whole[:1] + first + second)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x81
        with pytest.raises((StorageDamaged, StorageTooNew), match=r"raft\.log"):
            recover(bytes(damaged))
    for kept in (1, 1 + len(first), 1 + len(first) + len(second) - 1):
        with pytest.raises(StorageDamaged, match="should begin with a snapshot and the log behind it"):
            recover(whole[:kept])


def test_a_snapshot_in_the_wrong_place_is_refused() -> None:
    """Not in the middle of a file, not without what is between it and the log, not unlike its own checksum."""
    assert recover(content(with_snapshot())).snapshot is not None
    first = SnapshotRecord(1, snapshot(4), 2, 1)
    rest = SaveFrame(2, 1, "A", 2, LONG.slice(3, 5), 4)
    good = b"\x02" + framed(first) + framed(rest)
    assert recover(good).log == LONG.compacted(2)
    for damage, match in (
        (good + framed(SnapshotRecord(3, snapshot(4), 2, 1)), "which only stands at the beginning"),
        (b"\x02" + framed(first) + framed(SaveFrame(2, 1, "A", 2, LONG.slice(3, 3), 3)), "lacks a part of the log"),
        (b"\x02" + framed(first) + framed(SaveFrame(2, 1, "A", -1, (), 4)), "lacks a part of the log"),
        (b"\x02" + framed(first) + framed(CommitRecord(2, 4)), "has no log behind its snapshot"),
        (b"\x02" + framed(SaveFrame(1, 1, "A", 0, (), 0)) + framed(rest), "begins with a SaveFrame"),
        (b"\x02" + framed(SnapshotRecord(1, wrong_checksum(), 2, 1)) + framed(rest), "its own checksum"),
        (b"\x01" + framed(first) + framed(rest), "which only stands at the beginning"),
    ):
        with pytest.raises(StorageDamaged, match=match):
            recover(damage)


def wrong_checksum() -> Snapshot:
    """A snapshot that was put together wrongly."""
    good = snapshot(4)
    return Snapshot(good.index, good.term, good.configuration, good.content, good.checksum ^ 1)


def framed(record: object) -> bytes:
    """A frame as the file holds it."""
    payload = RECORDS.encode(record)
    length = len(payload).to_bytes(4, "big")
    return length + crc32(payload, crc32(length)).to_bytes(4, "big") + payload


def test_a_full_disk_stops_the_node_at_its_snapshot_too() -> None:
    """Nothing that is not durable ever will be; the file is as it was."""
    machine, errors = Simulated(DiskModel()), list[OSError]()
    storage, _ = Storage.open(machine.disk.view(), errors.append)
    storage.save(Save(1, "A", 0, LONG.slice(1, 5), ()), lambda: None)
    before = content(machine)
    machine.disk.full = True
    storage.save_snapshot(taken(LONG, 4, 2), lambda: pytest.fail("it is not durable"), commit=5)
    machine.disk.full = False
    storage.save_snapshot(taken(LONG, 4, 2), lambda: pytest.fail("nor is anything after"), commit=5)
    machine.settle()
    assert (len(errors), content(machine)) == (1, before)
