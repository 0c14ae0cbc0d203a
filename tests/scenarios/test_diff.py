"""Two runs beside each other: equal to the last event, or the first that differs and what came of it for backups."""

import json
from pathlib import Path

import pytest

from scenarios.cli import BROKEN, HELD, MISTAKE, UNWRITABLE, main
from scenarios.inspect.differences import NOBODY, compared, lines

DIES = "responsible_node_dies@1"


def test_a_run_is_equal_to_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By whatever name; exit code 0."""
    assert main(["run", "the_crown_passes", "--out", str(tmp_path), "-q"]) == HELD
    capsys.readouterr()

    assert main(["diff", str(tmp_path / "the_crown_passes@1"), "the_crown_passes@1"]) == HELD

    assert capsys.readouterr().out.splitlines()[-1].startswith("equal: ")


def test_the_first_event_that_differs_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With both versions and the fields that differ; exit code 1."""
    assert main(["diff", "storm@6", "storm@6", "--other-bug", "majority-of-half"]) == BROKEN
    said = capsys.readouterr().out
    assert "other  storm@6 --bug majority-of-half  broken: election safety: A and B both lead term 1; 44 events" in said
    assert "the same up to event 37; the first that differs is event 38:\n  one    00:00:00.311  B takes " in said
    assert "  other  00:00:00.305  A leads term 1 (1 vote)" in said
    assert "up to 00:00:00.312, where the shorter run ended:\n  nothing" in said


def test_what_came_of_it_for_backups_is_told() -> None:
    """Under RavenDB's own rules the noon backup is missed, and two nodes make the file of one hour."""
    found, _, _ = compared(DIES, DIES, other_rules="ravendb-6.2")

    told = {(each.subject, each.what): (each.one, each.other) for each in found.backups}
    assert told["counts", "missed"] == ("0", "1")
    assert told["runs", "2024-01-01 12:00:00  task 3 of Shop"] == ("C (full, finished)", NOBODY)
    assert told["two files of one hour", "2024-01-01 13:00:00  task 3 of Shop"] == ("one at most", "on B and C")
    assert told["gaps", "2024-01-01 12:00:00  task 3 of Shop"][0] == "none"


def test_what_only_luck_tells_apart_is_no_difference_of_backups() -> None:
    """Another seed gives other milliseconds: who ran what, and who was responsible when, is the same."""
    found, _, _ = compared("cut_off_owner_backs_up_twice@1", "cut_off_owner_backs_up_twice@2")
    assert found.divergence is not None
    assert found.backups == ()
    assert list(lines(found))[-1] == "  nothing"


def test_only_what_both_runs_lived_is_compared() -> None:
    """What a longer run did after the end of the shorter one is no difference."""
    found, _, _ = compared("storm@6", "no_leader_still_backed_up@1")
    assert found.until == min(found.one.t, found.other.t)
    assert found.backups == ()
    other, _, _ = compared("the_report_arrives_late@1", "cut_off_owner_backs_up_twice@1")
    late = [each for each in other.backups if each.subject == "runs" and each.what > "2024-01-01 05:30"]
    assert late == []


def test_bug_and_rules_hold_for_both(capsys: pytest.CaptureFixture[str]) -> None:
    """Unless the second has its own."""
    assert main(["diff", "storm@6", "storm@6", "--bug", "majority-of-half", "--json"]) == HELD
    found = json.loads(capsys.readouterr().out)
    assert found["divergence"] is None
    assert found["one"]["run"] == found["other"]["run"] == "storm@6 --bug majority-of-half"
    assert main(["diff", DIES, DIES, "--rules", "ravendb-6.2", "--other-rules", "unkindness", "--json"]) == BROKEN
    found = json.loads(capsys.readouterr().out)
    assert (found["one"]["run"], found["other"]["run"]) == (f"{DIES} --rules ravendb-6.2", DIES)


def test_an_error_names_the_option_that_was_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A kept run has its own rules; who gave others for the second run alone is told so."""
    assert main(["run", "the_crown_passes", "--out", str(tmp_path), "-q"]) == HELD
    kept = str(tmp_path / "the_crown_passes@1")
    assert main(["diff", "the_crown_passes", kept, "--other-rules", "ravendb-6.2"]) == MISTAKE
    said = capsys.readouterr().err
    assert said.startswith(f"unkindness: --other-rules ravendb-6.2: {kept} was kept with --rules unkindness")
    assert "leave --other-rules away" in said
    assert main(["diff", "the_crown_passes", kept, "--rules", "ravendb-6.2"]) == MISTAKE
    assert capsys.readouterr().err.startswith("unkindness: --rules ravendb-6.2: ")


def test_an_event_is_no_run_to_compare(capsys: pytest.CaptureFixture[str]) -> None:
    """The remedy is to leave it away."""
    assert main(["diff", "the_crown_passes@1:3", "the_crown_passes@1"]) == MISTAKE
    assert "two whole runs are compared, so leave it away" in capsys.readouterr().err


def test_a_failing_run_is_shown_beside_the_newest_that_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of its story, in its folder; none, none is named. The command that is proposed works."""
    out = ["--out", str(tmp_path), "-q"]
    assert main(["run", "split_vote", *out]) == HELD
    assert main(["run", "storm", "--seed", "6", "--bug", "majority-of-half", *out]) == BROKEN
    assert "beside" not in capsys.readouterr().out
    for seed in ("6", "5"):
        assert main(["run", "storm", "--seed", seed, *out]) == HELD
    capsys.readouterr()

    assert main(["run", "storm", "--seed", "6", "--bug", "majority-of-half", *out]) == BROKEN

    said = capsys.readouterr().out
    assert f"  beside   {tmp_path / 'storm@5'}, which held: the same up to event 1; the first that differs is " in said
    more = next(line for line in said.splitlines() if line.startswith("  more     unkindness diff "))
    assert main(more.split()[2:]) == BROKEN
    assert "with the bug" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "the_crown_passes", "--log", "{}"],
        ["draw", "the_crown_passes", "--to", "1s", "--svg", "{}"],
        ["restore", "nowhere", "--into", "{}"],
        ["bench", "elections", "--trials", "1", "--svg", "{}"],
    ],
)
def test_no_command_overwrites_a_file(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there stays as it is, and nothing is played first."""
    there = tmp_path / "there"
    there.write_text("mine")

    assert main([word.format(there) for word in words]) == MISTAKE

    out, wrong = capsys.readouterr()
    assert out == ""
    assert f"{there} is there already: name a new file" in wrong
    assert there.read_text() == "mine"
    assert main([word.format(tmp_path / "no" / "folder") for word in words]) == MISTAKE
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err


def test_a_command_that_fails_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty one would have to be removed before the next attempt. A device is no file, and may be full."""
    svg = tmp_path / "new.svg"
    assert main(["draw", "the_crown_pases", "--svg", str(svg)]) == MISTAKE
    assert not svg.exists()
    if Path("/dev/full").exists():
        assert main(["draw", "the_crown_passes", "--to", "1s", "--svg", "/dev/full"]) == UNWRITABLE
        assert "--svg /dev/full cannot be written (No space left on device)" in capsys.readouterr().err
        assert Path("/dev/full").exists()
