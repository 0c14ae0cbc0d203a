"""No verdict hangs on a word: no check compares a sentence with a literal, and without any words every story ends the same."""

import ast
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

# ---- in the source of the checks ----

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("cluster/checks/*.py"), *ROOT.glob("backup/checks/*.py")])
WORDS = {"text", "says", "script", "why", "why_full", "sentence", "error", "reason", "step", "__name__", "__qualname__"}
"""Attributes and methods that are put into words, or are names of classes."""
CALLS = {"repr", "str"}
ASKED = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "find", "index"}
"""Methods of a string by which its words are looked into."""


def is_literal(node: ast.AST) -> bool:
    """A string in the code, or a tuple, a list or a set of some."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(is_literal, node.elts))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def is_words(node: ast.AST) -> bool:
    """A sentence, or a text made of a value; what is done to it, `.lower()` or `[:3]`, changes nothing."""
    match node:
        case ast.Attribute(attr=name):
            return name in WORDS
        case ast.Call(func=ast.Name(id=name)):
            return name in CALLS
        case ast.Call(func=ast.Attribute(attr=name, value=of)):
            return name in WORDS or is_words(of)
        case ast.Subscript(value=of):
            return is_words(of)
    return False


def decisions(code: str) -> Iterator[int]:
    """Lines at which words are compared with a literal, or looked into."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Compare(left=left, comparators=others):
                compared = [left, *others]
                if any(is_literal(each) and not is_empty(each) for each in compared) and any(map(is_words, compared)):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name, value=of)) if name in ASKED and is_words(of):
                yield node.lineno
            case ast.Match(subject=subject) if is_words(subject):
                yield node.lineno


def is_empty(node: ast.AST) -> bool:
    """Whether there is a sentence at all may be asked."""
    return isinstance(node, ast.Constant) and node.value == ""


def patterns(code: str) -> Iterator[int]:
    """Lines of patterns that name the words of a note: `BackupPlanned(why="…")`."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.MatchClass):
            for name, pattern in zip(node.kwd_attrs, node.kwd_patterns, strict=True):
                if name in WORDS and isinstance(pattern, ast.MatchValue) and is_literal(pattern.value):
                    yield pattern.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}.{path.stem}")
def test_no_check_decides_by_words(path: Path) -> None:
    """Steps are values, reasons are constants: a sentence may be put better, and a class be renamed."""
    code = path.read_text(encoding="utf-8")
    assert [*decisions(code), *patterns(code)] == []


@pytest.mark.parametrize(
    "code",
    [
        'event.note.step.startswith("Pause(")',
        'repr(event.note.step).startswith(("Wipe(", "FlipBit("))',
        '"restored" in event.note.text()',
        'planned.why.rpartition("; ")[2]',
        'note.why != "full by its frequency"',
        'note.why[:4] == "full"',
        'reason.sentence in ("it had the task before", other)',
        'type(step).__name__ == "Pause"',
        'step.says().lower() == f"pause {node}"',
        'match note.says:\n    case "crash A": pass',
        'match note:\n    case BackupCancelled(why="as somebody asked for"): pass',
    ],
)
def test_words_that_decide_are_found(code: str) -> None:
    """The control: what checks did before, and what they might."""
    assert [*decisions(code), *patterns(code)]


@pytest.mark.parametrize(
    "code",
    [
        "note.why == BY_HAND",
        "isinstance(note.step, Pause)",
        'note.outcome == "applied"',
        'note.why != ""',
        "note.text()",
    ],
)
def test_what_is_no_word_is_not_found(code: str) -> None:
    """Constants, classes, the tokens of a field, and whether there is a sentence at all."""
    assert not [*decisions(code), *patterns(code)]


# ---- in runs, with the names of steps and all sentences replaced ----

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
