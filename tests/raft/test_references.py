"""The index of published tests, read against what is here: none is missing, and no script is beside the list."""

import ast
from pathlib import Path

import pytest

from tests.raft.references import rows

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*/*.script"))


def named_by(path: Path) -> list[str]:
    """The rows that a script's first line names: between the source and the colon."""
    source, _, claim = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(" ")
    return [f"{source} {name.strip()}" for name in claim.partition(":")[0].split(",")]


@pytest.mark.parametrize(("row", "place"), [(row, place) for row, (place, _) in rows().items()])
def test_every_published_test_has_its_counterpart(row: str, place: str) -> None:
    """A script that names it, or the test that is written beside it."""
    if place == "script":
        assert [path for path in SCRIPTS if row in named_by(path)]
    elif place.endswith(".script"):
        assert (HERE / "scripts" / place).exists()
    else:
        file, _, test = place.partition("::")
        tree = ast.parse((HERE / file).read_bytes())
        assert test in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_is_in_the_list(path: Path) -> None:
    """So that the list is all there is."""
    assert [row for row in named_by(path) if row in rows()] == named_by(path)
