"""What a newcomer writes in the first hour, and the one sentence that answers it."""

import re
from pathlib import Path

import pytest

from scenarios.cli import HELD, MISTAKE, main
from scenarios.kept_run import TRACE

ROOT = Path(__file__).parents[2]
START = 'import trio\n\n\nasync def story(world):\n    world.start("ABC")\n'
STORIES = {
    "a verb": (f'{START}    world.crahs("A")\n', "'World' object has no attribute 'crahs'. Did you mean crash?"),
    "a verb of a database": (
        "from scenarios.backups import backups\n\n\nasync def story(world):\n"
        '    shop = await backups(world).shop("ABC")\n    await shop.defin(full="0 0 * * *")\n',
        "'Database' object has no attribute 'defin'. Did you mean define?",
    ),
    "a noun": (f'{START}    assert world["A"].rol\n', "has no attribute 'rol'. Did you mean role?"),
    "a name": (f"{START}    trio.sleep(word.now)\n", "name 'word' is not defined. Did you mean world?"),
    "an import": (f"{START}    await trio.sleep(hours(2))\n", "Write `from scenarios import hours` on top."),
    "a wrong import": (f"from scenarios.backups import Ful\n{START}", "Did you mean Full?"),
    "a zero byte": ("x = 1\0\n", "story.py"),
    "a duration in text": (
        "from scenarios.backups import backups\n\n\nasync def story(world):\n"
        '    shop = await backups(world).shop("ABC")\n    await shop.define(full="0 0 * * *", keep="2 days")\n',
        "define: keep is '2 days': give seconds, as in 90, minutes(1.5) or timedelta(seconds=90)",
    ),
}


@pytest.mark.parametrize(("text", "says"), STORIES.values(), ids=STORIES)
def test_a_slip_in_a_story_is_answered(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what may have been meant, at the line; exit code 64."""
    (tmp_path / "story.py").write_text(text)

    assert main(["run", str(tmp_path / "story.py"), "-q"]) == MISTAKE
    said = capsys.readouterr().err
    assert says in said
    assert "line None" not in said
    assert "Traceback" not in said


def test_errors_of_a_group_are_told_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two children of a nursery are wrong at once: both are named, each with its line."""
    path = tmp_path / "story.py"
    path.write_text(
        f"{START}    async with trio.open_nursery() as nursery:\n"
        + "".join(f"        nursery.start_soon(strike, world, {node!r})\n" for node in "QR")
        + "\n\nasync def strike(world, node):\n    world.crash(node)\n"
    )

    assert main(["run", str(path), "-q"]) == MISTAKE
    said = capsys.readouterr().err
    assert "there is no node 'Q'" in said
    assert "there is no node 'R'" in said
    assert f"at the same time: {path}:12" in said


WORDS = {
    "a word too many": (["list", "extra"], "'extra' is more than this command takes: leave it away"),
    "no number": (["bench", "elections", "--trials", "x"], "--trials is 'x': give a whole number"),
    "a flag with a value": (["run", "storm", "--keep-going=maybe"], "--keep-going is 'maybe': give nothing"),
    "an empty folder": (["run", "storm", "--out", ""], "--out is given no name: write one behind it"),
    "an empty file": (["run", "storm", "--log", ""], "--log is given no name: write one behind it"),
    "nothing behind =": (["run", "storm", "--html="], "--html is given no name: write one behind it"),
}


@pytest.mark.parametrize(("words", "says"), WORDS.values(), ids=WORDS)
def test_a_slip_on_the_command_line_is_answered(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of this house, with the value and the remedy; nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)

    assert main(words) == MISTAKE
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_beside_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run ok` where there is an `ok.py`."""
    monkeypatch.chdir(tmp_path)
    Path("ok.py").write_text(START)

    assert main(["run", "ok"]) == MISTAKE
    assert "there is no story 'ok'. There is a file ok.py: to play that, write `ok.py`." in capsys.readouterr().err


def test_quiet_lists_no_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How it ended and how to play it again; the promises are counted."""
    (tmp_path / "ok.py").write_text(START)

    assert main(["run", str(tmp_path / "ok.py"), "-q"]) == HELD
    said = capsys.readouterr().out
    assert re.search(r"^held: \d+ promises watched, none was broken$", said, re.M)
    assert "promises watched:" not in said
    assert len(said.splitlines()) < 8


def test_a_spoilt_trace_is_called_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a kept run whose beginning cannot be read, and not none."""
    (tmp_path / TRACE).write_text('{"story": "sto\n')

    assert main(["replay", str(tmp_path)]) == MISTAKE
    assert f"{TRACE} is spoilt: its beginning does not say what was run" in capsys.readouterr().err


def test_columns_stand_below_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the second day the time is longer: the names are written again above the wider column."""
    (tmp_path / "long.py").write_text(f'{START}    await trio.sleep(100_000)\n    world.crash("B")\n')

    main(["run", str(tmp_path / "long.py")])
    lines = capsys.readouterr().out.splitlines()
    (crash,) = (place for place, line in enumerate(lines) if line.endswith("crash B"))
    names = [line for line in lines[:crash] if line.startswith("time ")]
    assert len(names) == 2
    assert lines[crash].index("!") == names[-1].index("B")


def test_the_stories_of_the_readme_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example that is a story, played as it stands; none ends with an hour that was started twice."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    stories = [block for block in blocks if re.search(r"^async def story\(", block, re.M)]
    assert len(stories) == 3
    for number, text in enumerate(stories):
        path = tmp_path / f"story_{number}.py"
        path.write_text(text)
        assert main(["run", str(path), "-q"]) == HELD
    assert "1 ok, 0 late, 0 missed, 0 double, 0 failed" in capsys.readouterr().out
