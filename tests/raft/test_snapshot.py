"""Snapshots in the core: taking one, sending one in parts, installing one, and what must not happen (§7; zoo S1-S8)."""

from collections.abc import Sequence

import attrs
import pytest

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, AppendReply, InstallSnapshot, Snapshot, SnapshotReply
from cluster.raft.state import (
    Apply,
    Effect,
    Follower,
    Incoming,
    Raft,
    Restore,
    SaveSnapshot,
    Snapshotted,
    Stored,
)
from cluster.raft.step import begin, step
from cluster.raft.timing import Compaction
from tests.raft.vocabulary import (
    RACHIS,
    START,
    accepted,
    answer,
    append,
    at,
    entries,
    following,
    leading,
    log,
    node,
    of,
    only,
    progress,
    propose,
    refused,
    role,
    said,
    take,
    terms,
    the,
    wake,
)

VOTERS = Configuration.of("ABC")
PARTS = attrs.evolve(RACHIS, compaction=Compaction(margin=0, part=4))
"""Four bytes a part, and nothing kept behind a snapshot."""
CONTENT = b"0123456789"
"""Three parts."""


def snapshot(index: int = 5, term: int = 2, content: bytes = CONTENT) -> Snapshot:
    return Snapshot.of(index, term, VOTERS, content)


def compacted(raft: Raft, snap: Snapshot) -> Raft:
    """The node with this snapshot, its log compacted up to it; what it holds is durable."""
    kept = Log.of(raft.log.slice(snap.index + 1, raft.log.last_index), snap.index, snap.term)
    return attrs.evolve(raft, snapshot=snap, log=kept, commit=max(raft.commit, snap.index))


def part(offset: int, snap: Snapshot | None = None, term: int = 3, size: int = 4) -> InstallSnapshot:
    snap = snap or snapshot()
    held = snap.content[offset : offset + size]
    return InstallSnapshot(
        term, snap.index, snap.term, snap.configuration, snap.checksum, len(snap.content), offset, held
    )


def took(raft: Raft, effects: Sequence[Effect]) -> tuple[Raft, Sequence[Effect]]:
    """The SaveSnapshot among the effects is durable."""
    save = the(SaveSnapshot, effects)
    return step(raft, Stored(save.term, save.vote, save.log.last_index, save.number), at())


# ---- the own snapshot ----


def test_a_snapshot_compacts_the_log_up_to_a_margin() -> None:
    """The entries before it go, but for the margin; they and the snapshot take the place of the file in one Save."""
    timing = attrs.evolve(RACHIS, compaction=Compaction(margin=2))
    raft = node("1 1 2 2 2 3", term=3, commit=5, timing=timing)
    after, effects = step(raft, Snapshotted(snapshot()), at())
    assert (after.log.base, after.log.base_term, terms(after.log)) == (3, 2, "2 2 3")
    assert after.snapshot == snapshot()
    assert effects == (SaveSnapshot(3, None, snapshot(), after.log, (), 1),)
    assert raft.log.slice(1, 6) == entries("1 1 2 2 2 3"), "the state before is what it was"


@pytest.mark.parametrize("index", [4, 5])
def test_an_older_snapshot_than_the_own_is_ignored(index: int) -> None:
    """The driver may be late."""
    raft = compacted(node("1 1 2 2 2 3", term=3, commit=5), snapshot())
    assert step(raft, Snapshotted(snapshot(index)), at()) == (raft, ())


def test_a_snapshot_on_its_way_holds_the_log_behind_it() -> None:
    """While a peer that answers is getting a snapshot, entries after that one stay: else it would need another (zoo S6)."""
    raft = leading(node("1 1 2 2 2 3 3 3 3", term=3, commit=9, timing=PARTS))
    raft = compacted(raft, snapshot())
    raft, _ = beaten(leading(raft, B=progress(0, 3, probing=True)))
    newer = snapshot(8, 3)
    kept, _ = step(raft, Snapshotted(newer), at())
    assert of(kept, "B").state == "Snapshot"
    assert (kept.snapshot, kept.log.base) == (newer, 5)
    gone, _ = step(raft, Snapshotted(newer), at(START + PARTS.election * 2))
    assert gone.log.base == 8, "for a peer that is not heard of nothing is kept"


def beaten(raft: Raft, peer: str = "B") -> tuple[Raft, Sequence[Effect]]:
    """The peer refuses whatever was asked: its log is empty."""
    return take(raft, peer, refused(3, of(raft, peer).next - 1, (0, 0)))


def test_a_node_begins_with_its_snapshot() -> None:
    """What it stands for is committed, its configuration is known, and the log goes on behind it."""
    snap = snapshot()
    snap = attrs.evolve(snap, configuration=Configuration.of("ABCDE"))
    raft = begin("A", VOTERS, RACHIS, 3, None, Log.of(entries("2 3"), 4, 2), at(), 0, snap)
    assert (raft.commit, raft.snapshot, raft.log.last_index) == (5, snap, 6)
    assert raft.configuration == Configuration.of("ABCDE")
    assert raft.configured == ((5, Configuration.of("ABCDE")),)
    assert raft.durable.last == 6


# ---- the leader's end ----


def test_a_peer_whose_next_entry_is_compacted_away_gets_the_snapshot() -> None:
    """§7; etcd's snapshot_succeed: one part at a time, then the answer to the whole alone brings it back to Replicate."""
    raft = probing()
    raft, effects = take(raft, "B", refused(3, 6, (0, 0)))
    assert said(effects) == [("B", part(0))]
    for offset in (4, 8):
        before = of(raft, "B")
        assert (before.state, before.match, before.next, before.inflight) == ("Snapshot", 0, 6, (5,))
        raft, effects = take(raft, "B", SnapshotReply(3, 5, snapshot().checksum, offset - 4, offset, True))
        assert said(effects) == [("B", part(offset))]
    raft, effects = take(raft, "B", accepted(3, 5))
    assert (of(raft, "B").state, of(raft, "B").match) == ("Replicate", 5)
    assert said(effects) == [("B", append(3, (5, 2), "3", commit=5))], "it goes on behind the snapshot at once"


def test_an_answer_that_the_wire_doubles_moves_nothing_twice() -> None:
    """Else the parts would double with it, from there on."""
    raft = sending(offset=4)
    raft, effects = take(raft, "B", reply(4, 8))
    assert len(said(effects)) == 1
    raft, effects = take(raft, "B", reply(4, 8))
    assert said(effects) == []
    raft, effects = take(raft, "B", reply(0, 4))
    assert said(effects) == [], "nor does an old one"


def probing() -> Raft:
    """A leader whose log begins behind a snapshot up to entry 5, and that has asked B whether it holds entry 6."""
    raft = compacted(node("1 1 2 2 2 3", term=3, commit=5, timing=PARTS), snapshot())
    return leading(raft, B=progress(0, 7, True, (6,)))


def sending(offset: int = 0) -> Raft:
    """A leader that sends its snapshot to B, and has just sent the part at `offset`."""
    raft, _ = take(probing(), "B", refused(3, 6, (0, 0)))
    for sent in range(0, offset, 4):
        raft, _ = take(raft, "B", reply(sent, sent + 4))
    return raft


def reply(offset: int, held: int, sound: bool = True) -> SnapshotReply:
    return SnapshotReply(3, 5, snapshot().checksum, offset, held, sound)


def test_a_peer_that_lost_what_it_had_gets_it_again_from_the_start() -> None:
    """It crashed: parts are in memory only."""
    raft, effects = take(sending(offset=8), "B", reply(8, 0))
    assert said(effects) == [("B", part(0))]
    assert of(raft, "B").state == "Snapshot"


def test_a_part_that_is_not_answered_for_a_whole_beat_goes_again() -> None:
    """The answer to a heartbeat tells that the peer is there (etcd: heartbeat_resp_recovers_from_probing)."""
    raft = sending(offset=4)
    for beat in (1, 2):
        raft, _ = wake(raft)
        raft, effects = take(raft, "B", accepted(3, 0, beat=beat), now=raft.wake_at - 1)
        assert said(effects) == ([] if beat == 1 else [("B", part(4))])


def test_it_goes_again_though_there_is_nothing_behind_the_snapshot() -> None:
    """No further proposal is needed for it (zoo S5; etcd #10308, raft #110)."""
    raft = compacted(node("1 1 2 2 2", term=3, commit=5, timing=PARTS), snapshot())
    raft = leading(raft, B=progress(0, 6, True, (5,)))
    raft, effects = take(raft, "B", refused(3, 5, (0, 0)))
    assert said(effects) == [("B", part(0))]
    for beat in (1, 2):
        raft, _ = wake(raft)
        raft, effects = take(raft, "B", accepted(3, 0, beat=beat))
    assert said(effects) == [("B", part(0))]
    raft, _ = take(raft, "B", accepted(3, 5))
    assert of(raft, "B") == progress(5).__class__(5, 6, False, (), START, 2)


def test_a_snapshot_that_fails_goes_back_to_probe() -> None:
    """The peer says that the whole is not sound; the next beat it answers finds out anew what it needs."""
    raft, effects = take(sending(offset=8), "B", reply(8, 0, sound=False))
    assert (of(raft, "B").state, said(effects)) == ("Probe", [])
    raft, _ = wake(raft)
    raft, effects = take(raft, "B", accepted(3, 0, beat=1))
    assert said(effects) == [("B", part(0))]


def test_a_newer_snapshot_does_not_disturb_one_on_its_way() -> None:
    """The same bytes go on; only what was asked for last counts."""
    raft = sending(offset=4)
    raft, _ = step(raft, Snapshotted(snapshot(6, 3, b"another state")), at())
    raft, effects = take(raft, "B", reply(4, 8))
    assert said(effects) == [("B", part(8))]


def test_a_peer_behind_the_compacted_log_gets_a_newer_snapshot() -> None:
    """It was silent for long, so nothing was kept for it; its answer ends this snapshot and begins another."""
    raft = sending(offset=8)
    newer = snapshot(6, 3, b"newer")
    raft, _ = step(raft, Snapshotted(newer), at(START + PARTS.election * 2))
    assert raft.log.base == 6
    raft, effects = take(raft, "B", accepted(3, 5))
    assert said(effects) == [("B", part(0, newer))]
    assert of(raft, "B").match == 5


def test_what_was_sent_before_the_snapshot_may_bring_the_peer_on_as_well() -> None:
    """A late acceptance of an append ends the state Snapshot if the leader's log holds what comes next."""
    raft = sending()
    raft, _ = take(raft, "B", accepted(3, 3))
    assert (of(raft, "B").state, of(raft, "B").match) == ("Snapshot", 3)
    raft, _ = take(raft, "B", accepted(3, 6))
    assert (of(raft, "B").state, of(raft, "B").match, of(raft, "B").next) == ("Replicate", 6, 7)


def test_a_late_refusal_does_not_stop_a_snapshot() -> None:
    """It only says that the peer lives."""
    raft, effects = take(sending(), "B", refused(3, 4, (0, 0)), now=START + 7)
    assert (of(raft, "B").state, of(raft, "B").answered_at, said(effects)) == ("Snapshot", START + 7, [])


def test_a_peer_that_needs_a_snapshot_hears_beats_like_the_others() -> None:
    """And so do those after it (zoo E15): of what is compacted away no term is known, so it is asked about nothing."""
    raft = sending()
    raft, effects = wake(raft)
    beats = [
        (to, message.prev_index, message.prev_term)
        for to, message in said(effects)
        if isinstance(message, AppendEntries)
    ]
    assert beats == [("B", 0, 0), ("C", 6, 3)]


def test_proposals_wait_for_the_snapshot_of_a_peer_and_not_for_the_others() -> None:
    """Nothing is sent past a snapshot."""
    _, effects = propose(sending(), b"x")
    assert [to for to, _ in said(effects)] == ["C"]


def test_a_later_term_in_an_answer_ends_the_leadership() -> None:
    """§5.1, as in any answer."""
    raft, _ = take(sending(), "B", attrs.evolve(reply(0, 4), term=4))
    assert (role(raft), raft.term) == ("follower", 4)
    old = sending()
    assert take(old, "B", attrs.evolve(reply(0, 4), term=2)) == (old, ())


# ---- the follower's end ----


def behind(holding: str = "1 1", commit: int = 2) -> Raft:
    return following(node(holding, term=3, commit=commit), "B", START - 9)


def test_parts_make_a_whole_that_is_installed_once_it_is_durable() -> None:
    """The log is the snapshot's now; the leader hears of it when the disk has it, the application at once."""
    raft = behind()
    for offset in (0, 4):
        raft, effects = take(raft, "B", part(offset))
        assert answer(effects) == reply(offset, offset + 4)
        assert only(Restore, effects) == []
    raft, effects = take(raft, "B", part(8))
    save = the(SaveSnapshot, effects)
    assert effects == (save, Restore(snapshot(), 3))
    assert answer(save.then) == accepted(3, 5)
    assert (raft.log, raft.commit, raft.snapshot, raft.incoming) == (Log.of((), 5, 2), 5, snapshot(), None)
    assert raft.durable.last == 2, "on the disk is still the log as far as it was committed"
    raft, effects = took(raft, effects)
    assert (raft.durable.last, effects) == (5, ())


def test_a_leader_that_speaks_by_parts_is_a_sign_of_life() -> None:
    """A candidate follows it, and its own election timer waits (zoo S11: long work must not look like a dead leader)."""
    raft, _ = take(node("1 1", term=3), "B", part(0), now=START + 5)
    assert raft.role == Follower("B", START + 5)
    raft, effects = take(node("1 1", term=2), "B", part(0))
    assert raft.term == 3
    assert answer(effects) == reply(0, 4), "and its term is durable before it says so"


@pytest.mark.parametrize(
    ("parts", "held"),
    [((0, 0), 4), ((0, 8), 4), ((4,), 0), ((8,), 0), ((0, 4, 4), 8), ((0, 4, 0), 8), ((4, 0), 4)],
    ids=["twice", "one missing", "the second first", "the last first", "twice later", "the first again", "any order"],
)
def test_only_a_part_that_continues_what_is_held_adds_to_it(parts: tuple[int, ...], held: int) -> None:
    """Whatever order they come in, the answer says where the next one should begin."""
    raft = behind()
    for offset in parts:
        raft, effects = take(raft, "B", part(offset))
    assert answer(effects).held == held


def test_another_snapshot_begins_from_its_start() -> None:
    """A new leader's need not be the same one; if it is, byte for byte, what is held counts."""
    raft, _ = take(behind(), "B", part(0))
    again, effects = take(raft, "C", part(4, term=4))
    assert answer(effects).held == 8
    other, effects = take(raft, "C", part(4, snapshot(6, 3), term=4))
    assert (answer(effects).held, answer(effects).index) == (0, 6)
    assert again.incoming == Incoming(5, snapshot().checksum, 8, (b"0123", b"4567"))
    assert other.incoming is not None
    assert other.incoming.index == 6


def test_a_whole_that_does_not_match_its_checksum_is_not_installed() -> None:
    """It is thrown away, and said to be unsound."""
    wrong = attrs.evolve(snapshot(), checksum=1)
    raft = behind()
    for offset in (0, 4, 8):
        raft, effects = take(raft, "B", part(offset, wrong))
    assert answer(effects) == SnapshotReply(3, 5, 1, 8, 0, False)
    assert (raft.log, raft.snapshot, raft.incoming) == (log("1 1"), None, None)


def test_a_stale_snapshot_takes_nothing_back() -> None:
    """Zoo S1: what it stands for is committed here; the log beyond it stays, and the leader hears what it wanted to."""
    raft = behind("1 1 2 2 2 2 3", commit=5)
    after, effects = take(raft, "B", part(0))
    assert (after.log, after.commit, after.snapshot) == (raft.log, 5, None)
    assert answer(effects) == accepted(3, 5)


def test_a_snapshot_whose_last_entry_is_in_the_log_keeps_what_follows() -> None:
    """§7: nothing is installed; the entries up to there are committed and applied one by one."""
    raft = behind("1 1 2 2 2 2 3", commit=1)
    after, effects = take(raft, "B", part(0))
    assert (after.log, after.commit, after.snapshot) == (raft.log, 5, None)
    assert answer(effects) == accepted(3, 5)
    assert only(Apply, effects) == [Apply(2, entries("1 2 2 2"))]
    assert only(Restore, effects) == []


def test_a_log_that_conflicts_with_the_snapshot_goes_as_a_whole() -> None:
    """§7; a follower never refuses a snapshot for its log (zoo S8), nor keeps what followed another entry there."""
    raft = behind("1 1 1 1 1 1 1", commit=2)
    for offset in (0, 4, 8):
        raft, effects = take(raft, "B", part(offset))
    assert raft.log == Log.of((), 5, 2)
    assert the(SaveSnapshot, effects).log == Log.of((), 5, 2)
    assert raft.durable.last == 2, "on the disk is another log from there on"


def test_what_an_earlier_save_held_is_not_the_snapshots_log() -> None:
    """A Save of the old log that becomes durable now says nothing about the new one."""
    raft, first = take(behind("1 1", commit=1), "B", append(3, (2, 1), "1 1 1 1"))
    for offset in (0, 4, 8):
        raft, effects = take(raft, "B", part(offset))
    assert raft.commit == 5
    save = first[0]
    raft, _ = step(raft, Stored(3, None, 6, save.number), at())  # type: ignore[union-attr]
    assert raft.durable.last == 1
    raft, _ = took(raft, effects)
    assert raft.durable.last == 5


def test_a_snapshot_of_an_earlier_term_is_refused() -> None:
    """§5.1: the answer tells an old leader that it is one."""
    raft, effects = take(behind(), "B", part(0, term=2))
    assert answer(effects) == AppendReply(3, False, 0, 0, 0, 0)
    assert raft.incoming is None


def test_a_second_leader_of_the_term_is_an_error() -> None:
    """Election Safety (§5.2)."""
    with pytest.raises(AssertionError, match="Election Safety"):
        take(leading(node("1 1", term=3)), "B", part(0))


# ---- appends around a boundary ----


def after_snapshot(holding: str = "3 3", **given: int) -> Raft:
    """A follower of A whose log begins after entry 5 of term 2."""
    raft = following(node("", term=3), "B", START - 9)
    kept = Log.of(entries(holding), 5, 2)
    durable = attrs.evolve(raft.durable, last=kept.last_index)
    return attrs.evolve(raft, log=kept, commit=given.get("commit", 5), snapshot=snapshot(), durable=durable)


@pytest.mark.parametrize(
    ("prev", "new", "expected", "logged"),
    [
        ((5, 2), "3", accepted(3, 6), "3 3"),
        ((7, 3), "3", accepted(3, 8), "3 3 3"),
        ((3, 2), "2 2", accepted(3, 5), "3 3"),
        ((3, 2), "2 2 3 3 3", accepted(3, 8), "3 3 3"),
        ((0, 0), "1 1", accepted(3, 2), "3 3"),
        ((0, 0), "", accepted(3, 0), "3 3"),
        ((7, 2), "3", refused(3, 7, (5, 2)), "3 3"),
        ((9, 3), "3", refused(3, 9, (7, 3)), "3 3"),
    ],
)
def test_an_append_at_the_boundary(prev: tuple[int, int], new: str, expected: AppendReply, logged: str) -> None:
    """What lies before the boundary is committed and therefore agreed on; it is never written again (zoo L3)."""
    raft, effects = take(after_snapshot(), "B", append(3, prev, new))
    assert answer(effects) == expected
    assert (terms(raft.log), raft.log.base) == (logged, 5)


def test_another_entry_where_the_log_was_compacted_cannot_be() -> None:
    """It was committed: a leader that sends another one breaks Leader Completeness (§5.4)."""
    with pytest.raises(AssertionError, match="entry 5 of term 2 is committed and compacted away"):
        take(after_snapshot(), "B", append(3, (3, 2), "2 3 3"))


def test_a_boundary_of_another_term_is_refused_without_a_guess() -> None:
    """The hint lies before the boundary, where no term is known."""
    _, effects = take(after_snapshot(), "B", append(3, (5, 1), "3"))
    assert answer(effects) == refused(3, 5, (4, 0))
