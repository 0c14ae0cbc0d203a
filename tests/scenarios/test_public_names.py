"""The public doors: what they offer, what a page promises, and that importing `scenarios` brings in nothing else of ours."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import backup.notes
import cluster.trace
import scenarios
from backup.destinations.faults import Trouble
from backup.destinations.registry import KINDS
from cluster.steps import Administration, Fault
from cluster.trace import Note
from scenarios import World, play
from scenarios.backups import backups
from scenarios.gallery import gallery
from scenarios.zoo import all_bugs

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "scenarios" / "PUBLIC.md"
DOORS = (
    "scenarios",
    "scenarios.backups",
    "scenarios.strategies",
    "cluster.member",
    "cluster.steps",
    "cluster.trace",
    "cluster.checks",
    "cluster.checks.linearizability",
    "cluster.value",
    "scenarios.pytest_plugin",
)
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
def test_a_door_offers_what_the_page_promises(door: str) -> None:
    """Every name is there."""
    module = import_module(door)
    assert [name for name in sorted(promised()[door]) if not hasattr(module, name)] == []


def kinds_of(module: ModuleType, base: type) -> set[str]:
    """The names of the public classes below a base that a package or module defines."""
    return {
        name
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, base) and found.__module__.startswith(module.__name__)
    }


@pytest.mark.parametrize(
    ("door", "names"),
    [
        ("scenarios", set(scenarios.__all__)),
        ("scenarios.backups", {kind.__name__ for kind in KINDS}),
        ("scenarios.backups", {trouble.__name__ for trouble in get_args(Trouble)}),
        ("scenarios.backups", kinds_of(backup.notes, Note)),
        ("cluster.steps", {step.__name__ for step in (*get_args(Fault), *get_args(Administration))}),
        ("cluster.trace", kinds_of(cluster.trace, Note)),
    ],
    ids=["names", "destinations", "troubles", "notes of backups", "steps", "notes of the cluster"],
)
def test_whatever_a_story_may_name_is_promised(door: str, names: set[str]) -> None:
    """A new destination, trouble, note or step is on the page, and behind its door."""
    assert names - promised()[door] == set()


BESIDE = (
    "cluster.time_units",  # instants in µs, for what is compared with a note
    "scenarios.register",
    "scenarios.weather",
    "scenarios.zoo",
    "scenarios.stories",
    "backup.requests",
    "backup.record.database_commands",
)
"""What a story of the gallery may import besides; nobody promises these to others."""


def test_every_story_knocks_at_public_doors() -> None:
    """The gallery is what a stranger copies from."""
    allowed = (*DOORS, *BESIDE)
    others: dict[str, list[str]] = {}
    for path in sorted((ROOT / "scenarios" / "stories").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.partition(".")[0] in ("cluster", "backup", "scenarios") and not any(
                module == door or (door in BESIDE and module.startswith(f"{door}.")) for door in allowed
            ):
                others.setdefault(path.stem, []).append(module)
    assert others == {}


# ---- what pages count ----

PAGES = sorted(path for path in (ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")))


def counted(text: str) -> list[tuple[int, str]]:
    """What a page says there are so many of now; the news tells of earlier versions."""
    now = text.partition("\n## News\n")[0]
    return [
        (int(number), what)
        for number, what in re.findall(r"\b(\d+) (stories|promises watched in|planted bugs|bugs,)", now)
    ]


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    """How many there are."""
    _, promises = play_backups()
    return {
        "stories": len(gallery()),
        "promises watched in": promises,
        "planted bugs": len(all_bugs()),
        "bugs,": len(all_bugs()),
    }


def play_backups() -> tuple[str, int]:
    """The verdict of a shortest run of backups, and how many promises were watched in it."""

    async def story(world: World) -> None:
        backups(world).start("ABC")
        await world.elected()

    outcome = play(story)
    return outcome.verdict, len(outcome.promises)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_counts_is_so_many(page: Path, counts: dict[str, int]) -> None:
    """Stories, promises and planted bugs."""
    assert [
        (number, what) for number, what in counted(page.read_text(encoding="utf-8")) if counts[what] != number
    ] == []


def test_the_counts_are_found() -> None:
    """The control: the first page has all three."""
    assert len(counted((ROOT / "README.md").read_text(encoding="utf-8"))) == 3
