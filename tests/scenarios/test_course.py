"""The first page, and the course in cluster/README.md: commands print what stands there, and pictures are what is drawn today."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.value import value
from scenarios import cli
from scenarios.drawing.command import draw

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "cluster" / "README.md"
PAGES = (ROOT / "README.md", ROOT / "backup" / "README.md", COURSE)
LEFT_OUT = "…"


@value
class Shown:
    """A command of a page, and the lines that stand below it."""

    command: str
    lines: tuple[str, ...]


def shown(page: Path) -> Iterator[Shown]:
    """Every command of the console blocks of a page."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            yield Shown(command, tuple(line.rstrip() for line in lines))


def drawn(page: Path) -> Iterator[tuple[str, Path]]:
    """Every picture of a page that says how it was drawn: the command, and its file."""
    for command in re.findall(r"`unkindness (draw [^`]+)`", page.read_text(encoding="utf-8")):
        words = shlex.split(command)
        if "--svg" in words:
            yield command, ROOT / words[words.index("--svg") + 1]


COMMANDS = {each.command: each for page in (ROOT / "README.md", COURSE) for each in shown(page)}
BREAK = ("--bug", "--other-rules")
"""Options with which the commands of these pages end with 1: a bug is planted, or two runs differ."""
PICTURES = dict(each for page in PAGES for each in drawn(page))


def missing(lines: tuple[str, ...], said: list[str]) -> str | None:
    """The first line that is not said where it stands: in order, and next to the line before unless some are left out."""
    at, free = 0, True
    for line in lines:
        if line == LEFT_OUT:
            free = True
            continue
        places = [place for place in range(at, len(said)) if said[place] == line]
        if not places or not (free or places[0] == at):
            return line
        at, free = places[0] + 1, False
    return None


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_what_stands_below_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In that order, and with nothing left out but where it says so; nothing breaks but what is meant to."""
    program, *words = shlex.split(command)

    code = cli.main(words)

    said = [line.rstrip() for line in capsys.readouterr().out.replace(f"{ROOT}{os.sep}", "").splitlines()]
    assert program == "unkindness"
    answers = set(words).isdisjoint(BREAK) or words[0] in ("shrink", "fate")
    assert code == (cli.HELD if answers else cli.BROKEN)
    assert missing(COMMANDS[command].lines, [line for line in said if line]) is None


def timed(text: str) -> tuple[str, ...]:
    """The lines of timelines in a text, each with room before it for what is left out."""
    lines = re.findall(r"^\d\d:\d\d:\d\d\.\d{3} .*$", text, flags=re.MULTILINE)
    return tuple(each for line in lines for each in (LEFT_OUT, line))


def test_the_night_of_the_first_page_is_that_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of it is printed, in that order, and so is how it ended."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    night = next(re.finditer(r"^```\n\$ unkindness (run .* --data real)\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    *_, verdict, backups = night[2].splitlines()

    assert cli.main(night[1].split()) == cli.HELD

    followed = timed(night[2])
    assert len(followed) > 30
    assert missing((*followed, LEFT_OUT, verdict, LEFT_OUT, backups), capsys.readouterr().out.splitlines()) is None


@pytest.mark.parametrize(
    ("page", "story"),
    [
        ("backup", "from_a_task_to_a_file_and_back"),
        ("backup/content", "backup_or_snapshot"),
        ("backup/observer", "the_owner_leaves_for_good"),
    ],
)
def test_the_task_that_is_followed_is_that_of_the_story(page: str, story: str) -> None:
    """Every line of a timeline of the page stands in the recorded one, in that order."""
    followed = timed((ROOT / page / "README.md").read_text(encoding="utf-8"))
    recorded = ROOT / "scenarios" / "stories" / f"{story}.timeline"

    assert len(followed) > 8
    assert missing(followed, recorded.read_text(encoding="utf-8").splitlines()) is None


@pytest.mark.parametrize("command", PICTURES)
def test_a_picture_is_what_its_command_draws(command: str) -> None:
    """Byte for byte; `make golden` records them again."""
    options = dict(zip(*[iter(shlex.split(command)[2:])] * 2, strict=True))
    path = PICTURES[command]

    now = draw(
        shlex.split(command)[1],
        bug=options.get("--bug"),
        start=options.get("--from", ""),
        until=options.get("--to", ""),
        nodes=options.get("--nodes", ""),
    )

    if os.environ.get("UNKINDNESS_RECORD") == "1":
        path.write_text(now, encoding="utf-8", newline="\n")
    assert path.exists(), "nothing is recorded of it yet: `make golden`"
    assert now == path.read_text(encoding="utf-8"), "look at both, then `make golden`"


def test_every_picture_is_shown_and_every_picture_shown_is_there() -> None:
    """No file is left over, and no link leads nowhere."""
    linked = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r"!\[[^]]+\]\(([^)]+\.svg)\)", page.read_text(encoding="utf-8"))
    }

    assert set(PICTURES.values()) <= linked
    assert set((ROOT / "cluster" / "pictures").iterdir()) <= set(PICTURES.values())
    assert all(path.is_file() for path in linked)


def test_every_chapter_has_a_story_a_picture_and_a_bug() -> None:
    """Thirteen of them, and each ends with an exercise."""
    course = COURSE.read_text(encoding="utf-8").partition("\n# Reference")[0]
    chapters = re.split(r"^## \d+\. ", course, flags=re.MULTILINE)[1:]

    assert len(chapters) == 13
    for chapter in chapters:
        assert "$ unkindness run " in chapter
        assert re.search(r"\$ unkindness run .*--bug", chapter)
        assert "](pictures/" in chapter
        assert "*Exercise.*" in chapter


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (("a", "b"), None),
        (("a", "c"), "c"),
        (("a", LEFT_OUT, "c"), None),
        (("b", LEFT_OUT, "a"), "a"),
        (("a", "d"), "d"),
    ],
)
def test_what_is_not_printed_is_found(lines: tuple[str, ...], wrong: str | None) -> None:
    """The comparison itself: order counts, and so does what lies between."""
    assert missing(lines, ["a", "b", "c"]) == wrong
