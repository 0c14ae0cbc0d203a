"""Stories: which there are, how one is brought in, and that those of the gallery draw what was recorded of them."""

import os
from pathlib import Path

import pytest

from cluster.sim.run import HELD, play
from cluster.sim.timeline import render
from scenarios.gallery import STORIES, GalleryEntry, StoryError, gallery, load
from scenarios.meant_names import suggestion

GOOD = '"""It says something.\n\nAnd more."""\nSEED = 7\nRULES = "ravendb-6.2"\nasync def story(world):\n    pass\n'


def test_a_gallery_is_read_not_run(tmp_path: Path) -> None:
    """Names in order, with the first line of the docstring; helpers with an underscore are no stories."""
    (tmp_path / "b.py").write_text(GOOD + "raise SystemExit\n")
    (tmp_path / "a.py").write_text("async def story(world): pass\n")
    (tmp_path / "_helper.py").write_text("")

    assert gallery(tmp_path) == (GalleryEntry("a", ""), GalleryEntry("b", "It says something."))


def test_a_story_brings_its_seed_and_its_rules(tmp_path: Path) -> None:
    """Both are optional constants of the module."""
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bare.py").write_text("async def story(world): pass\n")

    loaded = load(str(tmp_path / "good.py"))

    assert (loaded.seed, loaded.rules, loaded.lesson) == (7, "ravendb-6.2", "It says something.")
    assert (load("bare", tmp_path).seed, load("bare", tmp_path).rules) == (1, "unkindness")
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\ndef (:\n", r"line 2: .*the file is not Python"),
        ("\nimport there_is_no_such_module\n", r"line 2: ModuleNotFoundError: .*cannot be brought in"),
        ("x = 1\n", r"has no story: write `async def story\(world\):` in it"),
        ("def story(world): pass\n", r"`story` is no story: write it as `async def"),
        ("async def story(): pass\n", r"`story` is no story"),
        ("SEED = 'x'\nasync def story(world): pass\n", r"SEED is 'x': give a whole number"),
        ("x = '\0'\n", r"cannot be read|not Python"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    """Where, what, and the remedy; never a traceback."""
    path = tmp_path / "mine.py"
    path.write_text(text)

    with pytest.raises(StoryError, match=rf"mine\.py.*{reason}"):
        load(str(path))


def test_a_name_that_is_close_is_suggested(tmp_path: Path) -> None:
    """A slip of the finger is recognised; hyphens are as good as underscores."""
    (tmp_path / "first_election.py").write_text(GOOD)

    with pytest.raises(StoryError, match=r"no story 'first_elektion'\. Did you mean first_election\?"):
        load("first_elektion", tmp_path)
    with pytest.raises(StoryError, match=r"there is no story file .*nope\.py"):
        load(str(tmp_path / "nope.py"))
    assert load("first-election", tmp_path).name == "first_election"
    assert suggestion("zzz", ["first"]) == ""


@pytest.mark.parametrize("name", [entry.story for entry in gallery()])
def test_a_story_holds_and_draws_what_was_recorded(name: str, tmp_path: Path) -> None:
    """On its own seed and rules the promises hold, and the timeline is the recorded one beside the story."""
    loaded, recorded = load(name), STORIES / f"{name}.timeline"
    places, options = {"backups": str(tmp_path)}, {"rules": loaded.rules, "data": None}

    outcome = play(loaded.story, loaded.seed, places=places, options=options)

    drawn = "\n".join(render(outcome.history, outcome.names)) + "\n"
    assert outcome.verdict == HELD, outcome.failure
    assert loaded.lesson.endswith((".", "!", "?")), "the docstring of a story begins with one sentence"
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        recorded.write_text(drawn, encoding="utf-8")
    assert recorded.exists(), "nothing is recorded of it yet: `make golden`"
    assert drawn == recorded.read_text(encoding="utf-8"), "understand the difference, then `make golden`"
