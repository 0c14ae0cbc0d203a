"""The list of mutants that live names what there is, and a mutant is told in one line."""

import ast
from importlib import import_module
from operator import attrgetter

import pytest

from tests.raft.survivors import LIST, difference, listed


def function(code: str) -> ast.FunctionDef:
    """The function that the code defines."""
    [found] = ast.parse(code).body
    assert isinstance(found, ast.FunctionDef)
    return found


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("a = b + 1", "a = b + 2", "a = b + [1 => 2]"),
        ("return a < b and c", "return a <= b and c", "return a [< => <=] b and c"),
        ("f(a, b)", "f(a)", "f ( a [, b => ] )"),
        ("x = 1; return g(1, 2, 3, 4, 5, 6)", "x = 1; return g(1, 2, 3, 4, None, 6)", "3 , 4 , [5 => None] , 6 )"),
    ],
)
def test_a_mutant_is_told_by_what_was_replaced(before: str, after: str, says: str) -> None:
    """With up to four words on either side, so that the line stays the same whatever else is changed."""
    assert difference(function(f"def f(): {before}"), function(f"def f__mutmut_1(): {after}")).rstrip() == says


def test_what_lives_is_listed_with_a_reason_and_exists() -> None:
    """A function that is gone takes its lines with it; a line without a reason is none."""
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]
    assert len(listed(LIST)) == len(lines)
    for line in lines:
        name = line.split("`")[1]
        module, _, path = name.partition(".")
        assert callable(attrgetter(path)(import_module(f"cluster.raft.{module}"))), line
        assert len(line.partition("` - ")[2].split()) > 3, line
