"""The public doors: what they offer, what a page promises, and that importing `scenarios` brings in nothing else of ours."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import scenarios

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "scenarios" / "PUBLIC.md"
DOORS = ("scenarios", "scenarios.backups", "scenarios.strategies", "cluster.member", "cluster.steps", "cluster.trace")
"""The modules from which a stranger's story, application or test may import."""


def promised() -> dict[str, set[str]]:
    """Door to the names that the page lists below it."""
    found: dict[str, set[str]] = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        door = re.match(r"`([\w.]+)`", part)
        if door:
            rows = [line for line in part.splitlines() if line.startswith("| `")]
            found[door[1]] = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    return found


def test_importing_scenarios_imports_nothing_else_of_ours() -> None:
    """A story file begins with it, and `unkindness list` stays quick."""
    program = "import sys, scenarios; print([name for name in sys.modules if name.partition('.')[0] in sys.argv[1:]])"
    ours = ["cluster", "backup", "scenarios", "trio"]
    ran = subprocess.run([sys.executable, "-c", program, *ours], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['scenarios']"


@pytest.mark.parametrize("name", [name for name in scenarios.__all__ if not name.startswith("_")])
def test_each_public_name_is_that_of_its_home(name: str) -> None:
    """Brought in late, it is the very object."""
    assert getattr(scenarios, name) is getattr(import_module(scenarios.HOMES[name]), name)


def test_the_version_is_that_of_the_distribution() -> None:
    """`scenarios.__version__`."""
    assert scenarios.__version__ == version("unkindness")


def test_a_name_that_is_not_offered_is_refused_with_those_that_are() -> None:
    """AttributeError, as Python wants it, with the remedy."""
    with pytest.raises(AttributeError, match=r"no attribute 'Wrold': its public names are World, .*hours"):
        scenarios.Wrold  # noqa: B018


def test_the_page_lists_every_door() -> None:
    """And no other."""
    assert set(promised()) == set(DOORS)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_offers_what_the_page_promises_and_no_more(door: str) -> None:
    """By `__all__` where the module has one, else each name that is promised is there."""
    module = import_module(door)
    offered = set(getattr(module, "__all__", ()))
    names = promised()[door]
    missing = {name for name in names if not hasattr(module, name)}
    assert not missing
    if offered:
        assert names == offered


def test_every_story_knocks_at_public_doors_alone() -> None:
    """The gallery is what a stranger copies from."""
    others: dict[str, list[str]] = {}
    for path in sorted((ROOT / "scenarios" / "stories").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in sys.modules:
                ours = node.module.split(".")[0] in ("cluster", "backup", "scenarios")
                if ours and node.module not in DOORS and node.module not in BESIDE:
                    others.setdefault(path.stem, []).append(node.module)
    assert others == {}


BESIDE = ("scenarios.register", "scenarios.zoo.storm", "scenarios.zoo.night")
"""What two keepers and the register's stories need besides: not promised to others."""
