"""What a leader believes of a peer: three states, windows in messages and bytes, batches, and why nothing goes out."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, Entry, Request
from cluster.raft.progress import Progress, Sending, bytes_inflight, has_room, why_paused
from cluster.raft.state import Effect, Proposed, Raft, Refuse
from cluster.raft.step import step
from cluster.raft.timing import Timing
from tests.raft.test_snapshot import sending, snapshot
from tests.raft.vocabulary import (
    RACHIS,
    START,
    accepted,
    at,
    leading,
    node,
    of,
    only,
    progress,
    refused,
    said,
    take,
    wake,
)

NARROW = attrs.evolve(RACHIS, batch_bytes=10, inflight_bytes=20, uncommitted_bytes=50)


def sized(*sizes: int, term: int = 3) -> tuple[Entry, ...]:
    """Entries with commands of so many bytes."""
    return tuple(Entry(term, Request("A#1", serial, 1), bytes(size)) for serial, size in enumerate(sizes, 1))


def asked(raft: Raft, *sizes: int, first: int = 1) -> tuple[Raft, Sequence[Effect]]:
    """Commands of so many bytes are proposed, in one event."""
    commands = tuple((Request("A#1", serial, 1), bytes(size)) for serial, size in enumerate(sizes, first))
    return step(raft, Proposed(commands), at())


def leader(timing: Timing = NARROW, known: Progress | None = None) -> Raft:
    """A leader whose term begins with an empty entry that everybody has; with two voters B decides alone."""
    return leading(node("3", term=3, commit=1, voters="AB", timing=timing), B=known or progress(1))


def sent(effects: Sequence[Effect]) -> list[list[int]]:
    """The sizes in each append that goes out."""
    appends = [message for _, message in said(effects) if isinstance(message, AppendEntries) and message.entries]
    return [[len(entry.command) for entry in message.entries] for message in appends]


# ---- batches ----


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([3, 3, 3], [[3, 3, 3]]),
        ([5, 5], [[5, 5]]),
        ([5, 6], [[5], [6]]),
        ([11], [[11]]),
        ([0, 11, 0], [[0], [11], [0]]),
        ([1, 10, 1], [[1], [10], [1]]),
        ([0, 0, 0], [[0, 0, 0]]),
    ],
)
def test_an_append_has_at_most_so_many_bytes_and_one_entry_at_least(sizes: list[int], batches: list[list[int]]) -> None:
    """Ten bytes an append; what is larger by itself travels alone."""
    _, effects = asked(leader(attrs.evolve(NARROW, inflight_bytes=1 << 20)), *sizes)
    assert sent(effects) == batches


def test_an_append_has_at_most_so_many_entries() -> None:
    """Rule 3.29: 128 commands, here two."""
    _, effects = asked(leader(attrs.evolve(NARROW, batch=2)), 1, 1, 1)
    assert sent(effects) == [[1, 1], [1]]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20), st.integers(0, 30), st.data())
def test_the_end_of_a_batch_is_what_counting_finds(sizes: list[int], limit: int, data: st.DataObject) -> None:
    """The search in the log's running sums, against adding up, at any boundary."""
    base = data.draw(st.integers(0, len(sizes) - 1))
    log = Log.of(sized(*sizes)).compacted(base)
    after = data.draw(st.integers(base, len(sizes) - 1))
    upto = data.draw(st.integers(after + 1, len(sizes)))
    end, total = after + 1, sizes[after]
    while end < upto and total + sizes[end] <= limit:
        total += sizes[end]
        end += 1
    assert log.within(after, upto, limit) == end
    assert log.size(after, upto) == sum(sizes[after:upto])


# ---- windows ----


def test_the_window_in_bytes_holds_appends_back() -> None:
    """Twenty bytes on the way: the append that reaches it still goes, the next one waits for an answer."""
    raft, effects = asked(leader(), 10, 9, 2, 1)
    assert sent(effects) == [[10], [9], [2, 1]]
    assert why_paused(of(raft, "B"), NARROW, raft.log) == "22 bytes are on the way"
    raft, effects = asked(raft, 1, first=5)
    assert sent(effects) == []
    raft, effects = take(raft, "B", accepted(3, 2))
    assert bytes_inflight(2, 6, raft.log) == 12
    assert sent(effects) == [[1]]


def test_the_window_in_messages_holds_appends_back() -> None:
    """Two on the way."""
    timing = attrs.evolve(NARROW, inflight=2)
    raft, effects = asked(leader(timing), 10, 1, 10)
    assert sent(effects) == [[10], [1]]
    assert why_paused(of(raft, "B"), timing, raft.log) == "2 appends are on the way"


def test_a_probe_goes_alone() -> None:
    """Until an answer says where the logs agree; a heartbeat that is answered a beat later frees one that got lost."""
    raft, effects = asked(leader(known=progress(0, 2, probing=True)), 10, 10)
    assert sent(effects) == [[10]]
    assert (of(raft, "B").state, why_paused(of(raft, "B"), NARROW, raft.log)) == ("Probe", "a probe is on the way")
    for beat in (1, 2):
        raft, _ = wake(raft)
        raft, effects = take(raft, "B", accepted(3, 0, beat=beat))
        assert sent(effects) == ([] if beat == 1 else [[10]])


def test_a_snapshot_goes_alone() -> None:
    """A part at a time."""
    raft = sending()
    assert (of(raft, "B").state, why_paused(of(raft, "B"), raft.timing, raft.log)) == (
        "Snapshot",
        "a part of its snapshot is on the way",
    )


def test_who_is_not_paused_has_no_reason() -> None:
    """Nothing is on the way, or less than the window takes."""
    log = Log.of(sized(5, 5, 5))
    for known in (progress(3), progress(0, 1, True), progress(1, 3, inflight=(2,)), progress(0, 3, inflight=(1, 2))):
        assert has_room(known, NARROW, log)
        assert why_paused(known, NARROW, log) == ""


def test_what_is_compacted_away_counts_for_no_window() -> None:
    """A peer that is slower than compaction: only what the log still holds is counted."""
    log = Log.of(sized(5, 5, 5, 5)).compacted(2)
    assert bytes_inflight(0, 5, log) == 10
    assert bytes_inflight(0, 2, log) == 0


STATES = [
    (progress(4), "Replicate"),
    (progress(0, 1, probing=True), "Probe"),
    (Progress(0, 6, True, (5,), START, 0, Sending(snapshot(), 0, 0)), "Snapshot"),
]


@pytest.mark.parametrize(("known", "state"), STATES, ids=[state for _, state in STATES])
def test_a_peer_is_in_one_of_three_states(known: Progress, state: str) -> None:
    """Probe, Replicate, Snapshot."""
    assert known.state == state


def test_the_states_follow_one_another() -> None:
    """Probe, refused: Probe; too far behind: Snapshot; installed: Replicate; an append lost: Probe; accepted: Replicate."""
    raft = sending()
    seen = [of(raft, "B").state]
    raft, _ = take(raft, "B", accepted(3, 5))
    seen.append(of(raft, "B").state)
    raft, _ = take(raft, "B", refused(3, 6, (5, 2)))
    seen.append(of(raft, "B").state)
    raft, _ = take(raft, "B", accepted(3, 6))
    seen.append(of(raft, "B").state)
    assert seen == ["Snapshot", "Replicate", "Probe", "Replicate"]


# ---- what waits to be committed ----


def test_a_leader_refuses_what_would_let_too_much_wait() -> None:
    """Fifty bytes may wait; each command is judged by itself, and the refusal says how much waits."""
    raft, effects = asked(leader(), 30, 15, 10, 5)
    assert only(Refuse, effects) == [Refuse(Request("A#1", 3, 1), waiting=45)]
    assert [len(entry.command) for entry in raft.log.slice(2, 4)] == [30, 15, 5]
    after, effects = asked(raft, 1, first=5)
    assert effects == [Refuse(Request("A#1", 5, 1), waiting=50)]
    assert after is raft


def test_what_is_larger_than_the_limit_is_taken_when_nothing_waits() -> None:
    """Else it never would be; and an empty entry always is (etcd: TestUncommittedEntryLimit)."""
    raft, effects = asked(leader(), 60)
    assert only(Refuse, effects) == []
    raft, effects = asked(raft, 0, first=2)
    assert only(Refuse, effects) == []
    _, effects = asked(raft, 1, first=3)
    assert only(Refuse, effects) == [Refuse(Request("A#1", 3, 1), waiting=60)]


def test_what_is_committed_makes_room() -> None:
    """The count is of the log and its commit index, so nothing has to be kept in step with them."""
    raft, _ = asked(leader(), 30, 20)
    raft = attrs.evolve(raft, commit=2)
    _, effects = asked(raft, 30, first=3)
    assert only(Refuse, effects) == []
    _, effects = asked(raft, 31, first=3)
    assert only(Refuse, effects) == [Refuse(Request("A#1", 3, 1), waiting=20)]
