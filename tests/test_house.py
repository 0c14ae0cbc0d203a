"""The rules of the house, as far as a machine can see them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("cluster", "backup", "scenarios")
READS_THE_REAL_CLOCK = {
    "cluster/sim/run.py",
    "scenarios/bench/load.py",
    "scenarios/bench/yardsticks.py",
    "scenarios/screen.py",
}
"""For how long a run took, how fast it was, and when to draw progress again; no history can see it."""
SPEAKS = {"scenarios/cli.py", "scenarios/screen.py", "scenarios/bench/program.py"}
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "time_ns", "now", "utcnow", "today"}
TOP = {"pyproject.toml", "README.md", "cluster", "backup", "scenarios", "tests", "Makefile", "LICENSE"}
SCRATCH = {"build", "dist", "runs", "__pycache__"}
"""What tools and runs leave, and git ignores."""

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    """A file's name from the top."""
    return path.relative_to(ROOT).as_posix()


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every call: what it is called on (empty for a plain name), and the name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield "", name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                yield owner, name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_keeps_the_rules(path: Path) -> None:
    """It opens with a promise, prints nothing, reads no real clock, shares no luck, and asks no address or salted hash."""
    name, text = name_of(path), path.read_text()
    tree = ast.parse(text)

    assert not text.strip() or ast.get_docstring(tree), f"{name} does not say what is in it"
    for owner, call in calls(tree):
        said = f"{owner}.{call}" if owner else call
        assert call != "print" or name in SPEAKS, f"{name} prints: a listener does that"
        if owner in ("time", "datetime", "date"):
            assert call not in CLOCKS or name in READS_THE_REAL_CLOCK, f"{name} reads the real clock by {said}"
        assert owner != "random" or call == "Random", f"{name} draws from the shared stream by {said}"
        assert said not in ("id", "uuid4", "urandom"), f"{name} asks for {said}, which no seed decides"
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset"))):
                raise AssertionError(f"{name}:{node.lineno} goes through a set: sort it first")
    for word in ("TODO", "FIXME", "XXX", "NotImplementedError"):
        told = text.count(word) - text.count(f"raise {word}  #")
        assert told <= 0, f"{name} holds {word}: do it, or say why not in the README"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    """A public function or class has a docstring, but for methods that a Protocol or a base class has explained."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith("_"):
                story = name == "story" and "stories" in path.parts  # the module's sentence is the story's
                assert story or ast.get_docstring(node), f"{name_of(path)}: {name} does not say what it does"
            case ast.ClassDef(name=name, body=[ast.Expr(value=ast.Constant(value=str())), *_]):
                pass
            case ast.ClassDef(name=name, body=body):
                said = {target.id for each in body for target in targets(each)}
                explained = said & {"says", "sign", "weight"} or is_value(node)
                assert name.startswith("_") or explained, f"{name_of(path)}: {name} does not say what it is"


def targets(node: ast.stmt) -> Iterator[ast.Name]:
    """The plain names a statement of a class body sets."""
    match node:
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            yield name


def is_value(node: ast.ClassDef) -> bool:
    """A value whose fields say what it is, or a kind of note whose sentence does."""
    return any(isinstance(each, ast.Name) and each.id == "value" for each in node.decorator_list)


def test_the_top_level_is_what_the_readme_says() -> None:
    """Nothing else lies there but dot-files and what tools leave."""
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - SCRATCH - {name for name in found if name.endswith(".egg-info")} == TOP
