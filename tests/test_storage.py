"""Term, vote and log come back from any crash as they were promised, and from damage not at all."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.log import Log
from cluster.raft.messages import Entry, Request
from cluster.raft.state import Save
from cluster.sim.dice import Dice
from cluster.sim.disk import DiskModel
from cluster.storage import FILE, HEADER, Recovered, Storage, StorageDamaged, StorageTooNew, recover
from tests.ports.disks import Simulated, never

State = tuple[int, str | None, tuple[Entry, ...]]
EMPTY: State = (0, None, ())
OPENED = b"\x01"
PINNED = "0100000017540c7fee97000103a14200919401039402a34123310101c4017800"
"""A file with one frame, as this version writes it."""


def state_of(recovered: Recovered) -> State:
    """Term, vote and entries."""
    log = recovered.log
    return recovered.term, recovered.vote, log.slice(1, log.last_index)


def entry(term: int, text: str) -> Entry:
    """An entry with a request."""
    return Entry(term, Request("A#1", len(text), 1), text.encode())


def opened(machine: Simulated) -> tuple[Storage, Recovered]:
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
def test_a_crash_at_any_byte_after_the_last_sync_loses_nothing_that_was_synced(
    made: list[Save], synced: int, data: st.DataObject
) -> None:
    """Recovered is a state between the last synced and the last written; and the node goes on from there."""
    machine, states, promised = Simulated(DiskModel()), [EMPTY], list[int]()
    storage, _ = opened(machine)
    synced, durable = min(synced, len(made)), 0
    for number, save in enumerate(made, 1):
        storage.save(save, lambda number=number: promised.append(number))  # type: ignore[misc]
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
        storage.save(save, lambda number=number: promised.append(number))  # type: ignore[misc]
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
    machine.disk.files[FILE][0] = 2
    before = content(machine)
    with pytest.raises(
        StorageTooNew, match=r"raft\.log has format 2, and this version of unkindness knows none after 1"
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
    assert recover(bytes.fromhex(PINNED)) == Recovered(
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


def test_a_save_that_says_nothing_new_writes_nothing_and_waits_for_those_before() -> None:
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
