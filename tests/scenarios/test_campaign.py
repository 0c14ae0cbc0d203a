"""The long searches: which parts there are, how a place is kept, and what a campaign says and ends with."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backup.record.rules import PRESETS
from scenarios.campaign.parts import PARTS, Finding, LongTests, part_named, parts_named
from scenarios.campaign.place import Judged, Place, fingerprint
from scenarios.campaign.program import is_over, result_of
from scenarios.gallery import StoryError
from scenarios.zoo import all_bugs, planted
from scenarios.zoo.keeper import KEEPERS
from scenarios.zoo.known import SEARCH

NAMES = [part.name for part in PARTS]
CODE = fingerprint()


def campaign(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """What the command says and ends with."""
    one = () if "--processes" in words else ("--processes", "1")
    command = [sys.executable, "-m", "scenarios.campaign", *one, "--place", str(place), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def started(place: Path, *words: str) -> "subprocess.Popen[str]":
    """The command, once it has kept its first unit of `night-3`."""
    command = [sys.executable, "-m", "scenarios.campaign", "night-3", "--processes", "1", "--place", str(place), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    kept = place / "night-3.ndjson"
    while process.poll() is None and not (kept.exists() and kept.read_bytes()):
        time.sleep(0.05)
    return process


# ---- the parts ----


def test_every_keeper_has_its_part() -> None:
    """In each of its sizes; nights and migrations under each preset too."""
    sizes = {f"{name}-{len(names)}" for name, stories in KEEPERS.items() for names in stories if name != SEARCH}
    assert {name.removesuffix("-3") if name == "pantry-3" else name for name in sizes} <= set(NAMES)
    for rules in PRESETS:
        told = [part.name for part in PARTS if getattr(part, "rules", "") == rules]
        assert sum(name.startswith(("night-", "migration-")) for name in told) == 4
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("storm", ["storm-3", "storm-5"]),
        ("storms", ["storm-3", "storm-5"]),
        ("remnant", ["remnant"]),
        ("night-3", ["night-3"]),
        ("zoo remnant", ["zoo", "remnant"]),
        ("crowd-5 crowd", ["crowd-5", "crowd-3"]),
        ("", NAMES),
    ],
)
def test_a_part_is_named_in_full_or_by_its_beginning(words: str, found: list[str]) -> None:
    """Each once, in the order in which they are named."""
    assert [part.name for part in parts_named(tuple(words.split()))] == found


def test_a_keeper_says_what_its_seed_broke() -> None:
    """With the last lines of the timeline, and the command that plays the seed again; without the bug it is held."""
    part = part_named("storm-3")
    with planted("majority-of-half"):
        finding = part.judge("24")

    assert finding is not None
    assert finding.text.startswith("broken: election safety: ")
    assert finding.lines[0].endswith("A B C")
    assert part.again("24") == "python -m scenarios.campaign storm-3 --only 24"
    assert part.judge("24") is None


def test_the_zoo_is_judged_bug_by_bug() -> None:
    """A bug that is not caught within its budget is a finding; one that is caught is none."""
    zoo = part_named("zoo")
    assert zoo.units(1, 5) == tuple(bug.name for bug in all_bugs())
    assert zoo.judge("majority-of-half") is None


def test_a_test_that_fails_is_a_finding() -> None:
    """The line of pytest that names it, and the command that runs it."""
    part = LongTests("tests", "not campaign")
    missing = "tests/scenarios/test_campaign.py::test_that_is_not_there"
    finding = part.judge(missing)

    assert finding is not None
    assert finding.text.startswith("ERROR")
    assert part.again(missing) == f"python -m scenarios.campaign tests --only {missing}"
    assert not part.has(missing)


def test_a_lot_of_tests_is_played_by_its_first() -> None:
    """One that is among those that pytest selects there, with its parameters."""
    part = LongTests("tests", "not campaign")
    first = "tests/scenarios/test_campaign.py::test_a_part_is_named_in_full_or_by_its_beginning[storm-found0]"

    assert part.has(first)
    assert part.judge(first) is None


# ---- the place ----


def test_a_line_that_a_kill_has_torn_is_played_again(tmp_path: Path) -> None:
    """What is whole counts, and the next line does not continue the torn one."""
    place = Place(tmp_path, "storm-3")
    place.keep(Judged("1", 0.5, None, CODE))
    place.keep(Judged("2", 0.5, Finding("broken: it", ("a line",)), CODE))
    with place.path.open("a") as file:
        file.write('{"unit": "3", "secon')

    again = Place(tmp_path, "storm-3")
    assert again.judged == place.judged
    assert again.missing(["1", "2", "3", "4"], CODE) == ["3", "4"]
    again.keep(Judged("3", 0.5, None, CODE))
    assert list(Place(tmp_path, "storm-3").judged) == ["1", "2", "3"]


def test_what_broke_in_other_code_is_played_first(tmp_path: Path) -> None:
    """A finding may be mended since; what held is not played again before the part is at its end."""
    place = Place(tmp_path, "storm-3")
    place.keep(Judged("1", 0.5, None, "older"))
    place.keep(Judged("2", 0.5, Finding("broken: it"), "older"))

    assert place.missing(["1", "2", "3"], CODE) == ["2", "3"]


def test_a_part_that_is_over_begins_anew_when_the_code_changes(tmp_path: Path) -> None:
    """Not one in the middle, nor one with a finding, nor one that this very code has played."""
    part, place = part_named("storm-3"), Place(tmp_path, "storm-3")
    place.keep(Judged("1", 0.5, None, "older"))

    assert is_over(result_of(part, place, ["1"], CODE))
    assert not is_over(result_of(part, place, ["1", "2"], CODE))
    assert not is_over(result_of(part, place, ["1"], "older"))
    place.keep(Judged("1", 0.5, Finding("broken: it"), "older"))
    assert not is_over(result_of(part, place, ["1"], CODE))


def test_a_place_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    """With the remedy."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoryError, match="give another folder by --place"):
        Place(tmp_path / "file", "storm-3")


# ---- a campaign ----


def test_a_campaign_goes_on_where_it_was(tmp_path: Path) -> None:
    """A second sitting plays only what the first did not; each part has its line."""
    first = campaign(tmp_path, "storm-3", "remnant", "--seeds", "2")
    assert first.returncode == 0, first.stdout + first.stderr
    assert [line.split()[:4] for line in first.stdout.splitlines()[1:3]] == [
        ["storm-3", "2", "2", "0"],
        ["remnant", "2", "2", "0"],
    ]
    assert "held: 2 of 2 parts to their end, 4 units, 0 findings" in first.stdout
    before = (tmp_path / "storm-3.ndjson").read_text()

    campaign(tmp_path, "storm-3", "--seeds", "3", "--from", "2")
    after = (tmp_path / "storm-3.ndjson").read_text()
    assert after.startswith(before)
    assert [json.loads(line)["unit"] for line in after[len(before) :].splitlines()] == ["3", "4"]


def test_a_finding_is_kept_and_fails_the_part(tmp_path: Path) -> None:
    """Until it is played again in other code and holds."""
    place = Place(tmp_path, "storm-3")
    place.keep(Judged("1", 0.5, Finding("broken: it"), CODE))
    kept = campaign(tmp_path, "storm-3", "--seeds", "1")
    assert kept.returncode == 1
    assert "broken: storm-3 1: broken: it\n  again: python -m scenarios.campaign storm-3 --only 1" in kept.stdout

    place.keep(Judged("1", 0.5, Finding("broken: it"), "older"))
    assert campaign(tmp_path, "storm-3", "--seeds", "1").returncode == 0


def test_a_campaign_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """What was done before the kill is there, its processes end by themselves, and the next sitting goes on."""
    process = started(tmp_path, "--seeds", "500")
    process.kill()
    process.communicate()  # it ends with the last process that holds the other end: the worker's, too

    kept = Place(tmp_path, "night-3").judged
    assert kept
    assert campaign(tmp_path, "night-3", "--seeds", str(len(kept))).returncode == 0


def test_ctrl_c_ends_a_campaign_with_its_place_kept(tmp_path: Path) -> None:
    """With the line of the part, how to go on, and exit code 130."""
    process = started(tmp_path, "--seeds", "500")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "not played yet" in said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nigt", "there is no part 'nigt'. Did you mean night"),
        ("storm --seeds 0", "--seeds 0 plays nothing: give 1 at least"),
        ("storm --processes 0", "--processes 0 plays nothing: give 1 at least"),
        ("storm --from -1", "--from -1 is no seed: give 0 or more"),
        ("storm --only 3", "name one in full"),
        ("zoo --only fancy", "part zoo has no unit 'fancy'"),
        ("storm --fancy", "--fancy"),
    ],
)
def test_a_wrong_word_is_one_clear_error(words: str, says: str, tmp_path: Path) -> None:
    """Exit code 64, and no traceback."""
    ended = campaign(tmp_path, *words.split())
    assert ended.returncode == 64
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_list_shows_every_part(tmp_path: Path) -> None:
    """And how much of each is kept; nothing is played."""
    Place(tmp_path, "storm-3").keep(Judged("1", 0.5, None, "older"))
    shown = campaign(tmp_path, "--list")
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()[1:]] == NAMES
    assert "storm-3                1  seeds of a keeper, under unkindness (1 before the code changed)" in shown.stdout
