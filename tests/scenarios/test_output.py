"""Where output cannot go: a full disk, a name that is taken, a process that is ended. Nothing half stands under its final name."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from scenarios.cli import MISTAKE, UNWRITABLE, main
from scenarios.cli.base import NO_LINKS, TERMINATED, new_file
from scenarios.gallery import StoryError
from scenarios.output_errors import OutputError

ROOT = Path(__file__).parents[2]
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
SMALL_FILES = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000)); "
CALL = "from scenarios.cli import main; sys.exit(main(sys.argv[1:]))"


def command(*words: str, before: str = "", out: Any = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    code = f"import sys; {before}{CALL}"
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True, check=False
    )


@needs_full
@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "--bugs"],
        ["--help"],
        ["run", "split_vote"],
        ["run", "split_vote", "-q"],
        ["explain", "split_vote@1:10"],
    ],
)
def test_standard_output_that_is_full_has_a_code_of_its_own(words: list[str]) -> None:
    """It is neither a mistake of the user's nor one of ours."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = command(*words, out=full)
    assert done.returncode == UNWRITABLE
    assert done.stderr.startswith("unkindness: the output cannot be written (No space left on device): free some space")
    assert len(done.stderr.splitlines()) == 1


@needs_full
def test_a_device_is_written_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """It has nothing to lose, and nothing is put beside it."""
    assert main(["draw", "the_crown_passes", "--to", "1s", "--svg", "/dev/full"]) == UNWRITABLE
    assert "--svg /dev/full cannot be written (No space left on device)" in capsys.readouterr().err
    assert main(["draw", "the_crown_passes", "--to", "1s", "--svg", "/dev/null"]) == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["run", "the_crown_passes", "-q", "--log", "{}/x"], "--log {}/x"),
        (["run", "the_crown_passes", "-q", "--html", "{}/x"], "--html {}/x"),
        (["export", "the_crown_passes", "--as", "ndjson", "--to", "{}/x"], "--to {}/x"),
        (["run", "the_crown_passes", "-q", "--out", "{}"], "--out {}/the_crown_passes@1"),
        (
            ["run", "no_leader_still_backed_up", "-q", "--out", "{}"],
            "a backup file in {}/no_leader_still_backed_up@1/backups",
        ),
    ],
)
def test_a_disk_that_fills_leaves_nothing_half(words: list[str], what: str, tmp_path: Path) -> None:
    """No file that looks whole, no verdict that is about the machine."""
    done = command(*[word.format(tmp_path) for word in words], before=SMALL_FILES)
    assert done.returncode == UNWRITABLE, done.stderr
    assert f"unkindness: {what.format(tmp_path)} cannot be written (File too large)" in done.stderr
    assert "mistake of unkindness" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "backups" not in path.parts]


def test_a_new_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    """Until then it stands beside it under another; an error takes that away."""
    path = tmp_path / "friday.jsonl"
    with pytest.raises(ZeroDivisionError), new_file("--into", path) as file:
        print("half", file=file)
        assert not path.exists()
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    with new_file("--into", path) as file:
        print("whole", file=file)
    assert path.read_text() == "whole\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Somebody else's file of that name stays, and so does one that was there before, a link to nothing too."""
    path = tmp_path / "x"
    with pytest.raises(StoryError, match="is there already: name a new file"), new_file("--into", path) as file:
        print("ours", file=file)
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    path.unlink()
    path.symlink_to(tmp_path / "nothing")
    with pytest.raises(StoryError, match="is there already"), new_file("--into", path):
        pass
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("code", NO_LINKS)
def test_a_file_system_without_hard_links_is_written_too(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a memory stick; what came meanwhile stays there as well."""

    def refused(source: Path, target: str) -> None:
        raise OSError(code, os.strerror(code), str(source), None, target)

    monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "x"
    with new_file("--into", path) as file:
        print("whole", file=file)
    assert path.read_text() == "whole\n"
    path.unlink()
    with pytest.raises(StoryError, match="is there already: name a new file"), new_file("--into", path) as file:
        print("ours", file=file)
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_where_nobody_may_write_is_refused_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there is a mistake instead."""

    def refused(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(StoryError, match="cannot be written"), new_file("--into", tmp_path / "no" / "x"):
        pass
    monkeypatch.setattr(Path, "open", refused)
    with (
        pytest.raises(OutputError, match=r"--into .*x cannot be written \(Permission denied\)"),
        new_file("--into", tmp_path / "x"),
    ):
        pass


def test_a_command_that_is_terminated_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM in the middle of a file: the exit code says so, and what was written aside is gone."""
    code = (
        "import sys, time; from pathlib import Path; from scenarios.cli.base import new_file\n"
        "with new_file('--into', Path(sys.argv[1])) as file:\n"
        "    print('x' * 100_000, file=file); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "x")], cwd=ROOT) as process:
        began = monotonic()
        while not any(path.stat().st_size for path in tmp_path.iterdir()) and monotonic() < began + 120:
            sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == TERMINATED
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_there_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """64, as for every wrong option."""
    (tmp_path / "x").write_text("")
    assert main(["draw", "the_crown_passes", "--svg", str(tmp_path / "x")]) == MISTAKE
    assert "is there already" in capsys.readouterr().err
