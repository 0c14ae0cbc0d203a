"""Where each bug was seen to strike soonest: the nodes and the seed that are tried first, and how many seeds it is given.

A bug that is not named here strikes at seed 1, in the first size of its keeper or in its story. A change of the cluster
changes luck: then the seeds from 1 on are tried, and what stands here only costs one run.
"""

from collections.abc import Iterator

from scenarios.explore.bounds import Bounds
from scenarios.zoo import Bug

SEARCH = "search"
"""What strikes where no story does: every interleaving of a tiny cluster, breadth first."""

BUDGET = 60
"""Seeds, of each size of cluster, within which a bug must break its promise."""
BUDGETS = {"the-longer-log-may-lead": 90}
"""Of those that are rarer."""
SOONEST: dict[str, tuple[str, int]] = {
    "majority-of-half": ("ABC", 6),
    "vote-given-twice": ("ABC", 6),
    "commits-what-one-node-has": ("ABCDE", 1),
    "snapshot-of-the-commit-index": ("ABC", 4),
    "restores-into-what-was-there": ("ABCDE", 1),
    "installs-a-stale-snapshot": ("ABCDE", 4),
    "vote-forgotten-by-following": ("ABC", 37),
    "votes-are-a-number": ("ABCDE", 25),
    "leader-votes-for-another": ("ABC", 2),
    "term-forgotten-by-a-restart": ("ABC", 23),
    "keeps-a-conflicting-entry": ("ABCDE", 3),
    "acknowledges-its-whole-log": ("ABCDE", 26),
    "the-window-stays-full": ("ABC", 2),
    "commits-what-nobody-verified": ("ABCDE", 26),
    "the-longer-log-may-lead": ("ABCDE", 84),
    "takes-the-peers-for-sorted": ("ABCDE", 13),
    "cuts-before-it-writes": ("ABCDE", 1),
    "tells-the-newest-first": ("", 4),
    "answers-before-the-journal": ("", 6),
    "vote-and-term-are-two-writes": ("ABCDE", 5),
    "remembers-only-while-it-leads": ("ABCDE", 10),
    "counts-itself-without-a-vote": ("ABC", 16),
}

STATES = 20_000
"""What a bug that a search strikes is given instead of seeds."""
BOUNDS = {
    "grant-of-another-term": Bounds(terms=2, entries=0, instant_disk=True),
    "own-vote-is-not-written": Bounds(terms=1, entries=0, crashes=1),
}
"""Where storms would need hundreds of seeds, or the harm needs a crash at one moment: the bounds of a search."""


def budget(bug: Bug) -> int:
    """So many seeds of each size is the bug given, or so many states."""
    return STATES if bug.strikes == SEARCH else BUDGETS.get(bug.name, BUDGET)


def tries(bug: Bug, sizes: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Nodes and seed of each run that a bug is given, the known one first. `sizes`: of its keeper."""
    known = SOONEST.get(bug.name)
    names = known[0] if known is not None and known[0] in sizes else sizes[0]
    first = (names, known[1] if known is not None else 1)
    yield first
    for seed in range(1, budget(bug) + 1):
        for size in sizes:
            if (size, seed) != first:
                yield size, seed
