"""What only a simulated disk has: latency, group commit, and every misfortune, each shown by its effect."""

import errno
from collections import Counter

import pytest

from cluster.sim.dice import Dice
from cluster.sim.disk import DiskModel, Files
from tests.ports.disks import Simulated, finished, never


def test_a_sync_takes_its_latency_and_each_write_adds_to_it() -> None:
    """500 µs and 10 µs a write; a sync with nothing to write takes none; slowness multiplies."""
    machine, ended = Simulated(DiskModel(write_latency=10, sync_latency=500, jitter=0)), list[int]()
    port = machine.disk.view()
    port.replace("a", b"x")
    port.replace("b", b"x")
    port.sync(lambda: ended.append(machine.agenda.now), never)
    machine.settle()
    port.sync(lambda: ended.append(machine.agenda.now), never)
    machine.settle()
    machine.disk.slowness = 4
    port.replace("c", b"x")
    port.sync(lambda: ended.append(machine.agenda.now), never)
    machine.settle()
    assert ended == [520, 520, 520 + 4 * 510]


def test_jitter_is_drawn_by_the_number_of_the_sync() -> None:
    """Latencies differ, stay below the bound, and are the same again for the same seed."""

    def ends(seed: int) -> list[int]:
        machine, ended = Simulated(DiskModel(0, 100, 50), seed), list[int]()
        port = machine.disk.view()
        for _ in range(20):
            start = machine.agenda.now
            port.append("log", b"x")
            port.sync(lambda start=start: ended.append(machine.agenda.now - start), never)  # type: ignore[misc]
            machine.settle()
        return ended

    assert ends(1) == ends(1) != ends(2)
    assert all(100 <= duration < 150 for duration in ends(1))
    assert len(set(ends(1))) > 5


def test_syncs_asked_for_meanwhile_share_the_next_one() -> None:
    """Ten appends with a sync each cost two syncs: the one that was under way, and one for all the others."""
    machine, ended = Simulated(DiskModel(0, 100, 0)), list[tuple[int, int]]()
    port = machine.disk.view()
    for number in range(10):
        port.append("log", b"x")
        port.sync(lambda number=number: ended.append((number, machine.agenda.now)), never)  # type: ignore[misc]
    machine.settle()
    assert ended == [(0, 100), *[(number, 200) for number in range(1, 10)]]
    assert machine.disk.syncs == 2


def test_a_crash_keeps_none_some_or_all_and_may_tear_an_append() -> None:
    """Over many crashes of four unsynced appends every outcome is seen, torn ones and ones with garbage among them."""
    seen: Counter[str] = Counter()
    for seed in range(300):
        machine = Simulated(DiskModel())
        port = machine.disk.view()
        port.replace("log", b"")
        port.sync(lambda: None, never)
        machine.settle()
        for _ in range(4):
            port.append("log", b"\0" * 8)
        machine.disk.crash(Dice(seed, ("A", "crash")))
        left = machine.disk.view().read("log")
        whole = len(left) % 8 == 0 and not any(left)
        seen[f"{len(left) // 8} whole" if whole else "garbage" if any(left) else "torn"] += 1
    assert set(seen) == {"0 whole", "1 whole", "2 whole", "3 whole", "4 whole", "torn", "garbage"}


def test_a_failed_sync_makes_nothing_durable_and_calls_failed() -> None:
    """`fail_next_sync` reaches the one under way; everybody who shared it hears of it; the next one is sound."""
    machine, ended = Simulated(DiskModel()), list[str]()
    port = machine.disk.view()
    port.append("log", b"a")
    port.sync(lambda: ended.append("done"), lambda error: ended.append(str(error)))
    machine.disk.fail_next_sync()
    machine.settle()
    assert ended == [f"[Errno {errno.EIO}] a sync failed on the disk of A: restart the node from what is durable"]
    assert machine.disk.pending
    port.sync(lambda: ended.append("done"), never)
    machine.settle()
    assert ended[1:] == ["done"]
    assert not machine.disk.pending


def test_a_full_disk_refuses_writes_in_words_and_changes_nothing() -> None:
    """ENOSPC names the disk, the file and the remedy; reading, cutting and removing go on."""
    machine = Simulated(DiskModel())
    port = machine.disk.view()
    port.append("log", b"abc")
    machine.disk.full = True
    with pytest.raises(OSError, match="no space left on the disk of A: free some and write again: 'log'") as raised:
        port.append("log", b"d")
    assert raised.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="no space left"):
        port.replace("other", b"d")
    port.truncate("log", 1)
    assert port.read("log") == b"a"
    assert port.names() == ["log"]
    port.remove("log")
    machine.disk.full = False
    port.append("log", b"d")
    assert port.read("log") == b"d"


def test_a_flipped_bit_shows_and_a_wiped_disk_is_empty() -> None:
    """`flip` turns exactly one bit; `wipe` wants the node crashed first."""
    machine = Simulated(DiskModel())
    port = machine.disk.view()
    port.replace("log", b"\x00\x00")
    machine.disk.flip("log", 1, 3)
    assert port.read("log") == b"\x00\x08"
    with pytest.raises(ValueError, match="log on A has 2 bytes of 8 bits: no bit 0 of byte 2"):
        machine.disk.flip("log", 2, 0)
    with pytest.raises(ValueError, match="crash the node before its disk is wiped"):
        machine.disk.wipe()
    machine.disk.crash(Dice(1, "crash"))
    machine.disk.wipe()
    assert machine.disk.view().names() == []


def test_a_restart_in_one_breath_hears_nothing_of_the_life_before() -> None:
    """Crash and new view with the old sync still on the agenda: only the new incarnation's callback comes."""
    machine, ended = Simulated(DiskModel()), list[str]()
    old = machine.disk.view()
    old.append("log", b"a")
    old.sync(lambda: ended.append("old"), never)
    new = machine.disk.view()
    new.append("log", b"b")
    new.sync(lambda: ended.append("new"), never)
    old.unplug()
    assert new.plugged
    machine.settle()
    assert ended == ["new"]


def test_the_first_callback_may_end_the_incarnation() -> None:
    """Two syncs share one end; the first one's callback crashes the node, and the second is never called."""
    machine, ended = Simulated(DiskModel()), list[str]()
    port = machine.disk.view()
    port.append("log", b"a")
    port.sync(lambda: None, never)
    port.append("log", b"b")
    port.sync(lambda: machine.disk.crash(Dice(1, "crash")), never)
    port.sync(lambda: ended.append("too late"), never)
    machine.settle()
    assert ended == []


# ---- the files of programs ----


def test_a_program_writes_reads_and_removes_in_a_folder_of_its_own() -> None:
    """What `write` returned from is durable; the node's own files are not among the names."""
    machine = Simulated(DiskModel())
    port = machine.disk.view()
    port.append("raft.log", b"\x01")
    files = Files(port, machine.wait)
    finished(files.write("b", b"1"))
    finished(files.write("a", b"2"))
    assert files.names() == ["a", "b"]
    finished(files.append("a", b"3"))
    finished(files.remove("b"))
    finished(files.remove("never was"))
    assert not machine.disk.pending
    machine.disk.crash(Dice(1, "crash"))
    files = Files(machine.disk.view(), machine.wait)
    assert files.names() == ["a"]
    assert finished(files.read("a")) == b"23"
    with pytest.raises(FileNotFoundError):
        finished(files.read("raft.log"))


def test_a_program_is_told_of_a_failed_sync_and_a_full_disk() -> None:
    """Both come out of `write` as OSError."""
    machine = Simulated(DiskModel())
    files = Files(machine.disk.view(), machine.wait)
    machine.disk.fail_next_sync()
    with pytest.raises(OSError, match="a sync failed"):
        finished(files.write("a", b"1"))
    machine.disk.full = True
    with pytest.raises(OSError, match="no space left"):
        finished(files.write("a", b"1"))
