"""The file itself: what is in it and what is not, how large it is, and what the commands do with it."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from backup.checks.secret_spellings import holds
from backup.checks.secrets import KeysStaySecret
from scenarios import cli
from scenarios.gallery import StoryError
from scenarios.inspect.played_run import played
from scenarios.page import command
from scenarios.page.document import document, modules, program, sheet
from scenarios.page.encode import columns, encoded
from scenarios.page.recording import recording
from tests.page.conftest import recorded

WEB = Path(__file__).parents[2] / "scenarios/page/web"
MOST = 120_000
"""Bytes of a page without its recording."""


def test_the_same_run_gives_the_same_bytes() -> None:
    """A page depends on nothing but the run."""
    made = recorded("the_crown_passes")
    recorded.cache_clear()
    assert document(made) == document(recorded("the_crown_passes"))


def test_nothing_leads_out_of_the_file() -> None:
    """No address to load stands in it, and its policy allows its own script and style by their hashes, and nothing else."""
    made = document(recorded("the_crown_passes"))
    assert not re.search(
        r"""(src|href|srcset|action|data)\s*=\s*["']|url\(|@import|https?://(?!www\.w3\.org/2000/svg)""", made
    )
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', made)
    assert policy is not None
    hashes = [f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in (program(), sheet())]
    assert policy[1].split("; ") == [
        "default-src 'none'",
        f"script-src {hashes[0]}",
        f"style-src {hashes[1]}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_a_run_that_is_too_long_for_a_page_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """At one event more than a page holds, the remedy is said; at the limit there is a page."""
    found = played("the_crown_passes", None)
    count = len(found.outcome.history)
    monkeypatch.setattr(command, "MOST", count - 1)
    refused = f"the run has {count:,} events, and a page holds {count - 1:,}: `unkindness draw the_crown_passes@"
    with pytest.raises(StoryError, match=re.escape(refused)):
        command.page_text(found.outcome, found.request, found.loaded, "0.0.0")
    monkeypatch.setattr(command, "MOST", count)
    assert command.page_text(found.outcome, found.request, found.loaded, "0.0.0").startswith("<!doctype html>")


def test_the_page_without_its_data_is_small() -> None:
    """Script, style and frame take less than 120 KB, and every module in the folder is part of them."""
    made = recorded("the_crown_passes")
    assert len(document(made).encode()) - len(encoded(made)) < MOST
    there = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")}
    assert there - set(modules()) == {"types.js"}


def test_no_document_and_no_path_of_this_machine_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client stores, and where the story and its files lie on this machine, is not in the page."""
    story = tmp_path / "own.py"
    story.write_text(
        '"""A story of mine."""\n\n'
        "from scenarios.backups import backups\n\n\n"
        "async def story(world):\n"
        '    shop = await backups(world).shop("ABC")\n'
        '    await shop.put({"orders/1": {"word": "kakapo"}})\n'
        '    await shop.put_compare_exchange("tui", "kakapo")\n'
        f'    raise AssertionError("looked in {tmp_path}")\n',
        encoding="utf-8",
    )
    target = tmp_path / "page.html"
    assert cli.main(["run", str(story), "-q", "--html", str(target)]) == cli.BROKEN
    plain = target.read_text(encoding="utf-8")
    packed = re.search(r'id="recording">([^<]+)<', plain)
    assert packed is not None
    whole = plain + gzip.decompress(base64.b64decode(packed[1])).decode()
    assert json.loads(gzip.decompress(base64.b64decode(packed[1])))["header"]["broken"]["text"] == "looked in …"
    for word in ("kakapo", str(tmp_path), str(Path.home()), str(Path.cwd())):
        assert word == "/" or word not in whole, word
    assert "own.py" in whole


def test_no_secret_is_in_it() -> None:
    """What lets somebody in to a cloud or opens an encrypted file is not in the page of a run that used it."""
    found = played("the_key_is_lost")
    loaded, outcome, request = found.loaded, found.outcome, found.request
    known = [each for watcher in outcome.watchers if isinstance(watcher, KeysStaySecret) for each in watcher.known]
    assert known
    plain = json.dumps(columns(recording(outcome, request, loaded, "0.0.0"))).encode()
    assert not holds(plain, known)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--html` refuses a file that is there, and a folder that is not, before anything is played."""
    target = tmp_path / "page.html"
    target.write_text("mine")
    assert cli.main(["run", "the_crown_passes", "--html", str(target)]) == cli.MISTAKE
    assert f"--html {target} is there already: name another file" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert cli.main(["run", "the_crown_passes", "--html", str(tmp_path / "no" / "page.html")]) == cli.MISTAKE
    assert "there is no folder" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_loses_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a run turns out to be too long for a page, how it ended is told all the same, and then what to do."""
    monkeypatch.setattr("scenarios.page.command.MOST", 10)
    target = tmp_path / "page.html"
    assert cli.main(["run", "the_crown_passes", "-q", "--html", str(target)]) == cli.MISTAKE
    said = capsys.readouterr()
    assert "held: " in said.out
    assert "and a page holds 10: `unkindness draw the_crown_passes@1 --from" in said.err
    assert not target.exists()


def test_open_prints_the_path_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`open` plays a run, by name or the newest one that was kept, and prints where its page is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.main(["open", "--no-browser"]) == cli.MISTAKE
    assert "unkindness run STORY --out runs" in capsys.readouterr().err
    assert cli.main(["run", "the_crown_passes", "-q", "--out", "runs"]) == cli.HELD
    capsys.readouterr()
    for words in ([], ["runs/the_crown_passes@1"], ["the_crown_passes@1"]):
        assert cli.main(["open", "--no-browser", *words]) == cli.HELD
        path = Path(capsys.readouterr().out.strip())
        assert path.name == "the_crown_passes@1.html"
        assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_types_of_the_modules_are_right() -> None:
    """`tsc` finds no error in the modules of the page."""
    here = Path(sys.prefix) / "typescript/node_modules/.bin/tsc"
    checker = str(here) if here.exists() else shutil.which("tsc")
    if checker is None:
        pytest.skip("tsc is not there: `make typescript` installs it, which wants npm")
    found = subprocess.run([checker, "-p", str(WEB / "tsconfig.json")], capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""


def test_a_page_that_cannot_be_written_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`open` makes a folder for its page; on a full disk that goes again."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.fsync", refuse)
    assert cli.main(["open", "the_crown_passes", "--no-browser"]) == cli.UNWRITABLE
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
