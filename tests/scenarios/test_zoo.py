"""The table of known bugs cannot rot, and the command that shows one says what it is, where it strikes and how to repeat it."""

import json
import re
from pathlib import Path

import pytest

from scenarios import cli
from scenarios.cli import main
from scenarios.gallery import load
from scenarios.zoo import all_bugs, bug_named, command
from scenarios.zoo.keeper import KEEPERS, CaughtBug, Proof, prove, shortest, striking, struck
from scenarios.zoo.known import BOUNDS, BUDGETS, SEARCH, SHORTEST, budget, tries
from scenarios.zoo.rows import Row, rows, rows_of

README = Path(cli.__file__).parents[1] / "zoo" / "README.md"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_a_row_is_planted_or_says_why_not(row: Row) -> None:
    """By residents that there are and whose source names the row; what is missing has a reason."""
    assert row.planted or row.because
    assert row.says.endswith(".")
    for name in row.planted:
        assert row.number in rows_of(name).split()
        strikes = bug_named(name).strikes
        assert strikes in KEEPERS or load(strikes).name == strikes
    if row.because:
        assert row.because.endswith(".")


def test_a_source_that_names_a_row_is_in_the_table() -> None:
    """Whoever writes `zoo C4` into a source means the row C4."""
    for bug in all_bugs():
        for number in re.findall(r"zoo ([A-Z]\d+p?)\b", bug.source):
            assert number in rows_of(bug.name).split(), bug.name


def test_the_readme_is_the_table() -> None:
    """Every line of its table is a row, no number stands twice, and the count of bugs is today's."""
    text = README.read_text(encoding="utf-8")
    table = text.partition("| row | what is wrong | planted by |\n|---|---|---|\n")[2].splitlines()
    assert len(rows()) == len({row.number for row in rows()}) == sum(line.startswith("| ") for line in table) > 60
    assert f"{len(all_bugs())} bugs" in text


def test_what_is_known_is_known_of_a_resident() -> None:
    """No seed, budget or bound is kept for a bug that is gone."""
    names = {bug.name for bug in all_bugs()}
    assert {*SHORTEST, *BOUNDS, *BUDGETS} <= names
    assert set(BOUNDS) == {bug.name for bug in all_bugs() if bug.strikes == SEARCH}
    for bug in all_bugs():
        if bug.strikes != SEARCH:
            sizes = tuple(size for size, _, _ in striking(bug.strikes))
            runs = list(tries(bug, sizes))
            assert len(runs) == len(set(runs)) == budget(bug) * len(sizes)


# ---- the command ----


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each below the heading; as JSON too; `list --bugs` is the same."""
    assert main(["zoo"]) == cli.HELD
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(all_bugs())
    assert re.search(
        r"^C4 +commits-what-nobody-verified +state machine safety +storm +A follower commits", "\n".join(lines), re.M
    )
    assert main(["list", "--bugs"]) == cli.HELD
    assert capsys.readouterr().out.splitlines() == lines
    assert main(["zoo", "--json"]) == cli.HELD
    said = {each["bug"]: each for each in json.loads(capsys.readouterr().out)}
    assert said["grant-of-another-term"]["rows"] == ["E1"]
    assert said["decides-alone"]["rows"] == []


@pytest.mark.parametrize(
    "name", ["majority-of-half", "match-survives-a-reign", "grant-of-another-term", "offers_the_same_again"]
)
def test_one_is_shown_at_work(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, its source, its promise, a timeline, and a command that shows the same again. Exit code 1."""
    assert main(["zoo", name]) == cli.BROKEN
    said = capsys.readouterr().out
    bug = bug_named(name)
    assert said.startswith(f"{bug.name}: {bug.says}.\n  source   {bug.source}\n  breaks   {bug.breaks}\n")
    assert f"\nbroken: {bug.breaks}: " in said
    again = said.splitlines()[-1].removeprefix("  again    unkindness ")
    assert main(again.split()) == cli.BROKEN
    assert bug.breaks in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["zoo", "majority-of-hlf"], "there is no bug 'majority-of-hlf' in the zoo. Did you mean majority-of-half"),
        (["zoo", "--seed", "3"], "--seed and --shorten need a bug to show"),
        (["zoo", "--processes", "2"], "--processes 2 belongs to `unkindness zoo --prove`"),
        (["zoo", "--prove", "--processes", "0"], "--processes 0 belongs to"),
        (["zoo", "--prove", "majority-of-half", "--seed", "3"], "--seed 3 shows one run, and a proof tries many"),
        (["zoo", "majority-of-half", "--shorten", "0"], "--shorten 0 tries nothing: give it 1 seed at least"),
        (["zoo", "majority-of-half", "--shorten", "3", "--seed", "3"], "--shorten 3 tries many seeds by itself"),
        (["zoo", "grant-of-another-term", "--shorten", "3"], "--shorten 3 means nothing to grant-of-another-term"),
        (["zoo", "grant-of-another-term", "--seed", "3"], "--seed 3 means nothing to grant-of-another-term"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the value and the remedy; exit code 64."""
    assert main(words) == cli.MISTAKE
    wrong = capsys.readouterr().err
    assert wrong.startswith(f"unkindness: {text}")
    assert wrong.count("\n") == 1


def test_a_seed_that_does_not_show_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: nothing was broken."""
    assert main(["zoo", "the-longer-log-may-lead", "--seed", "1"]) == cli.HELD
    assert "did not break leader completeness at seed 1" in capsys.readouterr().out


def test_the_proof_says_how_many_runs_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    """And that nothing breaks in them without the bug."""
    assert main(["zoo", "majority-of-half", "--prove", "--processes", "1"]) == cli.HELD
    said = capsys.readouterr().out.splitlines()
    assert re.match(r"majority-of-half +storm on ABC, seed 24 +1/120 ", said[1])
    assert said[3].startswith("1 of 1 bugs caught by the promise they break")


def test_a_bug_that_escapes_and_a_core_that_breaks_are_told() -> None:
    """A proof that cannot fail would be none."""
    bug = bug_named("vote-given-twice")
    escaped = prove(bug, [("ABC", 1)])
    assert escaped.strike is None
    assert not command.is_caught(escaped)
    assert "ESCAPED: one vote a term held" in command.proof_line(escaped)
    strike = CaughtBug("ABC", 1, bug.breaks, "", 9)
    broken = Proof(bug.name, strike, 1, 9, (), "seed 1 on ABC: true match", 0.1)
    assert not command.is_caught(broken)
    assert "NO BUG NEEDED" in command.proof_line(broken)


def test_the_shortest_of_some_seeds_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """And no run among them breaks the promise sooner."""
    bug = bug_named("leader-cuts-its-tail")
    found = shortest(bug, range(1, 4))
    assert found is not None
    events = [struck(bug, names, seed)[1] for seed in range(1, 4) for names in ("ABC", "ABCDE")]
    assert found.events == min(
        strike.events for strike in events if strike is not None and strike.promise == bug.breaks
    )
    assert main(["zoo", bug.name, "--shorten", "3"]) == cli.BROKEN
    assert f"seed {found.seed}, event {found.events}" in capsys.readouterr().out
