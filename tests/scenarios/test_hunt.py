"""A hunt: which seeds it plays, what it finds, how it says so, and what it survives."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, closing
from pathlib import Path
from xml.etree import ElementTree

import attrs
import pytest

from cluster import steps
from scenarios.backups import AmazonS3, Encryption, EncryptionMode, Key
from scenarios.cli import BROKEN, HELD, INCONCLUSIVE, MISTAKE, main
from scenarios.gallery import StoryError, load
from scenarios.hunt.engine import DIED, results
from scenarios.hunt.hunting import Hunt
from scenarios.hunt.machines import Here, machines
from scenarios.hunt.played_seed import PlayedSeed, play_seed
from scenarios.hunt.report import report_of
from scenarios.hunt.seeds import Seeds, seeds_of, wall_seconds_of
from scenarios.hunt.story_text import Source
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import asked

BUGGY = ("storm", "--bug", "majority-of-half")
FAILING = '''"""Fails on every third seed."""

import trio


async def story(world):
    world.start("ABC")
    await trio.sleep(1)
    world.crash("A")
    assert world.seed % 3, "a third of the seeds fail"
'''
DEADLY = '''"""Kills its process on one seed."""

import os
import signal

import trio


async def story(world):
    world.start("ABC")
    await trio.sleep(1)
    if world.seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's, in which the command is typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def request_of(story: str, bug: str | None = None) -> RunRequest:
    """The request for that story."""
    return asked(load(story), None, None, None, bug)


# ---- what was typed ----


@pytest.mark.parametrize(
    ("said", "seeds"),
    [("7", Seeds(1, 7)), ("3:5", Seeds(3, 5)), ("0:0", Seeds(0, 0)), ("-2:1", Seeds(-2, 1)), (None, Seeds(1, 1_000))],
)
def test_both_ends_of_the_seeds_are_played(said: str | None, seeds: Seeds) -> None:
    """`A:B` includes both; `N` is 1:N; a thousand if nothing is said."""
    assert seeds_of(said, is_timed=False) == seeds
    assert len(list(seeds.all())) == seeds.number()


def test_a_time_alone_has_no_last_seed() -> None:
    """As many as there is time for."""
    assert seeds_of(None, is_timed=True) == Seeds(1, None)
    assert [wall_seconds_of(each) for each in ("90", "90s", "5m", "1.5h", None)] == [90, 90, 300, 5_400, None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("storm", "--seeds", "5:1"), "the first is after the last, so say 1:5"),
        (("storm", "--seeds", "0"), "--seeds '0' names no seeds: give how many"),
        (("storm", "--seeds", "1" * 5_000), "--seeds '111111111111111111111111111111' names no seeds"),
        (("storm", "--seeds", "a:b"), "--seeds 'a:b' names no seeds"),
        (("storm", "--time", "soon"), "--time 'soon' is no time: give seconds, minutes or hours"),
        (("storm", "--time", "0s"), "--time '0s' is no time"),
        (("storm", "--jobs", "0"), "--jobs 0 plays nothing: give 1 at least"),
        (("storms",), "there is no story 'storms'. Did you mean storm"),
        (("storm", "--bug", "no-such-bug"), "no-such-bug"),
        (("storm", "--rules", "ravendb"), "ravendb"),
        (("storm", "--on", "localhost"), "--on localhost is no scheduler: give dask://HOST:PORT"),
        (("storm", "--on", "dask://h:1", "--jobs", "2"), "leave one of the two away"),
        (("storm", "--junit", "."), "--junit . is there already"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: tuple[str, ...], said: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the value and the remedy, and exit code 64."""
    assert main(["hunt", *words]) == MISTAKE
    assert said in capsys.readouterr().err


def test_a_story_that_cannot_be_played_is_told_at_once(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From its first seed, before any process is started."""
    Path("wrong.py").write_text('async def story(world):\n    world.start("ABC")\n    world.crash("Q")\n')

    assert main(["hunt", "wrong.py", "--seeds", "5"]) == MISTAKE
    assert "there is no node 'Q'" in capsys.readouterr().err


# ---- what is found ----


def test_findings_are_grouped_by_cause(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise and place; each with its seeds, the command of the shortest one, and the smallest story that breaks the same."""
    assert main(["hunt", *BUGGY, "--seeds", "12", "--jobs", "1", "--json"]) == BROKEN
    told = json.loads(capsys.readouterr().out)

    assert (told["seeds"], told["unplayed"]) == (12, 0)
    assert {each["promise"] for each in told["findings"]} >= {"election safety", "durability"}
    seeds = [seed for each in told["findings"] for seed in each["seeds"]]
    assert len(set(seeds)) == len(seeds) == 12 - told["held"]
    first = next(each for each in told["findings"] if each["promise"] == "election safety")
    assert first["place"].startswith("cluster.checks.")
    assert first["steps"] <= 3
    assert first["kept"] == ""
    assert first["command"] == f"unkindness run {first['run'].replace('@', ' --seed ')} --bug majority-of-half"
    assert main(first["command"].split()[1:]) == BROKEN


def test_a_report_is_the_same_for_any_number_of_workers() -> None:
    """And for any order in which the seeds are done."""
    request = request_of("storm", "majority-of-half")
    reports = []
    for workers in (1, 3):
        fields = Hunt(request, Seeds(1, 24), None, Here(workers)).run().report.fields()
        reports.append({name: each for name, each in fields.items() if "seconds" not in name and name != "rate"})
    loaded = load("storm")
    played = [play_seed(loaded, attrs.evolve(request, seed=seed)) for seed in range(24, 0, -1)]

    assert reports[0] == reports[1]
    assert report_of(played, request, 1.0, 24).fields()["seeds"] == reports[0]["seeds"]
    assert [each.seeds for each in report_of(played, request, 1.0, 24).findings] == [
        each["seeds"] for each in reports[0]["findings"]
    ]


def test_nothing_is_found_in_the_clean_product(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and nothing is written."""
    assert main(["hunt", "storm", "--seeds", "8", "--jobs", "1"]) == HELD
    assert "8 seeds of storm played: none broke a promise" in capsys.readouterr().out
    assert list(elsewhere.iterdir()) == []


def test_a_finding_is_kept_and_played_first(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is known the next time, and still counts; once it is mended or taken away, it is forgotten."""
    Path("third.py").write_text(FAILING)
    assert main(["hunt", "third.py", "--seeds", "4", "--jobs", "1"]) == BROKEN
    (kept,) = Path("unkindness-regressions").glob("third_*/the_story_s_own_assertion_*_3.py")
    said = capsys.readouterr().out
    assert f"kept in  {kept}" in said
    assert "note     not made smaller: " in said
    assert main(["run", str(kept), "-q"]) == BROKEN
    other = elsewhere / "other"
    other.mkdir()
    with chdir(other):
        assert main(["run", f"../{kept}", "-q"]) == BROKEN
    capsys.readouterr()
    assert main(["hunt", "third.py", "--seeds", "1:2", "--jobs", "1", "--json"]) == BROKEN
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["known"], finding["kept"], finding["seeds"]) == (True, str(kept), [3])
    kept.unlink()
    assert main(["hunt", "third.py", "--seeds", "1:2", "--jobs", "1"]) == HELD


def test_junit_has_a_case_for_each_cause(elsewhere: Path) -> None:
    """With its seeds as a property; what held is a case too."""
    assert main(["hunt", *BUGGY, "--seeds", "3", "--jobs", "1", "--junit", "found.xml"]) == BROKEN
    suite = ElementTree.parse("found.xml").getroot()[0]
    cases = suite.findall("testcase")

    assert int(suite.attrib["tests"]) == len(cases)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) == len(cases) - 1
    assert all(each.attrib["value"] for each in suite.findall("testcase/properties/property"))


def test_time_ends_a_hunt(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the last seed that was asked for: inconclusive, with how many are left."""
    assert main(["hunt", "storm", "--seeds", "100000", "--time", "0.1s", "--jobs", "1"]) == INCONCLUSIVE
    assert "of those asked for were not played" in capsys.readouterr().out


# ---- what it survives ----


def test_a_process_that_dies_takes_nothing_with_it(tmp_path: Path) -> None:
    """Every other seed has its result; the one that kills is named."""
    story = tmp_path / "deadly.py"
    story.write_text(DEADLY)
    played = {each.seed: each.verdict for each in results(Here(2), request_of(str(story)), range(1, 9))}

    assert played == {seed: DIED if seed == 3 else "held" for seed in range(1, 9)}


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    """The report of what was played is printed, and the exit code is 130."""
    words = [sys.executable, "-m", "scenarios", "hunt", *BUGGY, "--time", "60s", "--jobs", "1", "--json"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(root)}
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert json.loads(said)["seeds"] >= 1


def test_machines_are_as_many_as_asked_for() -> None:
    """Or one for each processor."""
    assert machines(3, None).workers == 3
    assert machines(None, None).workers == (os.cpu_count() or 1)


def test_a_seed_is_a_small_value() -> None:
    """What comes back from a worker has no history."""
    (played,) = results(Here(1), request_of("storm"), [5])
    assert isinstance(played, PlayedSeed)
    assert (played.seed, played.verdict, played.breaks) == (5, "held", ())


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("scenarios.hunt.machines.PATIENCE", 1)
    with pytest.raises(StoryError, match=r"dask://127\.0\.0\.1:9: no scheduler answers there"):
        machines(None, "dask://127.0.0.1:9")


def test_a_hunt_goes_on_when_a_worker_of_dask_is_killed() -> None:
    """Two workers on loopback, one of which dies: each seed has its result all the same."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        closing(machines(None, f"dask://{cluster.scheduler_address.removeprefix('tcp://')}")) as on_dask,
    ):
        assert on_dask.workers == 2
        played = results(on_dask, request_of("storm", "majority-of-half"), range(1, 41))
        first = next(played)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        seeds = [first.seed, *(each.seed for each in played)]

    assert sorted(seeds) == list(range(1, 41))


LOUD = '''"""Says what no terminal and no XML may be handed."""


async def story(world):
    world.start("ABC")
    assert False, "\\x1b[31mred\\x00 \\ud800"
'''


def test_what_commands_a_terminal_is_shown_as_code(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the screen and in the XML."""
    Path("loud.py").write_text(LOUD)
    assert main(["hunt", "loud.py", "--seeds", "2", "--jobs", "1", "--junit", "found.xml"]) == BROKEN

    assert "\x1b" not in capsys.readouterr().out
    assert ElementTree.parse("found.xml").getroot()[0].attrib["failures"] == "1"


def test_what_cannot_be_kept_or_played_loses_no_finding(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be made, and a kept file that is no story any more, are told; the report is whole."""
    Path("third.py").write_text(FAILING)
    Path("unkindness-regressions").write_text("a file")
    assert main(["hunt", "third.py", "--seeds", "4", "--jobs", "1"]) == BROKEN
    assert "so that the finding is not kept" in capsys.readouterr().out

    Path("unkindness-regressions").unlink()
    assert main(["hunt", "third.py", "--seeds", "4", "--jobs", "1"]) == BROKEN
    (kept,) = Path("unkindness-regressions").rglob("*.py")
    kept.write_text("this is no Python")
    capsys.readouterr()
    assert main(["hunt", "third.py", "--seeds", "4", "--jobs", "1", "--json"]) == BROKEN
    told = json.loads(capsys.readouterr().out)
    assert [each["kept"] for each in told["others"]] == [str(kept)]
    assert kept.read_text() == "this is no Python"
    assert len(list(kept.parent.glob("*.py"))) == 2


def test_a_key_stands_in_no_kept_story() -> None:
    """A step that holds one cannot be written."""
    source = Source()
    source.of(steps.Ask("A", Encryption(EncryptionMode.USE_PROVIDED_KEY, Key(b"k" * 32))))
    assert source.hides

    source = Source()
    source.of(AmazonS3("bucket", access_key="AK", secret_key="sssssssssss", region="eu-west-1"))
    assert source.hides

    source = Source()
    source.of(AmazonS3("bucket"))
    assert not source.hides
