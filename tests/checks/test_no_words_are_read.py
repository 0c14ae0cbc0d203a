"""No verdict hangs on a word: every story is played with the names of steps and all sentences replaced."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from inspect import isfunction
from pathlib import Path
from typing import get_args

import pytest

from backup.record.record import Reason
from cluster import steps
from cluster.sim.run import HELD
from cluster.trace import Note, Stepped
from scenarios.gallery import gallery, load
from scenarios.kept_run import asked, perform

PRODUCT = ("cluster", "backup", "scenarios")
SENTENCES = ("says", "text")
"""Methods that put a step, a fault, a request or a note into words."""

PAUSED = '''"""All nodes stand still for some hours, and nobody can be blamed for the backups that did not happen."""

import trio

from cluster.time_units import hours
from scenarios.backups import backups


async def story(world):
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.define(full="0 0 * * *", incremental="0 * * * *")
    await trio.sleep(hours(1.5))
    for node in "ABC":
        world.pause(node)
    await trio.sleep(hours(4))
'''


def below(kind: type) -> Iterator[type]:
    """A class and all its subclasses that were made so far."""
    yield kind
    subclasses: list[type] = kind.__subclasses__()
    for each in subclasses:
        yield from below(each)


def speakers() -> Iterator[type]:
    """Every note, and every other class of the product that says itself in a sentence: steps, faults, requests."""
    yield from below(Note)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PRODUCT:
            for kind in list(vars(module).values()):
                if isinstance(kind, type) and isfunction(vars(kind).get("says")):
                    yield kind


@contextmanager
def renamed(kinds: Iterable[type]) -> Iterator[None]:
    """These classes under other names, as after a refactoring."""
    names = {kind: (kind.__name__, kind.__qualname__) for kind in kinds}
    for number, kind in enumerate(names):
        kind.__name__ = kind.__qualname__ = f"Renamed{number}"
    yield
    for kind, (name, qualified) in names.items():
        kind.__name__, kind.__qualname__ = name, qualified


@pytest.fixture
def without_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Steps under other names, and sentences that all say the same. What a story brings with it is not loaded yet."""
    for kind in dict.fromkeys(speakers()):
        for method in SENTENCES:
            if isfunction(vars(kind).get(method)):
                monkeypatch.setattr(kind, method, lambda *_: "hm")
    monkeypatch.setattr(Reason, "sentence", "hm")
    with renamed(get_args(steps.Step)):
        yield


@pytest.mark.usefixtures("without_words")
@pytest.mark.parametrize("story", [each.story for each in gallery()])
def test_a_story_keeps_its_verdict_without_words(story: str, tmp_path: Path, without_words: pytest.MonkeyPatch) -> None:
    """A class of steps may be renamed, and a sentence be put better, and no correct cluster is accused of anything."""
    tale = load(story)
    outcome = perform(tale, asked(tale, None, None, None, None), tmp_path)
    assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")
    stepped = [event.note for event in outcome.history.events if isinstance(event.note, Stepped)]
    assert stepped
    assert {note.text() for note in stepped} == {"hm"}, "the control: they were replaced"
    assert all(note.script.startswith("Renamed") for note in stepped)


def test_a_paused_cluster_is_not_accused_whatever_pausing_is_called(tmp_path: Path) -> None:
    """As it was: the model of the watchers knew the class by a string, and did not see that the owner stood still."""
    story = tmp_path / "paused.py"
    story.write_text(PAUSED)
    with renamed([steps.Pause]):
        tale = load(str(story))
        outcome = perform(tale, asked(tale, None, None, None, None), tmp_path)
        scripts = [event.note.script for event in outcome.history.of(Stepped)]
    assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")
    assert scripts[-3:] == ["Renamed0(node='A')", "Renamed0(node='B')", "Renamed0(node='C')"], "the control"
