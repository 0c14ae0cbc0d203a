"""Luck by name: pinned for ever, independent of everybody else's, and fair."""

from collections import Counter
from itertools import pairwise

import pytest

from cluster.sim.dice import Dice, gap, luck, seed_of
from cluster.time_units import FOREVER


def test_the_draws_of_a_stream_are_pinned() -> None:
    """The same on every Python: a recorded history must keep its luck."""
    dice = Dice(1, ("host", "C"))
    assert [dice.random() for _ in range(3)] == [0.8780307282928412, 0.34005518023068493, 0.61306119120466]
    assert [dice.below(10) for _ in range(8)] == [0, 8, 2, 1, 6, 9, 6, 5]
    assert dice.below(1) == 0
    assert dice.below(1 << 70) == 95227589168097762104


def test_draws_by_number_are_pinned() -> None:
    """`seed_of`, `luck` and `gap` too."""
    seed = seed_of(7, "link", "A>B")
    assert seed == 6646674130771500680
    assert luck(seed, 0, 0, 0) == 0.15080903902505605
    assert luck(seed, 1, 2, 3) == 0.6465020295261764
    assert luck(seed, 3, 2, 1) == 0.6420162094796334
    assert [gap(seed, 0.1, k) for k in range(8)] == [2, 10, 1, 1, 12, 11, 7, 6]


def test_names_are_never_confused() -> None:
    """Where one part ends and the next begins matters; an int is its text; a bare string is a name of one part."""
    names: list[tuple[object, ...]] = [
        (),
        ("",),
        ("", ""),
        ("ab", "c"),
        ("a", "bc"),
        ("abc",),
        ("a", "b", "c"),
        ("1:a",),
        (1, "a"),
    ]
    assert len({seed_of(1, *name) for name in names}) == len(names)
    assert seed_of(1, "1", "a") != seed_of(11, "a")
    assert seed_of(1, 5) == seed_of(1, "5")
    assert Dice(1, "abc").random() == Dice(1, ("abc",)).random()


def test_a_name_that_may_read_differently_in_another_run_is_refused() -> None:
    """The text of an object may hold its address."""
    with pytest.raises(TypeError, match="use strings and ints"):
        Dice(1, ("host", object()))


def test_one_stream_depends_on_no_other() -> None:
    """What is drawn from one leaves the other alone, and no two names share draws."""
    alone = [Dice(1, "a").random() for _ in range(1)]
    a, b = Dice(1, "a"), Dice(1, "b")
    drawn_b = [b.random() for _ in range(100)]
    assert [a.random()] == alone
    assert not {a.random() for _ in range(100)} & set(drawn_b)
    assert Dice(2, "a").random() != alone[0]


def test_below_is_even_and_refuses_an_empty_range() -> None:
    """Each of seven numbers comes about as often as the others: chi-square below 22.5 (one in a thousand)."""
    dice = Dice(3, "seven")
    counted = Counter(dice.below(7) for _ in range(7_000))
    assert sorted(counted) == list(range(7))
    assert sum((count - 1000) ** 2 / 1000 for count in counted.values()) < 22.5
    with pytest.raises(ValueError, match=r"nothing lies in \[0, 0\): ask for a limit of at least 1"):
        dice.below(0)


@pytest.mark.parametrize("varied", [0, 1, 2])
def test_luck_by_number_is_even_along_each_of_its_numbers(varied: int) -> None:
    """10,000 neighbours: 20 bins about even (chi-square below 43.8, one in a thousand), and neighbours unrelated."""
    numbers = [5, 6, 7]
    draws = []
    for number in range(10_000):
        numbers[varied] = number
        draws.append(luck(99, *numbers))
    assert all(0 <= draw < 1 for draw in draws)
    counted = Counter(int(draw * 20) for draw in draws)
    assert sum((counted[each] - 500) ** 2 / 500 for each in range(20)) < 43.8
    products = [(one - 0.5) * (other - 0.5) for one, other in pairwise(draws)]
    assert abs(sum(products) / len(products)) < 0.003
    assert len(set(draws)) == len(draws)


def test_gaps_lose_as_often_as_the_chance_says() -> None:
    """The mean gap is 1/chance, the share of gaps of 1 is the chance itself; never and always are gaps as well."""
    gaps = [gap(seed_of(5, "loss"), 0.05, k) for k in range(20_000)]
    assert min(gaps) == 1
    assert 19.4 < sum(gaps) / len(gaps) < 20.6
    assert 0.046 < gaps.count(1) / len(gaps) < 0.054
    assert gap(1, 0, 3) == FOREVER
    assert gap(1, 1, 3) == 1
    assert gap(1, 1e-300, 3) == FOREVER
