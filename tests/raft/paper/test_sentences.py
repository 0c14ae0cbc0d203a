"""The list of the paper's sentences, read against the tests: none is left out, and none is tested that is not listed."""

import ast
from pathlib import Path

import attrs

from cluster.raft.timing import Timing
from tests.raft.paper.sentences import OTHERWISE, SENTENCES, table

HERE = Path(__file__).parent


def keys_of_tests() -> list[str]:
    """What the docstrings of all tests here begin with, up to the colon; this file's own have no key."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_bytes()).body:
            if path.name != Path(__file__).name and isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                key, colon, fact = (ast.get_docstring(node) or "").partition(": ")
                assert colon, f"{node.name} says no sentence"
                assert fact
                found.append(key)
    return found


def test_each_sentence_has_its_test() -> None:
    """One each."""
    assert sorted(keys_of_tests()) == sorted(table())
    assert len(table()) == len(SENTENCES.strip().splitlines()), "a key twice"


def test_what_is_otherwise_names_a_rule_that_exists() -> None:
    """Each exception is one of a sentence, and each policy a field of `Timing`."""
    fields = set(attrs.fields_dict(Timing)) | {"always"}
    assert set(OTHERWISE) <= set(table())
    assert {policy.partition("=")[0] for policy, _ in OTHERWISE.values()} <= fields
