"""The shortest known history of each bug: the nodes and seed that are tried first, and how many seeds a bug is given.

For a bug that is not named here it is seed 1, in the first size of its keeper or in its story. `unkindness zoo NAME
--shorten 24` looks for a shorter one. A change of the cluster changes what a seed leads to: then the seeds from 1 on are tried,
and an outdated line here only costs one run.
"""

from collections.abc import Iterator

from scenarios.explore.bounds import Bounds
from scenarios.zoo import Bug

SEARCH = "search"
"""The value of `strikes` for a bug that no story exposes: a search through every interleaving of a tiny cluster."""

BUDGET = 60
"""The number of seeds, for each size of cluster, within which a bug must break its promise."""
BUDGETS = {"the-longer-log-may-lead": 90}
"""The number of seeds for rarer bugs."""
SHORTEST: dict[str, tuple[str, int]] = {
    "majority-of-half": ("ABC", 24),
    "vote-given-twice": ("ABC", 24),
    "tells-of-a-vote-before-it-is-durable": ("", 8),
    "damage-is-a-torn-end": ("", 43),
    "leader-cuts-its-tail": ("ABC", 2),
    "any-log-may-lead": ("ABC", 17),
    "commits-what-one-node-has": ("ABCDE", 1),
    "takes-one-answer-for-all": ("ABC", 13),
    "vote-forgotten-by-following": ("ABC", 37),
    "votes-are-a-number": ("ABCDE", 25),
    "leader-votes-for-another": ("ABC", 4),
    "the-longer-log-may-lead": ("ABCDE", 84),
    "the-later-term-may-lead": ("ABC", 17),
    "only-a-fresher-log-may-lead": ("ABC", 15),
    "a-longer-log-gets-a-second-vote": ("ABCDE", 8),
    "term-forgotten-by-a-restart": ("ABC", 23),
    "vote-and-term-are-two-writes": ("ABC", 42),
    "snapshot-of-the-commit-index": ("ABC", 4),
    "restores-into-what-was-there": ("ABC", 23),
    "installs-a-stale-snapshot": ("ABC", 17),
    "cuts-what-lies-beyond": ("ABC", 20),
    "cuts-before-it-writes": ("ABCDE", 15),
    "keeps-a-conflicting-entry": ("ABC", 6),
    "acknowledges-its-whole-log": ("ABCDE", 26),
    "sends-nothing-after-a-compaction": ("ABC", 6),
    "the-window-stays-full": ("ABC", 2),
    "stops-at-an-older-term": ("ABC", 3),
    "commits-what-nobody-verified": ("ABCDE", 26),
    "takes-the-peers-for-sorted": ("ABCDE", 13),
    "one-less-is-a-majority": ("ABC", 12),
    "leader-counts-itself-twice": ("ABC", 12),
    "changes-before-its-own-term": ("ABCDE", 8),
    "changes-twice-at-once": ("ABC", 4),
    "counts-itself-without-a-vote": ("ABC", 17),
    "says-nothing-of-a-change-made-again": ("ABCDE", 19),
    "answers-before-it-has-applied": ("ABC", 16),
    "grants-of-another-term-are-stale": ("ABC", 15),
    "remembers-only-while-it-leads": ("ABC", 13),
    "picks-from-the-whole-cluster": ("ABC", 3),
    "runs-what-is-disabled": ("ABC", 6),
    "waits-for-the-occurrence-after-next": ("ABC", 3),
    "tells-the-newest-first": ("ABC", 4),
    "incremental-starts-one-too-late": ("ABC", 3),
    "answers-before-the-journal": ("ABC", 6),
    "keeps-its-own-version": ("ABC", 3),
}

STATES = 20_000
"""The number of states that a search for a bug may visit."""
BOUNDS = {
    "grant-of-another-term": Bounds(terms=2, entries=0, instant_disk=True),
    "own-vote-is-not-written": Bounds(terms=1, entries=0, crashes=1),
}
"""The bounds of searches, for bugs that need hundreds of storms, or a crash at one moment."""


def budget(bug: Bug) -> int:
    """The number of seeds for each size of cluster, or of states, that the bug is given."""
    return STATES if bug.strikes == SEARCH else BUDGETS.get(bug.name, BUDGET)


def tries(bug: Bug, sizes: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Nodes and seed of each run that a bug is given, the known one first. `sizes`: the sizes of its keeper."""
    known = SHORTEST.get(bug.name)
    names = known[0] if known is not None and known[0] in sizes else sizes[0]
    first = (names, known[1] if known is not None else 1)
    yield first
    for seed in range(1, budget(bug) + 1):
        for size in sizes:
            if (size, seed) != first:
                yield size, seed
