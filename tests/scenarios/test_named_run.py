"""RUN means the same in every command: a kept folder, a file in it, or STORY@SEED with its bug and rules."""

from pathlib import Path
from shutil import rmtree

import pytest

from scenarios.cli import BROKEN, DIVERGED, HELD, INTERRUPTED, MISTAKE, main
from scenarios.gallery import StoryError
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import RESULT, TRACE, Kept, ReplayError, find, find_whole, newest_below

STORY = "responsible_node_dies"
ASKS: dict[str, list[str]] = {
    "replay": [],
    "audit": [],
    "tasks": ["--at", "12:10"],
    "why": ["3", "12:10"],
    "draw": ["--to", "1s"],
    "explain": [],
}
"""Every command that takes a RUN, with what else it wants."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was kept, with a bug planted and rules of its own."""
    out = tmp_path_factory.mktemp("runs")
    words = ["run", STORY, "--rules", "ravendb-6.2", "--bug", "majority-of-half", "--out", str(out), "-q"]
    assert main(words) in (HELD, BROKEN)
    return out / f"{STORY}@1"


def named(command: str, run: str, *options: str) -> list[str]:
    """The words of that command for that run."""
    return [command, f"{run}:150" if command == "explain" else run, *ASKS[command], *options]


@pytest.mark.parametrize("command", ASKS)
def test_every_command_names_a_run_alike(
    command: str, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder, its trace, its result, and STORY@SEED with the same bug and rules give one answer."""
    same = ("--bug", "majority-of-half", "--rules", "ravendb-6.2")
    answers = []
    for run, options in [
        (str(kept), ()),
        (str(kept / TRACE), ()),
        (str(kept / RESULT), same),
        (f"{STORY}@1", same),
    ]:
        assert main(named(command, run, *options)) == HELD
        answers.append(capsys.readouterr().out)
    heart = [answer.splitlines()[1:20] for answer in answers]
    if command in ("draw", "audit"):  # a picture says its command, an audit whether there are files
        heart = [answer.splitlines()[2:6] for answer in answers]
    assert heart[0] == heart[1] == heart[2] == heart[3]


@pytest.mark.parametrize("command", ASKS)
def test_no_command_gives_a_kept_run_another_bug(command: str, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor other rules; the remedy names the run to play instead. What is misspelt is told as ever."""
    for options, said in {
        ("--bug", "vote-given-twice"): "was kept with --bug majority-of-half",
        ("--rules", "unkindness"): "was kept with --rules ravendb-6.2",
        ("--rules", "unkind"): "there are no rules 'unkind'",
        ("--bug", "vote-given-twic"): "Did you mean vote-given-twice",
    }.items():
        assert main(named(command, str(kept), *options)) == MISTAKE
        out, wrong = capsys.readouterr()
        assert (out, said in " ".join(wrong.split())) == ("", True)


def test_a_run_without_a_bug_was_kept_without(tmp_path: Path) -> None:
    """To name one then is to name another run."""
    assert main(["run", "the_crown_passes", "--out", str(tmp_path), "-q"]) == HELD
    folder = tmp_path / "the_crown_passes@1"
    with pytest.raises(
        ReplayError, match="was kept without --bug, and is what it was: leave --bug away, or play the_cr"
    ):
        find(str(folder), bug="majority-of-half")
    assert isinstance(find(str(folder), rules="unkindness")[0], Kept)


def test_a_story_alone_has_its_own_seed() -> None:
    """Everywhere, and with what the story's file may be called."""
    own = RunRequest("storm", 1, "unkindness", own_rules="unkindness")
    assert find("storm") == (own, None)
    assert find("storm:7") == (own, 7)
    assert find("the-crown-passes")[0] == find("the_crown_passes@1")[0]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("storm@6:x", "'x' is no event of storm@6: give its number, for example storm@6:44"),
        ("storm@6:", "'' is no event of storm@6"),
        ("storm@6:-1", "'-1' is no event of storm@6"),
        ("storm@6:٣", "is no event of storm@6"),
        ("storm@6:" + "9" * 5_000, "is no event of storm@6"),
        ("storm@" + "9" * 5_000, "is no seed: give a whole number, for example storm@7"),
        ("storm@", "'' is no seed"),
        ("runs/storm@6", r"there is no run 'runs/storm@6'\. Give a folder kept by --out"),
        ("strom", r"there is no run 'strom'\. Did you mean storm"),
        ("", r"there is no run ''\. Give"),
    ],
)
def test_a_name_that_is_no_run_gets_a_remedy(run: str, said: str) -> None:
    """One sentence, whatever was typed."""
    with pytest.raises((ReplayError, StoryError), match=said):
        find(run)


def test_the_folder_of_many_runs_names_one(kept: Path, tmp_path: Path) -> None:
    """The newest that is in it; a folder called like a story does not hide the story."""
    with pytest.raises(ReplayError, match=f"is no kept run: name one that is in it, for example .*{STORY}@1"):
        find(str(kept.parent))
    with pytest.raises(ReplayError, match="is no kept run: give a folder kept by --out"):
        find(str(tmp_path))


def test_a_folder_does_not_hide_a_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of that name without a run in it."""
    (tmp_path / "storm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find("storm")[0] == find("storm@1")[0]


def test_the_newest_run_is_found_by_what_it_is(tmp_path: Path) -> None:
    """Of a story, of a verdict, or of any; what is no run is passed over."""
    for seed in ("1", "2"):
        assert main(["run", "the_crown_passes", "--seed", seed, "--out", str(tmp_path), "-q"]) == HELD
    assert main(["run", "split_vote", "--out", str(tmp_path), "-q"]) == HELD
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / RESULT).write_text("[]")

    assert newest_below(tmp_path) == tmp_path / "split_vote@1"
    assert newest_below(tmp_path, "held", "the_crown_passes") == tmp_path / "the_crown_passes@2"
    assert newest_below(tmp_path, "broken") is None
    assert newest_below(tmp_path / "gone") is None


def test_an_event_has_no_place_where_a_run_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` is named, which tells of one."""
    for words in (["replay"], ["audit"], ["tasks"]):
        assert main([*words, "storm@1:4"]) == MISTAKE
        assert "say storm@1, or `unkindness explain storm@1:4`" in capsys.readouterr().err
    with pytest.raises(ReplayError, match="names an event"):
        find_whole("storm@1:4")
    assert main(["explain", "storm@1"]) == MISTAKE
    assert "'storm@1' names no event: the run has events 1 to " in capsys.readouterr().err


def test_a_kept_run_that_plays_otherwise_now_is_not_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, as everywhere."""
    story = tmp_path / "mine.py"
    story.write_text('async def story(world):\n    world.start("ABC")\n    await world.elected()\n')
    assert main(["run", str(story), "--out", str(tmp_path), "-q"]) == HELD
    story.write_text('async def story(world):\n    world.start("ABCDE")\n    await world.elected()\n')
    rmtree(tmp_path / "mine@1" / "story")

    assert main(["explain", f"{tmp_path}/mine@1:3"]) == DIVERGED
    assert "played again is another run: `unkindness replay " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--as", "perfetto"),
        ("explain",),
        ("diff", "the_crown_passes"),
        ("draw",),
        ("audit",),
        ("tasks",),
        ("why", "3", "1:00"),
        ("open", "--no-browser"),
    ],
    ids=lambda words: words[0],
)
def test_nothing_is_said_of_half_a_run(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while a run is played for a question ends the command with 130; what was played by then is no answer."""
    story = tmp_path / "interrupted.py"
    lines = ["import trio", "async def story(world):", "    world.start('ABC')", "    await trio.sleep(9)"]
    story.write_text("\n".join([*lines, "    raise KeyboardInterrupt", ""]))
    name, *rest = words

    assert main([name, f"{story}@1{':5' if name == 'explain' else ''}", *rest]) == INTERRUPTED
    assert capsys.readouterr() == ("", "unkindness: interrupted\n")
