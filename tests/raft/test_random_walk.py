"""Random walks keep every promise of Raft, and end in agreement; walks with a planted bug do not."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from cluster.raft import durability, election, progress, quorum, replication, snapshots
from cluster.raft.log import Log
from cluster.raft.timing import Compaction, Timing
from tests.raft.vocabulary import PAPER, RACHIS
from tests.raft.walk import Walk

NARROW = attrs.evolve(RACHIS, batch=2, inflight=2)
SMALL = attrs.evolve(PAPER, batch=1, inflight=2)
TRIALS = attrs.evolve(RACHIS, ticking=False, check_quorum=False)


@pytest.mark.parametrize(
    ("size", "timing", "walks"),
    [(3, RACHIS, 800), (3, SMALL, 800), (5, NARROW, 500), (5, PAPER, 500), (4, TRIALS, 300), (2, RACHIS, 200)],
    ids=["3 Rachis", "3 small", "5 narrow", "5 paper", "4 trials", "2 Rachis"],
)
def test_any_walk_is_safe_and_ends_in_agreement(size: int, timing: Timing, walks: int) -> None:
    """Deliver, repeat, drop, time out, propose, store, crash in any order; then calm: one leader, all is committed."""
    for seed in range(walks):
        walk = Walk(size, timing, seed)
        walk.stroll(80)
        walk.calm()


@pytest.mark.parametrize(
    ("size", "timing", "walks"),
    [(1, RACHIS, 200), (2, RACHIS, 300), (3, RACHIS, 600), (3, SMALL, 400)],
    ids=["1 Rachis", "2 Rachis", "3 Rachis", "3 small"],
)
def test_any_walk_with_members_that_come_and_go_is_safe(size: int, timing: Timing, walks: int) -> None:
    """The same with changes of any kind, leaders that hand over, and reads, each asked of whoever believes it leads."""
    for seed in range(walks):
        walk = Walk(size, timing, seed, spare=2)
        walk.stroll(120)
        walk.calm()


SNAPPY = Compaction(margin=1, part=7)
"""A snapshot travels in three parts, and leaves one entry behind it."""


@pytest.mark.parametrize(
    ("size", "timing", "walks", "spare"),
    [(3, NARROW, 300, 0), (3, SMALL, 300, 0), (5, NARROW, 150, 0), (3, RACHIS, 200, 2)],
    ids=["3 narrow", "3 small", "5 narrow", "members come and go"],
)
def test_any_walk_with_snapshots_is_safe(size: int, timing: Timing, walks: int, spare: int) -> None:
    """The same with a snapshot after every third entry; some follower in these walks comes back by one."""
    installs = 0
    for seed in range(walks):
        walk = Walk(size, attrs.evolve(timing, compaction=SNAPPY), seed, spare=spare, every=3)
        walk.stroll(140)
        walk.calm()
        installs += walk.installs
    assert installs > walks // 10


Wrong = Callable[..., Any]


def cut_at_prev(log: Any, prev: int, entries: Any) -> Any:
    return (prev, entries) if entries or prev < log.last_index else (-1, ())


def keep_conflict(log: Any, prev: int, entries: Any) -> Any:
    new = entries[max(0, log.last_index - prev) :]
    return (log.last_index, new) if new else (-1, ())


def commit_all_it_holds(raft: Any, log: Any, request: Any) -> int:
    return int(max(raft.commit, min(request.commit, log.last_index)))


BUGS: dict[str, tuple[Any, str, Wrong, int]] = {
    "E1 stale grant": (election, "counts_as_grant", lambda candidate, reply: reply.granted, 3),
    "E9 majority": (quorum, "majority", lambda count: count // 2, 5),
    "E10 no up-to-date check": (election, "log_is_up_to_date", lambda log, index, term: True, 3),
    "L1 cut at prev": (replication, "entries_to_write", cut_at_prev, 3),
    "L4 conflict kept": (replication, "entries_to_write", keep_conflict, 3),
    "L7 acknowledges its last": (replication, "ack_index", lambda log, request: log.last_index, 3),
    "L3 no prev check": (replication, "log_matches", lambda log, prev, term: prev <= log.last_index, 3),
    "C1 figure 8": (replication, "may_commit", lambda raft, index: True, 3),
    "C4 commits unverified": (replication, "follower_commit", commit_all_it_holds, 3),
    "C6 largest match": (quorum, "committed_index", max, 3),
    "D4 said before durable": (durability, "is_durable", lambda raft, upto: True, 3),
}


def keep_what_followed(original: Wrong) -> Wrong:
    """S2: the log behind a snapshot that replaced a conflicting entry is kept."""

    def installed(raft: Any, sender: str, snapshot: Any, parts: int) -> Any:
        after, (saving, *rest) = original(raft, sender, snapshot, parts)
        if raft.log.last_index <= snapshot.index:
            return after, (saving, *rest)
        kept = Log.of(raft.log.slice(snapshot.index + 1, raft.log.last_index), snapshot.index, snapshot.term)
        return attrs.evolve(after, log=kept), (attrs.evolve(saving, log=kept), *rest)

    return installed


def forget_the_cut(original: Wrong) -> Wrong:
    """The old log's Saves still count when a snapshot has replaced it."""

    def installed(raft: Any, *rest: Any) -> Any:
        after, effects = original(raft, *rest)
        return attrs.evolve(after, durable=raft.durable), effects

    return installed


def answer_at_once(original: Wrong) -> Wrong:
    """D4: the leader hears of the snapshot before it is durable."""

    def installed(*args: Any) -> Any:
        after, (saving, *rest) = original(*args)
        return after, (attrs.evolve(saving, then=()), *saving.then, *rest)

    return installed


SNAPSHOT_BUGS: dict[str, tuple[Any, str, Callable[[Wrong], Wrong]]] = {
    "S1 stale snapshot": (snapshots, "already_held", lambda original: lambda raft, request: False),
    "S2 conflicting log kept": (snapshots, "installed", keep_what_followed),
    "S5 stuck after a snapshot": (progress, "ends_sending", lambda original: lambda known, reply, log: False),
    "S5 only where the log connects": (
        progress,
        "ends_sending",
        lambda original: lambda known, reply, log: reply.success and reply.match >= log.base,
    ),
    "S8 refused for its log": (
        snapshots,
        "installed",
        lambda original: lambda raft, *rest: (raft, ()) if raft.log.last_index > raft.commit else original(raft, *rest),
    ),
    "L3 compacted entries written again": (
        replication,
        "beyond_base",
        lambda original: lambda log, prev, entries: (log.base, entries),
    ),
    "a lost part stays lost": (
        progress,
        "sending_after_beat",
        lambda original: (
            lambda known, sending, reply, now: attrs.evolve(
                original(known, sending, reply, now), inflight=known.inflight
            )
        ),
    ),
    "D4 installed before durable": (snapshots, "installed", answer_at_once),
    "Saves of a log that was replaced": (snapshots, "installed", forget_the_cut),
}


FIRST = {"S5 only where the log connects": 1060}
"""Where one that is rare shows itself, so that the test is quick."""


@pytest.mark.parametrize("bug", SNAPSHOT_BUGS)
def test_a_planted_bug_of_snapshots_is_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise breaks, or in the calm at the end somebody does not come back, within 1500 walks with snapshots."""
    module, name, change = SNAPSHOT_BUGS[bug]
    monkeypatch.setattr(module, name, change(getattr(module, name)))
    for seed in range(FIRST.get(bug, 0), 1500):
        walk = Walk(3, attrs.evolve(SMALL if seed % 2 else NARROW, compaction=SNAPPY), seed, every=2)
        try:
            walk.stroll(140)
            walk.calm()
        except (AssertionError, IndexError):
            return
    pytest.fail(f"{bug} was not noticed")


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walks are worth something: a famous mistake, planted in one function, breaks a promise within 1500 walks.

    C4 needs a beat that carries all of the leader's commit index: ours carries no more than the peer is known to hold.
    """
    module, name, wrong, size = BUGS[bug]
    monkeypatch.setattr(module, name, wrong)
    if bug.startswith("C4"):
        monkeypatch.setattr(replication, "beat_commit", lambda raft, match: raft.commit)
    for seed in range(1500):
        walk = Walk(size, SMALL, seed)
        try:
            walk.stroll(80)
        except (AssertionError, IndexError):
            return
    pytest.fail(f"{bug} was not noticed")
