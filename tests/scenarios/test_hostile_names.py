"""Names and words that are meant to break a reader: every export can be read, and a terminal is commanded by none of them."""

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cluster.sim.run import play
from cluster.trace import Note
from cluster.value import value
from scenarios import World, cli
from scenarios.drawing.command import draw_played
from scenarios.export.command import FORMS
from scenarios.export.excerpt import Excerpt
from scenarios.gallery import load
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.kept_run import asked
from scenarios.terminal import in_json, printable
from tests.scenarios.hostile import NAMES, written
from tests.scenarios.test_export import judge_mermaid, judge_perfetto, judge_shiviz, read_by_javascript, read_by_mermaid

COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal or a line must not be given."""


@cache
def made(kind: str) -> PlayedRun:
    """The run of a story with names of that kind."""
    with TemporaryDirectory() as folder:
        return played(written(kind, Path(folder)))


def exported(kind: str, form: str, first: int = 1, last: int = 0) -> str:
    """The run, or a window of it, in that form, as a file has it."""
    run = made(kind)
    last = last or len(run.outcome.history)
    excerpt = Excerpt(run, first, last, first > 1, "0.0.0")
    text = "".join(f"{line}\n" for line in FORMS[form].write(excerpt))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.mark.parametrize("kind", NAMES)
def test_every_export_can_be_read(kind: str) -> None:
    """JSON is JSON, a picture is XML, a test is Python, and the rules of Mermaid, Perfetto and ShiViz are kept."""
    events = [json.loads(line) for line in exported(kind, "ndjson").splitlines()[1:]]
    assert len(events) == len(made(kind).outcome.history)
    judge_perfetto(exported(kind, "perfetto"))
    judge_shiviz(exported(kind, "shiviz").rstrip("\n").split("\n"))
    compile(exported(kind, "pytest"), "test_exported.py", "exec")
    ET.fromstring(exported(kind, "svg", 100, 140))
    ET.fromstring(draw_played(made(kind), only="backups", command=NAMES[kind][-1]))


@pytest.mark.parametrize("kind", ["markup", "direction", "controls"])
def test_mermaid_reads_such_names(kind: str) -> None:
    """As texts of notes, by its own reader."""
    text = exported(kind, "mermaid", 60, 140)
    judge_mermaid(text.rstrip("\n").split("\n"))
    assert read_by_mermaid(text)["actors"] == ["n0", "n1", "n2"]


@pytest.mark.parametrize("kind", ["controls", "direction"])
def test_no_command_hands_a_terminal_what_commands_it(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run`, `tasks`, `why`, `audit`, `explain` and `diff` show such characters as their codes, and JSON says what it said."""
    story, kept = written(kind, tmp_path), tmp_path / "kept"
    assert cli.main(["run", story, "--out", str(kept)]) == cli.BROKEN
    run = str(kept / f"{kind}@1")
    seq = str(len(made(kind).outcome.history))
    for words in (
        ["tasks", run],
        ["why", run, "3", "00:05"],
        ["audit", run],
        ["explain", f"{run}:{seq}"],
        ["diff", run, run],
    ):
        assert cli.main(words) == cli.HELD, words
    said = capsys.readouterr()
    assert COMMANDS.findall(said.out + said.err) == []
    result = json.loads((kept / f"{kind}@1" / "result.json").read_text(encoding="utf-8"))
    assert result["violations"][0]["text"].startswith(NAMES[kind][-1])
    assert cli.main(["run", story, "--json"]) == cli.BROKEN
    shown = capsys.readouterr().out
    assert COMMANDS.findall(shown) == []
    assert json.loads(shown)["violations"] == result["violations"]


@value
class Said(Note):
    """A note of an application with any words."""

    words: str

    def text(self) -> str:
        return self.words


def test_no_words_of_an_event_hide_it_from_shiviz() -> None:
    """Ends of lines of JavaScript's, and words that look like the line with the clock."""
    words = ["a\u2028b", "a\rb", "a\n\nb", 'A 9 00:00 {"A":9}', "", "  x  "]

    async def story(world: World) -> None:
        world.start("ABC")
        for each in words:
            world.history.add("A", Said(each), 0)

    outcome, loaded = play(story, 1), load("storm")
    run = PlayedRun("storm@1", None, loaded, asked(loaded, 1, None, None, None), outcome)
    lines = list(FORMS["shiviz"].write(Excerpt(run, 1, len(outcome.history), False, "0.0.0")))
    found = read_by_javascript("".join(f"{line}\n" for line in lines))
    assert [int(each["seq"]) for each in found] == list(range(1, len(outcome.history) + 1))


def test_half_a_character_loses_no_run() -> None:
    """A text of an event may hold one, which has no form in UTF-8; the run has a digest all the same."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.history.add("A", Said("\ud800"), 0)

    outcome = play(story, 1)
    assert (outcome.verdict, len(outcome.digest)) == ("held", 32)


def test_what_is_shown_is_what_was_said() -> None:
    """Letters of any script, tabs and lines stay as they are; in JSON each other character is written as an escape of it."""
    plain = "ä 中 שלום 👩\u200d🚀 …\n\tx"
    assert printable(plain) == in_json(plain) == plain
    assert printable("\x1b[2J\r\u202e\x9b\ud800") == r"\x1b[2J\r\u202e\x9b\ud800"
    said = {"text": "\x7f\x9b\u202e\u2028\ud800"}
    assert json.loads(in_json(json.dumps(said, ensure_ascii=False))) == said
