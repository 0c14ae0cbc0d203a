"""Section 7 of the Raft paper, sentence by sentence: the log gives way to snapshots. The list is in `sentences.py`."""

from collections.abc import Sequence

import attrs
import pytest

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import AppendReply, InstallSnapshot, Snapshot, SnapshotReply
from cluster.raft.state import Effect, Raft, Restore, SaveSnapshot, Send, Snapshotted
from cluster.raft.step import step
from cluster.raft.timing import Compaction
from cluster.snapshot_codec import Due
from tests.raft.vocabulary import (
    PAPER,
    accepted,
    answer,
    append,
    at,
    following,
    leading,
    node,
    only,
    progress,
    take,
    terms,
    the,
)

SHORT = attrs.evolve(PAPER, compaction=Compaction(margin=0, part=4))
"""Nothing is kept behind a snapshot; four bytes a part."""
FOUR = Configuration.of("ABCD")
CONTENT = b"ten bytes!"


def snapshot(index: int = 3, term: int = 2) -> Snapshot:
    return Snapshot.of(index, term, FOUR, CONTENT)


def holding(log: str, commit: int = 0, term: int = 3) -> Raft:
    return following(node(log, term=term, commit=commit, timing=SHORT), "B")


def parts(of: Snapshot, term: int = 3) -> list[InstallSnapshot]:
    """The messages in which it travels."""
    return [
        InstallSnapshot(
            term, of.index, of.term, of.configuration, of.checksum, len(of.content), at, of.content[at : at + 4]
        )
        for at in range(0, len(of.content), 4)
    ]


def installed(raft: Raft, of: Snapshot) -> tuple[Raft, Sequence[Effect]]:
    """The node once all parts have come."""
    effects: Sequence[Effect] = ()
    for part in parts(of):
        raft, effects = take(raft, "B", part)
    return raft, effects


def test_a_snapshot_says_where_it_ends() -> None:
    """7.1: index and term of the last entry it replaces, so that the first append behind it can be checked."""
    raft, _ = step(holding("1 2 2 2", commit=3), Snapshotted(snapshot()), at())
    assert (raft.log.base, raft.log.base_term) == (3, 2)
    assert answer(take(raft, "B", append(3, (3, 2), "2 3"))[1]).success


def test_a_snapshot_holds_the_configuration() -> None:
    """7.2: the newest as of its last entry, for the entry that set it may be gone."""
    raft, _ = installed(holding(""), snapshot())
    assert raft.configuration == FOUR


def test_each_server_takes_its_own() -> None:
    """7.3: a follower without asking, and of nothing but what is committed."""
    raft, effects = step(holding("1 2 2 2", commit=3), Snapshotted(snapshot()), at())
    assert raft.snapshot == snapshot()
    assert raft.log.base <= raft.snapshot.index <= raft.commit
    assert only(Send, effects) == []


def test_what_a_snapshot_stands_for_may_go() -> None:
    """7.4: the entries up to it and any snapshot before it, in one atomic write."""
    raft, effects = step(holding("1 2 2 2", commit=4), Snapshotted(snapshot()), at())
    assert terms(raft.log) == "2"
    assert the(SaveSnapshot, effects).log == raft.log
    newer = Snapshot.of(4, 2, FOUR, CONTENT)
    raft, effects = step(raft, Snapshotted(newer), at())
    assert (raft.snapshot, raft.log.last_index, len(raft.log)) == (newer, 4, 0)
    assert the(SaveSnapshot, effects).snapshot == newer


def test_who_needs_what_is_gone_gets_the_snapshot() -> None:
    """7.5: from the leader; who does not need it gets entries as ever."""
    leader = leading(node("1 2 2 3", term=3, commit=3, timing=SHORT), B=progress(0, 5, probing=True), C=progress(4))
    leader, _ = step(leader, Snapshotted(snapshot()), at())
    leader, effects = take(leader, "B", AppendReply(3, False, 4, 0, 0, 0))
    [send] = only(Send, effects)
    assert isinstance(send.message, InstallSnapshot)
    assert send.to == "B"


@pytest.mark.parametrize("held", ["", "1", "1 1 1 1 1", "1 1 1"])
def test_news_replace_the_whole_log(held: str) -> None:
    """7.6: a snapshot of what the log lacks, or has otherwise: all of the log goes, also what lies behind."""
    raft, effects = installed(holding(held), snapshot())
    assert raft.log == Log.of((), 3, 2)
    assert the(SaveSnapshot, effects).log == raft.log


def test_a_prefix_of_the_log_leaves_what_follows() -> None:
    """7.7: by an error or a repeat on the wire: the entries behind it are good, and stay."""
    raft, effects = installed(holding("1 2 2 2 3"), snapshot())
    assert raft.log.slice(4, 5) == node("1 2 2 2 3").log.slice(4, 5)
    assert (raft.commit, only(Restore, effects)) == (3, [])


def test_a_snapshot_of_an_earlier_term_is_refused() -> None:
    """7.8: at once, with the own term."""
    raft, effects = take(holding("", term=5), "B", parts(snapshot())[0])
    assert answer(effects).term == 5
    assert raft.incoming is None


def test_parts_come_one_after_the_other() -> None:
    """7.9: by their offset; each is answered, the last one by what an append would be answered once it is durable."""
    raft, replies = holding(""), []
    for part in parts(snapshot()):
        raft, effects = take(raft, "B", part)
        replies.append(answer(the(SaveSnapshot, effects).then if only(SaveSnapshot, effects) else effects))
    assert [reply.held for reply in replies if isinstance(reply, SnapshotReply)] == [4, 8]
    assert replies[-1] == accepted(3, 3)


def test_the_state_becomes_the_snapshots() -> None:
    """7.10: content and configuration, in place of whatever was."""
    raft, effects = installed(holding("1", commit=1), snapshot())
    assert the(Restore, effects).snapshot.content == CONTENT
    assert (raft.commit, raft.configuration) == (3, FOUR)


def test_a_snapshot_is_due_at_a_fixed_size() -> None:
    """7.11: of the log in bytes; so much larger than the snapshot that writing it costs little in the long run."""
    due = Due(Compaction(entries=10**9, size=100, growth=1))
    assert [due.after(index, b"x" * 25) for index in range(1, 5)] == [False, False, False, True]
    due.taken(4, 150)
    assert [due.after(index, b"x" * 50) for index in range(5, 8)] == [False, False, True]
