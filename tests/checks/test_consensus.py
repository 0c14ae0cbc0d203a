"""Each promise of consensus, shown a history that breaks it and one that just does not; and the same live as saved."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from cluster.checks import Violation, Watcher
from cluster.checks.consensus import consensus_watchers
from cluster.sim.run import BROKEN, HELD, play
from cluster.steps import FlipBit
from cluster.trace import (
    Answered,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Committed,
    Compacted,
    ConfigurationChanged,
    Crashed,
    Delivered,
    Ended,
    Failed,
    Happened,
    HappenedAfterAll,
    Note,
    Recovered,
    RecoveredSnapshot,
    Restored,
    SnapshotInstalled,
    SnapshotTaken,
    Started,
    StateAltered,
    StateSampled,
    Stepped,
    Voted,
    Wrote,
)
from scenarios.zoo import bug_named, planted
from scenarios.zoo.storm import crowd, storm

NAMES = ("A", "B", "C")
Line = tuple[str, Note]


def watch(lines: Iterable[Line], names: tuple[str, ...] = NAMES) -> Violation | None:
    """Tell fresh watchers a history; the violation, if there is one."""
    return saw([Happened(seq, seq, node, 0, note) for seq, (node, note) in enumerate(lines, 1)], names)[0]


def saw(events: Sequence[Happened], names: tuple[str, ...]) -> tuple[Violation | None, int]:
    """What fresh watchers make of saved events: the first violation and where."""
    listeners: dict[type[Note], list[Callable[[Happened], None]]] = {}
    watchers: list[Watcher] = consensus_watchers(names)
    for watcher in watchers:
        for kind, see in watcher.sees():
            listeners.setdefault(kind, []).append(see)
    for event in events:
        try:
            for see in listeners.get(type(event.note), ()):
                see(event)
        except Violation as violation:
            return violation, event.seq
    for watcher in watchers:
        watcher.finish()
    return None, 0


# ---- a vocabulary for histories ----


def leads(node: str, term: int, index: int = 0, last_term: int = 0) -> Line:
    return node, BecameLeader(term, 2, index, last_term)


def follows(node: str, term: int, leader: str = "", was: str = "follower") -> Line:
    return node, BecameFollower(term, leader, was)


def stands(node: str, term: int) -> Line:
    return node, BecameCandidate(term, False)


def votes(node: str, term: int, candidate: str) -> Line:
    return node, Voted(term, candidate)


def writes(node: str, after: int, terms: Sequence[int], digests: Sequence[int] = (), truncated: int = 0) -> Line:
    """Entries of these terms; the digest of each is by default its index times 100 plus its term."""
    told = tuple(digests) or tuple((after + place) * 100 + term for place, term in enumerate(terms, 1))
    return node, Wrote(after, tuple(terms), told, truncated)


def compacts(node: str, base: int, entries: int) -> Line:
    return node, Compacted(base, entries)


def takes(node: str, index: int, term: int = 1, digest: int = 7) -> Line:
    return node, SnapshotTaken(index, term, 100, digest)


def installs(node: str, index: int, term: int = 1) -> Line:
    return node, SnapshotInstalled(index, term, 1)


def restores(node: str, index: int, digest: int = 7) -> Line:
    return node, Restored(index, digest)


def samples(node: str, index: int, state: int = 7, since: int = 1, answers: int = 8) -> Line:
    return node, StateSampled(index, state, since, answers)


def finds(node: str, index: int, base: int, base_term: int = 1, term: int = 1) -> Line:
    return node, RecoveredSnapshot(index, term, base, base_term)


def commits(node: str, index: int, term: int) -> Line:
    return node, Committed(index, term)


def crashes(node: str) -> Line:
    return node, Crashed()


def starts(node: str) -> Line:
    return node, Started(1)


def fails(node: str) -> Line:
    return node, Failed("no reason")


def reads(
    node: str, terms: Sequence[int], *, term: int = 9, commit: int = 0, digests: Sequence[int] = (), base: int = 0
) -> Line:
    """The node comes back with a log of these terms, behind entry `base`."""
    told = tuple(digests) or tuple(index * 100 + each for index, each in enumerate(terms, base + 1))
    return node, Recovered(term, "", base + len(terms), commit, tuple(terms), told, 0)


def hears(node: str, peer: str, term: int, match: int) -> Line:
    """A leader takes an acceptance: it now believes the peer's log to match up to `match`."""
    return node, Delivered("AppendReply", f"{peer}>{node}#1", peer, 0, term, "leader", 9, 0, match)


def is_in(node: str, term: int) -> Line:
    """A message brings the node to a term."""
    return node, Delivered("AppendEntries", "", "A", 0, term, "follower", 0, 0, -1)


def acknowledges(node: str, index: int, outcome: str = "applied") -> Line:
    return node, Answered(f"{node}#1/1", "Put", outcome, index)


def goes_by(node: str, index: int, voters: str, outgoing: str = "") -> Line:
    """The node's log says so at that entry."""
    return node, ConfigurationChanged(index, tuple(voters), tuple(outgoing), (), ())


def ends() -> Line:
    """The story is over."""
    return "", Ended()


def replicated(*nodes: str, terms: Sequence[int] = (1, 1)) -> list[Line]:
    """A leads term 1, and these nodes hold entries of these terms."""
    return [leads("A", 1), *(writes(node, 0, terms) for node in nodes)]


AB = replicated("A", "B")
CHANGED = [*AB, commits("A", 1, 1), goes_by("A", 2, "ABCD")]
OVERWRITTEN = [*CHANGED, writes("C", 0, [1]), leads("C", 2), writes("C", 1, [2]), commits("C", 2, 2)]
JOINT = [*AB, commits("A", 1, 1), goes_by("A", 2, "ADE", "ABC"), commits("A", 2, 1)]

BROKEN_BY: dict[str, tuple[str, list[Line], list[Line]]] = {
    "two leaders of a term": (
        "election safety",
        [leads("A", 1), leads("B", 1)],
        [leads("A", 1), leads("B", 2), leads("A", 3)],
    ),
    "leading again after a crash": (
        "election safety",
        [leads("A", 4), crashes("A"), leads("B", 4)],
        [leads("A", 4), crashes("A"), leads("A", 4)],
    ),
    "two votes in a term": (
        "one vote a term",
        [votes("A", 3, "B"), votes("A", 3, "C")],
        [votes("A", 3, "B"), votes("A", 3, "B"), votes("A", 4, "C"), votes("B", 3, "C")],
    ),
    "a vote forgotten by a crash": (
        "one vote a term",
        [votes("A", 3, "B"), crashes("A"), reads("A", ()), votes("A", 3, "A")],
        [votes("A", 3, "B"), crashes("A"), reads("A", ()), votes("A", 3, "B")],
    ),
    "another entry under the same index and term": (
        "log matching",
        [writes("A", 0, [1, 1]), writes("B", 0, [1, 1], [101, 999])],
        [writes("A", 0, [1, 1]), writes("B", 0, [1, 2], [101, 999])],
    ),
    "the same entry after another one": (
        "log matching",
        [writes("A", 0, [1, 3]), writes("B", 0, [2, 3])],
        [writes("A", 0, [1, 3]), writes("B", 0, [1, 3])],
    ),
    "an entry behind a gap": (
        "log matching",
        [writes("A", 0, [1]), writes("A", 2, [1])],
        [writes("A", 0, [1]), writes("A", 1, [1])],
    ),
    "a disk that brings back another entry": (
        "log matching",
        [writes("A", 0, [1, 1]), crashes("A"), reads("A", [1, 1], digests=[101, 999])],
        [writes("A", 0, [1, 1]), crashes("A"), reads("A", [1])],
    ),
    "a leader cuts its log": (
        "leader append-only",
        [writes("A", 0, [1, 1, 1]), leads("A", 2, 3, 1), writes("A", 1, [2], truncated=2)],
        [writes("A", 0, [1, 1, 1]), leads("A", 2, 3, 1), follows("A", 3), writes("A", 1, [3], truncated=2)],
    ),
    "a leader drops its end": (
        "leader append-only",
        [writes("A", 0, [1, 1]), leads("A", 2, 2, 1), writes("A", 1, [], truncated=1)],
        [writes("A", 0, [1, 1]), leads("A", 2, 2, 1), crashes("A"), writes("A", 1, [], truncated=1)],
    ),
    "a leader without a committed entry": (
        "leader completeness",
        [*AB, commits("A", 2, 1), leads("C", 2)],
        [*AB, commits("A", 2, 1), leads("B", 2, 2, 1)],
    ),
    "a leader with another entry there": (
        "leader completeness",
        [*AB, commits("A", 1, 1), writes("C", 0, [2]), leads("C", 3, 1, 2)],
        [*AB, writes("C", 0, [2]), leads("C", 3, 1, 2)],
    ),
    "an old leader that wins late is not to know": (
        "leader completeness",
        [*AB, commits("A", 2, 1), leads("C", 5)],
        [leads("A", 6), writes("A", 0, [6]), writes("B", 0, [6]), commits("A", 1, 6), leads("C", 5)],
    ),
    "a commit onto an older term": (
        "own term",
        [*AB, leads("B", 2, 2, 1), commits("B", 2, 2)],
        [*AB, leads("B", 2, 2, 1), writes("B", 2, [2]), commits("B", 3, 2)],
    ),
    "two commits of different entries": (
        "state machine safety",
        [*AB, commits("A", 2, 1), writes("C", 0, [1, 2]), commits("C", 2, 2)],
        [*AB, commits("A", 2, 1), writes("C", 0, [1, 1]), commits("C", 2, 2)],
    ),
    "a commit beyond the log": (
        "state machine safety",
        [*AB, follows("B", 1, "A"), commits("B", 3, 1)],
        [*AB, follows("B", 1, "A"), commits("B", 2, 1)],
    ),
    "a restart that applies another entry": (
        "state machine safety",
        [*AB, commits("A", 2, 1), writes("C", 0, [1, 2]), crashes("C"), reads("C", [1, 2], commit=2)],
        [*AB, commits("A", 2, 1), writes("C", 0, [1, 2]), crashes("C"), reads("C", [1, 2], commit=1)],
    ),
    "a match that is not": (
        "true match",
        [*AB, is_in("C", 1), hears("A", "C", 1, 1)],
        [*AB, is_in("B", 1), hears("A", "B", 1, 2)],
    ),
    "a match in another's term": (
        "true match",
        [*AB, writes("C", 0, [1]), is_in("C", 1), hears("A", "C", 1, 2)],
        [*AB, writes("C", 0, [1]), is_in("C", 2), hears("A", "C", 1, 2)],
    ),
    "an acknowledged entry on one disk": (
        "durability",
        [*AB, commits("A", 2, 1), acknowledges("A", 2), crashes("B"), reads("B", [1])],
        [*AB, commits("A", 2, 1), acknowledges("A", 2), writes("C", 0, [1, 1]), crashes("B"), reads("B", [1])],
    ),
    "an acknowledged entry that nobody else ever had": (
        "durability",
        [leads("A", 1), writes("A", 0, [1]), commits("A", 1, 1), acknowledges("A", 1), ends()],
        [*replicated("A", "B", terms=[1]), commits("A", 1, 1), acknowledges("A", 1), ends()],
    ),
    "a snapshot of what is not committed": (
        "state order",
        [*AB, commits("A", 1, 1), takes("A", 2)],
        [*AB, commits("A", 2, 1), takes("A", 2)],
    ),
    "a log that forgets more than its snapshot stands for": (
        "state order",
        [*AB, commits("A", 2, 1), takes("A", 1), compacts("A", 2, 2)],
        [*AB, commits("A", 2, 1), takes("A", 2), compacts("A", 2, 2)],
    ),
    "a stale snapshot": (
        "state order",
        [*AB, commits("A", 2, 1), installs("A", 2)],
        [*AB, commits("A", 2, 1), installs("C", 2)],
    ),
    "a disk whose log and snapshot have a gap between": (
        "state order",
        [crashes("A"), finds("A", index=2, base=3)],
        [crashes("A"), finds("A", index=3, base=3)],
    ),
    "a disk with a snapshot of what it had not committed": (
        "state order",
        [*AB, crashes("A"), finds("A", index=2, base=1), reads("A", [1], commit=1, base=1)],
        [*AB, crashes("A"), finds("A", index=1, base=1), reads("A", [1], commit=1, base=1)],
    ),
    "two snapshots of one index": (
        "equal snapshots",
        [*AB, commits("A", 2, 1), commits("B", 2, 1), takes("A", 2), takes("B", 2, digest=8)],
        [*AB, commits("A", 2, 1), commits("B", 2, 1), takes("A", 2), takes("B", 1, digest=8)],
    ),
    "a snapshot that is restored as something else": (
        "equal snapshots",
        [*AB, commits("A", 2, 1), takes("A", 2), installs("C", 2), restores("C", 2, digest=8)],
        [*AB, commits("A", 2, 1), takes("A", 2), installs("C", 2), restores("C", 2)],
    ),
    "a snapshot of another term": (
        "equal snapshots",
        [*AB, commits("A", 2, 1), takes("A", 2, term=2)],
        [*AB, commits("A", 2, 1), takes("A", 2, term=1)],
    ),
    "an installed snapshot of another term": (
        "equal snapshots",
        [*AB, commits("A", 2, 1), installs("C", 2, term=2)],
        [*AB, commits("A", 2, 1), installs("C", 3, term=2)],
    ),
    "an entry later than its node's term": (
        "never back",
        [leads("A", 1), writes("A", 0, [1]), writes("A", 1, [2])],
        [leads("A", 1), writes("A", 0, [1]), writes("A", 1, [1])],
    ),
    "what was given up happens": (
        "definite answers",
        [*AB, ("A", HappenedAfterAll("A#1/1", "Put", 2))],
        [*AB, ("A", Answered("A#1/1", "Put", "no leader", 0))],
    ),
    "another state at an index": (
        "equal states",
        [samples("A", 2), samples("B", 2, state=9)],
        [samples("A", 2), samples("B", 3, state=9), samples("B", 2)],
    ),
    "another state after a restart": (
        "equal states",
        [samples("A", 2), crashes("A"), samples("A", 2, state=9)],
        [samples("A", 2), crashes("A"), samples("A", 2)],
    ),
    "other answers up to an index": (
        "equal states",
        [samples("A", 2), samples("B", 2, answers=9)],
        [samples("A", 2), samples("B", 2, since=2, answers=9)],
    ),
    "a state that is changed in place": (
        "equal states",
        [samples("A", 2), ("A", StateAltered(3, "Put"))],
        [samples("A", 2), samples("A", 3, state=9)],
    ),
    "a log that goes on from before its snapshot": (
        "log matching",
        [*AB, commits("A", 2, 1), installs("C", 2), writes("C", 1, [1])],
        [*AB, commits("A", 2, 1), installs("C", 2), writes("C", 2, [1])],
    ),
    "another entry behind a snapshot": (
        "log matching",
        [*AB, writes("A", 2, [1]), commits("A", 2, 1), installs("C", 2), writes("C", 2, [1], digests=[999])],
        [*AB, writes("A", 2, [1]), commits("A", 2, 1), installs("C", 2), writes("C", 2, [1])],
    ),
    "another entry behind a snapshot that was read": (
        "log matching",
        [
            *AB,
            writes("A", 2, [1]),
            commits("A", 2, 1),
            crashes("A"),
            finds("A", 2, 2),
            reads("A", [1], digests=[999], commit=2, base=2),
        ],
        [
            *AB,
            writes("A", 2, [1]),
            commits("A", 2, 1),
            crashes("A"),
            finds("A", 2, 2),
            reads("A", [1], digests=[301], commit=2, base=2),
        ],
    ),
    "two voters move at once": (
        "overlapping majorities",
        [leads("A", 1), writes("A", 0, [1]), commits("A", 1, 1), goes_by("A", 2, "ADE")],
        [leads("A", 1), writes("A", 0, [1]), commits("A", 1, 1), goes_by("A", 2, "ABCDE", "ABC")],
    ),
    "a joint configuration is left for another": (
        "overlapping majorities",
        [*JOINT, goes_by("A", 3, "ADF")],
        [*JOINT, goes_by("A", 3, "ADE"), follows("A", 2, "F"), goes_by("A", 3, "B")],
    ),
    "a second change before the first is committed": (
        "one change at a time",
        [leads("A", 1), writes("A", 0, [1, 1]), commits("A", 1, 1), goes_by("A", 2, "ABCD"), goes_by("A", 3, "ABC")],
        [*AB, commits("A", 1, 1), goes_by("A", 2, "ABCD"), commits("A", 2, 1), goes_by("A", 3, "ABC")],
    ),
    "a change before the own term has committed": (
        "one change at a time",
        [*AB, commits("A", 2, 1), leads("B", 2), writes("B", 2, [2]), goes_by("B", 4, "ABCD")],
        [*AB, commits("A", 2, 1), leads("B", 2), writes("B", 2, [2]), commits("B", 3, 2), goes_by("B", 4, "ABCD")],
    ),
    "a snapshot that was read names who was to come": (
        "members of a snapshot",
        [
            *CHANGED,
            crashes("A"),
            finds("A", 1, 1),
            reads("A", [1], commit=1, base=1),
            goes_by("A", 1, "ABCD"),
        ],
        [
            *CHANGED,
            commits("A", 2, 1),
            crashes("A"),
            finds("A", 2, 2),
            reads("A", (), commit=2, base=2),
            goes_by("A", 2, "ABCD"),
        ],
    ),
    "a snapshot that was installed names who was before": (
        "members of a snapshot",
        [*CHANGED, commits("A", 2, 1), installs("C", 2), goes_by("C", 2, "ABC")],
        [*CHANGED, commits("A", 2, 1), installs("C", 2), goes_by("C", 2, "ABCD")],
    ),
    "a snapshot names a change that another leader wrote over": (
        "members of a snapshot",
        [*OVERWRITTEN, installs("B", 2, 2), goes_by("B", 2, "ABCD")],
        [*OVERWRITTEN, installs("B", 2, 2), goes_by("B", 2, "ABC")],
    ),
    "a snapshot is installed and changes nobody": (
        "members in force",
        [*CHANGED, commits("A", 2, 1), installs("C", 2), writes("C", 2, [1])],
        [*CHANGED, commits("A", 2, 1), installs("C", 2), goes_by("C", 2, "ABCD"), writes("C", 2, [1])],
    ),
    "a change that was cut goes on after another is committed in its place": (
        "members in force",
        [
            *OVERWRITTEN,
            follows("A", 2, "C"),
            writes("A", 1, [2]),
            commits("A", 2, 2),
            writes("A", 2, [2]),
            commits("A", 3, 2),
        ],
        [
            *OVERWRITTEN,
            follows("A", 2, "C"),
            writes("A", 1, [2]),
            commits("A", 2, 2),
            goes_by("A", 2, "ABCD"),
            writes("A", 2, [2]),
        ],
    ),
    "a term falls": (
        "never back",
        [is_in("A", 2), is_in("A", 1)],
        [is_in("A", 2), crashes("A"), reads("A", (), term=1), is_in("A", 1)],
    ),
    "a leader of an older term": (
        "never back",
        [follows("A", 3), leads("A", 2)],
        [follows("A", 3), leads("A", 4)],
    ),
    "a disk whose log is ahead of its term": (
        "never back",
        [reads("A", [1, 3], term=2)],
        [reads("A", [1, 2], term=2)],
    ),
    "a disk whose snapshot is ahead of its term": (
        "never back",
        [finds("A", 2, 2, term=3), reads("A", (), term=2, commit=2, base=2)],
        [finds("A", 2, 2, term=2), reads("A", (), term=2, commit=2, base=2)],
    ),
    "a disk that is refused": (
        "sound disks",
        [starts("A"), reads("A", ()), crashes("A"), starts("A"), fails("A")],
        [
            starts("A"),
            reads("A", ()),
            crashes("A"),
            ("", Stepped(FlipBit("A", "raft.log", 9, 1))),
            starts("A"),
            fails("A"),
        ],
    ),
    "a program that fails is no disk": (
        "sound disks",
        [starts("A"), fails("A")],
        [starts("A"), reads("A", ()), fails("A")],
    ),
    "by whose majority": (
        "durability",
        [
            *AB,
            commits("A", 1, 1),
            goes_by("A", 2, "ABCD"),
            commits("A", 2, 1),
            acknowledges("A", 2),
            crashes("C"),
            reads("C", ()),
        ],
        [
            *AB,
            commits("A", 1, 1),
            goes_by("A", 2, "AB"),
            commits("A", 2, 1),
            acknowledges("A", 2),
            crashes("C"),
            reads("C", ()),
        ],
    ),
    "what nobody was told may be lost": (
        "durability",
        [*AB, commits("A", 2, 1), acknowledges("A", 2), crashes("A"), reads("A", ())],
        [*AB, commits("A", 2, 1), acknowledges("A", 2, "unknown"), crashes("A"), reads("A", ())],
    ),
}


@pytest.mark.parametrize(("promise", "bad", "good"), BROKEN_BY.values(), ids=BROKEN_BY)
def test_a_broken_promise_is_seen_and_a_kept_one_is_not(promise: str, bad: list[Line], good: list[Line]) -> None:
    """A history that breaks it is seen at its last event and not before; its twin, which keeps it, is left alone."""
    violation = watch(bad)
    assert violation is not None
    assert violation.promise == promise
    assert str(violation).startswith(f"{promise}: ")
    assert watch(bad[:-1]) is None
    assert watch(good) is None


FOUR = ("A", "B", "C", "D")
FIVE = [
    *replicated("A", "B", "C", terms=[1]),
    commits("A", 1, 1),
    *(writes(node, 1, [1]) for node in "AB"),
    writes("E", 0, [1, 1]),
    writes("A", 2, [1]),
    goes_by("A", 3, "ABCDE"),
    commits("A", 2, 1),
    acknowledges("A", 2),
]
"""The fifth voter counts for entry 2, and only A has the entry that makes it one."""
TAKEN_BACK = [*FIVE, crashes("A"), reads("A", [1, 1])]
"""And then nobody has."""


def test_half_of_an_even_number_is_enough_once_a_change_is_taken_back() -> None:
    """What five voters committed is safe on two of four: any three of these have one who holds it."""
    assert watch([*TAKEN_BACK, ends()], FOUR) is None


def test_less_than_half_is_not_enough_though_a_change_was_taken_back() -> None:
    """Without B's copy, B, C and D can elect one of themselves."""
    violation = watch([*TAKEN_BACK, crashes("B"), reads("B", [1])], FOUR)
    assert violation is not None
    assert str(violation) == "durability: entry 2 was acknowledged, and after B's restart only A, E has it"


def test_a_change_that_is_still_in_a_log_excuses_nothing() -> None:
    """Two of five, and two of four, are too few as long as the change may still be committed."""
    violation = watch([*FIVE, crashes("E"), reads("E", [1])], FOUR)
    assert violation is not None
    assert str(violation) == "durability: entry 2 was acknowledged, and after E's restart only A, B has it"


def test_half_is_not_enough_where_members_never_changed() -> None:
    """Four who were always four commit with three: two that have it are one too few, wherever that is noticed."""
    half = [*replicated("A", "B", terms=[1]), commits("A", 1, 1), acknowledges("A", 1)]
    violation = watch([*half, ends()], FOUR)
    assert violation is not None
    assert str(violation) == "durability: entry 1 was acknowledged, and at the end only A, B has it"
    assert watch([*half, writes("D", 0, [1]), ends()], FOUR) is None


OVERWRITTEN = [
    writes("B", 0, [1]),
    goes_by("B", 1, "AB"),
    leads("A", 2),
    *(writes(node, 0, [2, 2]) for node in "AC"),
    commits("A", 2, 2),
    acknowledges("A", 2),
    writes("B", 0, [2, 2], truncated=1),
]
"""Only B had the change, and another entry is at its index now, which is committed."""


@pytest.mark.parametrize(
    "then", [[], [commits("B", 2, 2)], [installs("B", 2, 2)]], ids=["writes", "commits", "installs"]
)
def test_the_entry_in_the_place_of_a_change_does_not_commit_it(then: list[Line]) -> None:
    """Two of the founders are a majority, though the change that left out C was at an index that is committed."""
    told = [*OVERWRITTEN, *then, goes_by("B", 0, "ABC"), crashes("A"), reads("A", [])]
    assert watch(told) is None
    violation = watch([*told, crashes("C"), reads("C", [])])
    assert violation is not None
    assert str(violation) == "durability: entry 2 was acknowledged, and after C's restart only B has it"


def test_a_change_is_committed_by_its_own_entry() -> None:
    """From then on A and B are all who decide: C's copy is worth nothing."""
    begun = [leads("A", 1), *(writes(node, 0, [1]) for node in "ABC"), commits("A", 1, 1)]
    gone = [writes("A", 1, [1]), goes_by("A", 2, "AB"), writes("B", 1, [1]), commits("A", 2, 1), acknowledges("A", 2)]
    told = [*begun, *gone, writes("C", 1, [1])]
    assert watch([*told, crashes("C"), reads("C", [])]) is None
    assert watch([*told, crashes("B"), reads("B", [])]) is not None


@pytest.mark.parametrize("seed", [100_890])
def test_storms_of_members_that_were_accused_of_losing_something(seed: int) -> None:
    """A change taken back on B, whose index was committed with another entry."""
    assert play(crowd("ABC"), seed).verdict == HELD


def test_every_promise_has_a_history_that_breaks_it() -> None:
    """And says itself in one sentence."""
    watchers = consensus_watchers(NAMES)
    assert {watcher.promise for watcher in watchers} == {promise for promise, _, _ in BROKEN_BY.values()}
    assert all(watcher.says and not watcher.says.endswith(".") for watcher in watchers)


def test_a_trial_changes_no_term() -> None:
    """Asking what the answer would be is not standing for election: the term by which matches are judged stays."""
    trial = ("C", BecameCandidate(2, True))
    assert watch([*AB, writes("C", 0, [1]), is_in("C", 1), trial, hears("A", "C", 1, 2)]) is not None
    assert watch([*AB, writes("C", 0, [1]), is_in("C", 1), stands("C", 2), hears("A", "C", 1, 2)]) is None


def test_what_a_leader_was_is_over_with_its_crash() -> None:
    """It may cut its log in its next life, as a follower."""
    life = [writes("A", 0, [1, 1]), leads("A", 2, 2, 1), crashes("A"), reads("A", [1, 1], term=2), follows("A", 3, "B")]
    assert watch([*life, writes("A", 1, [3], truncated=1)]) is None


# ---- live and saved ----


@pytest.mark.parametrize("names", ["ABC", "ABCDE"])
def test_saved_and_live_agree_that_all_is_well(names: str) -> None:
    """The same watchers over the events of a run in bad weather."""
    for seed in range(1, 6):
        outcome = play(storm(names), seed)
        assert outcome.verdict == HELD
        assert saw(outcome.history.events, outcome.names) == (None, 0)


@pytest.mark.parametrize(
    ("bug", "seeds"),
    [
        ("majority-of-half", range(1, 7)),
        ("vote-given-twice", (3, 6)),
        ("leader-cuts-its-tail", (1, 2)),
        ("commits-an-older-term", (2, 4, 5)),
        ("takes-one-answer-for-all", (1, 5)),
        ("any-log-may-lead", (1, 2)),
    ],
)
def test_saved_and_live_agree_on_what_broke(bug: str, seeds: Sequence[int]) -> None:
    """The same promise, in the same words, at the same event: the last one of the run."""
    under = bug_named(bug).under
    broken = 0
    for seed in seeds:
        with planted(bug):
            outcome = play(storm("ABC"), seed, **under)
        violation, seq = saw(outcome.history.events, outcome.names)
        if outcome.verdict == BROKEN and isinstance(outcome.failure, Violation):
            broken += 1
            assert (str(violation), seq) == (str(outcome.failure), len(outcome.history))
        else:
            assert violation is None
    assert broken
