"""The table of the rules in backup/record/RULES.md is true: every rule in one row, and what a row names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import attrs
import pytest

from backup.record.rules import Rules

ROOT = Path(__file__).parents[2]
COUNTS = "1:8 3:39 4:3 5:16 6:9 7:15 8:14 9:17 10:9 11:8 12:4 13:5 14:8 15:6 16:9 17:12 18:7 19:5 20:5 22:21 23:14 24:8"
"""How many numbered rules each section of the reference has."""
PROSE = ("0", "2", "12", "21", "25")
"""Sections, or tables in them, that are told without numbers."""
LATER = tuple(f"26.{number}" for number in range(1, 10))
"""Rules that were found later, of section 26, as far as they are told of here."""
WORDS = ("done", "different", "left out")

Row = tuple[str, str, str, str]


def rows(text: str) -> list[Row]:
    """The rows of the table of the page `Rule by rule`: rules, subject, what it is, where or why."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    found = []
    for line in lines:
        rules, of, word, where = (cell.strip() for cell in line.strip("|").split("|"))
        found.append((rules, of, word, where))
    return found


def named_rules(cell: str) -> list[str]:
    """`7.1-7.4, 7.9` is five rules."""
    found = []
    for part in cell.split(", "):
        first, _, last = part.partition("-")
        if not last:
            found.append(first)
            continue
        section, start = first.split(".")
        assert last.split(".")[0] == section, f"{part} runs over sections"
        found += [f"{section}.{number}" for number in range(int(start), int(last.split(".")[1]) + 1)]
    return found


@cache
def functions_of(path: Path) -> frozenset[str]:
    """The names of the test functions of a file."""
    return frozenset(each.name for each in ast.parse(path.read_bytes()).body if isinstance(each, ast.FunctionDef))


def names(where: str) -> list[str]:
    """What a cell names, in backticks."""
    return re.findall(r"`([^`]+)`", where)


def place(name: str) -> Path:
    """The file that a name in backticks means: a test, a story, a file of this package or of the repository."""
    file = name.partition("::")[0]
    if re.search(r"(^|/)test_\w+\.py$", file):
        return ROOT / "tests" / file
    if file.startswith("stories/"):
        return ROOT / "scenarios" / file
    return ROOT / file if file.startswith(("cluster/", "scenarios/")) else ROOT / "backup" / file


def wrong(row: Row) -> list[str]:
    """What is not so in a row; [] if it is in order."""
    rules, _, word, where = row
    fields = [name.removeprefix("Rules.") for name in names(where) if name.startswith("Rules.")]
    files = [name for name in names(where) if ".py" in name]
    tests = [name for name in files if place(name).is_relative_to(ROOT / "tests")]
    found = [f"{rules}: there is no field {each} of Rules" for each in fields if not hasattr(Rules(), each)]
    for name in files:
        test = name.partition("::")[2]
        if not place(name).is_file():
            found.append(f"{rules}: there is no {name}")
        elif test and test not in functions_of(place(name)):
            found.append(f"{rules}: {name.partition('::')[0]} has no {test}")
    if word not in WORDS:
        found.append(f"{rules}: {word!r} is none of {', '.join(WORDS)}")
    if word == "done" and not (tests and len(files) > len(tests)):
        found.append(f"{rules}: what is done names its code and its test")
    if word == "different" and not (fields or tests):
        found.append(f"{rules}: what is different names a field of Rules, or a test")
    if word == "left out" and len(re.sub(r"`[^`]*`", "", where).split()) < 5:
        found.append(f"{rules}: {word} is no reason")
    return found


TABLE = rows((ROOT / "backup" / "record" / "RULES.md").read_text(encoding="utf-8"))


def test_every_rule_is_in_one_row() -> None:
    """None is left out, none is told of twice, none is made up."""
    counts = [each.split(":") for each in COUNTS.split()]
    told = [rule for row in TABLE for rule in named_rules(row[0])]
    expected = [f"{section}.{number}" for section, count in counts for number in range(1, int(count) + 1)]

    assert sorted(told) == sorted([*expected, *PROSE, *LATER])


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_what_a_row_names_is_there(row: Row) -> None:
    """Files, tests in them, fields of `Rules`; and a reason where nothing is."""
    assert wrong(row) == []


def test_every_field_of_the_rules_is_in_the_table() -> None:
    """A way in which generations differ belongs to a rule."""
    told = {name.removeprefix("Rules.") for row in TABLE for name in names(row[3]) if name.startswith("Rules.")}

    assert {field.name for field in attrs.fields(Rules)} <= told


@pytest.mark.parametrize(
    "row",
    [
        ("1.1", "", "done", "`nowhere.py`, `backup/test_rules.py`"),
        ("1.1", "", "done", "`rules.py`, `backup/test_rules.py::test_of_nothing`"),
        ("1.1", "", "done", "`rules.py`"),
        ("1.1", "", "different", "because it is nicer"),
        ("1.1", "", "different", "`Rules.colour`"),
        ("1.1", "", "left out", "`rules.py`"),
        ("1.1", "", "perhaps", "`rules.py`, `backup/test_rules.py`"),
    ],
)
def test_a_row_that_is_not_so_is_found(row: Row) -> None:
    """Each kind of untruth."""
    assert wrong(row)


def test_ranges_are_read() -> None:
    """The shape of the first cell."""
    assert named_rules("7.1-7.3, 7.9") == ["7.1", "7.2", "7.3", "7.9"]
    assert rows("\n## Rule by rule\n| a |\n|---|\n| 1.1 | b | done | `c.py` |\n") == [("1.1", "b", "done", "`c.py`")]
