"""No check decides by words: none compares a literal with a sentence, a reason or the text of a step."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
