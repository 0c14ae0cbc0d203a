"""A kept run can be repeated to the last event, and what differs is named."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from cluster.sim.run import Outcome
from scenarios.cli import DIVERGED, HELD, main
from scenarios.gallery import StoryError, load
from scenarios.inspect.result import RunRequest, summary
from scenarios.kept_run import (
    RESULT,
    TRACE,
    Difference,
    Kept,
    PlayedHere,
    ReplayError,
    asked,
    difference,
    difference_lines,
    find,
    first_difference,
    fresh_folder,
    keep,
    perform,
)
from scenarios.provenance import provenance
from scenarios.second_play import SecondPlay, other_hash_seed

STORY = '''"""A leader dies."""

async def story(world):
    world.start("ABC")
    leader = await world.elected()
    world.crash(leader)
    await world.elected(other_than=leader)
'''


@pytest.fixture
def story(tmp_path: Path) -> str:
    """A short story's file."""
    path = tmp_path / "dies.py"
    path.write_text(STORY)
    return str(path)


def played(story: str, tmp_path: Path, seed: int = 3, shuffle: int = 0) -> tuple[RunRequest, Outcome]:
    """The story, played once."""
    loaded = load(story)
    request = asked(loaded, seed, None, None, None)
    return request, perform(loaded, request, tmp_path, shuffle=shuffle)


def kept(story: str, tmp_path: Path) -> tuple[Path, Outcome]:
    """The story, played and kept."""
    request, outcome = played(story, tmp_path)
    folder = fresh_folder(tmp_path / "runs", request)
    loaded = load(story)
    keep(folder, summary(outcome, request, loaded), outcome, loaded)
    return folder, outcome


def test_a_kept_run_is_repeated_to_the_last_event(story: str, tmp_path: Path) -> None:
    """By its folder, by its events, by its result."""
    folder, _ = kept(story, tmp_path)

    for run in (folder, folder / TRACE, folder / RESULT):
        named, seq = find(str(run))
        _, again = played(story, tmp_path)
        assert isinstance(named, Kept)
        assert difference(named, [PlayedHere(again.history)]) == []
        assert seq is None


def test_two_kept_runs_are_the_same_bytes(story: str, tmp_path: Path) -> None:
    """Nothing of the machine is in the events; the folders are fresh."""
    (one, _), (other, _) = kept(story, tmp_path), kept(story, tmp_path)

    assert (one.name, other.name) == ("dies@3", "dies@3-2")
    assert (one / TRACE).read_bytes() == (other / TRACE).read_bytes()
    header, *events = [json.loads(line) for line in (one / TRACE).read_text().splitlines()]
    text = {"story_files": {"dies.py": sha256(STORY.encode()).hexdigest()}}
    assert header == {"story": story, "seed": 3, "rules": "unkindness", "format": 2} | provenance() | text
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    result = json.loads((one / RESULT).read_text())
    assert result["command"] == f"unkindness run {story} --seed 3"
    assert result["events"] == len(events)


def test_a_run_kept_before_steps_were_data_is_repeated(story: str, tmp_path: Path) -> None:
    """Its steps have only their text: they are read as they would be kept now, and what differs is found as ever."""
    folder, outcome = kept(story, tmp_path)
    trace = folder / TRACE
    header, *lines = trace.read_text().splitlines()
    before = [{name: told for name, told in json.loads(line).items() if not name.startswith("step_")} for line in lines]
    old = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in before]
    assert sum(new != line for new, line in zip(lines, old, strict=True)) == 2, "a start and a crash"
    trace.write_text("\n".join([header, *old]) + "\n")
    named, _ = find(str(folder))
    assert difference(named, [PlayedHere(outcome.history)]) == []

    crash = next(at for at, line in enumerate(old) if '"step":"Crash(' in line)
    for text, also in (("Crash(node='Q')", ", step_fields"), ("crash Q", ", step_kind, step_fields")):
        old[crash] = json.dumps(before[crash] | {"step": text}, ensure_ascii=False, separators=(",", ":"))
        trace.write_text("\n".join([header, *old]) + "\n")
        assert difference(named, [PlayedHere(outcome.history)])[-1] == f"  not the same: step{also}"


def test_a_shuffle_of_the_scheduler_changes_nothing(story: str, tmp_path: Path) -> None:
    """STORY@SEED is played twice, shuffled differently, and compared event by event."""
    (request, one), (_, other) = played(story, tmp_path), played(story, tmp_path, shuffle=1)

    assert difference(request, [PlayedHere(one.history), PlayedHere(other.history)]) == []
    _, third = played(story, tmp_path, seed=4)
    assert difference(request, [PlayedHere(one.history), PlayedHere(third.history)])[0].startswith(
        "the first event that differs is "
    )


def test_the_first_event_that_differs_is_named_with_both_versions(story: str, tmp_path: Path) -> None:
    """And the fields in which they differ."""
    folder, outcome = kept(story, tmp_path)
    lines = (folder / TRACE).read_text().splitlines()
    changed = json.loads(lines[12]) | {"node": "Q"}
    (folder / TRACE).write_text("\n".join([*lines[:12], json.dumps(changed), *lines[13:]]) + "\n")
    named, _ = find(str(folder))

    said = difference(named, [PlayedHere(outcome.history)])

    assert said[0] == "the first event that differs is 12:"
    assert '"Q"' in said[1]
    assert said[2].endswith(lines[12])
    assert said[3] == "  not the same: node"


def test_a_run_that_is_shorter_or_damaged_differs() -> None:
    """An end that comes early is a difference, and so is a line that is no JSON."""
    assert first_difference(["a", "b"], ["a", "b"]) is None
    assert first_difference(["a"], ["a", "b"]) == Difference(2, None, "b")
    assert first_difference(["a", "b"], ["a"]) == Difference(2, "b", None)
    assert "the run had ended" in difference_lines(Difference(2, None, "{}"))[1]
    assert (
        difference_lines(Difference(1, "{", "{}"))[-1] == "  the line of the kept run is not JSON: the file was changed"
    )
    assert difference_lines(Difference(1, "{} ", "{}"))[-1] == "  not the same: only the way it is written"


def test_a_digest_alone_is_compared_too(story: str, tmp_path: Path) -> None:
    """A result without its events still proves or refutes."""
    folder, outcome = kept(story, tmp_path)
    (folder / TRACE).unlink()
    assert difference(find(str(folder))[0], [PlayedHere(outcome.history)]) == []

    result = json.loads((folder / RESULT).read_text()) | {"digest": "0" * 32}
    (folder / RESULT).write_text(json.dumps(result))

    assert difference(find(str(folder))[0], [PlayedHere(outcome.history)])[0].startswith(
        "the digest of the kept run is 000"
    )


def test_a_stopped_run_is_repeated_as_far_as_it_came(story: str, tmp_path: Path) -> None:
    """Ctrl-C leaves a beginning; the whole run begins the same."""
    folder, outcome = kept(story, tmp_path)
    header, *lines = (folder / TRACE).read_text().splitlines()
    header = json.dumps(json.loads(header) | {"stopped": True})
    (folder / TRACE).write_text("\n".join([header, *lines[:20]]) + "\n")

    named, _ = find(str(folder / TRACE))

    assert isinstance(named, Kept)
    assert named.stopped
    assert difference(named, [PlayedHere(outcome.history)]) == []


def test_what_is_no_run_is_said(story: str, tmp_path: Path) -> None:
    """Each mistake has its own sentence."""
    (tmp_path / "other.ndjson").write_text("{}\n")
    (tmp_path / "other.json").write_text("[]")
    for run, reason in {
        "nothing": "there is no run 'nothing'",
        f"{tmp_path}/gone@1/trace.ndjson": "there is no run",
        f"{story}@x": "'x' is no seed: give a whole number",
        str(tmp_path / "other.ndjson"): "is no kept run",
        str(tmp_path / "other.json"): "is no kept run",
        str(tmp_path / "runs"): "is no kept run: give a folder kept by --out",
    }.items():
        (tmp_path / "runs").mkdir(exist_ok=True)
        with pytest.raises(ReplayError, match=reason):
            find(run)
    with pytest.raises(StoryError, match="there is no story 'nothing'"):
        find("nothing@1")


def test_an_event_is_named_behind_the_run(story: str, tmp_path: Path) -> None:
    """`STORY@SEED:SEQ` and `FILE:SEQ`."""
    folder, _ = kept(story, tmp_path)

    assert find(f"{story}@-4:12") == (RunRequest(story, -4, "unkindness", own_rules="unkindness"), 12)
    assert find(f"{folder}:7")[1] == 7
    assert find(str(folder))[1] is None


def test_rules_and_bugs_that_are_not_there_are_named(story: str) -> None:
    """With all there are."""
    with pytest.raises(StoryError, match="there are no rules 'x': choose one of unkindness"):
        asked(load(story), None, "x", None, None)
    with pytest.raises(
        StoryError, match=r"there is no bug 'majority-of-halv' in the zoo\. Did you mean majority-of-half"
    ):
        asked(load(story), None, None, None, "majority-of-halv")


def test_the_command_says_only_what_is_needed() -> None:
    """Rules that are the story's own are left out; what a shell would split is quoted."""
    assert RunRequest("a", 1, "r", own_rules="r").command() == "unkindness run a --seed 1"
    request = RunRequest("a b.py", 1, "s", data="d e", bug="x", own_rules="r")
    assert request.command() == "unkindness run 'a b.py' --seed 1 --rules s --data 'd e' --bug x"


def test_a_data_file_that_has_changed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run diverges because of it, and not of the program; with the file put back it is identical."""
    data = tmp_path / "orders.ndjson"
    data.write_text('{"id": "orders/1", "total": 1}\n')
    assert main(["run", "the_report_arrives_late", "--data", str(data), "--out", str(tmp_path), "-q"]) == HELD
    kept = str(tmp_path / "the_report_arrives_late@1" / RESULT)
    assert main(["replay", kept]) == HELD

    data.write_text('{"id": "orders/1", "total": 2}\n')
    capsys.readouterr()
    assert main(["replay", kept]) == DIVERGED
    assert f"{data} is not the data file {kept} was kept with" in capsys.readouterr().err

    data.write_text('{"id": "orders/1", "total": 1}\n')
    assert main(["replay", kept]) == HELD


THROUGH_A_SET = '''"""Nodes die in the order of a set of their names."""
import trio

async def story(world):
    world.start("ABCDE")
    await world.elected()
    for name in set("ABC"):
        world.crash(name)
        world.restart(name)
        await trio.sleep(1)
'''


def test_a_story_that_walks_through_a_set_diverges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name and from what was kept: the order of a set is that of one process."""
    path = tmp_path / "through.py"
    path.write_text(THROUGH_A_SET)
    assert main(["replay", f"{path}@1"]) == DIVERGED
    assert "the first event that differs is" in capsys.readouterr().out
    assert main(["run", str(path), "--out", str(tmp_path), "-q"]) == HELD
    assert main(["replay", str(tmp_path / "through@1")]) == DIVERGED

    path.write_text(THROUGH_A_SET.replace('set("ABC")', 'sorted(set("ABC"))'))
    assert main(["replay", f"{path}@1"]) == HELD


@pytest.mark.parametrize("name", ["ABC", "ABCDE"])
def test_sets_of_names_are_in_another_order_elsewhere(name: str) -> None:
    """Else a story that walks through one might be told the same by chance."""
    command = [sys.executable, "-c", f"print(*set({name!r}), sep='')"]
    environment = {**os.environ, "PYTHONHASHSEED": other_hash_seed()}
    said = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout.strip()
    assert sorted(said) == sorted(name)
    assert said != "".join(set(name))


def test_a_second_play_that_fails_is_told(tmp_path: Path) -> None:
    """With the last words of its process."""
    request = RunRequest(str(tmp_path / "gone.py"), 1, "unkindness")
    with SecondPlay(request) as second, pytest.raises(ReplayError, match="in a process of its own, ended with"):
        second.wait()
