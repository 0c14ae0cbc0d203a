"""Majorities and joint majorities: the tables, and a second, dumb implementation that must agree."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.quorum import EVERYTHING, Joint, Majority, Quorum, VoteResult, committed_index, majority, vote_result


def halves(voters: str) -> list[list[str]]:
    return [half.split() for half in voters.split("&&")]


def quorum(voters: str) -> Quorum:
    """`1 2 3` or `1 2 && 2 3`."""
    parts = [Majority(tuple(half)) for half in halves(voters)]
    return parts[0] if len(parts) == 1 else Joint(parts[0], parts[1])


def by_voter(voters: str, row: str) -> dict[str, str]:
    """A row names every voter once, in order of first mention; `_` says nothing of it."""
    names = list(dict.fromkeys(name for half in halves(voters) for name in half))
    words = row.split()
    assert len(names) == len(words), (voters, row)
    return {name: word for name, word in zip(names, words, strict=True) if word != "_"}


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(count: int, needed: int) -> None:
    """Rule 3.10: floor(n / 2) + 1."""
    assert majority(count) == needed


COMMITTED = [
    ("1", "_", 0),
    ("1", "12", 12),
    ("1 2", "12 _", 0),
    ("1 2", "12 5", 5),
    ("1 2 3", "12 _ _", 0),
    ("1 2 3", "12 5 _", 5),
    ("1 2 3", "12 5 6", 6),
    ("1 2 3", "12 5 4", 5),
    ("1 2 3", "5 5 _", 5),
    ("1 2 3", "5 5 12", 5),
    ("1 2 3", "100 101 103", 101),
    ("1 2 3 4 5", "101 104 103 103 _", 103),
    ("1 2 3 4 5", "101 102 103 103 _", 102),
    ("1 && 2", "100 _", 0),
    ("1 && 2", "13 100", 13),
    ("1 3 && 2", "100 50 _", 0),
    ("1 3 && 2", "100 50 45", 45),
    ("1 2 && 2", "_ 100", 0),
    ("1 2 && 2", "50 100", 50),
    ("1 2 && 3 4", "50 48 49 _", 0),
    ("1 2 && 3 4", "50 48 49 47", 47),
    ("1 2 && 2 3", "_ 100 99", 0),
    ("1 2 && 2 3", "101 100 99", 99),
    ("1 2 3 && 4 5 6", "_ 99 90 97 95 _", 90),
    ("1 2 3 && 4 5 6", "92 99 90 97 95 77", 92),
    ("1 2 3 && 1 4 5", "100 101 100 _ _", 0),
    ("1 2 3 && 1 4 5", "1 100 99 99 98", 98),
    ("1 2 3 && 1 4 5", "100 100 99 99 98", 99),
    ("1 2 3 && 2 3 4", "_ 100 99 _", 99),
    ("1 2 3 && 2 3 4", "100 _ _ 101", 0),
    ("1 2 3 && 2 3 4", "100 99 _ 101", 99),
]


@pytest.mark.parametrize(("voters", "row", "expected"), COMMITTED)
def test_committed(voters: str, row: str, expected: int) -> None:
    """The highest index that each half's majority has."""
    matches = {name: int(word) for name, word in by_voter(voters, row).items()}
    assert quorum(voters).committed(matches) == expected


RESULTS = [
    ("1", "_", "pending"),
    ("1", "n", "lost"),
    ("1", "y", "won"),
    ("1 2", "n _", "lost"),
    ("1 2", "y _", "pending"),
    ("1 2", "n y", "lost"),
    ("1 2", "y y", "won"),
    ("1 2 3", "n _ _", "pending"),
    ("1 2 3", "n n _", "lost"),
    ("1 2 3", "y n _", "pending"),
    ("1 2 3", "y y _", "won"),
    ("1 2 3", "n y n", "lost"),
    ("1 2 3 4 5 6 7", "y y n y _ _ _", "pending"),
    ("1 2 3 4 5 6 7", "y y n y _ n y", "won"),
    ("1 2 3 4 5 6 7", "y y _ n y n n", "pending"),
    ("1 2 3 4 5 6 7", "y y n y n n n", "lost"),
    ("1 && 2", "y _", "pending"),
    ("1 && 2", "y n", "lost"),
    ("1 && 2", "n _", "lost"),
    ("1 2 && 3 4", "y y n _", "lost"),
    ("1 2 && 3 4", "y y y y", "won"),
    ("1 2 && 2 3", "_ n _", "lost"),
    ("1 2 && 2 3", "y y _", "pending"),
    ("1 2 && 2 3", "y y n", "lost"),
    ("1 2 3 && 2 3 4", "_ y y _", "won"),
    ("1 2 3 && 2 3 4", "_ n n _", "lost"),
    ("1 2 3 && 2 3 4", "y y n _", "pending"),
    ("1 2 3 && 2 3 4", "y y n y", "won"),
]


@pytest.mark.parametrize(("voters", "row", "expected"), RESULTS)
def test_votes(voters: str, row: str, expected: str) -> None:
    """Won, lost as soon as it cannot be won any more, or pending."""
    votes = by_voter(voters, row)
    granted = {name for name, word in votes.items() if word == "y"}
    denied = {name for name, word in votes.items() if word == "n"}
    assert quorum(voters).result(granted, denied).value == expected


def test_a_majority_of_nobody_restricts_nothing() -> None:
    """So that an empty set can be half of a joint one."""
    nobody, somebody = Majority(()), Majority(("1",))
    assert nobody.committed({}) == EVERYTHING
    assert nobody.result((), ()) is VoteResult.Won
    assert Joint(nobody, somebody).committed({"1": 7}) == 7
    assert Joint(somebody, nobody).result((), ()) is VoteResult.Pending


def brute_committed(voters: tuple[str, ...], matches: dict[str, int]) -> int:
    """The largest index that some majority has altogether, tried one by one."""
    ways = list(combinations(voters, len(voters) // 2 + 1))
    return max(index for index in range(22) if any(all(matches.get(name, 0) >= index for name in way) for way in ways))


def brute_result(voters: tuple[str, ...], granted: set[str], denied: set[str]) -> VoteResult:
    """Tried on every majority: all yes somewhere is won; a no in each is lost."""
    ways = list(combinations(voters, len(voters) // 2 + 1))
    if any(all(name in granted for name in way) for way in ways):
        return VoteResult.Won
    return VoteResult.Lost if all(any(name in denied for name in way) for way in ways) else VoteResult.Pending


some_voters = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=9, unique=True).map(
    lambda names: tuple(names)
)


@given(some_voters, some_voters, st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 20)))
def test_committed_is_what_a_brute_search_finds(
    old: tuple[str, ...], new: tuple[str, ...], matches: dict[str, int]
) -> None:
    """Also: joint is the lower of both halves, and no order of voters matters."""
    one, other = brute_committed(old, matches), brute_committed(new, matches)
    assert Majority(old).committed(matches) == one
    assert Majority(tuple(reversed(old))).committed(matches) == one
    assert Joint(Majority(old), Majority(new)).committed(matches) == min(one, other)
    assert committed_index([matches.get(name, 0) for name in old]) == one


@given(some_voters, some_voters, st.dictionaries(st.sampled_from("abcdefghij"), st.booleans()))
def test_results_are_what_a_brute_search_finds(
    old: tuple[str, ...], new: tuple[str, ...], votes: dict[str, bool]
) -> None:
    """A joint election is won in both halves, lost in either."""
    granted = {name for name, yes in votes.items() if yes}
    denied = {name for name, yes in votes.items() if not yes}
    one, other = brute_result(old, granted, denied), brute_result(new, granted, denied)
    assert Majority(old).result(granted, denied) is one
    assert vote_result(len(granted & set(old)), len(denied & set(old)), len(old)) is one
    both = {one, other}
    expected = (
        VoteResult.Lost
        if VoteResult.Lost in both
        else VoteResult.Pending
        if VoteResult.Pending in both
        else VoteResult.Won
    )
    assert Joint(Majority(old), Majority(new)).result(granted, denied) is expected
