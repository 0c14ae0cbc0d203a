"""Who may import whom: the table is the test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("cluster", "backup", "scenarios", "tests")
MAY: list[tuple[str, tuple[str, ...]]] = [
    # the deepest floor that fits counts
    ("cluster.raft", ("cluster.raft", "cluster.value", "cluster.instant")),
    ("cluster.checks", ("cluster.checks", "cluster.trace", "cluster.value", "cluster.instant")),
    ("cluster.sim", ("cluster",)),
    ("cluster", ("cluster.raft", "cluster.checks", *(f"cluster.{name}" for name in (
        "instant", "member", "node", "ports", "proposals", "storage", "trace", "value", "wire")))),
    ("backup", ("backup", "cluster.member", "cluster.trace", "cluster.checks", "cluster.value", "cluster.instant")),
    ("scenarios", ("scenarios", "backup", "cluster")),
]  # fmt: skip
WITHOUT = {
    "cluster.raft": {"trio", "random", "time", "datetime", "os", "pathlib", "secrets", "uuid", "asyncio", "threading"},
    "backup": {"random", "time", "trio", "secrets", "uuid"},
    "cluster": {"hypothesis", "pytest", "secrets", "uuid"},
    "scenarios": {"pytest", "secrets", "uuid"},
}
HYPOTHESIS = "scenarios.strategies"
PYTEST = "scenarios.pytest_plugin"


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the product, by its dotted name."""
    for package in OURS[:3]:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path, module: str) -> Iterator[str]:
    """What a module imports, in any place of it, as dotted names; relative imports are refused."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(base), names=names, level=0):
                top = base in ("cluster", "backup", "cluster.raft", "cluster.sim")
                yield from (f"{base}.{alias.name}" if top else base for alias in names)
            case ast.ImportFrom():
                raise AssertionError(f"{module} imports relatively: write the whole name")


def under(name: str, floor: str) -> bool:
    """Whether a dotted name lies on a floor."""
    return name == floor or name.startswith(f"{floor}.")


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_a_module_imports_only_what_its_floor_may(module: str, path: Path) -> None:
    """Of ours only the named floors; of others nothing that would let the world in."""
    allowed = next(allowed for floor, allowed in MAY if under(module, floor))
    for name in imports(path, module):
        if name.split(".")[0] in OURS:
            assert any(under(name, floor) for floor in allowed), f"{module} must not import {name}"
        for floor, refused in WITHOUT.items():
            ours = under(module, floor) and module not in (PYTEST, HYPOTHESIS)
            assert not (ours and name.split(".")[0] in refused), f"{module} must not import {name}"
        if under(name, "hypothesis"):
            assert module == HYPOTHESIS, f"{module} must leave Hypothesis to {HYPOTHESIS}"
