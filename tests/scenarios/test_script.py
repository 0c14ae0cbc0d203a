"""Scripts: a run as text, that is played as the run was; what it expects is compared, and a slip is one sentence with its line."""

from pathlib import Path

import pytest

from cluster.sim.run import BROKEN, HELD, Outcome
from cluster.sim.timeline import render
from scenarios import cli
from scenarios.export.command import export
from scenarios.gallery import StoryError, load
from scenarios.inspect.played_run import played
from scenarios.kept_run import asked, perform


def written(run: str, path: Path, bug: str | None = None) -> str:
    """The script of a run, in a file."""
    text = "\n".join(export(run, "script", bug=bug)) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def again(path: Path, bug: str | None = None) -> Outcome:
    loaded = load(str(path))
    return perform(loaded, asked(loaded, None, None, None, bug))


@pytest.mark.parametrize("story", ["split_vote", "storm"])
def test_a_script_plays_as_the_story_did(story: str, tmp_path: Path) -> None:
    """To the last event: the digest is the story's."""
    written(story, path := tmp_path / "story.txt")
    outcome = again(path)
    assert outcome.verdict == HELD, outcome.failure
    assert outcome.digest == played(story).outcome.digest


@pytest.mark.parametrize("story", ["the_backup_folder_is_full", "figure_eight"])
def test_a_script_holds_what_it_says(story: str, tmp_path: Path) -> None:
    """Of backups too: values within values, and enumerations. The lines below its steps are those of its own play, and come again."""
    text = written(story, path := tmp_path / "story.txt")
    outcome = again(path)
    assert outcome.verdict == HELD, outcome.failure
    below = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert below == [line.strip() for line in render(outcome.history, outcome.names)]
    assert "\n".join(export(str(path), "script")) + "\n" == text


def test_a_script_of_a_broken_run_breaks_the_same(tmp_path: Path) -> None:
    """With the bug planted; without it what it expects does not come."""
    text = written("storm@12", path := tmp_path / "broken.txt", bug="majority-of-half")
    assert text.startswith("# storm@12 --bug majority-of-half broke: durability: ")
    before = played("storm@12", "majority-of-half").outcome
    outcome = again(path, "majority-of-half")
    assert str(outcome.failure) == str(before.failure)
    assert again(path).verdict == BROKEN
    assert f"{path}, line " in str(again(path).failure)


SCRIPT = """\
# A follower dies.
seed 3
uses scenarios.register Put, Register
start ABC Register
  time          A B C
  …
at 1 ask leader Put(name="x", content=1)
at 1.5 crash A
  …
  00:00:01.500  ! . .  crash A
at 2 rewire loss=0.1 latency=0.02
at 2 do When(kind="Voted", fault=Crash(node=""), count=2)
at 4 end
  …
"""


def test_a_script_of_a_hand_expects_what_it_names(tmp_path: Path) -> None:
    """`…` alone stands for any lines; roles and durations in seconds are those of a story."""
    path = tmp_path / "mine.txt"
    path.write_text(SCRIPT, encoding="utf-8")
    outcome = again(path)
    assert outcome.verdict == HELD, outcome.failure
    assert load(str(path)).lesson == "A follower dies."
    assert cli.main(["run", str(path), "-q"]) == 0
    path.write_text(SCRIPT.replace("!", "?"), encoding="utf-8")
    told = str(again(path).failure)
    assert f"{path}, line 10: expected\n  00:00:01.500  ? . .  crash A\nand there came\n" in told


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("crash A", "crush A"), "line 8: there is no verb 'crush'. Did you mean crash or "),
        (("at 1.5", "at soon"), "line 8: 'soon' is no time: give seconds since the start"),
        (("at 1.5", "at 0.5"), "line 8: 0.5 is before the step above it"),
        (("seed 3", "sead 3"), "line 2: there is no command 'sead'. Did you mean seed or "),
        (("seed 3", "seed x"), "line 2: seed 'x' is none: give a whole number"),
        (("Put, Register", "Put, Registrar"), "scenarios.register has no class 'Registrar'"),
        (("scenarios.register", "scenarios.registrar"), "scenarios.registrar cannot be brought in"),
        (("Put(name", "Putt(name"), "there is no 'Putt' here. Did you mean Put or "),
        (("content=1)", "content=open)"), "there is no 'open' here"),
        (("content=1)", "content=1 + 1)"), "`1 + 1` is no plain value"),
        (("content=1)", "colour=1)"), "line 7: Put: "),
        (("content=1)", "content=1"), "is no value"),
        (("start ABC Register\n", ""), "line 6: a step comes before the nodes have started"),
        (("loss=0.1", "lost=0.1"), "line 11: `rewire lost=0.1 latency=0.02`: "),
        (("at 4 end", "at 1.9 end"), "is before the step above it"),
        (("crash A", "crash"), "line 8: `crash`: "),
    ],
)
def test_a_slip_in_a_script_is_one_sentence(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    """File, line, value and remedy."""
    path = tmp_path / "mine.txt"
    path.write_text(SCRIPT.replace(*change), encoding="utf-8")
    with pytest.raises(StoryError) as raised:
        load(str(path))
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert cli.main(["run", str(path)]) == 64


def test_what_is_no_script_is_refused(tmp_path: Path) -> None:
    """A file of something else, an empty one, and none."""
    path = tmp_path / "other.txt"
    for content in (b"\xff\xfe", b"", b"Dear all,\n"):
        path.write_bytes(content)
        with pytest.raises(StoryError, match=str(path)):
            load(str(path))
    with pytest.raises(StoryError, match="there is no story file"):
        load(str(tmp_path / "none.txt"))


def test_a_script_shrinks_like_any_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a STORY of every command."""
    written("storm@12", path := tmp_path / "broken.txt", bug="majority-of-half")
    assert cli.main(["shrink", f"{path}@12", "--bug", "majority-of-half", "--plays", "60"]) == 0
    assert "async def story(world):" in capsys.readouterr().out
